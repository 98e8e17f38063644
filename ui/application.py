"""The window's start and end, told in order: one library, one window, one event loop, an orderly shutdown."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import qasync
from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.container import Container, open_container
from app.preferences import Preferences
from engine.domain.errors import Conflict, SponsightError
from ui.action_set import ActionSet
from ui.bridge import Bridge
from ui.dialogs.crash import CrashReports
from ui.garbage import GarbageKeeper
from ui.icons import app_icon
from ui.imports import take_out_import_hook
from ui.logs import LogFiles
from ui.main_window import MainWindow
from ui.message_bar import MessageBar
from ui.single_instance import SingleInstance, hand_over
from ui.tasks import Tasks
from ui.text import tr
from ui.theme import Theme
from ui.window_state import WindowState
from ui.workspace import Services

log = logging.getLogger(__name__)
SWITCH_SECONDS = 0.0005
"""How long a busy Python thread may keep the window waiting. With Python's own 5 ms, painting (which takes the
lock anew for every row) waited up to 49 ms at p95 while a decision was stored; with 0.5 ms, 18 ms."""


def make_qt_application() -> QApplication:
    """The QApplication, with our names and icon; the one that exists where there is one."""
    take_out_import_hook()
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QCoreApplication.setApplicationName("Sponsight")
    QCoreApplication.setOrganizationName("sponsight")
    QGuiApplication.setDesktopFileName("sponsight")
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    app.setWindowIcon(app_icon())
    return app


class WindowApp:
    """One open library with its window. `start` builds and shows, `close` ends everything in order."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        container: Container,
        preferences: Preferences,
        *,
        state: WindowState | None = None,
    ) -> None:
        app = make_qt_application()
        values = preferences.values
        self.container = container
        self.preferences = preferences
        self.closed = asyncio.Event()
        self._loop = loop
        self._closing = False
        self._ender: asyncio.Task[None] | None = None
        self.garbage = GarbageKeeper()
        self.theme = Theme(app, values.theme, values.text_scale)
        self.actions = ActionSet(app, values.keys)
        self.bridge = Bridge(container.mailbox)
        self.tasks = Tasks(loop)
        messages = MessageBar()
        self.services = Services(
            container=container,
            preferences=preferences,
            actions=self.actions,
            bridge=self.bridge,
            tasks=self.tasks,
            theme=self.theme,
            messages=messages,
            saved=self._saved,
        )
        self.window = MainWindow(self.services, messages, state or WindowState())
        self.window.closing.connect(self.begin_close)

    def start(self, videos: Sequence[Path] = (), review: str = "") -> None:
        """Shows the window, then reads the library, then warms the engine. `review` is the id of a source that is
        to be reviewed at once: then the first key decides."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()  # where no window manager gives the focus, the first key must act all the same
        if review:
            self.window.open_source(review)
        elif not videos:
            self.window.back.go()
        else:
            self.window.session.refresh()
        library = self.container.library
        if self.services.writable:
            self.preferences.remember_library(library.folder)
        for problem in self.preferences.problems:
            self.services.messages.tell(problem, "warning")
        if library.notes:
            detail = self._last_decision()
            self.services.messages.tell(" ".join(library.notes), "warning", detail=detail)
        if videos:
            self.window.library.import_files(list(videos))
        QTimer.singleShot(1500, self._warm)

    def _last_decision(self) -> str:
        """After an unclean end: that nothing decided is lost."""
        entries = self.container.bus.history(limit=1)
        if not entries or entries[0].at is None:
            return ""
        when = f"{entries[0].at.astimezone():%H:%M:%S}"
        return tr("Your last decision at {time} is saved.").format(time=when)

    def _saved(self) -> None:
        self.window.status.saved_now()
        self.window.decisions.refresh()

    def _warm(self) -> None:
        """Makes what is needed next, so that the first source opens and the first run starts at once."""

        def load() -> None:
            import engine.stages  # noqa: F401

        if not self._closing:
            self.window.pages.page("view.review")
            self.tasks.call(tr("Loading the engine"), load, lambda _: self._find_provider())

    def _find_provider(self) -> None:
        """Finds out where models run, so that it is told before anything has; in a window that is for reading only
        nothing does."""
        if self.services.writable and not self._closing:
            self.tasks.follow(
                tr("Finding the provider"),
                self.container.jobs.find_provider(),
                lambda _: self.window.standing.show_provider(),
                failed=lambda _: self.window.standing.miss_provider(),
            )

    def raise_window(self, videos: Sequence[Path]) -> None:
        """Somebody started the program again on this library."""
        self.window.setWindowState(self.window.windowState() & ~Qt.WindowState.WindowMinimized)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        if videos:
            self.window.library.import_files(list(videos))

    def begin_close(self) -> None:
        """Pauses what runs, joins the threads, closes the library, and then lets the window go."""
        if self._closing:
            return
        self._closing = True
        self.window.keep_state()
        self.window.review.store_waiting()
        self.window.setEnabled(False)
        self.window.setWindowTitle(tr("Closing …"))
        self._ender = self._loop.create_task(self._close())

    async def _close(self) -> None:
        ender = asyncio.wrap_future(_in_thread(self.container.jobs.close), loop=self._loop)
        try:
            await ender
        except Exception:
            log.exception("closing the runs")
        await self._finish()

    async def _finish(self) -> None:
        """The rest of closing, once no run is going any more."""
        self.window.hide()
        self.window.dialogs.close()
        self.bridge.stop()
        await self.tasks.close()
        close_review = getattr(self.window.review, "close", None)
        if callable(close_review):
            close_review()
        self.container.close()
        self.actions.guard.close()
        self.theme.close()
        for part in (self.window.run_panel, self.window, self.actions, self.bridge, self.tasks, self.theme):
            part.deleteLater()
        self.garbage.close()
        self.closed.set()


def _in_thread(work: Callable[[], None]) -> concurrent.futures.Future[None]:
    pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="closing")
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def run_window(
    folder: Path, videos: Sequence[Path] = (), *, read_only: bool = False, review: str = ""
) -> int:
    """Opens the window on a library and returns when it is closed; 0 where all went well. `review` is the id of a
    source that is to be reviewed at once."""
    app = make_qt_application()
    if not read_only and hand_over(folder, videos):
        return 0
    crashes = CrashReports()
    crashes.install()
    logs = LogFiles(folder / "logs")
    preferences = Preferences()
    try:
        container, note = _open(folder, preferences, read_only)
    except SponsightError as error:
        _tell_alone(app, error)
        logs.close()
        crashes.remove()
        return error.exit_code
    instance = SingleInstance(folder) if not container.library.read_only else None
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    try:
        with loop:
            window = WindowApp(loop, container, preferences)
            crashes.window = window.window
            if instance is not None:
                instance.called.connect(window.raise_window)
            _close_on_signals(window)
            window.start(videos, review)
            if note:
                window.services.messages.tell(note, "warning")
            loop.run_until_complete(window.closed.wait())
    finally:
        if instance is not None:
            instance.close()
        crashes.remove()
        logs.close()
    return 0


def _close_on_signals(window: WindowApp) -> None:
    """Being asked to end (Ctrl+C, the system's shutdown) is as orderly as closing the window."""

    def asked(_number: int, _frame: object) -> None:
        window.begin_close()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, asked)


def _open(folder: Path, preferences: Preferences, read_only: bool) -> tuple[Container, str]:
    """The library's services; for reading only where another process writes to it."""
    workers = preferences.values.workers or None
    if read_only:
        return open_container(folder, read_only=True), ""
    try:
        return open_container(folder, workers=workers, polite=True), ""
    except Conflict as conflict:
        container = open_container(folder, read_only=True)
        return container, tr("{why} It is open here for reading only.").format(why=conflict.message)


def _tell_alone(app: QApplication, error: SponsightError) -> None:
    """There is no window yet: one box with what happened, what still works and what to do."""
    from PySide6.QtWidgets import QMessageBox

    sys.stderr.write(f"{error}\n")
    if app.platformName() in ("offscreen", "minimal"):
        return
    box = QMessageBox(QMessageBox.Icon.Critical, tr("Sponsight"), error.message)
    box.setInformativeText(" ".join(part for part in (error.still_works, error.to_do) if part))
    box.exec()
