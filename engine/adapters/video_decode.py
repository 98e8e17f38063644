"""Decodes chosen frames of a video exactly, skipping all that they don't need.

Which packets are needed is known beforehand from the timestamp index: decoding starts at the key frame
before a wanted frame, pictures that no other refers to are skipped unless they are wanted themselves, and
groups of pictures without a wanted frame are not decoded at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.adapters.video_index import NONE, VideoIndex

_RETRIES = 3


class Decoder:
    """An opened stream and its index; one thread at a time."""

    def __init__(
        self, container: InputContainer, stream: VideoStream, index: VideoIndex, *, skip: bool = True
    ) -> None:
        """`skip=False` decodes every picture on the way (needed for interlaced pictures in field pairs)."""
        self._container = container
        self._stream = stream
        self._index = index
        self._skip = skip and not index.counted
        self._packets: Iterator[Packet[VideoStream]] | None = None
        self._next_row = -1
        self._fresh = True
        self.errors = 0
        """Packets that could not be decoded so far."""

    def frames(
        self, wanted: Sequence[int], tick: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[int, VideoFrame]]:
        """Yield (position in `wanted`, frame) for these timestamps of the index, ascending and distinct.

        Where a frame can't be decoded, the one that a player would still show is given in its place (its
        own pts tells); where there is none at all, the position is left out.
        """
        at = 0
        for back in range(_RETRIES + 1):
            for position, frame in self._run(wanted, at, back, tick):
                if frame is None:
                    break
                at = position + 1
                yield position, frame
            else:
                return
            if self._index.key_row(wanted[at], back) == self._index.key_row(wanted[at], back + 1):
                break
        # Nothing before this one can be decoded: leave it out and go on with the next.
        at += 1
        if at < len(wanted):
            for position, frame in self.frames(wanted[at:], tick):
                yield position + at, frame

    def _run(
        self, wanted: Sequence[int], first: int, back: int, tick: Callable[[], None]
    ) -> Iterator[tuple[int, VideoFrame | None]]:
        """Decode on from the key frame before wanted[first]; yields (position, None) where that very frame
        is beyond reach from there, and stops."""
        if first >= len(wanted):
            return
        codec = self._stream.codec_context
        plan = self._plan(wanted[first:], back)
        pending = list(range(first, len(wanted)))
        shown: VideoFrame | None = None
        counted = plan[0][0]

        def take(frames: list[VideoFrame]) -> Iterator[tuple[int, VideoFrame | None]]:
            nonlocal shown, counted
            for frame in frames:
                if self._index.counted:
                    frame.pts = int(self._index.pts[min(counted, len(self._index.pts) - 1)])
                    counted += 1
                if frame.pts is None:
                    continue
                while pending and wanted[pending[0]] < frame.pts:
                    yield pending[0], shown
                    pending.pop(0)
                if pending and wanted[pending[0]] == frame.pts:
                    yield pending.pop(0), frame
                shown = frame

        codec.flush_buffers()
        for start, stop, exact in plan:
            counted = start if self._index.counted else counted
            for row, packet in self.rows(start, stop):
                if row % 4 == 0:
                    tick()
                if self._skip:
                    codec.skip_frame = "DEFAULT" if row in exact else "NONREF"
                try:
                    frames = codec.decode(packet)
                except av.error.FFmpegError:
                    self.errors += 1
                    continue
                yield from take(frames)
                if not pending:
                    return
            yield from take(self._drain())
        for position in pending:
            yield position, shown

    def _drain(self) -> list[VideoFrame]:
        codec = self._stream.codec_context
        found: list[VideoFrame] = []
        try:
            found = codec.decode(None)
        except av.error.FFmpegError:
            self.errors += 1
        codec.flush_buffers()
        return found

    def _plan(self, wanted: Sequence[int], back: int) -> list[tuple[int, int, set[int]]]:
        """Stretches of rows [start, stop) to decode, each from a key frame, and the wanted rows in each."""
        index = self._index
        rows = index.rows_of(np.asarray(wanted, np.int64))
        plan: list[tuple[int, int, set[int]]] = []
        for number, (pts, row) in enumerate(zip(wanted, rows.tolist(), strict=True)):
            start = index.key_row(pts, back if number == 0 else 0)
            start = min(start, row)
            stop = len(index.pts) if index.counted else row + 1
            if plan and start <= plan[-1][1]:
                before = plan[-1]
                plan[-1] = (before[0], max(before[1], stop), before[2] | {row})
            else:
                plan.append((start, stop, {row}))
        return plan

    def rows(self, start: int, stop: int) -> Iterator[tuple[int, Packet[VideoStream]]]:
        """The packets of rows [start, stop), going on from where the last call ended if that is before."""
        if self._packets is None or not self._next_row <= start <= self._next_row + 500:
            self._seek(start)
        assert self._packets is not None
        # Seeking has left the reader at `_next_row` <= start.
        while self._next_row < stop:
            try:
                packet = next(self._packets)
            except (StopIteration, av.error.FFmpegError):
                self._packets = None
                return
            if not packet.size:
                continue
            row = self._next_row
            if row >= len(self._index.raw) or not self._same(row, packet):
                row = self._locate(packet)
                if row < 0:
                    continue
            self._next_row = row + 1
            if row >= start:
                if row < stop:
                    packet.pts = int(self._index.pts[row])
                    if self._index.by_byte:
                        packet.dts = None
                    yield row, packet
                else:
                    return

    def _seek(self, row: int) -> None:
        """Place the reader at `row` or before it; from the beginning where nothing else works."""
        index = self._index
        # After a seek by byte the first packet may be the rest of one, under another's time: begin earlier.
        for back in range(int(index.by_byte), _RETRIES):
            target = row if back == 0 else index.key_row(int(index.pts[row]), back)
            if target <= 0:
                break
            self._fresh = False
            try:
                if index.by_byte and index.pos[target] >= 0:
                    self._container.seek(
                        int(index.pos[target]),
                        backward=True,
                        stream=self._stream,
                        unsupported_byte_offset=True,
                    )
                elif index.raw[target] != NONE:
                    self._container.seek(int(index.raw[target]), backward=True, stream=self._stream)
                else:
                    break
            except av.error.FFmpegError:
                continue
            if self._arrive(row):
                return
        if not self._fresh:
            self._rewind()
        self._fresh = False
        self._packets = self._container.demux(self._stream)
        self._next_row = 0

    def _rewind(self) -> None:
        """Back to the first packet: by its time, its place, or the beginning of the file."""
        index = self._index
        by_time = int(index.raw[0]) if index.raw[0] != NONE and not index.by_byte else None
        for offset, byte in ((by_time, False), (max(0, int(index.pos[0])), True), (0, True)):
            if offset is None:
                continue
            try:
                self._container.seek(offset, stream=self._stream, unsupported_byte_offset=byte)
            except av.error.FFmpegError:
                continue
            return

    def _arrive(self, row: int) -> bool:
        """Read the first packet after a seek; True where it lies at `row` or before. It isn't lost."""
        packets = self._container.demux(self._stream)
        try:
            first = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return False
        found = self._locate(first) if first.size else -1
        if not 0 <= found <= row:
            return False
        self._packets = _again(first, packets)
        self._next_row = found
        return True

    def _same(self, row: int, packet: Packet[VideoStream]) -> bool:
        raw = NONE if packet.pts is None else packet.pts
        return bool(self._index.raw[row] == raw)

    def _locate(self, packet: Packet[VideoStream]) -> int:
        return self._index.locate(
            NONE if packet.pts is None else packet.pts, -1 if packet.pos is None else packet.pos
        )


def _again(first: Packet[VideoStream], rest: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    yield first
    yield from rest
