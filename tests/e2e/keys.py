"""A person at the keyboard of one real window."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import qasync
import shiboken6
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QFileDialog, QLineEdit, QWidget

from app.container import open_container
from app.preferences import Preferences
from ui.application import WindowApp
from ui.window_state import WindowState

CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier

Shown = TypeVar("Shown", bound=QDialog)


class Keys:
    """A person at the keyboard of one window."""

    def __init__(self, qapp: QApplication, folder: Path, scratch: Path) -> None:
        self._qapp = qapp
        self.loop = qasync.QEventLoop(qapp)
        asyncio.set_event_loop(self.loop)
        settings = QSettings(str(scratch / "window.ini"), QSettings.Format.IniFormat)
        container = open_container(folder, polite=True)
        preferences = Preferences(scratch / "preferences.toml")
        self.app = WindowApp(self.loop, container, preferences, state=WindowState(settings))
        self.app.start()
        self.until(lambda: self.app.window.session.loaded)

    def until(self, holds: Callable[[], object], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "what the test waits for did not come"
            self._qapp.processEvents()
            time.sleep(0.003)

    def rest(self) -> None:
        self.until(lambda: not self.app.tasks.is_busy)

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = PLAIN) -> None:
        """Presses a key where the focus is."""
        if QApplication.activeWindow() is None:  # offscreen there is no window manager that would do it
            self.app.window.activateWindow()
            self.until(lambda: QApplication.activeWindow() is not None)
        QTest.keyClick(self.app.window.focusWidget() or self.app.window, key, modifier)
        self._qapp.processEvents()

    def write(self, text: str) -> None:
        QTest.keyClicks(self.app.window.focusWidget(), text)

    def command(self, name: str) -> None:
        """Ctrl+K, a name, Enter."""
        self.press(Qt.Key.Key_K, CONTROL)
        popup = QApplication.activePopupWidget()
        assert popup is not None
        QTest.keyClicks(popup.focusWidget(), name)
        QTest.keyClick(popup.focusWidget(), Qt.Key.Key_Return)
        self._qapp.processEvents()

    def dialog(self, kind: type[Shown]) -> Shown:
        """The dialog of a kind that is open; waits for it."""

        def found() -> list[Shown]:
            return [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]

        self.until(found)
        return found()[-1]

    def press_in(self, dialog: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = PLAIN) -> None:
        """Presses a key where the dialog has the focus."""
        QTest.keyClick(dialog.focusWidget() or dialog, key, modifier)
        self._qapp.processEvents()

    def write_in(self, dialog: QWidget, text: str) -> None:
        QTest.keyClicks(dialog.focusWidget() or dialog, text)

    def tab_to(self, words: str, within: QWidget | None = None) -> QWidget:
        """Presses Tab until what has the focus is named so (or begins so)."""
        inside = within or self.app.window
        for _ in range(60):
            focus = inside.focusWidget()
            if focus is not None and _named(focus).startswith(words):
                return focus
            if within is None:
                self.press(Qt.Key.Key_Tab)
            else:
                self.press_in(within, Qt.Key.Key_Tab)
        raise AssertionError(f"Tab does not come to {words}")

    def choose_file(self, path: Path) -> None:
        """Pastes a path into the file dialog that is open and presses Enter."""
        dialog = self.dialog(QFileDialog)
        field = dialog.findChild(QLineEdit)
        assert field is not None
        field.setFocus()
        field.setText(str(path))
        QTest.qWait(200)  # the dialog reads the folder in a thread of its own
        QTest.keyClick(field, Qt.Key.Key_Return)
        self.until(lambda: not shiboken6.isValid(dialog) or not dialog.isVisible())

    def close(self) -> None:
        self.rest()
        self.app.begin_close()
        self.until(self.app.closed.is_set)
        self.loop.close()
        asyncio.set_event_loop(None)


def _named(widget: QWidget) -> str:
    """What a reader would call a widget."""
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
