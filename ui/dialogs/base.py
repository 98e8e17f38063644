"""What all dialogs share: they are opened, never executed; Esc closes; a title, a body, a row of buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.text import tr


class Dialog(QDialog):
    """Fill `body`, add buttons with `button`, and show it with `open()`."""

    def __init__(self, parent: QWidget | None, title: str, text: str = "", *, width: int = 640) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.resize(width, 480)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 16)
        outer.setSpacing(12)
        heading = QLabel(title)
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setProperty("look", "title")
        outer.addWidget(heading)
        self.words = QLabel(text)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setProperty("look", "muted")
        self.words.setWordWrap(True)
        self.words.setVisible(bool(text))
        outer.addWidget(self.words)
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        outer.addLayout(self.body, 1)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._buttons.addStretch()
        outer.addLayout(self._buttons)

    def showEvent(self, event: QShowEvent) -> None:
        """High enough for its words, which large text or a long name may break into more lines."""
        super().showEvent(event)
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            room = self.screen().availableGeometry().height() - 60
            wanted = min(layout.totalHeightForWidth(self.width()), room)
            if wanted > self.height():
                self.resize(self.width(), wanted)

    def button(self, words: str, *, primary: bool = False, left: bool = False) -> QPushButton:
        """A button at the foot; the primary one answers to Enter."""
        button = QPushButton(words)
        button.setAutoDefault(primary)
        if primary:
            button.setProperty("look", "primary")
            button.setDefault(True)
        if left:
            self._buttons.insertWidget(0, button)
        else:
            self._buttons.addWidget(button)
        return button

    def close_button(self, words: str = "") -> QPushButton:
        button = self.button(words or tr("Close"))
        button.clicked.connect(self.reject)
        return button
