"""Is it the same mark? A place in a frame is aligned to the reference and compared pixel by pixel, in colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.visual.reference import Floats, Image, Matrix, Reference

MARGIN = 0.35
"""Surroundings of a place, as a share of its sides, in which the alignment may move."""
STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 2e-3)
BLOCKS = 4
"""The grid is judged in this many blocks each way."""
TRIMMED = 3
"""So many of the worst blocks may be covered by something else."""
LEAST_GAIN, MOST_GAIN = 0.25, 2.5
"""Contrast of the place as a multiple of the reference's."""
LEAST_ZOOM, MOST_ZOOM, MOST_SHEAR = 0.6, 1.6, 0.7


@dataclass(frozen=True, slots=True)
class Verified:
    """Corners (4, 2) in pixels of the frame, and how alike: colour and edges, each -1..1."""

    corners: Floats
    colour: float
    edges: float

    @property
    def likeness(self) -> float:
        """Both in one, 0..1."""
        return round((max(self.colour, 0.0) * max(self.edges, 0.0)) ** 0.5, 4)


def verify(frame: Image, reference: Reference, corners: Floats) -> Verified | None:
    """Align the reference to the place with these corners (4, 2: from top left, clockwise) by ECC (Evangelidis
    and Psarakis 2008) with an affine warp, and compare. None where it lies outside or can't be the mark."""
    region = _cut(frame, reference, corners)
    if region is None:
        return None
    pixels, offset, scale = region
    fine_h, fine_w = reference.fine.shape[:2]
    start = _affine((corners - offset) * scale, fine_w, fine_h)
    if start is None:
        return None
    target = cv2.transform(pixels, reference.axis).astype(np.float32)
    template = cv2.transform(reference.fine, reference.axis)
    warp = start.astype(np.float32)
    try:
        _, warp = cv2.findTransformECC(template, target, warp.copy(), cv2.MOTION_AFFINE, STEPS, None, 3)
    except cv2.error:
        warp = start.astype(np.float32)
    if not _sane(start, warp):
        return None
    patch = cv2.warpAffine(
        pixels,
        warp,
        (fine_w, fine_h),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    likeness = compare(reference, patch)
    if likeness is None:
        return None
    rim = np.array([[0, 0], [fine_w, 0], [fine_w, fine_h], [0, fine_h]], np.float32)
    placed = (np.c_[rim - 0.5, np.ones(4)] @ warp.T + 0.5) / scale + offset
    return Verified(placed.astype(np.float32), *likeness)


def compare(reference: Reference, patch: Floats) -> tuple[float, float] | None:
    """Likeness in colour and in edges (-1..1) of a patch (h, w, 3) on the reference's grid; the better of the
    reference as it is and out of focus. None where its contrast is not that of the mark."""
    best: tuple[float, float] | None = None
    for own in (reference.fine, reference.soft):
        one = _likeness(own, patch, reference.weights)
        if one is not None and (best is None or sum(one) > sum(best)):
            best = one
    return best


def _likeness(own: Floats, patch: Floats, weights: Floats) -> tuple[float, float] | None:
    weights = weights * _uncovered(own, patch, weights)
    total = float(weights.sum())
    a = own - (own * weights[..., None]).sum(axis=(0, 1)) / total
    b = patch - (patch * weights[..., None]).sum(axis=(0, 1)) / total
    w = weights[..., None]
    aa, bb, ab = float((w * a * a).sum()), float((w * b * b).sum()), float((w * a * b).sum())
    if aa <= 0 or bb <= 0 or not LEAST_GAIN < (bb / aa) ** 0.5 < MOST_GAIN:
        return None
    edges = pa = pb = 0.0
    for dx, dy in ((1, 0), (0, 1)):
        ga, gb = cv2.Sobel(own, cv2.CV_32F, dx, dy), cv2.Sobel(patch, cv2.CV_32F, dx, dy)
        edges += float((w * ga * gb).sum())
        pa += float((w * ga * ga).sum())
        pb += float((w * gb * gb).sum())
    return ab / (aa * bb) ** 0.5, edges / ((pa * pb) ** 0.5 or 1.0)


def _uncovered(own: Floats, patch: Floats, weights: Floats) -> NDArray[np.float32]:
    """1 where the patch follows the reference, 0 in the few blocks that follow it least."""
    w = weights[..., None]
    total = float(weights.sum())
    a = own - (own * w).sum(axis=(0, 1)) / total
    b = patch - (patch * w).sum(axis=(0, 1)) / total
    gain = float((w * a * b).sum()) / (float((w * a * a).sum()) or 1.0)
    off = ((b - gain * a) ** 2).sum(axis=2)
    blocks = cv2.resize(off, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
    worst = np.argsort(blocks, axis=None)[-TRIMMED:]
    kept = np.ones(BLOCKS * BLOCKS, np.float32)
    kept[worst] = 0.0
    height, width = weights.shape
    rows = np.minimum(np.arange(height) * BLOCKS // height, BLOCKS - 1)
    columns = np.minimum(np.arange(width) * BLOCKS // width, BLOCKS - 1)
    return kept.reshape(BLOCKS, BLOCKS)[rows][:, columns]


def _cut(frame: Image, reference: Reference, corners: Floats) -> tuple[Image, Floats, float] | None:
    """The surroundings of a place, scaled so that the mark comes to the grid's size: pixels, offset, scale."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    width, height = high - low
    if width < 4 or height < 4:
        return None
    margin = MARGIN * np.array([width, height])
    x0, y0 = np.maximum(np.floor(low - margin), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(high + margin), (frame.shape[1], frame.shape[0])).astype(int)
    if x1 - x0 < 0.6 * width or y1 - y0 < 0.6 * height:
        return None
    fine_h, fine_w = reference.fine.shape[:2]
    scale = float(np.sqrt(fine_w * fine_h / (width * height)))
    size = max(8, round((x1 - x0) * scale)), max(8, round((y1 - y0) * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    pixels = cv2.resize(frame[y0:y1, x0:x1], size, interpolation=how)
    return pixels, np.array([x0, y0], np.float32), scale


def _affine(corners: Floats, width: int, height: int) -> Matrix | None:
    """The affine warp that takes the grid's corners nearest to these."""
    rim = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5
    found, *_ = np.linalg.lstsq(np.c_[rim, np.ones(4)], corners.astype(np.float64) - 0.5, rcond=None)
    warp: Matrix = np.ascontiguousarray(found.T, np.float64)
    return warp if np.linalg.det(warp[:, :2]) > 1e-3 else None


def _sane(start: Matrix, warp: Matrix | Floats) -> bool:
    """Whether an alignment stayed near its start: no collapse, no great turn or shear."""
    change = np.linalg.inv(start[:, :2]) @ warp[:, :2]
    zoom = float(np.linalg.det(change))
    if not LEAST_ZOOM**2 < zoom < MOST_ZOOM**2:
        return False
    sides = np.linalg.norm(change, axis=0)
    lean = abs(float(change[:, 0] @ change[:, 1])) / float(sides[0] * sides[1])
    turn = abs(float(np.arctan2(change[1, 0], change[0, 0])))
    return lean < MOST_SHEAR and turn < 0.5 and 0.5 < float(sides[0] / sides[1]) < 2.0
