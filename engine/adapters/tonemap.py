"""Turns decoded pictures into upright 8-bit BGR of the wanted size; HDR is tone-mapped to SDR.

PQ (SMPTE ST 2084) and HLG (ITU-R BT.2100) pictures go through linear light in BT.2020, a shoulder that keeps
everything below diffuse white nearly as it is (ITU-R BT.2408: 203 cd/m²), BT.709 primaries and the sRGB
curve. All in look-up tables, so that a 1080p picture takes some 0.1 s.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.stage import Image

HDR_TRANSFERS = (int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67))

DIFFUSE_WHITE = 203.0
"""cd/m² of a white sheet in an HDR picture (BT.2408)."""
PEAK = 1000.0
"""cd/m² that become full white."""

_LEVELS = 1 << 12
# At full size chroma is repeated, not interpolated: JPEG halves it again, and this takes a twentieth of the time.
_SAME_SIZE = Interpolation.POINT
_SMALLER = Interpolation.BICUBIC | Interpolation.ACCURATE_RND

# Linear BT.2020 to BT.709 (ITU-R BT.2087), rows for B, G, R since pictures are BGR.
_TO_709 = np.array(
    [[1.1187, -0.1006, -0.0182], [-0.0083, 1.1329, -0.1246], [-0.0728, -0.5876, 1.6605]], np.float32
)


def upright_size(width: int, height: int, max_edge: int) -> tuple[int, int]:
    """The size scaled down so that the longer edge is at most `max_edge` (0: as it is), at least 2 × 2."""
    edge = max(width, height)
    if max_edge <= 0 or edge <= max_edge:
        return width, height
    return max(2, round(width * max_edge / edge)), max(2, round(height * max_edge / edge))


class Painter:
    """Converts frames; keeps one swscale context, so one thread at a time."""

    def __init__(self, rotation: int = 0) -> None:
        """`rotation` is the clockwise turn in degrees (0, 90, 180, 270) that sets the picture upright."""
        self._rotation = rotation
        self._reformatter = VideoReformatter()

    def paint(self, frame: VideoFrame, max_edge: int = 0) -> Image:
        """BGR pixels, upright, at most `max_edge` on the longer side (0: full size)."""
        width, height = upright_size(frame.width, frame.height, max_edge)
        hdr = frame.color_trc in HDR_TRANSFERS
        deep = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="bgr48le" if hdr else "bgr24",
            src_colorspace=_matrix(frame),
            interpolation=_SAME_SIZE if (width, height) == (frame.width, frame.height) else _SMALLER,
            threads=1,
        )
        pixels: Any = deep.to_ndarray()
        if hdr:
            pixels = to_sdr(pixels, int(frame.color_trc))
        return turn(pixels, self._rotation)


def turn(pixels: Image, rotation: int) -> Image:
    """The picture turned clockwise by 0, 90, 180 or 270 degrees."""
    codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if rotation not in codes:
        return np.ascontiguousarray(pixels)
    turned: Image = cv2.rotate(pixels, codes[rotation])
    return turned


def to_sdr(pixels: NDArray[np.uint16], transfer: int) -> Image:
    """Tone-map 16-bit BGR in BT.2020 with the PQ or HLG curve to 8-bit BT.709 BGR, (h, w, 3)."""
    linear = _to_linear(transfer)[pixels >> 4]
    linear = cv2.transform(linear, _TO_709)
    index = np.clip(np.sqrt(np.clip(linear, 0.0, 1.0)) * (_LEVELS - 1) + 0.5, 0, _LEVELS - 1)
    result: Image = _to_screen()[index.astype(np.uint16)]
    return result


def _matrix(frame: VideoFrame) -> int | None:
    """swscale's number of the YUV matrix; by picture height where the file doesn't say (as players do)."""
    unspecified = 2
    if frame.format.is_rgb or frame.colorspace != unspecified:
        return None
    bt709, bt601 = 1, 5
    return bt709 if frame.height > 576 else bt601


@lru_cache(maxsize=2)
def _to_linear(transfer: int) -> NDArray[np.float32]:
    """Code value (12 bit) to linear light, 1.0 = PEAK."""
    code = np.arange(_LEVELS, dtype=np.float64) / (_LEVELS - 1)
    if transfer == int(ColorTrc.SMPTE2084):
        m1, m2 = 2610 / 16384, 2523 / 4096 * 128
        c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        power = code ** (1 / m2)
        nits = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        nits = PEAK * scene**1.2
    return np.asarray(np.minimum(nits / PEAK, 1.0), np.float32)


@lru_cache(maxsize=1)
def _to_screen() -> NDArray[np.uint8]:
    """Square root of linear light (12 bit) to the sRGB byte: extended Reinhard, diffuse white near 0.8."""
    light = (np.arange(_LEVELS) / (_LEVELS - 1)) ** 2 * PEAK / DIFFUSE_WHITE
    white = PEAK / DIFFUSE_WHITE
    knee = 0.6
    over = np.maximum(light - knee, 0)
    room, reach = 1 - knee, white - knee
    scaled = over / room
    shoulder = knee + room * scaled * (1 + scaled / (reach / room) ** 2) / (1 + scaled)
    mapped = np.where(light <= knee, light, np.minimum(shoulder, 1.0))
    curve = np.where(mapped <= 0.0031308, 12.92 * mapped, 1.055 * mapped ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(np.clip(curve, 0, 1) * 255), np.uint8)
