"""What of a sign is seen in a frame: its polygon, size and blur under the camera, and the part that nothing covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.demo.boards import Section
from app.demo.camera import Camera, Vec
from app.demo.lettering import Image
from app.demo.scene import apply
from engine.adapters.cv import cv2


@dataclass(frozen=True, slots=True)
class Seen:
    """A sign's quad in a frame before covering is known. layer: the mark in the cover mask that means uncovered."""

    sign: int
    copy: int
    polygon: Vec
    window: float
    height: float
    blur: float
    defocus: float
    squeeze: float
    layer: int


def seen_on(
    section: Section,
    sign: int,
    copy: int,
    hull: tuple[float, float, float, float],
    capitals: tuple[float, float],
    moved: tuple[float, float],
    h: Vec,
    h_after: Vec,
    camera: Camera,
) -> Seen | None:
    """A board's sign in the picture; window: the part of it inside the section."""
    u0, v0, u1, v1 = hull[0] + moved[0], hull[1] + moved[1], hull[2] + moved[0], hull[3] + moved[1]
    across, down = section.plane.across, section.plane.down
    inner = max(0.0, min(u1, across) - max(u0, 0.0)) * max(0.0, min(v1, down) - max(v0, 0.0))
    window = inner / ((u1 - u0) * (v1 - v0))
    if window <= 0:
        return None
    corners = np.array([[u0, v0], [u1, v0], [u1, v1], [u0, v1]])
    if ((np.hstack([corners, np.ones((4, 1))]) @ h.T)[:, 2] < 0.5).any():
        return None
    polygon = apply(h, corners)
    low, high = polygon.min(0), polygon.max(0)
    if low[0] >= camera.width or low[1] >= camera.height or high[0] <= 0 or high[1] <= 0:
        return None
    u, top, bottom = (u0 + u1) / 2, capitals[0] + moved[1], capitals[1] + moved[1]
    middle = (top + bottom) / 2
    points = np.array([[u, top], [u, bottom], [u - 0.1, middle], [u + 0.1, middle]])
    spots = apply(h, points)
    height = float(np.hypot(*(spots[1] - spots[0])))
    dense_v = height / (bottom - top)
    dense_u = float(np.hypot(*(spots[3] - spots[2]))) / 0.2
    blur = float(np.hypot(*(apply(h_after, points[2:3]) - spots[2:3])[0]))
    return Seen(sign, copy, polygon, window, height, blur, camera.defocus, dense_u / dense_v, 0)


def uncovered(cover: Image, polygon: Vec, layer: int) -> float:
    """The part of a polygon that is in the picture and marked `layer` in the cover mask, 0..1."""
    low = np.floor(polygon.min(0)).astype(int)
    high = np.ceil(polygon.max(0)).astype(int) + 1
    size = np.minimum(high - low, 6000)
    mask = np.zeros((int(size[1]), int(size[0])), np.uint8)
    cv2.fillConvexPoly(mask, np.round((polygon - low) * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    total = int(np.count_nonzero(mask))
    if total == 0:
        return 0.0
    h, w = cover.shape
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(w, int(low[0] + size[0])), min(h, int(low[1] + size[1]))
    if x0 >= x1 or y0 >= y1:
        return 0.0
    inside = mask[y0 - low[1] : y1 - low[1], x0 - low[0] : x1 - low[0]]
    return float(np.count_nonzero(inside & (cover[y0:y1, x0:x1] == layer).astype(np.uint8))) / total
