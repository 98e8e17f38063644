"""A short real demo, run once a session with the real models; tests work on copies of its library."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.made_once import MadeOnce

SECONDS = 6.0
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
def demo_clip(made_once: MadeOnce) -> Path:
    """A six-second demo clip (chunks of 2, 2 and 2 s)."""
    from app.demo.render import render_demo

    def render(folder: Path) -> None:
        render_demo(folder / "demo.mp4", seed=3, seconds=SECONDS, size=SIZE)

    return made_once("clip", render) / "demo.mp4"


def bring_in_the_book(folder: Path) -> Path:
    """A new library in the folder, with the demo's book and nothing else."""
    from app.demo.brands import demo_book_csv

    library = folder / "library"
    sponsight("--library", library, "brands", "import", demo_book_csv(folder / "demo.csv"), "--book", "demo")
    return library


@pytest.fixture(scope="session")
def finished_once(demo_clip: Path, made_once: MadeOnce) -> Finished:
    def run(folder: Path) -> None:
        library = bring_in_the_book(folder)
        sponsight("--library", library, "run", demo_clip, "--book", "demo", "--workers", 2)

    return Finished(demo_clip, made_once("finished", run) / "library")


@pytest.fixture(scope="session")
def fresh_once(demo_clip: Path, made_once: MadeOnce) -> Finished:
    """A library with the demo's book, brought in by itself: it has nothing from the finished one."""
    return Finished(demo_clip, made_once("fresh", bring_in_the_book) / "library")


@pytest.fixture
def finished(finished_once: Finished, tmp_path: Path) -> Finished:
    """A library of this test's own with the finished run in it."""
    copy = tmp_path / "library"
    shutil.copytree(finished_once.library, copy)
    return Finished(finished_once.video, copy)


@pytest.fixture
def fresh(fresh_once: Finished, tmp_path: Path) -> Finished:
    """A library of this test's own with the demo's book and no run."""
    return Finished(fresh_once.video, shutil.copytree(fresh_once.library, tmp_path / "fresh"))
