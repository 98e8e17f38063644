"""The lock that keeps a second writer off a library: the operating system's own, gone with its process."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from pathlib import Path

import msgspec

from engine.decoding import looked_through
from engine.domain.errors import Conflict
from storage.blobs import storage_error
from storage.columns import now

LOCK_BYTE = 1 << 30
"""Windows locks bytes, and locked bytes can't be read: one far behind the holder's note."""


class Holder(msgspec.Struct, frozen=True):
    """Who holds (or last held) the lock. `clean` is set by an orderly end, with the database's size and
    modification time (ns) then: a database that differs was touched by something else."""

    pid: int = 0
    host: str = ""
    since: str = ""
    clean: bool = False
    size: int = 0
    modified: int = 0


class LibraryLock:
    """Held from construction to `release`. Raises Conflict, naming the holder, where another holds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise storage_error(error, path.parent) from error
        try:
            _lock(self._handle)
        except OSError:
            os.close(self._handle)
            holder = read_holder(path)
            raise Conflict(
                f"The library {path.parent} is in use by process {holder.pid} on {holder.host} "
                f"(since {holder.since}).",
                still_works="It can be opened for reading, and its runs can be told to pause or cancel.",
                to_do="Close the other window or program first.",
            ) from None
        self.before = read_holder(path)
        """What the last holder left."""
        self._write(Holder(os.getpid(), socket.gethostname(), now().isoformat(timespec="seconds")))

    def release(self, *, database: Path | None = None) -> None:
        """Let go; with `database` given, note that all ended well (where the disk takes the note)."""
        if self._handle < 0:
            return
        if database is not None:
            with contextlib.suppress(OSError):
                state = database.stat()
                self._write(
                    Holder(
                        os.getpid(),
                        socket.gethostname(),
                        now().isoformat(timespec="seconds"),
                        True,
                        state.st_size,
                        state.st_mtime_ns,
                    )
                )
        os.close(self._handle)
        self._handle = -1

    def _write(self, holder: Holder) -> None:
        data = msgspec.json.encode(holder)
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.write(self._handle, data)
        os.ftruncate(self._handle, len(data))


def is_held(path: Path) -> bool:
    """Whether a process holds the lock at this moment."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        _lock(handle)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def read_holder(path: Path) -> Holder:
    """Who the lock's note names; an empty Holder where it can't be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=looked_through(Holder))
    except (OSError, msgspec.DecodeError):
        return Holder()


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, LOCK_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
