"""The window under test: a real library, the finished demo made once a session, an event loop of Qt's."""

from __future__ import annotations

import asyncio
import gc
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import qasync
from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtWidgets import QApplication, QDialog

import ui.garbage
from app.container import Container, open_container
from app.demo import render_demo
from app.demo_run import DEMO_BOOK, prepare_demo
from app.preferences import Preferences
from engine.domain.jobs import DetectJob, JobStatus
from engine.domain.stages import StageName
from tests.gui.reviewer import Reviewer
from tests.made_once import MadeOnce
from ui.application import WindowApp
from ui.main_window import MainWindow
from ui.window_state import WindowState

SIZE = (640, 360)
SECONDS = 6.0


class Driver:
    """A window with ways to wait for it."""

    def __init__(self, app: WindowApp, qapp: QApplication) -> None:
        self.app = app
        self.window: MainWindow = app.window
        self._qapp = qapp

    def until(self, holds: Callable[[], object], seconds: float = 60.0) -> None:
        """Lets the window live until something holds; fails the test where it doesn't in time."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                pytest.fail("what the test waits for did not come")
            self._qapp.processEvents()
            time.sleep(0.003)

    def settle(self) -> None:
        """Until no work is under way."""
        self.until(lambda: not self.app.tasks.is_busy)
        for _ in range(5):
            self._qapp.processEvents()
        self.until(lambda: not self.app.tasks.is_busy)

    def replay(self) -> DetectJob:
        """Replays the shown run with another limit, and waits for the replay, which is shown then."""
        session = self.window.session
        first = session.job
        assert first is not None
        self.window.runs.replay(first, StageName.MATCH_BRANDS, {"match_brands": {"accept": 80.0}})

        def made() -> DetectJob | None:
            job = session.job
            done = job is not None and job.id != first.id and job.status is JobStatus.COMPLETED
            return job if done else None

        self.until(made)
        job = made()
        assert job is not None
        return job

    def do(self, action: str) -> None:
        self.window.services.actions[action].trigger()
        self.settle()

    def dialog(self) -> QDialog:
        """The dialog that is open; waits for it."""

        def found() -> list[QDialog]:
            return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]

        self.until(found)
        return found()[-1]

    def close(self) -> None:
        for dialog in [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]:
            dialog.reject()
        self.app.begin_close()
        self.until(self.app.closed.is_set)
        self._qapp.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if widgets_of_ours():
            gc.collect()
        assert not widgets_of_ours(), "a closed window leaves widgets behind"


def widgets_of_ours() -> set[str]:
    """Names of the types of all of the program's widgets that are alive."""
    return {type(w).__name__ for w in QApplication.allWidgets() if type(w).__module__.startswith("ui.")}


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[asyncio.AbstractEventLoop]:
    made = qasync.QEventLoop(qapp)
    asyncio.set_event_loop(made)
    yield made
    made.close()
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def finished_demo(made_once: MadeOnce) -> Path:
    """A library with the demo, run to its end; copy it."""

    def run(folder: Path) -> None:
        with open_container(folder) as app:
            source, _ = prepare_demo(app, seconds=SECONDS, size=SIZE)
            job = app.jobs.create(source.id, books=(DEMO_BOOK,))
            app.jobs.start(job.id).result()

    return made_once("gui-demo", run)


@pytest.fixture(scope="session")
def brief_clip(made_once: MadeOnce) -> Path:
    """Two seconds of a demo, for runs of which only matters that they are made."""
    folder = made_once("brief", lambda to: render_demo(to / "demo.mp4", seed=1, seconds=2.0, size=SIZE))
    return folder / "demo.mp4"


@pytest.fixture
def clips(brief_clip: Path, tmp_path: Path) -> Callable[[int], list[Path]]:
    """Makes videos that differ (in what follows their last frame)."""

    def make(count: int) -> list[Path]:
        made = []
        for number in range(count):
            path = tmp_path / f"match {number}.mp4"
            shutil.copy(brief_clip, path)
            with path.open("ab") as end:
                end.write(b"\0\0\0\x0cfree" + bytes([number]) * 4)
            made.append(path)
        return made

    return make


@pytest.fixture
def demo_library(finished_demo: Path, tmp_path: Path) -> Path:
    """A copy of the finished demo of this test's own."""
    folder = tmp_path / "library"
    shutil.copytree(finished_demo, folder)
    return folder


@pytest.fixture
def open_window(
    qapp: QApplication, loop: asyncio.AbstractEventLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Driver]]:
    """Opens windows; those that are still open at the end are closed in order. What they load isn't set aside from
    garbage collection: closing each of hundreds of windows would look through all that was before it as well."""
    monkeypatch.setattr(ui.garbage, "LOADED", sys.maxsize)
    opened: list[Driver] = []

    def open_on(folder: Path, **options: object) -> Driver:
        container: Container = open_container(folder, polite=True, **options)  # type: ignore[arg-type]
        preferences = Preferences(tmp_path / "preferences.toml")
        state = WindowState(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
        driver = Driver(WindowApp(loop, container, preferences, state=state), qapp)
        driver.app.start()
        driver.until(lambda: driver.window.session.loaded)
        driver.settle()
        opened.append(driver)
        return driver

    yield open_on
    for driver in opened:
        if not driver.app.closed.is_set():
            driver.close()


@pytest.fixture
def demo_window(open_window: Callable[..., Driver], demo_library: Path) -> Driver:
    """The window on the finished demo, its source open in the review page."""
    driver = open_window(demo_library)
    driver.window.open_source(driver.window.session.shelf.sources[0].id)
    driver.settle()
    return driver


@pytest.fixture
def at(demo_window: Driver) -> Reviewer:
    """A person at the review page of the finished demo."""
    return Reviewer(demo_window)
