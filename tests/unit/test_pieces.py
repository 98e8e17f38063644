"""A sign that another run saw in pieces: a person's word holds on all of them, and another word on one of them only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from app.commands import ClearDecision, Command, Decide, DrawBox, EditBox, Verdict
from app.overlay import State, member_of
from engine.domain.decisions import Decision, DecisionKind
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob
from tests.stored_run import Board, Desk

WHOLE = Board("HANKOOK", 0.0, 8.0)
PIECES = [
    replace(WHOLE, end=3.0, polygon=rectangle(70, 250, 230, 290)),
    replace(WHOLE, start=5.0, polygon=rectangle(130, 250, 290, 290)),
]
"""Each lies where the whole is, but they are too far apart to be joined."""


@pytest.fixture
def desk(library_dir: Path) -> Iterator[Desk]:
    with Desk(library_dir) as desk:
        desk.brand("Hankook")
        desk.brand("Emirates")
        yield desk


@pytest.fixture
def runs(desk: Desk) -> tuple[DetectJob, DetectJob]:
    """A run that sees one sign, and one of the same video that sees it in two pieces."""
    whole = desk.source([WHOLE, Board("EMIRATES", polygon=rectangle(100, 100, 260, 140))])
    return whole, desk.seen_again(whole, PIECES)


def keys(desk: Desk, job: DetectJob, text: str = "HANKOOK") -> list[str]:
    found = [a for a in desk.overlay(job).appearances if a.text == text]
    return [a.key for a in sorted(found, key=lambda a: a.span)]


def states(desk: Desk, job: DetectJob) -> list[str]:
    return [str(desk.overlay(job).by_key[k].state) for k in keys(desk, job)]


def said(desk: Desk, job: DetectJob, kind: Verdict | Literal["clear"], *chosen: str) -> None:
    command: Command
    if kind == "clear":
        command = ClearDecision(source_id=job.source_asset_id, job_id=job.id, appearance_keys=chosen)
    else:
        command = Decide(source_id=job.source_asset_id, job_id=job.id, appearance_keys=chosen, kind=kind)
    desk.bus.do(command)


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize(
    ("then", "state"), [("unsure", "unsure"), ("confirm", "confirmed"), ("clear", "undecided")]
)
def test_a_word_on_one_piece_leaves_the_other(
    desk: Desk, runs: tuple[DetectJob, DetectJob], then: Verdict, state: str, group: bool
) -> None:
    whole, parted = runs
    others = keys(desk, whole, "EMIRATES") if group else []
    said(desk, whole, "reject", *keys(desk, whole), *others)
    assert states(desk, parted) == ["rejected", "rejected"]
    said(desk, parted, then, keys(desk, parted)[1])
    assert states(desk, parted) == ["rejected", state]
    assert {str(desk.overlay(whole).by_key[k].state) for k in others} <= {"rejected"}
    desk.bus.undo()
    assert states(desk, parted) == ["rejected", "rejected"] and states(desk, whole) == ["rejected"]


def test_a_corrected_sign_counts_once(desk: Desk, runs: tuple[DetectJob, DetectJob]) -> None:
    whole, parted = runs
    (key,) = keys(desk, whole)
    before = {job.id: desk.overlay(job).effective.counted() for job in runs}
    moved = rectangle(102, 250, 262, 290)
    desk.bus.do(
        EditBox(
            source_id=whole.source_asset_id,
            job_id=whole.id,
            appearance_key=key,
            time=2_000_000,
            polygon=moved,
        )
    )
    for job in runs:
        (hankook,) = [b for b in desk.overlay(job).effective.counted() if b.brand_name == "Hankook"]
        assert hankook.hits == hankook.seconds == 8.0
        assert hankook.detections == 16
    assert before[parted.id][0].hits == 6.0
    again = rectangle(104, 250, 264, 290)
    desk.bus.do(
        EditBox(
            source_id=whole.source_asset_id,
            job_id=parted.id,
            appearance_key=keys(desk, parted)[1],
            time=6_000_000,
            polygon=again,
        )
    )
    shown = desk.overlay(parted)
    assert all(shown.by_key[k].edited for k in keys(desk, parted))
    assert {a.state for a in shown.appearances} == {State.UNDECIDED}


def test_a_newer_word_on_the_other_piece_stays(desk: Desk, runs: tuple[DetectJob, DetectJob]) -> None:
    whole, parted = runs
    said(desk, whole, "reject", *keys(desk, whole))
    first, second = keys(desk, parted)
    run = desk.runs.get(parted.id)
    newer = Decision(
        id="",
        source_asset_id=parted.source_asset_id,
        kind=DecisionKind.UNSURE,
        members=(member_of(run, run.by_key[second]),),
    )
    desk.library.decisions.add(newer)
    assert states(desk, parted) == ["rejected", "unsure"]
    said(desk, parted, "confirm", first)
    assert states(desk, parted) == ["confirmed", "unsure"]


def test_a_word_is_taken_back_from_an_appearance_that_goes_on_meanwhile(desk: Desk) -> None:
    """The window shows the key from before the run stored more of the sign."""
    job = desk.unfinished([Board("HANKOOK", 0.0, 20.0)], seconds=20.0, chunks=1)
    (key,) = keys(desk, job)
    said(desk, job, "confirm", key)
    desk.store_more(job)
    assert keys(desk, job) != [key] and states(desk, job) == ["confirmed"]
    said(desk, job, "clear", key)
    assert states(desk, job) == ["undecided"]


def test_a_drawn_box_goes_by_its_key_however_often_it_was_corrected(desk: Desk) -> None:
    job = desk.source([WHOLE])
    source_id, box = job.source_asset_id, rectangle(400, 20, 480, 60)
    made = desk.bus.do(
        DrawBox(source_id=source_id, job_id=job.id, time=0, polygon=box, brand_name="Swirl")
    ).made[0]
    key = f"{made}:0"
    for x in (402, 404):
        moved = rectangle(x, 20, x + 80, 60)
        desk.bus.do(EditBox(source_id=source_id, job_id=job.id, appearance_key=key, time=0, polygon=moved))
        assert desk.overlay(job).by_key[key].seen[0].polygon == moved
    said(desk, job, "clear", key)
    assert key not in desk.overlay(job).by_key
    desk.bus.undo()
    assert desk.overlay(job).by_key[key].seen[0].polygon == rectangle(404, 20, 484, 60)
