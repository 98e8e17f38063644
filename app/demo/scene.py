"""The demo's ground: planes in world metres, grass with its lines, stands with a crowd, and how a plane is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.demo.camera import NEAR, Camera, Vec
from app.demo.lettering import Image
from engine.adapters.cv import cv2

LENGTH, WIDTH = 105.0, 68.0
"""The pitch in metres: x 0..105, y 0..68."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A rectangle in the world: origin (top left as seen from the pitch), unit vectors across and down, its size.

    across, down: metres along u and v.
    """

    origin: tuple[float, float, float]
    u: tuple[float, float, float]
    v: tuple[float, float, float]
    across: float
    down: float

    def points(self, uv: Vec) -> Vec:
        """World points (n, 3) of plane coordinates (n, 2) in metres."""
        return np.asarray(np.array(self.origin) + uv[:, :1] * np.array(self.u) + uv[:, 1:] * np.array(self.v))

    def homography(self, matrix: Vec) -> Vec:
        """The 3x3 map from plane metres (u, v, 1) to pixels under a 3x4 camera matrix."""
        base = np.zeros((4, 3))
        base[:3, 0], base[:3, 1], base[:3, 2], base[3, 2] = self.u, self.v, self.origin, 1.0
        return np.asarray(matrix @ base)


def apply(h: Vec, points: Vec) -> Vec:
    """Points (n, 2) mapped by a homography."""
    seen = np.hstack([points, np.ones((len(points), 1))]) @ h.T
    return np.asarray(seen[:, :2] / seen[:, 2:])


def clipped(h: Vec, across: float, down: float, width: int, height: int) -> Vec | None:
    """The part of a plane's rectangle that lies before the camera and in the picture, as a pixel polygon.

    None where nothing of it is seen. The third row of `h` gives the depth in metres.
    """
    poly = np.array([[0, 0, 1.0], [across, 0, 1], [across, down, 1], [0, down, 1]]) @ h.T
    bounds = np.array(
        [
            [0, 0, 1.0, -NEAR],
            [1.0, 0, 0, 0],
            [0, 1.0, 0, 0],
            [-1.0, 0, width, 0],
            [0, -1.0, height, 0],
        ]
    )
    for bound in bounds:
        side = poly @ bound[:3] + bound[3]
        kept = []
        for i in range(len(poly)):
            j = (i + 1) % len(poly)
            if side[i] >= 0:
                kept.append(poly[i])
            if (side[i] >= 0) != (side[j] >= 0):
                kept.append(poly[i] + (poly[j] - poly[i]) * (side[i] / (side[i] - side[j])))
        if len(kept) < 3:
            return None
        poly = np.array(kept)
    return np.asarray(poly[:, :2] / poly[:, 2:])


@dataclass(slots=True)
class Ripmap:
    """A texture in powers of two of its resolution, apart for each axis, made when they are first asked for.

    image: (h, w, 3) covering across x down metres.
    """

    image: Image
    across: float
    down: float
    levels: dict[tuple[int, int], Image] = field(default_factory=dict)

    def level(self, dense_u: float, dense_v: float) -> Image:
        """The smallest level that still has at least 0.8 of the picture's pixels a metre along both axes."""
        ku = self._steps(self.image.shape[1] / self.across, dense_u)
        kv = self._steps(self.image.shape[0] / self.down, dense_v)
        if (ku, kv) not in self.levels:
            h, w = self.image.shape[:2]
            size = (max(1, w >> ku), max(1, h >> kv))
            shrunk = (
                self.image
                if (ku, kv) == (0, 0)
                else cv2.resize(self.image, size, interpolation=cv2.INTER_AREA)
            )
            self.levels[ku, kv] = shrunk
        return self.levels[ku, kv]

    @staticmethod
    def _steps(have: float, want: float) -> int:
        return int(max(0, min(6, np.floor(np.log2(max(1.0, have / max(1e-3, 0.8 * want)))))))


def densities(h: Vec, poly: Vec) -> tuple[float, float]:
    """The greatest pixels a metre along u and v of a plane over the corners of its visible polygon."""
    inside = apply(np.asarray(np.linalg.inv(h), np.float64), poly)
    w = inside @ h[2, :2] + h[2, 2]
    du = (h[:2, 0][None] - poly * h[2, 0]) / w[:, None]
    dv = (h[:2, 1][None] - poly * h[2, 1]) / w[:, None]
    return float(np.hypot(*du.T).max()), float(np.hypot(*dv.T).max())


def draw_plane(
    picture: Image, h: Vec, texture: Image, across: float, down: float, poly: Vec, edge: bool
) -> None:
    """Warp `texture`, which covers across x down metres, onto `picture` inside `poly` (pixels, convex)."""
    x0, y0 = np.maximum(0, np.floor(poly.min(0)).astype(int))
    x1 = min(picture.shape[1], int(np.ceil(poly[:, 0].max())) + 1)
    y1 = min(picture.shape[0], int(np.ceil(poly[:, 1].max())) + 1)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    rows, columns = texture.shape[:2]
    scale = np.array(
        [[across / columns, 0, 0.5 * across / columns], [0, down / rows, 0.5 * down / rows], [0, 0, 1.0]]
    )
    shift = np.array([[1.0, 0, -x0 - 0.0], [0, 1.0, -y0], [0, 0, 1.0]])
    warped = cv2.warpPerspective(
        texture,
        shift @ h @ scale,
        (int(x1 - x0), int(y1 - y0)),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    spot = picture[y0:y1, x0:x1]
    mask = np.zeros(spot.shape[:2], np.uint8)
    corners = np.round((poly - (x0, y0)) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, corners, 255, cv2.LINE_AA if edge else cv2.LINE_8, 4)
    if edge:
        soft = (mask > 0) & (mask < 255)
        keep = spot[soft]
        cv2.copyTo(warped, mask, spot)
        part = mask[soft].astype(np.uint16)[:, None]
        spot[soft] = ((keep * (255 - part) + warped[soft] * part + 127) // 255).astype(np.uint8)
    else:
        cv2.copyTo(warped, mask, spot)


GRASS = Plane((-14.0, 82.0, 0.0), (1.0, 0, 0), (0, -1.0, 0), 133.0, 92.0)


def grass_texture(rng: np.random.Generator) -> Ripmap:
    """Mown stripes, patches and blades, 14 pixels a metre over GRASS."""
    dense = 14
    w, h = int(GRASS.across * dense), int(GRASS.down * dense)
    x = np.arange(w) / dense + GRASS.origin[0]
    stripe = np.tanh(9.0 * np.sin(np.pi * (x - 0.0) / 5.25)) * float(rng.uniform(0.035, 0.06))
    y = GRASS.origin[1] - np.arange(h) / dense
    if rng.random() < 0.5:
        across = np.tanh(9.0 * np.sin(np.pi * y / 5.5)) * 0.03
    else:
        across = np.zeros(h)
    patches = cv2.resize(rng.normal(0, 1, (24, 34)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    tufts = cv2.resize(
        rng.normal(0, 1, (h // 5, w // 5)).astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR
    )
    blades = cv2.GaussianBlur(rng.normal(0, 1, (h, w)).astype(np.float32), (0, 0), 0.8)
    light = 1.0 + stripe[None, :] + across[:, None] + 0.022 * patches + 0.02 * tufts + 0.06 * blades
    hue = np.array([[42, 118, 74], [48, 124, 92], [38, 108, 62]][int(rng.integers(3))], np.float32)
    tint = np.stack([1.0 - 0.04 * patches, np.ones_like(patches), 1.0 + 0.05 * patches + 0.03 * tufts], -1)
    image = np.clip(hue * light[..., None] * tint, 0, 255).astype(np.uint8)
    outside = np.zeros((h, w), bool)
    outside[(y < -3.2) | (y > 70.6), :] = True
    outside[:, (x < -3.6) | (x > 108.6)] = True
    image[outside] = (image[outside] * 0.82).astype(np.uint8)
    return Ripmap(image, GRASS.across, GRASS.down)


def _arc(cx: float, cy: float, radius: float, start: float, stop: float, steps: int) -> Vec:
    turn = np.radians(np.linspace(start, stop, steps))
    return np.stack([cx + radius * np.cos(turn), cy + radius * np.sin(turn)], 1)


def pitch_lines() -> tuple[Vec, ...]:
    """The markings as polylines (n, 2) in metres on the ground."""
    n, w, m = LENGTH, WIDTH, WIDTH / 2
    lines: list[list[tuple[float, float]]] = [
        [(0, 0), (n, 0)],
        [(0, w), (n, w)],
        [(0, 0), (0, w)],
        [(n, 0), (n, w)],
        [(n / 2, 0), (n / 2, w)],
    ]
    for x, s in ((0.0, 1.0), (n, -1.0)):
        for deep, half in ((16.5, 20.16), (5.5, 9.16)):
            lines += [
                [(x, m - half), (x + s * deep, m - half)],
                [(x + s * deep, m - half), (x + s * deep, m + half)],
                [(x + s * deep, m + half), (x, m + half)],
            ]
    curves = [
        _arc(n / 2, m, 9.15, 0, 360, 49),
        _arc(11, m, 9.15, -53, 53, 15),
        _arc(n - 11, m, 9.15, 127, 233, 15),
    ]
    for cx, cy, start in ((0, 0, 0), (n, 0, 90), (n, w, 180), (0, w, 270)):
        curves.append(_arc(cx, cy, 1.0, start, start + 90, 7))
    split = [np.linspace(a, b, max(2, int(np.hypot(b[0] - a[0], b[1] - a[1]) / 6) + 1)) for a, b in lines]
    return tuple(np.asarray(c, float) for c in split + curves)


def _ribbons() -> Vec:
    """The markings, 14 cm wide, as ground quads (n, 4, 3)."""
    quads = []
    for line in pitch_lines():
        along = np.gradient(line, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        side = np.stack([-along[:, 1], along[:, 0]], 1) * 0.07
        left, right = line + side, line - side
        quads.append(np.stack([left[:-1], left[1:], right[1:], right[:-1]], 1))
    flat = np.concatenate(quads)
    return np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], 2)


RIBBONS = _ribbons()


def draw_lines(picture: Image, camera: Camera, colour: tuple[int, int, int] = (226, 236, 232)) -> None:
    """Draw the markings as anti-aliased ribbons."""
    pixels, depth = camera.project(RIBBONS.reshape(-1, 3))
    quads, depth = pixels.reshape(-1, 4, 2), depth.reshape(-1, 4)
    low, high = quads.min(1), quads.max(1)
    shown = (
        (depth.min(1) > 2)
        & (high >= 0).all(1)
        & (low[:, 0] < camera.width)
        & (low[:, 1] < camera.height)
        & (np.abs(quads).max((1, 2)) < 9e3)
    )
    for quad in np.round(quads[shown] * 16).astype(np.int32):
        cv2.fillConvexPoly(picture, quad, colour, cv2.LINE_AA, 4)


def draw_goals(picture: Image, camera: Camera) -> None:
    """Posts, bars and a coarse net at both ends."""
    for x, back in ((0.0, -2.0), (105.0, 107.0)):
        a, b = 34 - 3.66, 34 + 3.66
        frame = np.array(
            [
                [x, a, 0],
                [x, a, 2.44],
                [x, b, 2.44],
                [x, b, 0],
                [back, a, 0],
                [back, a, 1.9],
                [back, b, 1.9],
                [back, b, 0],
            ]
        )
        spots, depth = camera.project(frame)
        if depth.min() < 1 or np.abs(spots).max() > 8000:
            continue
        points = [(int(p[0] * 16), int(p[1] * 16)) for p in spots]
        for i, j in ((1, 5), (2, 6), (5, 6), (4, 5), (7, 6)):
            cv2.line(picture, points[i], points[j], (176, 180, 180), 1, cv2.LINE_AA, 4)
        thick = max(1, round(camera.focal * 0.12 / float(depth[1])))
        for i, j in ((0, 1), (1, 2), (2, 3)):
            cv2.line(picture, points[i], points[j], (238, 240, 240), thick, cv2.LINE_AA, 4)


def crowd_texture(rng: np.random.Generator, across: float, down: float, tint: tuple[int, int, int]) -> Ripmap:
    """Rows of seats with people on most of them, aisles between the blocks; 20 pixels a metre."""
    dense = 20
    w, h = int(across * dense), int(down * dense)
    seats = np.array(tint, np.float32) * 0.5
    image = np.empty((h, w, 3), np.float32)
    image[:] = seats * (0.62 + 0.38 * (np.arange(h) % 16)[:, None, None] / 16.0)
    shirts = np.array(
        [
            [35, 30, 30],
            [60, 52, 48],
            [200, 196, 190],
            [150, 60, 40],
            [48, 44, 170],
            [90, 82, 78],
            [60, 150, 200],
            tint,
            tint,
            tint,
            [120, 60, 110],
            [45, 90, 45],
            [30, 30, 60],
        ],
        np.float32,
    )
    skins = np.array(
        [[130, 160, 215], [110, 140, 190], [70, 95, 140], [55, 70, 105], [140, 175, 225]], np.float32
    )
    for row in range(h // 16 + 1):
        base = row * 16 + 15
        empty = float(rng.uniform(0.04, 0.22))
        for seat in np.flatnonzero(rng.random(w // 10) > empty):
            x = int(seat * 10 + rng.integers(-1, 4))
            top = base - int(rng.integers(9, 14))
            body = shirts[rng.integers(len(shirts))] * rng.uniform(0.5, 1.05)
            image[max(0, top) : min(h, base), x : x + 8] = body
            image[max(0, top - 5) : max(0, top), x + 2 : x + 6] = skins[
                rng.integers(len(skins))
            ] * rng.uniform(0.55, 1)
            if rng.random() < 0.6:
                image[max(0, top - 6) : max(0, top - 3), x + 2 : x + 6] = rng.uniform(15, 70)
    for aisle in range(int(rng.integers(60, 160)), w, int(rng.integers(260, 360))):
        image[:, aisle : aisle + 22] = (
            np.array([92, 90, 86]) * (0.7 + 0.3 * ((np.arange(h) // 8) % 2))[:, None, None]
        )
    image = cv2.GaussianBlur(image, (0, 0), 0.9)
    image *= np.linspace(0.42, 0.8, h)[:, None, None]
    return Ripmap(np.clip(image, 0, 255).astype(np.uint8), across, down)


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A plain surface of the ground: its plane and texture."""

    plane: Plane
    texture: Ripmap


def _stand(
    rng: np.random.Generator, origin: Vec, u: Vec, out: Vec, across: float, tint: tuple[int, int, int]
) -> list[Backdrop]:
    """A lower and an upper tier that rise outwards from `origin` (the foot's left end), with the gap between them."""
    up = np.array([0, 0, 1.0])
    low = np.full((24, int(across * 4), 3), 62, np.uint8)
    low[:, ::16] = 44
    low[:3] = 130
    made = [
        Backdrop(
            Plane(tuple(origin), tuple(u), (0.0, 0.0, -1.0), across, float(origin[2])),
            Ripmap(low, across, float(origin[2])),
        )
    ]
    foot = origin.copy()
    for deep, rise in ((19.0, 9.0), (24.0, 15.0)):
        back = out * deep + up * rise
        slope = float(np.linalg.norm(back))
        top = foot + back
        plane = Plane(tuple(top), tuple(u), tuple(-back / slope), across, slope)
        made.append(Backdrop(plane, crowd_texture(rng, across, slope, tint)))
        wall = Plane(tuple(top + up * 3.0), tuple(u), (0.0, 0.0, -1.0), across, 3.0)
        grey = np.full((24, int(across * 4), 3), 46, np.uint8)
        grey[:5] = 110
        grey[8:16, ::24] = 150
        made.append(Backdrop(wall, Ripmap(grey, across, 3.0)))
        foot = top + up * 3.0
    return made[::-1]


def stands(seed: int, tint: tuple[int, int, int]) -> tuple[Backdrop, ...]:
    """The three stands that the cameras see, far ones first."""
    rng = np.random.default_rng([seed, 31])
    far = _stand(rng, np.array([-16.0, 77.0, 3.6]), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), 137.0, tint)
    left = _stand(
        rng, np.array([-16.0, -22.0, 2.2]), np.array([0, 1.0, 0]), np.array([-1.0, 0, 0]), 99.0, tint
    )
    right = _stand(
        rng, np.array([121.0, 77.0, 2.2]), np.array([0, -1.0, 0]), np.array([1.0, 0, 0]), 99.0, tint
    )
    return (*far, *left, *right)


def visible(plane: Plane, camera: Camera, matrix: Vec) -> tuple[Vec, Vec] | None:
    """Homography and pixel polygon of a plane that shows its front to the camera, else None."""
    front = np.cross(plane.u, plane.v)
    if float(np.dot(front, np.subtract(plane.origin, camera.position))) <= 1e-6:
        return None
    h = plane.homography(matrix)
    poly = clipped(h, plane.across, plane.down, camera.width, camera.height)
    return None if poly is None else (h, poly)


def blurred(picture: Image, dx: float, dy: float, defocus: float) -> Image:
    """Blur by a straight camera motion of (dx, dy) pixels while the shutter was open, and by defocus (sigma)."""
    if defocus > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), defocus)
    if max(abs(dx), abs(dy)) < 1.0:
        return picture
    return np.asarray(cv2.sepFilter2D(picture, -1, _box(dx), _box(dy)))


def _box(length: float) -> Any:
    length = max(1.0, abs(length))
    half = int(np.ceil((length - 1) / 2))
    kernel = np.ones(2 * half + 1, np.float32)
    if half:
        kernel[0] = kernel[-1] = (length - (2 * half - 1)) / 2
    return kernel / kernel.sum()
