"""Letters as alpha masks: the bundled faces, text of an exact capital height, and where its ink lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

Image = np.ndarray[Any, np.dtype[np.uint8]]

FACES: tuple[str, ...] = (
    "OpenSans-ExtraBold.ttf",
    "RobotoSlab-Bold.otf",
    "Quicksand-Bold.ttf",
    "Cabin-BoldItalic.otf",
    "BebasNeue-Bold.otf",
)
"""File names in resources/fonts. The last one has capital letters only."""


@dataclass(frozen=True, slots=True)
class Ink:
    """A text's ink: `mask` (h, w) 0..255 cropped to the ink; capitals reach from `cap_top` over `cap_height` pixels."""

    mask: Image
    cap_top: int
    cap_height: float


@lru_cache(maxsize=256)
def _font(face: str, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(files("resources").joinpath("fonts", face)), size)


@lru_cache(maxsize=512)
def ink_of(text: str, face: str, cap_height: float) -> Ink:
    """Render one line of text so that its capital letters are `cap_height` pixels high (within one pixel)."""
    from PIL import Image as Pictures
    from PIL import ImageDraw

    probe = _font(face, 200).getbbox("H", anchor="ls")
    size = max(4, round(200 * cap_height / (probe[3] - probe[1])))
    font = _font(face, size)
    capital = font.getbbox("H", anchor="ls")
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    picture = Pictures.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
    ImageDraw.Draw(picture).text((2 - left, 2 - top), text, fill=255, font=font, anchor="ls")
    mask = np.asarray(picture)
    rows, columns = np.flatnonzero(mask.max(1) > 40), np.flatnonzero(mask.max(0) > 40)
    mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Ink(
        np.ascontiguousarray(mask), int(capital[1] - top + 2 - rows[0]), float(capital[3] - capital[1])
    )


def paint(
    canvas: Image, mask: Image, x: int, y: int, colour: tuple[int, int, int], opacity: float = 1.0
) -> None:
    """Blend `colour` through `mask` onto `canvas` (h, w, 3 or 4) with its top left at (x, y), clipped at the edges.

    On a canvas with alpha, the alpha grows with the mask.
    """
    h, w = mask.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(canvas.shape[1], x + w), min(canvas.shape[0], y + h)
    if x0 >= x1 or y0 >= y1:
        return
    cover = mask[y0 - y : y1 - y, x0 - x : x1 - x, None].astype(np.float32) * (opacity / 255.0)
    spot = canvas[y0:y1, x0:x1]
    spot[..., :3] = (spot[..., :3] * (1.0 - cover) + np.array(colour, np.float32) * cover + 0.5).astype(
        np.uint8
    )
    if canvas.shape[2] == 4:
        spot[..., 3] = np.maximum(spot[..., 3], (cover[..., 0] * 255.0).astype(np.uint8))
