"""Empty states: a picture, a sentence, and buttons that say what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.icons import paint


class Glyph(QWidget):
    """An icon drawn large in the muted colour of the theme."""

    def __init__(self, name: str, side: int = 56, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setFixedSize(QSize(side, side))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = self.palette().placeholderText().color()
        paint(painter, self._name, QRectF(self.rect()).adjusted(2, 2, -2, -2), colour)


class EmptyState(QFrame):
    """Fills a place that has nothing to show yet. The first button is the main one."""

    def __init__(
        self,
        icon: str,
        title: str,
        text: str,
        buttons: Sequence[tuple[str, Callable[[], None]]] = (),
        parent: QWidget | None = None,
        *,
        framed: bool = False,
    ) -> None:
        super().__init__(parent)
        if framed:
            self.setObjectName("emptyState")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 32, 24, 32)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(Glyph(icon), 0, Qt.AlignmentFlag.AlignHCenter)
        self._title = _centred(title, "heading")
        self._text = _centred(text, "muted")
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        self._buttons: list[QPushButton] = []
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch()
        for index, (words, act) in enumerate(buttons):
            button = QPushButton(words)
            if index == 0:
                button.setProperty("look", "primary")
            button.clicked.connect(act)
            row.addWidget(button)
            self._buttons.append(button)
        row.addStretch()
        if buttons:
            layout.addSpacing(8)
            layout.addLayout(row)
        layout.addStretch(3)

    def say(self, title: str, text: str, *, buttons: bool = True) -> None:
        """Changes the words, and whether there is anything that the buttons could do."""
        self._title.setText(title)
        self._text.setText(text)
        for button in self._buttons:
            button.setVisible(buttons)


def _centred(text: str, look: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("look", look)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    label.setWordWrap(True)
    return label
