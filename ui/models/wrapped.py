"""Small wrapped words below a field, as high as their lines at the width that they have."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel

NARROWEST = 160
"""Pixels: words are never squeezed into less."""


class WrappedWords(QLabel):
    """A QLabel guesses the height of wrapped words from a width of its own choice, and layouts keep that much room;
    this one tells the height at its real width, and none where there are no words."""

    def __init__(self, words: str = "") -> None:
        super().__init__(words)
        self.setProperty("look", "small")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def heightForWidth(self, width: int) -> int:
        return super().heightForWidth(width) if self.text() else 0

    def sizeHint(self) -> QSize:
        width = max(self.width(), NARROWEST)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(NARROWEST, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()
