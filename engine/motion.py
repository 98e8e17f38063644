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

Marks = tuple[Corners, NDArray[np.uint8]]

_SMALL = 640
_MARKS = 700
_FEWEST = 12
_LEAST_SHARE = 0.05
_MOVED, _AGAINST_STILL = 1.5, 0.5
_CLOSE, _ENOUGH = 4.0, 40
_LIKE_MARKS = 48
_STRETCH = 64
_PATCH_HEIGHT = 24
_PATCH_WIDTH = 144
_FLAT = 5.0
_SHRINK = [np.diag([0.5**level, 0.5**level, 1.0]) for level in range(3)]
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
    def marks(self) -> Marks:
        """ORB features of the small picture: places (n, 2) and descriptors (n, 32)."""
        points, descriptors = cv2.ORB.create(nfeatures=_MARKS, fastThreshold=12).detectAndCompute(
            self.small, None
        )
        if descriptors is None:
            return np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8)
        return np.asarray(cv2.KeyPoint.convert(points), np.float32), descriptors


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
    """The camera's motion from `a` to `b`: matched ORB features, a similarity by RANSAC among those that moved
    and among all, the better supported one (overlays stand still and must not win over a moving scene), then a
    homography over its inliers. STILL where too few features agree."""
    if min(len(a.marks[0]), len(b.marks[0])) < _FEWEST:
        return STILL
    mine, theirs = _alike(a.marks[1], b.marks[1])
    if len(mine) < _FEWEST:
        return STILL
    source, target = a.marks[0][mine], b.marks[0][theirs]
    moved = np.abs(target - source).max(axis=1) > _MOVED
    still = int((~moved).sum())
    found = _similarity(source[moved], target[moved])
    if found is None or found[1] < _AGAINST_STILL * still:
        found = _similarity(source, target)
    if found is None:
        return STILL
    matrix, count = found
    ahead = mapped(matrix, source)
    close = np.abs(ahead - target).max(axis=1) <= _CLOSE
    if int(close.sum()) >= _ENOUGH:
        refined, _ = cv2.findHomography(source[close], target[close], 0)
        if refined is not None and _plausible(refined):
            matrix = refined
    scale = a.width / _SMALL
    to_source = np.diag([scale, scale, 1.0])
    return Motion(to_source @ matrix @ np.linalg.inv(to_source), min(1.0, count / len(mine)))


def _alike(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of descriptors `a` and `b` that are each other's nearest by Hamming distance, and near enough. One table
    of distances serves both ways; OpenCV's matcher makes it twice."""
    apart = bits_apart(a, b)
    nearest, back = apart.argmin(axis=1), apart.argmin(axis=0)
    rows = np.arange(len(a))
    mutual = (back[nearest] == rows) & (apart[rows, nearest] <= _LIKE_MARKS)
    return rows[mutual], nearest[mutual]


def bits_apart(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Hamming distances (n, m) of descriptors, made in stretches of rows that stay in the processor's cache."""
    words_a, words_b = (np.ascontiguousarray(codes.view(np.uint64).T) for codes in (a, b))
    apart = np.zeros((len(a), len(b)), np.uint16)
    for start in range(0, len(a), _STRETCH):
        rows = apart[start : start + _STRETCH]
        for word_a, word_b in zip(words_a[:, start : start + _STRETCH], words_b, strict=True):
            rows += np.bitwise_count(word_a[:, None] ^ word_b)
    return apart


def _similarity(source: Corners, target: Corners) -> tuple[Matrix, int] | None:
    """Shift, turn and zoom that most point pairs follow, with their number; None below a dozen."""
    if len(source) < _FEWEST:
        return None
    partial, inliers = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=2.5
    )
    if partial is None or int(inliers.sum()) < _FEWEST:
        return None
    matrix: Matrix = np.vstack([partial, [0.0, 0.0, 1.0]])
    return (matrix, int(inliers.sum())) if _plausible(matrix) else None


def _plausible(matrix: Matrix) -> bool:
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    return 0.5 < zoom < 2.0 and float(np.abs(matrix[2, :2]).max()) < 2e-3


def mapped(matrix: Matrix, corners: Corners) -> Corners:
    """Points (n, 2) through a homography."""
    ahead = corners @ matrix[:, :2].T + matrix[:, 2]
    return (ahead[:, :2] / ahead[:, 2:]).astype(np.float32)


def bounds(corners: Corners) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of points (n, 2)."""
    across, down = corners.T.tolist()
    return min(across), min(down), max(across), max(down)


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
    columns, rows = max(6, round(wide * scale)), max(6, round(high * scale))
    place = np.array([[wide / columns, 0, x0], [0, high / rows, y0], [0, 0, 1.0]])
    ahead = matrix @ place
    visible = _visible(ahead, columns, rows, b)
    if visible is None:
        return None
    patch = _warp(a.level(level), _SHRINK[level] @ place, columns, rows)[:, visible[0] : visible[1]]
    if _is_flat(patch):
        return None
    reach = max(4, round(max(0.35 * rows, 7 * scale)))
    offset = np.array([[1, 0, -reach], [0, 1, -reach], [0, 0, 1.0]])
    area = _warp(b.level(level), _SHRINK[level] @ ahead @ offset, columns + 2 * reach, rows + 2 * reach)
    area = area[:, visible[0] : visible[1] + 2 * reach]
    _, score, _, (dx, dy) = cv2.minMaxLoc(cv2.matchTemplate(area, patch, cv2.TM_CCOEFF_NORMED))
    if not score >= least:
        return None
    middle = np.array(
        [[columns / 2, rows / 2], [columns / 2 + dx - reach, rows / 2 + dy - reach]], np.float32
    )
    before, after = mapped(ahead, middle)
    return mapped(matrix, corners) + (after - before), float(min(1.0, score))


def _is_flat(patch: Gray) -> bool:
    """Whether the standard deviation of brightness is below the least, by sums of whole numbers."""
    total, squares = int(cv2.sumElems(patch)[0]), round(cv2.norm(patch, cv2.NORM_L2SQR))
    return squares * patch.size - total * total < (_FLAT * patch.size) ** 2


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
