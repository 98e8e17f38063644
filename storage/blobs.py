"""Content-addressed files in a folder: images, large payloads, reference crops."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.domain.errors import DataDamage, SponsightError, UserFixable
from storage.database import sync_file

# Which blobs a part refers to: its pictures, and its payload where that is one.
OF_PARTS = """
    SELECT part_key, digest FROM part_blobs
    UNION ALL SELECT key, payload_blob FROM parts WHERE payload_blob IS NOT NULL
"""
# Where rows refer to blobs. A blob's reference count is the number of its rows here.
REFERENCES = """
    SELECT digest FROM part_blobs
    UNION ALL SELECT payload_blob FROM parts WHERE payload_blob IS NOT NULL
    UNION ALL SELECT digest FROM brand_references
    UNION ALL SELECT digest FROM blob_pins
    UNION ALL SELECT book_snapshot FROM detect_jobs WHERE book_snapshot <> ''
    UNION ALL SELECT sightings_snapshot FROM detect_jobs WHERE sightings_snapshot <> ''
"""
STALE_DRAFT_SECONDS = 3600


class FolderBlobStore:
    """Implements the BlobStore port: blob `abcdef…` lies in `ab/cd/abcdef…`. Thread-safe.

    `put` makes a blob visible in one step (draft, rename); `flush` makes given blobs survive a power cut: for
    what no run can compute again (reference crops, pins, snapshots). Blobs put by this process count as in use
    (`unclaimed`) until a row names them, so that a clean-up never takes what a running stage just stored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._unclaimed: Counter[str] = Counter()
        self._serial = 0

    def path(self, digest: str) -> Path:
        """Where the blob lies or would lie; ValueError where `digest` is no sha256 in hex."""
        if len(digest) != 64 or not set(digest) <= _HEX:
            raise ValueError(f"{digest!r} is no sha256 digest")
        return self.folder / digest[:2] / digest[2:4] / digest

    def put(self, data: bytes) -> str:
        """Store and return the digest. A file that is there already is compared and, where it is damaged,
        written anew. UserFixable where the disk is full or read-only."""
        digest = hashlib.sha256(data).hexdigest()
        target = self.path(digest)
        with self._lock:
            self._unclaimed[digest] += 1
            self._serial += 1
            serial = self._serial
        if _holds(target, data):
            return digest
        draft = target.with_name(f".{digest[:16]}.{os.getpid()}.{serial}")
        try:
            try:
                draft.write_bytes(data)
            except FileNotFoundError:
                draft.parent.mkdir(parents=True, exist_ok=True)
                draft.write_bytes(data)
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise storage_error(error, self.folder) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their digest (0.5 ms a megabyte); DataDamage where they are gone or wrong."""
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise _missing(self.path(digest)) from None
        except OSError as error:
            raise storage_error(error, self.folder) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise DataDamage(
                f"A stored file is damaged: {self.path(digest)}.",
                still_works="It was left as it is; everything that does not need it works.",
                to_do="Run `sponsight verify --repair`, then replay the run.",
            )
        return data

    def has(self, digest: str) -> bool:
        return self.path(digest).is_file()

    def size(self, digest: str) -> int:
        """Bytes on disk; DataDamage where the blob is missing."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            raise _missing(self.path(digest)) from None

    def flush(self, digests: Iterable[str]) -> None:
        """Wait until these blobs are on the disk itself."""
        for digest in digests:
            try:
                sync_file(self.path(digest))
            except FileNotFoundError:
                raise _missing(self.path(digest)) from None
            except OSError as error:
                raise storage_error(error, self.folder) from error

    def claim(self, digests: Iterable[str]) -> None:
        """A row names these blobs now: from here on that row keeps them. Takes back one `put` of each."""
        with self._lock:
            for digest in digests:
                if self._unclaimed[digest] > 1:
                    self._unclaimed[digest] -= 1
                else:
                    del self._unclaimed[digest]

    def remove(self, digest: str) -> int | None:
        """Take a blob that no row names away and return the bytes freed; None where it is in use or gone.
        Call it inside a write transaction, so that no row comes to name it meanwhile."""
        path = self.path(digest)
        with self._lock:
            if digest in self._unclaimed:
                return None
            try:
                freed = path.stat().st_size
                path.unlink()
            except FileNotFoundError:
                return None
            except OSError as error:
                raise storage_error(error, self.folder) from error
        return freed

    def digests(self) -> Iterator[str]:
        """All blobs in the folder, in no order."""
        for path in self._files():
            if not path.name.startswith("."):
                yield path.name

    def remove_drafts(self) -> int:
        """Take away what a crash left half written, and return how many files that were."""
        now, count = time.time(), 0
        for path in self._files():
            if not path.name.startswith("."):
                continue
            try:
                age = now - path.stat().st_mtime
            except FileNotFoundError:  # whoever wrote it has just put it in its place
                continue
            if age > STALE_DRAFT_SECONDS:
                path.unlink(missing_ok=True)
                count += 1
        return count

    def _files(self) -> Iterator[Path]:
        if not self.folder.is_dir():
            return
        for first in _folders(self.folder):
            for second in _folders(first):
                with os.scandir(second) as entries:
                    yield from [Path(e.path) for e in entries if e.is_file(follow_symlinks=False)]


_HEX = frozenset("0123456789abcdef")


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(e.path) for e in entries if len(e.name) == 2 and e.is_dir(follow_symlinks=False)]


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _missing(path: Path) -> DataDamage:
    return DataDamage(
        f"A stored file is missing: {path}.",
        still_works="Everything that does not need it works.",
        to_do="Run `sponsight verify --repair`, then replay the run.",
    )


def storage_error(error: OSError, folder: Path) -> SponsightError:
    """An operating system's error while the library is written or read, in words a person can act on."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        what, to_do = "There is no space left", "Free some space, then resume: finished parts are kept."
    elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        what, to_do = "Writing is not allowed", "Make the folder writable, or open it for reading only."
    else:
        what, to_do = (
            error.strerror or str(error),
            "Check the disk, its cable or its network connection, then do it again.",
        )
    return UserFixable(f"{what} in {folder}.", still_works="Nothing was half written.", to_do=to_do)
