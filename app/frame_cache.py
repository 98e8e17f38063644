"""Frames for the window: the newest wish is served first, the next ones are fetched ahead, memory is bounded.

One worker thread owns the video; results are frozen and come by callback on that thread, so the window hands
them on to its own. Where the file is gone or broken, the stored frames stand in. Nothing here knows Qt.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from app.thread_priority import WAITED_FOR, lower_priority
from engine.domain.errors import SponsightError
from engine.domain.jobs import SourceAsset

if TYPE_CHECKING:
    from engine.stage import Image

CACHE_BYTES = 96 << 20
AHEAD = 12
"""How many frames are fetched ahead in the direction of scrubbing."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredFrame:
    """A stored sampled frame: its time and timestamp, and its pixels (BGR; copy before drawing)."""

    time: int
    pts: int
    image: Image


@dataclass(frozen=True, slots=True, eq=False)
class FrameShown:
    """An answer: the frame on display at the wanted moment. `wanted` is what was asked (microseconds),
    `time` and `pts` what the frame has. `exact` is False for a stored frame that stands in; `problem`
    then says why where it isn't just for the moment."""

    wanted: int
    time: int
    pts: int
    image: Image
    exact: bool
    problem: str = ""


StoredImage: TypeAlias = Callable[[int], StoredFrame | None]
"""Gives the stored frame nearest to a time in microseconds; called from any thread."""
Callback: TypeAlias = Callable[[FrameShown], None]


@dataclass(frozen=True, slots=True)
class _Wish:
    time: int
    step: int
    direction: int
    callback: Callback


class FrameCache:
    """One source's frames. `request` and `step` never block; `close` joins the worker."""

    def __init__(
        self,
        source: SourceAsset,
        stored_image: StoredImage,
        *,
        max_edge: int = 0,
        cache_bytes: int = CACHE_BYTES,
        packed_index: Callable[[], bytes | None] = lambda: None,
    ) -> None:
        """`max_edge` bounds the pixels handed out (0: full size). The file is opened at the first wish.

        `packed_index` gives what extract_frames remembered of the source (memo space INDEX_SPACE), which
        saves reading the whole file once more; it is called on the worker thread."""
        self._source = source
        self._stored_image = stored_image
        self._max_edge = max_edge
        self._packed_index = packed_index
        self._limit = cache_bytes
        self._frames: OrderedDict[int, FrameShown] = OrderedDict()
        self._bytes = 0
        self._wish: _Wish | None = None
        self._closed = False
        self._problem = ""
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def problem(self) -> str:
        """Why only stored frames can be shown; empty while the video is readable."""
        return self._problem

    def request(self, time: int, direction: int, callback: Callback) -> None:
        """Ask for the frame on display at `time` microseconds. `direction` is +1, -1 or 0 (no fetching ahead).

        A newer wish takes the place of one that isn't served yet, whose callback is then never called."""
        self._ask(_Wish(time, 0, (direction > 0) - (direction < 0), callback))

    def step(self, time: int, frames: int, callback: Callback) -> None:
        """Ask for the frame `frames` frames after (negative: before) the one on display at `time`."""
        self._ask(_Wish(time, frames, (frames > 0) - (frames < 0), callback))

    def proxy(self, time: int) -> FrameShown | None:
        """The stored frame nearest to `time`, at once (some milliseconds, on the caller's thread)."""
        stored = self._stored_image(time)
        if stored is None:
            return None
        return FrameShown(time, stored.time, stored.pts, stored.image, False, self._problem)

    def close(self) -> None:
        """Drop open wishes, end the worker and let go of the file. Safe to call twice."""
        with self._wake:
            self._closed = True
            self._wish = None
            self._wake.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _ask(self, wish: _Wish) -> None:
        with self._wake:
            if self._closed:
                return
            self._wish = wish
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="frame-cache", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def _newer(self) -> bool:
        return self._wish is not None or self._closed

    def _work(self) -> None:
        lower_priority(WAITED_FOR)
        scrubber = self._open()
        try:
            ahead: list[int] = []
            while True:
                with self._wake:
                    while not self._newer() and not ahead:
                        self._wake.wait()
                    if self._closed:
                        return
                    wish, self._wish = self._wish, None
                if wish is not None:
                    ahead = self._serve(scrubber, wish)
                elif scrubber is not None:
                    self._fetch(scrubber, ahead.pop(0))
                else:
                    ahead = []
        finally:
            if scrubber is not None:
                scrubber.close()
            self._frames.clear()

    def _open(self) -> Any:
        """The scrubber, or None with the reason remembered."""
        from engine.adapters.probe import check_same
        from engine.adapters.scrub import Scrubber
        from engine.adapters.video_index import unpack_index

        source = self._source
        try:
            check_same(source.path, source.content_digest)
            known = self._packed_index()
            index = unpack_index(known) if known is not None else None
            return Scrubber(source.path, index=index, rotation=source.rotation, interlaced=source.interlaced)
        except SponsightError as error:
            path = Path(source.path)
            if path.is_file():
                self._problem = f"{error.message} The stored frames are shown instead."
            else:
                self._problem = (
                    f"{path.name} is not where it was: stored frames are shown. "
                    "“Locate the video…” brings every frame back."
                )
            return None

    def _serve(self, scrubber: Any, wish: _Wish) -> list[int]:
        """Answer a wish; gives the timestamps to fetch ahead."""
        if scrubber is None:
            self._stand_in(wish)
            return []
        pts = scrubber.pts_at(wish.time, wish.step)
        shown = self._frames.get(pts)
        if shown is None:
            shown = self._fetch(scrubber, pts)
            if shown is None:
                if not self._newer():
                    self._problem = (
                        "This part of the video can't be decoded; the nearest stored frame is shown."
                    )
                    self._stand_in(wish)
                    self._problem = ""
                return []
        else:
            self._frames.move_to_end(pts)
        wish.callback(FrameShown(wish.time, shown.time, shown.pts, shown.image, True))
        if not wish.direction:
            return []
        near = (scrubber.index.neighbour(pts, wish.direction * n) for n in range(1, AHEAD + 1))
        return [p for p in dict.fromkeys(near) if p != pts and p not in self._frames]

    def _stand_in(self, wish: _Wish) -> None:
        stored = self.proxy(wish.time)
        if stored is not None and not self._newer():
            wish.callback(stored)

    def _fetch(self, scrubber: Any, pts: int) -> FrameShown | None:
        """Decode one frame into the cache; None where a newer wish came or it can't be decoded."""
        found = scrubber.frame_at(scrubber.index.time(pts), self._max_edge, self._newer)
        if found is None:
            return None
        found.image.flags.writeable = False
        shown = FrameShown(found.time, found.time, found.pts, found.image, True)
        self._frames[pts] = shown
        self._bytes += found.image.nbytes
        while self._bytes > self._limit and len(self._frames) > 1:
            _, oldest = self._frames.popitem(last=False)
            self._bytes -= oldest.image.nbytes
        return shown
