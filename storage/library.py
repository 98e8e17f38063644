"""A library: one folder with the database, the blobs and everything else that belongs to them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from engine.domain.errors import DataDamage, SponsightError, UserFixable
from storage.audit import AuditLog
from storage.backups import DAMAGED, is_due, is_sound, make_backup, restore
from storage.blobs import FolderBlobStore, storage_error
from storage.brands import Brands
from storage.budget import Budget
from storage.control import ControlFiles
from storage.database import Database, clear_words, has_pending_log
from storage.decisions import Decisions
from storage.jobs import Jobs
from storage.lock import LibraryLock, is_held
from storage.parts import LibraryMemo, LibraryParts
from storage.pins import Pins
from storage.removals import Removals
from storage.sightings import Sightings
from storage.sources import Sources
from storage.sweep import Report, SweepResult, heal, sweep, verify
from storage.upgrade import check_revision, create_database, stored_revision, upgrade

log = logging.getLogger(__name__)

FOLDERS = ("blobs", "backups", "logs", "control", "exports")
OWN_NAMES = {*FOLDERS, "lock", "library.db", "library.db.new", "library.db-wal", "library.db-shm"}


def default_folder() -> Path:
    """Where a person's library lies unless another folder is named."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("Sponsight", appauthor=False))


class Library:
    """Open with `Library.open`; close it in an orderly way, or use it in a `with` block.

    .db, .blobs, .parts, .memo, .sources, .removals, .jobs, .sightings, .brands, .decisions, .audit, .budget, .pins,
    .control are its stores; .notes are sentences that a person should see (restored from a backup, runs found
    interrupted)."""

    def __init__(self, folder: Path, lock: LibraryLock | None, notes: list[str]) -> None:
        self.folder = folder
        self.read_only = lock is None
        self.notes = notes
        self._lock = lock
        self.db = Database(folder / "library.db", read_only=self.read_only)
        self.blobs = FolderBlobStore(folder / "blobs")
        self.parts = LibraryParts(self.db, self.blobs)
        self.memo = LibraryMemo(self.db)
        self.sources = Sources(self.db)
        self.removals = Removals(self.db)
        self.jobs = Jobs(self.db, self.parts, self.blobs)
        self.sightings = Sightings(self.db)
        self.brands = Brands(self.db, self.blobs)
        self.decisions = Decisions(self.db)
        self.audit = AuditLog(self.db)
        self.budget = Budget(self.db)
        self.pins = Pins(self.db, self.blobs)
        self.control = ControlFiles(folder / "control")

    @classmethod
    def open(cls, folder: str | Path | None = None, *, read_only: bool = False) -> Library:
        """Open the library in `folder` (None: the person's own), making it where the folder is absent or empty.

        UserFixable: the folder is something else or can't be written to. Conflict: another process holds the
        writer's lock (`read_only=True` needs no lock). DataDamage: made by a newer version, or damaged without
        a good backup; never is a damaged library opened empty."""
        folder = (Path(folder) if folder is not None else default_folder()).absolute()
        if read_only:
            return cls._open_for_reading(folder)
        try:
            _check_folder(folder)
            folder.mkdir(parents=True, exist_ok=True)
            lock = LibraryLock(folder / "lock")
        except OSError as error:
            raise storage_error(error, folder) from error
        notes: list[str] = []
        try:
            for name in FOLDERS:
                (folder / name).mkdir(exist_ok=True)
            with clear_words(folder / "library.db"):
                clean = _prepare(folder, lock, notes)
            library = cls(folder, lock, notes)
            lost = 0 if clean else heal(library.db, library.blobs)
            if lost:
                notes.append(
                    f"{lost} results did not reach the disk before the last end; "
                    "a resume or replay computes them again."
                )
            paused = library.jobs.recover()
            if paused:
                notes.append(
                    f"{len(paused)} run{'s were' if len(paused) > 1 else ' was'} interrupted and can be resumed; "
                    "every finished part is kept."
                )
        except OSError as error:
            lock.release()
            raise storage_error(error, folder) from error
        except BaseException:
            lock.release()
            raise
        for note in notes:
            log.warning(note)
        return library

    @classmethod
    def _open_for_reading(cls, folder: Path) -> Library:
        database = folder / "library.db"
        try:
            there = database.is_file()
        except OSError as error:
            raise UserFixable(
                f"The library {folder} can't be read: {error.strerror or error}.",
                still_works="Nothing was made or changed.",
                to_do="Check the permissions of the folder, and of those that it lies in.",
            ) from error
        if not there:
            raise UserFixable(
                f"There is no library in {folder}.",
                still_works="Nothing was made or changed.",
                to_do="Name the folder of a library, or open it for writing to make one.",
            )
        if has_pending_log(database) and not os.access(folder, os.W_OK):
            raise UserFixable(
                f"The library {folder} is in use or was not closed in an orderly way, and its folder can't be "
                "written to.",
                still_works="It was left as it is.",
                to_do="Close the program that uses it, or copy the folder to a place that can be written to.",
            )
        revision = stored_revision(database)
        if revision is None:
            raise DataDamage(
                f"The library's database can't be read: {database}.",
                still_works="It was left as it is.",
                to_do="Open it for writing: it is then restored from its newest good backup.",
            )
        if check_revision(database, revision):
            raise UserFixable(
                f"The library {folder} was made by an older version.",
                still_works="It was left as it is.",
                to_do="Open it for writing once: it is then brought to this version, after a backup.",
            )
        return cls(folder, None, [])

    def in_use(self) -> bool:
        """Whether anybody, here or in another process, has the library open for writing."""
        return self._lock is not None or is_held(self.folder / "lock")

    def backup(self) -> Path:
        """A copy of the database in the library's `backups` folder; the last five are kept."""
        return make_backup(self.db.path, self.folder / "backups")

    def sweep(self) -> SweepResult:
        """Take away files that no row refers to, and half-written ones that a crash left."""
        return sweep(self.db, self.blobs)

    def verify(self, repair: bool = False) -> Report:
        """Check the database, foreign keys, blobs and parts. `repair` drops broken parts (they are computed again
        on the next replay) and sweeps orphan files; it never touches what people decided."""
        return verify(self.db, self.blobs, repair=repair)

    def close(self) -> None:
        """End in an orderly way: a daily backup, the write-ahead log emptied, the lock released. Twice is fine.

        A disk that refuses (full, gone) is told in the log only: what was done is stored, and why it went no
        further was said by what failed before."""
        if self._lock is None:
            self.db.close()
            return
        lock, self._lock = self._lock, None
        clean = False
        try:
            if is_due(self.folder / "backups"):
                self.backup()
            clean = True
        except (SponsightError, OSError) as error:
            log.warning("The daily backup of %s could not be made. %s", self.folder, error)
        finally:
            try:
                clean = self.db.close() and clean
            finally:
                lock.release(database=self.db.path if clean else None)

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_folder(folder: Path) -> None:
    """UserFixable where the folder holds something that is no library."""
    if folder.exists() and not folder.is_dir():
        raise UserFixable(
            f"{folder} is a file, not a folder.",
            still_works="It was left as it is.",
            to_do="Name a folder for the library.",
        )
    if not folder.exists() or (folder / "library.db").exists():
        return
    strangers = sorted(
        p.name for p in folder.iterdir() if p.name not in OWN_NAMES and not p.name.startswith(DAMAGED)
    )
    if strangers:
        raise UserFixable(
            f"{folder} is not a library and not empty (it holds {', '.join(strangers[:3])}"
            f"{' and more' if len(strangers) > 3 else ''}).",
            still_works="It was left as it is.",
            to_do="Name an empty or new folder, or the folder of a library.",
        )


def _prepare(folder: Path, lock: LibraryLock, notes: list[str]) -> bool:
    """Make, restore or upgrade the database so that it can be opened. True where its last end was clean."""
    database, backups = folder / "library.db", folder / "backups"
    if not database.exists():
        if any((folder / "blobs").iterdir()) or any(backups.iterdir()):
            notes.append(restore(database, backups, "is missing"))
        else:
            create_database(database)
            return True
    clean = False
    revision = stored_revision(database, read_only=False)
    if revision is None:
        notes.append(restore(database, backups, "is damaged"))
    else:
        due = check_revision(database, revision)
        state, before = database.stat(), lock.before
        clean = before.clean and (state.st_size, state.st_mtime_ns) == (before.size, before.modified)
        if (due or not clean) and not is_sound(database, read_only=False):
            notes.append(restore(database, backups, "is damaged"))
    restored = stored_revision(database, read_only=False)
    if restored is not None and check_revision(database, restored):
        upgrade(database, lambda: make_backup(database, backups))
    return clean
