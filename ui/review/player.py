"""The place in the video: exact frames, steps, playing and shuttling; stored frames stand in while one scrubs fast."""

from __future__ import annotations

import time as clock
from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from app.frame_cache import FrameCache, FrameShown
from app.stored_frames import StoredFrames
from engine.domain.jobs import SourceAsset
from engine.domain.records import FrameRecord
from ui.review.pictures import from_jpeg, from_pixels
from ui.tasks import Tasks
from ui.text import tr

PROXY_EDGE = 960
PROXIES = 24
PROXY_AFTER_MS = 45
"""A frame that takes longer is stood in for by the nearest stored one."""
FASTEST = 8
ONLY_PROXIES_FROM = 4
STALLED_SECONDS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture to show: its time (microseconds), whether it is the exact frame, and why not where that lasts."""

    image: QImage
    time: int
    exact: bool
    problem: str = ""


class Player(QObject):
    """`shown` carries the picture, `moved` the wanted time as soon as it is known, `speed_changed` 0 or ±1…8.

    Times travel as objects: microseconds of more than 35 minutes don't fit into the int of a signal."""

    shown = Signal(object)
    moved = Signal(object)
    speed_changed = Signal(int)
    _arrived = Signal(int, object, bool)

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._cache: FrameCache | None = None
        self._stored: StoredFrames | None = None
        self._source: SourceAsset | None = None
        self.time = 0
        self.picture: Shown | None = None
        self.speed = 0
        self._until: int | None = None
        self._number = 0
        self._exact_up_to = 0
        self._base = 0
        self._steps = 0
        self._asked_at = 0.0
        self._played_from = (0.0, 0)
        self._proxies: OrderedDict[str, QImage] = OrderedDict()
        self._proxy_wanted: tuple[int, int] | None = None
        self._proxy_busy = False
        self._arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._clock = QTimer(self)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(self._tick)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PROXY_AFTER_MS)
        self._patience.timeout.connect(self._ask_proxy)

    # Opening ---------------------------------------------------------------------------------------

    def open(self, source: SourceAsset, stored: StoredFrames) -> None:
        """Goes over to another source; the first wish opens the file in the cache's own thread."""
        self.close()
        self._source = source
        self._stored = stored
        self._cache = FrameCache(source, stored)

    def close(self) -> None:
        """Stops and lets go of the file."""
        self.stop()
        self._patience.stop()
        self._number += 1
        self._exact_up_to = self._number
        cache, self._cache = self._cache, None
        if cache is not None:
            cache.close()
        self._stored = self._source = self.picture = None
        self._proxies.clear()
        self._proxy_wanted = None
        self.time = 0

    @property
    def duration(self) -> int:
        return self._source.duration if self._source is not None else 0

    @property
    def frame_period(self) -> int:
        """Microseconds of one frame (of the mean rate)."""
        rate = self._source.rate if self._source is not None else 25
        return round(1_000_000 / rate) if rate else 40_000

    @property
    def video_problem(self) -> str:
        """Why only stored frames can be shown; '' while the video is readable."""
        return self._cache.problem if self._cache is not None else ""

    # Moving ----------------------------------------------------------------------------------------

    def seek(self, time: int, *, scrubbing: bool = False) -> None:
        """Goes to a time; while `scrubbing` a stored frame is shown at once."""
        self.stop()
        self._go(time, 0, scrubbing=scrubbing)

    @property
    def is_settled(self) -> bool:
        """Whether the frame that was asked for last is shown, as exactly as it can be."""
        cache = self._cache
        return cache is None or bool(cache.problem or self.speed) or self._exact_up_to >= self._number

    def step(self, frames: int) -> None:
        """So many frames on (negative: back) from the frame that is wanted at the moment."""
        self.stop()
        cache = self._cache
        if cache is None:
            return
        if cache.problem:
            self._step_stored(frames)
            return
        if self._exact_up_to >= self._number:
            self._base, self._steps = self.time, 0
        self._steps += frames
        number = self._next()
        cache.step(self._base, self._steps, lambda f: self._arrived.emit(number, _converted(f), True))
        self._patience.start()
        self.moved.emit(self._clamped(self._base + self._steps * self.frame_period))

    def skip(self, micro: int) -> None:
        """So many microseconds on."""
        self.seek(self.time + micro)

    def step_analysed(self, by: int) -> None:
        """To the next or previous frame that was analysed."""
        frame = self._stored.neighbour(self.time, by) if self._stored is not None else None
        if frame is not None:
            self.seek(frame.time)

    def _step_stored(self, frames: int) -> None:
        self.step_analysed(1 if frames > 0 else -1)

    # Playing ---------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Plays at normal speed, or stops."""
        if self.speed:
            self.stop()
        else:
            at_end = self.time >= self.duration - 2 * self.frame_period
            self._play(1, 0 if at_end else self.time, None)

    def shuttle(self, direction: int) -> None:
        """Plays in a direction; again in the same direction doubles the speed up to eightfold."""
        speed = direction
        if self.speed * direction > 0:
            speed = direction * min(FASTEST, abs(self.speed) * 2)
        self._play(speed, self.time, None)

    def play_span(self, start: int, end: int) -> None:
        """Plays from `start` and stops at `end`."""
        self._play(1, self._clamped(start), self._clamped(end))

    def stop(self) -> None:
        if self.speed:
            self.speed = 0
            self._until = None
            self._clock.stop()
            if self.picture is not None and self._cache is not None:
                self.time = self.picture.time
                self.moved.emit(self.time)
            self.speed_changed.emit(0)

    def _play(self, speed: int, start: int, until: int | None) -> None:
        if self._cache is None:
            return
        self.speed, self._until = speed, until
        self._played_from = clock.monotonic(), start
        self._clock.start(max(15, self.frame_period // 1000))
        self.speed_changed.emit(speed)
        self._tick()

    @Slot()
    def _tick(self) -> None:
        began, start = self._played_from
        time = start + round((clock.monotonic() - began) * 1_000_000 * self.speed)
        end = self.duration - 1 if self._until is None else self._until
        over = time >= end if self.speed > 0 else time <= 0
        waiting = self._exact_up_to < self._number
        if waiting and not over and clock.monotonic() - self._asked_at < STALLED_SECONDS:
            return
        if over:
            self.stop()
        self._go(min(time, end), self.speed)

    # Asking and showing ----------------------------------------------------------------------------

    def _go(self, time: int, speed: int, *, scrubbing: bool = False) -> None:
        cache = self._cache
        if cache is None:
            return
        self.time = self._clamped(time)
        number = self._next()
        self.moved.emit(self.time)
        if speed >= ONLY_PROXIES_FROM or speed < -1:
            self._exact_up_to = number
            self._want_proxy(number, self.time)
            return
        direction = speed or (1 if scrubbing else 0)
        cache.request(self.time, direction, lambda f: self._arrived.emit(number, _converted(f), True))
        if scrubbing:
            self._want_proxy(number, self.time)
        elif not speed:
            self._patience.start()

    def _next(self) -> int:
        self._number += 1
        self._asked_at = clock.monotonic()
        return self._number

    @Slot()
    def _ask_proxy(self) -> None:
        if self._exact_up_to < self._number:
            self._want_proxy(self._number, self._clamped(self.time))

    def _want_proxy(self, number: int, time: int) -> None:
        self._proxy_wanted = number, time
        if not self._proxy_busy:
            self._fetch_proxy()

    def _fetch_proxy(self) -> None:
        """One at a time, always the newest: what was overtaken is never decoded."""
        wanted, self._proxy_wanted = self._proxy_wanted, None
        stored = self._stored
        frame = stored.nearest(wanted[1]) if stored is not None and wanted is not None else None
        if wanted is None or stored is None or frame is None:
            return
        known = self._proxies.get(frame.image)
        if known is not None:
            self._proxies.move_to_end(frame.image)
            self._take(wanted[0], Shown(known, frame.time, False), False)
            return
        self._proxy_busy = True

        def fetch(frame: FrameRecord = frame) -> QImage:
            return from_jpeg(stored.jpeg(frame), PROXY_EDGE)

        def done(image: QImage, frame: FrameRecord = frame, number: int = wanted[0]) -> None:
            self._proxy_busy = False
            if not image.isNull():
                self._proxies[frame.image] = image
                while len(self._proxies) > PROXIES:
                    self._proxies.popitem(last=False)
                self._take(number, Shown(image, frame.time, False), False)
            self._fetch_proxy()

        self._tasks.call(tr("Reading a stored frame"), fetch, done, failed=self._proxy_failed)

    def _proxy_failed(self, _error: Exception) -> None:
        self._proxy_busy = False

    @Slot(int, object, bool)
    def _take(self, number: int, shown: Shown, exact: bool) -> None:
        if self._cache is None or number < self._exact_up_to:
            return
        shuttled = self.speed != 0 and number == self._number
        if number == self._exact_up_to and not exact and not shuttled:
            return
        if exact:
            self._exact_up_to = number
            if number == self._number:
                self._patience.stop()
                if not self.speed:
                    self.time = shown.time
                    self.moved.emit(self.time)
        self.picture = shown
        self.shown.emit(shown)

    def _clamped(self, time: int) -> int:
        return max(0, min(time, max(0, self.duration - 1)))


def _converted(frame: FrameShown) -> Shown:
    """On the cache's thread: pixels into an image of our own."""
    return Shown(from_pixels(frame.image), frame.time, frame.exact, frame.problem)
