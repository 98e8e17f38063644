"""Places labels beside their boxes so that none lies over another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Rect: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in widget coordinates: plain numbers, for each step into Qt may have to wait for
threads that hold Python's lock, and placing takes hundreds."""

GAP = 3.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One label: the box it belongs to and its own width and height. `must` labels are placed even where there is
    no free room; `firm` ones may cover other boxes but no label; others are left out there."""

    box: Rect
    width: float
    height: float
    must: bool = False
    firm: bool = False


def place_labels(wanted: Sequence[Wanted], bounds: Rect) -> list[Rect | None]:
    """A rectangle for each label, in the order given, or None where there is no room. Earlier labels choose
    first; all rectangles lie within `bounds` and none overlaps another one that isn't `must`."""
    taken: list[Rect] = []
    found: list[Rect | None] = []
    boxes = [label.box for label in wanted]
    for label in wanted:
        free = [r for r in _spots(label, bounds) if not any(meet(r, t) for t in taken)]
        spot = next((r for r in free if not any(meet(r, b) for b in boxes)), None)
        if spot is None and free and (label.firm or label.must):
            spot = min(free, key=lambda r: sum(meet(r, b) for b in boxes))
        if spot is None and label.must:
            spot = _inside(label.box[0], label.box[1], label.width, label.height, bounds)
        if spot is not None:
            taken.append(spot)
        found.append(spot)
    return found


def meet(a: Rect, b: Rect) -> bool:
    """Whether two rectangles share more than an edge."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _spots(label: Wanted, bounds: Rect) -> Iterator[Rect]:
    """Places to try, best first: above, below, beside, then further rows above and below."""
    x0, y0, x1, y1 = label.box
    w, h = label.width, label.height
    above, below = y0 - h - GAP, y1 + GAP
    corners = [(x0, above), (x0, below), (x1 - w, above), (x1 - w, below), (x1 + GAP, y0), (x0 - w - GAP, y0)]
    for step in (1, 2, 3):
        shift = step * (h + GAP)
        corners += [(x0, above - shift), (x0, below + shift)]
    for x, y in corners:
        rect = _inside(x, y, w, h, bounds)
        if abs(rect[1] - y) < 0.5 and abs(rect[0] - x) < max(w, x1 - x0):
            yield rect


def _inside(x: float, y: float, w: float, h: float, bounds: Rect) -> Rect:
    left = max(bounds[0], min(x, bounds[2] - w))
    top = max(bounds[1], min(y, bounds[3] - h))
    return left, top, left + w, top + h
