"""What happened since the window last looked: thread-safe, never blocks, keeps only the latest progress."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TypeAlias

from engine.domain.stages import StageName
from engine.events import RunEvent, StageProgress


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """Stored data changed: which kinds (`sources`, `jobs`, `brands`, `decisions`, `sightings`), which ids, and
    who started it (a screen's name, or '' for a background run)."""

    kinds: frozenset[str]
    ids: tuple[str, ...] = ()
    initiator: str = ""


AppEvent: TypeAlias = RunEvent | LibraryChanged


class Mailbox:
    """Events from any thread to one reader. StageProgress: the latest of each (job, stage) wins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[AppEvent] = []
        self._progress: dict[tuple[str, StageName], StageProgress] = {}

    def post(self, event: AppEvent) -> None:
        """Leave an event; O(1), from any thread."""
        with self._lock:
            if isinstance(event, StageProgress):
                self._progress[event.job_id, event.stage] = event
            else:
                self._events.append(event)

    def drain(self) -> list[AppEvent]:
        """Take everything: progress first, then the other events in the order they came."""
        with self._lock:
            events: list[AppEvent] = [*self._progress.values(), *self._events]
            self._progress.clear()
            self._events.clear()
        return events
