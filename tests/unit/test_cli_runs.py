"""Runs steered from the command line where the process that worked on them is gone, and commands that are stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import STOPPED, dispatch, main
from engine.domain.jobs import JobStatus
from storage.library import Library
from tests.storage_support import a_job, a_source


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


def test_ctrl_c_ends_any_command_in_words(
    library_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(dispatch, "dispatch", stopped)
    assert main(["--library", str(library_dir), "brands", "list"]) == STOPPED
    assert "Stopped" in capsys.readouterr().err
