"""The log viewer: the library's log files, newest first, with a filter; nothing leaves the machine."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

from ui.dialogs.base import Dialog
from ui.logs import files_in
from ui.text import size, tr

MOST_SHOWN = 400_000
"""Only the end of a longer file is shown."""


class LogViewer(Dialog):
    """Reads a file when it is chosen."""

    def __init__(self, parent: QWidget, folder: Path) -> None:
        super().__init__(parent, tr("Logs"), str(folder), width=900)
        self.resize(900, 620)
        self._folder = folder
        self._lines: list[str] = []
        row = QHBoxLayout()
        self.files = QComboBox()
        self.files.setAccessibleName(tr("Log file"))
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(tr("Show only lines with…"))
        self.filter.setAccessibleName(tr("Show only lines with…"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._show)
        row.addWidget(self.files)
        row.addWidget(self.filter, 1)
        self.body.addLayout(row)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(tr("Log"))
        self.body.addWidget(self.text, 1)
        for path in files_in(folder):
            self.files.addItem(f"{path.name} ({size(path.stat().st_size)})", str(path))
        self.files.setVisible(self.files.count() > 0)
        self.filter.setEnabled(self.files.count() > 0)
        self.files.currentIndexChanged.connect(self._read)
        copy = self.button(tr("Copy"), left=True)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        reveal = self.button(tr("Open the folder"), left=True)
        reveal.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
        self.close_button()
        self._read()

    @Slot()
    def _read(self) -> None:
        path = self.files.currentData()
        self._lines = []
        if path:
            try:
                self._lines = Path(path).read_text("utf-8", "replace")[-MOST_SHOWN:].splitlines()
            except OSError as error:
                self._lines = [tr("The file can't be read: {why}").format(why=error.strerror)]
        self._show()

    @Slot()
    def _show(self) -> None:
        wanted = self.filter.text().casefold()
        lines = [line for line in self._lines if wanted in line.casefold()] if wanted else self._lines
        empty = tr("Nothing was written down yet.") if not wanted else tr("No line holds that.")
        self.text.setPlainText("\n".join(lines) or empty)
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())
