"""Polygons in source pixels after rotation: four corners, hulls, areas, overlap.

A `Polygon` is four (x, y) points, clockwise from the text's top left, x to the right, y down.
A `Hull` is its axis-aligned bounds (x0, y0, x1, y1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

Point: TypeAlias = tuple[float, float]
Polygon: TypeAlias = tuple[Point, Point, Point, Point]


class Hull(NamedTuple):
    """Axis-aligned bounds in source pixels: left, top, right, bottom."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> Point:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


def polygon(points: Sequence[Sequence[float]]) -> Polygon:
    """Four points as a Polygon, rounded to a hundredth of a pixel; ValueError where there are not four."""
    if len(points) != 4:
        raise ValueError(f"a polygon has 4 points, not {len(points)}")
    a, b, c, d = ((round(float(p[0]), 2), round(float(p[1]), 2)) for p in points)
    return a, b, c, d


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """The axis-aligned polygon with these bounds."""
    return polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def hull(poly: Sequence[Point]) -> Hull:
    xs = [p[0] for p in poly]
    ys = [p[1] for p in poly]
    return Hull(min(xs), min(ys), max(xs), max(ys))


def area(poly: Sequence[Point]) -> float:
    """Area by the shoelace formula, in square pixels."""
    total = 0.0
    for (x0, y0), (x1, y1) in zip(poly, [*poly[1:], poly[0]], strict=True):
        total += x0 * y1 - x1 * y0
    return abs(total) / 2


def text_height(poly: Sequence[Sequence[float]]) -> float:
    """Mean length of the left and right sides in pixels: the height of the text line."""
    return (math.dist(poly[0], poly[3]) + math.dist(poly[1], poly[2])) / 2


def text_width(poly: Sequence[Sequence[float]]) -> float:
    """Mean length of the upper and lower sides in pixels."""
    return (math.dist(poly[0], poly[1]) + math.dist(poly[3], poly[2])) / 2


def hull_overlap(a: Hull, b: Hull) -> float:
    """Intersection over union of two hulls, 0..1."""
    inter = Hull(max(a.x0, b.x0), max(a.y0, b.y0), min(a.x1, b.x1), min(a.y1, b.y1))
    if inter.width <= 0 or inter.height <= 0:
        return 0.0
    return inter.area / (a.area + b.area - inter.area)


def overlap(a: Polygon, b: Polygon) -> float:
    """Intersection over union of two convex polygons, 0..1 (Sutherland-Hodgman clipping)."""
    if hull_overlap(hull(a), hull(b)) == 0.0:
        return 0.0
    common = _clip(list(a), list(b))
    inter = area(common) if common else 0.0
    union = area(a) + area(b) - inter
    return inter / union if union > 0 else 0.0


def interpolate(a: Polygon, b: Polygon, share: float) -> Polygon:
    """The polygon `share` (0..1) of the way from `a` to `b`, corner by corner."""
    return polygon(
        [(p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share) for p, q in zip(a, b, strict=True)]
    )


AT_SIDE = 0.01
"""This near to a side of the picture, as a share of its width, a region may be cut by it."""


def at_sides(points: Sequence[Sequence[float]], width: float) -> tuple[bool, bool]:
    """Whether a region ends at the left side of a picture of this width (pixels), and whether at the right one."""
    across = [x for x, _ in points]
    return min(across) <= AT_SIDE * width, max(across) >= (1 - AT_SIDE) * width


def sub_polygon(poly: Polygon, start: float, end: float) -> Polygon:
    """The piece of a text line's polygon from `start` to `end` (shares 0..1 along its reading direction)."""
    tl, tr, br, bl = poly

    def along(p: Point, q: Point, share: float) -> Point:
        return p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share

    return polygon([along(tl, tr, start), along(tl, tr, end), along(bl, br, end), along(bl, br, start)])


def _clip(subject: list[Point], clipper: list[Point]) -> list[Point]:
    if _signed(clipper) < 0:
        clipper = clipper[::-1]
    output = subject
    for a, b in zip(clipper, [*clipper[1:], clipper[0]], strict=True):
        points, output = output, []
        for p, q in zip(points, [*points[1:], *points[:1]], strict=True):
            side_p, side_q = _side(a, b, p), _side(a, b, q)
            if side_p >= 0:
                output.append(p)
            if side_p * side_q < 0:
                t = side_p / (side_p - side_q)
                output.append((p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t))
        if not output:
            return []
    return output


def _signed(poly: Sequence[Point]) -> float:
    return sum(p[0] * q[1] - q[0] * p[1] for p, q in zip(poly, [*poly[1:], poly[0]], strict=True))


def _side(a: Point, b: Point, p: Point) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
