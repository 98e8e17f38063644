"""Regions on one picture: search it for text at a given size, mask areas, clip what hangs over the edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.carrying import Region
from engine.motion import Corners, Picture, bounds
from engine.search_areas import Bounds, line_height, overlaps
from engine.written import Area

_MOST_ENLARGED = 2.0
_SAME_REGION = 0.6


class FoundText(Protocol):
    """A detector's answer: corners (4, 2) and score 0..1."""

    @property
    def quad(self) -> Corners: ...

    @property
    def score(self) -> float: ...


class Detector(Protocol):
    """Anything that finds lines of text in a BGR picture."""

    def find(
        self, picture: NDArray[np.uint8], min_score: float = 0.0, *, piece: bool = False
    ) -> Sequence[FoundText]: ...


def text_regions(
    detector: Detector,
    picture: Picture,
    areas: Sequence[Bounds] | None,
    *,
    search_edge: int,
    min_height: float,
    floor: float,
    name: str,
) -> list[Region]:
    """Lines of text in a picture, or in these areas of it, searched at `search_edge` pixels of the picture's
    longest edge (at most doubled). `min_height` is in the picture's own pixels."""
    scale = _search_scale(picture.width, picture.height, search_edge)
    pixels = picture.pixels
    regions: list[Region] = []
    for x0, y0, x1, y1 in areas if areas is not None else [(0.0, 0.0, pixels.shape[1], pixels.shape[0])]:
        left, top = int(x0), int(y0)
        piece = pixels[top : int(np.ceil(y1)), left : int(np.ceil(x1))]
        shift = np.array([left, top], np.float32)
        for found in detector.find(scaled(piece, scale), floor, piece=areas is not None):
            corners = (found.quad / np.float32(scale) + shift).astype(np.float32)
            if line_height(corners) >= min_height:
                regions.append(Region(corners, found.score, name))
    return regions if areas is None else _once(regions)


def _once(regions: list[Region]) -> list[Region]:
    """Regions without those that another area found as well, the surest kept."""
    kept: list[Region] = []
    for region in sorted(regions, key=lambda r: -r.score):
        here = bounds(region.corners)
        if all(overlaps(here, bounds(k.corners))[1] <= _SAME_REGION for k in kept):
            kept.append(region)
    return kept


def searched_size(width: int, height: int, search_edge: int) -> tuple[int, int]:
    """The width and height in which a whole picture of this size is searched at `search_edge`."""
    return _scaled_size(width, height, _search_scale(width, height, search_edge))


def _search_scale(width: int, height: int, search_edge: int) -> float:
    return min(_MOST_ENLARGED, search_edge / max(width, height))


def scaled(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """The picture scaled, by area when it shrinks and cubically when it grows."""
    size = _scaled_size(pixels.shape[1], pixels.shape[0], scale)
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return cv2.resize(pixels, size, interpolation=how)


def _scaled_size(width: int, height: int, scale: float) -> tuple[int, int]:
    if abs(scale - 1.0) < 1e-6:
        return width, height
    return max(1, round(width * scale)), max(1, round(height * scale))


def masked(corners: Corners, picture: Picture, areas: Sequence[Area]) -> bool:
    """True where the middle of a region lies in a masked area."""
    x0, y0, x1, y1 = bounds(corners)
    x, y = (x0 + x1) / 2 / picture.width, (y0 + y1) / 2 / picture.height
    return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in areas)


def inside_picture(corners: Corners, picture: Picture) -> Corners:
    """The part of a four-cornered region that is inside the picture, cut along its sides; the region itself
    where it lies wholly inside."""
    x0, y0, x1, y1 = bounds(corners)
    left, right = max(0.0, -x0 / (x1 - x0)), min(1.0, (picture.width - x0) / (x1 - x0))
    top, bottom = max(0.0, -y0 / (y1 - y0)), min(1.0, (picture.height - y0) / (y1 - y0))
    if left <= 0 and right >= 1 and top <= 0 and bottom >= 1:
        return corners
    limits = np.array([picture.width, picture.height], np.float32)
    if x1 - x0 < y1 - y0:
        return np.clip(corners, 0, limits)
    tl, tr, br, bl = corners
    cut = np.array(
        [tl + (tr - tl) * left, tl + (tr - tl) * right, bl + (br - bl) * right, bl + (br - bl) * left]
    )
    return np.clip(cut, 0, limits).astype(np.float32)
