"""The append-only log of commands, and from it what can be undone and redone, also after a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select

from engine.domain.decisions import AuditEntry
from storage.columns import now, to_record
from storage.database import Database
from storage.schema import AuditRow

COLUMNS = tuple(AuditRow.__table__.columns)

# An entry counts as taken back where an odd number of later entries name it in `undoes`: the first takes it
# back, the second brings it back. It can be redone only while nothing new was done after it was taken back.
STACK = """
    WITH original AS (SELECT id, "group" FROM audit_log WHERE undoes IS NULL AND inverse <> '{}'),
    toggled AS (SELECT undoes AS id, count(*) AS times, max(id) AS last FROM audit_log
                WHERE undoes IS NOT NULL GROUP BY undoes)
    SELECT o.id, o."group", coalesce(t.times, 0) % 2 AS undone, coalesce(t.last, o.id) AS last
    FROM original AS o LEFT JOIN toggled AS t ON t.id = o.id
"""
APPLIED = f'SELECT id, "group" FROM ({STACK}) WHERE undone = 0 ORDER BY id DESC LIMIT 1'
UNDONE = f"""
    SELECT id, "group" FROM ({STACK}) WHERE undone = 1
    AND last > (SELECT coalesce(max(id), 0) FROM audit_log WHERE undoes IS NULL AND inverse <> '{{}}')
    ORDER BY last DESC LIMIT 1
"""


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
        """Add one entry. `inverse` empty: this can't be undone. `undoes`: the entry that this one takes back, or
        brings back where it was taken back. Entries of one `group` are undone and redone together."""
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

    def history(
        self,
        search: str = "",
        *,
        limit: int = 200,
        before: int | None = None,
        source_asset_id: str = "",
        conn: Connection | None = None,
    ) -> list[AuditEntry]:
        """Newest first; `search` looks in title, command, subject and actor; `before` pages on by id."""
        query = select(*COLUMNS).order_by(AuditRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(AuditRow.id < before)
        if source_asset_id:
            query = query.where(AuditRow.source_asset_id == source_asset_id)
        for word in search.split():
            columns = (AuditRow.title, AuditRow.command, AuditRow.subject, AuditRow.actor)
            query = query.where(or_(*(c.icontains(word, autoescape=True) for c in columns)))
        with self._db.reading(conn) as conn:
            return [_entry(row) for row in conn.execute(query)]

    def last_id(self, *, conn: Connection | None = None) -> int:
        """Id of the newest entry, 0 where there is none."""
        with self._db.reading(conn) as conn:
            return conn.execute(select(func.coalesce(func.max(AuditRow.id), 0))).scalar_one()

    def undo_next(self, *, conn: Connection | None = None) -> list[AuditEntry]:
        """What an undo takes back next, in the order in which it is to be taken back (newest first): one entry,
        or the group that was done together. Empty: nothing."""
        with self._db.reading(conn) as conn:
            return self._top(APPLIED, 0, conn)

    def redo_next(self, *, conn: Connection | None = None) -> list[AuditEntry]:
        """What a redo brings back next, in the order in which it is to be brought back (oldest first)."""
        with self._db.reading(conn) as conn:
            return self._top(UNDONE, 1, conn)[::-1]

    def _top(self, query: str, undone: int, conn: Connection) -> list[AuditEntry]:
        top = conn.exec_driver_sql(query).first()
        if top is None:
            return []
        ids = [top[0]]
        if top[1]:
            ids = list(
                conn.exec_driver_sql(
                    f'SELECT id FROM ({STACK}) WHERE "group" = ? AND undone = ? ORDER BY id DESC',
                    (top[1], undone),
                ).scalars()
            )
        return [self.get(i, conn=conn) for i in ids]


def _entry(row: Row[Any]) -> AuditEntry:
    return to_record(AuditEntry, row)
