"""Boxes on the frame: outline, fill and label by state; states differ in dash, hatch and sign, not in hue alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from engine.domain.geometry import Polygon
from ui.canvas.labels import Wanted, place_labels
from ui.canvas.viewport import Viewport
from ui.theme import data_hatch, data_pen
from ui.tokens import DATA, DataState

INK = QColor("#0B0D10")
HALO = QColor(11, 13, 16, 150)
LABEL_PADDING = 5.0


@dataclass(frozen=True, slots=True)
class CanvasBox:
    """One box as the canvas draws it. `polygon` in source pixels, `label` brand or text, `score` 0..100 or
    None, `caption` that it lies on overlay graphics."""

    key: str
    polygon: Polygon
    state: DataState
    label: str
    score: float | None = None
    caption: bool = False
    chosen: bool = False

    @property
    def words(self) -> str:
        """The label with the state's sign before and the score behind."""
        sign = DATA[self.state].sign
        parts = [sign] if sign else []
        if self.caption and sign != "T":
            parts.append("T")
        parts.append(self.label)
        if self.score is not None:
            parts.append(f"{self.score:.0f}")
        return " ".join(parts)


def paint_boxes(
    painter: QPainter,
    boxes: Sequence[CanvasBox],
    view: Viewport,
    font: QFont,
    bounds: QRectF,
    *,
    labels: bool,
) -> None:
    """Draws all boxes, the chosen ones last, then their labels where there is room for them."""
    ordered = sorted(boxes, key=lambda b: b.chosen)
    shapes = [QPolygonF([view.to_widget(x, y) for x, y in box.polygon]) for box in ordered]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for box, shape in zip(ordered, shapes, strict=True):
        _outline(painter, box, shape)
    if labels:
        _labels(painter, ordered, shapes, font, bounds)


def _outline(painter: QPainter, box: CanvasBox, shape: QPolygonF) -> None:
    colour = QColor(DATA[box.state].colour)
    brush = QBrush(Qt.BrushStyle.NoBrush)
    hatch = data_hatch(box.state)
    if box.caption and hatch == Qt.BrushStyle.NoBrush:
        hatch = data_hatch(DataState.CAPTION)
    if hatch != Qt.BrushStyle.NoBrush:
        tint = QColor(colour)
        tint.setAlpha(110 if box.state is DataState.REJECTED else 60)
        brush = QBrush(tint, hatch)
    if box.chosen:
        glow = QColor(colour)
        glow.setAlpha(34)
        painter.setBrush(glow)
        painter.setPen(QPen(QColor(255, 255, 255, 235), DATA[box.state].width + 4.0))
        painter.drawPolygon(shape)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(HALO, DATA[box.state].width + 2.0))
    painter.drawPolygon(shape)
    painter.setBrush(brush)
    painter.setPen(data_pen(box.state, 1.25 if box.chosen else 1.0))
    painter.drawPolygon(shape)


def _labels(
    painter: QPainter, boxes: Sequence[CanvasBox], shapes: Sequence[QPolygonF], font: QFont, bounds: QRectF
) -> None:
    strong = QFont(font)
    strong.setWeight(QFont.Weight.Bold)
    fonts = {False: (font, QFontMetricsF(font)), True: (strong, QFontMetricsF(strong))}
    todo = [(b, s) for b, s in zip(boxes, shapes, strict=True) if s.boundingRect().intersects(bounds)]
    todo.sort(key=lambda pair: (not pair[0].chosen, _rank(pair[0]), -pair[1].boundingRect().width()))
    wanted, texts = [], []
    for box, shape in todo:
        metrics = fonts[box.chosen][1]
        text = metrics.elidedText(box.words, Qt.TextElideMode.ElideRight, 220.0)
        size = QSizeF(metrics.horizontalAdvance(text) + 2 * LABEL_PADDING, metrics.height() + 2)
        wanted.append(Wanted(shape.boundingRect(), size, must=box.chosen, firm=_rank(box) < 2))
        texts.append(text)
    for (box, _), text, place in zip(todo, texts, place_labels(wanted, bounds), strict=True):
        if place is not None:
            _label(painter, box, text, place, fonts[box.chosen][0])


def _rank(box: CanvasBox) -> int:
    """Who gets room first: what a person said or should look at, then brands, then unread texts."""
    return {DataState.CHANGED: 0, DataState.REVIEW: 1, DataState.PERSON: 1, DataState.MACHINE: 2}.get(
        box.state, 3
    )


def _label(painter: QPainter, box: CanvasBox, text: str, place: QRectF, font: QFont) -> None:
    colour = QColor(DATA[box.state].colour)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour if box.chosen else QColor(11, 13, 16, 215))
    painter.drawRoundedRect(place, 3, 3)
    painter.setFont(font)
    painter.setPen(INK if box.chosen else colour)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def hit(boxes: Sequence[CanvasBox], at: QPointF, slack: float) -> CanvasBox | None:
    """The smallest box under a point (source pixels), or within `slack` pixels of it."""
    best: tuple[float, CanvasBox] | None = None
    for box in boxes:
        shape = QPolygonF([QPointF(x, y) for x, y in box.polygon])
        bounds = shape.boundingRect()
        near = bounds.adjusted(-slack, -slack, slack, slack)
        if shape.containsPoint(at, Qt.FillRule.WindingFill) or (
            near.contains(at) and min(bounds.width(), bounds.height()) < 4 * slack
        ):
            size = bounds.width() * bounds.height()
            if best is None or size < best[0]:
                best = size, box
    return best[1] if best is not None else None
