"""What people decided on a real run stays in force through replays, or is an orphan with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands import Decide, DrawBox, Verdict
from app.container import Container, open_container
from app.overlay import Overlay, State
from engine.domain.decisions import Decision
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob, JobStatus, Overrides
from engine.domain.stages import StageName
from tests.e2e.conftest import SIZE, Finished

KINDS: tuple[Verdict, ...] = ("confirm", "reject", "reassign", "unsure")
EXPECTED = {
    "confirm": State.CONFIRMED,
    "reject": State.REJECTED,
    "reassign": State.REASSIGNED,
    "unsure": State.UNSURE,
}


def decide_on_all(app: Container, job: DetectJob, most: int) -> int:
    """Decide on up to so many appearances, each kind in turn; returns how many were decided."""
    run = app.runs.get(job.id)
    done = 0
    for number, a in enumerate(run.appearances[:most]):
        kind = KINDS[number % 4]
        if kind == "confirm" and not a.candidates:
            kind = "reassign"
        brand = f"Brand {number % 7}" if kind == "reassign" else ""
        app.bus.do(
            Decide(
                source_id=job.source_asset_id,
                job_id=job.id,
                appearance_keys=(a.key,),
                kind=kind,
                brand_name=brand,
            )
        )
        done += 1
    return done


def overlay_of(app: Container, job: DetectJob) -> Overlay:
    return app.review.open(job.id).overlay


def check(app: Container, job: DetectJob) -> int:
    """Every decision is in force or an orphan; what nobody decided says what the machine says. Returns how many
    decisions are in force."""
    overlay = overlay_of(app, job)
    decisions = {d.id: d for d in app.library.decisions.of_source(job.source_asset_id)}
    in_force: set[str] = set()
    for a in overlay.appearances:
        if a.decision is None:
            assert a.machine is not None
            assert a.counts == (a.machine.verdict == "accepted")
            assert a.seen == a.machine.seen
            continue
        in_force.add(a.decision.id)
        holds(a.decision, decisions)
        if a.machine is not None:
            assert a.state is EXPECTED[str(a.decision.kind)]
        if str(a.decision.kind) in ("confirm", "reassign"):
            assert a.brand_name == a.decision.brand_name and a.counts
        elif str(a.decision.kind) == "reject":
            assert not a.counts
    orphans = {o.decision.id for o in overlay.orphans}
    overruled = {d.id for a in overlay.appearances for d in a.history} - in_force
    assert all(o.reason for o in overlay.orphans)
    assert set(decisions) == in_force | orphans | overruled
    # Two signs may have become one; all other decisions stand by themselves.
    assert len(overruled) <= len(decisions) // 10
    return len(in_force)


def holds(decision: Decision, known: dict[str, Decision]) -> None:
    assert known[decision.id] == decision


def replay(app: Container, job: DetectJob, stage: StageName, overrides: Overrides) -> DetectJob:
    made = app.jobs.replay(job.id, stage, overrides)
    ended = app.jobs.start(made.id).result()
    assert ended.status is JobStatus.COMPLETED
    return ended


@pytest.fixture
def app(finished: Finished) -> Iterator[Container]:
    with open_container(finished.library, workers=2) as opened:
        yield opened


THRESHOLDS: tuple[dict[str, float], ...] = (
    {"accept": 80.0},
    {"accept": 97.0, "review": 60.0},
    {"min_text_score": 0.8},
    {"min_box_score": 0.6},
)


def machine_says(app: Container, job: DetectJob) -> set[tuple[str, str, str]]:
    return {(a.key, a.verdict, a.brand_id) for a in app.runs.get(job.id).appearances}


def outlives_thresholds(app: Container, job: DetectJob) -> None:
    """Replays with each of the thresholds; all but what they filter out stays decided, and some of them do change
    what the machine says."""
    before, changed = machine_says(app, job), 0
    for values in THRESHOLDS:
        again = replay(app, job, StageName.MATCH_BRANDS, {"match_brands": values})
        check(app, again)
        changed += machine_says(app, again) != before
    assert changed


def test_decisions_outlive_other_thresholds(app: Container) -> None:
    (job,) = app.jobs.jobs()
    count = decide_on_all(app, job, 50)
    box = DrawBox(
        source_id=job.source_asset_id,
        job_id=job.id,
        time=1_000_000,
        polygon=rectangle(5, SIZE[1] - 60, 80, SIZE[1] - 20),
        brand_name="Swirl",
        end=3_000_000,
    )
    app.bus.do(box)
    assert check(app, job) == count + 1
    outlives_thresholds(app, job)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_decisions_outlive_thresholds_and_replays_from_earlier_stages(app: Container, tmp_path: Path) -> None:
    """Three demos; two thirds of their appearances are decided, the rest shows what is nobody's."""
    from app.demo.render import render_demo

    jobs = list(app.jobs.jobs())
    for seed in (11, 12):
        clip = tmp_path / f"demo-{seed}.mp4"
        render_demo(clip, seed=seed, seconds=9.0, size=SIZE)
        made = app.jobs.create(app.jobs.import_source(clip).id, books=("demo",))
        jobs.append(app.jobs.start(made.id).result())
    decided = sum(decide_on_all(app, job, 2 * len(app.runs.get(job.id).appearances) // 3) for job in jobs)
    assert decided >= 50
    for job in jobs:
        standing = check(app, job)
        outlives_thresholds(app, job)
        for stage, overrides in (
            (StageName.RUN_OCR, {"run_ocr": {"text_floor": 0.5}}),
            (StageName.DETECT_REGIONS, {"detect_regions": {"box_floor": 0.55}}),
            (StageName.FILTER_SCENES, {"filter_scenes": {"blur_floor": 8.0}}),
        ):
            again = check(app, replay(app, job, stage, overrides))
            assert again >= 0.6 * standing
