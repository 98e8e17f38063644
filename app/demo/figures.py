"""Figures of the demo's people, drawn part by part with shirts, some with a sponsor's name, and set into a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from app.demo.lettering import Image, ink_of, paint
from engine.adapters.cv import cv2

BODY = 1.84
"""Metres: a figure's height."""

PHASES = 12
"""Pictures in a running step."""

Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Kit:
    """What a figure wears (BGR) and, on shirts with a sponsor, the sign's number and text (sign -1: none)."""

    shirt: Colour
    trim: Colour
    shorts: Colour
    socks: Colour
    letters: Colour
    sign: int = -1
    text: str = ""
    face: str = "Cabin-BoldItalic.otf"


@dataclass(slots=True)
class Sprite:
    """A figure: `levels` premultiplied BGRA from full size down by halves; `foot` anchor, `size` pixels a body height.

    hull: the shirt sponsor's ink (x0, y0, x1, y1) or None, capitals: its (top, bottom).
    """

    levels: list[Image]
    foot: Point
    size: float
    hull: tuple[float, float, float, float] | None = None
    capitals: tuple[float, float] = (0.0, 0.0)


SKINS: tuple[Colour, ...] = ((150, 180, 228), (118, 152, 205), (84, 118, 172), (58, 82, 128), (40, 58, 92))
HAIRS: tuple[Colour, ...] = ((24, 28, 36), (40, 62, 92), (18, 18, 20), (70, 120, 170), (12, 12, 14))


@dataclass(slots=True)
class Wardrobe:
    """Figures by kit, view and phase of the step, drawn when first asked for."""

    kits: tuple[Kit, ...]
    cache: dict[tuple[Any, ...], Sprite] = field(default_factory=dict)

    def forget_large(self) -> None:
        """Drop the large figures, which weigh megabytes each and serve one close shot."""
        for key in [key for key in self.cache if key[-1]]:
            del self.cache[key]

    def figure(self, kit: int, skin: int, view: str, phase: int, stride: int, large: bool) -> Sprite:
        """view: left | right | front | back; phase: 0..PHASES-1; stride: 0 stands, 1 jogs, 2 runs."""
        key = (kit, skin, view, phase if stride else 0, stride, large)
        if key not in self.cache:
            if view == "left":
                right = self.figure(kit, skin, "right", phase, stride, large)
                self.cache[key] = Sprite(
                    [np.ascontiguousarray(x[:, ::-1]) for x in right.levels], right.foot, right.size
                )
            else:
                size = 900.0 if large else 200.0
                self.cache[key] = _draw(
                    self.kits[kit], SKINS[skin], HAIRS[skin], view, phase / PHASES, stride, size
                )
        return self.cache[key]


class _Canvas:
    """A figure's picture while it is built: parts are laid over each other, each shaded as a round body."""

    def __init__(self, size: float) -> None:
        self.size = size
        self.h, self.w = int(size * 1.12), int(size * 0.95)
        self.colour = np.zeros((self.h, self.w, 3), np.float32)
        self.alpha = np.zeros((self.h, self.w), np.float32)

    def xy(self, p: Point) -> Point:
        return (self.w / 2 + p[0] * self.size, self.h - (p[1] + 0.03) * self.size)

    def limb(self, points: list[Point], widths: list[float], colour: Colour) -> None:
        mask = np.zeros((self.h, self.w), np.uint8)
        spots = [self.xy(p) for p in points]
        for (a, b), (wa, wb) in zip(pairwise(spots), pairwise(widths), strict=True):
            ra, rb = wa * self.size / 2, wb * self.size / 2
            d = np.subtract(b, a)
            n = np.array([-d[1], d[0]]) / max(1e-6, float(np.hypot(*d)))
            quad = np.array([a + n * ra, b + n * rb, b - n * rb, a - n * ra])
            cv2.fillConvexPoly(mask, np.round(quad * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
            for c, r in ((a, ra), (b, rb)):
                cv2.circle(mask, (round(c[0] * 16), round(c[1] * 16)), round(r * 16), 255, -1, cv2.LINE_AA, 4)
        self.lay(mask, colour, max(widths))

    def shape(self, points: list[Point], colour: Colour, depth: float, detail: Image | None = None) -> None:
        mask = np.zeros((self.h, self.w), np.uint8)
        spots = np.array([self.xy(p) for p in points])
        cv2.fillPoly(mask, [np.round(spots * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, self.size * 0.006))
        self.lay(np.asarray(soft), colour, depth, detail)

    def lay(self, mask: Image, colour: Colour, depth: float, detail: Image | None = None) -> None:
        ys, xs = np.flatnonzero(mask.max(1)), np.flatnonzero(mask.max(0))
        if not len(ys) or not len(xs):
            return
        pad = int(depth * self.size * 0.5) + 2
        y0, y1 = max(0, ys[0] - pad), min(self.h, ys[-1] + pad)
        x0, x1 = max(0, xs[0] - pad), min(self.w, xs[-1] + pad)
        part = mask[y0:y1, x0:x1].astype(np.float32) / 255
        fine = 1 if self.size < 400 else 4
        small = cv2.resize(
            part, (max(1, (x1 - x0) // fine), max(1, (y1 - y0) // fine)), interpolation=cv2.INTER_AREA
        )
        small = cv2.GaussianBlur(small, (0, 0), max(0.8, depth * self.size * 0.28 / fine))
        body = cv2.resize(small, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
        tilt = cv2.Sobel(body, cv2.CV_32F, 1, 0, ksize=3) * (depth * self.size * 0.05)
        drop = cv2.Sobel(body, cv2.CV_32F, 0, 1, ksize=3) * (depth * self.size * 0.05)
        light = np.clip(0.52 + 0.5 * body + 0.30 * tilt + 0.34 * drop, 0.35, 1.16)[..., None]
        paint_on = np.array(colour, np.float32) if detail is None else detail[y0:y1, x0:x1].astype(np.float32)
        spot = self.colour[y0:y1, x0:x1]
        cover = part[..., None]
        spot[:] = spot * (1 - cover) + paint_on * light * cover
        alpha = self.alpha[y0:y1, x0:x1]
        alpha[:] = alpha + part * (1 - alpha)

    def finish(self) -> list[Image]:
        """Premultiplied BGRA levels."""
        flat = np.dstack([np.clip(self.colour, 0, 255), self.alpha * 255])
        levels = [flat.astype(np.uint8)]
        while levels[-1].shape[0] > 40:
            h, w = levels[-1].shape[:2]
            levels.append(np.asarray(cv2.resize(levels[-1], (w // 2, h // 2), interpolation=cv2.INTER_AREA)))
        return levels


def _dim(colour: Colour, shade: float) -> Colour:
    return (int(colour[0] * shade), int(colour[1] * shade), int(colour[2] * shade))


def _leg(hip: Point, swing: float, bend: float) -> tuple[Point, Point]:
    knee = (hip[0] + 0.245 * np.sin(swing), hip[1] - 0.245 * np.cos(swing))
    foot = (knee[0] + 0.25 * np.sin(swing - bend), knee[1] - 0.25 * np.cos(swing - bend))
    return knee, foot


def _side_legs(
    c: _Canvas, kit: Kit, skin: Colour, phase: float, reach: float, near: bool, lift: float
) -> None:
    turn = 2 * np.pi * (phase + (0.0 if near else 0.5))
    swing = reach * np.sin(turn) + 0.06
    bend = reach * (0.35 + 1.25 * max(0.0, float(np.cos(turn + 0.35)))) if reach > 0 else 0.04
    hip = (0.0, 0.5 + lift)
    knee, foot = _leg(hip, float(swing), float(bend))
    shade = 1.0 if near else 0.72
    calf = ((knee[0] + foot[0]) / 2, (knee[1] + foot[1]) / 2)
    c.limb([hip, knee, calf], [0.125, 0.092, 0.085], _dim(skin, shade))
    sock = (knee[0] * 0.68 + foot[0] * 0.32, knee[1] * 0.68 + foot[1] * 0.32)
    c.limb([sock, calf, foot], [0.078, 0.078, 0.052], _dim(kit.socks, shade))
    ahead = swing - bend + np.pi / 2
    toe = (foot[0] + 0.1 * np.sin(ahead), foot[1] - 0.1 * np.cos(ahead))
    c.limb([foot, toe], [0.058, 0.044], _dim((30, 34, 40) if near else (20, 22, 28), shade))
    thigh = (hip[0] + (knee[0] - hip[0]) * 0.52, hip[1] + (knee[1] - hip[1]) * 0.52)
    c.limb([(hip[0], hip[1] + 0.04), thigh], [0.155, 0.14], _dim(kit.shorts, shade))


def _side_arm(
    c: _Canvas, kit: Kit, skin: Colour, phase: float, reach: float, near: bool, lean: float, lift: float
) -> None:
    turn = 2 * np.pi * (phase + (0.5 if near else 0.0))
    swing = 0.95 * reach * np.sin(turn)
    shoulder = (lean * 0.3, 0.79 + lift)
    elbow = (shoulder[0] + 0.155 * np.sin(swing), shoulder[1] - 0.155 * np.cos(swing))
    fold = 0.25 + 1.25 * min(1.0, reach)
    hand = (elbow[0] + 0.15 * np.sin(swing + fold), elbow[1] - 0.15 * np.cos(swing + fold))
    shade = 1.0 if near else 0.7
    c.limb([elbow, hand], [0.052, 0.042], _dim(skin, shade))
    c.limb(
        [shoulder, (shoulder[0] * 0.25 + elbow[0] * 0.75, shoulder[1] * 0.25 + elbow[1] * 0.75)],
        [0.095, 0.085],
        _dim(kit.shirt, shade),
    )
    c.limb([elbow, elbow], [0.055, 0.055], _dim(skin, shade))


def _side(c: _Canvas, kit: Kit, skin: Colour, hair: Colour, phase: float, reach: float) -> None:
    lift = 0.018 * abs(float(np.sin(2 * np.pi * phase))) * (reach > 0)
    lean = 0.28 * reach * 0.5
    _side_arm(c, kit, skin, phase, reach, False, lean, lift)
    _side_legs(c, kit, skin, phase, reach, False, lift)
    _side_legs(c, kit, skin, phase, reach, True, lift)
    c.limb([(lean * 0.36, 0.86 + lift), (lean * 0.42, 0.9 + lift)], [0.07, 0.07], skin)
    c.limb(
        [(0.0, 0.53 + lift), (lean * 0.2, 0.68 + lift), (lean * 0.32, 0.79 + lift)],
        [0.15, 0.17, 0.155],
        kit.shirt,
    )
    c.limb([(0.0, 0.5 + lift), (0.0, 0.53 + lift)], [0.155, 0.155], kit.shorts)
    head = (lean * 0.48 + 0.012, 0.935 + lift)
    c.limb([head, (head[0], head[1] - 0.02)], [0.105, 0.095], skin)
    c.limb([(head[0] - 0.022, head[1] + 0.03), (head[0] - 0.012, head[1] + 0.036)], [0.082, 0.09], hair)
    _side_arm(c, kit, skin, phase, reach, True, lean, lift)


def _frontal(c: _Canvas, kit: Kit, skin: Colour, hair: Colour, phase: float, reach: float, back: bool) -> Any:
    turn = 2 * np.pi * phase
    lift = 0.012 * abs(float(np.sin(turn))) * (reach > 0)
    for side in (-1, 1):
        up = max(0.0, float(np.sin(turn + (0 if side < 0 else np.pi)))) * reach
        hip, knee = (side * 0.052, 0.49 + lift), (side * 0.066, 0.265 + 0.1 * up + lift)
        foot = (side * 0.064, 0.03 + (0.2 if back else 0.13) * up)
        calf = ((knee[0] + foot[0]) / 2 + side * 0.006, (knee[1] + foot[1]) / 2)
        c.limb([hip, knee, calf], [0.115, 0.085, 0.08], skin)
        c.limb([(knee[0], knee[1] - 0.075), calf, foot], [0.074, 0.078, 0.055], kit.socks)
        c.limb([foot, (foot[0] + side * 0.02, foot[1] - 0.015)], [0.062, 0.06], (32, 34, 42))
        c.shape(
            [
                (side * 0.0, 0.53 + lift),
                (side * 0.122, 0.53 + lift),
                (side * 0.132, 0.335 + 0.06 * up + lift),
                (side * 0.012, 0.345 + 0.06 * up + lift),
            ],
            kit.shorts,
            0.1,
        )
    for side in (-1, 1):
        pump = float(np.sin(turn + (np.pi if side < 0 else 0))) * reach
        shoulder = (side * 0.118, 0.797 + lift)
        elbow = (side * (0.172 + 0.01 * pump), 0.66 + 0.02 * pump + lift)
        hand = (side * (0.158 - 0.05 * min(1.0, reach)), 0.54 + 0.11 * pump + 0.03 * reach + lift)
        c.limb([elbow, hand], [0.054, 0.042], skin)
        c.limb([hand, (hand[0], hand[1] - 0.025)], [0.045, 0.038], skin)
        c.limb(
            [shoulder, (elbow[0] * 0.8 + shoulder[0] * 0.2, elbow[1] * 0.8 + shoulder[1] * 0.2)],
            [0.098, 0.086],
            kit.shirt,
        )
        c.limb(
            [(elbow[0] * 0.78 + shoulder[0] * 0.22, elbow[1] * 0.78 + shoulder[1] * 0.22)] * 2,
            [0.0875, 0.0875],
            kit.trim,
        )
    c.limb([(0, 0.82 + lift), (0, 0.88 + lift)], [0.075, 0.07], skin)
    cloth = np.zeros((c.h, c.w, 3), np.uint8)
    cloth[:] = kit.shirt
    folds = np.random.default_rng(int(phase * PHASES) + 77).normal(0, 1, (9, 7)).astype(np.float32)
    wave = cv2.resize(folds, (c.w, c.h), interpolation=cv2.INTER_CUBIC)[..., None]
    hull, capitals = None, (0.0, 0.0)
    if back:
        number = ink_of("10", "BebasNeue-Bold.otf", round(0.13 * c.size))
        x, y = c.xy((0, 0.75 + lift))
        paint(cloth, number.mask, round(x - number.mask.shape[1] / 2), round(y), kit.letters)
    elif kit.text:
        broad = ink_of(kit.text, kit.face, 100.0)
        cap = min(0.05, 0.2 / (broad.mask.shape[1] / broad.cap_height)) * c.size
        ink = ink_of(kit.text, kit.face, max(4.0, round(cap)))
        x, y = c.xy((0.0, 0.715 + lift))
        x, y = round(x - ink.mask.shape[1] / 2), round(y - ink.cap_height / 2 - ink.cap_top)
        paint(cloth, ink.mask, x, y, kit.letters)
        hull = (float(x), float(y), float(x + ink.mask.shape[1]), float(y + ink.mask.shape[0]))
        capitals = (float(y + ink.cap_top), float(y + ink.cap_top + ink.cap_height))
        x, y = c.xy((0.062, 0.785 + lift))
        cv2.circle(cloth, (round(x), round(y)), max(1, round(0.017 * c.size)), kit.letters, -1, cv2.LINE_AA)
    creased = np.clip(cloth * (1 + 0.055 * wave), 0, 255).astype(np.uint8)
    c.shape(
        [
            (-0.055, 0.845 + lift),
            (0.055, 0.845 + lift),
            (0.128, 0.825 + lift),
            (0.142, 0.78 + lift),
            (0.125, 0.66 + lift),
            (0.128, 0.5 + lift),
            (-0.128, 0.5 + lift),
            (-0.125, 0.66 + lift),
            (-0.142, 0.78 + lift),
            (-0.128, 0.825 + lift),
        ],
        kit.shirt,
        0.16,
        creased,
    )
    if not back:
        c.shape([(-0.045, 0.85 + lift), (0.045, 0.85 + lift), (0.0, 0.81 + lift)], kit.trim, 0.03)
        c.shape([(-0.034, 0.855 + lift), (0.034, 0.855 + lift), (0.0, 0.826 + lift)], skin, 0.03)
    _head(c, skin, hair, 0.925 + lift, back)
    return hull, capitals


def _head(c: _Canvas, skin: Colour, hair: Colour, y: float, back: bool) -> None:
    for side in (-1, 1):
        c.limb([(side * 0.052, y - 0.005)] * 2, [0.022, 0.022], skin)
    c.limb([(0, y + 0.022), (0, y - 0.03)], [0.1, 0.078], skin)
    if back:
        c.limb([(0, y + 0.028), (0, y - 0.008)], [0.108, 0.094], hair)
        return
    dark = _dim(skin, 0.5)
    for side in (-1, 1):
        c.limb([(side * 0.028, y + 0.013), (side * 0.012, y + 0.014)], [0.007, 0.007], hair)
        c.limb([(side * 0.021, y + 0.003)] * 2, [0.010, 0.010], dark)
    c.limb([(0.0, y + 0.003), (0.003, y - 0.018)], [0.006, 0.013], _dim(skin, 0.86))
    c.limb([(-0.013, y - 0.038), (0.013, y - 0.038)], [0.005, 0.005], _dim(skin, 0.6))
    c.shape(
        [
            (-0.056, y + 0.015),
            (-0.05, y + 0.07),
            (0.0, y + 0.088),
            (0.05, y + 0.07),
            (0.056, y + 0.015),
            (0.04, y + 0.04),
            (0.0, y + 0.046),
            (-0.04, y + 0.04),
        ],
        hair,
        0.06,
    )


def _draw(kit: Kit, skin: Colour, hair: Colour, view: str, phase: float, stride: int, size: float) -> Sprite:
    c = _Canvas(size)
    reach = (0.0, 0.42, 0.85)[stride]
    hull, capitals = None, (0.0, 0.0)
    if view == "right":
        _side(c, kit, skin, hair, phase, reach)
    else:
        hull, capitals = _frontal(c, kit, skin, hair, phase, reach, view == "back")
    levels = c.finish()
    return Sprite(levels, c.xy((0.0, 0.01)), size, hull, capitals)


def stamp(picture: Image, cover: Image, sprite: Sprite, foot: Point, height: float, number: int) -> Any:
    """Draw a figure of `height` pixels with its foot at `foot`; marks its pixels with `number` in `cover`.

    Returns the 2x3 map from sprite to picture, or None where nothing of it is in the picture.
    """
    scale = height / sprite.size
    level = min(len(sprite.levels) - 1, max(0, int(np.floor(np.log2(max(1e-6, 1 / scale))))))
    image = sprite.levels[level]
    full = np.array(
        [[scale, 0, foot[0] - sprite.foot[0] * scale], [0, scale, foot[1] - sprite.foot[1] * scale]]
    )
    x0, y0 = max(0, int(full[0, 2])), max(0, int(full[1, 2]))
    x1 = min(picture.shape[1], int(full[0, 2] + scale * sprite.levels[0].shape[1]) + 1)
    y1 = min(picture.shape[0], int(full[1, 2] + scale * sprite.levels[0].shape[0]) + 1)
    if x0 >= x1 or y0 >= y1:
        return None
    step = full.copy()
    step[:, :2] *= sprite.levels[0].shape[0] / image.shape[0]
    step[:, 2] -= (x0, y0)
    drawn = cv2.warpAffine(image, step, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
    alpha = drawn[..., 3]
    rest = cv2.cvtColor(255 - alpha, cv2.COLOR_GRAY2BGR)
    spot = picture[y0:y1, x0:x1]
    spot[:] = cv2.add(cv2.multiply(spot, rest, scale=1 / 255), np.ascontiguousarray(drawn[..., :3]))
    cover[y0:y1, x0:x1][alpha > 127] = number
    return full
