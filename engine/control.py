"""Pause and cancel from outside a run: checked by `tick`, set from any thread."""

from __future__ import annotations

import threading

from engine.domain.errors import Cancelled


class Control:
    """What a person asked a run to do. `tick` raises Cancelled once a pause or cancel was asked for; the
    runner saves what is finished before it lets the exception end the work. Thread-safe."""

    def __init__(self) -> None:
        self._asked = ""
        self._lock = threading.Lock()

    def ask(self, what: str) -> None:
        """Ask for `pause` or `cancel`; a cancel outranks a pause and neither is taken back."""
        with self._lock:
            if self._asked != "cancel":
                self._asked = what

    @property
    def asked(self) -> str:
        """'' while the run may go on, else `pause` or `cancel`."""
        return self._asked

    def tick(self) -> None:
        """Raise Cancelled where a pause or cancel was asked for. Call at least every 250 ms."""
        if self._asked:
            raise Cancelled(self._asked)
