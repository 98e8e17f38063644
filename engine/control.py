"""Pause and cancel from outside a run: checked by `tick`, set from any thread or another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from engine.domain.errors import Cancelled

POLL_EVERY = 0.25
"""Seconds between two looks at what another process asked for."""


class Control:
    """What a person asked a run to do. `tick` raises Cancelled once a pause or cancel was asked for; the
    runner saves what is finished before it lets the exception end the work. `poll` says what another process
    asked for ('' nothing). Thread-safe."""

    def __init__(self, poll: Callable[[], str] | None = None) -> None:
        self._asked = ""
        self._lock = threading.Lock()
        self._poll = poll
        self._next = 0.0

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
        if self._poll is not None and not self._asked:
            now = time.monotonic()
            if now >= self._next:
                self._next = now + POLL_EVERY
                what = self._poll()
                if what:
                    self.ask(what)
        if self._asked:
            raise Cancelled(self._asked)
