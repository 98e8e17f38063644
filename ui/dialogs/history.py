"""The history: every step of the log, newest first, searchable; a step can be gone to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QLineEdit,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from engine.domain.decisions import AuditEntry
from ui.dialogs.base import Dialog
from ui.empty import EmptyState
from ui.tables import show_rows
from ui.text import local_time, tr
from ui.workspace import Services

SEARCH_DELAY_MS = 150


class HistoryDialog(Dialog):
    """Nothing can be changed here; undo and redo do that in order."""

    subject_wanted = Signal(str)

    def __init__(self, parent: QWidget, services: Services) -> None:
        text = tr("Append-only: what was taken back stays in the log, with the step that took it back.")
        super().__init__(parent, tr("History"), text, width=860)
        self.resize(860, 600)
        self._services = services
        self._entries: list[AuditEntry] = []
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search steps, brands, people"))
        self.search.setAccessibleName(tr("Search the history"))
        self.search.setClearButtonEnabled(True)
        self.body.addWidget(self.search)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([tr("When"), tr("What"), tr("Who")])
        self.table.setAccessibleName(tr("History"))
        self.table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        show_rows(self.table)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        letter = self.fontMetrics().averageCharWidth()
        header.resizeSection(0, 21 * letter)
        header.resizeSection(2, 17 * letter)
        self.table.doubleClicked.connect(lambda _: self._go())
        self._stack = QStackedWidget()
        words = tr("Every confirm, reject, merge and edit will stand here, with who did it and when.")
        self._stack.addWidget(EmptyState("history", tr("Nothing decided yet"), words, framed=True))
        self._stack.addWidget(self.table)
        self.body.addWidget(self._stack, 1)
        export = self.button(tr("Export the log…"), left=True)
        export.clicked.connect(self._ask_export)
        self.close_button()
        self._show_button = self.button(tr("Show it"), primary=True)
        self._show_button.clicked.connect(self._go)
        self.table.itemSelectionChanged.connect(self._chosen)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEARCH_DELAY_MS)
        self._timer.timeout.connect(self._read)
        self.search.textChanged.connect(self._timer.start)
        self._read()

    @Slot()
    def _read(self) -> None:
        bus, wanted = self._services.container.bus, self.search.text().strip()
        self._services.tasks.call(
            tr("Reading the log"), lambda: bus.history(wanted), self._take, newest="history"
        )

    def _take(self, entries: list[AuditEntry]) -> None:
        self._entries = entries
        self.table.setRowCount(len(entries))
        taken_back = {entry.undoes for entry in entries if entry.undoes is not None}
        for row, entry in enumerate(entries):
            title = entry.title if entry.id not in taken_back else f"{entry.title}  ({tr('taken back')})"
            for column, words in enumerate((local_time(entry.at), title, entry.actor)):
                item = QTableWidgetItem(words)
                if entry.id in taken_back:
                    item.setForeground(self.palette().placeholderText())
                self.table.setItem(row, column, item)
        self._stack.setCurrentIndex(1 if entries or self.search.text() else 0)
        if entries:
            self.table.selectRow(0)
        self._chosen()

    @Slot()
    def _chosen(self) -> None:
        row = self.table.currentRow()
        self._show_button.setEnabled(0 <= row < len(self._entries) and bool(self._entries[row].subject))

    @Slot()
    def _go(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._entries) and self._entries[row].subject:
            subject = self._entries[row].subject
            self.accept()
            self.subject_wanted.emit(subject)

    @Slot()
    def _ask_export(self) -> None:
        dialog = QFileDialog(self, tr("Export the log"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile("sponsight-log.jsonl")
        dialog.fileSelected.connect(self._export)
        dialog.open()

    @Slot(str)
    def _export(self, name: str) -> None:
        bus, messages = self._services.container.bus, self._services.messages
        self._services.tasks.call(
            tr("Exporting the log"),
            lambda: bus.export_log(Path(name)),
            lambda n: messages.tell(tr("{n} steps were written.").format(n=n), "success", seconds=6),
        )
