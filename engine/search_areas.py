"""Where a look searches: bounds, how they lie to each other, and the parts of a picture worth searching."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.domain.geometry import text_height, text_width
from engine.motion import Corners, Matrix, Picture, bounds, mapped

_LEAST_LINE, _MOST_LINE = 12.0, 48.0
_STRIP = 32.0
_OVERHEAD = 32.0
NEARLY_ALL = 0.6
_AGAIN_SHARE = 0.2

Bounds = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the picture."""


def look_areas(known: Sequence[Corners], seen_until: Matrix, picture: Picture) -> list[Bounds] | None:
    """Where a partial look searches: around the `known` signs (followed or lost), and in the strips that came
    into view since the last look. None where that is nearly the whole picture."""
    width, height = float(picture.width), float(picture.height)
    around: list[Bounds] = []
    for corners in known:
        x0, y0, x1, y1 = bounds(corners)
        line = max(_LEAST_LINE, min(line_height(corners), _MOST_LINE))
        around.append((x0 - 3 * line, y0 - 1.5 * line, x1 + 3 * line, y1 + 1.5 * line))
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    x0, y0, x1, y1 = bounds(mapped(seen_until, frame))
    strips = [
        (0.0, 0.0, x0, height),
        (x1, 0.0, width, height),
        (0.0, 0.0, width, y0),
        (0.0, y1, width, height),
    ]
    around += [
        (a - _STRIP * (a > 0), b - _STRIP * (b > 0), c + _STRIP * (c < width), d + _STRIP * (d < height))
        for a, b, c, d in strips
        if c - a > _STRIP / 2 and d - b > _STRIP / 2
    ]
    areas = united(around, picture)
    share = sum((c - a) * (d - b) for a, b, c, d in areas) / (width * height)
    return areas if share < NEARLY_ALL else None


def united(around: Sequence[Bounds], picture: Picture) -> list[Bounds]:
    """Areas clipped to the picture, neighbours put together where that costs little more pixels to search."""
    clipped = [
        (max(0.0, a), max(0.0, b), min(float(picture.width), c), min(float(picture.height), d))
        for a, b, c, d in around
    ]
    areas = [r for r in clipped if r[2] - r[0] > 4 and r[3] - r[1] > 4]

    def cost(r: Bounds) -> float:
        return (r[2] - r[0] + _OVERHEAD) * (r[3] - r[1] + _OVERHEAD)

    merged = True
    while merged:
        merged = False
        for i in range(len(areas)):
            for j in range(i + 1, len(areas)):
                a, b = areas[i], areas[j]
                both = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
                if cost(both) <= cost(a) + cost(b):
                    areas[i] = both
                    del areas[j]
                    merged = True
                    break
            if merged:
                break
    return sorted(areas)


def affordable(around: Sequence[Bounds], picture: Picture) -> list[Bounds]:
    """The smallest of these areas, as many as take up a fifth of the picture at most."""
    left = _AGAIN_SHARE * picture.width * picture.height
    kept: list[Bounds] = []
    for area in sorted(around, key=lambda a: ((a[2] - a[0]) * (a[3] - a[1]), a)):
        left -= (area[2] - area[0]) * (area[3] - area[1])
        if left < 0:
            break
        kept.append(area)
    return kept


def around_line(place: Bounds, line: float, lines: float) -> Bounds:
    x0, y0, x1, y1 = place
    return x0 - 2 * lines * line, y0 - lines * line, x1 + 2 * lines * line, y1 + lines * line


def lies_inside(here: Bounds, area: Bounds, picture: Picture) -> bool:
    """True where a region lies in an area and is not cut by it; the picture's own sides cut nothing."""
    return (
        (here[0] > area[0] + 2 or area[0] <= 0)
        and (here[1] > area[1] + 2 or area[1] <= 0)
        and (here[2] < area[2] - 2 or area[2] >= picture.width)
        and (here[3] < area[3] - 2 or area[3] >= picture.height)
        and here[0] < area[2]
        and here[2] > area[0]
        and here[1] < area[3]
        and here[3] > area[1]
    )


def overlaps(
    a: tuple[float, float, float, float], b: tuple[float, float, float, float]
) -> tuple[float, float]:
    """Intersection over union, and over the smaller of two bounds."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0, 0.0
    common = wide * high
    one, other = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return common / (one + other - common), common / max(1e-6, min(one, other))


def new_share(matrix: Matrix, picture: Picture) -> float:
    """The share of the picture (0..1) that was not in view, or under 0.75 times as large, at the last look."""
    frame = np.array(
        [[0, 0], [picture.width, 0], [picture.width, picture.height], [0, picture.height]], np.float32
    )
    x0, y0, x1, y1 = bounds(mapped(matrix, frame))
    wide = min(x1, picture.width) - max(x0, 0.0)
    high = min(y1, picture.height) - max(y0, 0.0)
    if wide <= 0 or high <= 0 or (x1 - x0) > picture.width / 0.75:
        return 1.0
    return 1.0 - wide * high / (picture.width * picture.height)


def visible_share(corners: Corners, picture: Picture) -> float:
    """The share (0..1) of the bounds of `corners` that is inside the picture."""
    x0, y0, x1, y1 = bounds(corners)
    wide = min(x1, picture.width) - max(x0, 0.0)
    high = min(y1, picture.height) - max(y0, 0.0)
    area = (x1 - x0) * (y1 - y0)
    return max(0.0, min(1.0, wide * high / area)) if wide > 0 and high > 0 and area > 0 else 0.0


def line_height(corners: Corners) -> float:
    """Mean length of the shorter pair of sides: the height of a line of text, whichever way it runs."""
    points = corners.tolist()
    return min(text_width(points), text_height(points))
