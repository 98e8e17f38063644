"""Boxes on the frame: outline, fill and label by state; states differ in dash, hatch and sign, not in hue alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from engine.domain.geometry import Polygon
from ui.canvas.labels import Rect, Wanted, meet, place_labels
from ui.canvas.viewport import Viewport
from ui.theme import data_hatch, data_pen
from ui.tokens import DATA, DataState

INK = "#0B0D10"
GROUND = QColor(11, 13, 16, 215)
HALO = QColor(11, 13, 16, 150)
LABEL_PADDING = 5.0
WIDEST = 220.0
"""Longer labels are cut."""
MOST_WORDS = 4_000
MOST_FACES = 8
"""So many measured texts and fonts are kept."""


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


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A box with its corners in widget coordinates and what they span."""

    box: CanvasBox
    corners: tuple[tuple[float, float], ...]
    span: Rect


class BoxPainter:
    """Draws boxes with as few calls into Qt as can be: while a run is going each one may have to wait for a thread
    that holds Python's lock."""

    def __init__(self) -> None:
        self._faces: dict[tuple[str, bool], _Face] = {}

    def paint(
        self,
        painter: QPainter,
        boxes: Sequence[CanvasBox],
        view: Viewport,
        font: QFont,
        bounds: QRectF,
        *,
        labels: bool,
    ) -> None:
        """Draws all boxes, the chosen ones last, then their labels where there is room for them."""
        zoom, dx, dy = view.mapping()
        drawn = [_drawn(box, zoom, dx, dy) for box in boxes]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        kinds: dict[tuple[DataState, bool], list[_Drawn]] = {}
        for item in drawn:
            if not item.box.chosen:
                kinds.setdefault((item.box.state, item.box.caption), []).append(item)
        for state in DataState:
            for caption in (False, True):
                if items := kinds.get((state, caption)):
                    _outlines(painter, items)
        for item in drawn:
            if item.box.chosen:
                _outlines(painter, [item])
        if labels:
            self._labels(painter, drawn, font, _rect(bounds))

    def _labels(self, painter: QPainter, drawn: Sequence[_Drawn], font: QFont, bounds: Rect) -> None:
        faces = {chosen: self._face(font, chosen) for chosen in (False, True)}
        todo = [item for item in drawn if meet(item.span, bounds)]
        todo.sort(key=lambda i: (not i.box.chosen, _rank(i.box), i.span[0] - i.span[2]))
        wanted, texts = [], []
        for item in todo:
            box = item.box
            face = faces[box.chosen]
            text, width = face.measured(box.words)
            wanted.append(Wanted(item.span, width, face.height, must=box.chosen, firm=_rank(box) < 2))
            texts.append(text)
        placed = [
            (item.box, text, QRectF(place[0], place[1], place[2] - place[0], place[3] - place[1]))
            for item, text, place in zip(todo, texts, place_labels(wanted, bounds), strict=True)
            if place is not None
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        for chosen, ground in ((False, GROUND), (True, None)):
            path = QPainterPath()
            path.setFillRule(Qt.FillRule.WindingFill)
            of_kind = [item for item in placed if item[0].chosen is chosen]
            for _, _, place in of_kind:
                path.addRoundedRect(place, 3, 3)
            if of_kind:
                painter.fillPath(path, ground or QColor(DATA[of_kind[0][0].state].colour))
        ink = ""
        for face_of in (False, True):
            painter.setFont(faces[face_of].font)
            for box, text, place in placed:
                if box.chosen is face_of:
                    colour = INK if box.chosen else DATA[box.state].colour
                    if colour != ink:
                        ink = colour
                        painter.setPen(QColor(ink))
                    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _face(self, font: QFont, strong: bool) -> _Face:
        place = font.key(), strong
        face = self._faces.get(place)
        if face is None:
            if len(self._faces) >= MOST_FACES:
                self._faces.clear()
            face = self._faces[place] = _Face(font, strong)
        return face


class _Face:
    """A font for labels that remembers how wide texts are."""

    def __init__(self, font: QFont, strong: bool) -> None:
        self.font = QFont(font)
        if strong:
            self.font.setWeight(QFont.Weight.Bold)
        self._metrics = QFontMetricsF(self.font)
        self.height = self._metrics.height() + 2
        self._known: dict[str, tuple[str, float]] = {}

    def measured(self, words: str) -> tuple[str, float]:
        """The words as they fit into a label, and the label's width."""
        found = self._known.get(words)
        if found is None:
            if len(self._known) >= MOST_WORDS:
                self._known.clear()
            text = self._metrics.elidedText(words, Qt.TextElideMode.ElideRight, WIDEST)
            found = self._known[words] = text, self._metrics.horizontalAdvance(text) + 2 * LABEL_PADDING
        return found


def _rect(place: QRectF) -> Rect:
    return place.left(), place.top(), place.right(), place.bottom()


def _drawn(box: CanvasBox, zoom: float, dx: float, dy: float) -> _Drawn:
    corners = tuple((x * zoom + dx, y * zoom + dy) for x, y in box.polygon)
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return _Drawn(box, corners, (min(xs), min(ys), max(xs), max(ys)))


def _outlines(painter: QPainter, items: Sequence[_Drawn]) -> None:
    """Boxes that look alike, in one stroke."""
    box = items[0].box
    style = DATA[box.state]
    colour = QColor(style.colour)
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for item in items:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in item.corners]))
        path.closeSubpath()
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
        painter.fillPath(path, glow)
        painter.strokePath(path, QPen(QColor(255, 255, 255, 235), style.width + 4.0))
    painter.strokePath(path, QPen(HALO, style.width + 2.0))
    painter.setBrush(brush)
    painter.setPen(data_pen(box.state, 1.25 if box.chosen else 1.0))
    painter.drawPath(path)


def _rank(box: CanvasBox) -> int:
    """Who gets room first: what a person said or should look at, then brands, then unread texts."""
    return _RANKS.get(box.state, 3)


_RANKS = {DataState.CHANGED: 0, DataState.REVIEW: 1, DataState.PERSON: 1, DataState.MACHINE: 2}


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
