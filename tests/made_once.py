"""Costly things that all processes of a test session share: demo clips, finished libraries."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


class MadeOnce:
    """Makes named folders, once a session: whichever process asks first makes one, others wait for it."""

    def __init__(self, shared: Path) -> None:
        self._shared = shared

    def __call__(self, name: str, make: Callable[[Path], object]) -> Path:
        """The folder of that name, filled by `make` (given its path); copy what is in it, don't edit.

        Where `make` raises, the next one who asks begins anew.
        """
        folder, made = self._shared / name, self._shared / f"{name}.made"
        with FileLock(self._shared / f"{name}.lock"):
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                made.touch()
        return folder
