"""Progress of a run: weighted by what each stage costs, never going back, told a few times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from engine.domain.stages import ORDER, StageName
from engine.events import RunEvent, StageProgress
from engine.plan import DEFAULT_RATES, RunSpec
from engine.ports import JOB_CHUNK, Clock

TELL_EVERY = 0.2
"""Seconds between two progress events of one stage."""


class ProgressMeter:
    """Adds up the shares of all parts. Each part weighs its seconds of video times its stage's cost;
    stages are told in seconds of video (job stages in shares of 1). Thread-safe."""

    def __init__(
        self,
        spec: RunSpec,
        rates: Mapping[StageName, float],
        emit: Callable[[RunEvent], None],
        clock: Clock,
    ) -> None:
        self._job = spec.job_id
        self._emit = emit
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        cost = {**DEFAULT_RATES, **rates}
        length = {c.index: max(c.span.seconds, 0.01) for c in spec.chunks}
        video = sum(length.values())
        self._size: dict[tuple[StageName, int], float] = {}
        for name in ORDER:
            if name.is_frame_stage:
                self._size.update({(name, index): seconds for index, seconds in length.items()})
            else:
                self._size[name, JOB_CHUNK] = video
        self._cost = {name: max(cost[name], 1e-4) for name in ORDER}
        self._total = {name: sum(v for (s, _), v in self._size.items() if s == name) for name in ORDER}
        self._weight = sum(self._total[name] * self._cost[name] for name in ORDER) or 1.0
        self._share: dict[tuple[StageName, int], float] = {}
        self._done: dict[StageName, float] = dict.fromkeys(ORDER, 0.0)
        self._overall = 0.0
        self._told: dict[StageName, float] = {}
        self._first: dict[StageName, float] = {}

    def moved(self, stage: StageName, chunk: int, share: float) -> None:
        """A part has come to `share` (0..1) of its work."""
        self._move(stage, chunk, min(max(share, 0.0), 0.999), tell_now=False)

    def part_done(self, stage: StageName, chunk: int) -> None:
        self._move(stage, chunk, 1.0, tell_now=True)

    def _move(self, stage: StageName, chunk: int, share: float, *, tell_now: bool) -> None:
        now = self._clock()
        with self._lock:
            place = (stage, chunk)
            before = self._share.get(place, 0.0)
            if share > before:
                gained = (share - before) * self._size[place]
                self._share[place] = share
                self._done[stage] += gained
                self._overall = min(1.0, self._overall + gained * self._cost[stage] / self._weight)
            first = self._first.setdefault(stage, now)
            if not tell_now and now - self._told.get(stage, 0.0) < TELL_EVERY:
                return
            self._told[stage] = now
            elapsed = now - first
            event = StageProgress(
                job_id=self._job,
                stage=stage,
                done=min(self._done[stage], self._total[stage]),
                total=self._total[stage],
                overall=self._overall,
                rate=self._done[stage] / elapsed if elapsed > 0.05 else 0.0,
                seconds_left=self._left(now, stage, elapsed),
            )
        self._emit(event)

    def _left(self, now: float, stage: StageName, at_it: float) -> float | None:
        """Seconds to go by the whole run's pace; a job stage (a model that answers slowly) is believed where its own
        pace, after `at_it` seconds of it, says more."""
        elapsed = now - self._started
        if self._overall < 0.02 or elapsed < 1.0:
            return None
        left = elapsed * (1 - self._overall) / self._overall
        share = self._done[stage] / self._total[stage] if self._total[stage] else 1.0
        if stage.is_frame_stage or share <= 0.0 or at_it < 1.0:
            return left
        return max(left, at_it * (1 - share) / share)
