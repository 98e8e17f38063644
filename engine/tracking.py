"""Follow signs through the sampled frames of one shot: look now and then, carry in between, both ways.

The detector looks at a few frames of the shot; between looks every sign is carried along the camera's
motion, and stays only where the pixels confirm it. What a look finds for the first time is carried back
through the frames before it. A sign whose look changes (an LED board that turns over) is no longer confirmed
and ends; what stands there next is a track of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.carrying import Followed, Place, Region, carry, looks_as_before, part_off, takes_too_long
from engine.extents import whole_signs
from engine.motion import STILL, Corners, Matrix, Motion, Picture, bounds, camera_motion, mapped
from engine.search_areas import (
    NEARLY_ALL,
    Bounds,
    affordable,
    around_line,
    lies_inside,
    line_height,
    look_areas,
    new_share,
    overlaps,
    united,
    visible_share,
)

_SAME = 0.35
_INSIDE = 0.7
_COVERED = 0.5
_EDGE = 8
_HEIGHTS = (0.55, 1.8)
_NEW_SHARE = 0.45
_FEW, _LOST_SHARE = 3, 0.3
_MISSED_FOR = 1.6
_IDENTITY: Matrix = np.eye(3)


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame to follow through: its time in seconds and its picture."""

    seconds: float
    picture: Picture


Look = Callable[[Picture, Sequence[Bounds] | None, int], list[Region]]
"""Detect on a picture (the frame of that number): on these areas of it, or on all of it (None)."""


def looks_at(moments: Sequence[Moment], every: float) -> set[int]:
    """The frames of a shot at which the detector looks: evenly over it, the first and the last among them, at most
    `every` seconds apart as far as the frames allow."""
    if not moments:
        return set()
    start, length = moments[0].seconds, moments[-1].seconds - moments[0].seconds
    steps = min(len(moments) - 1, int(np.ceil(length / every - 1e-6)))
    wanted = (start + (length * step / steps if steps else 0.0) for step in range(steps + 1))
    return {min(range(len(moments)), key=lambda i: (abs(moments[i].seconds - at), i)) for at in wanted}


def follow(
    moments: Sequence[Moment],
    look: Look,
    *,
    every: float,
    least: float,
    whole_every: float = 0.0,
    tick: Callable[[int], None] = lambda done: None,
) -> list[Followed]:
    """All signs of a shot's frames, in the order in which they were found. `least` is the correlation (0..1) that
    confirms a carried sign; `tick` is called after each frame with the number of frames done.

    The first look, the looks where the camera's motion is lost, and one each `whole_every` seconds search
    the whole picture; the others only around known signs and what came into view since the last look. Between
    looks the detector searches around signs that were just lost and around those that came in from a side."""
    looked = looks_at(moments, every)
    pictures = [moment.picture for moment in moments]
    motions: list[Motion] = []
    signs: list[Followed] = []
    active: list[Followed] = []
    seen_until = _IDENTITY
    gone: list[Corners] = []
    missing: list[_Missing] = []
    whole_at = 0.0
    for number, moment in enumerate(moments):
        picture = moment.picture
        motion = camera_motion(pictures[number - 1], picture) if number else STILL
        motions.append(motion)
        lost = number == 0
        if number:
            before = len(active)
            missing = [m.moved(motion.matrix) for m in missing if moment.seconds - m.since <= _MISSED_FOR]
            carried = [carry(s, number - 1, number, pictures, motion.matrix, least) for s in active]
            left = [
                (s, s.places[number - 1].corners) for s, on in zip(active, carried, strict=True) if not on
            ]
            active = [
                part_off(s, signs) if takes_too_long(s) else s
                for s, on in zip(active, carried, strict=True)
                if on
            ]
            gone = [mapped(motion.matrix, c) for c in [*gone, *(c for _, c in left)]]
            lost = len(left) >= max(_FEW, _LOST_SHARE * before)
            missing += [_Missing(mapped(motion.matrix, c), moment.seconds) for s, c in left if s.read_well]
            seen_until = motion.matrix @ seen_until
        strange = lost or not motion.known or new_share(seen_until, picture) > _NEW_SHARE
        if number in looked or strange:
            whole = strange or moment.seconds - whole_at >= whole_every - 1e-6
            known = [*(s.places[number].corners for s in active), *gone]
            areas = None if whole else look_areas(known, seen_until, picture)
            if areas is None:
                whole_at = moment.seconds
            active = _merge(active, look(picture, areas, number), number, pictures, signs)
            seen_until, gone, missing = _IDENTITY, [], []
        else:
            active, missing = _look_again(active, missing, look, number, moment, pictures, signs)
        tick(number + 1)
    for sign in tuple(signs):
        part_off(sign, signs)
    forwards = [motion.matrix for motion in motions]
    backwards: list[Matrix] = [np.linalg.inv(matrix).astype(np.float64) for matrix in forwards]
    _carry_back(pictures, backwards, signs, least)
    for sign in signs:
        if sign.places:
            sign.whole = whole_signs(sign, forwards, backwards, pictures[0].width)
    return signs


@dataclass(frozen=True, slots=True)
class _Missing:
    """A sign that was lost: where the camera's motion puts it now, and since when (seconds)."""

    corners: Corners
    since: float

    def moved(self, matrix: Matrix) -> _Missing:
        return _Missing(mapped(matrix, self.corners), self.since)


def _look_again(
    active: list[Followed],
    missing: list[_Missing],
    look: Look,
    number: int,
    moment: Moment,
    pictures: Sequence[Picture],
    signs: list[Followed],
) -> tuple[list[Followed], list[_Missing]]:
    """Between two looks: search around signs that were lost a moment ago (shirts, signs behind a player) and
    around those that came in from the picture's edge and now show more of themselves. What is found of a lost
    sign begins a new one; the signs that are still lost are returned beside the active ones."""
    picture = moment.picture
    entering = [s for s in active if _came_in(s, number, picture)]
    wanted = [m for m in missing if visible_share(m.corners, picture) >= NEARLY_ALL]
    if not entering and not wanted:
        return active, missing
    around = [around_line(bounds(m.corners), line_height(m.corners), 1.5) for m in wanted]
    for sign in entering:
        x0, y0, x1, y1 = around_line(
            bounds(sign.places[number].corners), line_height(sign.places[number].corners), 1
        )
        from_left = sum(bounds(sign.places[number].corners)[::2]) < picture.width
        around.append((0.0, y0, x1, y1) if from_left else (x0, y0, float(picture.width), y1))
    areas = united(affordable(around, picture), picture)
    if not areas:
        return active, missing
    others = [bounds(s.places[number].corners) for s in active if s not in entering]
    fresh = []
    for region in look(picture, areas, number):
        here = bounds(region.corners)
        known = any(overlaps(here, other)[1] > _SAME for other in others)
        if not known and any(lies_inside(here, area, picture) for area in areas):
            fresh.append(region)
    found = [bounds(r.corners) for r in fresh]
    missing = [m for m in missing if all(overlaps(bounds(m.corners), f)[1] <= _SAME for f in found)]
    return _merge(active, fresh, number, pictures, signs), missing


def _came_in(sign: Followed, number: int, picture: Picture) -> bool:
    """True where the sign touched a side of the picture when it was last detected and has since moved away."""
    last = max((n for n, p in sign.places.items() if p.seen == "detected"), default=number)
    if last == number:
        return False
    then, now = bounds(sign.places[last].corners), bounds(sign.places[number].corners)
    step = line_height(sign.places[number].corners)
    return (then[0] < _EDGE and now[0] > _EDGE + step) or (
        then[2] > picture.width - _EDGE and now[2] < picture.width - _EDGE - step
    )


def _merge(
    active: list[Followed],
    regions: list[Region],
    number: int,
    pictures: Sequence[Picture],
    signs: list[Followed],
) -> list[Followed]:
    """Give each region to the sign that was carried there, or let it begin a new one; a carried sign that a
    region covers but doesn't equal ends here, and so does one that no longer looks as it did."""
    picture = pictures[number]
    pairs: list[tuple[float, int, int]] = []
    for s, sign in enumerate(active):
        here = sign.places[number].corners
        for r, region in enumerate(regions):
            if region.label == sign.label and (share := _same_sign(here, region.corners, picture)) > 0:
                pairs.append((share, s, r))
    pairs.sort(key=lambda p: (-p[0], p[1], p[2]))
    taken_signs: set[int] = set()
    taken: set[int] = set()
    for _, s, r in pairs:
        if s not in taken_signs and r not in taken:
            here = active[s].places[number].corners
            if active[s].doubted and not looks_as_before(active[s], here, picture, pictures):
                active[s] = part_off(active[s], signs, seen_anew=True)
            active[s].doubted = []
            taken_signs.add(s)
            taken.add(r)
            active[s].places[number] = Place(regions[r].corners, regions[r].score, "detected")
    kept: list[Followed] = []
    for s, sign in enumerate(active):
        place = bounds(sign.places[number].corners)
        if s not in taken_signs and any(
            r.label == sign.label and overlaps(place, bounds(r.corners))[1] > _COVERED for r in regions
        ):
            del sign.places[number]
        else:
            kept.append(sign)
    for r, region in enumerate(regions):
        if r not in taken:
            sign = Followed(region.detector, region.label)
            sign.places[number] = Place(region.corners, region.score, "detected")
            signs.append(sign)
            kept.append(sign)
    return kept


def _carry_back(
    pictures: Sequence[Picture],
    backwards: Sequence[Matrix],
    signs: list[Followed],
    least: float,
) -> None:
    """Carry each sign back from the frame that found it, up to where another stands or the pixels differ.
    `backwards[n]` maps pixels of frame n to frame n - 1."""
    occupied: dict[int, list[Bounds]] = {}
    for sign in signs:
        for number, known in sign.places.items():
            occupied.setdefault(number, []).append(bounds(known.corners))
    for sign in sorted(signs, key=lambda s: min(s.places)):
        number = min(sign.places)
        while number > 0:
            back = backwards[number]
            if not carry(sign, number, number - 1, pictures, back, least):
                break
            number -= 1
            here = bounds(sign.places[number].corners)
            if any(overlaps(here, other)[1] > _COVERED for other in occupied.get(number, ())):
                del sign.places[number]
                break
            occupied.setdefault(number, []).append(here)
        part_off(sign, signs)


def _same_sign(here: Corners, region: Corners, picture: Picture) -> float:
    """How far a carried sign and a region are one (0 where not): overlap, or one inside the other at the
    picture's edge, where signs come in piece by piece."""
    ratio = line_height(region) / max(1.0, line_height(here))
    if not _HEIGHTS[0] < ratio < _HEIGHTS[1]:
        return 0.0
    a = bounds(here)
    union, inside = overlaps(a, bounds(region))
    at_edge = a[0] < _EDGE or a[2] > picture.width - _EDGE
    return union if union > _SAME or (inside > _INSIDE and at_edge) else 0.0
