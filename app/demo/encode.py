"""Writes pictures as H.264 (MPEG-4 part 2 where that encoder is missing), the same bytes for the same pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from app.demo.lettering import Image
from engine.adapters.cv import cv2

THREADS = 2
"""Fixed, because the encoder's bytes depend on it."""


class Encoder:
    """A context manager that encodes BGR or planar YUV pictures of one size at a constant rate."""

    def __init__(
        self, path: Path, size: tuple[int, int], fps: Fraction, *, bit_rate: int, preset: str = "veryfast"
    ) -> None:
        import av
        import av.error

        self._av = av
        self.path, self.size = path, size
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container: Any = av.open(str(path), "w")
        codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
        stream: Any = self._container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = bit_rate
        stream.thread_count = THREADS
        context = stream.codec_context
        context.gop_size = round(float(fps) * 2)
        context.colorspace, context.color_range = 6, 1
        context.color_primaries, context.color_trc = 6, 6
        if codec == "libx264":
            stream.options = {"preset": preset, "maxrate": str(bit_rate * 2), "bufsize": str(bit_rate * 3)}
        self._stream, self._count = stream, 0

    def __enter__(self) -> Encoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._mux(None)
        finally:
            self._container.close()

    def add_bgr(self, picture: Image) -> None:
        """Add a picture (h, w, 3) BGR."""
        self.add_yuv(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)))

    def add_yuv(self, planes: Image) -> None:
        """Add a picture as planar 4:2:0, (h * 3 / 2, w)."""
        frame = self._av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = self._count
        self._count += 1
        self._mux(frame)

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
