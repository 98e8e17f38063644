"""Drains the mailbox ten times a second into typed signals; no event of a run becomes a signal of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.mailbox import LibraryChanged, Mailbox
from engine.events import ItemFailed, JobChanged, PartDone, StageDone, StageProgress

DRAIN_MS = 100


class Bridge(QObject):
    """What happened since the last tenth of a second, grouped: each signal carries a tuple of events."""

    progress = Signal(object)
    """tuple[StageProgress, ...]: the latest of each stage."""
    parts = Signal(object)
    """tuple[PartDone, ...]: results of finished chunks."""
    stages = Signal(object)
    """tuple[StageDone, ...]."""
    jobs = Signal(object)
    """tuple[JobChanged, ...]."""
    failures = Signal(object)
    """tuple[ItemFailed, ...]."""
    library = Signal(object)
    """tuple[LibraryChanged, ...]: what kinds of stored things changed, by whom."""

    def __init__(self, mailbox: Mailbox, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = mailbox
        self._timer = QTimer(self)
        self._timer.setInterval(DRAIN_MS)
        self._timer.timeout.connect(self.drain)
        self._timer.start()

    def stop(self) -> None:
        """Ends the drain; what is in the mailbox by then is delivered first."""
        self._timer.stop()
        self.drain()

    @Slot()
    def drain(self) -> None:
        """Delivers what is in the mailbox."""
        events = self._mailbox.drain()
        if not events:
            return
        for kind, signal in (
            (JobChanged, self.jobs),
            (StageProgress, self.progress),
            (PartDone, self.parts),
            (StageDone, self.stages),
            (ItemFailed, self.failures),
            (LibraryChanged, self.library),
        ):
            found = _of(kind, events)
            if found:
                signal.emit(found)


def _of(kind: type, events: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(event for event in events if isinstance(event, kind))
