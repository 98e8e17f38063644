"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from engine.domain.errors import UserFixable


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and put it in its place in one step; what was there before stays until then.
    Raises UserFixable where the place can't be written."""
    temporary = ""
    try:
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise UserFixable(
            f"{path} can't be written: {error.strerror or error}.",
            still_works="Nothing was lost; a file that was there before is unchanged.",
            to_do="Choose another place, or make room and check the folder's permissions.",
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
