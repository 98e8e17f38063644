"""Where the frame lies on the widget: zoom and centre, in source pixels, apart from any widget."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QTransform

from engine.domain.geometry import Hull

NEAREST, FARTHEST = 32.0, 0.05
"""Bounds of the zoom: device-independent pixels per source pixel."""
MARGIN = 8.0
"""Room that is left around a fitted frame."""


@dataclass(frozen=True, slots=True)
class Place:
    """A zoom and centre to come back to; `fitted` means the whole frame, whatever the widget's size."""

    zoom: float
    centre: tuple[float, float]
    fitted: bool


class Viewport:
    """Maps source pixels to the widget and back. `zoom` is device-independent pixels per source pixel."""

    def __init__(self) -> None:
        self.source = QSizeF(16, 9)
        self.size = QSizeF(16, 9)
        self.zoom = 1.0
        self.centre = QPointF(8, 4.5)
        self.fitted = True

    def set_source(self, width: float, height: float) -> None:
        """Another frame size starts fitted; the same one keeps zoom and centre."""
        size = QSizeF(max(1.0, width), max(1.0, height))
        if size != self.source:
            self.source = size
            self.fit()

    def set_size(self, width: float, height: float) -> None:
        """The widget's size: a fitted frame stays fitted, else the centre stays."""
        self.size = QSizeF(max(1.0, width), max(1.0, height))
        if self.fitted:
            self.fit()
        else:
            self._clamp()

    def fit(self) -> None:
        """The whole frame."""
        room = QSizeF(max(1.0, self.size.width() - 2 * MARGIN), max(1.0, self.size.height() - 2 * MARGIN))
        self.zoom = min(room.width() / self.source.width(), room.height() / self.source.height())
        self.centre = QPointF(self.source.width() / 2, self.source.height() / 2)
        self.fitted = True

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Zooms so that the source point under `point` (widget coordinates) stays under it."""
        before = self.to_source(point)
        self.zoom = min(NEAREST, max(FARTHEST, self.zoom * factor))
        after = self.to_source(point)
        self.centre = self.centre + (before - after)
        self.fitted = False
        self._clamp()

    def set_zoom(self, zoom: float) -> None:
        """Zooms about the widget's middle."""
        self.zoom_at(QPointF(self.size.width() / 2, self.size.height() / 2), zoom / self.zoom)

    def pan(self, by: QPointF) -> None:
        """Moves the picture by so many widget pixels."""
        self.centre = self.centre - by / self.zoom
        self.fitted = False
        self._clamp()

    def show_box(self, box: Hull, share: float = 0.4) -> None:
        """Brings a box to the middle, so large that it takes `share` of the widget."""
        width, height = max(box.width, 4.0), max(box.height, 4.0)
        self.zoom = min(
            NEAREST,
            12.0,
            max(self._fit_zoom(), share * min(self.size.width() / width, self.size.height() / height)),
        )
        self.centre = QPointF(*box.centre)
        self.fitted = False
        self._clamp()

    def place(self) -> Place:
        return Place(self.zoom, (self.centre.x(), self.centre.y()), self.fitted)

    def go_to(self, place: Place) -> None:
        if place.fitted:
            self.fit()
            return
        self.zoom, self.centre, self.fitted = place.zoom, QPointF(*place.centre), False
        self._clamp()

    def transform(self) -> QTransform:
        """Source pixels to widget coordinates."""
        made = QTransform()
        made.translate(self.size.width() / 2, self.size.height() / 2)
        made.scale(self.zoom, self.zoom)
        made.translate(-self.centre.x(), -self.centre.y())
        return made

    def mapping(self) -> tuple[float, float, float]:
        """(zoom, dx, dy): a source point lies at (x * zoom + dx, y * zoom + dy) on the widget."""
        zoom = self.zoom
        dx = self.size.width() / 2 - self.centre.x() * zoom
        return zoom, dx, self.size.height() / 2 - self.centre.y() * zoom

    def to_widget(self, x: float, y: float) -> QPointF:
        zoom, dx, dy = self.mapping()
        return QPointF(x * zoom + dx, y * zoom + dy)

    def to_source(self, point: QPointF) -> QPointF:
        return QPointF(
            (point.x() - self.size.width() / 2) / self.zoom + self.centre.x(),
            (point.y() - self.size.height() / 2) / self.zoom + self.centre.y(),
        )

    def frame_rect(self) -> QRectF:
        """The whole frame in widget coordinates."""
        corner = self.to_widget(0, 0)
        return QRectF(corner, self.source * self.zoom)

    def _fit_zoom(self) -> float:
        return min(self.size.width() / self.source.width(), self.size.height() / self.source.height())

    def _clamp(self) -> None:
        """At least the middle of the widget stays on the frame."""
        self.centre = QPointF(
            min(max(self.centre.x(), 0.0), self.source.width()),
            min(max(self.centre.y(), 0.0), self.source.height()),
        )
