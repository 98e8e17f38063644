"""What a run reported and went past: one row per bad item."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from engine.events import ItemFailed
from ui.dialogs.base import Dialog
from ui.tables import show_rows
from ui.text import tr
from ui.words import stage_title


class FailuresDialog(Dialog):
    """Everything else of the run is complete."""

    def __init__(self, parent: QWidget, items: Sequence[ItemFailed]) -> None:
        text = tr("These items were passed over; everything else of the run is complete.")
        super().__init__(parent, tr("Items that failed"), text, width=820)
        table = QTableWidget(len(items), 3)
        table.setHorizontalHeaderLabels([tr("Stage"), tr("Where"), tr("What happened")])
        table.setAccessibleName(tr("Items that failed"))
        show_rows(table)
        for row, item in enumerate(items):
            for column, words in enumerate((stage_title(item.stage), item.where, item.what)):
                table.setItem(row, column, QTableWidgetItem(words))
        table.resizeColumnsToContents()
        table.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.body.addWidget(table)
        lines = "\n".join(f"{i.stage}\t{i.where}\t{i.what}" for i in items)
        copy = self.button(tr("Copy"), left=True)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(lines))
        self.close_button()
