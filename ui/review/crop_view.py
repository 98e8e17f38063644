"""The sign that is looked at, enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.domain.geometry import hull
from ui.canvas.boxes import HALO
from ui.review.pictures import crop_bounds
from ui.review.thumbnails import CropWish, Thumbnails
from ui.text import tr
from ui.theme import Theme, data_pen
from ui.tokens import RADIUS, DataState

if TYPE_CHECKING:
    from app.review_rows import CropRef

HEIGHT = 132
MARGIN = 0.7


class CropView(QWidget):
    """Cut from the stored frame where the sign is seen best, with its outline."""

    def __init__(self, theme: Theme, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._thumbnails = thumbnails
        self._crop: CropRef | None = None
        self._state = DataState.MACHINE
        self._last: tuple[CropRef, QPixmap] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName(tr("Enlarged crop"))
        thumbnails.ready.connect(self._thumbnail_ready)

    def sizeHint(self) -> QSize:
        return QSize(280, HEIGHT)

    def show_crop(self, crop: CropRef | None, state: DataState, words: str) -> None:
        """`words` tell those who don't see it what it shows."""
        self._crop, self._state = crop, state
        self.setAccessibleDescription(words)
        self.update()

    def _thumbnail_ready(self) -> None:
        """Any thumbnail is ready: of interest while the own one isn't there yet."""
        if self._last is None or self._last[0] is not self._crop:
            self.update()

    def release(self) -> None:
        """Lets go of the pixmap before the end."""
        self._last = self._crop = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(self.rect())
        path = QPainterPath()
        path.addRoundedRect(room, RADIUS, RADIUS)
        painter.fillPath(path, QColor(self._theme.colours.picture))
        painter.setClipPath(path)
        crop = self._crop
        if crop is None or not crop.image:
            painter.setPen(QColor("#AAB3C0"))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, tr("No picture is stored"))
            return
        ratio = self.devicePixelRatioF()
        size = self.size() * ratio
        wish = CropWish(crop.image, crop.polygon, size.width(), size.height(), MARGIN)
        pixmap = self._thumbnails.get(wish)
        if pixmap is not None and not pixmap.isNull():
            self._last = crop, pixmap
        if self._last is None:
            return
        shown, pixmap = self._last
        painter.drawPixmap(room, pixmap, QRectF(pixmap.rect()))
        if shown is crop:
            self._outline(painter, room)

    def _outline(self, painter: QPainter, room: QRectF) -> None:
        assert self._crop is not None
        bounds = crop_bounds(hull(self._crop.polygon), self._thumbnails.source, self.size(), MARGIN)
        scale = room.width() / bounds.width
        points = [QPointF((x - bounds.x0) * scale, (y - bounds.y0) * scale) for x, y in self._crop.polygon]
        shape = QPolygonF(points)
        if not room.contains(shape.boundingRect()):
            return
        for pen in (QPen(HALO, 3.5), data_pen(self._state, 0.75)):
            painter.setPen(pen)
            painter.drawPolygon(shape)
