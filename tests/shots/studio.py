"""Opens the real window on real libraries, offscreen, and takes its picture."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import qasync
from PySide6.QtCore import QPoint, QSettings
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.container import open_container
from app.demo_run import DEMO_BOOK, prepare_demo
from app.preferences import Preferences
from engine.domain.jobs import JobStatus
from tests.shots.registry import LibraryKind
from ui.application import WindowApp, make_qt_application
from ui.window_state import WindowState

SECONDS = 20.0


def make_libraries(folder: Path) -> None:
    """Renders and runs the demo once; later calls find it there."""
    demo, fresh = folder / "demo", folder / "fresh"
    if not (demo / "ready").exists():
        shutil.rmtree(demo, ignore_errors=True)
        with open_container(demo) as app:
            source, _ = prepare_demo(app, seconds=SECONDS)
            job = app.jobs.create(source.id, books=(DEMO_BOOK,))
            app.jobs.start(job.id).result()
        (demo / "logs" / "ready").touch()
        (demo / "logs" / "ready").rename(demo / "ready")
    if not fresh.exists():
        with open_container(fresh) as app:
            prepare_demo(app, seconds=SECONDS, seed=2)


class Studio:
    """One window on one library in one theme and size."""

    def __init__(
        self, scratch: Path, libraries: Path, kind: LibraryKind, theme: str, size: tuple[int, int]
    ) -> None:
        self.app = make_qt_application()
        folder = scratch / kind
        shutil.rmtree(folder, ignore_errors=True)
        if kind != "empty":
            shutil.copytree(libraries / kind, folder)
            (folder / "ready").unlink(missing_ok=True)
            _point_sources_to(folder)
        preferences = Preferences(scratch / "preferences.toml")
        preferences.change(theme=theme)
        self.loop = qasync.QEventLoop(self.app)
        asyncio.set_event_loop(self.loop)
        settings = QSettings(str(scratch / f"{kind}.ini"), QSettings.Format.IniFormat)
        settings.clear()
        self.container = open_container(folder, polite=True)
        self.window_app = WindowApp(self.loop, self.container, preferences, state=WindowState(settings))
        self.window = self.window_app.window
        self.window_app.start()
        self.window.resize(*size)
        self.until(lambda: self.window.session.loaded)
        self.settle()

    def pump(self, seconds: float) -> None:
        """Lets the window live for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.005)

    def until(self, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """Lets the window live until something holds; TimeoutError where it doesn't in time."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError("the state was not reached")
            self.pump(0.02)

    def settle(self, seconds: float = 0.4) -> None:
        """Waits until no work is under way, and a little longer."""
        self.until(lambda: not self.window_app.tasks.is_busy or self.running)
        self.pump(seconds)

    @property
    def running(self) -> bool:
        job = self.window.session.job
        return job is not None and job.status is JobStatus.RUNNING

    def open_first_source(self) -> None:
        """Opens the first source in the review page."""
        self.window.open_source(self.window.session.shelf.sources[0].id)
        self.settle(1.0)

    def do(self, action: str, seconds: float = 0.4) -> None:
        self.window.services.actions[action].trigger()
        self.settle(seconds)

    def dialog(self) -> QDialog | None:
        """The dialog that is open, None where there is none."""
        found = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
        return found[-1] if found else None

    def replay(self, accept: float = 80.0) -> None:
        """Replays the chosen run with another accept score and waits for its end."""
        job = self.window.session.job
        assert job is not None
        self.window.run_panel.settings.set_values({"match_brands": {"accept": accept}})
        self.window.run_panel.plan_replay()
        self.until(lambda: self.dialog() is not None)
        dialog = self.dialog()
        assert dialog is not None
        dialog.start.click()  # type: ignore[attr-defined]
        self.until(
            lambda: (
                (now := self.window.session.job) is not None
                and now.id != job.id
                and now.status is JobStatus.COMPLETED
            )
        )
        self.settle()

    def picture(self, over: QWidget | None) -> QPixmap:
        """The window, with what lies over it in its middle."""
        whole = self.window.grab()
        if over is None:
            return whole
        painter = QPainter(whole)
        painter.fillRect(whole.rect(), QColor(0, 0, 0, 110))
        top = over.grab()
        corner = QPoint(
            (self.window.width() - over.width()) // 2, max(0, (self.window.height() - over.height()) // 2)
        )
        painter.drawPixmap(corner, top)
        painter.setPen(QColor(self.window.services.theme.colours.outline))
        painter.drawRect(corner.x(), corner.y(), over.width() - 1, over.height() - 1)
        painter.end()
        return whole

    def close_over(self, over: QWidget | None) -> None:
        if over is not None:
            over.close()
            self.pump(0.05)

    def close(self) -> None:
        self.window_app.begin_close()
        self.until(self.window_app.closed.is_set, 30)
        self.pump(0.05)
        self.loop.close()


def _point_sources_to(folder: Path) -> None:
    """A copied library's videos lie in the copy."""
    with open_container(folder) as app:
        for source in app.jobs.sources():
            here = folder / "demo" / Path(source.path).name
            if here.exists():
                app.jobs.locate(source.id, here)
