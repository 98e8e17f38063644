"""Follow signs through the sampled frames of one chunk: look now and then, carry in between, both ways.

The detector looks at a few frames of each shot; between looks every sign is carried along the camera's
motion, and stays only where the pixels confirm it. What a look finds for the first time is carried back
through the frames before it. A sign whose look changes (an LED board that turns over) is no longer confirmed
and ends; what stands there next is a track of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from engine.motion import STILL, Corners, Matrix, Motion, Picture, bounds, camera_motion, find_again, mapped

_SAME = 0.35
_INSIDE = 0.7
_COVERED = 0.5
_EDGE = 8
_HEIGHTS = (0.55, 1.8)
_VISIBLE = 0.35
_NEW_SHARE = 0.45
_FEW, _LOST_SHARE = 3, 0.3
_LEAST_LINE, _MOST_LINE = 12.0, 48.0
_STRIP = 32.0
_OVERHEAD = 32.0
_NEARLY_ALL = 0.6
_MISSED_FOR = 1.6
_SURE_TEXT, _TALL = 0.6, 12.0
_AGAIN_SHARE = 0.2
_IDENTITY: Matrix = np.eye(3)


@dataclass(frozen=True, slots=True)
class Region:
    """What a detector found on one frame: corners in image pixels, score 0..1, and the detector's name.
    `label` is an object's class, '' for text."""

    corners: Corners
    score: float
    detector: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a followed sign is on one frame. `score` is the detector's, or the correlation that carried it."""

    corners: Corners
    score: float
    seen: Literal["detected", "carried"]


@dataclass(slots=True, eq=False)
class Followed:
    """One sign over the frames of a shot: places by frame number. `still` of `moving` steps it stood still on
    screen while the picture moved."""

    shot: int
    detector: str
    label: str
    places: dict[int, Place] = field(default_factory=dict)
    still: int = 0
    moving: int = 0

    @property
    def read_well(self) -> bool:
        """Surely text, and tall enough that looking for it again pays."""
        found = [p for p in self.places.values() if p.seen == "detected"]
        return (
            bool(found)
            and max(p.score for p in found) >= _SURE_TEXT
            and any(line_height(p.corners) >= _TALL for p in found)
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame to follow through: its time in seconds, its shot, and its picture."""

    seconds: float
    shot: int
    picture: Picture


Bounds = tuple[float, float, float, float]
Look = Callable[[Picture, Sequence[Bounds] | None, int], list[Region]]
"""Detect on a picture (the frame of that number): on these areas of it, or on all of it (None)."""


def looks_at(moments: Sequence[Moment], every: float) -> set[int]:
    """The frames at which the detector looks: evenly over each shot, its first and last among them, at most
    `every` seconds apart as far as the frames allow."""
    chosen: set[int] = set()
    start = 0
    for end in range(1, len(moments) + 1):
        if end < len(moments) and moments[end].shot == moments[start].shot:
            continue
        length = moments[end - 1].seconds - moments[start].seconds
        steps = min(end - 1 - start, int(np.ceil(length / every - 1e-6)))
        for step in range(steps + 1):
            wanted = moments[start].seconds + (length * step / steps if steps else 0.0)
            chosen.add(min(range(start, end), key=lambda i: (abs(moments[i].seconds - wanted), i)))
        start = end
    return chosen


def follow(
    moments: Sequence[Moment],
    look: Look,
    *,
    every: float,
    least: float,
    whole_every: float = 0.0,
    tick: Callable[[int], None] = lambda done: None,
) -> list[Followed]:
    """All signs of the frames, in the order in which they were found. `least` is the correlation (0..1) that
    confirms a carried sign; `tick` is called after each frame with the number of frames done.

    A shot's first look, the looks where the camera's motion is lost, and one each `whole_every` seconds search
    the whole picture; the others only around known signs and what came into view since the last look. Between
    looks the detector searches around signs that were just lost and around those that came in from a side."""
    looked = looks_at(moments, every)
    pictures: list[Picture] = []
    motions: list[Motion] = []
    signs: list[Followed] = []
    active: list[Followed] = []
    seen_until = _IDENTITY
    gone: list[Corners] = []
    missing: list[_Missing] = []
    whole_at = 0.0
    for number, moment in enumerate(moments):
        picture = moment.picture
        opens = number == 0 or moment.shot != moments[number - 1].shot
        motion = STILL if opens else camera_motion(pictures[-1], picture)
        motions.append(motion)
        pictures.append(picture)
        if opens:
            active, gone, missing, seen_until, lost = [], [], [], _IDENTITY, False
        else:
            before = active
            missing = [m.moved(motion.matrix) for m in missing if moment.seconds - m.since <= _MISSED_FOR]
            active = [s for s in before if _carry(s, number - 1, number, pictures, motion.matrix, least)]
            gone = [mapped(motion.matrix, c) for c in gone]
            gone += [mapped(motion.matrix, s.places[number - 1].corners) for s in before if s not in active]
            lost = len(before) - len(active) >= max(_FEW, _LOST_SHARE * len(before))
            missing += [
                _Missing(mapped(motion.matrix, s.places[number - 1].corners), moment.seconds)
                for s in before
                if s not in active and s.read_well
            ]
            seen_until = motion.matrix @ seen_until
        strange = opens or lost or not motion.known or _new_share(seen_until, picture) > _NEW_SHARE
        if number in looked or strange:
            whole = strange or moment.seconds - whole_at >= whole_every - 1e-6
            areas = None if whole else look_areas(active, gone, number, seen_until, picture)
            if areas is None:
                whole_at = moment.seconds
            active = _merge(active, look(picture, areas, number), number, moment.shot, picture, signs)
            seen_until, gone, missing = _IDENTITY, [], []
        else:
            active, missing = _look_again(active, missing, look, number, moment, signs)
        tick(number + 1)
    _carry_back(moments, pictures, motions, signs, least)
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
    signs: list[Followed],
) -> tuple[list[Followed], list[_Missing]]:
    """Between two looks: search around signs that were lost a moment ago (shirts, signs behind a player) and
    around those that came in from the picture's edge and now show more of themselves. What is found of a lost
    sign begins a new one; the signs that are still lost are returned beside the active ones."""
    picture = moment.picture
    entering = [s for s in active if _came_in(s, number, picture)]
    wanted = [m for m in missing if visible_share(m.corners, picture) >= _NEARLY_ALL]
    if not entering and not wanted:
        return active, missing
    around = [_around(bounds(m.corners), line_height(m.corners), 1.5) for m in wanted]
    for sign in entering:
        x0, y0, x1, y1 = _around(
            bounds(sign.places[number].corners), line_height(sign.places[number].corners), 1
        )
        from_left = sum(bounds(sign.places[number].corners)[::2]) < picture.width
        around.append((0.0, y0, x1, y1) if from_left else (x0, y0, float(picture.width), y1))
    areas = united(around, picture)
    if sum((c - a) * (d - b) for a, b, c, d in areas) > _AGAIN_SHARE * picture.width * picture.height:
        return active, missing
    others = [bounds(s.places[number].corners) for s in active if s not in entering]
    fresh = []
    for region in look(picture, areas, number):
        here = bounds(region.corners)
        known = any(overlaps(here, other)[1] > _SAME for other in others)
        if not known and any(_inside(here, area, picture) for area in areas):
            fresh.append(region)
    found = [bounds(r.corners) for r in fresh]
    missing = [m for m in missing if all(overlaps(bounds(m.corners), f)[1] <= _SAME for f in found)]
    return _merge(active, fresh, number, moment.shot, picture, signs), missing


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


def _around(place: Bounds, line: float, lines: float) -> Bounds:
    x0, y0, x1, y1 = place
    return x0 - 2 * lines * line, y0 - lines * line, x1 + 2 * lines * line, y1 + lines * line


def _inside(here: Bounds, area: Bounds, picture: Picture) -> bool:
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


def _carry(
    sign: Followed, before: int, now: int, pictures: Sequence[Picture], matrix: Matrix, least: float
) -> bool:
    """Carry a sign to a neighbouring frame by the camera's motion, or unmoved (an overlay), whichever the
    pixels confirm better; False where neither."""
    corners = sign.places[before].corners
    a, b = pictures[before], pictures[now]
    moved = float(np.abs(mapped(matrix, corners) - corners).max())
    best = find_again(a, b, corners, matrix, least)
    stays = False
    if moved >= 2.0:
        unmoved = find_again(a, b, corners, _IDENTITY, least)
        if unmoved is not None and (best is None or unmoved[1] > best[1] + 0.02):
            best = unmoved
            stays = float(np.abs(unmoved[0] - corners).max()) < 1.5
    if best is None or visible_share(best[0], b) < _VISIBLE:
        return False
    if moved >= 2.0:
        sign.moving += 1
        sign.still += stays
    sign.places[now] = Place(best[0], round(best[1], 4), "carried")
    return True


def _merge(
    active: list[Followed],
    regions: list[Region],
    number: int,
    shot: int,
    picture: Picture,
    signs: list[Followed],
) -> list[Followed]:
    """Give each region to the sign that was carried there, or let it begin a new one; a carried sign that a
    region covers but doesn't equal ends here."""
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
            sign = Followed(shot, region.detector, region.label)
            sign.places[number] = Place(region.corners, region.score, "detected")
            signs.append(sign)
            kept.append(sign)
    return kept


def look_areas(
    active: Sequence[Followed], gone: Sequence[Corners], number: int, seen_until: Matrix, picture: Picture
) -> list[Bounds] | None:
    """Where a partial look searches: around the signs that are followed or were lost, and in the strips that
    came into view since the last look. None where that is nearly the whole picture."""
    width, height = float(picture.width), float(picture.height)
    around: list[Bounds] = []
    for corners in [*(s.places[number].corners for s in active), *gone]:
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
    return areas if share < _NEARLY_ALL else None


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


def _carry_back(
    moments: Sequence[Moment],
    pictures: Sequence[Picture],
    motions: Sequence[Motion],
    signs: Sequence[Followed],
    least: float,
) -> None:
    """Carry each sign back from the frame that found it, up to where another stands or the pixels differ."""
    occupied: dict[int, list[Bounds]] = {}
    for sign in signs:
        for number, known in sign.places.items():
            occupied.setdefault(number, []).append(bounds(known.corners))
    backwards: list[Matrix] = [np.linalg.inv(motion.matrix).astype(np.float64) for motion in motions]
    for sign in sorted(signs, key=lambda s: min(s.places)):
        number = min(sign.places)
        while number > 0 and moments[number].shot == moments[number - 1].shot:
            back = backwards[number]
            if not _carry(sign, number, number - 1, pictures, back, least):
                break
            number -= 1
            here = bounds(sign.places[number].corners)
            if any(overlaps(here, other)[1] > _COVERED for other in occupied.get(number, ())):
                del sign.places[number]
                break
            occupied.setdefault(number, []).append(here)


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


def _new_share(matrix: Matrix, picture: Picture) -> float:
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
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    return float(min(sides[0] + sides[2], sides[1] + sides[3]) / 2)
