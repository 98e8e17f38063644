"""The tables of a library: every entity of the domain, its enumerations as CHECKs, its deletions as cascades.

Totals over runs (a brand's occurrences and seconds) are never stored: they are derived from the accepted runs'
sightings. A blob's reference count is derived too: see `storage.blobs.REFERENCES`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, get_args

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, MetaData, UniqueConstraint, event, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from engine.domain.decisions import DecisionKind
from engine.domain.jobs import JobStatus, RunType
from engine.domain.records import DetectionSource
from engine.domain.stages import ORDER
from storage.columns import Json, Usd, Utc, one_of

REVISION = "0002"
"""The schema revision that this code reads and writes: the newest file in migrations/versions."""

RESERVATION_STATES = ("reserved", "settled", "overrun", "released")

Key = Annotated[str, mapped_column(primary_key=True)]
Time = Annotated[datetime, mapped_column(Utc)]
Data = Annotated[Any, mapped_column(Json)]
Money = Annotated[float, mapped_column(Usd)]
SourceKey = Annotated[str, mapped_column(ForeignKey("source_assets.id", ondelete="CASCADE"), index=True)]
JobKey = Annotated[str, mapped_column(ForeignKey("detect_jobs.id", ondelete="CASCADE"), primary_key=True)]
DigestKey = Annotated[str, mapped_column(ForeignKey("blobs.digest"), primary_key=True, index=True)]
BrandKey = Annotated[
    str, mapped_column(ForeignKey("known_brands.id", ondelete="CASCADE"), primary_key=True, index=True)
]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class LibraryInfo(Base):
    """Facts about the library itself: its id, when it was made."""

    __tablename__ = "library_info"
    key: Mapped[Key]
    value: Mapped[str]


# Sources and runs --------------------------------------------------------------------------------------


class SourceRow(Base):
    """SourceAsset; `decision_revision` counts changes of the source's decisions."""

    __tablename__ = "source_assets"
    id: Mapped[Key]
    content_digest: Mapped[str] = mapped_column(unique=True)
    path: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    size_bytes: Mapped[int]
    duration: Mapped[int]
    frame_rate: Mapped[str]
    time_base: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    codec: Mapped[str]
    rotation: Mapped[int]
    start_time: Mapped[int]
    interlaced: Mapped[bool]
    hdr: Mapped[bool]
    note: Mapped[str]
    imported_at: Mapped[Time]
    decision_revision: Mapped[int] = mapped_column(server_default=text("0"))


SOURCE_COLUMNS = tuple(c for c in SourceRow.__table__.columns if c.name != "decision_revision")
"""The columns that make a SourceAsset."""


class RemovedRow(Base):
    """A source that a person took out of the library: nothing of it is listed or counted. Its runs stay until their
    space is freed, its decisions for good."""

    __tablename__ = "removed_sources"
    source_asset_id: Mapped[str] = mapped_column(
        ForeignKey("source_assets.id", ondelete="CASCADE"), primary_key=True
    )
    removed_at: Mapped[Time]


class JobRow(Base):
    """DetectJob."""

    __tablename__ = "detect_jobs"
    __table_args__ = (
        one_of("run_type", RunType),
        one_of("status", JobStatus),
        one_of("replay_from_stage", ORDER),
        one_of("current_stage", ORDER),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        CheckConstraint("accepted = 0 OR status = 'completed'", name="accepted"),
        Index("uq_detect_jobs_accepted", "source_asset_id", unique=True, sqlite_where=text("accepted = 1")),
    )
    id: Mapped[Key]
    source_asset_id: Mapped[SourceKey]
    video_path: Mapped[str]
    profile_name: Mapped[str]
    parent_job_id: Mapped[str | None] = mapped_column(
        ForeignKey("detect_jobs.id", ondelete="SET NULL"), index=True
    )
    run_type: Mapped[str]
    replay_from_stage: Mapped[str | None]
    config_overrides: Mapped[Data]
    settings: Mapped[Data]
    books: Mapped[Data]
    escalation: Mapped[bool]
    book_snapshot: Mapped[str]
    book_digest: Mapped[str]
    sightings_snapshot: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    current_stage: Mapped[str | None]
    progress: Mapped[float]
    error_message: Mapped[str]
    total_detections: Mapped[int]
    brands_found: Mapped[int]
    cloud_llm_calls: Mapped[int]
    estimated_cost_usd: Mapped[float]
    worker_id: Mapped[str]
    celery_task_id: Mapped[str]
    priority: Mapped[int]
    created_at: Mapped[Time]
    started_at: Mapped[datetime | None] = mapped_column(Utc)
    completed_at: Mapped[datetime | None] = mapped_column(Utc)
    accepted: Mapped[bool]
    output_digest: Mapped[str]


class CheckpointRow(Base):
    """StageCheckpoint: its structured fields live in the job's parts."""

    __tablename__ = "stage_checkpoints"
    __table_args__ = (
        one_of("stage", ORDER),
        CheckConstraint("stage_index BETWEEN 0 AND 7", name="stage_index"),
        UniqueConstraint("job_id", "stage_index"),
    )
    id: Mapped[Key]
    job_id: Mapped[str] = mapped_column(ForeignKey("detect_jobs.id", ondelete="CASCADE"))
    stage: Mapped[str]
    stage_index: Mapped[int]
    fields: Mapped[Data]
    frames_prefix: Mapped[str]
    stats: Mapped[Data]
    config_snapshot: Mapped[Data]
    config_overrides: Mapped[Data]
    video_path: Mapped[str]
    profile_name: Mapped[str]
    skipped: Mapped[str]
    created_at: Mapped[Time]


# Parts and blobs ---------------------------------------------------------------------------------------


class BlobRow(Base):
    """A file in the blob store that some row refers to."""

    __tablename__ = "blobs"
    digest: Mapped[Key]
    size: Mapped[int]


class BlobPinRow(Base):
    """A blob kept for a named owner that is no part, run or brand (a decision's crop, for instance)."""

    __tablename__ = "blob_pins"
    owner: Mapped[Key]
    digest: Mapped[DigestKey]


class PartRow(Base):
    """The result of one unit of work. The payload is zlib-compressed MessagePack, in the row or, where it is
    large, in a blob; `payload_digest` is the sha256 of the uncompressed bytes."""

    __tablename__ = "parts"
    __table_args__ = (
        one_of("stage", ORDER),
        CheckConstraint("(payload IS NULL) <> (payload_blob IS NULL)", name="payload"),
    )
    key: Mapped[Key]
    stage: Mapped[str]
    stage_version: Mapped[int]
    chunk: Mapped[int]
    output_digest: Mapped[str]
    payload: Mapped[bytes | None]
    payload_blob: Mapped[str | None] = mapped_column(ForeignKey("blobs.digest"), index=True)
    payload_digest: Mapped[str]
    items: Mapped[int]
    seconds: Mapped[float]
    units: Mapped[float]
    created_at: Mapped[Time]


class JobPartRow(Base):
    """Which parts a run refers to; several runs may share one part."""

    __tablename__ = "job_parts"
    __table_args__ = (one_of("stage", ORDER),)
    job_id: Mapped[JobKey]
    stage: Mapped[Key]
    chunk: Mapped[int] = mapped_column(primary_key=True)
    part_key: Mapped[str] = mapped_column(ForeignKey("parts.key"), index=True)


class PartBlobRow(Base):
    """Which blobs a part refers to."""

    __tablename__ = "part_blobs"
    part_key: Mapped[str] = mapped_column(ForeignKey("parts.key", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[DigestKey]


class MemoRow(Base):
    """Answers remembered per item across runs: a crop's text by pixel digest, a model's answer."""

    __tablename__ = "memo"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012
    space: Mapped[Key]
    key: Mapped[Key]
    value: Mapped[bytes]


# Brands ------------------------------------------------------------------------------------------------


class BrandRow(Base):
    """KnownBrand without its lists. `folded` is the name as it is compared."""

    __tablename__ = "known_brands"
    __table_args__ = (
        one_of("first_source", get_args(DetectionSource)),
        CheckConstraint("merged_into IS NULL OR merged_into <> id", name="merged_into"),
    )
    id: Mapped[Key]
    canonical_name: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True)
    first_source: Mapped[str]
    origin: Mapped[str]
    confirmed: Mapped[bool]
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("known_brands.id"), index=True)
    category: Mapped[str]
    created_at: Mapped[Time]
    updated_at: Mapped[Time]


class AliasRow(Base):
    """One alias of a brand, in the order in which they were given."""

    __tablename__ = "brand_aliases"
    brand_id: Mapped[BrandKey]
    alias: Mapped[Key]
    folded: Mapped[str] = mapped_column(index=True)
    position: Mapped[int]


class ReferenceRow(Base):
    """A picture of a brand's mark."""

    __tablename__ = "brand_references"
    brand_id: Mapped[BrandKey]
    digest: Mapped[DigestKey]
    origin: Mapped[str]
    position: Mapped[int]


class BookRow(Base):
    """A brand book: a named list that a run can be limited to."""

    __tablename__ = "books"
    name: Mapped[Key]
    origin: Mapped[str]
    created_at: Mapped[Time]


class BookBrandRow(Base):
    """Which brands a book lists."""

    __tablename__ = "book_brands"
    book: Mapped[str] = mapped_column(ForeignKey("books.name", ondelete="CASCADE"), primary_key=True)
    brand_id: Mapped[BrandKey]


class DenyRow(Base):
    """A text that is not a brand: clock, score, player or team name, word."""

    __tablename__ = "deny_list"
    folded: Mapped[Key]
    text: Mapped[str]
    origin: Mapped[str]
    created_at: Mapped[Time]


class NotSameRow(Base):
    """Two things (brand ids or folded texts, in sorted order) that a person said are not the same."""

    __tablename__ = "not_same"
    __table_args__ = (CheckConstraint("first < second", name="sorted"),)
    first: Mapped[Key]
    second: Mapped[Key]
    created_at: Mapped[Time]


class SightingRow(Base):
    """SourceBrandSighting as one run found it; `seconds` is the machine figure of that run. No foreign key to
    the brand: taking back "add brand" must not erase what a run saw."""

    __tablename__ = "source_brand_sightings"
    __table_args__ = (
        one_of("detection_source", get_args(DetectionSource)),
        CheckConstraint("avg_confidence BETWEEN 0 AND 1", name="avg_confidence"),
    )
    job_id: Mapped[JobKey]
    brand_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    source_asset_id: Mapped[SourceKey]
    brand_name: Mapped[str]
    first_seen: Mapped[int]
    last_seen: Mapped[int]
    occurrences: Mapped[int]
    seconds: Mapped[float]
    detection_source: Mapped[str]
    avg_confidence: Mapped[float]
    confirmed: Mapped[bool]
    texts: Mapped[Data]
    created_at: Mapped[Time]


# What people said --------------------------------------------------------------------------------------


class DecisionRow(Base):
    """Decision without its members. Never deleted: `active` says whether it is in force."""

    __tablename__ = "decisions"
    __table_args__ = (one_of("kind", DecisionKind),)
    id: Mapped[Key]
    source_asset_id: Mapped[SourceKey]
    kind: Mapped[str]
    brand_id: Mapped[str] = mapped_column(index=True)
    brand_name: Mapped[str]
    note: Mapped[str]
    active: Mapped[bool]
    revision: Mapped[int]
    created_at: Mapped[Time]
    created_by: Mapped[str]


class MemberRow(Base):
    """One appearance that a decision covers."""

    __tablename__ = "decision_members"
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    span: Mapped[Data]
    samples: Mapped[Data]
    text: Mapped[str]
    look: Mapped[str]
    job_id: Mapped[str]
    appearance: Mapped[str]
    parts: Mapped[Data]


class AuditRow(Base):
    """The append-only log of commands; triggers refuse UPDATE and DELETE."""

    __tablename__ = "audit_log"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012
    id: Mapped[int] = mapped_column(primary_key=True)
    command: Mapped[str]
    title: Mapped[str]
    payload: Mapped[Data]
    inverse: Mapped[Data]
    subject: Mapped[str]
    source_asset_id: Mapped[str]
    actor: Mapped[str]
    at: Mapped[Time]
    undoes: Mapped[int | None] = mapped_column(ForeignKey("audit_log.id"), index=True)
    group: Mapped[str]


class ReservationRow(Base):
    """Money set aside before a call to a paid model. It outlives its run: what was spent stays spent."""

    __tablename__ = "budget_reservations"
    __table_args__ = (
        one_of("state", RESERVATION_STATES),
        CheckConstraint("reserved_usd >= 0", name="reserved_usd"),
        CheckConstraint("actual_usd >= 0", name="actual_usd"),
    )
    id: Mapped[Key]
    job_id: Mapped[str] = mapped_column(index=True)
    provider: Mapped[str]
    model: Mapped[str]
    reserved_usd: Mapped[Money]
    actual_usd: Mapped[float | None] = mapped_column(Usd)
    state: Mapped[str]
    created_at: Mapped[Time]
    settled_at: Mapped[datetime | None] = mapped_column(Utc)


APPEND_ONLY = tuple(
    f"CREATE TRIGGER audit_log_no_{verb.lower()} BEFORE {verb} ON audit_log "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)
for _statement in APPEND_ONLY:
    event.listen(AuditRow.__table__, "after_create", DDL(_statement))
