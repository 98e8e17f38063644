"""Exact scrubbing for the window: any frame by time, and its neighbours, from a bounded cache of decoded frames.

One thread at a time uses a Scrubber. A jump decodes from the governing key frame and skips what no other
picture refers to, except just before the wanted frame, so that stepping back is served from the cache; going
forward goes on from where the decoder stands.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.video.frame import VideoFrame

from engine.adapters.tonemap import Painter
from engine.adapters.video import deinterlace
from engine.adapters.video_decode import Decoder
from engine.adapters.video_index import VideoIndex, build_index
from engine.adapters.video_open import open_video
from engine.stage import Image

CACHE_BYTES = 160 << 20
WINDOW = 16
"""Frames before a wanted one that are decoded in full, ready for stepping back."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A frame as it is on display: timestamp, microseconds from the first frame, pixels."""

    pts: int
    time: int
    image: Image


class Scrubber:
    """An opened video with a place in it. Close it, or use it in a with statement."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        index: VideoIndex | None = None,
        rotation: int = 0,
        interlaced: bool = False,
        cache_bytes: int = CACHE_BYTES,
        threads: int = 2,
    ) -> None:
        """`cache_bytes` bounds the decoded frames kept. Raises UserFixable where the file can't be read."""
        self.index = index if index is not None else build_index(Path(path))
        self._resources = ExitStack()
        container, stream = self._resources.enter_context(open_video(path, threads))
        self._codec = stream.codec_context
        self._decoder = Decoder(container, stream, self.index)
        self._painter = Painter(rotation)
        self._skip = not (interlaced or self.index.counted)
        self._held: OrderedDict[int, VideoFrame] = OrderedDict()
        self._held_bytes = 0
        self._limit = cache_bytes
        self._next_row = -1
        self._count = 0
        self._last_out = self._skipped = self.index.zero - 1
        self._at = self.index.zero

    def __enter__(self) -> Scrubber:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and of all frames."""
        self._held.clear()
        self._held_bytes = 0
        self._resources.close()

    @property
    def position(self) -> int:
        """Microseconds of the frame shown last."""
        return self.index.time(self._at)

    def frame_at(
        self, time: int, max_edge: int = 0, give_up: Callable[[], bool] = lambda: False
    ) -> Shown | None:
        """The frame on display `time` microseconds from the first one; clamped to the video.

        `give_up` is asked while decoding: None is returned as soon as it says yes (or where nothing before
        that moment can be decoded)."""
        return self._show(self.index.at_time(time), max_edge, give_up)

    def neighbour(
        self, step: int, max_edge: int = 0, give_up: Callable[[], bool] = lambda: False
    ) -> Shown | None:
        """The frame `step` frames after (negative: before) the one shown last; clamped to the video."""
        return self._show(self.index.neighbour(self._at, step), max_edge, give_up)

    def pts_at(self, time: int, step: int = 0) -> int:
        """Timestamp of the frame `step` frames from the one on display at `time`, without decoding."""
        return self.index.neighbour(self.index.at_time(time), step)

    def _show(self, pts: int, max_edge: int, give_up: Callable[[], bool]) -> Shown | None:
        frame = self._held.get(pts)
        if frame is None:
            frame = self._reach(pts, give_up)
            if frame is None:
                return None
        else:
            self._held.move_to_end(pts)
        self._at = pts
        if frame.interlaced_frame:
            near = [self._held.get(self.index.neighbour(pts, step)) for step in (-1, 1)]
            row = [f for f in (near[0], frame, near[1]) if f is not None]
            frame = deinterlace(row, row.index(frame))
        return Shown(pts, self.index.time(pts), self._painter.paint(frame, max_edge))

    def _reach(self, pts: int, give_up: Callable[[], bool]) -> VideoFrame | None:
        """Decode up to `pts` and keep what comes out; the frame, or the nearest before it."""
        for back in range(3):
            found = self._decode_to(pts, back, give_up)
            if found is not None or give_up():
                return found
        return None

    def _decode_to(self, pts: int, back: int, give_up: Callable[[], bool]) -> VideoFrame | None:
        index = self.index
        key = index.key_row(pts, back)
        passed = max(self._last_out, self._skipped)
        goes_on = 0 <= key <= self._next_row and passed < pts and back == 0
        if not goes_on:
            self._codec.flush_buffers()
            self._next_row = self._count = key
            self._last_out = self._skipped = index.zero - 1
        first_exact = index.neighbour(pts, -WINDOW)
        before: VideoFrame | None = None
        for row, packet in self._decoder.rows(self._next_row, len(index.pts)):
            if self._skip:
                wanted = int(index.pts[row]) >= first_exact
                self._codec.skip_frame = "DEFAULT" if wanted else "NONREF"
                self._skipped = self._skipped if wanted else max(self._skipped, int(index.pts[row]))
            try:
                frames = self._codec.decode(packet)
            except av.error.FFmpegError:
                frames = []
            self._next_row = row + 1
            found, before = self._take(frames, pts, before)
            if found is not None:
                return found
            if give_up():
                return None
        try:
            frames = self._codec.decode(None)
        except av.error.FFmpegError:
            frames = []
        self._forget_place()
        found, before = self._take(frames, pts, before)
        return found if found is not None else before

    def _take(
        self, frames: list[VideoFrame], pts: int, before: VideoFrame | None
    ) -> tuple[VideoFrame | None, VideoFrame | None]:
        """Keep decoded frames; the one on display at `pts` once it is certain, and the last before it."""
        found: VideoFrame | None = None
        for frame in frames:
            if self.index.counted:
                frame.pts = int(self.index.pts[min(self._count, len(self.index.pts) - 1)])
                self._count += 1
            if frame.pts is None:
                continue
            self._keep(frame.pts, frame)
            self._last_out = max(self._last_out, frame.pts)
            if frame.pts <= pts:
                before = frame
            if frame.pts >= pts and found is None and before is not None:
                found = before
        return found, before

    def _forget_place(self) -> None:
        """The decoder's state is spent: the next jump begins at a key frame."""
        self._next_row = -1
        self._last_out = int(np.iinfo(np.int64).max)

    def _keep(self, pts: int, frame: VideoFrame) -> None:
        if pts in self._held:
            return
        self._held[pts] = frame
        self._held_bytes += _bytes(frame)
        while self._held_bytes > self._limit and len(self._held) > 2:
            _, oldest = self._held.popitem(last=False)
            self._held_bytes -= _bytes(oldest)


def _bytes(frame: VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)
