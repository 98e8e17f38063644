"""One SQLite file with a reader engine and a writer engine, safe to use from many threads.

Readers begin deferred and see one snapshot; writers begin IMMEDIATE, so that read-then-write never loses an
update. SQLAlchemy's and Python's own transaction handling is switched off (it lost writes silently).
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from engine.domain.errors import Conflict, DataDamage, SponsightError, UserFixable

log = logging.getLogger(__name__)

BUSY_SECONDS = 10.0
"""How long a transaction waits for another process before it gives up."""


class Database:
    """The library's database. `with db.read() as conn` and `with db.write() as conn` are one transaction each:
    committed at the end, rolled back where an exception leaves the block.

    Inside a `write` of the same thread, `read` sees what was written so far and a further `write` is a
    savepoint of the same transaction. Threads wait for each other's writes; another process's write is waited
    for `BUSY_SECONDS`, then Conflict. Raises DataDamage, UserFixable or Conflict instead of SQLite's errors;
    broken constraints stay IntegrityError, for they are bugs."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._gate = threading.Lock()
        self._local = threading.local()
        self._reader = self._engine("BEGIN", ("PRAGMA query_only = ON",), 4)
        self._writer = None if read_only else self._engine("BEGIN IMMEDIATE", WRITER_PRAGMAS, 1)

    def _engine(self, begin: str, pragmas: tuple[str, ...], size: int) -> Engine:
        def creator() -> sqlite3.Connection:
            raw = connect(self.path, read_only=self.read_only)
            try:
                for pragma in ("PRAGMA foreign_keys = ON", *pragmas):
                    raw.execute(pragma)
            except BaseException:
                raw.close()
                raise
            return raw

        engine = create_engine(
            "sqlite://", creator=creator, poolclass=QueuePool, pool_size=size, max_overflow=-1
        )

        @event.listens_for(engine, "begin")
        def begin_transaction(conn: Connection) -> None:
            conn.exec_driver_sql(begin)

        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one unchanging snapshot; it can't write."""
        current: Connection | None = getattr(self._local, "writing", None)
        if current is not None:
            yield current
            return
        with clear_words(self.path), self._reader.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection inside one IMMEDIATE transaction."""
        current: Connection | None = getattr(self._local, "writing", None)
        if current is not None:
            with current.begin_nested():
                yield current
            return
        if self._writer is None:
            raise UserFixable(
                "This library was opened for reading only.",
                still_works="Everything can be looked at and exported.",
                to_do="Open it for writing to change something.",
            )
        with self._gate, clear_words(self.path), self._writer.connect() as conn, conn.begin():
            self._local.writing = conn
            try:
                yield conn
            finally:
                self._local.writing = None

    @contextmanager
    def writing(self, conn: Connection | None) -> Iterator[Connection]:
        """The caller's open transaction where there is one, else one of its own."""
        if conn is not None:
            yield conn
        else:
            with self.write() as own:
                yield own

    @contextmanager
    def reading(self, conn: Connection | None) -> Iterator[Connection]:
        """The caller's open transaction where there is one, else one of its own."""
        if conn is not None:
            yield conn
        else:
            with self.read() as own:
                yield own

    def backup(self, target: Path) -> None:
        """A consistent copy at `target` (a file that is not there yet), also while others write: SQLite's
        online backup. Copying the file itself would lose what is still in the write-ahead log."""
        copy_database(self.path, target)

    def damage(self, *, full: bool = False) -> list[str]:
        """What SQLite's own check finds wrong (quick_check, or integrity_check where `full`); empty: nothing."""
        try:
            with self.read() as conn:
                found = conn.exec_driver_sql(f"PRAGMA {'integrity' if full else 'quick'}_check(20)").scalars()
                return [line for line in found if line != "ok"]
        except DataDamage as error:
            return [str(error.__cause__ or error)]

    def close(self) -> bool:
        """Empties the write-ahead log into the file and closes all connections. False where the disk refused:
        nothing is lost then, the log is read again at the next start."""
        emptied = True
        if self._writer is not None:
            try:
                with self._writer.connect() as conn:
                    raw = conn.connection.driver_connection
                    assert raw is not None
                    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except (DBAPIError, sqlite3.Error) as error:
                emptied = False
                log.warning("The write-ahead log of %s stays until the next start: %s", self.path, error)
            self._writer.dispose()
        self._reader.dispose()
        return emptied


WRITER_PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL")


def _uri(path: Path, *, read_only: bool) -> str:
    """A file URI that opens only what is there (an absent file must never become an empty library). On a
    read-only file system without a write-ahead log the file can't change and SQLite needs no shared memory."""
    mode = "ro" if read_only else "rw"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    if read_only and not os.access(path.parent, os.W_OK) and not has_pending_log(path):
        uri += "&immutable=1"
    return uri


def has_pending_log(path: Path) -> bool:
    """Whether the write-ahead log holds anything: a writer is at work or did not end in an orderly way."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def connect(path: Path, *, read_only: bool = True) -> sqlite3.Connection:
    """A plain connection without SQLAlchemy, for checks before the library is opened. The caller closes it."""
    return sqlite3.connect(
        _uri(path, read_only=read_only),
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def copy_database(source: Path, target: Path) -> None:
    """SQLite's online backup of `source` to the new file `target`, put in place in one step; where that can't
    be, no half copy is left."""
    draft = draft_of(target)
    draft.unlink(missing_ok=True)
    try:
        with (
            clear_words(source),
            closing(connect(source, read_only=False)) as origin,
            closing(sqlite3.connect(draft)) as copy,
        ):
            copy.execute("PRAGMA synchronous = OFF").fetchall()
            origin.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        sync_file(draft)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def draft_of(target: Path) -> Path:
    """Where a copy lies until it is whole."""
    return target.with_name(target.name + ".part")


def sync_file(path: Path) -> None:
    """Wait until the file is on the disk itself (one wait in place of one for each of SQLite's steps)."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
WORDS: dict[int, tuple[type[SponsightError], str, str]] = {
    sqlite3.SQLITE_FULL: (
        UserFixable,
        "There is no space left on the disk of the library",
        "Free some space and do it again.",
    ),
    sqlite3.SQLITE_READONLY: (
        UserFixable,
        "The library's folder can't be written to",
        "Make it writable, or open the library for reading only.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        UserFixable,
        "The library's database can't be opened",
        "Check that the folder is there and may be read and written.",
    ),
    sqlite3.SQLITE_IOERR: (
        UserFixable,
        "The disk of the library reports an error",
        "Check the disk, its cable or its network connection, then do it again.",
    ),
    sqlite3.SQLITE_BUSY: (
        Conflict,
        "Another program is writing to the library",
        "Do it again when that program is done.",
    ),
}


@contextmanager
def clear_words(path: Path) -> Iterator[None]:
    """SQLite's errors on the database `path` become those of the error tree; see `explain`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        found = explain(path, error.orig if isinstance(error, DBAPIError) else error)
        if found is None:
            raise
        raise found from error


def explain(path: Path, error: BaseException | None) -> SponsightError | None:
    """SQLite's error in words a person can act on; None where it is a bug of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in DAMAGE_CODES:
        return DataDamage(
            f"The library's database is damaged: {path} ({error}).",
            still_works="It was left as it is.",
            to_do="Close the library and open it again: it is then restored from its newest good backup.",
        )
    if code not in WORDS:
        return None
    kind, what, to_do = WORDS[code]
    return kind(f"{what}: {path.parent} ({error}).", still_works="Nothing was half written.", to_do=to_do)
