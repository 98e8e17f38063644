"""One candidate of the inspector: key, brand, score and reason, as a button."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from ui.icons import paint as paint_icon
from ui.theme import Theme
from ui.tokens import RADIUS, TYPE

HEIGHT = 44


class CandidateButton(QAbstractButton):
    """Key 1 to 9 on the left, name and reason, score 0..100 with a bar on the right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._number = 0
        self._name = self._reason = ""
        self._score = 0.0
        self._held = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_candidate(self, number: int, name: str, score: float, reason: str, *, held: bool) -> None:
        """`held` says that this is the brand in force."""
        self._number, self._name, self._score, self._reason, self._held = number, name, score, reason, held
        self.setAccessibleName(f"{number}: {name}, {score:.0f}")
        self.setAccessibleDescription(reason)
        self.setToolTip(reason)
        self.update()

    @property
    def brand_name(self) -> str:
        return self._name

    def sizeHint(self) -> QSize:
        return QSize(200, self._theme.px(HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self._theme.px(HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        c = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        ground = (
            c.accent_soft if self._held or self.isDown() else (c.hover if self.underMouse() else c.surface)
        )
        painter.setBrush(QColor(ground))
        edge = QPen(QColor(c.accent if self.hasFocus() else c.border), 2 if self.hasFocus() else 1)
        painter.setPen(edge)
        painter.drawRoundedRect(rect, RADIUS, RADIUS)
        key = QRectF(rect.left() + 8, rect.center().y() - 10, 20, 20)
        painter.setBrush(QColor(c.sunken))
        painter.setPen(QPen(QColor(c.outline), 1))
        painter.drawRoundedRect(key, 4, 4)
        painter.setPen(QColor(c.text))
        painter.setFont(self._theme.figures(TYPE.small))
        painter.drawText(key, Qt.AlignmentFlag.AlignCenter, str(self._number))
        right = rect.right() - 10
        score = f"{self._score:.0f}"
        painter.setFont(self._theme.figures(TYPE.base))
        room = QFontMetricsF(painter.font()).horizontalAdvance("100")
        painter.drawText(
            QRectF(right - room, rect.top() + 5, room, 18),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            score,
        )
        self._bar(painter, QRectF(right - 36, rect.bottom() - 13, 36, 4))
        left = key.right() + 9
        words = QRectF(left, rect.top() + 4, right - left - max(room, 36) - 8, rect.height() / 2 - 2)
        if self._held:
            paint_icon(painter, "confirm", QRectF(words.left(), words.center().y() - 7, 14, 14), c.success)
            words.setLeft(words.left() + 18)
        painter.setPen(QColor(c.text))
        self._line(painter, self._name, words, bold=True, size=TYPE.base)
        under = QRectF(left, rect.center().y(), words.right() - left, rect.height() / 2 - 5)
        painter.setPen(QColor(c.muted))
        self._line(painter, self._reason, under, bold=False, size=TYPE.small)

    def _bar(self, painter: QPainter, place: QRectF) -> None:
        c = self._theme.colours
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.border))
        painter.drawRoundedRect(place, 2, 2)
        part = QRectF(place)
        part.setWidth(place.width() * min(100.0, max(0.0, self._score)) / 100)
        painter.setBrush(QColor(c.accent))
        painter.drawRoundedRect(part, 2, 2)

    def _line(self, painter: QPainter, text: str, room: QRectF, *, bold: bool, size: int) -> None:
        font = self._theme.font(size, medium=bold)
        painter.setFont(font)
        shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)
