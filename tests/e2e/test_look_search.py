"""One box around a mark without letters finds it on the other frames: real demo clips, real runs, exact truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.commands import Decide, DrawBox
from app.container import Container, open_container
from app.demo.brands import SYMBOL_BRAND
from app.demo.truth import DemoTruth, TruthInstance
from engine.domain.errors import UserFixable
from engine.domain.geometry import Hull, hull, hull_overlap, rectangle
from engine.domain.jobs import DetectJob, JobStatus
from engine.domain.stages import StageName
from tests.e2e.conftest import Finished, sponsight

SAME_PLACE = 0.4


@dataclass(frozen=True)
class Score:
    """Frames other than the box's on which the truth has the mark, however little of it is seen, those of them where it
    was found, finds and false ones among them."""

    frames: int
    hit: int
    finds: int
    false: int


def marks(truth: DemoTruth, seconds: float) -> list[TruthInstance]:
    return [i for i in truth.at_time(seconds) if i.sign.kind == "symbol"]


def place(instance: TruthInstance) -> Hull:
    return hull(instance.polygon)


def first_run(app: Container) -> DetectJob:
    return next(j for j in app.jobs.jobs() if j.run_type == "initial")


def draw(app: Container, job: DetectJob, truth: DemoTruth, number: int) -> int:
    """Draw a box on the `number`-th kept frame that shows the mark legibly; returns the frame's seq."""
    run = app.runs.get(job.id)
    shown = [
        (seq, i)
        for seq in run.kept
        for i in marks(truth, run.frames[seq].time / 1e6)
        if i.legible and i.visible >= 0.95
    ]
    seq, instance = shown[number % len(shown)]
    box = place(instance)
    app.bus.do(
        DrawBox(
            source_id=job.source_asset_id,
            job_id=job.id,
            time=run.frames[seq].time,
            polygon=rectangle(max(0.0, box.x0), max(0.0, box.y0), box.x1, box.y1),
            brand_name=SYMBOL_BRAND,
        )
    )
    return seq


def replayed(app: Container, job: DetectJob) -> DetectJob:
    done = app.jobs.start(app.jobs.replay(job.id, StageName.MATCH_BRANDS, {}).id).result(timeout=300)
    assert done.status is JobStatus.COMPLETED
    return done


def score(app: Container, job: DetectJob, truth: DemoTruth, drawn: int) -> Score:
    """Accepted finds by look against the truth."""
    run = app.runs.get(job.id)
    finds: dict[int, list[tuple[str, Hull]]] = {}
    for a in run.appearances:
        if a.evidence == "look" and a.verdict == "accepted":
            for s in a.seen:
                finds.setdefault(s.seq, []).append((a.brand_name, hull(s.polygon)))
    frames = hit = false = 0
    for seq in run.kept:
        there = marks(truth, run.frames[seq].time / 1e6)
        right = [
            brand == SYMBOL_BRAND and any(hull_overlap(place(i), h) >= SAME_PLACE for i in there)
            for brand, h in finds.get(seq, ())
        ]
        false += right.count(False)
        if seq != drawn and there:
            frames += 1
            hit += any(right)
    return Score(frames, hit, sum(map(len, finds.values())), false)


def truth_of(finished: Finished) -> DemoTruth:
    return DemoTruth.load(finished.video.with_suffix(".truth.json"))


@pytest.mark.timeout(240)
def test_a_box_on_one_frame_finds_the_mark_on_the_others(finished: Finished) -> None:
    truth = truth_of(finished)
    with open_container(finished.library, workers=2) as app:
        job = first_run(app)
        assert all(a.evidence != "look" for a in app.runs.get(job.id).appearances)
        drawn = draw(app, job, truth, 4)
        row = app.jobs.plan_replay(job.id, StageName.MATCH_BRANDS, {}).stages[StageName.MATCH_BRANDS.number]
        assert row.action == "run" and row.reason == "1 new reference picture to search for"
        assert row.seconds is not None and row.seconds > 0.3
        quest = app.elsewhere.quest(app.library.brands.one(SYMBOL_BRAND).id)
        (done,) = [f.result(timeout=300) for f in app.elsewhere.start(quest).values()]
        result = score(app, done, truth, drawn)
        assert result.frames >= 8 and result.hit >= 0.8 * result.frames
        assert result.false <= 0.05 * result.finds

        finds = app.elsewhere.found(done.id, quest.brand_id)
        assert sum(len(f.frames) for f in finds if f.verdict == "accepted") == result.finds
        assert app.elsewhere.crop(finds[0]).startswith(b"\x89PNG")
        app.bus.do(
            Decide(
                source_id=done.source_asset_id,
                job_id=done.id,
                appearance_keys=(finds[0].appearance_key,),
                kind="confirm",
            )
        )
        again = replayed(app, done)
        assert again.output_digest == done.output_digest
        row = app.jobs.plan_replay(job.id, StageName.MATCH_BRANDS, {}).stages[StageName.MATCH_BRANDS.number]
        assert row.action == "reuse"
        app.bus.undo()
        app.bus.undo()
        without = replayed(app, job)
        assert all(a.evidence != "look" for a in app.runs.get(without.id).appearances)


@pytest.mark.full
def test_the_command_line_finds_it_elsewhere(finished: Finished, tmp_path: Path) -> None:
    words = ("--library", finished.library, "brands", "find", SYMBOL_BRAND)
    sponsight(*words, code=2)
    with open_container(finished.library) as app:
        draw(app, first_run(app), truth_of(finished), 4)
    found = json.loads(sponsight(*words, "--json").stdout)
    assert found and all(f["brand_name"] == SYMBOL_BRAND for f in found)
    assert "was found" in sponsight(*words, "--all", "--quiet").stdout


def test_a_brand_that_a_run_may_not_find_is_told(finished: Finished) -> None:
    truth = truth_of(finished)
    with open_container(finished.library) as app:
        job = first_run(app)
        with pytest.raises(UserFixable, match="no reference picture"):
            app.elsewhere.quest(app.library.brands.one(SYMBOL_BRAND).id)
        draw(app, job, truth, 4)
        app.bus.undo()
        run = app.runs.get(job.id)
        app.bus.do(
            DrawBox(
                source_id=job.source_asset_id,
                job_id=job.id,
                time=run.frames[next(iter(run.kept))].time,
                polygon=rectangle(100, 100, 180, 160),
                brand_name="Nobody's Mark",
            )
        )
        with pytest.raises(UserFixable, match="limited to demo"):
            app.elsewhere.quest(app.library.brands.one("Nobody's Mark").id)


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_four_in_five_frames_over_whole_demos(tmp_path: Path, seed: int) -> None:
    from app.demo_run import DEMO_BOOK, prepare_demo

    with open_container(tmp_path / "library") as app:
        source, truth = prepare_demo(app, seed=seed)
        job = app.jobs.start(app.jobs.create(source.id, books=(DEMO_BOOK,)).id).result()
        for number in (3, 29):
            drawn = draw(app, job, truth, number)
            result = score(app, replayed(app, job), truth, drawn)
            assert result.frames >= 20 and result.hit >= 0.8 * result.frames, result
            assert result.false <= 0.05 * result.finds, result
            app.bus.undo()
