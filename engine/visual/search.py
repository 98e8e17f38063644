"""Look for one reference in one frame: places by coarse templates and by local features, then verification."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from engine.adapters.cv import cv2
from engine.visual.reference import Floats, Image, Reference
from engine.visual.verify import verify

LEAST_SIZE, LEAST_SHARE, MOST_SHARE = 18.0, 1 / 30, 0.5
"""Marks are looked for from this size (root of width times height, pixels; share of the picture's height) up to
this share of the picture's height."""
STEP = 1.25
"""Ratio of two neighbouring scales of the search."""
COARSE_FLOOR = 0.5
PEAKS, PLACES = 6, 14
"""Best peaks of one scale and width, and best places of a frame, that go on to verification."""
SAME_PLACE = 0.3
"""Overlap (0..1) from which two finds are one."""
LIKENESS_FLOOR = 0.6
"""Less alike than this is no find."""
SURE = 0.85
"""Where a find is this much alike, features aren't asked."""
FEATURES_EDGE, MOST_FEATURES = 512, 1500
"""Features are taken on a picture of this width."""
FEWEST_POINTS, FEWEST_AGREEING = 12, 7
RATIO = 0.8
"""Lowe's ratio of the nearest to the next descriptor."""


@dataclass(frozen=True, slots=True)
class LookHit:
    """Where a mark was found: corners (4, 2) in pixels of the frame, from the mark's top left clockwise, and how
    alike it is to the reference (0..1)."""

    corners: Floats
    likeness: float


class _Place(NamedTuple):
    score: float
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def corners(self) -> Floats:
        x0, y0, x1, y1 = self[1:]
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


class SearchedFrame:
    """A frame's pixels (h, w, 3; BGR) and its features, taken once for all references."""

    def __init__(self, pixels: Image) -> None:
        self.pixels = pixels

    @cached_property
    def features(self) -> tuple[Floats, Floats]:
        """Places (n, 2) in pixels of the frame and SIFT descriptors (n, 128)."""
        width = self.pixels.shape[1]
        scale = min(1.0, FEATURES_EDGE / width)
        gray = cv2.cvtColor(self.pixels, cv2.COLOR_BGR2GRAY)
        if scale < 1.0:
            gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found, described = cv2.SIFT.create(nfeatures=MOST_FEATURES).detectAndCompute(gray, None)
        if described is None:
            return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
        points = (np.array([p.pt for p in found], np.float32) + 0.5) / scale - 0.5
        return points.astype(np.float32), described.astype(np.float32)


def search_frame(frame: SearchedFrame, reference: Reference, *, features: bool = True) -> list[LookHit]:
    """All places where the frame shows the reference's mark, most alike first. Templates find it upright (turned
    by a few degrees, narrowed by perspective); `features` let it be found turned or slanted where it is large."""
    hits = [
        hit
        for place in _distinct(_coarse_places(frame.pixels, reference), PLACES)
        if (hit := _verified(frame.pixels, reference, place.corners)) is not None
    ]
    if features and max((h.likeness for h in hits), default=0.0) < SURE:
        corners = _by_features(frame, reference)
        hit = _verified(frame.pixels, reference, corners) if corners is not None else None
        hits += [hit] if hit is not None else []
    hits.sort(key=lambda h: (-h.likeness, h.corners.tolist()))
    kept: list[LookHit] = []
    for hit in hits:
        if all(_overlap(_hull(hit.corners), _hull(k.corners)) < SAME_PLACE for k in kept):
            kept.append(hit)
    return kept


def _verified(pixels: Image, reference: Reference, corners: Floats) -> LookHit | None:
    found = verify(pixels, reference, corners)
    if found is None or found.likeness < LIKENESS_FLOOR:
        return None
    return LookHit(found.corners, found.likeness)


def _coarse_places(pixels: Image, reference: Reference) -> list[_Place]:
    """Peaks of normalised cross-correlation over all scales and widths, best first."""
    height, width = pixels.shape[:2]
    scale = reference.coarse_size / max(LEAST_SIZE, LEAST_SHARE * height)
    level = cv2.transform(pixels, reference.axis)
    places: list[_Place] = []
    around = np.ones((5, 5), np.uint8)
    while reference.coarse_size / scale <= MOST_SHARE * height:
        w, h = round(width * scale), round(height * scale)
        if min(w, h) < 16:
            break
        how = cv2.INTER_AREA if w < level.shape[1] else cv2.INTER_LINEAR
        level = cv2.resize(level, (w, h), interpolation=how)
        sx, sy = width / w, height / h
        for template in reference.coarse:
            th, tw = template.shape
            if tw >= w or th >= h:
                continue
            answer = cv2.matchTemplate(level, template, cv2.TM_CCOEFF_NORMED)
            ys, xs = np.nonzero((answer == cv2.dilate(answer, around)) & (answer > COARSE_FLOOR))
            values = np.round(answer[ys, xs].astype(np.float64), 5)
            for i in np.lexsort((xs, ys, -values))[:PEAKS]:
                x, y = float(xs[i]), float(ys[i])
                places.append(_Place(float(values[i]), x * sx, y * sy, (x + tw) * sx, (y + th) * sy))
        scale /= STEP
    places.sort(key=lambda p: (-p.score, p[1:]))
    return places


def _distinct(places: list[_Place], most: int) -> list[_Place]:
    kept: list[_Place] = []
    for place in places:
        if all(_overlap(place[1:], other[1:]) < 0.5 for other in kept):
            kept.append(place)
            if len(kept) == most:
                break
    return kept


def _by_features(frame: SearchedFrame, reference: Reference) -> Floats | None:
    """Corners of the mark by SIFT features that agree on one plausible similarity or affine map (RANSAC)."""
    if len(reference.points) < FEWEST_POINTS:
        return None
    points, described = frame.features
    if len(points) < FEWEST_AGREEING:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(reference.features, described, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < RATIO * p[1].distance]
    if len(good) < FEWEST_AGREEING:
        return None
    source = reference.points[[m.queryIdx for m in good]]
    target = points[[m.trainIdx for m in good]]
    warp, agreeing = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=4.0, maxIters=500
    )
    if warp is None or int(agreeing.sum()) < FEWEST_AGREEING:
        return None
    sides = np.linalg.norm(warp[:, :2], axis=0)
    lean = abs(float(warp[:, 0] @ warp[:, 1])) / (float(sides[0] * sides[1]) or 1.0)
    if np.linalg.det(warp[:, :2]) <= 0 or lean > 0.7 or not 0.35 < float(sides[0] / sides[1]) < 2.9:
        return None
    w, h = reference.width, reference.height
    rim = np.array([[0, 0, 1], [w, 0, 1], [w, h, 1], [0, h, 1]], np.float64)
    corners: Floats = (rim @ warp.T).astype(np.float32)
    return corners


def _hull(corners: Floats) -> tuple[float, float, float, float]:
    low, high = corners.min(axis=0), corners.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (both - w * h)
