"""How far signs go on beyond the picture's sides.

A region that a detector drew at a side of the picture ends there, though the sign goes on. Where other frames of its
track show more of the sign, its ends are carried over from them along the camera's motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from engine.carrying import Followed
from engine.domain.geometry import at_sides
from engine.motion import Corners, Matrix, bounds, mapped

_LEAST = 1.0

_Cut = tuple[bool, bool]
"""Whether a region may be cut at its left end, and at its right one."""


def whole_signs(
    sign: Followed, forwards: Sequence[Matrix], backwards: Sequence[Matrix], width: int
) -> dict[int, Corners]:
    """The corners of a sign, by frame number, as if no side of the picture cut it, as far as its frames tell.
    `forwards[n]` maps pixels of frame n - 1 to frame n, `backwards[n]` the other way; `width` is the picture's in
    pixels."""
    whole = {number: place.corners for number, place in sign.places.items()}
    cut = _cut_ends(sign, width)
    if not any(left or right for left, right in cut.values()):
        return whole
    steps = [(a, b) for a, b in pairwise(sorted(whole)) if b == a + 1]
    for before, now in steps:
        whole[now] = _lengthened(whole[now], mapped(forwards[now], whole[before]), cut[now])
    for now, after in reversed(steps):
        whole[now] = _lengthened(whole[now], mapped(backwards[after], whole[after]), cut[now])
    return whole


def _cut_ends(sign: Followed, width: int) -> dict[int, _Cut]:
    """Which ends of each place may be cut: of detected ones those at the picture's sides, of carried ones those of
    the place that they were carried from."""
    numbers = sorted(sign.places)
    first = next((n for n in numbers if sign.places[n].seen == "detected"), numbers[0])
    cut: dict[int, _Cut] = {}
    for number in [*(n for n in numbers if n >= first), *(n for n in reversed(numbers) if n < first)]:
        place = sign.places[number]
        source = number - 1 if number > first else number + 1
        cut[number] = cut.get(source, (False, False))
        if place.seen == "detected":
            x0, y0, x1, y1 = bounds(place.corners)
            left, right = at_sides(place.corners.tolist(), width)
            lies = x1 - x0 >= y1 - y0
            cut[number] = lies and left, lies and right
    return cut


def _lengthened(corners: Corners, expected: Corners, cut: _Cut) -> Corners:
    """A region drawn out along its sides to where the `expected` one ends, at the ends that are cut."""
    tl, tr, br, bl = corners
    top, bottom, along = _unit(tr - tl), _unit(br - bl), _unit((tr + br) - (tl + bl))
    left = float(np.dot((expected[0] + expected[3] - tl - bl) / 2, along)) if cut[0] else 0.0
    right = float(np.dot((expected[1] + expected[2] - tr - br) / 2, along)) if cut[1] else 0.0
    left, right = left if left <= -_LEAST else 0.0, right if right >= _LEAST else 0.0
    if not (left or right):
        return corners
    return np.array([tl + top * left, tr + top * right, br + bottom * right, bl + bottom * left], np.float32)


def _unit(side: Corners) -> Corners:
    return side / np.float32(max(float(np.linalg.norm(side)), 1e-6))
