"""Cut signs out of frames: upright crops of slanted boards, how clear they are, and which are the best to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2

Pixels = NDArray[np.uint8]

_CLARITY_HEIGHT = 32
_CONTRAST, _STEEP = (0.03, 0.97), 0.02
_SMEAR = _CLARITY_HEIGHT // 4
_SOBEL = 8
"""Sobel's answer where brightness rises by one grey level a pixel."""
_UPRIGHT = 1.5
_TALLEST = 40.0
_MIDDLE = (0.3, 0.75)
_QUIET = 0.65
_ASKEW = (0.67, 1.25)
_TILT = 0.18
_FAR, _NEAR = 0.8, 0.3
_STRIP = (0.08, 0.5)
_LIVELY = 0.6


def rectified(picture: Pixels, corners: NDArray[np.float32], margin: float = 0.0) -> Pixels:
    """The upright crop under `corners` (four, clockwise from the text's top left), by perspective.

    `margin` widens it by that share of its height on each side."""
    wide = max(_distance(corners, 0, 1), _distance(corners, 3, 2))
    high = max(_distance(corners, 0, 3), _distance(corners, 1, 2))
    columns, rows = max(1, round(wide)), max(1, round(high))
    border = margin * high
    target = np.array(
        [
            [border, border],
            [columns + border, border],
            [columns + border, rows + border],
            [border, rows + border],
        ],
        np.float32,
    )
    size = (round(columns + 2 * border), round(rows + 2 * border))
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def stands_upright(crop: Pixels) -> bool:
    """True where a crop is so tall that its text may run from top to bottom or be turned by a quarter."""
    return crop.shape[0] >= _UPRIGHT * crop.shape[1]


def is_askew(corners: NDArray[np.float32]) -> bool:
    """True where a region is tilted and about as high as wide, so that its text may run along either side."""
    wide = max(_distance(corners, 0, 1), _distance(corners, 3, 2))
    high = max(_distance(corners, 0, 3), _distance(corners, 1, 2))
    run, rise = np.abs(corners[1] - corners[0])
    return bool(_ASKEW[0] * high < wide <= _ASKEW[1] * high and rise > _TILT * run)


def widened(picture: Pixels, corners: NDArray[np.float32]) -> tuple[NDArray[np.float32], bool]:
    """Corners moved outwards along the text, and whether letters seem to go on beyond either end: there the end
    moves by 0.8 of the text's height, elsewhere by 0.3.

    Letters go on where a strip beside the end is at least 0.6 times as lively (mean brightness step along the text)
    as what is inside."""
    if _distance(corners, 0, 3) > _distance(corners, 0, 1):
        turned, beyond = widened(picture, np.roll(corners, 1, axis=0))
        return np.roll(turned, -1, axis=0), beyond
    high = max(_distance(corners, 0, 3), _distance(corners, 1, 2))
    along = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
    step = along / max(1e-6, float(np.linalg.norm(along))) * high
    sides = np.array([[-1.0], [1.0], [1.0], [-1.0]], np.float32)
    around = rectified(picture, (corners + sides * step * _STRIP[1]).astype(np.float32))
    gray = around if around.ndim == 2 else cv2.cvtColor(around, cv2.COLOR_BGR2GRAY)
    rows = gray.shape[0]
    steps = np.abs(np.diff(gray[rows // 5 : rows - rows // 5].astype(np.float32), axis=1)).mean(axis=0)
    edge = round(_STRIP[1] * high)
    near = edge - max(1, round(_STRIP[0] * high))
    if near < 2 or steps.size < 2 * edge + 2:
        return (corners + sides * step * _NEAR).astype(np.float32), False
    inside = float(steps[edge:-edge].mean())
    ends = [float(steps[:near].mean()), float(steps[-near:].mean())]
    lively = [end >= _LIVELY * inside for end in ends]
    shares = [_FAR if goes_on else _NEAR for goes_on in lively]
    moves = np.array([[-shares[0]], [shares[1]], [shares[1]], [-shares[0]]], np.float32)
    return (corners + moves * step).astype(np.float32), any(lively)


def line_border(crop: Pixels) -> float | None:
    """Where two lines of text in one crop part, as a share of its height; None where it looks like one line.

    The border is the quietest row in the middle of the crop, measured by its horizontal brightness steps,
    and counts only where both sides are much livelier."""
    gray = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    rows = gray.shape[0]
    if rows < 12 or gray.shape[1] < 12:
        return None
    steps = np.abs(np.diff(gray.astype(np.float32), axis=1)).mean(axis=1)
    smooth = cv2.GaussianBlur(steps.reshape(-1, 1), (1, 2 * max(1, rows // 24) + 1), 0).ravel()
    first, last = int(_MIDDLE[0] * rows), int(_MIDDLE[1] * rows)
    at = first + int(np.argmin(smooth[first:last]))
    if smooth[at] > _QUIET * min(float(smooth[:at].max()), float(smooth[at:].max())):
        return None
    return (at + 0.5) / rows


def quarter_turns(crop: Pixels) -> tuple[Pixels, Pixels]:
    """A tall crop laid on its side: text that ran upwards first, then text that ran downwards."""
    return (
        np.ascontiguousarray(np.rot90(crop, -1)),
        np.ascontiguousarray(np.rot90(crop)),
    )


def _distance(corners: NDArray[np.float32], a: int, b: int) -> float:
    return float(np.linalg.norm(corners[a] - corners[b]))


def clarity(picture: Pixels, corners: NDArray[np.float32]) -> float:
    """Variance of the Laplacian of the grey hull crop scaled to 32 px height (>= 0; higher is sharper); 0 where a
    movement has smeared the letters: even the steepest steps of brightness along the text take more than a quarter of
    the height from dark to bright."""
    high, wide = picture.shape[:2]
    x0, y0 = (max(0, int(v)) for v in corners.min(axis=0))
    x1, y1 = (int(v) + 1 for v in corners.max(axis=0))
    piece = picture[y0 : min(y1, high), x0 : min(x1, wide)]
    if piece.shape[0] < 2 or piece.shape[1] < 2:
        return 0.0
    gray = piece if piece.ndim == 2 else cv2.cvtColor(piece, cv2.COLOR_BGR2GRAY)
    columns = max(2, min(1024, round(gray.shape[1] * _CLARITY_HEIGHT / gray.shape[0])))
    scaled = cv2.resize(gray, (columns, _CLARITY_HEIGHT), interpolation=cv2.INTER_AREA)
    if _smeared(scaled):
        return 0.0
    return round(float(cv2.Laplacian(scaled, cv2.CV_32F).var()), 2)


def _smeared(scaled: Pixels) -> bool:
    """Whether the letters of a grey crop of 32 px height are smeared along the text: fewer than 2 % of its pixels stand
    on a step that would get from dark to bright within a quarter of the height."""
    levels = np.bincount(scaled.ravel(), minlength=256).cumsum()
    dark, bright = np.searchsorted(levels, np.array(_CONTRAST) * scaled.size)
    steps = np.abs(cv2.Sobel(scaled, cv2.CV_16S, 1, 0, ksize=3))
    return bool(np.count_nonzero(steps * _SMEAR >= _SOBEL * (bright - dark)) < _STEEP * scaled.size)


def look_hash(picture: Pixels, corners: NDArray[np.float32]) -> str:
    """Difference hash of the crop in 16 hex digits: the signs of brightness steps over a 9 × 8 picture."""
    crop = rectified(picture, corners)
    gray = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


@dataclass(frozen=True, slots=True)
class Shown:
    """One showing of a sign, for choosing what to read: when (seconds), how high its line is in pixels, its
    clarity, the share inside the picture, and whether a detector saw it there."""

    seconds: float
    height: float
    clarity: float
    visible: float
    detected: bool


def readability(shown: Shown, sharpest: float) -> float:
    """How well a showing is likely to be read (0..1): size, sharpness against the sharpest showing of the
    same sign, how much of it is in the picture, and boxes that a detector drew before carried ones."""
    size = min(shown.height, _TALLEST) / _TALLEST
    sharp = 0.5 + 0.5 * (shown.clarity / sharpest if sharpest > 0 else 0.0)
    return size**0.5 * sharp * shown.visible * (1.0 if shown.detected else 0.9)


def best_first(showings: Sequence[Shown]) -> list[int]:
    """The showings' numbers, the most readable first; equal ones in time order."""
    sharpest = max((s.clarity for s in showings), default=0.0)
    rated = [(-readability(s, sharpest), i) for i, s in enumerate(showings)]
    return [i for _, i in sorted(rated)]


def stretches(showings: Sequence[Shown], seconds: float) -> list[list[int]]:
    """The showings' numbers in time order, cut into stretches of about equal length of at most `seconds`."""
    order = sorted(range(len(showings)), key=lambda i: showings[i].seconds)
    if not order:
        return []
    start, end = showings[order[0]].seconds, showings[order[-1]].seconds
    count = max(1, int(np.ceil((end - start) / seconds - 1e-6)))
    pieces: list[list[int]] = [[] for _ in range(count)]
    for i in order:
        share = (showings[i].seconds - start) / (end - start) if end > start else 0.0
        pieces[min(count - 1, int(share * count))].append(i)
    return [p for p in pieces if p]
