"""A short real demo, run once a session with the real models; tests work on copies of its library."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SECONDS = 9.0
SIZE = (960, 540)


@dataclass(frozen=True)
class Finished:
    """A demo clip, and the library in which one complete run of it lies."""

    video: Path
    library: Path


def command(*words: object) -> list[str]:
    """The `sponsight` command as people start it."""
    return [sys.executable, "-m", "ui", *map(str, words)]


def sponsight(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and check its exit code."""
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=170)
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="session")
def demo_clip(shared_dir: Path) -> Path:
    """A nine-second demo clip (chunks of 2, 2, 4 and 1 s)."""
    from app.demo.render import render_demo

    path = shared_dir / "demo.mp4"
    render_demo(path, seed=3, seconds=SECONDS, size=SIZE)
    return path


@pytest.fixture(scope="session")
def finished_once(demo_clip: Path, shared_dir: Path) -> Finished:
    from app.demo.brands import demo_book_csv

    library = shared_dir / "finished"
    sponsight(
        "--library", library, "brands", "import", demo_book_csv(shared_dir / "demo.csv"), "--book", "demo"
    )
    sponsight("--library", library, "run", demo_clip, "--book", "demo", "--workers", 2)
    return Finished(demo_clip, library)


@pytest.fixture
def finished(finished_once: Finished, tmp_path: Path) -> Finished:
    """A library of this test's own with the finished run in it."""
    copy = tmp_path / "library"
    shutil.copytree(finished_once.library, copy)
    return Finished(finished_once.video, copy)


@pytest.fixture
def fresh(finished_once: Finished, shared_dir: Path, tmp_path: Path) -> Finished:
    """A library of this test's own with the demo's book and no run."""
    library = tmp_path / "fresh"
    sponsight("--library", library, "brands", "import", shared_dir / "demo.csv", "--book", "demo")
    return Finished(finished_once.video, library)
