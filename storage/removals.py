"""Sources that a person took out of the library: hidden at once, their runs freed later, their decisions kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from engine.domain.errors import Conflict, UserFixable
from engine.domain.jobs import JobStatus, SourceAsset
from storage.blobs import OF_PARTS
from storage.columns import now, to_record
from storage.database import Database
from storage.parts import delete_unused
from storage.schema import SOURCE_COLUMNS, DecisionRow, JobRow, RemovedRow, SourceRow

REMOVED = select(RemovedRow.source_asset_id)
"""Ids of the sources that were removed: what is listed and counted leaves them out."""

GOING = (JobStatus.RUNNING, JobStatus.PENDING)

OWN_BYTES = f"""
    WITH ref AS (
        SELECT jp.job_id, r.digest FROM job_parts AS jp
        JOIN ({OF_PARTS}) AS r ON r.part_key = jp.part_key),
    mine AS (SELECT DISTINCT digest FROM ref JOIN detect_jobs AS j ON j.id = ref.job_id WHERE j.source_asset_id = ?),
    others AS (SELECT digest FROM ref JOIN detect_jobs AS j ON j.id = ref.job_id WHERE j.source_asset_id <> ?)
    SELECT coalesce(sum(b.size), 0) FROM mine JOIN blobs AS b ON b.digest = mine.digest
    WHERE b.digest NOT IN (SELECT digest FROM others)
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """What the library holds of a source: `runs` and `decisions` (in force) in number, `bytes` of stored files that
    only its runs refer to, and whether one of its runs counts in totals (`counts`)."""

    runs: int = 0
    decisions: int = 0
    bytes: int = 0
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """A removed source, when it was removed (UTC), and how many runs and decisions are still there."""

    source: SourceAsset
    removed_at: datetime
    runs: int
    decisions: int


def refuse_removed(source_id: str, conn: Connection) -> None:
    """UserFixable where this source was removed: nothing new is written about it."""
    name = conn.execute(
        select(SourceRow.name).where(SourceRow.id == source_id, SourceRow.id.in_(REMOVED))
    ).scalar_one_or_none()
    if name is not None:
        raise UserFixable(
            f"{name} was removed from this library.",
            still_works="Nothing was changed; what was decided about it is kept.",
            to_do="Import the video again, or undo its removal.",
        )


def under_way(name: str, status: JobStatus) -> Conflict:
    """Why a source of this name can't be removed while a run of it has this status."""
    going = "is running" if status is JobStatus.RUNNING else "waits for its turn"
    return Conflict(
        f"A run of {name} {going}: what is being analysed can't be removed.",
        still_works="Nothing was changed.",
        to_do="Stop the run or let it end, then remove the source.",
    )


class Removals:
    """Removed sources. Methods that change something take the caller's open transaction or open their own."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, source_id: str, *, conn: Connection | None = None) -> None:
        """Take a source out of the library; once more changes nothing. Conflict where a run of it is under way."""
        with self._db.writing(conn) as conn:
            conn.execute(
                upsert(RemovedRow).on_conflict_do_nothing(),
                {"source_asset_id": source_id, "removed_at": now()},
            )
            self.check(conn=conn)

    def drop(self, source_id: str, *, conn: Connection | None = None) -> None:
        """The source is in the library again, with all that is still there of it."""
        with self._db.writing(conn) as conn:
            conn.execute(delete(RemovedRow).where(RemovedRow.source_asset_id == source_id))

    def check(self, *, conn: Connection | None = None) -> None:
        """Conflict where a run of a removed source is running or waits for its turn."""
        with self._db.reading(conn) as conn:
            found = conn.execute(
                select(SourceRow.name, JobRow.status)
                .join(JobRow, JobRow.source_asset_id == SourceRow.id)
                .where(SourceRow.id.in_(REMOVED), JobRow.status.in_([str(status) for status in GOING]))
            ).first()
        if found is not None:
            raise under_way(found.name, JobStatus(found.status))

    def all(self, *, conn: Connection | None = None) -> list[Removed]:
        """Every removed source, the last removed first."""
        runs = select(func.count()).where(JobRow.source_asset_id == SourceRow.id).scalar_subquery()
        said = (
            select(func.count())
            .where(DecisionRow.source_asset_id == SourceRow.id, DecisionRow.active.is_(True))
            .scalar_subquery()
        )
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*SOURCE_COLUMNS, RemovedRow.removed_at, runs.label("runs"), said.label("said"))
                .join(RemovedRow, RemovedRow.source_asset_id == SourceRow.id)
                .order_by(RemovedRow.removed_at.desc(), SourceRow.id)
            ).all()
        found = []
        for row in rows:
            values = dict(row._mapping)
            at, kept, decided = values.pop("removed_at"), values.pop("runs"), values.pop("said")
            found.append(Removed(to_record(SourceAsset, values), at, kept, decided))
        return found

    def by_digest(self, digest: str, *, conn: Connection | None = None) -> str | None:
        """Id of the removed source with this content; None where there is none."""
        with self._db.reading(conn) as conn:
            return conn.execute(
                select(SourceRow.id).where(SourceRow.content_digest == digest, SourceRow.id.in_(REMOVED))
            ).scalar_one_or_none()

    def holding(self, source_id: str, *, conn: Connection | None = None) -> Holding:
        """What there is of a source, removed or not."""
        with self._db.reading(conn) as conn:
            runs, counts = conn.execute(
                select(func.count(), func.coalesce(func.max(JobRow.accepted), False)).where(
                    JobRow.source_asset_id == source_id
                )
            ).one()
            decisions = conn.execute(
                select(func.count())
                .select_from(DecisionRow)
                .where(DecisionRow.source_asset_id == source_id, DecisionRow.active.is_(True))
            ).scalar_one()
            size = conn.exec_driver_sql(OWN_BYTES, (source_id, source_id)).scalar_one()
        return Holding(runs, decisions, size, bool(counts))

    def free(
        self,
        source_ids: Iterable[str] = (),
        *,
        before: datetime | None = None,
        conn: Connection | None = None,
    ) -> int:
        """Delete the runs of these removed sources, and of those removed before a moment (UTC), with the parts that
        no other run refers to. Their files go with the next `Library.sweep`; decisions stay. Returns how many runs
        that were."""
        chosen: list[ColumnElement[bool]] = [RemovedRow.source_asset_id.in_(list(source_ids))]
        if before is not None:
            chosen.append(RemovedRow.removed_at < before)
        with self._db.writing(conn) as conn:
            gone = conn.execute(
                delete(JobRow).where(JobRow.source_asset_id.in_(REMOVED.where(or_(*chosen))))
            ).rowcount
            if gone:
                delete_unused(conn)
        return gone

    def holds_runs(self, *, before: datetime) -> bool:
        """Whether there are runs of sources that were removed before a moment (UTC)."""
        old = REMOVED.where(RemovedRow.removed_at < before)
        with self._db.read() as conn:
            return (
                conn.execute(select(JobRow.id).where(JobRow.source_asset_id.in_(old)).limit(1)).first()
                is not None
            )
