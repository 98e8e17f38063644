"""Small videos made for tests; every frame carries its own number as a row of black and white blocks."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from engine.adapters.cv import cv2
from engine.stage import Image

BITS = 10
WIDTH, HEIGHT = 160, 96


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """A BGR picture that shows `number` in binary in its upper half, red below."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[height // 2 :] = (40, 40, 200)
    for bit in range(BITS):
        left, right = width * bit // BITS, width * (bit + 1) // BITS
        picture[: height // 2, left:right] = 235 if number >> bit & 1 else 16
    return picture


def number_of(picture: Image) -> int:
    """The number that a decoded picture shows."""
    height, width = picture.shape[:2]
    row = picture[height // 8 : height * 3 // 8].mean(axis=(0, 2))
    middles = [int(width * (bit + 0.5) / BITS) for bit in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(middles) if row[max(0, x - 2) : x + 3].mean() > 125)


def make_video(
    path: Path,
    frames: int = 50,
    *,
    rate: Fraction | int = 25,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    gop: int = 25,
    picture: Callable[[int], Image] | None = None,
    sound: bool = False,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    context: dict[str, Any] | None = None,
    format: str | None = None,
) -> Path:
    """Encode numbered frames; `pts` are in `time_base` (default 1 / rate)."""
    width, height = size
    draw = picture or (lambda n: numbered(n, width, height))
    with av.open(str(path), "w", format=format, options=container_options or {}) as out:
        quick = {"preset": "ultrafast", "crf": "18", "bf": "2"} if codec == "libx264" else {}
        stream = out.add_stream(codec, rate=rate, options={**quick, **(options or {})})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.gop_size = gop
        base = time_base or 1 / Fraction(rate)
        stream.codec_context.time_base = base
        for name, value in (context or {}).items():
            setattr(stream.codec_context, name, value)
        tone = out.add_stream("aac", rate=44_100) if sound else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(draw(number), format="bgr24").reformat(format=pixels)
            frame.pts = number if pts is None else pts[number]
            frame.time_base = base
            for name in ("color_trc", "color_primaries", "colorspace"):
                if context and name in context:
                    setattr(frame, name, context[name])
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if tone is not None:
            _add_sound(out, tone, float(frames / Fraction(rate)))
    return path


def make_sound(path: Path, seconds: float = 1.0) -> Path:
    """A file that holds sound only."""
    with av.open(str(path), "w") as out:
        _add_sound(out, out.add_stream("aac", rate=44_100), seconds)
    return path


def _add_sound(out: Any, stream: Any, seconds: float) -> None:
    for block in range(int(seconds * 44_100) // 1024):
        wave = np.sin(np.arange(1024) * 0.06).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = 44_100, block * 1024, Fraction(1, 44_100)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def rotate_header(path: Path, clockwise: int) -> Path:
    """Write a turn (90, 180, 270) into an MP4's track header, as telephones do."""
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 8 + 4 + 4 + 4 + 8 + 8
    one = 1 << 16
    data[at : at + 36] = struct.pack(">9i", cos * one, sin * one, 0, -sin * one, cos * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def stripes(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """Two moments in one picture, as interlaced cameras take them: a bar that moves between the fields."""
    picture = np.full((height, width, 3), 60, np.uint8)
    for field in (0, 1):
        left = 10 + number * 8 + field * 4
        picture[field::2, left : left + 24] = 220
    return picture


def comb(picture: Image) -> float:
    """How strongly neighbouring lines disagree: high for interlaced pictures."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return float(np.abs(grey[1:-1] - (grey[:-2] + grey[2:]) / 2).mean())
