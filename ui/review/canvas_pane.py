"""The middle of the review: frame, transport, and the brand picker over the frame."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPolygonF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.domain.geometry import Polygon
from ui.canvas.frame_canvas import FrameCanvas
from ui.review.picker import BrandPicker
from ui.review.transport import Transport
from ui.workspace import Services


class CanvasPane(QWidget):
    """The focus goes to the frame."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.frame = FrameCanvas(services.theme, services.actions.guard)
        self.transport = Transport(services.theme, services.actions)
        column.addWidget(self.frame, 1)
        column.addWidget(self.transport)
        self.picker = BrandPicker(services.tasks, self, self._chosen_box)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.frame)

    def seen_at(self, polygon: Polygon) -> QRect:
        """Where a box of the frame is seen in this pane."""
        corners = QPolygonF([self.frame.view.to_widget(x, y) for x, y in polygon]).boundingRect()
        return corners.toAlignedRect().translated(self.frame.mapTo(self, QPoint(0, 0)))

    def _chosen_box(self) -> QRect:
        box = self.frame.chosen_box
        return self.seen_at(box.polygon) if box is not None else QRect()
