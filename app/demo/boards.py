"""The demo's boards: panels lettered in each brand's own look, static and LED sections that turn over or scroll."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.demo.brands import Cast, Writing
from app.demo.lettering import FACES, Image, ink_of, paint
from app.demo.scene import Plane, Ripmap
from app.demo.truth import TruthSign
from engine.adapters.cv import cv2

DENSE = 80
"""Pixels a metre of the boards' textures."""

BOARD_HEIGHT = 1.25
FACADE_HEIGHT = 2.0
ROLL_SECONDS = 0.52
"""How long an LED board rolls from one page to the next."""

Colour = tuple[int, int, int]

LOOKS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((140, 52, 18), (255, 255, 255), (235, 190, 60)),
    ((250, 250, 250), (120, 30, 10), (60, 60, 210)),
    ((36, 28, 190), (255, 255, 255), (255, 255, 255)),
    ((28, 24, 22), (40, 210, 250), (40, 210, 250)),
    ((60, 120, 20), (255, 255, 255), (120, 230, 180)),
    ((20, 190, 245), (30, 24, 20), (30, 24, 20)),
    ((120, 30, 90), (250, 240, 255), (200, 130, 250)),
    ((245, 244, 240), (30, 110, 20), (40, 170, 60)),
    ((80, 26, 12), (230, 220, 40), (230, 220, 40)),
    ((16, 16, 16), (250, 250, 250), (40, 40, 220)),
    ((200, 120, 0), (255, 255, 255), (90, 30, 0)),
    ((244, 246, 250), (28, 20, 170), (28, 20, 170)),
    ((30, 90, 230), (255, 255, 255), (20, 30, 120)),
    ((110, 100, 10), (255, 255, 250), (190, 220, 130)),
)
"""Background, letters, accent, each BGR."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A brand's look on boards: face, colours (BGR), its small emblem (0: none) and whether its ground is shaded."""

    face: str
    ground: Colour
    letters: Colour
    accent: Colour
    emblem: int
    shaded: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """A sign's ink on a page: hull u0, v0, u1, v1 and capitals v_top, v_bottom, all in metres."""

    sign: int
    hull: tuple[float, float, float, float]
    capitals: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Page:
    """What a section shows at a time."""

    texture: Ripmap
    placements: tuple[Placement, ...]


@dataclass(frozen=True, slots=True)
class Face:
    """A section's picture at a moment: pages, each moved by (du, dv) metres inside the section's window."""

    parts: tuple[tuple[Page, float, float], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of boards. kind: static | turn | cut | scroll; hold: seconds a page; speed: metres a second."""

    plane: Plane
    kind: str
    pages: tuple[Page, ...]
    hold: float
    speed: float
    phase: float

    def face(self, t: float) -> Face:
        """What it shows at play second t."""
        if self.kind == "static":
            return Face(((self.pages[0], 0.0, 0.0),))
        if self.kind == "scroll":
            moved = (self.speed * (t + self.phase)) % self.plane.across
            page = self.pages[0]
            return Face(((page, -moved, 0.0), (page, self.plane.across - moved, 0.0)))
        turn, since = divmod(t + self.phase, self.hold)
        now = self.pages[int(turn) % len(self.pages)]
        after = self.pages[(int(turn) + 1) % len(self.pages)]
        rolled = (since - (self.hold - ROLL_SECONDS)) / ROLL_SECONDS
        if self.kind == "cut" or rolled <= 0:
            return Face(((now, 0.0, 0.0),))
        moved = rolled * rolled * (3 - 2 * rolled) * self.plane.down
        return Face(((now, 0.0, -moved), (after, 0.0, self.plane.down - moved)))

    def texture(self, face: Face, dense_u: float, dense_v: float) -> Image:
        """The texture of a face, dense enough for that many picture pixels a metre."""
        if len(face.parts) == 1:
            return face.parts[0][0].texture.level(dense_u, dense_v)
        (first, du, dv), (second, _, _) = face.parts
        a, b = first.texture.level(dense_u, dense_v), second.texture.level(dense_u, dense_v)
        h, w = a.shape[:2]
        if dv == 0.0:
            cut = min(w - 1, max(0, round(-du / self.plane.across * w)))
            return np.concatenate([a[:, cut:], b[:, :cut]], 1)
        cut = min(h - 1, max(0, round(-dv / self.plane.down * h)))
        return np.concatenate([a[cut:], b[:cut]], 0)


class SignBook:
    """Gives each sign in the scene or in a caption its number and keeps what the truth says of it."""

    def __init__(self) -> None:
        self.signs: list[TruthSign] = []

    def add(self, writing: Writing, surface: str, place: str) -> int:
        """Register a sign; surface is scene or caption. Returns its number."""
        self.signs.append(
            TruthSign(len(self.signs), writing.brand, writing.text, writing.kind, surface, place)
        )
        return len(self.signs) - 1


def identities(seed: int, cast: Cast) -> dict[str, Identity]:
    """A look for each text on the boards, the same for all boards of a seed."""
    rng = np.random.default_rng([seed, 41])
    looks = rng.permutation(len(LOOKS))
    faces = rng.permutation(np.resize(np.arange(len(FACES)), len(cast.boards) + len(cast.words) + 4))
    made = {}
    for i, writing in enumerate([*cast.boards, *cast.words]):
        ground, letters, accent = LOOKS[looks[i % len(looks)]]
        face = FACES[faces[i]]
        if writing.text != writing.text.upper() and face.startswith("Bebas"):
            face = FACES[int(faces[i + 1]) % 4]
        emblem = 0 if writing.kind == "word" else int(rng.integers(0, 5))
        made[writing.text] = Identity(face, ground, letters, accent, emblem, bool(rng.random() < 0.5))
    return made


def _emblem(image: Image, x: int, y: int, size: int, look: Identity) -> None:
    """A small geometric emblem in a square of `size` pixels."""
    fine = 3
    mask = np.zeros((size * fine, size * fine), np.uint8)
    s = size * fine
    if look.emblem == 1:
        cv2.circle(mask, (s // 2, s // 2), s // 2 - 2, 255, -1, cv2.LINE_AA)
        cv2.circle(mask, (int(s * 0.62), int(s * 0.4)), s // 4, 0, -1, cv2.LINE_AA)
    elif look.emblem == 2:
        cv2.fillPoly(mask, [np.array([[s // 2, 0], [s - 1, s - 1], [0, s - 1]], np.int32)], 255, cv2.LINE_AA)
        cv2.fillPoly(
            mask, [np.array([[s // 2, s // 2], [int(s * 0.7), s - 1], [int(s * 0.3), s - 1]], np.int32)], 0
        )
    elif look.emblem == 3:
        for k in range(3):
            left = int(s * (0.06 + 0.32 * k))
            bar = np.array(
                [
                    [left, s - 1],
                    [left + int(s * 0.2), s - 1],
                    [left + int(s * 0.34), 0],
                    [left + int(s * 0.14), 0],
                ]
            )
            cv2.fillPoly(mask, [bar.astype(np.int32)], 255, cv2.LINE_AA)
    else:
        cv2.fillPoly(
            mask, [np.array([[s // 2, 0], [s - 1, s // 2], [s // 2, s - 1], [0, s // 2]], np.int32)], 255
        )
        cv2.circle(mask, (s // 2, s // 2), s // 5, 0, -1, cv2.LINE_AA)
    paint(image, cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA), x, y, look.accent)


def _ground(look: Identity, w: int, h: int) -> Image:
    image = np.empty((h, w, 3), np.float32)
    image[:] = look.ground
    if look.shaded:
        image *= (1.0 + 0.12 * np.sin(np.linspace(0, 3.2, w)))[None, :, None]
    image *= np.linspace(1.04, 0.9, h)[:, None, None]
    return np.clip(image, 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _Panel:
    image: Image
    hull: tuple[int, int, int, int]
    capitals: tuple[int, int]


def panel(writing: Writing, look: Identity, height: float, cap: float, width: float = 0.0) -> _Panel:
    """One board with a name on it; height, cap (capitals) and least width in metres."""
    h = round(height * DENSE)
    ink = ink_of(writing.text, look.face, round(cap * DENSE))
    th, tw = ink.mask.shape
    side = round(0.9 * cap * DENSE) if look.emblem else 0
    gap = round(0.35 * cap * DENSE) if look.emblem else 0
    w = max(round(width * DENSE), tw + side + gap + round(1.1 * DENSE))
    image = _ground(look, w, h)
    x = (w - tw - side - gap) // 2
    top = (h - round(ink.cap_height)) // 2
    if side:
        _emblem(image, x, (h - side) // 2, side, look)
    x += side + gap
    y = top - ink.cap_top
    paint(image, ink.mask, x, y, look.letters)
    return _Panel(image, (x, y, x + tw, y + th), (top, top + round(ink.cap_height)))


def mark(size: int) -> Image:
    """The mark without letters as BGR on white, `size` pixels high and 1.3 times as wide."""
    w, h = int(size * 1.3) * 2, size * 2
    image = np.full((h, w, 3), (252, 250, 248), np.uint8)

    def shape(points: list[tuple[float, float]], colour: Colour) -> None:
        cv2.fillPoly(image, [np.round(np.array(points) * (w, h)).astype(np.int32)], colour, cv2.LINE_AA)

    shape([(0.06, 0.9), (0.34, 0.08), (0.5, 0.42), (0.3, 0.9)], (150, 40, 16))
    shape([(0.34, 0.9), (0.55, 0.5), (0.72, 0.9)], (40, 140, 240))
    shape([(0.4, 0.08), (0.94, 0.08), (0.8, 0.34), (0.53, 0.34)], (50, 30, 200))
    shape([(0.76, 0.42), (0.94, 0.66), (0.94, 0.9), (0.78, 0.9), (0.62, 0.56)], (150, 40, 16))
    cv2.circle(image, (int(0.66 * w), int(0.44 * h)), int(0.055 * h), (30, 30, 30), -1, cv2.LINE_AA)
    cv2.circle(image, (int(0.2 * w), int(0.24 * h)), int(0.08 * h), (60, 170, 40), -1, cv2.LINE_AA)
    cv2.circle(image, (int(0.2 * w), int(0.24 * h)), int(0.035 * h), (252, 250, 248), -1, cv2.LINE_AA)
    return np.asarray(cv2.resize(image, (w // 2, h // 2), interpolation=cv2.INTER_AREA))


def _page(
    panels: list[tuple[_Panel, Writing]], across: float, down: float, book: SignBook, place: str, frame: bool
) -> Page:
    """Panels side by side from the left, the last one cut at the section's end or the rest filled with its ground."""
    w, h = round(across * DENSE), round(down * DENSE)
    image = np.zeros((h, w, 3), np.uint8)
    placed, x = [], 0
    for n, (one, writing) in enumerate(panels):
        wide = min(one.image.shape[1], w - x)
        if wide <= 0:
            break
        image[:, x : x + wide] = one.image[:, :wide]
        if frame and x:
            image[:, x - 2 : x + 2] = (image[:, x - 2 : x + 2] * 0.35).astype(np.uint8)
        hull = (one.hull[0] + x, one.hull[1], one.hull[2] + x, one.hull[3])
        if hull[2] <= w:
            sign = book.add(writing, "scene", f"{place} #{n + 1}")
            a, b, c, d = (value / DENSE for value in hull)
            placed.append(Placement(sign, (a, b, c, d), (one.capitals[0] / DENSE, one.capitals[1] / DENSE)))
        elif hull[0] < w:
            image[:, x:] = one.image[h // 2, 2]
        x += wide
    if x < w:
        image[:, x:] = image[:, max(0, x - 3) : max(1, x - 2)]
    image[: max(1, h // 40)] = 26
    image[-max(1, h // 30) :] = 20
    return Page(Ripmap(image, across, down), tuple(placed))


def _fill(
    writings: list[Writing],
    looks: dict[str, Identity],
    across: float,
    rng: np.random.Generator,
    spread: float,
) -> list[tuple[_Panel, Writing]]:
    """Panels of the given writings in turn until `across` metres are full, each as wide as fits a whole number."""
    row: list[tuple[_Panel, Writing]] = []
    used, turn = 0.0, 0
    while True:
        writing = writings[turn % len(writings)]
        cap = 0.72 if len(writing.text) > 12 else float(rng.uniform(0.72, 0.82))
        if turn >= len(writings):
            one = next(p for p, w in row if w is writing)
        else:
            one = panel(writing, looks[writing.text], BOARD_HEIGHT, cap, spread)
        used += one.image.shape[1] / DENSE
        if used > across and row:
            break
        row.append((one, writing))
        turn += 1
    spare = across - sum(p.image.shape[1] for p, _ in row) / DENSE
    pad = int(spare * DENSE / len(row))
    return [(_widened(p, pad), w) for p, w in row]


def _widened(one: _Panel, pad: int) -> _Panel:
    left = pad // 2
    image = cv2.copyMakeBorder(one.image, 0, 0, left, pad - left, cv2.BORDER_REPLICATE)
    x0, y0, x1, y1 = one.hull
    return _Panel(np.asarray(image), (x0 + left, y0, x1 + left, y1), one.capitals)


def _section(
    plane: Plane,
    kind: str,
    names: list[Writing],
    looks: dict[str, Identity],
    book: SignBook,
    place: str,
    rng: np.random.Generator,
) -> Section:
    if kind == "static":
        row = _fill(names, looks, plane.across, rng, float(rng.uniform(6.0, 7.5)))
        pages = [_page(row, plane.across, plane.down, book, f"{place} static", True)]
    elif kind == "scroll":
        row = _fill(names[:2], looks, plane.across, rng, float(rng.uniform(7.0, 9.0)))
        pages = [_page(row, plane.across, plane.down, book, f"{place} scrolling LED", False)]
    else:
        pages = []
        for n, name in enumerate(names[:3]):
            row = _fill([name], looks, plane.across, rng, float(rng.uniform(7.5, 10.0)))
            pages.append(_page(row, plane.across, plane.down, book, f"{place} LED page {n + 1}", False))
    speed = float(rng.uniform(0.9, 1.8))
    return Section(plane, kind, tuple(pages), float(rng.uniform(4.5, 7.5)), speed, float(rng.uniform(0, 20)))


def _facade(cast: Cast, looks: dict[str, Identity], book: SignBook, rng: np.random.Generator) -> Section:
    """The wall under the far stand: the mark without letters, words that are no brand, a few large names."""
    plane = Plane((-16.0, 77.0, 3.6), (1.0, 0, 0), (0, 0, -1.0), 137.0, 3.6)
    w, h = round(plane.across * DENSE), round(plane.down * DENSE)
    image = np.empty((h, w, 3), np.uint8)
    image[:] = (58, 54, 52)
    image[:, :: 4 * DENSE] = 40
    image[: DENSE // 8] = 150
    placed: list[Placement] = []
    big = [w for w in cast.boards if w.kind in ("brand", "unknown")][-3:]
    slots: list[Writing] = [
        cast.symbol,
        big[0],
        cast.words[0],
        cast.symbol,
        big[1],
        cast.words[1],
        cast.symbol,
        big[2],
    ]
    turn = int(rng.integers(len(slots)))
    x = 0.0
    for n in range(12):
        writing = slots[(n + turn) % len(slots)]
        x += float(rng.uniform(4.0, 7.0))
        top = round(0.25 * DENSE)
        if writing.kind == "symbol":
            sign = mark(round(1.9 * DENSE))
            hull = (0, 0, sign.shape[1], sign.shape[0])
            capitals = (0, sign.shape[0])
        else:
            made = panel(writing, looks[writing.text], FACADE_HEIGHT, 0.95)
            sign, hull, capitals = made.image, made.hull, made.capitals
        at = round(x * DENSE)
        if at + sign.shape[1] > w:
            break
        image[top : top + sign.shape[0], at : at + sign.shape[1]] = sign
        number = book.add(writing, "scene", f"far facade #{n + 1}")
        a, b, c, d = hull
        box = ((a + at) / DENSE, (b + top) / DENSE, (c + at) / DENSE, (d + top) / DENSE)
        placed.append(Placement(number, box, ((capitals[0] + top) / DENSE, (capitals[1] + top) / DENSE)))
        x += sign.shape[1] / DENSE
    return Section(
        plane, "static", (Page(Ripmap(image, plane.across, plane.down), tuple(placed)),), 1.0, 0.0, 0.0
    )


def build_boards(seed: int, cast: Cast, book: SignBook) -> tuple[Section, ...]:
    """All boards of a seed on three sides of the pitch, those further back first. Registers their signs."""
    rng = np.random.default_rng([seed, 42])
    looks = identities(seed, cast)
    names = list(cast.boards)
    deal = [names[i % len(names)] for i in range(64)]
    taken = 0

    def take(count: int) -> list[Writing]:
        nonlocal taken
        taken += count
        return deal[taken - count : taken]

    made = [_facade(cast, looks, book, rng)]
    kinds: list[Any] = [
        ["static", "turn", "scroll", "static"],
        ["turn", "static", "turn", "scroll"],
        ["static", "cut", "static", "turn"],
        ["scroll", "turn", "static", "turn"],
    ]
    row = kinds[int(rng.integers(len(kinds)))]
    wide = 112.2 / 4
    for n, kind in enumerate(row):
        plane = Plane((-3.6 + n * wide, 71.0, BOARD_HEIGHT), (1.0, 0, 0), (0, 0, -1.0), wide, BOARD_HEIGHT)
        made.append(_section(plane, kind, take(3), looks, book, f"far {n + 1}", rng))
    for side, kinds_here in (("left", ["static", "turn", "static"]), ("right", ["turn", "static", "scroll"])):
        order = [kinds_here[i] for i in rng.permutation(3)]
        for n, kind in enumerate(order):
            if side == "left":
                plane = Plane(
                    (-3.6, -1.0 + 24.0 * n, BOARD_HEIGHT), (0, 1.0, 0), (0, 0, -1.0), 24.0, BOARD_HEIGHT
                )
            else:
                plane = Plane(
                    (108.6, 71.0 - 24.0 * n, BOARD_HEIGHT), (0, -1.0, 0), (0, 0, -1.0), 24.0, BOARD_HEIGHT
                )
            made.append(
                _section(plane, kind, take(2 if kind != "turn" else 3), looks, book, f"{side} {n + 1}", rng)
            )
    return tuple(made)
