"""Carries out what a person says about brands, off the main thread; shows what it changes before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.brand_impact import Impact
from app.command_bus import Change
from app.commands import Command
from ui.brands.words import SMALL
from ui.text import tr
from ui.workspace import Services

INITIATOR = "brands"
Failed = Callable[[Exception], None]


class Orders(QObject):
    """`done` carries the Change; `rematch_wanted` the ids of sources that are to be matched again."""

    done = Signal(object)
    rematch_wanted = Signal(object)

    def __init__(self, services: Services, page: QWidget) -> None:
        super().__init__(page)
        self._services = services
        self._page = page

    def do(
        self,
        what: str,
        command: Command,
        after: Callable[[Change], None] | None = None,
        *,
        failed: Failed | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Carries out a command at once. `notes` are said with what it did."""
        bus = self._services.container.bus

        def took(change: Change) -> None:
            self.told(replace(change, notes=(*change.notes, *(n for n in notes if n not in change.notes))))
            if after is not None:
                after(change)

        self._services.tasks.call(
            what, lambda: bus.do(command, initiator=INITIATOR), took, failed=failed, in_turn=True
        )

    def weigh(
        self,
        what: str,
        command: Command,
        after: Callable[[Change], None] | None = None,
        *,
        failed: Failed | None = None,
    ) -> None:
        """Carries a command out at once where no accepted figure follows from it; asks first where one does."""
        brands = self._services.container.brands

        def weighed(impact: Impact) -> None:
            if impact.gained + impact.lost < SMALL:
                self.do(what, command, after, failed=failed, notes=impact.notes)
                return
            from ui.brands.edit_dialog import EditDialog

            dialog = EditDialog(self._page, self._services, impact.title, command, impact=impact)
            dialog.agreed.connect(lambda again: self.apply(what, command, again, after))
            dialog.open()

        self._services.tasks.call(what, lambda: brands.impact(command), weighed, failed=failed)

    def apply(
        self,
        what: str,
        command: Command,
        rematch: Iterable[str],
        after: Callable[[Change], None] | None = None,
    ) -> None:
        """Carries out a command whose impact was seen, then asks for its sources to be matched again."""
        sources = tuple(rematch)

        def took(change: Change) -> None:
            if after is not None:
                after(change)
            if sources:
                self.rematch_wanted.emit(sources)

        self.do(what, command, took)

    def told(self, change: Change) -> None:
        """Says what was done, with a way back."""
        services = self._services
        services.saved()
        undo = services.actions["edit.undo"]
        services.messages.tell(
            change.title,
            "success" if not change.notes else "info",
            detail=" ".join(change.notes),
            action=tr("Undo"),
            on_action=undo.trigger,
            seconds=8 if not change.notes else 0,
        )
        self.done.emit(change)
