"""Stored frames of a run by time: shown while the exact frame is on its way, or where the video is gone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.frame_cache import StoredFrame
from engine.domain.errors import SponsightError
from engine.domain.records import FrameRecord
from engine.ports import BlobStore

if TYPE_CHECKING:
    from app.results import RunResult


class StoredFrames:
    """Finds and reads stored frames. `run` gives the run as it is at the moment (more frames come while it is
    going). Any thread may ask."""

    def __init__(self, blobs: BlobStore, run: Callable[[], RunResult | None]) -> None:
        self._blobs = blobs
        self._run = run
        self._known: tuple[RunResult, list[FrameRecord], list[int]] | None = None

    def nearest(self, time: int) -> FrameRecord | None:
        """The stored frame nearest to a time in microseconds, None where there is none yet."""
        frames, times = self._sorted()
        if not frames:
            return None
        place = bisect_left(times, time)
        around = frames[max(0, place - 1) : place + 1]
        return min(around, key=lambda f: abs(f.time - time))

    def neighbour(self, time: int, step: int) -> FrameRecord | None:
        """The stored frame before (-1) or after (1) a time; None at the ends."""
        frames, times = self._sorted()
        place = bisect_left(times, time)
        if step < 0:
            return frames[place - 1] if place > 0 else None
        if place < len(frames) and times[place] == time:
            place += 1
        return frames[place] if place < len(frames) else None

    def jpeg(self, frame: FrameRecord) -> bytes:
        """The stored picture's bytes; b'' where it is gone."""
        try:
            return self._blobs.get(frame.image)
        except SponsightError:
            return b""

    def __call__(self, time: int) -> StoredFrame | None:
        """The nearest stored frame's pixels (BGR), None where there is none or it can't be read."""
        frame = self.nearest(time)
        data = self.jpeg(frame) if frame is not None else b""
        if frame is None or not data:
            return None
        import numpy as np

        from engine.adapters.cv import cv2

        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        return StoredFrame(frame.time, frame.pts, image) if image is not None else None

    def _sorted(self) -> tuple[list[FrameRecord], list[int]]:
        run = self._run()
        if run is None:
            return [], []
        known = self._known
        if known is None or known[0] is not run:
            frames = sorted(run.frames.values(), key=lambda f: f.time)
            known = self._known = run, frames, [f.time for f in frames]
        return known[1], known[2]
