"""What a run leaves in the library while it works: status, progress, checkpoints, results, sightings."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.mailbox import LibraryChanged, Mailbox
from engine.domain.brands import SourceBrandSighting
from engine.domain.figures import ReportPart, SightingFigure
from engine.domain.jobs import DetectJob, JobStatus, StageCheckpoint
from engine.domain.records import NewBrand
from engine.domain.stages import ORDER, StageName
from engine.domain.timebase import format_time
from engine.events import JobChanged, PartDone, RunEvent, StageDone, StageProgress
from engine.ports import JOB_CHUNK
from storage.library import Library

if TYPE_CHECKING:
    from engine.plan import RunSpec
    from engine.runner import RunOutcome

WRITE_EVERY = 1.0
"""Seconds between two writes of a run's progress."""


class RunRecorder:
    """The sink of one run (engine.runner.RunSink): events to the mailbox, state to the database."""

    def __init__(self, library: Library, mailbox: Mailbox, job: DetectJob) -> None:
        self._library = library
        self._mailbox = mailbox
        self._job = job
        self._lock = threading.Lock()
        self._progress = job.progress
        self._done: set[StageName] = set()
        self._written = 0.0

    def emit(self, event: RunEvent) -> None:
        self._mailbox.post(event)
        if isinstance(event, StageProgress):
            with self._lock:
                self._progress = max(self._progress, event.overall)
                due = time.monotonic() - self._written >= WRITE_EVERY
                if due:
                    self._written = time.monotonic()
            if due:
                self.flush()
        elif isinstance(event, PartDone) and not event.reused:
            with self._lock:
                self._written = time.monotonic()
            self.flush()

    def flush(self) -> None:
        """Write the progress reached so far."""
        with self._lock:
            current = next((s for s in ORDER if s not in self._done), ORDER[-1])
            progress = self._progress
        self._library.jobs.progress(self._job.id, progress, current)
        if current == StageName.ESCALATE_CLOUD:
            self._note_spending()

    def stage_finished(self, stage: StageName, outcome: str, reason: str, stats: dict[str, Any]) -> None:
        from engine.stages import all_stages

        with self._lock:
            self._done.add(stage)
        self._library.jobs.save_checkpoint(
            StageCheckpoint(
                id=str(uuid.uuid4()),
                job_id=self._job.id,
                stage=stage,
                stage_index=stage.number,
                fields=tuple(all_stages()[stage].writes),
                frames_prefix=f"{self._job.source_asset_id}/frames",
                stats={**stats, "outcome": outcome, "reason": reason},
                config_snapshot={stage: self._job.settings.get(stage, {})},
                config_overrides=self._job.config_overrides,
                video_path=self._job.video_path,
                profile_name=self._job.profile_name,
                skipped=reason if outcome == "skipped" else "",
                created_at=datetime.now(UTC),
            )
        )
        self._mailbox.post(StageDone(self._job.id, stage, outcome, reason))

    def move(self, status: JobStatus, message: str = "") -> None:
        """Move the run to another status and tell everybody. Raises Conflict for an illegal move."""
        if status is not JobStatus.RUNNING:
            self._note_spending()
        self._library.jobs.move(self._job.id, status, error=message)
        self._mailbox.post(JobChanged(self._job.id, status, message))

    def _note_spending(self) -> None:
        """Calls and money are counted from the reservations: a run that reuses answers spent nothing, one that was
        killed and resumed spent what all its attempts did."""
        budget = self._library.budget
        self._library.jobs.results(
            self._job.id,
            cloud_llm_calls=budget.calls(self._job.id),
            estimated_cost_usd=round(budget.spent(self._job.id), 6),
        )

    def complete(self, outcome: RunOutcome, spec: RunSpec) -> None:
        """Store the results' summary and end the run; the first complete run of a source is accepted."""
        from engine.domain.records import EscalationPart
        from engine.stage import decode

        attached = self._library.parts.attached(self._job.id)

        def load(stage: StageName) -> bytes:
            return self._library.parts.payload(attached[stage, JOB_CHUNK].key)

        report = decode(load(StageName.COMPILE_REPORT), ReportPart)
        vlm = decode(load(StageName.ESCALATE_VLM), EscalationPart)
        cloud = decode(load(StageName.ESCALATE_CLOUD), EscalationPart)
        accepted = [a for a in cloud.appearances if a.verdict == "accepted"]
        note = ""
        if outcome.stopped_at is not None:
            note = (
                f"The video is damaged from {format_time(outcome.stopped_at)} on; "
                "everything before it was processed."
            )
        self._library.jobs.results(
            self._job.id,
            total_detections=sum(len(a.seen) for a in accepted),
            brands_found=len({a.brand_id for a in accepted}),
            output_digest=outcome.output_digest,
        )
        self._keep_new_brands((*vlm.new_brands, *cloud.new_brands))
        self._library.sightings.replace(
            self._job.id,
            [self._sighting(s) for s in report.sightings],
            {b.brand_id: b.seconds for b in report.figures.counted()},
        )
        self.move(JobStatus.COMPLETED, note)
        full = spec.chunks[0].span.start == 0 and spec.chunks[-1].span.end >= spec.source.duration
        if full and self._library.jobs.accepted(self._job.source_asset_id) is None:
            self._library.jobs.set_accepted(self._job.id, self._job.source_asset_id)

    def _keep_new_brands(self, made: Sequence[NewBrand]) -> None:
        """Brands that a model named join the brand book unconfirmed: no run matches against them until a person
        confirms them."""
        known = {b.id for b in self._library.brands.all()} if made else set()
        added = [b for b in made if b.brand_id not in known]
        for brand in {b.brand_id: b for b in added}.values():
            self._library.brands.add(
                brand.name, brand_id=brand.brand_id, first_source=brand.source, origin="model", shared=True
            )
        if added:
            ids = tuple(b.brand_id for b in added)
            self._mailbox.post(LibraryChanged(frozenset({"brands"}), ids))

    def _sighting(self, figure: SightingFigure) -> SourceBrandSighting:
        """A roll-up as the library keeps it: nobody has confirmed what a run has just found."""
        return SourceBrandSighting(
            source_asset_id=self._job.source_asset_id,
            brand_id=figure.brand_id,
            brand_name=figure.brand_name,
            first_seen=figure.first_seen,
            last_seen=figure.last_seen,
            occurrences=figure.occurrences,
            detection_source=figure.detection_source,
            avg_confidence=figure.avg_confidence,
            confirmed=False,
            texts=figure.texts,
        )
