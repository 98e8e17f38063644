"""In-memory doors for stages under test: blobs, memory, models on real sessions, a context that counts ticks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from engine.adapters.cv import cv2
from engine.domain.errors import DataDamage
from engine.domain.jobs import SourceAsset
from engine.domain.records import FrameRecord, Record
from engine.domain.stages import StageName
from engine.ports import BlobStore, Memo, ModelHub
from engine.stage import Chunk, Image, Stage, View

T = TypeVar("T")
R = TypeVar("R")


class MemoryBlobs:
    """Content-addressed bytes in a dictionary."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.data[digest] = data
        return digest

    def get(self, digest: str) -> bytes:
        if digest not in self.data:
            raise DataDamage(f"{digest} is missing")
        return self.data[digest]

    def has(self, digest: str) -> bool:
        return digest in self.data


class MemoryMemo:
    """Per-item memory in dictionaries; `answered` counts the answers given."""

    def __init__(self) -> None:
        self.spaces: dict[str, dict[str, bytes]] = {}
        self.answered = 0

    def get_many(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        known = self.spaces.get(space, {})
        found = {k: known[k] for k in keys if k in known}
        self.answered += len(found)
        return found

    def put_many(self, space: str, items: Mapping[str, bytes]) -> None:
        self.spaces.setdefault(space, {}).update(items)


class PlainModels:
    """Models by key, built once; what stages build here are real sessions."""

    provider = "CPUExecutionProvider"

    def __init__(self) -> None:
        self.models: dict[Hashable, Any] = {}

    def get(self, key: Hashable, build: Callable[[], T]) -> T:
        if key not in self.models:
            self.models[key] = build()
        found: T = self.models[key]
        return found


class MemoryContext:
    """A stage's context without a runner; `on_tick` is called on every tick and may raise Cancelled."""

    def __init__(self, blobs: MemoryBlobs | None = None, memo: MemoryMemo | None = None) -> None:
        self.blobs: BlobStore = blobs or MemoryBlobs()
        self.memo: Memo = memo or MemoryMemo()
        self.models: ModelHub = PlainModels()
        self.services: Mapping[str, Any] = {}
        self.ticks = 0
        self.progress: list[float] = []
        self.problems: list[tuple[str, str]] = []
        self.on_tick: Callable[[], None] = lambda: None

    def tick(self, done: float | None = None) -> None:
        self.ticks += 1
        if done is not None:
            self.progress.append(done)
        self.on_tick()

    def problem(self, where: str, what: str) -> None:
        self.problems.append((where, what))

    def image(self, frame: FrameRecord) -> Image:
        data = np.frombuffer(self.blobs.get(frame.image), np.uint8)
        image: Any = cv2.imdecode(data, cv2.IMREAD_COLOR)
        image.flags.writeable = False
        found: Image = image
        return found

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        return [function(item) for item in items]


def store_image(
    ctx: MemoryContext, seq: int, image: Image, fps: Fraction = Fraction(2), quality: int = 95
) -> FrameRecord:
    """Keep a picture as the frame of grid number `seq`."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    time = round(seq / fps * 1_000_000)
    return FrameRecord(seq, time, time, ctx.blobs.put(data.tobytes()), image.shape[1], image.shape[0])


def source_asset(**values: Any) -> SourceAsset:
    """A source with plain defaults; override any field."""
    fields: dict[str, Any] = {
        "id": "source",
        "content_digest": "digest",
        "path": "",
        "name": "video.mp4",
        "size_bytes": 1,
        "duration": 10_000_000,
        "frame_rate": "25",
        "time_base": "1/1000000",
        "width": 1280,
        "height": 720,
        "codec": "h264",
    }
    return SourceAsset(**{**fields, **values})


def view_of(
    source: SourceAsset,
    chunks: tuple[Chunk, ...],
    chunk: Chunk | None,
    parts: Mapping[StageName, Iterable[Record]] | None = None,
    fps: Fraction = Fraction(2),
) -> View:
    """A view of one chunk with the given parts."""
    return View(
        source=source,
        fps=fps,
        chunk=chunk,
        chunks=chunks,
        parts={name: tuple(records) for name, records in (parts or {}).items()},
    )


def run_stages(
    stages: Iterable[Stage],
    settings: Mapping[StageName, Any],
    source: SourceAsset,
    chunks: tuple[Chunk, ...],
    ctx: MemoryContext,
    fps: Fraction = Fraction(2),
) -> dict[StageName, list[Record]]:
    """Run frame stages over all chunks in order; gives each stage's payloads."""
    done: dict[StageName, list[Record]] = {}
    for stage in stages:
        done[stage.name] = []
        for number, chunk in enumerate(chunks):
            parts = {name: (done[name][number],) for name in stage.reads}
            view = view_of(source, chunks, chunk, parts, fps)
            done[stage.name].append(stage.run(view, settings[stage.name], ctx))
    return done
