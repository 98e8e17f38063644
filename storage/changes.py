"""Records which rows a command changes, and puts them back exactly: the inverse that the audit log holds.

The technique is SQLite's own for undo (https://sqlite.org/undoredo.html): temporary triggers on the tables that
people's commands write note each row before and after, so that no command has to compute its inverse by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection

from engine.decoding import looked_through
from engine.domain.errors import Conflict
from storage.schema import Base

Transaction: TypeAlias = Connection
"""An open transaction, for those who hand it on and may not know SQL."""

RECORDED: dict[str, tuple[str, ...] | None] = {
    "known_brands": None,
    "brand_aliases": None,
    "brand_references": None,
    "books": None,
    "book_brands": None,
    "deny_list": None,
    "not_same": None,
    "decisions": None,
    "decision_members": None,
    "detect_jobs": ("accepted",),
    "removed_sources": None,
}
"""Tables that commands write, and which columns of them (None: all). Rows of a table with named columns are
never added or taken away by a command."""

TIMES = frozenset({"updated_at"})
"""Columns that may have moved on without standing in the way of taking a change back."""


class RowChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row's change. `key` is its primary key; `old` and `new` hold the columns that changed (all columns
    where the row was added or taken away), None where there was or is no row."""

    table: str
    key: dict[str, Any]
    old: dict[str, Any] | None = None
    new: dict[str, Any] | None = None


@contextmanager
def recorded(conn: Connection) -> Iterator[list[RowChange]]:
    """Within the block every change of a recorded row is noted; the list is filled when the block ends well.

    Needs an open write transaction. A row changed several times gives one RowChange, first state to last."""
    _install(conn)
    conn.exec_driver_sql("DELETE FROM temp.sponsight_rows")
    conn.exec_driver_sql("UPDATE temp.sponsight_recording SET active = 1")
    found: list[RowChange] = []
    try:
        yield found
        found.extend(_net(conn))
    finally:
        conn.exec_driver_sql("UPDATE temp.sponsight_recording SET active = 0")


def take_back(conn: Connection, changes: Sequence[RowChange]) -> tuple[str, ...]:
    """Bring each row of `changes` from its `new` back to its `old` state, last change first. Returns sentences on what
    had to stay as it is.

    The decision revision of every source concerned goes up by one: revisions never go back.
    Raises Conflict, with nothing written once the caller's transaction rolls back, where a row is no longer as
    the change left it. A run that was deleted since needs nothing put back; where it would be the one that counts
    again, the one that counts now goes on counting."""
    conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    notes: tuple[str, ...] = ()
    runs = [c for c in changes if c.table == "detect_jobs"]
    if any(c.old and c.old["accepted"] and _row(conn, c.table, c.key) is None for c in runs):
        notes = ("The run that would count again was deleted, so nothing changes about which run counts.",)
        changes = [c for c in changes if c.table != "detect_jobs"]
    concerned = _sources_of(conn, changes)
    for change in reversed(changes):
        _take_back(conn, change)
    for source in sorted(concerned | _sources_of(conn, changes)):
        conn.exec_driver_sql(
            "UPDATE source_assets SET decision_revision = decision_revision + 1 WHERE id = ?", (source,)
        )
    return notes


def _sources_of(conn: Connection, changes: Sequence[RowChange]) -> set[str]:
    """The sources whose decisions are among the changes, as far as these are in the table now."""
    ids = {c.key["id"] if c.table == "decisions" else c.key["decision_id"]
           for c in changes if c.table in ("decisions", "decision_members")}  # fmt: skip
    found = set()
    for decision in ids:
        row = _row(conn, "decisions", {"id": decision})
        if row is not None:
            found.add(row["source_asset_id"])
    return found


def to_plain(changes: Sequence[RowChange]) -> list[dict[str, Any]]:
    """The changes as plain data for the audit row."""
    return [msgspec.to_builtins(change) for change in changes]


def from_plain(data: Any) -> list[RowChange]:
    """The changes of an audit row."""
    return msgspec.convert(data, looked_through(list[RowChange]))


def _columns(table: str) -> tuple[list[str], list[str]]:
    """(primary key, other columns that are recorded) of a table."""
    described = Base.metadata.tables[table]
    keys = [c.name for c in described.primary_key.columns]
    named = RECORDED[table]
    rest = [c.name for c in described.columns if c.name not in keys]
    return keys, list(named) if named is not None else rest


def _install(conn: Connection) -> None:
    """The connection's temporary tables and triggers, once each."""
    there = conn.exec_driver_sql(
        "SELECT count(*) FROM temp.sqlite_schema WHERE name = 'sponsight_recording'"
    ).scalar()
    if there:
        return
    conn.exec_driver_sql("CREATE TEMP TABLE sponsight_recording (active INTEGER NOT NULL)")
    conn.exec_driver_sql("INSERT INTO sponsight_recording VALUES (0)")
    conn.exec_driver_sql(
        "CREATE TEMP TABLE sponsight_rows (id INTEGER PRIMARY KEY, source TEXT, old TEXT, new TEXT)"
    )
    for table, named in RECORDED.items():
        keys, rest = _columns(table)
        old, new = (
            "json_object(" + ", ".join(f"'{c}', {side}.\"{c}\"" for c in (*keys, *rest)) + ")"
            for side in ("OLD", "NEW")
        )
        verbs = [(f"UPDATE OF {', '.join(named)}", old, new)] if named else [
            ("INSERT", "NULL", new), ("UPDATE", old, new), ("DELETE", old, "NULL")
        ]  # fmt: skip
        for verb, before, after in verbs:
            conn.exec_driver_sql(
                f"CREATE TEMP TRIGGER sponsight_{table}_{verb.split()[0].lower()} AFTER {verb} ON main.{table} "
                "WHEN (SELECT active FROM sponsight_recording) BEGIN "
                f"INSERT INTO sponsight_rows (source, old, new) VALUES ('{table}', {before}, {after}); END"
            )


def _net(conn: Connection) -> Iterator[RowChange]:
    """What the noted steps come to, in the order in which rows were first touched."""
    states: dict[tuple[str, str], list[dict[str, Any] | None]] = {}
    steps = conn.exec_driver_sql("SELECT source, old, new FROM temp.sponsight_rows ORDER BY id")
    for table, before, after in steps:
        old, new = (None if side is None else msgspec.json.decode(side) for side in (before, after))
        keys, _ = _columns(table)
        if old is not None and new is not None and any(old[k] != new[k] for k in keys):
            pairs = [(old, None), (None, new)]
        else:
            pairs = [(old, new)]
        for was, now_is in pairs:
            row = was if was is not None else now_is
            assert row is not None
            place = (table, repr([row[k] for k in keys]))
            states.setdefault(place, [was, None])[1] = now_is
    for (table, _), (old, new) in states.items():
        if old == new:
            continue
        keys, _ = _columns(table)
        row = old if old is not None else new
        assert row is not None
        key = {k: row[k] for k in keys}
        if old is not None and new is not None:
            moved = [c for c in old if old[c] != new[c]]
            yield RowChange(table, key, {c: old[c] for c in moved}, {c: new[c] for c in moved})
        else:
            yield RowChange(table, key, old, new)


def _take_back(conn: Connection, change: RowChange) -> None:
    table = change.table
    if table not in RECORDED:
        raise ValueError(f"{table!r} is no table that commands write")
    now_is = _row(conn, table, change.key)
    if RECORDED[table] is not None and now_is is None:
        return
    expected = None if change.new is None else {k: v for k, v in change.new.items() if k not in TIMES}
    if (now_is is None) != (expected is None) or any(
        now_is[column] != value for column, value in (expected or {}).items() if now_is is not None
    ):
        raise Conflict(
            "This change can't be taken back: what it changed was changed again outside the history.",
            still_works="Nothing was written.",
            to_do="Correct it by hand; every other change can still be looked up in the history.",
        )
    where = " AND ".join(f'"{k}" = ?' for k in change.key)
    if change.old is None:
        conn.exec_driver_sql(f"DELETE FROM {table} WHERE {where}", tuple(change.key.values()))
    elif change.new is None:
        names = ", ".join(f'"{c}"' for c in change.old)
        marks = ", ".join("?" for _ in change.old)
        conn.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(change.old.values()))
    else:
        sets = ", ".join(f'"{c}" = ?' for c in change.old)
        conn.exec_driver_sql(
            f"UPDATE {table} SET {sets} WHERE {where}", (*change.old.values(), *change.key.values())
        )


def _row(conn: Connection, table: str, key: dict[str, Any]) -> dict[str, Any] | None:
    where = " AND ".join(f'"{k}" = ?' for k in key)
    found = (
        conn.exec_driver_sql(f"SELECT * FROM {table} WHERE {where}", tuple(key.values())).mappings().first()
    )
    return None if found is None else dict(found)
