"""The rows of the run panel: what the library and the events tell of the same parts counts once."""

from __future__ import annotations

from dataclasses import replace

from engine.domain.stages import StageName
from engine.events import PartDone, StageDone, StageProgress
from ui.runs.stage_states import OPEN, STANDING, StageState, StageStates

OCR = StageName.RUN_OCR


def part(chunk: int, reused: bool) -> PartDone:
    return PartDone("job", OCR, chunk, reused, "reused" if reused else "computed", 1, 0, 1)


def read(chunks: range, outcome: str = "running") -> StageStates:
    """What the library knows of a stage with these parts: not whether they were reused."""
    standing = outcome if outcome in STANDING.values() else ""
    states = StageStates("job", standing, seen={(OCR, chunk): False for chunk in chunks})
    share = len(chunks) / 4 if outcome in OPEN else 1.0
    states.rows[OCR] = StageState(OCR, outcome, share, computed=len(chunks))
    return states


def counts(states: StageStates) -> tuple[str, int, int]:
    row = states.rows[OCR]
    return row.outcome, row.reused, row.computed


def test_parts_that_the_library_and_the_events_tell_of_count_once() -> None:
    states = StageStates("job")
    states.progress([StageProgress("job", OCR, 1.0, 4.0, 0.1)])
    states.parts([part(0, True), part(1, True)])
    states.merge(read(range(3)))
    assert counts(states) == ("running", 2, 1)
    states.parts([part(2, True), part(3, False), part(3, False)])
    assert counts(states) == ("running", 3, 1)


def test_a_finished_stage_is_as_the_library_says_whatever_events_come_late() -> None:
    states = StageStates("job")
    states.parts([part(0, False)])
    done = read(range(4), "reused")
    done.rows[OCR] = replace(done.rows[OCR], reused=4, computed=0)
    states.merge(done)
    states.parts([part(1, False), part(2, True)])
    assert counts(states) == ("reused", 4, 0)
    states.merge(read(range(2)))
    assert counts(states) == ("reused", 4, 0)


def test_another_run_s_events_change_nothing() -> None:
    states = StageStates("job")
    other = replace(part(0, True), job_id="other")
    assert not states.parts([other]) and not states.done([StageDone("other", OCR, "ran")])
    assert counts(states) == ("waiting", 0, 0)


def test_a_stage_of_a_paused_run_is_paused_until_it_goes_on() -> None:
    states = StageStates("job")
    states.progress([StageProgress("job", OCR, 1.0, 4.0, 0.1, 1.0, 36.0)])
    states.merge(read(range(2), "paused"))
    assert counts(states) == ("paused", 0, 2) and states.rows[OCR].seconds_left is None
    states.merge(read(range(2)))
    assert counts(states) == ("running", 0, 2)
    states.progress([StageProgress("job", StageName.ESCALATE_VLM, 1.0, 4.0, 0.1, 1.0, 36.0)])
    states.merge(read(range(2), "stopped"))
    assert states.rows[StageName.ESCALATE_VLM].outcome == "stopped", "it has stored no part yet"
    states.progress([StageProgress("job", OCR, 3.0, 4.0, 0.1)])
    assert counts(states)[0] == "running"
