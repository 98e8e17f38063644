"""Small words over the frame: zoom, what a tool expects, and quiet notices; never in the way of the boxes."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from ui.theme import Theme
from ui.tokens import TYPE

GROUND = QColor(11, 13, 16, 205)
INK = QColor("#E9ECF1")
QUIET = QColor("#AAB3C0")
WARM = QColor("#F0BE63")


class Hud:
    """`notice` stands at the lower left, `banner` at the top (a preview in force); both '' where there is none."""

    def __init__(self) -> None:
        self.notice = ""
        self.banner = ""

    def paint(self, painter: QPainter, bounds: QRectF, theme: Theme, words: str, zoom: float) -> None:
        """`words` are the tool's, `zoom` is screen pixels per source pixel."""
        painter.save()
        painter.setFont(theme.figures(TYPE.small))
        bottom = bounds.bottom() - 8
        right = _pill(painter, f"{zoom * 100:.0f} %", QUIET, bounds.right() - 8, bottom, align=1.0)
        if self.notice and not words:
            width = bounds.width() - right - 32
            _pill(painter, self.notice, WARM, bounds.left() + 8, bottom, align=0.0, limit=width)
        painter.setFont(theme.font(TYPE.small + 1, medium=True))
        if words:
            _pill(painter, words, INK, bounds.center().x(), bottom, align=0.5, limit=bounds.width() - 150)
        if self.banner:
            _pill(painter, self.banner, WARM, bounds.center().x(), bounds.top() + 32, align=0.5)
        painter.restore()


def _pill(
    painter: QPainter, text: str, ink: QColor, x: float, bottom: float, *, align: float, limit: float = 4000.0
) -> float:
    """A rounded word; `align` 0 starts at x, 0.5 is centred on it, 1 ends there. Returns its width."""
    metrics = QFontMetricsF(painter.font())
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(20.0, limit - 16))
    width, height = metrics.horizontalAdvance(text) + 16, metrics.height() + 6
    place = QRectF(x - align * width, bottom - height, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(GROUND)
    painter.drawRoundedRect(place, height / 2, height / 2)
    painter.setPen(ink)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
    return width
