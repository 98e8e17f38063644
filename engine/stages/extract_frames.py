"""Stage 0: stores the frames of a chunk's sampling grid as JPEG pictures, with their exact times."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from engine.adapters.cv import cv2
from engine.adapters.probe import check_same
from engine.adapters.tonemap import upright_size
from engine.adapters.video import Picture, frames_at
from engine.adapters.video_index import VideoIndex, build_index, pack_index, unpack_index
from engine.domain.errors import StageFailed, UserFixable
from engine.domain.jobs import SourceAsset
from engine.domain.records import FrameRecord, FramesPart, ItemProblem
from engine.domain.stages import StageName
from engine.domain.timebase import format_time, grid_time
from engine.ports import BlobStore
from engine.stage import Chunk, Context, View
from engine.stage_settings import ExtractFramesSettings

INDEX_SPACE = "video_index/2"
SAMPLE = "sample "
"""How a problem's `where` names a grid number whose frame is lost: `sample 17`."""

# Bytes a pixel of JPEG pictures by quality, measured on match footage of several sports, upper quartile.
_BYTES_PER_PIXEL = ((50, 0.07), (75, 0.10), (90, 0.16), (95, 0.24), (100, 0.52))


class ExtractFrames:
    """Samples the source at the grid points of one chunk (see domain.md)."""

    name: ClassVar[StageName] = StageName.EXTRACT_FRAMES
    version: ClassVar[int] = 3
    settings_type: ClassVar[type[ExtractFramesSettings]] = ExtractFramesSettings
    payload_type: ClassVar[type[FramesPart]] = FramesPart
    reads: ClassVar[tuple[StageName, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ("frames_prefix", "frames_manifest", "frames_meta")
    unit: ClassVar[str] = "seconds of video"

    def units(self, view: View, settings: ExtractFramesSettings) -> float:
        return _chunk(view).span.seconds

    def key_extras(self, settings: ExtractFramesSettings, view: View) -> tuple[str, ...]:
        return ()

    def run(self, view: View, settings: ExtractFramesSettings, ctx: Context) -> FramesPart:
        try:
            return self._extract(view, settings, ctx)
        except UserFixable as error:
            raise UserFixable(
                error.message,
                still_works="What the run finished before is kept, and so are all decisions.",
                to_do=f"{error.to_do} Then start the run again: it goes on from there.",
            ) from error

    def _extract(self, view: View, settings: ExtractFramesSettings, ctx: Context) -> FramesPart:
        chunk, source = _chunk(view), view.source
        index = source_index(source, ctx)
        context: FrameRecord | None = None
        frames: list[FrameRecord] = []
        lost: list[int] = []
        points = range(max(chunk.first - 1, 0), chunk.last)
        silent = [k for k in points if index.is_silent(k / view.fps)]
        grid = [k for k in points if k not in silent]
        pictures = frames_at(
            source.path,
            grid,
            view.fps,
            index=index,
            rotation=source.rotation,
            interlaced=source.interlaced,
            max_edge=settings.max_edge,
            tick=ctx.tick,
            on_damage=lost.append,
        )
        for picture in pictures:
            record = _store(picture, settings.jpeg_quality, ctx.blobs)
            if picture.seq < chunk.first:
                context = record
            else:
                frames.append(record)
            ctx.tick(max(0, min(picture.time, chunk.span.end) - chunk.span.start) / 1_000_000)
        opened = bool(frames) and frames[0].seq == chunk.first
        if (
            context is not None
            and not opened
            and chunk.first not in silent
            and index.on_display(chunk.first / view.fps) == context.pts
        ):
            # The same picture is still on display: it opens this chunk too, so that no chunk is without one.
            frames.insert(0, FrameRecord(chunk.first, *_rest(context)))
        problems = [
            ItemProblem(
                f"{SAMPLE}{k}", f"The picture at {format_time(grid_time(k, view.fps))} can't be decoded."
            )
            for k in lost
            if k >= chunk.first
        ]
        holes = [
            ItemProblem(
                f"{SAMPLE}{k}",
                f"There is no picture at {format_time(grid_time(k, view.fps))}: a hole in the video.",
            )
            for k in silent
            if k >= chunk.first
        ]
        # A hole may be long: its first sample tells of it.
        for problem in (*problems, *holes[:1]):
            ctx.problem(problem.where, problem.what)
        ctx.tick(chunk.span.seconds)
        stopped = index.stopped
        if stopped is not None and not chunk.span.start <= stopped <= chunk.span.end:
            stopped = None
        return FramesPart(
            chunk=chunk.index,
            span=chunk.span,
            frames=tuple(frames),
            context=context,
            stopped_at=stopped,
            problems=(*problems, *holes),
        )

    def items(self, payload: FramesPart) -> int:
        return len(payload.frames)

    def blobs(self, payload: FramesPart) -> tuple[str, ...]:
        stored = payload.frames if payload.context is None else (payload.context, *payload.frames)
        return tuple(dict.fromkeys(f.image for f in stored))

    def canonical(self, payload: FramesPart) -> object:
        return [
            payload.chunk,
            [payload.span.start, payload.span.end],
            sorted(_plain(f) for f in payload.frames),
            None if payload.context is None else _plain(payload.context),
            payload.stopped_at,
            [p.where for p in payload.problems],
        ]


def lost_samples(part: FramesPart) -> frozenset[int]:
    """The grid numbers whose pictures nobody can decode, or of which the file holds none."""
    return frozenset(int(p.where.removeprefix(SAMPLE)) for p in part.problems if p.where.startswith(SAMPLE))


def estimate_store_bytes(source: SourceAsset, settings: ExtractFramesSettings) -> int:
    """How many bytes on disk the stored frames of a run will take, rather too many than too few."""
    end = source.duration / 1_000_000
    if settings.end > 0:
        end = min(end, settings.end)
    frames = math.ceil(max(0.0, end - settings.start) * settings.sample_fps)
    frames = min(frames, math.ceil(source.duration / 1_000_000 * float(source.rate)) + 1)
    width, height = upright_size(source.width, source.height, settings.max_edge)
    (q0, b0), (q1, b1) = next(
        (low, high) for low, high in pairwise(_BYTES_PER_PIXEL) if settings.jpeg_quality <= high[0]
    )
    per_pixel = b0 + (b1 - b0) * (settings.jpeg_quality - q0) / (q1 - q0)
    return math.ceil(frames * (width * height * per_pixel + 2000))


@dataclass
class _IndexSlot:
    """The timestamp index of the source that this worker has in hand, and the state of the file (size, time of
    change) for which its bytes were compared with the source's."""

    digest: str = ""
    index: VideoIndex | None = None
    compared: tuple[str, int, int] = ("", 0, 0)


def source_index(source: SourceAsset, ctx: Context) -> VideoIndex:
    """The source's timestamp index: this worker's, else from memory, else read from the file and kept.

    UserFixable where the file is gone or another one took its place."""
    slot = ctx.models.get("video_index", _IndexSlot)
    state = _state(source.path)
    same = slot.digest == source.content_digest and slot.compared == state
    if not same:
        check_same(source.path, source.content_digest)
    if slot.index is not None and slot.digest == source.content_digest:
        slot.compared = state
        return slot.index
    known = ctx.memo.get_many(INDEX_SPACE, [source.content_digest]).get(source.content_digest)
    index = unpack_index(known) if known is not None else None
    if index is None:
        tick: Callable[[], None] = ctx.tick
        index = build_index(source.path, tick)
        ctx.memo.put_many(INDEX_SPACE, {source.content_digest: pack_index(index)})
    slot.digest, slot.index, slot.compared = source.content_digest, index, state
    return index


def _state(path: str) -> tuple[str, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return path, -1, 0
    return path, found.st_size, found.st_mtime_ns


def _chunk(view: View) -> Chunk:
    assert view.chunk is not None, "extract_frames works on chunks"
    return view.chunk


def _store(picture: Picture, quality: int, blobs: BlobStore) -> FrameRecord:
    done, data = cv2.imencode(".jpg", picture.image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise StageFailed(
            f"The picture at {format_time(picture.time)} could not be stored as JPEG.",
            stage=StageName.EXTRACT_FRAMES,
            still_works="What was finished before is kept.",
            to_do="Choose a smaller longest edge; JPEG pictures hold at most 65,535 pixels a side.",
        )
    height, width = picture.image.shape[:2]
    return FrameRecord(picture.seq, picture.time, picture.pts, blobs.put(data.tobytes()), width, height)


def _rest(frame: FrameRecord) -> tuple[int, int, str, int, int]:
    return frame.time, frame.pts, frame.image, frame.width, frame.height


def _plain(f: FrameRecord) -> tuple[int, int, int, str, int, int]:
    return f.seq, f.time, f.pts, f.image, f.width, f.height
