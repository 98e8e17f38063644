"""README's first command: the window opens on the finished demo, and the first keys that are pressed decide."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PERSON = """
import json, sys
from PySide6.QtCore import QTimer, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
import ui.application as application

start = application.WindowApp.start
told = {}


def tell(desk, name):
    focus = QApplication.focusWidget()
    row = desk.snapshot.rows[desk.snapshot.place[desk.key]]
    told[name] = {
        "page": seen.window.pages.current,
        "row": desk.snapshot.place[desk.key],
        "decided": desk.is_decided(row),
        "before": sum(not desk.is_decided(r) for r in desk.snapshot.rows[: desk.snapshot.place[desk.key]]),
        "focus": focus.accessibleName() if focus else "",
        "picture": seen.window.review.player.picture is not None,
        "message": "" if seen.window.messages.isHidden() else seen.window.messages._text.text(),
    }


def press(key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(QApplication.focusWidget() or seen.window, key, modifiers)


def live():
    desk = seen.window.review.desk
    if seen.window.session.source is None or desk.snapshot is None or not desk.settled:
        return
    if seen.tasks.is_busy or seen.window.review.player.picture is None:
        return
    if not told:
        tell(desk, "opened")
        press(Qt.Key.Key_S)
    elif "unsure" not in told:
        tell(desk, "unsure")
        press(Qt.Key.Key_X)
    elif "rejected" not in told:
        tell(desk, "rejected")
        press(Qt.Key.Key_Right)
        press(Qt.Key.Key_Down)
    elif "moved" not in told:
        tell(desk, "moved")
        press(Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
        watch.stop()


def started(self, *given, **named):
    global seen
    seen = self
    start(self, *given, **named)
    watch.start(50)


application.WindowApp.start = started
application.make_qt_application()
watch = QTimer()
watch.timeout.connect(live)
from ui.__main__ import main

code = main(sys.argv[1:])
print("TOLD " + json.dumps(told))
sys.exit(code)
"""


def first_command(library: Path) -> dict[str, dict[str, object]]:
    """What a person sees who types `demo` and then S, X, →, ↓, Ctrl+Q."""
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    environment.setdefault("DISPLAY", ":0")
    words = ["--library", str(library), "demo", "--seconds", "4", "--size", "640x360", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", PERSON, *words], capture_output=True, text=True, timeout=150, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, dict[str, object]] = json.loads(done.stdout.rpartition("TOLD ")[2])
    return told


def test_the_first_command_opens_the_demo_ready_to_review(tmp_path: Path) -> None:
    told = first_command(tmp_path / "demo")
    opened = told["opened"]
    assert opened["page"] == "view.review" and opened["picture"]
    assert opened["row"] == 0 and not opened["decided"]
    assert opened["focus"] == "Frame"
    assert "runs it" not in str(opened["message"]), "the demo has been run already"
    assert [told[step]["row"] for step in ("unsure", "rejected", "moved")] == [1, 2, 3]

    again = first_command(tmp_path / "demo")["opened"]
    assert not again["decided"] and again["before"] == 0, "it goes on where nobody has decided yet"
