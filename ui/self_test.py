"""`--self-test`: opens the real window on a library of its own, makes the demo, runs it, exports, and closes.

For bundles and new machines: it needs nothing but the program itself, and says in one line each what worked.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import qasync
from PySide6.QtCore import QSettings

from app.container import open_container
from app.preferences import Preferences
from engine.domain.jobs import JobStatus, SourceAsset
from ui.application import WindowApp, make_qt_application
from ui.dialogs.crash import CrashReports
from ui.window_state import WindowState

SECONDS = 6.0
SIZE = (640, 360)
MOST_SECONDS = 300.0


class SelfTestFailed(Exception):
    """A step did not come to its end; the message says which."""


def run_self_test() -> int:
    """Returns 0 where every step worked, 1 otherwise; the steps are printed."""
    app = make_qt_application()
    crashes = CrashReports()
    crashes.install()
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with tempfile.TemporaryDirectory(prefix="sponsight-self-test-") as scratch, loop:
        try:
            loop.run_until_complete(_steps(loop, Path(scratch)))
            ok = not crashes.shown
        except SelfTestFailed as failure:
            _say(f"FAILED: {failure}")
            ok = False
        for report in crashes.shown:
            _say(report)
    crashes.remove()
    _say("self-test: all good" if ok else "self-test: failed")
    return 0 if ok else 1


async def _steps(loop: asyncio.AbstractEventLoop, scratch: Path) -> None:
    from app.demo_run import prepare_demo

    container = open_container(scratch / "library", polite=True)
    settings = QSettings(str(scratch / "window.ini"), QSettings.Format.IniFormat)
    preferences = Preferences(scratch / "preferences.toml")
    window_app = WindowApp(loop, container, preferences, state=WindowState(settings))
    window = window_app.window
    window_app.start()
    await _until(lambda: window.session.loaded, "opening the window")
    _say("window: open")
    source = await asyncio.wrap_future(
        _in_thread(lambda: prepare_demo(container, seconds=SECONDS, size=SIZE)[0])
    )
    window.session.refresh()
    await _until(lambda: bool(window.session.shelf.sources), "importing the demo")
    window.open_source(source.id)
    _say("demo: rendered and imported")
    window.do("run.start")
    await _until(lambda: window.session.job is not None, "making the run")
    await _until(_ended(window_app), "running all eight stages")
    job = window.session.job
    if job is None or job.status is not JobStatus.COMPLETED:
        raise SelfTestFailed(
            f"the run ended as {job.status if job else 'nothing'}: {job.error_message if job else ''}"
        )
    _say(f"run: completed, {job.total_detections} detections of {job.brands_found} brands")
    await _until(lambda: not window_app.tasks.is_busy, "showing the run")
    picture = window.grab()
    if picture.isNull() or picture.width() < 900:
        raise SelfTestFailed("the window could not be drawn")
    exports = scratch / "exports"
    exports.mkdir()
    window.library.export(job.id, source.name, exports)
    await _until(lambda: any(exports.glob("*.json")) and any(exports.glob("*.csv")), "exporting")
    _say(f"export: {', '.join(sorted(p.name for p in exports.iterdir()))}")
    await _until(lambda: not window_app.tasks.is_busy, "finishing")
    window.close()
    await window_app.closed.wait()
    _say("window: closed in order")


def _ended(window_app: WindowApp) -> Callable[[], bool]:
    def ended() -> bool:
        job = window_app.window.session.job
        return job is not None and job.status.is_final

    return ended


async def _until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + MOST_SECONDS
    while not holds():
        if time.monotonic() > end:
            raise SelfTestFailed(f"{what} took longer than {MOST_SECONDS:.0f} s")
        await asyncio.sleep(0.05)


def _in_thread(work: Callable[[], SourceAsset]) -> concurrent.futures.Future[SourceAsset]:
    pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="self-test")
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
