"""What a video file is, without reading all of its pictures; and the digest that identifies its bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.adapters.tonemap import HDR_TRANSFERS
from engine.adapters.video_index import VideoIndex, index_stream
from engine.adapters.video_open import check_file, no_pictures, open_video
from engine.domain.errors import UserFixable
from engine.domain.jobs import SourceAsset
from engine.domain.timebase import format_time, pts_to_micro

_SAMPLE = 1 << 20
_SAMPLES = 8
_LOOK_AT = 8
_MAX_PACKETS = 400
_INTERLACED_ORDERS = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts of one video file. Sizes are in pixels after rotation, times in microseconds; `rotation` is
    the clockwise turn (0, 90, 180, 270) that sets the decoded picture upright. `note` tells of damage."""

    path: Path
    size_bytes: int
    duration: int
    frame_rate: Fraction
    time_base: Fraction
    width: int
    height: int
    codec: str
    rotation: int
    start_time: int
    interlaced: bool
    hdr: bool
    frames: int
    variable_rate: bool
    note: str
    index: VideoIndex

    def asset(
        self, *, id: str, content_digest: str, path: str | None = None, imported_at: datetime | None = None
    ) -> SourceAsset:
        """The source as the library keeps it."""
        return SourceAsset(
            id=id,
            content_digest=content_digest,
            path=str(self.path) if path is None else path,
            name=self.path.name,
            size_bytes=self.size_bytes,
            duration=self.duration,
            frame_rate=str(self.frame_rate),
            time_base=str(self.time_base),
            width=self.width,
            height=self.height,
            codec=self.codec,
            rotation=self.rotation,
            start_time=self.start_time,
            interlaced=self.interlaced,
            hdr=self.hdr,
            note=self.note,
            imported_at=imported_at,
        )


def probe(path: str | os.PathLike[str], tick: Callable[[], None] = lambda: None) -> Probe:
    """Demux the whole file and decode its first frames. Raises UserFixable where it can't be used.

    Takes about 0.2 s for five minutes of 720p; `tick` is called at least every 250 ms while reading."""
    file = Path(path)
    size = check_file(file)
    with open_video(file) as (container, stream):
        frames = _first_frames(container, stream)
    if not frames:
        raise no_pictures(file)
    with open_video(file) as (container, stream):
        index = index_stream(container, stream, file, tick)
        rate, variable = _rate(stream, index)
        codec = stream.codec_context.name
        orders = getattr(stream.codec_context, "field_order", 0)
    first = frames[0]
    rotation = -round(first.rotation / 90) * 90 % 360
    width, height = first.width, first.height
    if rotation in (90, 270):
        width, height = height, width
    return Probe(
        path=file,
        size_bytes=size,
        duration=index.duration,
        frame_rate=rate,
        time_base=index.time_base,
        width=width,
        height=height,
        codec=codec,
        rotation=rotation,
        start_time=pts_to_micro(index.zero, index.time_base),
        interlaced=sum(f.interlaced_frame for f in frames) * 2 > len(frames) or orders in _INTERLACED_ORDERS,
        hdr=first.color_trc in HDR_TRANSFERS,
        frames=len(index.display),
        variable_rate=variable,
        note=_note(index),
        index=index,
    )


def content_digest(path: str | os.PathLike[str]) -> str:
    """sha256 (hex) over the size, head, tail and even samples of the bytes: what identifies a source.

    Reads at most 10 MB. Raises UserFixable where the file can't be read."""
    file = Path(path)
    size = check_file(file)
    digest = hashlib.sha256(size.to_bytes(8, "big"))
    try:
        with file.open("rb") as data:
            if size <= (_SAMPLES + 2) * _SAMPLE:
                while block := data.read(_SAMPLE):
                    digest.update(block)
            else:
                for number in range(_SAMPLES + 2):
                    data.seek((size - _SAMPLE) * number // (_SAMPLES + 1))
                    digest.update(data.read(_SAMPLE))
    except OSError as error:
        raise UserFixable(
            f"{file.name} can't be read: {error.strerror or error}.",
            still_works="Nothing was imported or changed.",
            to_do="Check the disk the file lies on.",
        ) from error
    return digest.hexdigest()


def check_same(path: str | os.PathLike[str], digest: str) -> None:
    """UserFixable where the file at `path` is gone, or is no longer the one of this content_digest: another
    video of that name must never be taken for the one that was imported."""
    if content_digest(path) != digest:
        raise UserFixable(
            f"{Path(path).name} is another video now than the one that was imported from {Path(path).parent}.",
            still_works="What was found before, its stored frames and all decisions are kept.",
            to_do="Put the original file back or locate it; import the new one as a video of its own.",
        )


def _first_frames(container: InputContainer, stream: VideoStream) -> list[VideoFrame]:
    found: list[VideoFrame] = []
    try:
        for number, packet in enumerate(container.demux(stream)):
            try:
                found += stream.codec_context.decode(packet)
            except av.error.EOFError:
                break
            except av.error.FFmpegError:
                pass
            if len(found) >= _LOOK_AT or number > _MAX_PACKETS:
                break
    except av.error.FFmpegError:
        pass
    return found


def _rate(stream: VideoStream, index: VideoIndex) -> tuple[Fraction, bool]:
    """Frames a second, as the file says where its frames agree, else as measured; and whether it varies."""
    told = stream.guessed_rate or stream.average_rate
    if len(index.display) < 2:
        return told or Fraction(25), False
    steps = np.diff(index.display)
    usual = float(np.median(steps))
    # A time base of whole milliseconds rounds each step by one.
    variable = bool(np.mean(np.abs(steps - usual) > max(1.0, usual * 0.05)) > 0.02)
    span = Fraction(int(index.display[-1] - index.display[0])) * index.time_base
    measured = (len(index.display) - 1) / span
    agrees = told is not None and abs(float(told * index.time_base) * usual - 1) < max(0.02, 0.7 / usual)
    if told and agrees and not variable:
        return told, variable
    return measured.limit_denominator(1001), variable


def _note(index: VideoIndex) -> str:
    if index.stopped is None:
        return ""
    return (
        f"The file breaks off at {format_time(index.stopped)}: it was not copied or recorded to its end. "
        "Everything before that can be analysed."
    )
