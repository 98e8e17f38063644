"""How well a reference fits by chance: its best likeness in pictures of clutter that hold no mark at all.

A plain mark (a stripe, a swoosh, a dark box) resembles many things; a rich one resembles nothing but itself.
The clutter is the dead leaves model (Matheron 1968; Lee, Mumford and Huang 2001), whose statistics come near
those of natural pictures, in the reference's own colours among others. It is drawn from fixed seeds.
"""

from __future__ import annotations

import numpy as np

from engine.adapters.cv import cv2
from engine.visual.reference import Image, Reference
from engine.visual.search import SearchedFrame, search_frame

WIDTH, HEIGHT = 640, 360
PICTURES = 3
LEAVES = 2600
LOW, HIGH = 0.65, 0.95
"""Chance is taken to be at least and at most this."""
WORTH = 1.1
"""How far below equal, in distances from chance to equal, the score comes to 0."""


def chance(reference: Reference) -> float:
    """Best likeness (LOW..HIGH) of the reference in clutter."""
    best = 0.0
    for number in range(PICTURES):
        frame = SearchedFrame(clutter(reference, number))
        hits = search_frame(frame, reference, features=False)
        best = max([best, *(h.likeness for h in hits)])
    return round(min(HIGH, max(LOW, best)), 4)


def score_of(likeness: float, chance: float) -> float:
    """What a likeness is worth (0..1) for a reference that fits this well by chance: 1 where it is equal, 0 at
    about what chance gives, 0.5 a little more than half-way."""
    return round(max(0.0, 1.0 - (1.0 - likeness) / (WORTH * (1.0 - chance))), 4)


def clutter(reference: Reference, number: int) -> Image:
    """A picture of leaves of all sizes that cover one another: discs, boxes and slanted bars."""
    rng = np.random.default_rng([7, number])
    picture = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
    own = reference.fine.reshape(-1, 3)
    for _ in range(LEAVES):
        radius = 3.0 / (1.0 - rng.random() * 0.97) ** 0.8
        x, y = rng.random() * WIDTH, rng.random() * HEIGHT
        base = own[int(rng.integers(len(own)))] if rng.random() < 0.6 else rng.random(3) * 255
        colour = tuple(int(v) for v in np.clip(base + rng.normal(0, 8, 3), 0, 255))
        kind = int(rng.integers(3))
        if kind == 0:
            cv2.circle(picture, (round(x), round(y)), max(1, round(radius)), colour, -1, cv2.LINE_AA)
            continue
        long = radius * (1.0 + 2.0 * rng.random()) * (2.0 if kind == 2 else 1.0)
        turn = rng.normal(0, 8) if kind == 1 else rng.random() * 180
        corners = cv2.boxPoints(((x, y), (2 * long, 2 * radius * (0.4 if kind == 2 else 1.0)), turn))
        cv2.fillPoly(picture, [np.round(corners).astype(np.int32)], colour, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 0.7)
