"""Sources: the video files of a library, known by their bytes."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from engine.domain.errors import Conflict, UserFixable
from engine.domain.jobs import SourceAsset
from storage.blobs import OF_PARTS
from storage.columns import now, to_record, to_row
from storage.database import Database
from storage.removals import REMOVED, refuse_removed
from storage.schema import SOURCE_COLUMNS, SourceRow

DISK_USE = f"""
    WITH held AS (
        SELECT DISTINCT j.source_asset_id AS source, r.digest FROM detect_jobs AS j
        JOIN job_parts AS jp ON jp.job_id = j.id
        JOIN ({OF_PARTS}) AS r ON r.part_key = jp.part_key)
    SELECT held.source, sum(b.size) FROM held JOIN blobs AS b ON b.digest = held.digest GROUP BY held.source
"""


class Sources:
    """SourceAssets. Methods that change something take the caller's open transaction or open their own."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, source: SourceAsset, *, conn: Connection | None = None) -> SourceAsset:
        """Store a new source (an empty id or import time is filled in). The same bytes are never stored twice:
        the source that is there comes back, at the new path where its old file is gone."""
        with self._db.writing(conn) as conn:
            known = self.by_digest(source.content_digest, conn=conn)
            if known is not None:
                if known.path != source.path and not Path(known.path).exists():
                    return self.locate(known.id, source.path, conn=conn)
                return known
            source = msgspec.structs.replace(
                source, id=source.id or str(uuid.uuid4()), imported_at=source.imported_at or now()
            )
            conn.execute(insert(SourceRow), to_row(source))
            return source

    def get(self, source_id: str, *, conn: Connection | None = None) -> SourceAsset:
        """UserFixable where there is none of this id, or where it was removed."""
        with self._db.reading(conn) as conn:
            found = self._one(SourceRow.id == source_id, conn)
            refuse_removed(source_id, conn)
        if found is None:
            raise UserFixable(
                f"There is no source {source_id} in this library.",
                still_works="Nothing was changed.",
                to_do="Look at the list of sources, or import the video first.",
            )
        return found

    def by_digest(self, digest: str, *, conn: Connection | None = None) -> SourceAsset | None:
        """The source of these bytes, also where it was removed."""
        return self._one(SourceRow.content_digest == digest, conn)

    def by_path(self, path: str | Path, *, conn: Connection | None = None) -> SourceAsset | None:
        """The source that was last seen at this path (made absolute)."""
        return self._one((SourceRow.path == str(Path(path).absolute())) & SourceRow.id.not_in(REMOVED), conn)

    def all(self, *, conn: Connection | None = None) -> list[SourceAsset]:
        """Newest first; those that were removed are left out."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*SOURCE_COLUMNS)
                .where(SourceRow.id.not_in(REMOVED))
                .order_by(SourceRow.imported_at.desc(), SourceRow.id)
            )
            return [to_record(SourceAsset, row) for row in rows]

    def locate(self, source_id: str, path: str | Path, *, conn: Connection | None = None) -> SourceAsset:
        """The file was moved: note its new path (and name)."""
        path = Path(path).absolute()
        with self._db.writing(conn) as conn:
            conn.execute(
                update(SourceRow).where(SourceRow.id == source_id).values(path=str(path), name=path.name)
            )
            return self.get(source_id, conn=conn)

    def set_note(self, source_id: str, note: str, *, conn: Connection | None = None) -> None:
        """A remark about the file, such as where its damage begins."""
        with self._db.writing(conn) as conn:
            conn.execute(update(SourceRow).where(SourceRow.id == source_id).values(note=note))

    def delete(self, source_id: str, *, conn: Connection | None = None) -> None:
        """Forget a source that has no runs left, with its decisions; Conflict where it has runs."""
        with self._db.writing(conn) as conn:
            runs = conn.exec_driver_sql(
                "SELECT count(*) FROM detect_jobs WHERE source_asset_id = ?", (source_id,)
            ).scalar_one()
            if runs:
                raise Conflict(
                    f"The source still has {runs} run{'s' if runs != 1 else ''}.",
                    still_works="Nothing was changed.",
                    to_do="Delete its runs first.",
                )
            conn.execute(delete(SourceRow).where(SourceRow.id == source_id))

    def disk_use(self, *, conn: Connection | None = None) -> dict[str, int]:
        """Source id → bytes of the files that its runs refer to; a file that two sources share counts for both."""
        with self._db.reading(conn) as conn:
            return {source: size for source, size in conn.exec_driver_sql(DISK_USE)}  # noqa: C416

    def _one(self, condition: object, conn: Connection | None) -> SourceAsset | None:
        with self._db.reading(conn) as conn:
            row = conn.execute(select(*SOURCE_COLUMNS).where(condition)).first()  # type: ignore[arg-type]
        return None if row is None else to_record(SourceAsset, row)
