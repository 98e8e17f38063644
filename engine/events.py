"""Frozen events that a run tells the outside while it works; the mailbox keeps the latest per stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from engine.domain.jobs import JobStatus
from engine.domain.stages import StageName


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job moved to another status."""

    job_id: str
    status: JobStatus
    message: str = ""


@dataclass(frozen=True, slots=True)
class StageProgress:
    """Work done so far in one stage: `done` of `total` units (see domain.md for the unit), `rate` units a
    second, `overall` 0..1 over all stages (never goes back), `seconds_left` for the whole job or None."""

    job_id: str
    stage: StageName
    done: float
    total: float
    overall: float
    rate: float = 0.0
    seconds_left: float | None = None
    provider: str = ""


@dataclass(frozen=True, slots=True)
class PartDone:
    """A part was stored or reused, and why. `items` counts what it holds (frames, boxes, texts)."""

    job_id: str
    stage: StageName
    chunk: int
    reused: bool
    reason: str
    items: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StageDone:
    """A stage is complete in this job: `outcome` is reused, ran, skipped or failed, with its reason."""

    job_id: str
    stage: StageName
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ItemFailed:
    """One bad item was reported and passed over."""

    job_id: str
    stage: StageName
    where: str
    what: str


RunEvent: TypeAlias = JobChanged | StageProgress | PartDone | StageDone | ItemFailed
