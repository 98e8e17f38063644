"""Sources, jobs and checkpoints: what a run is, and which moves are legal."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

import msgspec

from engine.domain.errors import Conflict
from engine.domain.stages import StageName

Overrides = dict[str, dict[str, Any]]
"""Only what the person changed, per stage: {"match_brands": {"min_text_score": 0.4}}."""


class SourceAsset(msgspec.Struct, frozen=True):
    """One video file, known by its bytes. Width and height are after rotation; duration and start_time are
    in microseconds; `frame_rate` is rational as text ("30000/1001"); `time_base` likewise."""

    id: str
    content_digest: str
    path: str
    name: str
    size_bytes: int
    duration: int
    frame_rate: str
    time_base: str
    width: int
    height: int
    codec: str
    rotation: int = 0
    start_time: int = 0
    interlaced: bool = False
    hdr: bool = False
    note: str = ""
    imported_at: datetime | None = None

    @property
    def rate(self) -> Fraction:
        return Fraction(self.frame_rate)


class RunType(StrEnum):
    INITIAL = "initial"
    REPLAY = "replay"
    RETRY = "retry"


class JobStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


LEGAL_MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.RUNNING, JobStatus.CANCELLED}),
    JobStatus.RUNNING: frozenset(
        {JobStatus.PAUSED, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}
    ),
    JobStatus.PAUSED: frozenset({JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}


def check_move(current: JobStatus, target: JobStatus) -> None:
    """Raise Conflict where a job may not go from `current` to `target`."""
    if target not in LEGAL_MOVES[current]:
        raise Conflict(
            f"A {current.value} run can't become {target.value}.",
            still_works="The run and its results are unchanged.",
            to_do="Start a retry instead." if current.is_final else "Look at the run's state first.",
        )


class DetectJob(msgspec.Struct, frozen=True, kw_only=True):
    """One invocation of the pipeline (see domain.md for each field). Times are UTC."""

    id: str
    source_asset_id: str
    video_path: str
    profile_name: str = "soccer_broadcast"
    parent_job_id: str | None = None
    run_type: RunType = RunType.INITIAL
    replay_from_stage: StageName | None = None
    config_overrides: Overrides = {}
    settings: Overrides = {}
    """Effective settings of every stage, frozen at creation."""
    books: tuple[str, ...] = ()
    """Names of the brand books the run is limited to; empty: all brands."""
    escalation: bool = True
    book_snapshot: str = ""
    """Blob digest of the frozen BookSnapshot the run matches against."""
    book_digest: str = ""
    sightings_snapshot: str = ""
    status: JobStatus = JobStatus.PENDING
    current_stage: StageName | None = None
    progress: float = 0.0
    error_message: str = ""
    total_detections: int = 0
    brands_found: int = 0
    cloud_llm_calls: int = 0
    estimated_cost_usd: float = 0.0
    worker_id: str = ""
    celery_task_id: str = ""
    priority: int = 0
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    accepted: bool = False
    output_digest: str = ""


class StageCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage left behind in one job. Structured results live in parts; `fields` names those of the
    seed's fields this stage wrote, which `storage` composes from the chain of parts on request."""

    id: str
    job_id: str
    stage: StageName
    stage_index: int
    fields: tuple[str, ...]
    frames_prefix: str
    stats: dict[str, Any]
    config_snapshot: Overrides
    config_overrides: Overrides
    video_path: str
    profile_name: str
    skipped: str = ""
    created_at: datetime | None = None
