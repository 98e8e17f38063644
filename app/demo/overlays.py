"""The demo's captions: scorebug with clock, channel logo, lower third, replay tag and the replay wipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.demo.boards import SignBook
from app.demo.brands import Cast, Writing
from app.demo.camera import WIPE_SECONDS, Shot
from app.demo.lettering import Image, ink_of, paint
from engine.adapters.cv import cv2

Colour = tuple[int, int, int]
Hull = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Lettered:
    """A text on a caption: its sign, ink hull in picture pixels and the height of its capitals."""

    sign: int
    hull: Hull
    height: float


@dataclass(frozen=True, slots=True)
class Caption:
    """A ready graphic: BGRA at (x, y) in picture pixels, its texts, and how opaque it is now."""

    image: Image
    x: int
    y: int
    texts: tuple[Lettered, ...]
    opacity: float = 1.0


class _Plate:
    """Builds a caption graphic with texts whose places are kept."""

    def __init__(self, x: int, y: int, w: int, h: int, scale: float) -> None:
        self.x, self.y, self.scale = round(x * scale), round(y * scale), scale
        self.image = np.zeros((max(1, round(h * scale)), max(1, round(w * scale)), 4), np.uint8)
        self.texts: list[Lettered] = []

    def bar(
        self, x: float, y: float, w: float, h: float, colour: Colour, alpha: int = 255, skew: float = 0.0
    ) -> None:
        s = self.scale
        points = np.array([[x + skew, y], [x + w + skew, y], [x + w, y + h], [x, y + h]]) * s
        cv2.fillPoly(self.image, [np.round(points * 16).astype(np.int32)], (*colour, alpha), cv2.LINE_AA, 4)

    def text(
        self,
        text: str,
        face: str,
        cap: float,
        x: float,
        y: float,
        colour: Colour,
        sign: int = -1,
        middle: bool = True,
    ) -> float:
        """Write with capitals from y down; x is the middle or the left end. Returns the width, unscaled."""
        ink = ink_of(text, face, float(max(3, round(cap * self.scale))))
        h, w = ink.mask.shape
        left, top = round(x * self.scale - (w / 2 if middle else 0)), round(y * self.scale) - ink.cap_top
        paint(self.image, ink.mask, left, top, colour)
        if sign >= 0:
            hull = (left + self.x, top + self.y, left + self.x + w, top + self.y + h)
            self.texts.append(Lettered(sign, hull, ink.cap_height))
        return w / self.scale

    def caption(self) -> Caption:
        return Caption(self.image, self.x, self.y, tuple(self.texts))


class Overlays:
    """All captions of a clip for a given picture size; `at` gives those of a frame."""

    def __init__(
        self, seed: int, cast: Cast, book: SignBook, size: tuple[int, int], fps: int, shots: tuple[Shot, ...]
    ) -> None:
        rng = np.random.default_rng([seed, 61])
        self.book, self.cast, self.fps, self.shots = book, cast, fps, shots
        self.size, self.scale = size, size[1] / 720
        self.wide = size[0] / self.scale
        palette: list[tuple[Colour, Colour]] = [
            ((70, 30, 20), (60, 200, 240)),
            ((40, 36, 34), (90, 60, 230)),
            ((110, 40, 60), (230, 230, 120)),
            ((60, 70, 12), (120, 230, 190)),
        ]
        self.dark, self.bright = palette[int(rng.integers(len(palette)))]
        self.minute = int(rng.integers(3, 80))
        self.second = int(rng.integers(0, 60))
        self.score = (int(rng.integers(0, 4)), int(rng.integers(0, 3)))
        self.low = bool(rng.random() < 0.25)
        self._signs: dict[str, int] = {}
        self._bugs: dict[int, Caption] = {}
        self._logo = self._channel()
        self._tag = self._replay_tag()
        self._thirds = [self._third(n) for n in range(2)]
        self._windows = self._third_windows(rng)

    def _sign(self, writing: Writing, place: str) -> int:
        key = f"{place}|{writing.text}"
        if key not in self._signs:
            self._signs[key] = self.book.add(writing, "caption", place)
        return self._signs[key]

    def _plain(self, text: str, place: str) -> int:
        return self._sign(Writing(None, text, "caption"), place)

    def _bug(self, at: int) -> Caption:
        """The scorebug with the clock `at` seconds after the clip's first moment of play."""
        if at not in self._bugs:
            y = 36 if not self.low else 628
            plate = _Plate(56, y, 420, 44, self.scale)
            total = self.minute * 60 + self.second + at
            clock = f"{total // 60:02d}:{total % 60:02d}"
            sans = "OpenSans-ExtraBold.ttf"
            plate.bar(0, 4, 74, 34, self.dark, 238, 6)
            plate.text(clock, sans, 15, 40, 13, (245, 245, 245), self._plain(clock, "clock"))
            plate.bar(80, 4, 86, 34, (250, 250, 250), 255, 6)
            plate.bar(250, 4, 86, 34, (250, 250, 250), 255, 6)
            plate.bar(166, 4, 84, 34, self.bright, 255, 6)
            home, away = (team[1] for team in self.cast.teams)
            plate.text(home, sans, 16, 126, 13, (30, 26, 22), self._plain(home, "team"))
            plate.text(away, sans, 16, 296, 13, (30, 26, 22), self._plain(away, "team"))
            score = f"{self.score[0]} - {self.score[1]}"
            plate.text(score, sans, 16, 211, 13, (20, 16, 12), self._plain(score, "score"))
            self._bugs = {at: plate.caption()}
        return self._bugs[at]

    def _channel(self) -> Caption:
        plate = _Plate(round(self.wide) - 190, 34, 140, 52, self.scale)
        plate.bar(4, 4, 40, 40, self.bright, 225, 8)
        name, _, number = self.cast.channel.rpartition(" ")
        plate.text(number, "OpenSans-ExtraBold.ttf", 22, 28, 13, self.dark)
        plate.text(
            name,
            "BebasNeue-Bold.otf",
            24,
            60,
            13,
            (255, 255, 255),
            self._plain(name, "channel logo"),
            middle=False,
        )
        return plate.caption()

    def _replay_tag(self) -> Caption:
        plate = _Plate(round(self.wide) - 190, 92, 140, 34, self.scale)
        plate.bar(2, 2, 120, 28, self.dark, 235, 6)
        plate.text(
            "REPLAY",
            "OpenSans-ExtraBold.ttf",
            14,
            66,
            9,
            (255, 255, 255),
            self._plain("REPLAY", "replay tag"),
        )
        return plate.caption()

    def _third(self, n: int) -> Caption:
        """A person's name over his team; the second one carries a sponsor's line."""
        plate = _Plate(96, 500 if self.low else 560, 560, 104, self.scale)
        person = self.cast.people[n]
        team = self.cast.teams[n % 2][0]
        face = "OpenSans-ExtraBold.ttf"
        plate.bar(0, 4, 420, 52, self.dark, 240, 10)
        plate.bar(0, 56, 340, 36, (248, 248, 248), 245, 7)
        plate.bar(0, 4, 8, 88, self.bright, 255, 0)
        plate.text(person, face, 24, 34, 18, (255, 255, 255), self._plain(person, "name"), middle=False)
        wide = plate.text(team, face, 15, 34, 67, (40, 34, 30), self._plain(team, "team name"), middle=False)
        if n == 1:
            left = 44 + wide
            plate.bar(left, 56, 520 - left, 36, self.bright, 250, 7)
            sponsor = self.cast.caption_sponsor
            plate.text(
                sponsor.text,
                face,
                16,
                left + 22,
                66,
                (30, 24, 20),
                self._sign(sponsor, "lower third"),
                middle=False,
            )
        return plate.caption()

    def _third_windows(self, rng: np.random.Generator) -> list[tuple[float, float, int]]:
        """When a lower third shows: over close shots and once in each live wide one that is long enough."""
        windows = []
        n = int(rng.integers(2))
        for shot in self.shots:
            start, end = shot.start / self.fps, shot.end / self.fps
            if shot.replay or shot.wipe_in or shot.wipe_out or end - start < 2.0:
                continue
            if shot.kind == "close" or (shot.kind == "wide" and end - start > 6.0):
                windows.append((start + 0.4, min(end - 0.3, start + 4.2), n % 2))
                n += 1
        return windows

    def at(self, frame: int, shot: Shot) -> Iterator[Caption]:
        """The captions of a video frame in drawing order, without the wipe."""
        t = frame / self.fps
        if not shot.replay:
            play = shot.play_start + (frame - shot.start) / self.fps * shot.play_rate
            yield self._bug(int(play))
        else:
            yield self._tag
        yield self._logo
        for start, end, n in self._windows:
            if start <= t < end:
                shown = min(1.0, (t - start) / 0.3, (end - t) / 0.3)
                one = self._thirds[n]
                slide = round((1 - shown) * 60 * self.scale)
                texts = tuple(
                    Lettered(x.sign, (x.hull[0] - slide, x.hull[1], x.hull[2] - slide, x.hull[3]), x.height)
                    for x in one.texts
                )
                yield Caption(one.image, one.x - slide, one.y, texts, max(0.04, shown))

    def wipe(self, frame: int, shot: Shot) -> float | None:
        """How far the wipe has come over this frame (0..1, 0.5 at the cut), or None."""
        half = WIPE_SECONDS / 2 * self.fps
        if shot.wipe_in and frame - shot.start < half:
            return 0.5 + (frame - shot.start) / (2 * half)
        if shot.wipe_out and shot.end - frame <= half:
            return 0.5 - (shot.end - frame) / (2 * half)
        return None

    def draw_wipe(self, picture: Image, cover: Image, progress: float) -> Caption:
        """Draw the slanted band that crosses the picture and hides the cut. Returns it as a caption with its text."""
        w, h = self.size
        eased = progress + 0.09 * np.sin(2 * np.pi * progress)
        slant = 0.35 * h
        band = 1.35 * w + slant
        left = -band - slant + eased * (w + band + 2 * slant)
        stripes = (
            (0.0, 1.0, self.dark),
            (0.0, 0.05, self.bright),
            (0.08, 0.1, self.bright),
            (0.92, 1.0, self.bright),
            (0.86, 0.88, (255, 255, 255)),
        )
        for a, b, colour in stripes:
            x0, x1 = left + a * band, left + b * band
            quad = np.array([[x0 + slant, 0], [x1 + slant, 0], [x1, h], [x0, h]])
            cv2.fillConvexPoly(picture, np.round(quad * 16).astype(np.int32), colour, cv2.LINE_AA, 4)
            cv2.fillConvexPoly(cover, np.round(quad * 16).astype(np.int32), 255, cv2.LINE_8, 4)
        name = self.cast.channel.rpartition(" ")[0]
        ink = ink_of(name, "BebasNeue-Bold.otf", float(round(130 * self.scale)))
        th, tw = ink.mask.shape
        x, y = round(left + slant / 2 + band / 2 - tw / 2), round(h / 2 - th / 2)
        paint(picture, ink.mask, x, y, (255, 255, 255))
        cover[y : y + th, max(0, x) : max(0, x + tw)] = 254
        text = Lettered(self._plain(name, "wipe"), (x, y, x + tw, y + th), ink.cap_height)
        return Caption(np.zeros((1, 1, 4), np.uint8), 0, 0, (text,))


def draw_caption(picture: Image, cover: Image, caption: Caption) -> None:
    """Blend a caption over the picture; marks with 254 what it covers by half or more, and its texts' hulls."""
    h, w = caption.image.shape[:2]
    x0, y0 = max(0, caption.x), max(0, caption.y)
    x1, y1 = min(picture.shape[1], caption.x + w), min(picture.shape[0], caption.y + h)
    if x0 >= x1 or y0 >= y1:
        return
    part = caption.image[y0 - caption.y : y1 - caption.y, x0 - caption.x : x1 - caption.x]
    alpha = cv2.cvtColor(np.ascontiguousarray(part[..., 3]), cv2.COLOR_GRAY2BGR)
    if caption.opacity < 1:
        alpha = cv2.convertScaleAbs(alpha, alpha=caption.opacity)
    spot = picture[y0:y1, x0:x1]
    over = cv2.multiply(np.ascontiguousarray(part[..., :3]), alpha, scale=1 / 255)
    spot[:] = cv2.add(cv2.multiply(spot, 255 - alpha, scale=1 / 255), over)
    cover[y0:y1, x0:x1][alpha[..., 0] > 127] = 254
    if caption.opacity >= 0.5:
        for text in caption.texts:
            a, b, c, d = (max(0, value) for value in text.hull)
            cover[b:d, a:c] = 254
