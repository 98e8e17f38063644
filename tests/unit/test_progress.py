"""Progress as it is told: it never goes back, and the time left heeds a stage that is slow by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from engine.domain.stages import FRAME_STAGES, JOB_STAGES, StageName
from engine.events import RunEvent, StageProgress
from engine.plan import RunSpec
from engine.ports import JOB_CHUNK
from engine.progress import ProgressMeter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_model_that_answers_slowly_says_how_long_it_takes() -> None:
    chunk = SimpleNamespace(index=0, span=SimpleNamespace(seconds=10.0))
    spec = cast(RunSpec, SimpleNamespace(job_id="job", chunks=(chunk,)))
    told: list[RunEvent] = []
    clock = Clock()
    meter = ProgressMeter(spec, {}, told.append, clock)

    def latest() -> StageProgress:
        assert isinstance(told[-1], StageProgress)
        return told[-1]

    for stage in FRAME_STAGES:
        clock.now += 2.0
        meter.part_done(stage, 0)
    overall = [latest().overall]
    for stage in JOB_STAGES[: JOB_STAGES.index(StageName.ESCALATE_CLOUD)]:
        meter.part_done(stage, JOB_CHUNK)
    # The first of ten questions is answered after 6 s: the nine others take 54 s, whatever the run's pace was.
    meter.moved(StageName.ESCALATE_CLOUD, JOB_CHUNK, 0.0)
    clock.now += 6.0
    meter.moved(StageName.ESCALATE_CLOUD, JOB_CHUNK, 0.1)
    left = latest().seconds_left
    assert left is not None and 50 < left < 58
    clock.now += 54.0
    meter.moved(StageName.ESCALATE_CLOUD, JOB_CHUNK, 0.99)
    left = latest().seconds_left
    assert left is not None and left < 2
    overall.append(latest().overall)
    assert overall == sorted(overall) and overall[-1] < 1
