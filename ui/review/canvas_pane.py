"""The middle of the review: frame, transport, and the brand picker over the frame."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

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
        self.picker = BrandPicker(services.tasks, self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.frame)
