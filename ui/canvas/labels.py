"""Places labels beside their boxes so that none lies over another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSizeF

GAP = 3.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One label: the box it belongs to (widget coordinates) and its size. `must` labels are placed even where
    there is no free room; `firm` ones may cover other boxes but no label; others are left out there."""

    box: QRectF
    size: QSizeF
    must: bool = False
    firm: bool = False


def place_labels(wanted: Sequence[Wanted], bounds: QRectF) -> list[QRectF | None]:
    """A rectangle for each label, in the order given, or None where there is no room. Earlier labels choose
    first; all rectangles lie within `bounds` and none overlaps another one that isn't `must`."""
    taken: list[QRectF] = []
    found: list[QRectF | None] = []
    boxes = [label.box for label in wanted]
    for label in wanted:
        free = [r for r in _spots(label, bounds) if not any(r.intersects(t) for t in taken)]
        spot = next((r for r in free if not any(r.intersects(b) for b in boxes)), None)
        if spot is None and free and (label.firm or label.must):
            spot = min(free, key=lambda r: sum(r.intersects(b) for b in boxes))
        if spot is None and label.must:
            spot = _inside(QRectF(label.box.topLeft(), label.size), bounds)
        if spot is not None:
            taken.append(spot)
        found.append(spot)
    return found


def _spots(label: Wanted, bounds: QRectF) -> Iterator[QRectF]:
    """Places to try, best first: above, below, beside, then further rows above and below."""
    box, size = label.box, label.size
    w, h = size.width(), size.height()
    left, right = box.left(), box.right() - w
    rows = [box.top() - h - GAP, box.bottom() + GAP]
    corners = [(left, y) for y in rows] + [(right, y) for y in rows]
    corners += [(box.right() + GAP, box.top()), (box.left() - w - GAP, box.top())]
    for step in (1, 2, 3):
        shift = step * (h + GAP)
        corners += [(left, rows[0] - shift), (left, rows[1] + shift)]
    for x, y in corners:
        rect = _inside(QRectF(x, y, w, h), bounds)
        if abs(rect.y() - y) < 0.5 and abs(rect.x() - x) < max(w, box.width()):
            yield rect


def _inside(rect: QRectF, bounds: QRectF) -> QRectF:
    moved = QRectF(rect)
    moved.moveLeft(max(bounds.left(), min(rect.left(), bounds.right() - rect.width())))
    moved.moveTop(max(bounds.top(), min(rect.top(), bounds.bottom() - rect.height())))
    return moved
