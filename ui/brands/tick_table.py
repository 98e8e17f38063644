"""A table whose rows have a tick box: Space ticks the chosen rows wherever the cursor is in them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from ui.brands.ticked import Ticked
from ui.tables import show_rows

ROWS_MEASURED = 60
"""Columns are as wide as the cells of so many rows need."""


class TickTable(QTableView):
    """`entered_row`: Enter was pressed. Letters are left to the page's commands."""

    entered_row = Signal()

    def __init__(self, model: Ticked, name: str, height: int = 30, *, several: bool = False) -> None:
        super().__init__()
        self.ticks = model
        self.setModel(model)
        self.setProperty("reviewKeys", True)
        self.setAccessibleName(name)
        show_rows(self)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.verticalHeader().setDefaultSectionSize(height)
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if several else modes.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setIconSize(QSize(height * 4, height - 8))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setResizeContentsPrecision(ROWS_MEASURED)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            rows = {index.row(), *(i.row() for i in self.selectionModel().selectedRows())}
            self.ticks.tick(rows, not self.ticks.is_ticked(index.row()))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered_row.emit()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here; the filter field searches."""
