"""Schema revisions: making a new database, telling which revision one has, upgrading it with a backup first."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine, event

from engine.domain.errors import DataDamage, UserFixable
from storage.columns import now
from storage.database import connect, explain, sync_file
from storage.schema import REVISION, Base

MIGRATIONS = Path(__file__).parent / "migrations"


def create_database(path: Path) -> None:
    """Make an empty library database of the newest revision at `path`, complete or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(draft))
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF").close())
    try:
        with engine.begin() as conn:
            Base.metadata.create_all(conn)
            conn.exec_driver_sql(
                "CREATE TABLE alembic_version ( version_num VARCHAR(32) NOT NULL, "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
            conn.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (REVISION,))
            conn.exec_driver_sql(
                "INSERT INTO library_info VALUES ('id', ?), ('made_at', ?)",
                (str(uuid.uuid4()), now().isoformat()),
            )
    finally:
        engine.dispose()
    sync_file(draft)
    draft.replace(path)


def stored_revision(path: Path, *, read_only: bool = True) -> str | None:
    """The database's schema revision by plain SQL; None where it isn't a library's database or is damaged. Raises what
    `refuse_other_trouble` does."""
    try:
        with closing(connect(path, read_only=read_only)) as conn:
            conn.execute("SELECT value FROM library_info WHERE key = 'id'").fetchone()
            row = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        refuse_other_trouble(path, error)
        return None
    return None if row is None else str(row[0])


def refuse_other_trouble(path: Path, error: sqlite3.Error) -> None:
    """Raise, in words, what keeps a database from being read though nothing is wrong with it: it is held by another
    program, may not be read, the disk is full or reports an error. Such a database must not be replaced."""
    found = explain(path, error)
    if found is not None and not isinstance(found, DataDamage):
        raise found from error


def known_revisions() -> list[str]:
    """The revisions that this version knows, oldest first, by the names of the migration files."""
    names = (re.match(r"(\d{4})_", path.name) for path in (MIGRATIONS / "versions").glob("*.py"))
    return sorted(found.group(1) for found in names if found) or [REVISION]


def check_revision(path: Path, revision: str) -> bool:
    """True where an upgrade is due; DataDamage where a newer version made the database."""
    if revision == REVISION:
        return False
    if revision in known_revisions():
        return True
    raise DataDamage(
        f"The library {path.parent} was made by a newer version of Sponsight (its schema is {revision}, "
        f"this version knows up to {REVISION}).",
        still_works="It was left as it is.",
        to_do="Open it with that version, or update this one.",
    )


def upgrade(path: Path, backup: Callable[[], Path]) -> None:
    """Bring the database to the newest revision after a backup. Where a step fails the backup is put back and
    UserFixable tells why. Alembic is imported only here: it costs half a second."""
    from alembic import command
    from alembic.config import Config

    kept = backup()
    engine = create_engine("sqlite://", creator=lambda: connect(path, read_only=False))
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with engine.connect() as conn:
            config.attributes["connection"] = conn
            command.upgrade(config, REVISION)
    except Exception as error:
        engine.dispose()
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.write_bytes(kept.read_bytes())
        raise UserFixable(
            f"The library {path.parent} could not be brought to this version: {error}.",
            still_works="It is as it was before.",
            to_do="Report this; the earlier version still opens it.",
        ) from error
    finally:
        engine.dispose()
