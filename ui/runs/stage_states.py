"""State of the eight stages of one run: read from the library, then kept current by events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engine.domain.jobs import DetectJob, JobStatus
from engine.domain.stages import ORDER, StageName
from engine.events import PartDone, StageDone, StageProgress
from storage.library import Library


@dataclass(frozen=True, slots=True)
class StageState:
    """One row of the run panel. `share` is 0..1; `outcome` is waiting, running, paused, stopped, reused, ran, skipped
    or failed."""

    stage: StageName
    outcome: str = "waiting"
    share: float = 0.0
    reused: int = 0
    computed: int = 0
    reason: str = ""
    rate: float = 0.0
    seconds_left: float | None = None


STANDING = {JobStatus.PAUSED: "paused", JobStatus.FAILED: "stopped", JobStatus.CANCELLED: "stopped"}
"""What a stage is that was under way when its run came to this."""
OPEN = ("waiting", "running", "paused", "stopped")
"""Outcomes of stages that aren't complete: they may go on."""


@dataclass(slots=True)
class StageStates:
    """All eight. `seen` holds the parts of stages under way, and whether each was reused: the library and the events
    tell of the same parts, and each counts once."""

    job_id: str = ""
    standing: str = ""
    """What its stages under way are since the run stands still; '' while it goes on."""
    rows: dict[StageName, StageState] = field(default_factory=lambda: {s: StageState(s) for s in ORDER})
    seen: dict[tuple[StageName, int], bool] = field(default_factory=dict)

    def progress(self, events: Iterable[StageProgress]) -> bool:
        """Takes progress in; True where something changed."""
        changed = False
        for e in events:
            if e.job_id != self.job_id:
                continue
            row = self.rows[e.stage]
            if row.outcome in OPEN:
                share = e.done / e.total if e.total > 0 else 0.0
                self.rows[e.stage] = replace(
                    row, outcome="running", share=share, rate=e.rate, seconds_left=e.seconds_left
                )
                changed = True
        return changed

    def parts(self, events: Iterable[PartDone]) -> bool:
        changed = False
        for e in events:
            if e.job_id != self.job_id:
                continue
            self.seen[e.stage, e.chunk] = e.reused
            row = self.rows[e.stage]
            if row.outcome in OPEN:
                self.rows[e.stage] = replace(self._counted(row), reason=e.reason or row.reason)
                changed = True
        return changed

    def merge(self, read: StageStates) -> None:
        """Takes in what the library has; what events told of stages under way stays."""
        self.seen = {**read.seen, **self.seen}
        for stage, row in read.rows.items():
            known = self.rows[stage]
            if row.outcome not in OPEN:
                self.rows[stage] = replace(row, reason=row.reason or known.reason)
            elif known.outcome in OPEN:
                further = row if row.share > known.share else known
                if read.standing and further.outcome == "running":
                    further = replace(further, outcome=read.standing, rate=0.0, seconds_left=None)
                elif not read.standing and further.outcome in STANDING.values():
                    further = replace(further, outcome=row.outcome)
                self.rows[stage] = replace(self._counted(further), reason=row.reason or known.reason)

    def _counted(self, row: StageState) -> StageState:
        mine = [reused for (stage, _), reused in self.seen.items() if stage == row.stage]
        return replace(row, reused=sum(mine), computed=len(mine) - sum(mine))

    def done(self, events: Iterable[StageDone]) -> bool:
        changed = False
        for e in events:
            if e.job_id == self.job_id:
                row = self.rows[e.stage]
                reason = e.reason or row.reason
                self.rows[e.stage] = replace(
                    row, outcome=e.outcome, share=1.0, reason=reason, rate=0.0, seconds_left=None
                )
                changed = True
        return changed


def read_states(library: Library, job: DetectJob) -> StageStates:
    """The stages of a run as the library has them: checkpoints for what is complete, parts for what is not."""
    states = StageStates(job.id, STANDING.get(job.status, ""))
    for point in library.jobs.checkpoints(job.id):
        stats = point.stats
        states.rows[point.stage] = StageState(
            point.stage,
            outcome=str(stats.get("outcome", "ran")),
            share=1.0,
            reused=int(stats.get("parts_reused", 0)),
            computed=int(stats.get("parts_run", 0)),
            reason=point.skipped or str(stats.get("reason", "")),
        )
    begun: dict[StageName, int] = {}
    for stage, chunk in library.parts.attached(job.id):
        states.seen[stage, chunk] = False
        begun[stage] = begun.get(stage, 0) + 1
    most = max(begun.values(), default=0)
    for stage, count in begun.items():
        if states.rows[stage].outcome == "waiting":
            outcome = states.standing or "running"
            states.rows[stage] = StageState(stage, outcome, count / max(most, 1), computed=count)
    if job.status is JobStatus.FAILED:
        unfinished = next((s for s in ORDER if states.rows[s].share < 1.0), None)
        if unfinished is not None:
            row = states.rows[unfinished]
            states.rows[unfinished] = replace(row, outcome="failed", reason=job.error_message)
    return states
