"""The append-only log of commands: undo is built from it, also after a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, String, func, insert, or_, select, type_coerce

from engine.domain.decisions import AuditEntry
from storage.columns import now, to_record
from storage.database import Database
from storage.schema import AuditRow

COLUMNS = tuple(AuditRow.__table__.columns)
SEARCHED = (
    AuditRow.title,
    AuditRow.command,
    AuditRow.actor,
    AuditRow.subject,
    type_coerce(AuditRow.payload, String),
)


class Line(NamedTuple):
    """What undo needs to know of an entry."""

    id: int
    command: str
    title: str
    undoes: int | None
    group: str


class AuditLog:
    """AuditEntries: who, when, what, and the inverse. Nothing is ever changed or removed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def append(
        self,
        command: str,
        title: str,
        payload: Mapping[str, Any],
        inverse: Mapping[str, Any],
        *,
        subject: str = "",
        source_asset_id: str = "",
        actor: str = "",
        undoes: int | None = None,
        group: str = "",
        conn: Connection | None = None,
    ) -> AuditEntry:
        """Add one entry. `undoes`: the entry that this one takes back, or brings back where it was taken back.
        Entries of one `group` are undone and redone together."""
        values = {
            "command": command,
            "title": title,
            "payload": dict(payload),
            "inverse": dict(inverse),
            "subject": subject,
            "source_asset_id": source_asset_id,
            "actor": actor,
            "at": now(),
            "undoes": undoes,
            "group": group,
        }
        with self._db.writing(conn) as conn:
            number = conn.execute(insert(AuditRow).returning(AuditRow.id), values).scalar_one()
        return AuditEntry(id=number, **values)  # type: ignore[arg-type]

    def get(self, entry_id: int, *, conn: Connection | None = None) -> AuditEntry:
        """KeyError where there is no such entry."""
        with self._db.reading(conn) as conn:
            row = conn.execute(select(*COLUMNS).where(AuditRow.id == entry_id)).one_or_none()
        if row is None:
            raise KeyError(entry_id)
        return _entry(row)

    def after(
        self, entry_id: int = 0, *, limit: int | None = None, conn: Connection | None = None
    ) -> list[AuditEntry]:
        """Entries with a greater id, oldest first."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*COLUMNS).where(AuditRow.id > entry_id).order_by(AuditRow.id).limit(limit)
            )
            return [_entry(row) for row in rows]

    def all(self, *, conn: Connection | None = None) -> list[AuditEntry]:
        """The whole log, oldest first."""
        return self.after(0, conn=conn)

    def search(
        self,
        text: str = "",
        *,
        limit: int = 200,
        source_id: str = "",
        before: int | None = None,
        conn: Connection | None = None,
    ) -> list[AuditEntry]:
        """Newest first, those that hold every word of `text` in title, command, actor, subject or payload;
        `before` pages on by id."""
        query = select(*COLUMNS).order_by(AuditRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(AuditRow.id < before)
        if source_id:
            query = query.where(AuditRow.source_asset_id == source_id)
        for word in text.split():
            query = query.where(or_(*(c.icontains(word, autoescape=True) for c in SEARCHED)))
        with self._db.reading(conn) as conn:
            return [_entry(row) for row in conn.execute(query)]

    def last_id(self, *, conn: Connection | None = None) -> int:
        """Id of the newest entry, 0 where there is none."""
        with self._db.reading(conn) as conn:
            return conn.execute(select(func.coalesce(func.max(AuditRow.id), 0))).scalar_one()

    def outline(self, *, conn: Connection | None = None) -> list[Line]:
        """Every entry, oldest first, without its payloads: from this the undo stack is built after a restart."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(
                    AuditRow.id, AuditRow.command, AuditRow.title, AuditRow.undoes, AuditRow.group
                ).order_by(AuditRow.id)
            )
            return [Line(*row) for row in rows]


def _entry(row: Row[Any]) -> AuditEntry:
    return to_record(AuditEntry, row)
