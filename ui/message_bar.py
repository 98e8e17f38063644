"""The message bar under the top bar: says what happened and what to do, and never stops the work."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.domain.errors import SponsightError
from ui.empty import Glyph
from ui.icons import icon
from ui.text import tr
from ui.workspace import Tone

_GLYPHS: dict[Tone, str] = {"info": "info", "success": "confirm", "warning": "warning", "error": "error"}


class MessageBar(QFrame):
    """One message at a time; a later one takes the place of the one before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messageBar")
        self.setAccessibleName(tr("Message"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 8, 8)
        layout.setSpacing(12)
        self._glyphs = {tone: Glyph(name, 22) for tone, name in _GLYPHS.items()}
        for glyph in self._glyphs.values():
            layout.addWidget(glyph)
        words = QVBoxLayout()
        words.setSpacing(0)
        self._text = QLabel()
        self._text.setProperty("look", "strong")
        self._detail = QLabel()
        for label in (self._text, self._detail):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            words.addWidget(label)
        layout.addLayout(words, 1)
        self._button = QPushButton()
        self._button.clicked.connect(self._answer)
        layout.addWidget(self._button)
        close = QToolButton()
        close.setIcon(icon("close"))
        close.setIconSize(QSize(16, 16))
        close.setAccessibleName(tr("Close the message"))
        close.setToolTip(tr("Close the message"))
        close.clicked.connect(self.hide)
        layout.addWidget(close)
        self._on_action: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def words(self) -> str:
        """What the bar says at the moment, '' while it is hidden."""
        return "" if self.isHidden() else f"{self._text.text()} {self._detail.text()}".strip()

    def tell(
        self,
        text: str,
        tone: Tone = "info",
        *,
        detail: str = "",
        action: str = "",
        on_action: Callable[[], None] | None = None,
        seconds: float = 0.0,
    ) -> None:
        self._text.setText(text)
        self._detail.setText(detail)
        self._detail.setVisible(bool(detail))
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._on_action = on_action
        for each, glyph in self._glyphs.items():
            glyph.setVisible(each == tone)
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)
        self.setAccessibleDescription(f"{text} {detail}")
        self.show()
        self._timer.stop()
        if seconds > 0:
            self._timer.start(round(seconds * 1000))

    def tell_error(self, what: str, error: Exception) -> None:
        if isinstance(error, SponsightError):
            rest = " ".join(part for part in (error.still_works, error.to_do) if part)
            self.tell(f"{what}: {error.message}" if what else error.message, "error", detail=rest)
        else:
            self.tell(what, "error", detail=str(error))

    @Slot()
    def _answer(self) -> None:
        act = self._on_action
        self.hide()
        if act is not None:
            act()
