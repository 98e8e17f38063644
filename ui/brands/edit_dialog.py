"""The dialog before an edit of the book that figures follow from: what it touches, seconds gained and lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QSplitter, QWidget

from app.alias_workbench import MergePreview
from app.brand_impact import Impact
from app.commands import Command
from ui.brands.alive import while_alive
from ui.brands.impact_view import ImpactView, MergeView
from ui.dialogs.base import Dialog
from ui.looks import set_look
from ui.text import plural, tr
from ui.workspace import Services


@dataclass(frozen=True, slots=True)
class MergeAsked:
    """A merge as `BrandBook.merge_preview` takes it."""

    brand_ids: tuple[str, ...]
    into: str
    texts: tuple[str, ...] = ()


class EditDialog(Dialog):
    """`agreed` carries the ids of the sources to match again ((): none). Without `command` it only shows."""

    agreed = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        services: Services,
        title: str,
        command: Command | None,
        *,
        impact: Impact | None = None,
        merges: Sequence[MergeAsked] = (),
        verb: str = "",
    ) -> None:
        text = tr("Accepted figures change only when you agree; until then reports stay as they are.")
        super().__init__(
            parent, title, text, width=min(1160, parent.window().width() - 60) if merges else 720
        )
        self._services = services
        self._command = command
        self._impact: Impact | None = None
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(14)
        self.merge_view = MergeView(services.theme)
        self.merge_view.setVisible(bool(merges))
        self.impact_view = ImpactView(services.theme)
        parts.addWidget(self.merge_view)
        parts.addWidget(self.impact_view)
        parts.setSizes([600, 500])
        self.body.addWidget(parts, 1)
        self.again = QCheckBox(tr("Match these sources again now, from their stored texts"))
        self.again.setChecked(True)
        self.again.hide()
        self.body.addWidget(self.again)
        if command is None:
            self.close_button()
        else:
            self.close_button(tr("Cancel"))
            self.apply = self.button(verb or tr("Apply"), primary=True)
            self.apply.setEnabled(False)
            self.apply.clicked.connect(self._agree)
        if impact is not None:
            self._take(((), impact))
        elif command is not None:
            self._ask(command, tuple(merges))

    def _ask(self, command: Command, merges: tuple[MergeAsked, ...]) -> None:
        brands = self._services.container.brands

        def look() -> tuple[tuple[MergePreview, ...], Impact]:
            previews = tuple(brands.merge_preview(m.brand_ids, m.into, m.texts) for m in merges)
            return previews, brands.impact(command)

        self._services.tasks.call(
            tr("Working out the impact"),
            look,
            while_alive(self, self._take),
            failed=while_alive(self, self._failed),
            newest="brand-edit",
        )

    def _take(self, found: tuple[tuple[MergePreview, ...], Impact]) -> None:
        previews, impact = found
        self._impact = impact
        if previews:
            self.merge_view.show_previews(previews)
        self.impact_view.show_impact(impact)
        if self._command is None:
            return
        count = len(impact.to_rematch)
        self.again.setVisible(count > 0)
        self.again.setText(
            plural(
                count,
                tr("Match {n} source again now, from its stored texts (no reading, no models)"),
                tr("Match {n} sources again now, from their stored texts (no reading, no models)"),
            )
        )
        self.apply.setEnabled(True)
        self.apply.setFocus(Qt.FocusReason.OtherFocusReason)

    def _failed(self, error: Exception) -> None:
        self.merge_view.waiting(tr("This can’t be done."))
        self.impact_view.waiting(str(error))
        set_look(self.impact_view.sentence, "error")

    @Slot()
    def _agree(self) -> None:
        assert self._impact is not None
        sources = self._impact.to_rematch if self.again.isChecked() else ()
        self.accept()
        self.agreed.emit(sources)
