"""Write a file whole or not at all: every export and list that a person asks for."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from engine.domain.errors import UserFixable

_LOOKED_AT = 65_536


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and put it in its place in one step; what was there before stays until then.
    A link stays one: what it leads to is written. A device or pipe is written to, never replaced. All that we write is
    text: a file that is not (a video, a library's database) was named by mistake and stays.
    Raises UserFixable where the place can't be written."""
    temporary = ""
    try:
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "it may only be read")
        if path.exists() and not _is_text(path):
            raise UserFixable(
                f"{path} was not overwritten: it is no text but a video, a database or the like.",
                still_works="The file is unchanged.",
                to_do="Choose another name.",
            )
        target = path.resolve()
        handle, temporary = tempfile.mkstemp(prefix=".sponsight.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
        temporary = ""
    except OSError as error:
        raise UserFixable(
            f"{path} can't be written: {error.strerror or error}.",
            still_works="Nothing was lost; a file that was there before is unchanged.",
            to_do="Choose another place, or make room and check the folder's permissions.",
        ) from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\0" not in file.read(_LOOKED_AT)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
