"""The question before a run is deleted: what goes for good, and what stays."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.domain.jobs import DetectJob
from ui.dialogs.base import Dialog
from ui.text import plural, tr


class DeleteDialog(Dialog):
    """Enter keeps the run: deleting can't be taken back."""

    agreed = Signal()

    def __init__(self, parent: QWidget, name: str, job: DetectJob) -> None:
        found = plural(job.total_detections, tr("{n} detection"), tr("{n} detections"))
        words = tr(
            "{found} of this run are removed for good; Undo does not bring them back. Your decisions stay, and "
            "so does everything that another run uses."
        )
        title = tr("Delete {name}?").format(name=name)
        super().__init__(parent, title, words.format(found=found), width=480)
        self.resize(480, 180)
        self.delete = self.button(tr("Delete the run"))
        self.delete.clicked.connect(self._agree)
        self.keep = self.button(tr("Keep it"), primary=True)
        self.keep.clicked.connect(self.reject)
        self.keep.setFocus()

    @Slot()
    def _agree(self) -> None:
        self.accept()
        self.agreed.emit()
