"""All videos that still have to be run: which they are, each with its outcome, from the command line too."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from app.cli import STOPPED, main
from app.cli.batch import all_due, run_steps
from app.cli.console import RunReporter
from app.container import Container, open_container
from app.run_all import Batch, Due, find_due, make_run
from engine.domain.errors import Cancelled, UserFixable
from engine.domain.jobs import DetectJob, JobStatus
from storage.library import Library
from tests.storage_support import a_job, a_source
from tests.video_support import make_video


def moved(library: Library, job: DetectJob, *statuses: JobStatus) -> DetectJob:
    for status in statuses:
        job = library.jobs.move(job.id, status)
    return job


@pytest.fixture
def library(library_dir: Path) -> Iterator[Library]:
    with Library.open(library_dir) as opened:
        yield opened


def due_of(library: Library, queued: str = "") -> list[tuple[str, str]]:
    due = find_due(library.sources.all(), library.jobs.all(), lambda job_id: job_id == queued)
    return [(d.source.name.removesuffix(".mp4"), d.how) for d in due]


def test_which_videos_are_due_and_how_they_go_on(library: Library) -> None:
    names = (
        *("new", "failed", "interrupted", "waiting", "running", "done"),
        *("stopped", "stopped-early", "stopped-replay", "failed-replay", "queued"),
    )
    sources = {name: a_source(library, name) for name in names}

    def job(name: str, *statuses: JobStatus) -> DetectJob:
        return moved(library, a_job(library, sources[name]), *statuses)

    running, failed, stopped = JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELLED
    job("failed", running, failed)
    job("interrupted", running, JobStatus.PAUSED)
    job("waiting")
    job("running", running)
    job("done", running, failed)
    job("done", running, JobStatus.COMPLETED)
    job("stopped", running, stopped)
    job("stopped-early", stopped)
    for name, end in (("stopped-replay", stopped), ("failed-replay", failed)):
        job(name, running, JobStatus.COMPLETED)
        job(name, running, end)
    queued = job("queued", running, JobStatus.PAUSED)
    assert due_of(library, queued.id) == [
        ("new", "new"),
        ("failed", "retry"),
        ("interrupted", "resume"),
        ("waiting", "resume"),
        ("stopped", "retry"),
        ("stopped-early", "new"),
        ("failed-replay", "retry"),
    ]
    library.removals.add(sources["new"].id)
    assert due_of(library, queued.id)[0] == ("failed", "retry")


@pytest.fixture
def app(library_dir: Path, tmp_path: Path) -> Iterator[Container]:
    with open_container(library_dir, workers=1) as opened:
        for number in range(3):
            path = tmp_path / f"match {number}.mp4"
            make_video(path, 30 + number)
            opened.jobs.import_source(path)
        yield opened


def due_in(app: Container) -> tuple[Due, ...]:
    return find_due(app.jobs.sources(), app.jobs.jobs(), app.jobs.is_queued)


def test_one_videos_failure_stops_no_other_and_each_outcome_is_told(app: Container, tmp_path: Path) -> None:
    due = due_in(app)
    assert [d.source.name for d in due] == ["match 0.mp4", "match 1.mp4", "match 2.mp4"]
    (tmp_path / "match 1.mp4").unlink()
    assert [d.is_missing for d in due] == [False, True, False]
    ended = Batch(app, due).done.result(timeout=120)
    assert [e.is_complete for e in ended] == [True, False, True]
    assert [e.source.name for e in ended] == [d.source.name for d in due]
    assert ended[1].job is not None and "match 1.mp4" in str(ended[1].error)
    assert [(d.source.name, d.how) for d in due_in(app)] == [("match 1.mp4", "retry")]


def test_a_run_that_cannot_be_made_is_an_outcome_too(app: Container) -> None:
    due = due_in(app)
    gone = replace(due[1], source=msgspec.structs.replace(due[1].source, id="nobody"))
    ended = Batch(app, [due[0], gone]).done.result(timeout=120)
    assert ended[0].is_complete
    assert ended[1].job is None and isinstance(ended[1].error, UserFixable)
    unknown = Batch(app, due[1:], profile="nobody's").done.result(timeout=120)
    assert [e.job for e in unknown] == [None, None] and "no profile" in str(unknown[0].error)
    assert Batch(app, []).done.result(timeout=1) == ()


@pytest.mark.full
def test_all_can_be_stopped_and_run_again(app: Container) -> None:
    due = due_in(app)
    paused = make_run(app, due[2])
    app.library.jobs.move(paused.id, JobStatus.RUNNING)
    app.library.jobs.move(paused.id, JobStatus.PAUSED)
    gate = _Gate()
    busy = app.jobs._conductor.submit(gate)
    batch = Batch(app, due_in(app))
    assert app.jobs.stop_all() == 3
    gate.open()
    busy.result(timeout=60)
    ended = batch.done.result(timeout=60)
    assert not any(e.is_complete or e.error for e in ended)
    statuses = {j.source_asset_id: j.status for j in app.jobs.jobs()}
    assert [statuses[d.source.id] for d in due] == [
        JobStatus.CANCELLED,
        JobStatus.CANCELLED,
        JobStatus.PAUSED,
    ]
    assert [d.how for d in due_in(app)] == ["new", "new", "resume"]
    assert all(e.is_complete for e in Batch(app, due_in(app)).done.result(timeout=120))
    assert due_in(app) == () and app.jobs.stop_all() == 0


class _Gate:
    """Keeps the conductor busy until it is opened."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self) -> None:
        self._event.wait(60)

    def open(self) -> None:
        self._event.set()

    @property
    def is_open(self) -> bool:
        return self._event.is_set()

    def __enter__(self) -> _Gate:
        return self

    def __exit__(self, *exc: object) -> None:
        self.open()


def until_cancelled(app: Container, job_id: str) -> None:
    for _ in range(600):
        if app.jobs.job(job_id).status is JobStatus.CANCELLED:
            return
        time.sleep(0.05)
    raise AssertionError("it still waits")


# The command line --------------------------------------------------------------------------------------


def run(folder: Path, *words: str) -> int:
    return main(["--library", str(folder), "run", "--set", "extract_frames.sample_fps=1", *words])


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"match {number}.mp4" for number in range(2)]
    for number, path in enumerate(paths):
        make_video(path, 30 + number)
    return paths


def test_several_videos_in_one_call_and_what_failed_is_told_at_the_end(
    library_dir: Path, clips: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    names = [str(p) for p in (clips[0], broken, clips[1], clips[0])]
    assert run(library_dir, *names) == 2
    said = capsys.readouterr().err
    assert "2 runs follow, one after the other" in said
    assert "[2/2] match 1.mp4" in said and "2 of 2 runs are complete" in said
    assert said.splitlines()[-1].startswith("broken.mp4: ")
    with Library.open(library_dir) as library:
        assert [j.status for j in library.jobs.all()] == [JobStatus.COMPLETED] * 2


def test_all_videos_of_the_library_that_are_due(
    library_dir: Path, clips: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with open_container(library_dir) as app:
        for clip in clips:
            app.jobs.import_source(clip)
    assert run(library_dir, "--all", "--plan") == 0
    assert "2 runs follow" in capsys.readouterr().out
    clips[0].rename(clips[0].with_name("moved.mp4"))
    assert run(library_dir, "--all") == 0
    said = capsys.readouterr().err
    assert "match 0.mp4 is left out" in said and "1 run follows." in said and "1 of 1 runs" in said
    clips[0].with_name("moved.mp4").rename(clips[0])
    assert run(library_dir, "--all", "--quiet") == 0
    assert capsys.readouterr().err == ""
    assert run(library_dir, "--all") == 0
    assert "nothing to run" in capsys.readouterr().err


def test_ctrl_c_pauses_the_running_video_and_begins_no_other(
    library_dir: Path, clips: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped_at_once(self: RunReporter, future: object, interrupted: object) -> object:
        interrupted()  # type: ignore[operator]
        return follow(self, future, interrupted)  # type: ignore[arg-type]

    follow = RunReporter.follow
    monkeypatch.setattr(RunReporter, "follow", stopped_at_once)
    assert run(library_dir, *map(str, clips)) == STOPPED
    assert "0 of 2 runs are complete" in capsys.readouterr().err
    with Library.open(library_dir) as library:
        assert len(library.sources.all()) == 2, "what did not begin is there for --all"
        (job,) = library.jobs.all()
        assert job.status in (JobStatus.PAUSED, JobStatus.PENDING)


@pytest.mark.parametrize("for_machines", [False, True])
def test_the_command_that_holds_the_library_cancels_a_waiting_run_at_once(
    app: Container, library_dir: Path, capsys: pytest.CaptureFixture[str], for_machines: bool
) -> None:
    jobs = [make_run(app, due) for due in due_in(app)]
    gate = _Gate()
    app.jobs._conductor.submit(gate)
    reporter = RunReporter(app, json_events=for_machines)
    with ThreadPoolExecutor(1) as pool, gate:
        following = pool.submit(reporter.follow, app.jobs.start(jobs[0].id), lambda: None)
        for job in reversed(jobs):
            assert main(["--library", str(library_dir), "cancel", job.id]) == 0
            until_cancelled(app, job.id)
        with pytest.raises(Cancelled):
            following.result(timeout=60)
        assert not gate.is_open, "nobody waits for a turn"
    said = capsys.readouterr()
    for job in jobs:
        if for_machines:
            assert f'"job_id":"{job.id}","status":"cancelled"' in said.out
        else:
            name = Path(job.video_path).name
            assert f"Run {job.id[:8]} of {name} was cancelled by another command." in said.err


def test_what_is_cancelled_before_its_turn_is_passed_over(
    app: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    for due in due_in(app):
        make_run(app, due)
    steps, batch = all_due(app, {"books": ()}, quiet=False), due_in(app)
    for job in app.jobs.jobs()[:2]:
        app.jobs.cancel(job.id)
    given = argparse.Namespace(quiet=False, json_events=False, plan=False)
    assert run_steps(app, steps, given) == STOPPED
    said = capsys.readouterr().err
    assert "1 of 3 runs are complete" in said and "can't be started" not in said
    ended = Batch(app, batch[1:]).done.result(timeout=60)
    assert [(e.job is not None, e.error) for e in ended] == [(True, None)] * 2


@pytest.mark.parametrize("words", [[], ["--all", "match.mp4"]])
def test_videos_or_all_of_them(
    library_dir: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(library_dir, *words) == 2
    assert "sponsight run --all" in capsys.readouterr().err
