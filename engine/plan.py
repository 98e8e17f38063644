"""The plan of a run: for each of the eight stages what is reused, what runs, why, and what it will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from engine.domain.brands import BookSnapshot, SourceBrandSighting
from engine.domain.errors import UserFixable
from engine.domain.jobs import Overrides, SourceAsset
from engine.domain.stages import FRAME_STAGES, ORDER, StageName
from engine.keys import part_key
from engine.ports import JOB_CHUNK, PartRef, PartStore
from engine.settings import AllSettings, changed
from engine.stage import Chunk, Stage, View

Action = Literal["reuse", "run", "run-unless-unchanged", "skip"]

DEFAULT_RATES: Mapping[StageName, float] = {
    StageName.EXTRACT_FRAMES: 0.05,
    StageName.FILTER_SCENES: 0.02,
    StageName.DETECT_REGIONS: 0.15,
    StageName.RUN_OCR: 0.12,
    StageName.MATCH_BRANDS: 0.005,
    StageName.ESCALATE_VLM: 0.0,
    StageName.ESCALATE_CLOUD: 0.0,
    StageName.COMPILE_REPORT: 0.002,
}
"""Seconds of one core for each second of video, until this machine has measured its own."""

LOOK_SECONDS = 0.06
"""Seconds of one core for searching one frame for one reference picture."""


@dataclass(frozen=True, slots=True)
class LookWork:
    """What look search has ahead: reference pictures that were not searched for in all of this source's frames,
    and how many searches of one frame for one of them that takes."""

    references: int = 0
    searches: int = 0


@dataclass(frozen=True, slots=True)
class RunSpec:
    """All that a run is determined by."""

    job_id: str
    source: SourceAsset
    settings: AllSettings
    chunks: tuple[Chunk, ...]
    fps: Fraction
    book: BookSnapshot = field(default_factory=lambda: BookSnapshot(()))
    sightings: tuple[SourceBrandSighting, ...] = ()
    escalation: bool = True
    replay_from: StageName | None = None
    parent_parts: Mapping[tuple[StageName, int], PartRef] = field(default_factory=dict)
    """What the parent run refers to; used as it is for the stages before `replay_from`."""

    def view(self, chunk: Chunk | None, parts: Mapping[StageName, Sequence[Any]]) -> View:
        return View(
            source=self.source,
            fps=self.fps,
            chunk=chunk,
            chunks=self.chunks,
            parts=parts,
            book=self.book,
            sightings=self.sightings,
            escalation=self.escalation,
        )

    def inherited(self, stage: StageName, chunk: int) -> PartRef | None:
        """The parent's part for a stage before the replayed one."""
        if self.replay_from is None or stage.number >= self.replay_from.number:
            return None
        return self.parent_parts.get((stage, chunk))


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One row of the plan. `seconds` is the estimated wall time on this machine, None where unknown."""

    stage: StageName
    action: Action
    reason: str
    parts_reused: int = 0
    parts_total: int = 0
    seconds: float | None = None
    calls: int = 0
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Eight rows, in order of the stages. `store_bytes` is what the frames still to be stored will take on disk,
    rather too many than too few."""

    stages: tuple[StagePlan, ...]
    store_bytes: int = 0

    @property
    def seconds(self) -> float:
        return sum(s.seconds or 0.0 for s in self.stages)

    @property
    def calls(self) -> int:
        return sum(s.calls for s in self.stages)

    @property
    def usd(self) -> float:
        return sum(s.usd for s in self.stages)


def check_replay(replay_from: StageName, before: AllSettings, after: AllSettings) -> Overrides:
    """What the edit changes; UserFixable where it belongs to a stage before `replay_from`."""
    delta = changed(before, after)
    early = [s for s in ORDER if str(s) in delta and s.number < replay_from.number]
    if early:
        edits = ", ".join(f"{early[0]}.{k}" for k in delta[str(early[0])])
        raise UserFixable(
            f"{edits} belongs to {early[0]}, which comes before {replay_from}.",
            still_works="Nothing was started; the finished run is unchanged.",
            to_do=f"Replay from {early[0]} instead.",
        )
    return delta


def input_refs(
    stage: Stage, chunk: int, refs: Mapping[tuple[StageName, int], PartRef], chunks: Sequence[Chunk]
) -> list[tuple[StageName, int, PartRef]] | None:
    """The parts that `stage` reads, in order; None while one of them is not known."""
    found: list[tuple[StageName, int, PartRef]] = []
    for read in stage.reads:
        if not read.is_frame_stage:
            wanted: Sequence[int] = (JOB_CHUNK,)
        elif stage.name.is_frame_stage:
            wanted = (chunk,)
        else:
            wanted = [c.index for c in chunks]
        for index in wanted:
            ref = refs.get((read, index))
            if ref is None:
                return None
            found.append((read, index, ref))
    return found


def key_of(
    stage: Stage, spec: RunSpec, chunk: Chunk | None, inputs: Sequence[tuple[StageName, int, PartRef]]
) -> str:
    """The key of the part that `stage` makes of these inputs."""
    settings = spec.settings[stage.name]
    extras = stage.key_extras(settings, spec.view(chunk, {}))
    digests = [(str(s), c, ref.output_digest) for s, c, ref in inputs]
    return part_key(stage, settings, source=spec.source, chunk=chunk, inputs=digests, extras=extras)


def make_plan(
    spec: RunSpec,
    stages: Mapping[StageName, Stage],
    store: PartStore,
    *,
    workers: int,
    rates: Mapping[StageName, float] | None = None,
    before: AllSettings | None = None,
    looks: LookWork | None = None,
) -> Plan:
    """What running `spec` would reuse and compute, without doing it.

    `before` are the parent's settings, named in the reasons; `rates` are seconds of one core for each
    second of video, measured on this machine. `looks` is what look search has ahead, where it is known.
    """
    delta = changed(before, spec.settings) if before is not None else {}
    cost = {**DEFAULT_RATES, **(rates or {})}
    refs: dict[tuple[StageName, int], PartRef] = {}
    rows: list[StagePlan] = []
    video_seconds = sum(c.span.seconds for c in spec.chunks)
    for name in ORDER:
        stage = stages[name]
        places: Sequence[Chunk | None] = spec.chunks if name.is_frame_stage else (None,)
        reused = unknown = inherited = 0
        to_do = 0.0
        for chunk in places:
            index = chunk.index if chunk is not None else JOB_CHUNK
            ref = spec.inherited(name, index)
            if ref is not None:
                inherited += 1
            else:
                inputs = input_refs(stage, index, refs, spec.chunks)
                if inputs is None:
                    unknown += 1
                else:
                    ref = store.find(key_of(stage, spec, chunk, inputs))
            if ref is not None:
                refs[name, index] = ref
                reused += 1
            else:
                to_do += chunk.span.seconds if chunk is not None else video_seconds
        total = len(places)
        if reused == total:
            action: Action = "reuse"
            older = any(
                refs[name, c.index if c else JOB_CHUNK].stage_version != stage.version for c in places
            )
            reason = (
                "from the parent run" if inherited else "stored results have the same inputs and settings"
            )
            if older:
                reason += ", made by an older engine"
        else:
            action = "run" if reused + unknown < total else "run-unless-unchanged"
            reason = _why(name, delta, before, unknown, reused, total)
        seconds = 0.0
        if looks is not None and looks.searches and name is StageName.MATCH_BRANDS and reused < total:
            why = _new_references(looks.references)
            reason = f"{why}; {reason}" if delta.get(str(name)) else why
            seconds = looks.searches * LOOK_SECONDS / workers
        parallel = workers if name in FRAME_STAGES else 1
        rows.append(
            StagePlan(
                stage=name,
                action=action,
                reason=reason,
                parts_reused=reused,
                parts_total=total,
                seconds=to_do * cost[name] / parallel + seconds,
            )
        )
    return Plan(tuple(rows))


def _shown(value: object) -> str:
    """A setting's value in a reason: 80, 0.45, none."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if value not in (None, "", (), []) else "none"


def _new_references(count: int) -> str:
    return f"{count} new reference picture{'' if count == 1 else 's'} to search for"


def _why(
    name: StageName, delta: Overrides, before: AllSettings | None, unknown: int, reused: int, total: int
) -> str:
    edits = delta.get(str(name))
    if edits:
        former = before[name].values() if before is not None else {}
        return ", ".join(f"{key} {_shown(former.get(key))} → {_shown(value)}" for key, value in edits.items())
    if unknown and reused + unknown >= total:
        return "runs only if the stage before changes its result"
    if reused:
        return f"{total - reused} of {total} parts are not stored yet"
    return "not computed yet with these inputs and settings"
