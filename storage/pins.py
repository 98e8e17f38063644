"""Pins: blobs that are kept for a named owner that is no part, run or brand, such as a decision's crop."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from storage.blobs import FolderBlobStore
from storage.database import Database
from storage.schema import BlobPinRow, BlobRow


class Pins:
    """Blobs by owner: a free text such as `decision:ID`. A pinned blob is never swept."""

    def __init__(self, db: Database, blobs: FolderBlobStore) -> None:
        self._db = db
        self._blobs = blobs

    def keep(self, owner: str, digests: Iterable[str], *, conn: Connection | None = None) -> None:
        """Keep these stored blobs for the owner, beside those it has; DataDamage where one is missing."""
        wanted = list(dict.fromkeys(digests))
        if not wanted:
            return
        sizes = [{"digest": d, "size": self._blobs.size(d)} for d in wanted]
        self._blobs.flush(wanted)
        with self._db.writing(conn) as conn:
            conn.execute(upsert(BlobRow).on_conflict_do_nothing(), sizes)
            have = set(conn.execute(select(BlobPinRow.digest).where(BlobPinRow.owner == owner)).scalars())
            new = [{"owner": owner, "digest": d} for d in wanted if d not in have]
            if new:
                conn.execute(insert(BlobPinRow), new)

    def of(self, owner: str, *, conn: Connection | None = None) -> list[str]:
        """The digests that are kept for the owner."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(BlobPinRow.digest).where(BlobPinRow.owner == owner).order_by(BlobPinRow.digest)
            )
            return list(rows.scalars())

    def let_go(self, owner: str, *, conn: Connection | None = None) -> None:
        """The owner needs its blobs no longer; they go with the next sweep unless something else refers to them."""
        with self._db.writing(conn) as conn:
            conn.execute(delete(BlobPinRow).where(BlobPinRow.owner == owner))
