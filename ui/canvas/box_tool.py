"""Drawing a new box and correcting one: what the mouse and the arrow keys do to a polygon, apart from any widget."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from engine.domain.geometry import Polygon, hull, polygon, rectangle

SMALLEST = 3.0
"""A new box is at least so many source pixels wide and high."""
CORNERS = range(4)
EDGES = range(4, 8)
"""Grips 0..3 are the corners, 4..7 the middles of the edges after each corner, MOVE the whole box."""
MOVE = 8


@dataclass(slots=True)
class Drawing:
    """A new box on its way: both ends of the drag in source pixels; None before it began."""

    start: QPointF | None = None
    end: QPointF | None = None

    def polygon(self, width: float, height: float) -> Polygon | None:
        """The box within the frame, None while it is too small to be one."""
        if self.start is None or self.end is None:
            return None
        x0, x1 = sorted((_within(self.start.x(), width), _within(self.end.x(), width)))
        y0, y1 = sorted((_within(self.start.y(), height), _within(self.end.y(), height)))
        if x1 - x0 < SMALLEST or y1 - y0 < SMALLEST:
            return None
        return rectangle(x0, y0, x1, y1)


@dataclass(slots=True)
class Correction:
    """A box under correction: `key` names the appearance ('' where it is a new box that keys set), `now` is its
    polygon as it stands."""

    key: str
    first: Polygon
    now: Polygon

    @property
    def changed(self) -> bool:
        return self.now != self.first

    def drag(self, grip: int, dx: float, dy: float, width: float, height: float) -> None:
        """Moves a grip by so many source pixels; the polygon stays within the frame."""
        points = [list(p) for p in self.now]
        if grip == MOVE:
            dx, dy = self._room(dx, dy, width, height)
            moved = set(CORNERS)
        elif grip in EDGES:
            moved = {grip - 4, (grip - 3) % 4}
            if grip in (4, 6):
                dx = 0.0
            else:
                dy = 0.0
        else:
            moved = {grip}
        for number in moved:
            points[number][0] = _within(points[number][0] + dx, width)
            points[number][1] = _within(points[number][1] + dy, height)
        made = polygon(points)
        if hull(made).width >= SMALLEST and hull(made).height >= SMALLEST:
            self.now = made

    def nudge(self, dx: float, dy: float, width: float, height: float, *, size: bool) -> None:
        """Moves the box, or with `size` its right and lower side."""
        if not size:
            self.drag(MOVE, dx, dy, width, height)
        elif dx:
            self.drag(5, dx, 0.0, width, height)
        else:
            self.drag(6, 0.0, dy, width, height)

    def grips(self) -> list[QPointF]:
        """Corners, then the middles of the edges, in source pixels."""
        corners = [QPointF(x, y) for x, y in self.now]
        return corners + [(corners[i] + corners[(i + 1) % 4]) / 2 for i in CORNERS]

    def _room(self, dx: float, dy: float, width: float, height: float) -> tuple[float, float]:
        box = hull(self.now)
        return max(-box.x0, min(dx, width - box.x1)), max(-box.y0, min(dy, height - box.y1))


def starter(seen: QRectF, width: float, height: float) -> Polygon:
    """Where a new box begins that is set by keys: the size of a board, in the middle of what is seen of a frame
    (source pixels)."""
    part = seen.intersected(QRectF(0, 0, width, height))
    middle = part.center()
    wide, high = max(part.width() / 6, 4 * SMALLEST) / 2, max(part.height() / 12, 4 * SMALLEST) / 2
    return rectangle(
        _within(middle.x() - wide, width),
        _within(middle.y() - high, height),
        _within(middle.x() + wide, width),
        _within(middle.y() + high, height),
    )


def _within(value: float, limit: float) -> float:
    return max(0.0, min(value, limit))
