"""One sign from frame to frame: carried along the camera's motion, and parted where it stops looking like itself.

A board that turns over often resembles what it showed before just enough to be taken for it. So a weak likeness makes
the places from there on doubtful, until the sign looks again as it did before (a player passed, a blurred frame) or
is followed on for long enough without: then they are a sign of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from engine.adapters.cv import cv2
from engine.motion import Corners, Matrix, Picture, find_again, mapped
from engine.search_areas import line_height, visible_share

_VISIBLE = 0.35
_SURE_TEXT, _TALL = 0.6, 12.0
_IDENTITY: Matrix = np.eye(3)
_DOUBTED = 0.8
"""A correlation (0..1) below this makes the place doubtful: boards that turned over to other letters in the same
colours reach it, a sign that a moving camera shows again mostly stays above it."""
_DOUBTED_FRAMES = 3
_FIRM = 0.85


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
    screen while the picture moved. `doubted` are the last places where it no longer looks as it did on the frame
    `sure`: a board that turned over, or a player who is about to pass. `whole` are its corners as far as they are
    known where a side of the picture cuts it (see engine.extents)."""

    detector: str
    label: str
    places: dict[int, Place] = field(default_factory=dict)
    still: int = 0
    moving: int = 0
    sure: int = 0
    doubted: list[int] = field(default_factory=list)
    whole: dict[int, Corners] = field(default_factory=dict)

    def parted(self, seen_anew: bool) -> Followed | None:
        """The doubted places as a sign of their own, which this one then no longer has; None without any, and where
        nothing firm came after them (a blurred frame at the end): neither was it followed on nor `seen_anew`."""
        numbers, self.doubted = [n for n in self.doubted if n in self.places], []
        if not numbers or not (seen_anew or any(self.places[n].score >= _FIRM for n in numbers)):
            return None
        return Followed(self.detector, self.label, {n: self.places.pop(n) for n in numbers})

    @property
    def read_well(self) -> bool:
        """Surely text, and tall enough that looking for it again pays."""
        found = [p for p in self.places.values() if p.seen == "detected"]
        return (
            bool(found)
            and max(p.score for p in found) >= _SURE_TEXT
            and any(line_height(p.corners) >= _TALL for p in found)
        )


def carry(
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
    if not sign.doubted and best[1] < _DOUBTED:
        sign.sure = before
        sign.doubted = [now]
    elif sign.doubted and looks_as_before(sign, best[0], b, pictures):
        sign.doubted = []
    elif sign.doubted:
        sign.doubted.append(now)
    return True


def part_off(sign: Followed, signs: list[Followed], seen_anew: bool = False) -> Followed:
    """What a sign became where it stopped looking like itself: a sign of its own, or the sign itself."""
    rest = sign.parted(seen_anew)
    if rest is None:
        return sign
    signs.append(rest)
    return rest


def takes_too_long(sign: Followed) -> bool:
    """Whether a sign was doubtful on more frames in a row than a passing player or a blurred pan explains."""
    return len(sign.doubted) > _DOUBTED_FRAMES


def looks_as_before(sign: Followed, corners: Corners, picture: Picture, pictures: Sequence[Picture]) -> bool:
    """Whether a doubted sign that is at `corners` now looks as it did when it was last known for sure."""
    then = sign.places[sign.sure].corners
    matrix = cv2.getPerspectiveTransform(then.astype(np.float32), corners.astype(np.float32))
    return find_again(pictures[sign.sure], picture, then, matrix, _DOUBTED) is not None
