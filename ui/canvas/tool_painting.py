"""Paints the box that is drawn or corrected, and the one that waits for its name."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.domain.geometry import Polygon
from ui.canvas.box_tool import Correction, Drawing
from ui.canvas.viewport import Viewport


def paint_tool(painter: QPainter, tool: Drawing | Correction, view: Viewport) -> None:
    """The box in hand; with grips where it is being corrected."""
    if isinstance(tool, Correction):
        _outline(painter, tool.now, view, Qt.PenStyle.SolidLine)
        painter.setPen(QPen(QColor("#0B0D10"), 1.0))
        painter.setBrush(QColor("white"))
        for grip in tool.grips():
            at = view.to_widget(grip.x(), grip.y())
            painter.drawRect(QRectF(at.x() - 4, at.y() - 4, 8, 8))
        return
    polygon = tool.polygon(view.source.width(), view.source.height())
    if polygon is not None:
        _outline(painter, polygon, view, Qt.PenStyle.SolidLine)


def paint_draft(painter: QPainter, polygon: Polygon, view: Viewport) -> None:
    """A new box that was put down before it had a name."""
    _outline(painter, polygon, view, Qt.PenStyle.DashLine)


def _outline(painter: QPainter, polygon: Polygon, view: Viewport, style: Qt.PenStyle) -> None:
    points = [view.to_widget(x, y) for x, y in polygon]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(255, 255, 255, 28))
    for pen in (QPen(QColor(11, 13, 16, 200), 4.0), QPen(QColor("white"), 1.5, style)):
        painter.setPen(pen)
        painter.drawPolygon(points)
