"""Frames of a video at wanted moments: exact, upright, without interlacing, in the size that is stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from engine.adapters.tonemap import Painter
from engine.adapters.video_decode import Decoder
from engine.adapters.video_index import VideoIndex, build_index
from engine.adapters.video_open import open_video
from engine.stage import Image


@dataclass(frozen=True, slots=True)
class Picture:
    """One sampled frame: the grid number that it was taken for, its timestamp in the file's time base, its
    time in microseconds from the first frame, and its pixels."""

    seq: int
    pts: int
    time: int
    image: Image


def frames_at(
    path: str | os.PathLike[str],
    grid: Sequence[int],
    fps: Fraction,
    *,
    index: VideoIndex | None = None,
    rotation: int = 0,
    interlaced: bool = False,
    max_edge: int = 0,
    tick: Callable[[], None] = lambda: None,
    on_damage: Callable[[int], None] = lambda k: None,
) -> Iterator[Picture]:
    """For each grid number k (ascending), the frame on display at k / fps; each frame once.

    Opens the file anew, so that workers share nothing. A frame that can't be decoded is replaced by the one
    that a player would still show; where that is older than one sample, `on_damage` gets the grid number
    instead. Raises UserFixable where the file can't be opened.
    """
    known = index if index is not None else build_index(Path(path), tick)
    chosen: dict[int, int] = {}
    for k in grid:
        chosen.setdefault(known.on_display(k / fps), k)
    wanted = list(chosen)
    numbers = list(chosen.values())
    with open_video(path) as (container, stream):
        decoder = Decoder(container, stream, known, skip=not interlaced)
        painter = Painter(rotation)
        oldest = int(1 / (fps * known.time_base))
        shown: set[int] = set()
        missing = set(numbers)
        for at, frame in _clean(decoder, wanted, known, interlaced, tick):
            pts = wanted[at] if frame.pts is None else frame.pts
            if wanted[at] - pts > oldest:
                continue
            missing.discard(numbers[at])
            if pts not in shown:
                shown.add(pts)
                yield Picture(numbers[at], pts, max(0, known.time(pts)), painter.paint(frame, max_edge))
            tick()
        for k in sorted(missing):
            on_damage(k)


def _clean(
    decoder: Decoder,
    wanted: Sequence[int],
    index: VideoIndex,
    interlaced: bool,
    tick: Callable[[], None],
) -> Iterator[tuple[int, VideoFrame]]:
    """The wanted frames without interlacing; interlaced sources give each its neighbours in time."""
    if not interlaced:
        for at, frame in decoder.frames(wanted, tick):
            yield at, deinterlace([frame], 0) if frame.interlaced_frame else frame
        return
    around = sorted({index.neighbour(pts, step) for pts in wanted for step in (-1, 0, 1)})
    places = {pts: at for at, pts in enumerate(wanted)}
    held: list[VideoFrame] = []
    for at, frame in decoder.frames(around, tick):
        if held and held[-1].pts == frame.pts:
            continue
        held = [*held[-2:], frame]
        middle = held[-2] if len(held) > 1 else None
        if len(held) == 2 and held[0].pts in places:
            yield places.pop(int(held[0].pts or 0)), deinterlace(held, 0)
        elif middle is not None and middle.pts in places:
            yield places.pop(int(middle.pts or 0)), deinterlace(held, 1)
        if at == len(around) - 1 and frame.pts in places:
            yield places.pop(int(frame.pts or 0)), deinterlace(held[-2:], len(held[-2:]) - 1)


def deinterlace(frames: Sequence[VideoFrame], which: int) -> VideoFrame:
    """Frame number `which` of one to three neighbouring frames as a full picture (bwdif, one frame out for
    one in); frames that are not interlaced come back as they are."""
    target = frames[which]
    if not target.interlaced_frame:
        return target
    graph = Graph()
    source = graph.add_buffer(
        width=target.width, height=target.height, format=target.format, time_base=Fraction(1, 1000)
    )
    filters = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(filters)
    filters.link_to(sink)
    graph.configure()
    stamps = [(f.pts, f.time_base) for f in frames]
    found: list[VideoFrame] = []
    try:
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, Fraction(1, 1000)
            graph.push(frame)
        graph.push(None)
        while True:
            try:
                found.append(graph.vpull())
            except (av.error.BlockingIOError, av.error.EOFError):
                break
    finally:
        for frame, (pts, base) in zip(frames, stamps, strict=True):
            frame.pts = pts
            if base is not None:
                frame.time_base = base
    if len(found) <= which:
        return target
    clean = found[which]
    clean.pts = stamps[which][0]
    return clean
