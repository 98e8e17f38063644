"""The question before a source leaves the library: what goes, what stays, what can be brought back."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QLabel, QWidget

from app.source_removal import KEPT_DAYS
from engine.domain.jobs import SourceAsset
from storage.removals import Holding
from ui.dialogs.base import Dialog
from ui.text import plural, short, size, tr


class RemoveDialog(Dialog):
    """Enter keeps the source."""

    agreed = Signal(bool)
    """Whether its space is to be freed at once."""

    def __init__(self, parent: QWidget, source: SourceAsset, held: Holding) -> None:
        title = tr("Remove {name} from the library?").format(name=short(source.name, 40))
        super().__init__(parent, title, what_goes(source, held), width=560)
        self.resize(560, 240)
        stays = QLabel(what_stays(held))
        stays.setWordWrap(True)
        self.body.addWidget(stays)
        words = tr("Free its {size} at once; the runs can't be brought back then").format(
            size=size(held.bytes)
        )
        self.free = QCheckBox(words)
        self.free.setVisible(held.runs > 0)
        self.body.addWidget(self.free)
        self.body.addStretch()
        self.remove = self.button(tr("Remove the source"))
        self.remove.clicked.connect(self._agree)
        self.keep = self.button(tr("Keep it"), primary=True)
        self.keep.clicked.connect(self.reject)
        self.keep.setFocus()

    @Slot()
    def _agree(self) -> None:
        free = self.free.isChecked()
        self.accept()
        self.agreed.emit(free)


def what_goes(source: SourceAsset, held: Holding) -> str:
    """What leaves lists, totals and reports; that the video stays."""
    decisions = (
        plural(held.decisions, tr("{n} decision"), tr("{n} decisions"))
        if held.decisions
        else tr("no decision")
    )
    if not held.runs and not held.decisions:
        goes = tr("Nothing was analysed or decided yet: only its entry goes.")
    elif held.counts:
        runs = plural(held.runs, tr("{n} run"), tr("{n} runs"))
        goes = tr(
            "With it go {runs}, {decisions}, and the figures of its accepted run in totals and reports."
        )
        goes = goes.format(runs=runs, decisions=decisions)
    else:
        runs = plural(held.runs, tr("{n} run"), tr("{n} runs"))
        goes = tr("With it go {runs} and {decisions}; none of its runs counts in totals.")
        goes = goes.format(runs=runs, decisions=decisions)
    return goes + "\n" + tr("The video itself is not touched: {path}").format(path=source.path)


def what_stays(held: Holding) -> str:
    """How everything comes back, and until when."""
    if not held.runs:
        return tr("Undo, or importing the same video again, brings it back with everything you decided.")
    return tr(
        "Undo, or importing the same video again, brings it back. Your decisions are kept for good; the runs with "
        "their {size} of stored frames are kept for {days} days and then freed."
    ).format(size=size(held.bytes), days=KEPT_DAYS)
