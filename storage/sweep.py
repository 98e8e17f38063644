"""Clean-up of files that nothing refers to, and the check of a whole library."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from sqlalchemy import delete, func, select

from engine.domain.errors import DataDamage
from storage.blobs import OF_PARTS, REFERENCES, FolderBlobStore
from storage.database import Database
from storage.schema import BlobRow, CheckpointRow, JobPartRow, PartBlobRow, PartRow

RECENT = timedelta(minutes=10)
SWEPT_AT_ONCE = 100
"""Files that a sweep removes in one transaction."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep took away."""

    files: int
    bytes: int
    drafts: int


@dataclass(slots=True)
class Report:
    """What `verify` found. `problems` are sentences about what is wrong, `orphans` files that nothing refers to
    (harmless: a crash between file and row leaves them), `repaired` what was done about it."""

    problems: list[str] = field(default_factory=list)
    orphans: int = 0
    repaired: list[str] = field(default_factory=list)
    parts: int = 0
    blobs: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems


def sweep(db: Database, blobs: FolderBlobStore) -> SweepResult:
    """Remove blobs without references, their rows, and stale drafts. Safe while runs go on: what this process
    put and no row names yet is kept. Others can write in between: files go in small groups, and what a row has
    come to name meanwhile stays."""
    files = freed = 0
    with db.write() as conn:
        conn.exec_driver_sql(f"DELETE FROM blobs WHERE digest NOT IN ({REFERENCES})")
    orphans = _orphans(db, blobs)
    for start in range(0, len(orphans), SWEPT_AT_ONCE):
        some = orphans[start : start + SWEPT_AT_ONCE]
        with db.write() as conn:
            named = set(conn.execute(select(BlobRow.digest).where(BlobRow.digest.in_(some))).scalars())
            for digest in some:
                removed = blobs.remove(digest) if digest not in named else None
                files += removed is not None
                freed += removed or 0
    return SweepResult(files, freed, blobs.remove_drafts())


def _orphans(db: Database, blobs: FolderBlobStore) -> list[str]:
    there = set(blobs.digests())
    with db.read() as conn:
        return sorted(there.difference(conn.exec_driver_sql(REFERENCES).scalars()))


def verify(db: Database, blobs: FolderBlobStore, *, repair: bool) -> Report:
    """See Library.verify. Reads every stored byte."""
    report = Report()
    report.problems += [f"Database: {line}" for line in db.damage(full=True)]
    if report.problems:
        return report
    with db.read() as conn:
        for table, row, parent, _ in conn.exec_driver_sql("PRAGMA foreign_key_check"):
            report.problems.append(f"Row {row} of {table} refers to a row of {parent} that is missing.")
        named = set(conn.exec_driver_sql(REFERENCES).scalars())
    bad_blobs = _check_blobs(blobs, named, report)
    bad_parts = _check_parts(db, blobs, bad_blobs, report)
    report.orphans = len(_orphans(db, blobs))
    if repair:
        _repair(db, blobs, bad_parts, bad_blobs, report)
    return report


def _check_blobs(blobs: FolderBlobStore, named: set[str], report: Report) -> set[str]:
    bad = set()
    for digest in sorted(named):
        report.blobs += 1
        try:
            blobs.get(digest)
        except DataDamage as error:
            bad.add(digest)
            report.problems.append(error.message)
    return bad


def _check_parts(db: Database, blobs: FolderBlobStore, bad_blobs: set[str], report: Report) -> set[str]:
    """Keys of parts whose payload or whose blobs are broken."""
    with db.read() as conn:
        bad = set(
            conn.execute(select(PartBlobRow.part_key).where(PartBlobRow.digest.in_(bad_blobs))).scalars()
            if bad_blobs
            else ()
        )
        rows = conn.execute(
            select(PartRow.key, PartRow.stage, PartRow.payload, PartRow.payload_blob, PartRow.payload_digest)
        )
        for key, stage, inline, blob, digest in rows:
            report.parts += 1
            if blob in bad_blobs:
                bad.add(key)
                continue
            try:
                payload = zlib.decompress(inline if inline is not None else blobs.get(blob or ""))
                msgspec.msgpack.decode(payload)
                wrong = "" if hashlib.sha256(payload).hexdigest() == digest else "its digest differs"
            except (zlib.error, msgspec.DecodeError, DataDamage, ValueError) as error:
                wrong = str(error)
            if wrong:
                bad.add(key)
                report.problems.append(f"The stored result {key[:12]}… of {stage} is broken: {wrong}.")
    return bad


def heal(db: Database, blobs: FolderBlobStore) -> int:
    """After an end that was not clean: drop the newest parts whose files did not reach the disk (a power cut), so
    that they are computed again. Looks at sizes of the last ten minutes' blobs only; returns how many parts."""
    with db.read() as conn:
        newest = conn.execute(select(func.max(PartRow.created_at))).scalar_one()
        if newest is None or not blobs.folder.is_dir():
            return 0
        rows = conn.exec_driver_sql(
            f"SELECT p.key, b.digest, b.size FROM parts AS p JOIN ({OF_PARTS}) AS r ON r.part_key = p.key"
            " JOIN blobs AS b ON b.digest = r.digest WHERE p.created_at > ?",
            ((newest - RECENT).isoformat(timespec="microseconds"),),
        ).all()
    lost = {digest for digest, size in {(d, s) for _, d, s in rows} if not _has_size(blobs, digest, size)}
    bad = {key for key, digest, _ in rows if digest in lost}
    if bad:
        _drop(db, bad)
    return len(bad)


def _has_size(blobs: FolderBlobStore, digest: str, size: int) -> bool:
    try:
        return blobs.size(digest) == size
    except DataDamage:
        return False


def _drop(db: Database, bad_parts: set[str]) -> None:
    """Forget these parts, and the checkpoints of the stages that they belonged to: those are incomplete now."""
    with db.write() as conn:
        for key in bad_parts:
            held = JobPartRow.part_key == key
            for job, stage in conn.execute(select(JobPartRow.job_id, JobPartRow.stage).where(held)).all():
                conn.execute(
                    delete(CheckpointRow).where(CheckpointRow.job_id == job, CheckpointRow.stage == stage)
                )
            conn.execute(delete(JobPartRow).where(held))
            conn.execute(delete(PartRow).where(PartRow.key == key))


def _repair(
    db: Database, blobs: FolderBlobStore, bad_parts: set[str], bad_blobs: set[str], report: Report
) -> None:
    if bad_parts:
        _drop(db, bad_parts)
        report.repaired.append(
            f"{len(bad_parts)} broken results were dropped; a retry or replay computes them again."
        )
    for digest in bad_blobs:
        blobs.path(digest).unlink(missing_ok=True)
    result = sweep(db, blobs)
    if result.files or result.drafts:
        report.repaired.append(
            f"{result.files + result.drafts} files that nothing referred to were removed ({result.bytes} bytes)."
        )
