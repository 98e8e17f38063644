"""The Stage protocol: what each of the eight stages declares, gets and returns.

A stage is pure: equal view and settings give an equal payload. Blobs, models, memory, parallel map and
progress come through `ctx`; what it may read of earlier stages is what it declares in `reads`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.decoding import looked_through
from engine.domain.brands import BookSnapshot, SourceBrandSighting
from engine.domain.jobs import SourceAsset
from engine.domain.records import FrameRecord, Record
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from engine.ports import BlobStore, Memo, ModelHub
from engine.settings import StageSettings

T = TypeVar("T")
R = TypeVar("R")

Image = NDArray[np.uint8]
"""Pixels, BGR, (height, width, 3), uint8. Read-only: copy before drawing on it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of the fixed time grid: its number, its span, and the sampling grid it holds.

    `first` and `last` are grid numbers: the frames k with first <= k < last belong to the chunk."""

    index: int
    span: Span
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class View:
    """All that a stage may look at. `chunk` is None for job stages. `parts` holds decoded payloads of the
    declared stages: for a frame stage those of its own chunk (one each), for a job stage those of all
    chunks in order (frame stages) or the one part (job stages)."""

    source: SourceAsset
    fps: Fraction
    chunk: Chunk | None
    chunks: tuple[Chunk, ...]
    parts: Mapping[StageName, Sequence[Record]]
    book: BookSnapshot = field(default_factory=lambda: BookSnapshot(()))
    sightings: tuple[SourceBrandSighting, ...] = ()
    escalation: bool = True

    def part(self, stage: StageName, kind: type[R]) -> R:
        """The single payload of `stage`, typed; KeyError where the stage did not declare to read it."""
        (only,) = self.parts[stage]
        assert isinstance(only, kind)
        return only

    def all_parts(self, stage: StageName, kind: type[R]) -> tuple[R, ...]:
        """All payloads of `stage` in chunk order, typed."""
        found = tuple(p for p in self.parts[stage] if isinstance(p, kind))
        assert len(found) == len(self.parts[stage])
        return found


class Context(Protocol):
    """The doors to the outside that a stage gets."""

    @property
    def blobs(self) -> BlobStore: ...

    @property
    def memo(self) -> Memo: ...

    @property
    def models(self) -> ModelHub: ...

    @property
    def services(self) -> Mapping[str, Any]:
        """Further services by name (chat client factory, budget, prices), used by the escalation stages."""
        ...

    def tick(self, done: float | None = None) -> None:
        """Call at least every 250 ms: raises Cancelled on pause or cancel. `done` is units so far."""
        ...

    def problem(self, where: str, what: str) -> None:
        """Report one bad item and go on."""
        ...

    def image(self, frame: FrameRecord) -> Image:
        """The stored frame's pixels (decoded once a worker while its chunk is in work)."""
        ...

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Apply `function` to all items, in parallel where workers are free; results in the items' order."""
        ...


class Stage(Protocol):
    """One of the eight stages."""

    @property
    def name(self) -> StageName: ...

    @property
    def version(self) -> int:
        """Bumped by hand whenever equal input may give other output."""
        ...

    @property
    def settings_type(self) -> type[StageSettings]: ...

    @property
    def payload_type(self) -> type[Record]: ...

    @property
    def reads(self) -> tuple[StageName, ...]: ...

    @property
    def writes(self) -> tuple[str, ...]:
        """Which of the checkpoint's fields (see domain.md) this stage writes."""
        ...

    @property
    def unit(self) -> str:
        """What progress counts: seconds of video, frames, crops, candidates, crop groups, calls, brands."""
        ...

    def units(self, view: View, settings: Any) -> float:
        """How many units of work lie ahead in this view."""
        ...

    def key_extras(self, settings: Any, view: View) -> tuple[str, ...]:
        """Digests of what else the result depends on: model files, provider, prompt version, book."""
        ...

    def run(self, view: View, settings: Any, ctx: Context) -> Record: ...

    def items(self, payload: Any) -> int:
        """What the payload counts as for people: frames, boxes, texts, appearances."""
        ...

    def blobs(self, payload: Any) -> tuple[str, ...]:
        """Digests of the blobs that the payload refers to."""
        ...

    def canonical(self, payload: Any) -> Any:
        """The payload as it enters digests: without UUIDs, in a fixed order, scores rounded."""
        ...


def encode(payload: Record) -> bytes:
    """A payload as MessagePack."""
    return _encoder.encode(payload)


def decode(data: bytes, kind: type[R]) -> R:
    """A payload from MessagePack; msgspec.ValidationError where it is not one."""
    return msgspec.msgpack.decode(data, type=looked_through(kind))


_encoder = msgspec.msgpack.Encoder(order="sorted")
