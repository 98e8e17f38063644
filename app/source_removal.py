"""Taking sources out of the library: what would go, the step itself and its way back, and the space of what is gone.

A removal hides a source at once and can be undone. What it held of disk space is freed after a while, or at once
where the person wants that: then undo brings back the source and what was decided, and the runs are made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.command_bus import Change, CommandBus
from app.commands import RemoveSource, Several
from app.jobs import JobService
from app.mailbox import LibraryChanged, Mailbox
from engine.domain.jobs import SourceAsset
from storage.library import Library
from storage.removals import GOING, Holding, Removed, under_way

KEPT_DAYS = 7
"""For so many days the runs of a removed source can be brought back."""


def kept_until(removed: Removed) -> datetime:
    """Until when (UTC) the runs of a removed source are not freed by themselves."""
    return removed.removed_at + timedelta(days=KEPT_DAYS)


class SourceRemoval:
    """The use cases around removed sources. Thread-safe."""

    def __init__(self, library: Library, bus: CommandBus, jobs: JobService, mailbox: Mailbox) -> None:
        self._library = library
        self._bus = bus
        self._jobs = jobs
        self._mailbox = mailbox

    def holding(self, source_id: str) -> Holding:
        """What there is of a source: its runs, its decisions, and the bytes that only it takes."""
        return self._library.removals.holding(source_id)

    def removed(self) -> list[Removed]:
        """The removed sources, the last removed first."""
        return self._library.removals.all()

    def remove(self, source_ids: Sequence[str], *, free: bool = False, initiator: str = "") -> Change:
        """Take sources out of the library, as one step. `free`: their runs and stored frames go now, for good.
        Raises what `check` raises; nothing is removed then."""
        sources = self.check(source_ids)
        steps = tuple(RemoveSource(source_id=source.id) for source in sources)
        step = steps[0] if len(steps) == 1 else Several.of(f"Remove {len(steps)} sources", steps)
        change = self._bus.do(step, initiator=initiator)
        if free:
            self.free([source.id for source in sources])
        return change

    def check(self, source_ids: Sequence[str]) -> list[SourceAsset]:
        """The sources, each once, where they can be removed; Conflict where a run of one is running or waits,
        UserFixable where one is not there. A paused run that was told to go on waits too, though its record
        doesn't say so yet."""
        sources = [self._library.sources.get(id) for id in dict.fromkeys(source_ids)]
        for source in sources:
            for job in self._jobs.jobs(source.id):
                if job.status in GOING or self._jobs.is_queued(job.id):
                    raise under_way(source.name, job.status)
        return sources

    def free(self, source_ids: Sequence[str]) -> int:
        """Delete the runs of these removed sources and give their space back; what was decided stays. Returns the
        bytes that were freed."""
        runs = self._library.removals.free(source_ids)
        if runs:
            self._mailbox.post(LibraryChanged(frozenset({"jobs"})))
        return self._library.sweep().bytes

    def tidy(self) -> int:
        """Free what was removed longer ago than it is kept. Costs one query where there is nothing."""
        before = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
        if not self._library.removals.holds_runs(before=before):
            return 0
        self._library.removals.free(before=before)
        return self._library.sweep().bytes
