"""Tell overlays (scorebug, clock, names, channel logo) from text in the scene.

A caption stands still while the picture behind it moves, or stands at the same place in different shots.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain.geometry import Hull, hull, hull_overlap
from engine.domain.records import Surface
from engine.signs import SAME_PLACE, STILL, Sign

NEAR_ANCHOR = 0.6
"""A text this close (in its own heights) to a sure caption and as still belongs to the same graphic."""


def surfaces(signs: Sequence[Sign]) -> list[Surface]:
    """`caption` or `scene` for each sign, in order."""
    sure = [_stands_still(s) or _outlives_cuts(s) for s in signs]
    anchors = [hull(s.seen[0].polygon) for s, yes in zip(signs, sure, strict=True) if yes]
    return [
        "caption" if yes or (s.still >= STILL / 2 and _beside(hull(s.seen[0].polygon), anchors)) else "scene"
        for s, yes in zip(signs, sure, strict=True)
    ]


def _stands_still(sign: Sign) -> bool:
    return sign.still >= STILL and len(sign.seen) >= 3


def _outlives_cuts(sign: Sign) -> bool:
    """True where the sign stood at the same place in at least two shots that a cut parts."""
    if len(sign.shots) < 2 or sign.still < STILL / 2:
        return False
    return hull_overlap(hull(sign.seen[0].polygon), hull(sign.seen[-1].polygon)) >= SAME_PLACE


def _beside(place: Hull, anchors: Sequence[Hull]) -> bool:
    for anchor in anchors:
        reach = NEAR_ANCHOR * max(place.height, anchor.height)
        apart_x = max(anchor.x0 - place.x1, place.x0 - anchor.x1)
        apart_y = max(anchor.y0 - place.y1, place.y0 - anchor.y1)
        if apart_x <= 2 * reach and apart_y <= reach:
            return True
    return False
