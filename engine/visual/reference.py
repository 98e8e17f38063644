"""A reference picture made ready for the search: coarse templates, a fine grid, and its own features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

COARSE_SIZE, COARSE_SIDE = 14.0, 10.0
"""Size (root of width times height) and least side of the coarse templates, in pixels."""
FINE_SIZE, FINE_SIDE = 28.0, 14.0
"""The same of the grid on which a find is verified."""
WIDTHS = (0.76, 0.95, 1.18)
"""Widths of the coarse templates as a share of the reference's own: boards turned away are narrower."""
FEATURE_SIZE = 96.0
"""Size in pixels at which features of the reference are taken."""
LEAST_SIDE, LEAST_CONTRAST = 8, 6.0
"""A reference smaller (pixels) or flatter (standard deviation of its levels) can't be searched for."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`axis` (1, 4) turns BGR into the one channel in which the reference varies most. `coarse` are the
    templates in that channel, one for each of WIDTHS. `fine` (h, w, 3) is the verification grid, `soft` the
    same out of focus, `weights` (h, w) trust its middle more than its rim. `points` (n, 2) are features'
    places in pixels of the reference, `features` (n, 128) their descriptors. `width`, `height`: pixels."""

    digest: str
    width: int
    height: int
    axis: Matrix
    coarse: tuple[Image, ...]
    coarse_size: float
    fine: Floats
    soft: Floats
    weights: Floats
    points: Floats
    features: Floats

    @property
    def size(self) -> float:
        return float(np.sqrt(self.width * self.height))


def load_reference(digest: str, data: bytes) -> Reference | None:
    """Decode a PNG or JPEG; None where it is no picture, too small or of one colour: nothing to search for."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None or min(pixels.shape[:2]) < LEAST_SIDE:
        return None
    if float(pixels.reshape(-1, 3).std(axis=0).max()) < LEAST_CONTRAST:
        return None
    return make_reference(digest, pixels)


def make_reference(digest: str, pixels: Image) -> Reference:
    """A reference of BGR pixels (h, w, 3)."""
    height, width = pixels.shape[:2]
    axis = _axis(pixels)
    channel = cv2.transform(pixels, axis)
    coarse = grid(width, height, COARSE_SIZE, COARSE_SIDE)
    fine_w, fine_h = grid(width, height, FINE_SIZE, FINE_SIDE)
    fine = resized(pixels, fine_w, fine_h).astype(np.float32)
    points, features = _features(pixels)
    return Reference(
        digest=digest,
        width=width,
        height=height,
        axis=axis,
        coarse=tuple(resized(channel, max(6, round(coarse[0] * w)), coarse[1]) for w in WIDTHS),
        coarse_size=float(np.sqrt(coarse[0] * coarse[1])),
        fine=fine,
        soft=cv2.GaussianBlur(fine, (0, 0), 1.3),
        weights=_weights(fine_w, fine_h),
        points=points,
        features=features,
    )


def grid(width: int, height: int, size: float, side: float) -> tuple[int, int]:
    """Width and height, in the given proportions, of at least this size and these sides."""
    scale = max(size / np.sqrt(width * height), side / min(width, height))
    return max(4, round(width * scale)), max(4, round(height * scale))


def resized(pixels: Image, width: int, height: int) -> Image:
    """Resampled without aliasing when made smaller."""
    smaller = width < pixels.shape[1] or height < pixels.shape[0]
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _axis(pixels: Image) -> Matrix:
    """First principal component of the colours, scaled so that its levels fill most of a byte."""
    colours = pixels.reshape(-1, 3).astype(np.float64)
    mean = colours.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov((colours - mean).T))
    axis = vectors[:, -1]
    axis = axis if axis[np.argmax(np.abs(axis))] > 0 else -axis
    spread = float((colours - mean).dot(axis).std()) or 1.0
    axis = axis * min(1.0, 50.0 / spread)
    return np.append(axis, 128.0 - mean.dot(axis))[None, :]


def _weights(width: int, height: int) -> Floats:
    across = np.clip(np.minimum(np.arange(width) + 1, width - np.arange(width)) / (0.16 * width), 0.3, 1.0)
    down = np.clip(np.minimum(np.arange(height) + 1, height - np.arange(height)) / (0.16 * height), 0.3, 1.0)
    return np.outer(down, across).astype(np.float32)


def _features(pixels: Image) -> tuple[Floats, Floats]:
    height, width = pixels.shape[:2]
    scale = FEATURE_SIZE / float(np.sqrt(width * height))
    scaled = resized(pixels, max(8, round(width * scale)), max(8, round(height * scale)))
    gray = cv2.cvtColor(scaled, cv2.COLOR_BGR2GRAY)
    found, described = cv2.SIFT.create(nfeatures=200).detectAndCompute(gray, None)
    if described is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    points = np.array([p.pt for p in found], np.float32) * np.array(
        [width / scaled.shape[1], height / scaled.shape[0]], np.float32
    )
    return points, described.astype(np.float32)
