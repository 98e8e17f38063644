"""The timestamp index of a video: every packet's presentation time, found by demuxing alone.

It knows which frame is on display at any moment and from which key frame it must be decoded. Start offsets,
edit lists, variable frame rates, transport-stream clocks that wrap or jump, and files without timestamps are
settled here, so that everybody else sees one clean time axis that begins with the first frame shown.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.adapters.video_open import no_pictures, open_video
from engine.decoding import looked_through
from engine.domain.timebase import parse_time, pts_to_micro

Ints = NDArray[np.int64]

NONE = np.iinfo(np.int64).min
"""Stands for a timestamp that the file does not give."""

_WRAP = 1 << 33
_BACK_SECONDS = 10
_RESTART_SECONDS, _SETTLED_PACKETS = 1, 10
_AHEAD_SECONDS = 3600
_TICK_PACKETS = 2000
_LONGEST_SECONDS, _LONGEST_PICTURES = 10, 50
"""How long a picture may stand, in seconds and in usual intervals: what is over both is no picture but a hole."""


@dataclass(frozen=True)
class VideoIndex:
    """One row per packet, in the file's (decoding) order.

    `raw` are the demuxer's timestamps (NONE where it gives none), `pts` the clean ones in `time_base`
    units, `pos` byte positions (-1 unknown), `key` marks key frames. `display` holds the timestamps of all
    frames that are shown, ascending and distinct; `end` is where the last one stops. `counted` says that
    the file has no timestamps and frames are told by counting. `stopped` is the time in microseconds from
    the first frame at which the file breaks off, None for a whole one.
    """

    time_base: Fraction
    raw: Ints
    pts: Ints
    pos: Ints
    key: NDArray[np.bool_]
    display: Ints
    end: int
    counted: bool = False
    by_byte: bool = False
    stopped: int | None = None
    _keys: tuple[Ints, Ints] = field(init=False, repr=False, compare=False)
    _holes: tuple[Ints, Ints] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = np.flatnonzero(self.key)
        order = np.argsort(self.pts[rows], kind="stable")
        object.__setattr__(self, "_keys", (self.pts[rows][order], rows[order]))
        usual = _usual_step(self.display)
        longest = max(_LONGEST_PICTURES * usual, int(_LONGEST_SECONDS / self.time_base))
        before = np.flatnonzero(np.diff(self.display) > longest)
        object.__setattr__(self, "_holes", (self.display[before] + usual, self.display[before + 1]))

    @property
    def zero(self) -> int:
        """Timestamp of the first frame shown: time 0."""
        return int(self.display[0])

    @property
    def duration(self) -> int:
        """Microseconds from the first frame shown to the end of the last one."""
        return pts_to_micro(self.end - self.zero, self.time_base)

    def time(self, pts: int) -> int:
        """Microseconds from the first frame shown."""
        return pts_to_micro(pts - self.zero, self.time_base)

    def _stamp(self, seconds: Fraction) -> int:
        """The timestamp that lies `seconds` after the first frame."""
        return self.zero + int(seconds / self.time_base // 1)

    def on_display(self, seconds: Fraction) -> int:
        """Timestamp of the frame on display `seconds` after the first one (clamped to the file)."""
        wanted = self._stamp(seconds)
        at = int(np.searchsorted(self.display, wanted, side="right")) - 1
        return int(self.display[max(at, 0)])

    def is_silent(self, seconds: Fraction) -> bool:
        """True where the file has no picture `seconds` after the first one: the one before is over, and the next comes
        so late (over ten seconds and 50 usual intervals) that nobody saw that one stand there."""
        wanted = self._stamp(seconds)
        starts, ends = self._holes
        return bool(((starts <= wanted) & (wanted < ends)).any())

    def at_time(self, micro: int) -> int:
        """Timestamp of the frame on display `micro` microseconds after the first one (clamped).

        A frame's own rounded time always finds that frame."""
        return self.on_display(Fraction(2 * max(0, micro) + 1, 2_000_000))

    def neighbour(self, pts: int, step: int) -> int:
        """Timestamp of the frame `step` frames after (negative: before) the one shown at `pts`, clamped."""
        at = int(np.searchsorted(self.display, pts, side="right")) - 1 + step
        return int(self.display[min(max(at, 0), len(self.display) - 1)])

    def key_row(self, pts: int, back: int = 0) -> int:
        """Row of the key frame from which the frame at `pts` is decoded; `back` key frames earlier."""
        times, rows = self._keys
        at = int(np.searchsorted(times, pts, side="right")) - 1 - back
        return int(rows[max(at, 0)]) if len(rows) else 0

    def rows_of(self, wanted: Ints) -> Ints:
        """The rows of these timestamps (which must be shown ones)."""
        order = np.argsort(self.pts, kind="stable")
        at = np.searchsorted(self.pts[order], wanted)
        return order[np.minimum(at, len(order) - 1)]

    def locate(self, raw: int, pos: int) -> int:
        """Row of the packet with this raw timestamp and byte position, -1 where there is none."""
        rows = np.flatnonzero(self.raw == raw)
        if len(rows) > 1 and pos >= 0:
            exact = rows[self.pos[rows] == pos]
            rows = exact if len(exact) else rows
        return int(rows[0]) if len(rows) and (raw != NONE or len(rows) == 1) else -1


def build_index(path: str | Path, tick: Callable[[], None] = lambda: None) -> VideoIndex:
    """Read all packets of the file's video track (0.1 to 0.2 s for 15,000) and index them.

    `tick` is called at least every 250 ms. Raises UserFixable where the file holds no pictures.
    """
    with open_video(path) as (container, stream):
        return index_stream(container, stream, Path(path), tick)


def index_stream(
    container: InputContainer, stream: VideoStream, path: Path, tick: Callable[[], None] = lambda: None
) -> VideoIndex:
    """Index an opened stream from its beginning; see build_index."""
    rows: list[tuple[int, int, int, bool, bool, int]] = []
    broken = False
    try:
        for number, packet in enumerate(container.demux(stream)):
            if number % _TICK_PACKETS == 0:
                tick()
            if not packet.size:
                continue
            rows.append(
                (
                    NONE if packet.pts is None else packet.pts,
                    NONE if packet.dts is None else packet.dts,
                    -1 if packet.pos is None else packet.pos,
                    packet.is_keyframe,
                    packet.is_discard,
                    packet.duration or 0,
                )
            )
    except av.error.FFmpegError:
        broken = True
    if not rows:
        raise no_pictures(path)
    columns = list(zip(*rows, strict=True))
    raw, dts, pos, durations = (np.array(columns[i], np.int64) for i in (0, 1, 2, 5))
    key, hidden = np.array(columns[3], bool), np.array(columns[4], bool)
    time_base = stream.time_base or Fraction(1, 90_000)
    is_stream = bool({"mpegts", "mpeg"} & set(container.format.name.split(",")))

    missing = raw == NONE
    # AVI keeps the order of storing, not of showing, and calls it time.
    reordered = "avi" in container.format.name.split(",") and stream.codec_context.has_b_frames
    counted = bool(missing.sum() > len(raw) // 10 or reordered)
    if counted:
        pts = _count(dts, stream, time_base)
    else:
        if is_stream:
            pts = _unwrap(raw, dts, time_base)
        else:
            pts = raw.copy()
        pts[missing] = NONE
    if not key.any():
        key[0] = True
    first_key = int(np.flatnonzero(key)[0])
    visible = ~hidden & (pts != NONE)
    visible[:first_key] = False
    visible &= pts >= pts[first_key] if pts[first_key] != NONE else visible
    if not visible.any():
        raise no_pictures(path)
    # A packet without a time of its own (the second field of a pair) shares its neighbour's.
    if not counted and missing.any():
        last = np.maximum.accumulate(np.where(missing, -1, np.arange(len(pts))))
        pts = np.where(last >= 0, pts[np.maximum(last, 0)], pts[first_key])
    display = np.unique(pts[visible])
    end = _end(display, pts, durations, stream, time_base)
    index = VideoIndex(time_base, raw, pts, pos, key, display, end, counted, is_stream)
    stopped = index.duration if broken or _breaks_off(container, stream, len(rows), index) else None
    if stopped is None:
        return index
    return VideoIndex(time_base, raw, pts, pos, key, display, end, counted, is_stream, stopped)


def _count(dts: Ints, stream: VideoStream, time_base: Fraction) -> Ints:
    """Timestamps for a file that gives none: sorted decoding times, or the frame rate's grid."""
    known = dts != NONE
    if known.all() and len(np.unique(dts)) == len(dts):
        return np.sort(dts)
    rate = stream.guessed_rate or stream.average_rate or Fraction(25)
    step = 1 / (rate * time_base)
    return np.array([round(n * step) for n in range(len(dts))], np.int64)


def _unwrap(raw: Ints, dts: Ints, time_base: Fraction) -> Ints:
    """Transport-stream clocks: a 33-bit wrap goes on, a reset or a leap continues where it was. Where a clock goes back
    by less than ten seconds and stays there (joined segments that each begin anew), that is a reset too.

    Gaps of up to an hour stay gaps, since there the signal was really missing."""
    clock = np.where(dts == NONE, raw, dts)
    good = clock != NONE
    if not good.any():
        return raw.copy()
    clock = np.where(good, clock, clock[np.flatnonzero(good)[0]])
    steps = np.diff(clock, prepend=clock[0])
    usual = int(np.median(steps[1:])) if len(steps) > 1 else 0
    back, ahead = -int(_BACK_SECONDS / time_base), int(_AHEAD_SECONDS / time_base)
    repair = np.zeros_like(clock)
    wraps = steps < -(_WRAP // 2)
    repair[wraps] = _WRAP
    later = clock[np.minimum(np.arange(len(clock)) + _SETTLED_PACKETS, len(clock) - 1)]
    before = np.concatenate((clock[:1], clock[:-1]))
    restarts = (steps < -int(_RESTART_SECONDS / time_base)) & (later < before)
    jumps = (((steps < back) | restarts) & ~wraps) | (steps > ahead) | (wraps & (steps + _WRAP > ahead))
    repair[jumps] = usual - steps[jumps]
    offset = np.cumsum(repair)
    lag = raw - np.where(dts == NONE, raw, dts)
    lag = np.where(lag < -(_WRAP // 2), lag + _WRAP, lag)
    return np.where(raw == NONE, NONE, clock + offset + lag)


def _usual_step(display: Ints) -> int:
    """The median time from one shown frame to the next; 0 for a single one."""
    return int(np.median(np.diff(display))) if len(display) > 1 else 0


def _end(display: Ints, pts: Ints, durations: Ints, stream: VideoStream, time_base: Fraction) -> int:
    """Where the last shown frame stops: its own length, else the usual one."""
    last = int(display[-1])
    own = int(durations[np.flatnonzero(pts == last)[-1]])
    usual = _usual_step(display)
    rate = stream.guessed_rate or Fraction(25)
    # A single long last duration is a container's way of padding; nobody sees a frame of 10 s there.
    if own <= 0 or (usual > 0 and own > _LONGEST_PICTURES * usual):
        own = usual or round(1 / (rate * time_base))
    return last + max(own, 1)


def _breaks_off(container: InputContainer, stream: VideoStream, found: int, index: VideoIndex) -> bool:
    """True where the container's own table promises clearly more pictures, or its tag (Matroska) clearly more
    time, than could be read. The tag counts from the clock's zero, which may lie long before the first picture."""
    if not {"mov", "mp4", "matroska"} & set(container.format.name.split(",")):
        return False
    if stream.frames > 0:
        return found < stream.frames - max(2, stream.frames // 200)
    try:
        promised = parse_time(stream.metadata.get("DURATION", "0"))
    except ValueError:
        return False
    reached = index.duration + max(0, pts_to_micro(index.zero, index.time_base))
    return reached < promised - max(1_000_000, promised // 200)


class _Packed(msgspec.Struct, array_like=True):
    time_base: tuple[int, int]
    end: int
    counted: bool
    by_byte: bool
    stopped: int | None
    columns: list[bytes]


def pack_index(index: VideoIndex) -> bytes:
    """The index as bytes (about 3 bytes a frame), for a memory across runs."""
    packed = _Packed(
        (index.time_base.numerator, index.time_base.denominator),
        index.end,
        index.counted,
        index.by_byte,
        index.stopped,
        [_squeeze(c) for c in (index.raw, index.pts, index.pos, index.key.astype(np.int64), index.display)],
    )
    return msgspec.msgpack.encode(packed)


def unpack_index(data: bytes) -> VideoIndex | None:
    """The index from pack_index's bytes; None where they are not such."""
    try:
        packed = msgspec.msgpack.decode(data, type=looked_through(_Packed))
        raw, pts, pos, key, display = (_stretch(c) for c in packed.columns)
    except (msgspec.MsgspecError, zlib.error, ValueError):
        return None
    return VideoIndex(
        Fraction(*packed.time_base),
        raw,
        pts,
        pos,
        key.astype(bool),
        display,
        packed.end,
        packed.counted,
        packed.by_byte,
        packed.stopped,
    )


def _squeeze(column: Ints) -> bytes:
    steps: NDArray[Any] = np.diff(column, prepend=0)
    return zlib.compress(steps.astype("<i8").tobytes(), 1)


def _stretch(data: bytes) -> Ints:
    return np.cumsum(np.frombuffer(zlib.decompress(data), "<i8")).astype(np.int64)
