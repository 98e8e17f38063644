"""How the camera moved between two sampled frames of a shot, and how a patch of one is found in the other.

All coordinates are pixels of the stored image; a motion is a homography (3, 3) that maps the first frame's
pixels to the second's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2

Matrix = NDArray[np.float64]
Gray = NDArray[np.uint8]
Corners = NDArray[np.float32]

_SMALL = 640
_POINTS = 300
_FEWEST = 12
_LEAST_SHARE = 0.05
_PATCH_HEIGHT = 24
_PATCH_WIDTH = 144
_FLAT = 5.0
_LEAST_WIDE, _LEAST_HIGH = 0.35, 0.6


class Picture:
    """One frame as tracking needs it: its grey pyramid, made when first asked for, and a way to its pixels."""

    def __init__(self, load: Callable[[], NDArray[np.uint8]]) -> None:
        self._load = load
        pixels = load()
        self.height, self.width = pixels.shape[:2]
        self._levels: list[Gray] = [cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The colour picture, loaded anew: a chunk's frames stay in memory together, so only grey is kept."""
        return self._load()

    def level(self, number: int) -> Gray:
        """The grey picture, halved `number` times."""
        while len(self._levels) <= number:
            self._levels.append(
                cv2.resize(self._levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            )
        return self._levels[number]

    @cached_property
    def small(self) -> Gray:
        """The grey picture at 640 px width."""
        size = (_SMALL, max(16, round(self.height * _SMALL / self.width)))
        return cv2.resize(self.level(0), size, interpolation=cv2.INTER_AREA)

    @cached_property
    def tiny(self) -> NDArray[np.float32]:
        """The small picture at a quarter, with slow brightness changes taken out, for phase correlation."""
        quarter = cv2.resize(self.small, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        quarter = quarter.astype(np.float32)
        return quarter - cv2.blur(quarter, (15, 15))


@dataclass(frozen=True, slots=True)
class Motion:
    """A homography and how far it is to be trusted: the share of feature points that follow it (0..1)."""

    matrix: Matrix
    share: float

    @property
    def known(self) -> bool:
        return self.share >= _LEAST_SHARE


STILL = Motion(np.eye(3), 0.0)


def camera_motion(a: Picture, b: Picture) -> Motion:
    """The camera's motion from `a` to `b`: corners followed by pyramidal Lucas-Kanade from a start given by
    phase correlation, checked backwards, then a homography by RANSAC; a similarity where that is implausible.
    STILL where too few points agree."""
    points = cv2.goodFeaturesToTrack(a.small, _POINTS, 0.01, 6)
    if points is None or len(points) < _FEWEST:
        return STILL
    window = cv2.createHanningWindow((a.tiny.shape[1], a.tiny.shape[0]), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(a.tiny, b.tiny, window)
    shift = (4 * dx, 4 * dy)
    starts = [shift, (0.0, 0.0)] if max(abs(shift[0]), abs(shift[1])) >= 3 else [(0.0, 0.0)]
    best: Matrix | None = None
    most = 0
    for start in starts:
        matrix, count = _from_points(a.small, b.small, points, start)
        if matrix is not None and count > most * (0.6 if _moves(matrix, a.small) else 1.0):
            best, most = matrix, count
        if count > 0.5 * len(points):
            break
    if best is None or most < _FEWEST:
        return STILL
    scale = a.width / _SMALL
    to_source = np.diag([scale, scale, 1.0])
    return Motion(to_source @ best @ np.linalg.inv(to_source), most / len(points))


def _from_points(a: Gray, b: Gray, points: Corners, start: tuple[float, float]) -> tuple[Matrix | None, int]:
    guess = (points + np.array(start, np.float32)).astype(np.float32)
    ahead, found = _flow(a, b, points, guess)
    back, again = _flow(b, a, ahead, points.copy())
    good = (found[:, 0] == 1) & (again[:, 0] == 1) & (np.abs(back - points).max(axis=(1, 2)) < 1.0)
    if int(good.sum()) < _FEWEST:
        return None, 0
    source, target = points[good, 0], ahead[good, 0]
    matrix, inliers = cv2.findHomography(source, target, cv2.RANSAC, 2.0)
    if matrix is not None and _plausible(matrix):
        return matrix, int(inliers.sum())
    partial, inliers = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=2.0
    )
    if partial is None:
        return None, 0
    matrix = np.vstack([partial, [0.0, 0.0, 1.0]])
    return (matrix, int(inliers.sum())) if _plausible(matrix) else (None, 0)


def _flow(a: Gray, b: Gray, points: Corners, guess: Corners) -> tuple[Corners, NDArray[np.uint8]]:
    ahead, found, _ = cv2.calcOpticalFlowPyrLK(
        a, b, points, guess, winSize=(15, 15), maxLevel=3, criteria=(3, 12, 0.03),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    return ahead, found


def _plausible(matrix: Matrix) -> bool:
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    return 0.5 < zoom < 2.0 and float(np.abs(matrix[2, :2]).max()) < 2e-3


def _moves(matrix: Matrix, picture: Gray) -> bool:
    middle = np.array([[picture.shape[1] / 2, picture.shape[0] / 2]], np.float32)
    return float(np.abs(mapped(matrix, middle) - middle).max()) >= 1.0


def mapped(matrix: Matrix, corners: Corners) -> Corners:
    """Points (n, 2) through a homography."""
    ahead = np.c_[corners, np.ones(len(corners))] @ matrix.T
    return (ahead[:, :2] / ahead[:, 2:]).astype(np.float32)


def bounds(corners: Corners) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of points (n, 2)."""
    x0, y0 = corners.min(axis=0)
    x1, y1 = corners.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def find_again(
    a: Picture, b: Picture, corners: Corners, matrix: Matrix, least: float
) -> tuple[Corners, float] | None:
    """Where the patch of `a` under `corners` lies in `b`, close to where `matrix` puts it: its corners there
    and the normalised cross-correlation (0..1); None below `least`, where the patch is too flat to tell, or
    where under a third of its width is inside the picture."""
    x0, y0, x1, y1 = bounds(corners)
    x0, y0, x1, y1 = max(0.0, x0), max(0.0, y0), min(a.width - 1.0, x1), min(a.height - 1.0, y1)
    wide, high = x1 - x0, y1 - y0
    if wide < 4 or high < 4:
        return None
    margin = 0.12 * high
    x0, y0, wide, high = x0 - margin, y0 - margin, wide + 2 * margin, high + 2 * margin
    scale = min(1.0, _PATCH_HEIGHT / min(high, wide), _PATCH_WIDTH / max(wide, high))
    level = 0 if scale > 0.6 else 1 if scale > 0.3 else 2
    shrink = np.diag([2.0**-level, 2.0**-level, 1.0])
    columns, rows = max(6, round(wide * scale)), max(6, round(high * scale))
    place = np.array([[wide / columns, 0, x0], [0, high / rows, y0], [0, 0, 1.0]])
    visible = _visible(matrix @ place, columns, rows, b)
    if visible is None:
        return None
    patch = _warp(a.level(level), shrink @ place, columns, rows)[:, visible[0] : visible[1]]
    if float(patch.std()) < _FLAT:
        return None
    reach = max(4, round(max(0.35 * rows, 7 * scale)))
    offset = np.array([[1, 0, -reach], [0, 1, -reach], [0, 0, 1.0]])
    area = _warp(b.level(level), shrink @ matrix @ place @ offset, columns + 2 * reach, rows + 2 * reach)
    area = area[:, visible[0] : visible[1] + 2 * reach]
    _, score, _, (dx, dy) = cv2.minMaxLoc(cv2.matchTemplate(area, patch, cv2.TM_CCOEFF_NORMED))
    if not score >= least:
        return None
    middle = np.array(
        [[columns / 2, rows / 2], [columns / 2 + dx - reach, rows / 2 + dy - reach]], np.float32
    )
    before, after = mapped(matrix @ place, middle)
    return mapped(matrix, corners) + (after - before), float(min(1.0, score))


def _warp(picture: Gray, matrix: Matrix, columns: int, rows: int) -> Gray:
    """The piece of `picture` that `matrix` (from piece to picture) points at."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(picture, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _visible(matrix: Matrix, columns: int, rows: int, b: Picture) -> tuple[int, int] | None:
    """The columns of a patch that lie inside `b`; None where too little of it does."""
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    x0, y0, x1, y1 = bounds(mapped(matrix, corners))
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    left, right = max(0.0, -x0 / (x1 - x0)), min(1.0, (b.width - x0) / (x1 - x0))
    top, bottom = max(0.0, -y0 / (y1 - y0)), min(1.0, (b.height - y0) / (y1 - y0))
    if right - left < _LEAST_WIDE or bottom - top < _LEAST_HIGH:
        return None
    first = int(left * columns)
    return first, max(int(np.ceil(right * columns)), first + 4)
