"""How alike two neighbouring sampled frames are: shot cuts, near-duplicates, black and blurred pictures.

Samples lie some tenths of a second apart, so a moving camera changes much from one to the next. A cut is told
from a pan by geometry: where a similarity transform carries many corners of one picture into the other, they
belong to one shot however different they look; where none does although both are rich in corners, they
don't, even if their colours agree. Overlays that stand still over a cut count for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.stage import Image

WIDTH = 640
"""Pixels of width at which sharpness is measured."""

_CORNERS_WIDTH = 480
_BANDS = 3
_BINS = (12, 4, 4)
_BLOCK = 10
_RICH = 300
_MANY = 25
_CHANCE = 9
"""So many corners fit some transform by chance."""
_NO_MOTION_WEIGHT = 0.32
_GRID = (16, 9)
_OVERLAID = [0, 7, 8]
_SOME = 10
_SHIFT = 2.0
_FIT = 4.0

Relief: TypeAlias = NDArray[np.float32]
"""Fine detail of a grey picture: what is left without its local mean, so that light doesn't matter."""


@dataclass(slots=True, eq=False)
class Look:
    """What is remembered of one frame for comparing: a small picture and a grey one at 640 px width, colours by
    band, brightness (mean, 0..255), the level that 98 % of the pixels stay below, sharpness (variance of the
    Laplacian at 640 px width, ≥ 0). What only looks into the details of two frames need is made when first needed."""

    small: Image
    fine: Image
    colours: NDArray[np.float32]
    brightness: float
    highlight: float
    sharpness: float
    _grey: Image | None = field(default=None, repr=False)
    _corners: tuple[NDArray[np.float32], NDArray[np.uint8]] | None = field(default=None, repr=False)
    _relief: Relief | None = field(default=None, repr=False)

    def grey(self) -> Image:
        """The grey picture at 480 px width, in which corners are found."""
        if self._grey is None:
            size = (_CORNERS_WIDTH, max(6, round(self.fine.shape[0] * _CORNERS_WIDTH / WIDTH)))
            self._grey = cv2.resize(self.fine, size, interpolation=cv2.INTER_AREA)
        return self._grey

    def relief(self) -> Relief:
        """The relief at half the grey picture's size."""
        if self._relief is None:
            height, width = (max(1, n // 2) for n in self.grey().shape)
            half = cv2.resize(self.grey(), (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
            self._relief = half - cv2.blur(half, (7, 7))
        return self._relief

    def corners(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Positions (n, 2) in the grey picture and ORB descriptors (n, 32)."""
        if self._corners is None:
            finder = cv2.ORB.create(
                nfeatures=600, scaleFactor=1.3, nlevels=5, fastThreshold=8, edgeThreshold=15, patchSize=21
            )
            points, codes = finder.detectAndCompute(self.grey(), None)
            if codes is None:
                self._corners = (np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8))
            else:
                self._corners = (np.asarray(cv2.KeyPoint.convert(points), np.float32), codes)
        return self._corners


def look_at(image: Image) -> Look:
    """The look of a stored frame (BGR, any size); about 0.6 ms for 1280 × 720."""
    height = max(8, round(image.shape[0] * WIDTH / image.shape[1]))
    middle = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(middle, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(middle, (WIDTH // 2, max(4, height // 2)), interpolation=cv2.INTER_AREA)
    tiny = cv2.cvtColor(
        cv2.resize(small, (WIDTH // 4, max(_BANDS, height // 4)), interpolation=cv2.INTER_AREA),
        cv2.COLOR_BGR2HSV,
    )
    bands = []
    for band in np.array_split(tiny, _BANDS):
        counts = cv2.calcHist([np.ascontiguousarray(band)], [0, 1, 2], None, _BINS, [0, 180, 0, 256, 0, 256])
        bands.append(counts.ravel() / max(1.0, float(counts.sum())))
    brightness = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return Look(
        small=small,
        fine=grey,
        colours=np.asarray(bands, np.float32),
        brightness=float(brightness.mean()),
        highlight=float(np.percentile(brightness[::2, ::2], 98)),
        sharpness=_variance(cv2.Laplacian(grey, cv2.CV_16S)),
    )


def _variance(values: NDArray[np.int16]) -> float:
    """From two sums, in a tenth of the time that OpenCV's meanStdDev takes."""
    mean = cv2.sumElems(values)[0] / values.size
    return float(max(0.0, cv2.norm(values, cv2.NORM_L2SQR) / values.size - mean * mean))


def is_black(look: Look, level: float) -> bool:
    """Dark all over: the mean below `level` (0..255) and nothing but noise above."""
    return look.brightness < level and look.highlight < 16 + 2 * level


def block_difference(a: Look, b: Look) -> float:
    """The largest mean difference (0..255) of any block of 20 × 20 pixels at 640 px width, in any colour.

    The largest and not the mean of all, so that a board that turns over in a still picture is noticed."""
    if a.small.shape != b.small.shape:
        return 255.0
    apart = cv2.absdiff(a.small, b.small)
    rows, columns = (max(1, n // _BLOCK) for n in apart.shape[:2])
    return float(cv2.resize(apart.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA).max())


def cut_score(a: Look, b: Look, threshold: float = 0.0) -> float:
    """How much speaks for a cut between two neighbouring samples, 0 (none) to 1.

    Colour distance d (1 - histogram intersection, mean over three bands, which a pan hardly changes), less
    the evidence e (0..1) that one camera motion or none explains both pictures, plus a share where both are
    rich in corners (r, 0..1) and nothing fits: d (1 - 0.75 e) + 0.32 (1 - e) r. What could not lift the
    result to `threshold` is not computed.
    """
    apart = float(1 - np.minimum(a.colours, b.colours).sum(axis=1).mean())
    if apart + _NO_MOTION_WEIGHT < threshold:
        return min(1.0, apart)
    if a.grey().shape != b.grey().shape:
        return min(1.0, apart + _NO_MOTION_WEIGHT)
    still = _agreement(a.relief(), b.relief(), None)
    evidence = max(_evident(still), _evident(_after_shift(a.relief(), b.relief())))
    rich = 0.0
    if evidence < 1 and apart * (1 - 0.75 * evidence) + _NO_MOTION_WEIGHT * (1 - evidence) >= threshold:
        rich = min(1.0, min(len(a.corners()[0]), len(b.corners()[0])) / _RICH)
        moved, share = _moved_together(a, b, still >= 0.5)
        by_count = min(1.0, max(0.0, (moved - _CHANCE) / (_MANY - _CHANCE)))
        evidence = max(evidence, by_count, _evident(share) if moved >= _SOME else 0.0)
    return min(1.0, apart * (1 - 0.75 * evidence) + _NO_MOTION_WEIGHT * (1 - evidence) * rich)


def _evident(share: float) -> float:
    """Evidence (0..1) from the share of blocks that agree; grass and overlays alone reach a third."""
    return min(1.0, max(0.0, (share - 0.33) / 0.12))


def _agreement(a: Relief, b: Relief, motion: NDArray[np.float32] | None) -> float:
    """The share (0..1) of textured blocks whose relief is alike once `motion` (2 × 3, in pixels of the
    relief) has moved a; 0 where too little of both is left to say so."""
    valid: NDArray[np.bool_] | None = None
    if motion is not None:
        size = (a.shape[1], a.shape[0])
        inside = cv2.warpAffine(np.ones_like(a), motion, size)
        a = cv2.warpAffine(a, motion, size)
        valid = _blocks(inside) > 0.8
    apart, own, other = _blocks(np.abs(a - b)), _blocks(np.abs(a)), _blocks(np.abs(b))
    textured = np.maximum(own, other) > 1.5
    textured[_OVERLAID] = False
    if valid is not None:
        textured &= valid
    if textured.sum() < (8 if valid is None else 20):
        return 0.0
    return float((apart[textured] < 0.7 * (own + other)[textured]).mean())


def _blocks(values: Relief) -> Relief:
    found: Relief = cv2.resize(values, _GRID, interpolation=cv2.INTER_AREA)
    return found


def _after_shift(a: Relief, b: Relief) -> float:
    """Agreement after the shift that phase correlation finds."""
    window = cv2.createHanningWindow((max(2, a.shape[1]), max(2, a.shape[0])), cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(a, b, window)
    return _agreement(a, b, np.array([[1, 0, x], [0, 1, y]], np.float32))


def _moved_together(a: Look, b: Look, resting: bool) -> tuple[int, float]:
    """How many corners one plausible camera motion carries from a to b, and what agrees after it. Corners
    that stay where they are count only where the camera rests: otherwise they are an overlay's."""
    (at_a, codes_a), (at_b, codes_b) = a.corners(), b.corners()
    if min(len(at_a), len(at_b)) < 8:
        return 0, 0.0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(codes_a, codes_b, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < 0.8 * p[1].distance]
    start = at_a[[m.queryIdx for m in good]]
    end = at_b[[m.trainIdx for m in good]]
    if not resting and len(good):
        moving = np.abs(start - end).max(axis=1) > _SHIFT
        start, end = start[moving], end[moving]
    if len(start) < 6:
        return 0, 0.0
    motion, fits = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=_FIT, maxIters=500
    )
    if motion is None:
        return 0, 0.0
    scale = float(np.hypot(motion[0, 0], motion[1, 0]))
    turn = abs(float(np.degrees(np.arctan2(motion[1, 0], motion[0, 0]))))
    if not (0.6 < scale < 1.7 and turn < 10):
        return 0, 0.0
    smaller = motion.astype(np.float32)
    smaller[:, 2] *= a.relief().shape[1] / a.grey().shape[1]
    return int(fits.sum()), _agreement(a.relief(), b.relief(), smaller)
