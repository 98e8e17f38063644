"""A reviewer's day by keys only: import, run, review, undo, replay, difference, accept, export, quit, reopen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.demo_run import import_demo_book
from engine.domain.jobs import JobStatus

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
DECISIONS = 20


class Keys:
    """Presses keys where the focus is, as a person at the keyboard."""

    def __init__(self, qtbot, driver) -> None:
        self._qtbot = qtbot
        self._driver = driver

    def target(self) -> QWidget:
        popup = QApplication.activePopupWidget()
        if popup is not None:
            return popup.focusWidget() or popup
        if QApplication.activeWindow() is None:  # offscreen there is no window manager that would do it
            self._driver.window.activateWindow()
            self._driver.until(lambda: QApplication.activeWindow() is not None)
        over = QApplication.activeModalWidget()
        if over is not None:
            return over.focusWidget() or over
        return QApplication.focusWidget() or self._driver.window

    def __call__(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self._qtbot.keyClick(self.target(), key, modifiers)

    def type(self, text: str) -> None:
        self._qtbot.keyClicks(self.target(), text)

    def path(self, field: QLineEdit, path: Path) -> None:
        """Pastes a path into a file dialog and presses Enter (its completer's list would swallow single keys)."""
        field.setFocus()
        field.setText(str(path))
        self._qtbot.wait(200)  # the dialog reads the folder in a thread of its own
        self._qtbot.keyClick(field, Qt.Key.Key_Return)

    def command(self, name: str) -> None:
        """Ctrl+K, a name, Enter."""
        self(Qt.Key.Key_K, CTRL)
        self.type(name)
        self(Qt.Key.Key_Return)


def decided(container, source_id: str) -> int:
    return sum(d.active for d in container.library.decisions.of_source(source_id))


@pytest.fixture
def clip(finished_demo: Path) -> Path:
    return next((finished_demo / "demo").glob("*.mp4"))


def test_a_day_by_keys(qtbot, open_window, library_dir, clip, tmp_path):
    driver = open_window(library_dir)
    window, container = driver.window, driver.app.container
    import_demo_book(container)
    press = Keys(qtbot, driver)

    # Import: Ctrl+O, the path, Enter.
    press(Qt.Key.Key_O, CTRL)
    dialog = driver.dialog()
    press.path(dialog.findChild(QLineEdit), clip)
    driver.until(lambda: window.session.source is not None)
    source = window.session.source.id

    # Run: F5.
    press(Qt.Key.Key_F5)
    driver.until(lambda: window.session.job is not None)
    first = window.session.job.id
    driver.until(lambda: window.session.job.status is JobStatus.COMPLETED, 120)
    driver.settle()

    # Review: Esc goes to the frame; a key decides and goes on.
    press(Qt.Key.Key_Escape)
    driver.until(
        lambda: window.review.desk.snapshot is not None and len(window.review.desk.snapshot.rows) > 0
    )
    possible = min(DECISIONS, len(window.review.desk.snapshot.rows))
    assert possible >= 8, "the demo offers work"
    for number in range(possible):
        before = decided(container, source)
        press((Qt.Key.Key_X, Qt.Key.Key_S)[number % 2])
        driver.until(lambda n=before: decided(container, source) > n)
        driver.settle()
    made = decided(container, source)
    assert made == possible
    assert "saved" in window.status._saved.text()

    # Undo three: each names what it takes back.
    for _ in range(3):
        driver.until(lambda: driver.app.actions["edit.undo"].isEnabled())
        assert driver.app.actions["edit.undo"].text().startswith("Undo ")
        before = decided(container, source)
        press(Qt.Key.Key_Z, CTRL)
        driver.until(lambda n=before: decided(container, source) < n)
        driver.settle()
    kept = decided(container, source)
    assert kept == made - 3

    # Another threshold: Ctrl+T, a number, Shift+F5 and the plan before the replay.
    press(Qt.Key.Key_T, CTRL)
    driver.settle()
    panel = window.run_panel.thresholds
    assert panel.isAncestorOf(QApplication.focusWidget()), "the keys go on in the panel"
    press.type("80")
    press(Qt.Key.Key_Return)
    driver.until(lambda: panel.delta() == {"accept": 80.0})
    driver.settle()
    press(Qt.Key.Key_F5, SHIFT)
    driver.dialog()
    press(Qt.Key.Key_Return)
    driver.until(lambda: window.session.job.id != first)
    driver.until(lambda: window.session.job.status is JobStatus.COMPLETED)
    driver.settle()
    second = window.session.job.id
    assert decided(container, source) == kept, "a replay leaves every decision in force"

    # Difference: both runs selected on the runs page.
    press(Qt.Key.Key_5, ALT)
    driver.settle()
    page = window.pages.currentWidget()
    driver.until(lambda: page.tree.topLevelItemCount() == 1)
    for _ in range(12):
        if page.tree.hasFocus():
            break
        press(Qt.Key.Key_Tab)
    assert page.tree.hasFocus()
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Down, SHIFT)
    driver.until(lambda: page.diff.settings.rowCount() == 1)

    # Accept by the palette, export by Ctrl+E.
    press.command("Accept this run")
    driver.until(lambda: window.session.job.accepted)
    driver.settle()
    target = tmp_path / "out"
    target.mkdir()
    press(Qt.Key.Key_E, CTRL)
    dialog = driver.dialog()
    press.path(dialog.findChild(QLineEdit), target)
    driver.until(lambda: len(list(target.glob("*.csv"))) >= 1 and len(list(target.glob("*.json"))) == 1)
    driver.settle()

    # Quit and open again: everything is still there, undo too.
    press(Qt.Key.Key_Q, CTRL)
    driver.until(driver.app.closed.is_set)
    again = open_window(library_dir)
    again.window.open_source(source)
    again.settle()
    assert again.window.session.job.id == second and again.window.session.job.accepted
    assert decided(again.app.container, source) == kept
    again.until(lambda: again.app.actions["edit.undo"].isEnabled())
    assert "ccept" in again.app.actions["edit.undo"].text()


@pytest.mark.full
def test_a_killed_window_loses_nothing(finished_demo, tmp_path):
    """Kill -9 in the middle of a run: reopened, the run is paused and resumes, decisions are there."""
    import os
    import shutil
    import signal
    import subprocess
    import sys
    import time

    from app.commands import Decide
    from app.container import open_container
    from app.overlay import load_overlay

    folder = tmp_path / "library"
    shutil.copytree(finished_demo, folder)
    code = f"""
import sys, threading, time
from pathlib import Path
from PySide6.QtCore import QTimer
import ui.application as a
start = a.WindowApp.start
def started(self, *given, **named):
    start(self, *given, **named)
    def go():
        w = self.window
        if not w.session.shelf.sources:
            return QTimer.singleShot(50, go)
        w.open_source(w.session.shelf.sources[0].id)
        w.runs.create({{"extract_frames": {{"sample_fps": 12.0}}}}, "soccer_broadcast")
        w.services.bridge.parts.connect(lambda parts: print("part", flush=True))
    QTimer.singleShot(0, go)
a.WindowApp.start = started
sys.exit(a.run_window(Path({str(folder)!r})))
"""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line.strip() == "part", "the run did not get going"
    with open_container(folder, read_only=True) as onlooker:
        deadline = time.monotonic() + 60
        while not any(0 < job.progress < 1 for job in onlooker.jobs.jobs()):
            assert time.monotonic() < deadline, "no progress was stored"
            time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with open_container(folder) as app:
        jobs = app.jobs.jobs()
        killed = next(job for job in jobs if not job.accepted)
        assert killed.status is JobStatus.PAUSED and 0 < killed.progress < 1
        assert any("resume" in note for note in app.library.notes)
        accepted = next(job for job in jobs if job.accepted)
        key = load_overlay(app.library, accepted.id).appearances[0].key
        app.bus.do(
            Decide(
                source_id=accepted.source_asset_id, job_id=accepted.id, appearance_keys=(key,), kind="unsure"
            )
        )
        done = app.jobs.start(killed.id).result()
        assert done.status is JobStatus.COMPLETED
        assert sum(d.active for d in app.library.decisions.of_source(accepted.source_asset_id)) == 1
