"""Writes pictures as H.264 (MPEG-4 part 2 where that encoder is missing), the same bytes for the same pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from app.demo.lettering import Image
from engine.adapters.cv import cv2

THREADS = 2
"""Fixed, because the encoder's bytes depend on it."""

AHEAD = 3
"""So many pictures may wait for the encoder while the next one is drawn."""


class Encoder:
    """A context manager that encodes BGR or planar YUV pictures of one size at a constant rate, on a thread of its own.

    Pictures are not copied: leave them as they are once added. What goes wrong is raised by one of the next calls, or
    on leaving."""

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
        self._worker = ThreadPoolExecutor(1, "encoder")
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Encoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._add(self._mux, None)
                while self._waiting:
                    self._waiting.popleft().result()
        finally:
            self._worker.shutdown(cancel_futures=True)
            self._container.close()

    def add_bgr(self, picture: Image) -> None:
        """Add a picture (h, w, 3) BGR."""
        self._add(self._encode_bgr, picture)

    def add_yuv(self, planes: Image) -> None:
        """Add a picture as planar 4:2:0, (h * 3 / 2, w)."""
        self._add(self._encode_yuv, planes)

    def _add(self, encode: Callable[[Any], None], given: Any) -> None:
        while len(self._waiting) >= AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._worker.submit(encode, given))

    def _encode_bgr(self, picture: Image) -> None:
        self._encode_yuv(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)))

    def _encode_yuv(self, planes: Image) -> None:
        frame = self._av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = self._count
        self._count += 1
        self._mux(frame)

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
