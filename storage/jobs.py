"""Runs: their records, legal moves, progress, acceptance, checkpoints, recovery after a crash, deletion."""

from __future__ import annotations

import os
import socket
import time
import uuid
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from engine.domain.errors import Conflict, UserFixable
from engine.domain.jobs import DetectJob, JobStatus, StageCheckpoint, check_move
from engine.domain.stages import StageName
from storage.blobs import FolderBlobStore
from storage.columns import now, to_record, to_row
from storage.compose import ComposedState, compose
from storage.database import Database
from storage.parts import LibraryParts, delete_unused
from storage.removals import REMOVED, refuse_removed
from storage.schema import BlobRow, CheckpointRow, JobRow

COLUMNS = tuple(JobRow.__table__.columns)
LISTED = JobRow.source_asset_id.not_in(REMOVED)
RESULT_FIELDS = frozenset(
    {"total_detections", "brands_found", "cloud_llm_calls", "estimated_cost_usd", "output_digest"}
)


class Jobs:
    """DetectJobs and their StageCheckpoints. Methods that change something take the caller's open transaction
    or open their own."""

    def __init__(self, db: Database, parts: LibraryParts, blobs: FolderBlobStore) -> None:
        self._db = db
        self._parts = parts
        self._blobs = blobs

    # Records ---------------------------------------------------------------------------------------

    def create(self, job: DetectJob, *, conn: Connection | None = None) -> DetectJob:
        """Store a new run (an empty id or creation time is filled in); it starts `pending`, not accepted.
        Blobs that it names (book and sightings snapshots) must have been put before. UserFixable where its
        source was removed."""
        job = msgspec.structs.replace(
            job,
            id=job.id or str(uuid.uuid4()),
            created_at=job.created_at or now(),
            status=JobStatus.PENDING,
            accepted=False,
        )
        snapshots = [d for d in dict.fromkeys((job.book_snapshot, job.sightings_snapshot)) if d]
        sizes = [{"digest": d, "size": self._blobs.size(d)} for d in snapshots]
        self._blobs.flush(snapshots)
        with self._db.writing(conn) as conn:
            if sizes:
                conn.execute(upsert(BlobRow).on_conflict_do_nothing(), sizes)
            refuse_removed(job.source_asset_id, conn)
            conn.execute(insert(JobRow), to_row(job))
        return job

    def get(self, job_id: str, *, conn: Connection | None = None) -> DetectJob:
        """UserFixable where there is no run of this id."""
        with self._db.reading(conn) as conn:
            row = conn.execute(select(*COLUMNS).where(JobRow.id == job_id)).one_or_none()
        if row is None:
            raise UserFixable(
                f"There is no run {job_id} in this library.",
                still_works="Nothing was changed.",
                to_do="`sponsight jobs` lists all runs.",
            )
        return to_record(DetectJob, row)

    def find(self, prefix: str, *, conn: Connection | None = None) -> list[DetectJob]:
        """The runs whose id begins with these characters."""
        return self._many(JobRow.id.startswith(prefix, autoescape=True), LISTED, conn=conn)

    def all(self, *, conn: Connection | None = None) -> list[DetectJob]:
        """Newest first; those of removed sources are left out."""
        return self._many(LISTED, conn=conn)

    def of_source(self, source_id: str, *, conn: Connection | None = None) -> list[DetectJob]:
        """All runs of a source, newest first."""
        return self._many(JobRow.source_asset_id == source_id, conn=conn)

    def accepted(self, source_id: str, *, conn: Connection | None = None) -> DetectJob | None:
        """The one run that counts for this source."""
        found = self._many(JobRow.source_asset_id == source_id, JobRow.accepted.is_(True), conn=conn)
        return found[0] if found else None

    def accepted_ids(self, *, conn: Connection | None = None) -> dict[str, str]:
        """Source id → id of its accepted run, over the whole library."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(JobRow.source_asset_id, JobRow.id).where(JobRow.accepted.is_(True), LISTED)
            )
            return dict(rows.all())

    def lineage(self, job_id: str, *, conn: Connection | None = None) -> list[DetectJob]:
        """The run, its parent, and so on up to the root."""
        with self._db.reading(conn) as conn:
            chain = [self.get(job_id, conn=conn)]
            while (parent := chain[-1].parent_job_id) is not None:
                chain.append(self.get(parent, conn=conn))
        return chain

    def _many(self, *conditions: ColumnElement[bool], conn: Connection | None) -> list[DetectJob]:
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*COLUMNS).where(*conditions).order_by(JobRow.created_at.desc(), JobRow.id)
            )
            return [to_record(DetectJob, row) for row in rows]

    # Moves -----------------------------------------------------------------------------------------

    def move(
        self, job_id: str, status: JobStatus, *, error: str = "", conn: Connection | None = None
    ) -> DetectJob:
        """Move the run to another status; Conflict where domain.md does not allow it. A run that starts notes
        this process as its worker; one that ends notes when. `error` is the message of a failed run. A run of a
        removed source doesn't start: UserFixable."""
        with self._db.writing(conn) as conn:
            job = self.get(job_id, conn=conn)
            check_move(job.status, status)
            if status is JobStatus.RUNNING:
                refuse_removed(job.source_asset_id, conn)
            moment = now()
            values: dict[str, Any] = {"status": str(status), "worker_id": ""}
            if status is JobStatus.RUNNING:
                values |= {"worker_id": worker_id(), "error_message": ""}
                if job.started_at is None:
                    values["started_at"] = moment
            if status.is_final:
                values["completed_at"] = moment
            if error:
                values["error_message"] = error
            if status is JobStatus.COMPLETED:
                values |= {"progress": 1.0, "current_stage": None}
            conn.execute(update(JobRow).where(JobRow.id == job_id).values(values))
            return self.get(job_id, conn=conn)

    def progress(
        self,
        job_id: str,
        progress: float,
        current_stage: StageName | None = None,
        *,
        conn: Connection | None = None,
    ) -> None:
        """Note progress (0..1; it never goes back) and the lowest incomplete stage."""
        values: dict[str, Any] = {
            "progress": func.max(JobRow.progress, min(1.0, max(0.0, progress))),
        }
        if current_stage is not None:
            values["current_stage"] = str(current_stage)
        with self._db.writing(conn) as conn:
            conn.execute(update(JobRow).where(JobRow.id == job_id).values(values))

    def results(self, job_id: str, *, conn: Connection | None = None, **values: Any) -> None:
        """Note the results summary: total_detections, brands_found, cloud_llm_calls, estimated_cost_usd,
        output_digest."""
        unknown = set(values) - RESULT_FIELDS
        if unknown:
            raise ValueError(f"no result fields: {sorted(unknown)}")
        with self._db.writing(conn) as conn:
            conn.execute(update(JobRow).where(JobRow.id == job_id).values(values))

    def set_accepted(
        self, job_id: str | None, source_id: str, *, conn: Connection | None = None
    ) -> str | None:
        """Make this completed run the one that counts for its source (None: none counts). Returns the id of the
        run that counted before, for the way back."""
        with self._db.writing(conn) as conn:
            before = self.accepted(source_id, conn=conn)
            conn.execute(
                update(JobRow)
                .where(JobRow.source_asset_id == source_id, JobRow.accepted.is_(True))
                .values(accepted=False)
            )
            if job_id is not None:
                job = self.get(job_id, conn=conn)
                if job.status is not JobStatus.COMPLETED or job.source_asset_id != source_id:
                    raise Conflict(
                        f"Only a completed run can be accepted; this one is {job.status.value}."
                        if job.source_asset_id == source_id
                        else "This run belongs to another source.",
                        still_works="What counted before still counts.",
                        to_do="Resume it, or accept another run.",
                    )
                conn.execute(update(JobRow).where(JobRow.id == job_id).values(accepted=True))
        return None if before is None else before.id

    def recover(self, *, conn: Connection | None = None) -> list[str]:
        """At start-up, with the writer's lock held (so every worker is gone): each run that was left `running`
        becomes `paused`, resumable. Returns their ids."""
        with self._db.writing(conn) as conn:
            return list(
                conn.execute(
                    update(JobRow)
                    .where(JobRow.status == str(JobStatus.RUNNING))
                    .values(status=str(JobStatus.PAUSED), worker_id="")
                    .returning(JobRow.id)
                ).scalars()
            )

    def delete(self, job_id: str, *, conn: Connection | None = None) -> None:
        """Delete a run that is not running, and the parts that no other run refers to. Their files go with the
        next `Library.sweep`. Its children keep their own results; their parent is its parent from now on."""
        with self._db.writing(conn) as conn:
            job = self.get(job_id, conn=conn)
            if job.status is JobStatus.RUNNING:
                raise Conflict(
                    "A running run can't be deleted.",
                    still_works="It goes on.",
                    to_do="Cancel it first.",
                )
            conn.execute(
                update(JobRow).where(JobRow.parent_job_id == job_id).values(parent_job_id=job.parent_job_id)
            )
            conn.execute(delete(JobRow).where(JobRow.id == job_id))
            delete_unused(conn)

    # Checkpoints -----------------------------------------------------------------------------------

    def save_checkpoint(
        self, checkpoint: StageCheckpoint, *, conn: Connection | None = None
    ) -> StageCheckpoint:
        """Store what a completed stage left behind (its earlier checkpoint of this run is replaced)."""
        checkpoint = msgspec.structs.replace(
            checkpoint,
            id=checkpoint.id or str(uuid.uuid4()),
            created_at=checkpoint.created_at or now(),
        )
        with self._db.writing(conn) as conn:
            conn.execute(
                delete(CheckpointRow).where(
                    CheckpointRow.job_id == checkpoint.job_id,
                    CheckpointRow.stage_index == checkpoint.stage_index,
                )
            )
            conn.execute(insert(CheckpointRow), to_row(checkpoint))
        return checkpoint

    def checkpoints(self, job_id: str, *, conn: Connection | None = None) -> list[StageCheckpoint]:
        """A run's checkpoints in the order of the stages."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*CheckpointRow.__table__.columns)
                .where(CheckpointRow.job_id == job_id)
                .order_by(CheckpointRow.stage_index)
            )
            return [to_record(StageCheckpoint, row) for row in rows]

    def compose(self, job_id: str, through: StageName = StageName.COMPILE_REPORT) -> ComposedState:
        """The whole state that the chain of stages up to `through` left behind (see storage.compose)."""
        attached = self._parts.attached(job_id)
        refs = [ref for (stage, _), ref in attached.items() if stage.number <= through.number]
        payloads = self._parts.payloads(ref.key for ref in refs)
        marks = {c.stage: c for c in self.checkpoints(job_id) if c.stage_index <= through.number}
        prefix = next((c.frames_prefix for c in marks.values() if c.frames_prefix), "")
        return compose(
            prefix,
            [(ref.stage, ref.chunk, payloads[ref.key]) for ref in refs],
            {stage: c.stats for stage, c in marks.items()},
        )


def worker_id() -> str:
    """This process as a job's worker: `pid@host:start`, the start in seconds since 1970."""
    return f"{os.getpid()}@{socket.gethostname()}:{_START}"


def _started() -> int:
    """When this process began; on Linux to the kernel's tick, so that a reused pid is told apart."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        boot = next(
            int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if "btime" in line
        )
        return boot + ticks // os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration, AttributeError):
        return int(time.time())


_START = _started()
