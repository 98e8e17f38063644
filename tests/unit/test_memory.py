"""Free memory in the middle of the heap goes back to the system; a command seldom looks for garbage."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ui.__main__
from engine.adapters.memory import give_back

PIECE, PIECES = 100_000, 2000


def resident() -> int:
    """Resident bytes of this process."""
    facts = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in facts if line.startswith("VmRSS"))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_free_memory_is_handed_back() -> None:
    pieces = [np.ones(PIECE, np.uint8) for _ in range(PIECES)]
    held = [pieces[-1]]
    del pieces
    before = resident()
    give_back()
    assert before - resident() > PIECE * PIECES / 2
    assert held[0].sum() == PIECE


def test_a_command_seldom_looks_for_garbage_and_a_window_that_it_opens_as_usual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual, seen = gc.get_threshold(), []

    def command(given: list[str], open_window: object) -> int:
        seen.append(gc.get_threshold())
        assert callable(open_window)
        return int(open_window(Path("library"), "source"))

    def window(folder: Path, review: str) -> int:
        seen.append(gc.get_threshold())
        return 5

    monkeypatch.setattr("app.cli.main", command)
    monkeypatch.setattr("ui.application.run_window", window)
    assert ui.__main__.main(["demo"]) == 5
    assert seen[0][0] > 10 * usual[0] and seen[1] == gc.get_threshold() == usual


def test_what_is_left_at_the_end_of_a_command_goes_with_the_process() -> None:
    code = """
import ui.__main__
class Knot:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("looked through")
try:
    ui.__main__.main(["jobs", "--help"])
except SystemExit:
    pass
knots = [Knot()]
knots.clear()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout and "looked through" not in done.stdout, done.stderr
