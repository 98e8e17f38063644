"""The frame's picture as it lies on the widget, kept until picture, place or size is another."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from ui.canvas.viewport import Viewport

CRISP_FROM = 4.0
"""From so many screen pixels per source pixel on, pixels are drawn as squares."""


class Backdrop:
    """`picture` may have another size than the source has; `forget` is to be called when the view has moved."""

    def __init__(self) -> None:
        self._picture = QImage()
        self._drawn: QPixmap | None = None

    @property
    def picture(self) -> QImage:
        return self._picture

    @picture.setter
    def picture(self, picture: QImage) -> None:
        self._picture = picture
        self._drawn = None

    @property
    def is_empty(self) -> bool:
        return self._picture.isNull()

    def forget(self) -> None:
        self._drawn = None

    def pixmap(self, view: Viewport, widget: QSize, ratio: float, ground: str) -> QPixmap:
        """What to paint on a widget of this size (device-independent pixels) with `ratio` screen pixels in each;
        `ground` is the colour beside the frame."""
        size = widget * ratio
        if self._drawn is not None and self._drawn.size() == size:
            return self._drawn
        made = QPixmap(size)
        made.setDevicePixelRatio(ratio)
        made.fill(QColor(ground))
        if not self.is_empty:
            painter = QPainter(made)
            if view.zoom * ratio < CRISP_FROM:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            frame = view.frame_rect()
            seen = frame.intersected(QRectF(0, 0, widget.width(), widget.height()).adjusted(-2, -2, 2, 2))
            scale_x = self._picture.width() / frame.width()
            scale_y = self._picture.height() / frame.height()
            piece = QRectF(
                (seen.x() - frame.x()) * scale_x,
                (seen.y() - frame.y()) * scale_y,
                seen.width() * scale_x,
                seen.height() * scale_y,
            )
            painter.drawImage(seen, self._picture, piece)
            painter.end()
        self._drawn = made
        return made
