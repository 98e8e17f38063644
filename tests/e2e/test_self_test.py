"""The self-test from the checkout and from the bundle; both leave the user's own folders alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "packaging" / "build.py"


def lines_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


def assert_whole_job_was_done(lines: list[str], kept: Path) -> None:
    steps = [line.split(":")[0] for line in lines[:-1]]
    assert steps == [f"ok      {step}" for step in ("machine", "render, run, export", "verify", "window")]
    assert lines[-1].startswith("Self-test passed")
    document = json.loads((kept / "exports" / "demo.json").read_text("utf-8"))
    assert document["format"] == "sponsight.export/1"
    assert (kept / "window.png").stat().st_size > 20_000


@pytest.mark.full
def test_self_test_of_the_checkout(tmp_path: Path):
    kept, home = tmp_path / "kept", tmp_path / "home"
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "DISPLAY", "WAYLAND"))}
    command = [sys.executable, "-m", "ui", "--self-test", str(kept)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment | {"HOME": str(home)}, capture_output=True, text=True, timeout=170
    )
    assert_whole_job_was_done(lines_of(done), kept)
    assert not list(home.rglob("preferences.toml")) and not list(home.rglob("window.conf"))


def test_a_failing_step_ends_the_self_test_with_its_reason(tmp_path: Path):
    from app.self_test import run_self_test

    (tmp_path / "library").write_text("no folder", "utf-8")
    said: list[str] = []
    assert run_self_test(tmp_path, window=None, say=said.append) == 2
    assert [line.split(":")[0] for line in said] == ["ok      machine", "FAILED  render, run, export"]
    assert "library" in said[-1]


@pytest.mark.full
@pytest.mark.timeout(900)
def test_the_bundle_passes_its_self_test_without_python(tmp_path: Path):
    """Builds the bundle and runs it with an empty environment, on a virtual screen where there is one."""
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24"] if sys.platform == "linux" else []
    command = [*screen, sys.executable, str(BUILD), "--check", "--keep", str(tmp_path / "kept")]
    environment = {k: v for k, v in os.environ.items() if not screen or k != "QT_QPA_PLATFORM"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=880)
    lines = [line for line in lines_of(done) if line.startswith(("ok ", "FAILED", "Self-test"))]
    assert_whole_job_was_done(lines, tmp_path / "kept")
    bundle = ROOT / "build" / "dist" / "sponsight"
    assert not [path for path in bundle.rglob("*") if path.is_symlink() and not path.exists()]
    assert (bundle / "THIRD-PARTY-LICENSES" / "README.md").exists()
    assert "platform xcb" in lines[3] or not screen
