"""Backups of the database: making, keeping the last few, and restoring from the newest good one."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from engine.domain.errors import DataDamage, SponsightError
from storage.database import connect, copy_database, draft_of
from storage.upgrade import known_revisions, refuse_other_trouble, stored_revision

_NAME = re.compile(r"library-\d{8}T\d{12}\.db")
DAMAGED = "library.damaged-"
"""How the names of damaged databases begin that are kept beside the one that stands for them."""
KEEP = 5
DAILY_SECONDS = 20 * 3600


def backup_name(moment: datetime) -> str:
    return f"library-{moment.astimezone(UTC):%Y%m%dT%H%M%S%f}.db"


def all_backups(folder: Path) -> list[Path]:
    """Newest first. Those from the future, of a clock that went wrong, come last: nobody knows how old they are.
    Files of other names are a person's own and are left alone."""
    now = backup_name(datetime.now(UTC))
    made = (path for path in folder.glob("library-*.db") if _NAME.fullmatch(path.name))
    return sorted(made, key=lambda path: (path.name <= now, path.name), reverse=True)


def make_backup(database: Path, folder: Path) -> Path:
    """A consistent copy of the database in `folder`; older ones than the last five go, and half copies of a
    program that was killed."""
    folder.mkdir(exist_ok=True)
    for half in folder.glob(draft_of(folder / "library-*.db").name):
        half.unlink(missing_ok=True)
    target = folder / backup_name(datetime.now(UTC))
    copy_database(database, target)
    for old in [path for path in all_backups(folder) if path != target][KEEP - 1 :]:
        old.unlink(missing_ok=True)
    return target


def is_due(folder: Path) -> bool:
    """Whether the newest backup is older than a working day, or from a clock that was ahead."""
    newest = next(iter(all_backups(folder)), None)
    return newest is None or not 0 <= time.time() - newest.stat().st_mtime <= DAILY_SECONDS


def is_sound(path: Path, *, read_only: bool = True) -> bool:
    """Whether this is a library's database of a revision that we know in which SQLite finds no damage. Raises what
    `refuse_other_trouble` does."""
    if stored_revision(path, read_only=read_only) not in known_revisions():
        return False
    try:
        with closing(connect(path, read_only=read_only)) as conn:
            return conn.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.Error as error:
        refuse_other_trouble(path, error)
        return False


def _is_good(backup: Path) -> bool:
    try:
        return is_sound(backup)
    except SponsightError:
        return False


def restore(database: Path, folder: Path, trouble: str) -> str:
    """Put the newest good backup in the place of a damaged or lost database, which is kept beside it: nothing is moved
    before the whole backup lies there.

    Returns the note for the person; DataDamage, with the path, where there is no good backup."""
    good = next((path for path in all_backups(folder) if _is_good(path)), None)
    if good is None:
        raise DataDamage(
            f"The library's database {trouble}: {database}.",
            still_works=f"It was left as it is. There is no good backup in {folder}.",
            to_do="Put a copy of library.db from your own backups in its place, or choose another library folder.",
        )
    draft = database.with_name("library.db.new")
    copy_database(good, draft)
    moment = datetime.now(UTC)
    for suffix in ("", "-wal", "-shm"):
        broken = database.with_name(database.name + suffix)
        if broken.exists():
            broken.replace(database.with_name(f"{DAMAGED}{moment:%Y%m%dT%H%M%S}.db{suffix}"))
    draft.replace(database)
    made = datetime.strptime(good.stem, "library-%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    return (
        f"The library's database {trouble}. It was restored from its backup of {made:%Y-%m-%d %H:%M} UTC; what "
        f"was done since then is missing. The damaged file is kept beside it in {database.parent}."
    )
