"""Carries out a run: frame stages chunk by chunk over the workers it is lent, then the job stages.

A worker takes one chunk through stages 0–3 before the next, so first boxes come early and images stay warm.
A part is stored as soon as it is done; a part with the same key is used again. The engine starts no thread:
the executor belongs to the caller.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from engine.adapters.cv import cv2
from engine.adapters.memory import give_back
from engine.control import Control
from engine.domain.errors import DataDamage
from engine.domain.records import EscalationPart, FrameRecord, Record
from engine.domain.stages import FRAME_STAGES, JOB_STAGES, StageName
from engine.events import ItemFailed, PartDone, RunEvent
from engine.keys import digest_of, run_digest
from engine.plan import RunSpec, input_refs, key_of
from engine.ports import JOB_CHUNK, BlobStore, Clock, Memo, ModelHub, PartRef, PartStore, StoredPart
from engine.progress import ProgressMeter
from engine.stage import Chunk, Image, Stage, decode, encode
from engine.warm_up import warm_up

T = TypeVar("T")
R = TypeVar("R")

IMAGE_CACHE_BYTES = 160_000_000
"""Decoded stored frames a worker keeps while its chunk is in work."""


class RunSink(Protocol):
    """Where a run tells what happens. Called from worker threads; must not block."""

    def emit(self, event: RunEvent) -> None: ...

    def stage_finished(self, stage: StageName, outcome: str, reason: str, stats: dict[str, Any]) -> None:
        """All parts of `stage` are stored: the moment for its checkpoint."""
        ...


@dataclass(slots=True)
class Doors:
    """The stores and services that a run works with."""

    parts: PartStore
    blobs: BlobStore
    memo: Memo
    models: ModelHub
    clock: Clock = time.perf_counter
    services: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended: its output digest and where the video's damage began (microseconds), if anywhere."""

    output_digest: str
    stopped_at: int | None
    skipped: dict[StageName, str]


@dataclass(slots=True)
class _StageTally:
    reused: int = 0
    ran: int = 0
    seconds: float = 0.0
    items: int = 0
    problems: int = 0
    remembered: int = 0


class Runner:
    """One run of one spec. `run` may be called once."""

    def __init__(
        self,
        spec: RunSpec,
        stages: Mapping[StageName, Stage],
        doors: Doors,
        control: Control,
        sink: RunSink,
        executor: Executor,
        rates: Mapping[StageName, float] | None = None,
    ) -> None:
        self._spec = spec
        self._stages = stages
        self._doors = doors
        self._control = control
        self._sink = sink
        self._executor = executor
        self._refs: dict[tuple[StageName, int], PartRef] = {}
        self._tallies: dict[StageName, _StageTally] = {name: _StageTally() for name in StageName}
        self._done_chunks: dict[StageName, int] = dict.fromkeys(FRAME_STAGES, 0)
        self._lock = threading.Lock()
        self._stopped_at: int | None = None
        self._broken = threading.Event()
        self._meter = ProgressMeter(spec, rates or {}, sink.emit, doors.clock)
        self._skipped: dict[StageName, str] = {}

    def run(self) -> RunOutcome:
        """Run to the end. Raises Cancelled on pause or cancel and the first error of any part; what was
        finished before is stored."""
        self._run_chunks()
        payloads: dict[StageName, Record] = {}
        for name in JOB_STAGES:
            self._control.tick()
            images = _ImageCache(self._doors.blobs)
            context = _PartContext(self, name, None, images)
            try:
                payload = self._make_part(self._stages[name], None, context, payloads)
            finally:
                images.clear()
            if payload is not None:
                payloads[name] = payload
            reason = getattr(payload, "skipped", "")
            if reason:
                self._skipped[name] = reason
            summary = ""
            if isinstance(payload, EscalationPart):
                summary = payload.summary if self._tallies[name].ran else payload.saved
            self._finish_stage(name, reason, summary)
        digest = run_digest((s, c, r.output_digest) for (s, c), r in self._refs.items())
        return RunOutcome(digest, self._stopped_at, dict(self._skipped))

    def _run_chunks(self) -> None:
        futures: list[Future[None]] = [
            self._executor.submit(self._run_chunk, chunk) for chunk in self._spec.chunks
        ]

        def goes_on() -> bool:
            return not (self._control.asked or any(future.done() for future in futures))

        warm = warm_up(self._spec, self._stages, self._doors.models, self._doors.parts, goes_on)
        error: BaseException | None = None
        for future in futures:
            try:
                future.result()
            except BaseException as caught:
                if error is None:
                    error = caught
                    self._broken.set()
                    for other in futures:
                        other.cancel()
        del warm  # until here, so that workers share what it holds
        give_back()
        if error is not None:
            raise error

    def _run_chunk(self, chunk: Chunk) -> None:
        if self._broken.is_set():
            return
        images = _ImageCache(self._doors.blobs)
        try:
            self._run_frame_stages(chunk, images)
        finally:
            images.clear()

    def _run_frame_stages(self, chunk: Chunk, images: _ImageCache) -> None:
        payloads: dict[StageName, Record] = {}
        for name in FRAME_STAGES:
            self._control.tick()
            if self._broken.is_set():
                return
            context = _PartContext(self, name, chunk, images)
            payload = self._make_part(self._stages[name], chunk, context, payloads)
            if payload is not None:
                payloads[name] = payload
                self._note_damage(payload)
            with self._lock:
                self._done_chunks[name] += 1
                complete = self._done_chunks[name] == len(self._spec.chunks)
            if complete:
                self._finish_stage(name, "")

    def _note_damage(self, payload: Record) -> None:
        stopped = getattr(payload, "stopped_at", None)
        if stopped is not None:
            with self._lock:
                self._stopped_at = stopped if self._stopped_at is None else min(self._stopped_at, stopped)

    def _make_part(
        self, stage: Stage, chunk: Chunk | None, context: _PartContext, payloads: Mapping[StageName, Record]
    ) -> Record | None:
        """Reuse or compute one part. A reused frame part is decoded only when a later stage needs it."""
        spec, name = self._spec, stage.name
        index = chunk.index if chunk is not None else JOB_CHUNK
        ref, reason = spec.inherited(name, index), "from the parent run"
        inputs: list[tuple[StageName, int, PartRef]] = []
        key = ref.key if ref is not None else ""
        if ref is None:
            with self._lock:
                known = input_refs(stage, index, self._refs, spec.chunks)
            assert known is not None, f"{name} was reached before what it reads"
            inputs = known
            key = key_of(stage, spec, chunk, inputs)
            ref, reason = self._doors.parts.find(key), "same inputs and settings"
        payload: Record | None = None
        if ref is not None:
            self._doors.parts.attach(spec.job_id, name, index, ref.key)
            if name in (StageName.EXTRACT_FRAMES, *JOB_STAGES):
                payload = self._load(stage, ref)
        else:
            ref, payload = self._compute(stage, chunk, key, inputs, context, payloads)
            reason = "computed"
        reused = reason != "computed"
        with self._lock:
            self._refs[name, index] = ref
            tally = self._tallies[name]
            tally.reused += reused
            tally.ran += not reused
            tally.items += ref.items
            tally.seconds += 0.0 if reused else ref.seconds
        span = chunk.span if chunk is not None else None
        self._sink.emit(
            PartDone(
                job_id=spec.job_id,
                stage=name,
                chunk=index,
                reused=reused,
                reason=reason,
                items=ref.items,
                start=span.start if span else 0,
                end=span.end if span else spec.source.duration,
            )
        )
        self._meter.part_done(name, index)
        return payload

    def _compute(
        self,
        stage: Stage,
        chunk: Chunk | None,
        key: str,
        inputs: Sequence[tuple[StageName, int, PartRef]],
        context: _PartContext,
        payloads: Mapping[StageName, Record],
    ) -> tuple[PartRef, Record]:
        spec, settings = self._spec, self._spec.settings[stage.name]
        parts: dict[StageName, list[Record]] = {name: [] for name in stage.reads}
        for read, _, ref in inputs:
            at_hand = payloads.get(read)
            parts[read].append(at_hand if at_hand is not None else self._load(self._stages[read], ref))
            self._control.tick()
        view = spec.view(chunk, parts)
        started = self._doors.clock()
        units = stage.units(view, settings)
        context.total = units
        payload = stage.run(view, settings, context)
        seconds = self._doors.clock() - started
        output_digest, encoded = digest_of(stage.canonical(payload)), encode(payload)
        if not getattr(payload, "lasting", True):
            # What hung on the moment (a model out of reach) is this run's own: who asks again asks anew.
            key = digest_of([key, spec.job_id, encoded])
        part = StoredPart(
            key=key,
            stage=stage.name,
            stage_version=stage.version,
            chunk=chunk.index if chunk is not None else JOB_CHUNK,
            output_digest=output_digest,
            payload=encoded,
            blobs=stage.blobs(payload),
            seconds=seconds,
            units=units,
            items=stage.items(payload),
        )
        self._doors.parts.save(spec.job_id, part)
        ref = PartRef(
            key=key,
            stage=part.stage,
            stage_version=part.stage_version,
            chunk=part.chunk,
            output_digest=part.output_digest,
            items=part.items,
            seconds=seconds,
            units=units,
        )
        return ref, payload

    def _load(self, stage: Stage, ref: PartRef) -> Record:
        data = self._doors.parts.payload(ref.key)
        try:
            return decode(data, stage.payload_type)
        except Exception as error:
            raise DataDamage(
                f"A stored result of {stage.name} can't be read ({error}).",
                still_works="Other runs and all decisions are not affected.",
                to_do="Run `sponsight verify --repair`, then start a retry.",
            ) from error

    def _finish_stage(self, name: StageName, skipped: str, summary: str = "") -> None:
        tally = self._tallies[name]
        if skipped:
            outcome, reason = "skipped", skipped
        elif tally.ran:
            outcome = "ran"
            reason = f"{tally.reused} of {tally.reused + tally.ran} parts reused" if tally.reused else ""
        else:
            outcome, reason = "reused", ""
        if summary and not skipped:
            reason = summary
        stats = {
            "parts_reused": tally.reused,
            "parts_run": tally.ran,
            "seconds": round(tally.seconds, 3),
            "items": tally.items,
            "problems": tally.problems,
            "remembered": tally.remembered,
        }
        self._sink.stage_finished(name, outcome, reason, stats)


class _ImageCache:
    """Decoded stored frames of the part in work, oldest out first; used by one worker thread."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._images: OrderedDict[str, Image] = OrderedDict()
        self._bytes = 0

    def get(self, frame: FrameRecord) -> Image:
        image = self._images.get(frame.image)
        if image is not None:
            self._images.move_to_end(frame.image)
            return image
        data = np.frombuffer(self._blobs.get(frame.image), dtype=np.uint8)
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if decoded is None:
            raise DataDamage(
                f"The stored picture of frame {frame.seq} can't be decoded.",
                still_works="Decisions and other frames are not affected.",
                to_do="Run `sponsight verify --repair`, then start a retry.",
            )
        decoded.flags.writeable = False
        self._images[frame.image] = decoded
        self._bytes += decoded.nbytes
        while self._bytes > IMAGE_CACHE_BYTES and len(self._images) > 1:
            _, oldest = self._images.popitem(last=False)
            self._bytes -= oldest.nbytes
        return decoded

    def clear(self) -> None:
        """Let the pictures go: contexts refer to themselves, and what they hold stays until garbage is collected."""
        self._images.clear()
        self._bytes = 0


class _CountedMemo:
    """The memory of answers, telling how many of those that were asked for it knew."""

    def __init__(self, memo: Memo, found: Callable[[int], None]) -> None:
        self._memo = memo
        self._found = found

    def get_many(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        known = self._memo.get_many(space, keys)
        self._found(len(known))
        return known

    def put_many(self, space: str, items: Mapping[str, bytes]) -> None:
        self._memo.put_many(space, items)


class _PartContext:
    """The doors as one stage sees them while it makes one part (implements engine.stage.Context)."""

    def __init__(self, runner: Runner, stage: StageName, chunk: Chunk | None, images: _ImageCache) -> None:
        self._runner = runner
        self._stage = stage
        self._chunk = chunk.index if chunk is not None else JOB_CHUNK
        self._images = images
        self.blobs = runner._doors.blobs
        self.memo = _CountedMemo(runner._doors.memo, self._remembered)
        self.models = runner._doors.models
        self.services = runner._doors.services
        self.total = 1.0

    def tick(self, done: float | None = None) -> None:
        self._runner._control.tick()
        if done is not None:
            self._runner._meter.moved(self._stage, self._chunk, done / self.total if self.total > 0 else 1.0)

    def _remembered(self, count: int) -> None:
        with self._runner._lock:
            self._runner._tallies[self._stage].remembered += count

    def problem(self, where: str, what: str) -> None:
        with self._runner._lock:
            self._runner._tallies[self._stage].problems += 1
        self._runner._sink.emit(ItemFailed(self._runner._spec.job_id, self._stage, where, what))

    def image(self, frame: FrameRecord) -> Image:
        return self._images.get(frame)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Parallel for job stages; a frame stage already is one of many and maps in place."""
        if self._chunk != JOB_CHUNK:
            return [function(item) for item in items]
        futures = [self._runner._executor.submit(function, item) for item in items]
        try:
            return [f.result() for f in futures]
        finally:
            for f in futures:
                f.cancel()
