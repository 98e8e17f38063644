"""Kill -9 while a person decides: what the window called saved is there, whole, and can be taken back."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.container import open_container

REVIEWER = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer, Qt
from PySide6.QtTest import QTest
import ui.application as application

start, saved = application.WindowApp.start, application.WindowApp._saved


def count(self):
    saved(self)
    source = self.window.session.source.id
    print(len(self.container.library.decisions.of_source(source)), flush=True)


def decide():
    review = seen.window.review
    snapshot = review.desk.snapshot
    if snapshot is None or review.player.picture is None:
        return
    if not any(not review.desk.is_decided(row) for row in snapshot.rows):
        print("done", flush=True)
        clock.stop()
        return
    keys = (Qt.Key.Key_X, Qt.Key.Key_S)
    QTest.keyClick(review.canvas.frame, keys[len(snapshot.rows) % 2])


def started(self, *given, **named):
    global seen
    seen = self
    start(self, *given, **named)
    QTimer.singleShot(0, opened)


def opened():
    if not seen.window.session.shelf.sources:
        return QTimer.singleShot(50, opened)
    seen.window.open_source(seen.window.session.shelf.sources[0].id)
    clock.start(15)


application.WindowApp.start, application.WindowApp._saved = started, count
application.make_qt_application()
clock = QTimer()
clock.timeout.connect(decide)
sys.exit(application.run_window(Path(sys.argv[1])))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_window_killed_in_mid_decision_keeps_all_that_it_called_saved(finished_demo: Path, tmp_path: Path):
    dice = random.Random(5)
    folder = tmp_path / "library"
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(finished_demo, folder)
        child = subprocess.Popen(
            [sys.executable, "-c", REVIEWER, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        time.sleep(dice.random() * 0.15)
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().splitlines()
        child.wait()
        child.stdout.close()
        told = [int(line) for line in lines if line.strip().isdigit()]
        assert told, lines
        with open_container(folder) as app:
            source = app.jobs.sources()[0].id
            decisions = app.library.decisions.of_source(source)
            assert told[-1] <= len(decisions) <= told[-1] + 1, "at most the one on its way is more"
            assert len(app.bus.history(limit=100)) == len(decisions), "each has its line in the log"
            assert all(d.members and d.active for d in decisions)
            assert app.library.verify().ok
            app.bus.undo()
            active = [d for d in app.library.decisions.of_source(source) if d.active]
            assert len(active) == len(decisions) - 1
