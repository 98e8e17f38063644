"""Runs steered from the command line where the process that worked on them is gone, and commands that are stopped."""

from __future__ import annotations

import errno
import io
import shutil
from pathlib import Path

import pytest

from app.cli import STOPPED, dispatch, main
from app.container import open_container
from engine.domain.jobs import JobStatus
from storage.library import Library
from tests.storage_support import a_job, a_source
from tests.video_support import make_video


@pytest.fixture
def killed(library_dir: Path) -> str:
    """The id of a run that was left running by a process that is gone."""
    with Library.open(library_dir) as library:
        job = a_job(library, a_source(library))
        library.jobs.move(job.id, JobStatus.RUNNING)
    return job.id


def status(folder: Path, job_id: str) -> JobStatus:
    with Library.open(folder, read_only=True) as library:
        assert library.control.asked(job_id) is None
        return library.jobs.get(job_id).status


def test_a_run_whose_process_is_gone_is_listed_as_interrupted(
    library_dir: Path, killed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["jobs"], ["show", killed]):
        assert main(["--library", str(library_dir), *words]) == 0
        said = capsys.readouterr().out
        assert "interrupted" in said and "running" not in said
    with Library.open(library_dir) as library:
        library.jobs.move(killed, JobStatus.RUNNING)
        assert main(["--library", str(library_dir), "jobs"]) == 0
        assert "running" in capsys.readouterr().out


@pytest.mark.parametrize(("verb", "then"), [("cancel", JobStatus.CANCELLED), ("pause", JobStatus.PAUSED)])
def test_a_run_whose_process_is_gone_is_paused_and_cancelled_at_once(
    library_dir: Path, killed: str, capsys: pytest.CaptureFixture[str], verb: str, then: JobStatus
) -> None:
    assert main(["--library", str(library_dir), verb, killed]) == 0
    assert f"is {then.value}" in capsys.readouterr().out
    assert status(library_dir, killed) is then


def test_a_run_at_work_elsewhere_is_asked(
    library_dir: Path, killed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library.open(library_dir) as library:
        library.jobs.move(killed, JobStatus.RUNNING)
        assert main(["--library", str(library_dir), "cancel", killed]) == 0
        assert library.control.asked(killed) == "cancel"
    assert "Asked run" in capsys.readouterr().out


@pytest.mark.parametrize("before", [JobStatus.PENDING, JobStatus.PAUSED])
def test_a_run_that_waits_elsewhere_is_cancelled_by_who_has_the_library_open(
    library_dir: Path, killed: str, capsys: pytest.CaptureFixture[str], before: JobStatus
) -> None:
    words = ["--library", str(library_dir)]
    with open_container(library_dir) as app:
        job = a_job(app.library, app.library.sources.all()[0])
        if before is JobStatus.PAUSED:
            app.library.jobs.move(job.id, JobStatus.RUNNING)
            app.library.jobs.move(job.id, JobStatus.PAUSED)
        assert main([*words, "pause", job.id]) != 0
        assert "only a run that is going can be paused" in capsys.readouterr().err
        assert main([*words, "cancel", job.id]) == 0
        assert f"is {before.value}" in capsys.readouterr().out
        assert app.jobs.hear() == [job.id] and app.jobs.hear() == []
        assert app.jobs.job(job.id).status is JobStatus.CANCELLED
    assert status(library_dir, job.id) is JobStatus.CANCELLED


def test_a_wish_that_nobody_heard_is_carried_out_by_who_opens_the_library_next(
    library_dir: Path, killed: str
) -> None:
    with Library.open(library_dir):
        assert main(["--library", str(library_dir), "cancel", killed]) == 0
    with open_container(library_dir) as app:
        assert app.jobs.job(killed).status is JobStatus.CANCELLED
    assert status(library_dir, killed) is JobStatus.CANCELLED


def test_what_is_asked_of_a_run_that_has_ended_or_is_gone_is_forgotten(
    library_dir: Path, killed: str
) -> None:
    with Library.open(library_dir) as library:
        library.jobs.move(killed, JobStatus.CANCELLED)
        library.control.ask(killed, "cancel")
        library.control.ask("gone", "cancel")
    with open_container(library_dir) as app:
        assert app.library.control.wishes() == ()
        assert app.jobs.job(killed).status is JobStatus.CANCELLED


def test_ctrl_c_ends_any_command_in_words(
    library_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(dispatch, "dispatch", stopped)
    assert main(["--library", str(library_dir), "brands", "list"]) == STOPPED
    assert "Stopped" in capsys.readouterr().err


def test_a_video_that_was_overwritten_is_not_taken_for_the_one_before(
    library_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = tmp_path / "match.mp4", tmp_path / "kept.mp4"
    make_video(here, 40)
    plan = ["--library", str(library_dir), "run", "--plan"]
    assert main([*plan, str(here)]) == 0
    shutil.copyfile(here, there)
    make_video(here, 60)
    assert main(["--library", str(library_dir), "jobs", str(here)]) == 2
    said = capsys.readouterr().err
    assert "another video now" in said and f"sponsight run {here}" in said
    assert main([*plan, str(there)]) == 0
    with Library.open(library_dir) as library:
        (source,) = library.sources.all()
        assert source.path == str(there), "the same bytes are at another place now"
    assert main([*plan, str(here)]) == 0
    with Library.open(library_dir) as library:
        assert {s.path for s in library.sources.all()} == {str(here), str(there)}


@pytest.mark.parametrize("command", ["run", "show"])
def test_a_link_that_leads_to_itself_is_told(
    library_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    Library.open(library_dir).close()
    video = tmp_path / "loop.mp4"
    video.symlink_to(video)
    assert main(["--library", str(library_dir), command, str(video)]) == 2
    assert "leads nowhere" in capsys.readouterr().err


def test_a_library_that_may_not_be_looked_into_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refused)
    assert main(["--library", str(tmp_path / "library"), "jobs"]) == 2
    assert "can't be read: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["resume", "retry"])
def test_a_run_that_goes_on_takes_no_other_settings(
    library_dir: Path, killed: str, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--library", str(library_dir), verb, killed, "--set", "match_brands.accept=99"])
    assert ended.value.code == 2 and "--set" in capsys.readouterr().err


def test_a_run_of_a_time_that_the_video_doesn_t_have_is_not_made(
    library_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = make_video(tmp_path / "match.mp4", 50)
    words = ["--library", str(library_dir), "run", str(video), "--quiet"]
    assert main([*words, "--start", "9"]) == 2
    assert "Nothing was started" in capsys.readouterr().err
    with Library.open(library_dir, read_only=True) as library:
        assert len(library.sources.all()) == 1 and not library.jobs.all()


@pytest.mark.parametrize(("verb", "code"), [("run", STOPPED), ("jobs", 0)])
def test_a_run_that_nobody_listens_to_any_more_has_stopped(
    library_dir: Path, monkeypatch: pytest.MonkeyPatch, verb: str, code: int
) -> None:
    def broken(*_: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(dispatch, "dispatch", broken)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert main(["--library", str(library_dir), verb]) == code
