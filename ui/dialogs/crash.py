"""The crash dialog: the report's text in full, to copy or save; nothing is ever sent."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from collections import deque
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QPlainTextEdit, QWidget

from ui.dialogs.base import Dialog
from ui.text import tr

_log = logging.getLogger("sponsight.crash")
MOST_REPORTS = 20


class CrashReports(QObject):
    """Takes errors that nobody foresaw, from every thread, writes them to the log and shows them once each."""

    def __init__(self, window: QWidget | None = None) -> None:
        super().__init__()
        self.window = window
        self.shown: list[str] = []
        self._waiting: deque[str] = deque(maxlen=MOST_REPORTS)
        self._timer = QTimer(self)
        self._timer.setInterval(400)
        self._timer.timeout.connect(self._show_next)
        self._timer.start()
        self._before = sys.excepthook, threading.excepthook

    def install(self) -> None:
        """From now on nothing unforeseen goes unseen."""
        sys.excepthook = self.take
        threading.excepthook = lambda args: self.take(
            args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
        )

    def remove(self) -> None:
        sys.excepthook, threading.excepthook = self._before
        self._timer.stop()

    def take(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Any thread. Writes the report to the log and keeps it for the dialog."""
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        words = "".join(traceback.format_exception(kind, error, trace))
        _log.critical("unforeseen error in %s\n%s", threading.current_thread().name, words)
        self._waiting.append(words)

    @Slot()
    def _show_next(self) -> None:
        if not self._waiting:
            return
        words = self._waiting.popleft()
        if words in self.shown or len(self.shown) >= MOST_REPORTS:
            return
        self.shown.append(words)
        CrashDialog(self.window, words).open()


def report_text(trace: str) -> str:
    """What the dialog shows: versions, system, and where it happened."""
    from PySide6 import __version__ as pyside

    head = f"Sponsight · Python {platform.python_version()} · PySide6 {pyside} · {platform.platform()}"
    return f"{head}\n\n{trace.strip()}\n"


class CrashDialog(Dialog):
    """Says that it was our mistake and what is safe."""

    def __init__(self, parent: QWidget | None, trace: str) -> None:
        text = tr(
            "This is a mistake in the program, not yours. Every decision so far is saved. You can go on; if the "
            "window behaves strangely, close and open it again. Nothing is sent anywhere: copy or save the report "
            "if you want to pass it on."
        )
        super().__init__(parent, tr("Something went wrong"), text, width=760)
        self.report = QPlainTextEdit(report_text(trace))
        self.report.setReadOnly(True)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.report.setAccessibleName(tr("Report"))
        self.body.addWidget(self.report)
        copy = self.button(tr("Copy"), left=True)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.report.toPlainText()))
        save = self.button(tr("Save…"), left=True)
        save.clicked.connect(self._save)
        leave = self.button(tr("Quit"))
        leave.clicked.connect(self._quit)
        go_on = self.button(tr("Go on"), primary=True)
        go_on.clicked.connect(self.accept)

    @Slot()
    def _save(self) -> None:
        dialog = QFileDialog(self, tr("Save the report"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile("sponsight-report.txt")
        dialog.fileSelected.connect(self._write)
        dialog.open()

    @Slot(str)
    def _write(self, name: str) -> None:
        try:
            Path(name).write_text(self.report.toPlainText(), "utf-8")
        except OSError as error:
            self.words.setText(tr("The report could not be saved: {why}").format(why=error.strerror))

    @Slot()
    def _quit(self) -> None:
        self.accept()
        parent = self.parent()
        if isinstance(parent, QWidget):
            parent.close()
