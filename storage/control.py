"""Control files: how one process asks another to pause or cancel a run, without the writer's lock."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from engine.domain.errors import UserFixable

Wish = Literal["pause", "cancel"]


class ControlFiles:
    """One small file per run in the library's `control` folder that holds `pause` or `cancel`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ask(self, job_id: str, wish: Wish) -> None:
        """Ask whoever works on the run to pause or cancel it. A cancel outranks a pause."""
        if wish == "pause" and self.asked(job_id) == "cancel":
            return
        draft = self.folder / f".{job_id}.{os.getpid()}"
        try:
            draft.write_text(wish, encoding="ascii")
            draft.replace(self._file(job_id))
        except OSError as error:
            raise UserFixable(
                f"The run can't be told to {wish}: {self.folder} can't be written to ({error.strerror}).",
                still_works="The run goes on.",
                to_do="Ask in the window or program that started the run.",
            ) from error

    def asked(self, job_id: str) -> Wish | None:
        """What was asked for, or None. Cheap: called several times a second."""
        try:
            found = self._file(job_id).read_bytes()
        except OSError:
            return None
        return "cancel" if found == b"cancel" else "pause" if found == b"pause" else None

    def wishes(self) -> tuple[str, ...]:
        """Ids of the runs of which something is asked. Cheap: called several times a second."""
        try:
            return tuple(sorted(name for name in os.listdir(self.folder) if not name.startswith(".")))
        except OSError:
            return ()

    def clear(self, job_id: str) -> None:
        """Forget what was asked: the run has followed it, or starts anew."""
        self._file(job_id).unlink(missing_ok=True)

    def _file(self, job_id: str) -> Path:
        if not job_id or not all(c.isalnum() or c in "-_" for c in job_id):
            raise ValueError(f"{job_id!r} is no run's id")
        return self.folder / job_id
