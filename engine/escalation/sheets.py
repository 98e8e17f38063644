"""Contact sheets: the best crops of signs in numbered cells with gutters, and one blank cell to catch inventions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.crops import Shown, best_first, rectified
from engine.domain.geometry import text_height
from engine.domain.records import Appearance, FrameRecord, Seen
from engine.escalation.groups import Group

Pixels = NDArray[np.uint8]

CELL = 256
"""Pixels: a cell's width, and its height without the header."""
HEADER = 32
GUTTER = 16
MOST_COLUMNS = 4
PAPER = 236
INK = (24, 24, 24)
MARGIN = 0.35
"""A crop shows this share of its text's height around the text: a mark often stands beside the name."""
VARIANTS = 3
"""A sign is asked with its best crop; asked alone, with up to so many."""
APART = 2_000_000
"""Microseconds between two crops of a sign, where it was seen that long."""
QUALITY = 92


@dataclass(frozen=True, slots=True)
class Crop:
    """One crop of a sign. `digest` covers its pixels: the same pixels in another run or video are the same
    question."""

    pixels: Pixels
    digest: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture with cells 1..n in reading order. `cells` holds the place of each cell's crop in the list that
    the sheet was made from, None for the blank one."""

    jpeg: bytes
    cells: tuple[int | None, ...]
    width: int
    height: int

    @property
    def blank(self) -> int:
        """The number of the blank cell."""
        return self.cells.index(None) + 1


def grid_of(cells: int) -> tuple[int, int]:
    """(columns, rows) of a sheet of so many cells."""
    columns = min(MOST_COLUMNS, int(np.ceil(np.sqrt(cells))))
    return columns, -(-cells // columns)


def cell_corner(number: int, columns: int) -> tuple[int, int]:
    """Left and top (pixels) of the picture area of cell `number` (from 1), below its header."""
    row, column = divmod(number - 1, columns)
    return GUTTER + column * (CELL + GUTTER), GUTTER + row * (HEADER + CELL + GUTTER) + HEADER


def best_crops(
    group: Group,
    appearances: Sequence[Appearance],
    frames: Mapping[int, FrameRecord],
    image: Callable[[FrameRecord], Pixels],
    source_width: int,
    count: int = VARIANTS,
) -> list[Crop]:
    """The most readable crops of a sign, the best first, apart in time where it was seen long enough."""
    seen = [s for i in group.members for s in appearances[i].seen if s.seq in frames]
    shown = [
        Shown(frames[s.seq].time / 1e6, text_height(s.polygon), s.clarity, s.visible, s.mode == "read")
        for s in seen
    ]
    order = best_first(shown)
    chosen: list[int] = []
    for i in order:
        if len(chosen) < count and all(
            abs(frames[seen[i].seq].time - frames[seen[k].seq].time) >= APART for k in chosen
        ):
            chosen.append(i)
    return [crop_of(seen[i], frames[seen[i].seq], image, source_width) for i in chosen]


def crop_of(
    seen: Seen, frame: FrameRecord, image: Callable[[FrameRecord], Pixels], source_width: int
) -> Crop:
    """The upright crop of one showing, with a margin."""
    corners = np.asarray(seen.polygon, np.float32) * (frame.width / source_width)
    pixels = np.ascontiguousarray(rectified(image(frame), corners, MARGIN))
    size = f"{pixels.shape[1]}x{pixels.shape[0]}:".encode()
    return Crop(pixels, hashlib.sha256(size + pixels.tobytes()).hexdigest())


def draw_sheet(crops: Sequence[Crop], turn: int = 0) -> Sheet:
    """A sheet of these crops and a blank cell. Where the blank cell lies follows from the crops' digests;
    another `turn` gives another arrangement of the same crops."""
    order: list[int | None] = list(range(len(crops)))
    if turn % 2:
        order.reverse()
    seed = hashlib.sha256("".join(c.digest for c in crops).encode()).digest()
    order.insert((seed[0] + turn * 3) % (len(crops) + 1), None)
    columns, rows = grid_of(len(order))
    width = GUTTER + columns * (CELL + GUTTER)
    height = GUTTER + rows * (HEADER + CELL + GUTTER)
    canvas = np.full((height, width, 3), PAPER, np.uint8)
    for number, place in enumerate(order, start=1):
        left, top = cell_corner(number, columns)
        area = canvas[top : top + CELL, left : left + CELL]
        if place is None:
            area[:] = _blank(crops[seed[1] % len(crops)].pixels)
        else:
            _fit(area, crops[place].pixels)
        cv2.rectangle(canvas, (left - 1, top - HEADER), (left + CELL, top + CELL), INK, 1)
        cv2.putText(
            canvas, str(number), (left + 6, top - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.8, INK, 2, cv2.LINE_AA
        )
    done, data = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    return Sheet(data.tobytes(), tuple(order), width, height)


def _fit(area: Pixels, crop: Pixels) -> None:
    """Put the crop into the middle of the area, as large as it fits."""
    high, wide = crop.shape[:2]
    scale = min(CELL / wide, CELL / high)
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(crop, size, interpolation=method)
    x, y = (CELL - size[0]) // 2, (CELL - size[1]) // 2
    area[y : y + size[1], x : x + size[0]] = scaled


def _blank(crop: Pixels) -> Pixels:
    """A board without anything on it: the crop's commonest tone, with a little shading."""
    tone = np.median(crop.reshape(-1, 3), axis=0)
    shade = np.linspace(0.94, 1.06, CELL, dtype=np.float32)[None, :, None]
    return np.clip(np.broadcast_to(tone, (CELL, CELL, 3)) * shade, 0, 255).astype(np.uint8)


def drawn_word(word: str) -> Crop:
    """A crop that holds a word in plain letters, for testing a connection."""
    pixels = np.full((64, 24 * len(word) + 32, 3), 250, np.uint8)
    cv2.putText(pixels, word, (16, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.1, INK, 3, cv2.LINE_AA)
    return Crop(pixels, hashlib.sha256(pixels.tobytes()).hexdigest())
