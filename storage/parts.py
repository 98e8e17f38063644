"""Parts and remembered answers: the PartStore and Memo ports over the database and the blob store."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from itertools import islice

from sqlalchemy import Connection, Exists, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from engine.domain.errors import Conflict, DataDamage
from engine.domain.stages import StageName
from engine.ports import PartRef, StoredPart
from storage.blobs import FolderBlobStore
from storage.columns import now
from storage.database import Database
from storage.schema import BlobRow, JobPartRow, JobRow, MemoRow, PartBlobRow, PartRow

INLINE_BYTES = 64 * 1024
"""Compressed payloads up to this size lie in their row, larger ones in a blob."""
QUICK = 1
"""zlib's level: a third of the usual level's time for a tenth more bytes, little beside the stored pictures."""

REF_COLUMNS = (
    PartRow.key,
    PartRow.stage,
    PartRow.stage_version,
    PartRow.chunk,
    PartRow.output_digest,
    PartRow.items,
    PartRow.seconds,
    PartRow.units,
)


class LibraryParts:
    """Implements the PartStore port. Blobs first, row last: a crash in between leaves an orphan file.

    Blobs of parts are not forced to the disk one by one (3 ms a file on a busy disk, 100 ms a chunk): a killed
    process loses nothing, and what a power cut took is found and dropped at the next start: `sweep.heal`."""

    def __init__(self, db: Database, blobs: FolderBlobStore) -> None:
        self._db = db
        self._blobs = blobs

    def find(self, key: str) -> PartRef | None:
        """The stored part of this key without its payload, or None."""
        with self._db.read() as conn:
            row = conn.execute(select(*REF_COLUMNS).where(PartRow.key == key)).one_or_none()
        return None if row is None else _ref(*row)

    def payload(self, key: str) -> bytes:
        """The part's MessagePack; DataDamage where the part or its bytes are gone or broken."""
        with self._db.read() as conn:
            row = conn.execute(
                select(PartRow.payload, PartRow.payload_blob).where(PartRow.key == key)
            ).one_or_none()
        if row is None:
            raise DataDamage(
                f"A stored result is missing (part {key[:12]}…).",
                still_works="All other results are unchanged.",
                to_do="Replay the run: what is missing is computed again.",
            )
        return self._unpack(key, *row)

    def payloads(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Many payloads in one snapshot, by key."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, bytes] = {}
        with self._db.read() as conn:
            for start in range(0, len(wanted), 500):
                rows = conn.execute(
                    select(PartRow.key, PartRow.payload, PartRow.payload_blob).where(
                        PartRow.key.in_(wanted[start : start + 500])
                    )
                )
                for key, inline, blob in rows:
                    found[key] = self._unpack(key, inline, blob)
        for key in wanted:
            if key not in found:
                found[key] = self.payload(key)
        return found

    def _unpack(self, key: str, inline: bytes | None, blob: str | None) -> bytes:
        packed = inline if inline is not None else self._blobs.get(blob or "")
        try:
            return zlib.decompress(packed)
        except zlib.error as error:
            raise DataDamage(
                f"A stored result is damaged (part {key[:12]}…: {error}).",
                still_works="All other results are unchanged.",
                to_do="Run `sponsight verify --repair`, then replay the run.",
            ) from error

    def save(self, job_id: str, part: StoredPart) -> None:
        """Store the part and attach it to the job in one transaction; the same key again only attaches.
        DataDamage where a blob that it names is missing."""
        packed = zlib.compress(part.payload, QUICK)
        large = self._blobs.put(packed) if len(packed) > INLINE_BYTES else None
        digests = tuple(dict.fromkeys(part.blobs))
        named = digests if large is None else (*digests, large)
        sizes = [{"digest": d, "size": self._blobs.size(d)} for d in named]
        with self._db.write() as conn:
            if sizes:
                conn.execute(upsert(BlobRow).on_conflict_do_nothing(), sizes)
            added = conn.execute(
                upsert(PartRow).on_conflict_do_nothing(),
                {
                    "key": part.key,
                    "stage": str(part.stage),
                    "stage_version": part.stage_version,
                    "chunk": part.chunk,
                    "output_digest": part.output_digest,
                    "payload": packed if large is None else None,
                    "payload_blob": large,
                    "payload_digest": hashlib.sha256(part.payload).hexdigest(),
                    "items": part.items,
                    "seconds": part.seconds,
                    "units": part.units,
                    "created_at": now(),
                },
            ).rowcount
            if added and digests:
                conn.execute(insert(PartBlobRow), [{"part_key": part.key, "digest": d} for d in digests])
            _attach(conn, job_id, part.stage, part.chunk, part.key)
        self._blobs.claim(named)

    def attach(self, job_id: str, stage: StageName, chunk: int, key: str) -> None:
        """Let the job refer to a stored part (instead of the one it had at this place); Conflict where the part
        or the job was deleted meanwhile."""
        with self._db.write() as conn:
            there = conn.execute(
                select(select(PartRow.key).where(PartRow.key == key).exists(), _job_exists(job_id))
            ).one()
            if not all(there):
                raise Conflict(
                    f"The stored result (part {key[:12]}…) or its run was deleted meanwhile.",
                    still_works="All other results are unchanged.",
                    to_do="Start the run again: what is missing is computed anew.",
                )
            _attach(conn, job_id, stage, chunk, key)

    def attached(self, job_id: str) -> Mapping[tuple[StageName, int], PartRef]:
        """All parts that a job refers to, by (stage, chunk); job stages have chunk -1."""
        with self._db.read() as conn:
            rows = conn.execute(
                select(JobPartRow.stage, JobPartRow.chunk, *REF_COLUMNS)
                .join(PartRow, PartRow.key == JobPartRow.part_key)
                .where(JobPartRow.job_id == job_id)
            ).all()
        found = {(StageName(stage), chunk): _ref(*ref) for stage, chunk, *ref in rows}
        return dict(sorted(found.items(), key=lambda item: (item[0][0].number, item[0][1])))

    def rates(self) -> dict[StageName, float]:
        """Measured seconds a unit of each stage over the newest 200 stored parts that took time."""
        with self._db.read() as conn:
            rows = conn.exec_driver_sql(
                "SELECT stage, sum(seconds) / sum(units) FROM (SELECT stage, seconds, units, row_number() OVER "
                "(PARTITION BY stage ORDER BY created_at DESC) AS age FROM parts WHERE units > 0 AND seconds > 0)"
                " WHERE age <= 200 GROUP BY stage"
            ).all()
        return {StageName(stage): rate for stage, rate in rows}


def delete_unused(conn: Connection) -> None:
    """Drop the parts that no run refers to any more; their blobs go with the next sweep."""
    conn.execute(delete(PartRow).where(PartRow.key.not_in(select(JobPartRow.part_key))))


def _ref(
    key: str, stage: str, version: int, chunk: int, digest: str, items: int, seconds: float, units: float
) -> PartRef:
    return PartRef(key, StageName(stage), version, chunk, digest, items, seconds, units)


def _job_exists(job_id: str) -> Exists:
    return select(JobRow.id).where(JobRow.id == job_id).exists()


def _attach(conn: Connection, job_id: str, stage: StageName, chunk: int, key: str) -> None:
    row = {"job_id": job_id, "stage": str(stage), "chunk": chunk, "part_key": key}
    statement = upsert(JobPartRow)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["job_id", "stage", "chunk"], set_={"part_key": statement.excluded.part_key}
        ),
        row,
    )


class LibraryMemo:
    """Implements the Memo port: answers by (space, key) in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get_many(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The answers that are remembered; a missing one is left out."""
        found: dict[str, bytes] = {}
        wanted = iter(dict.fromkeys(keys))
        batch = list(islice(wanted, 500))
        if not batch:
            return found
        with self._db.read() as conn:
            while batch:
                rows = conn.execute(
                    select(MemoRow.key, MemoRow.value).where(MemoRow.space == space, MemoRow.key.in_(batch))
                )
                found.update((key, value) for key, value in rows)
                batch = list(islice(wanted, 500))
        return found

    def put_many(self, space: str, items: Mapping[str, bytes]) -> None:
        """Remember answers; a newer answer replaces an older one."""
        if not items:
            return
        statement = upsert(MemoRow)
        with self._db.write() as conn:
            conn.execute(
                statement.on_conflict_do_update(
                    index_elements=["space", "key"], set_={"value": statement.excluded.value}
                ),
                [{"space": space, "key": key, "value": value} for key, value in items.items()],
            )

    def forget(self, space: str) -> int:
        """Drop a whole space and return how many answers it held."""
        with self._db.write() as conn:
            return conn.execute(delete(MemoRow).where(MemoRow.space == space)).rowcount
