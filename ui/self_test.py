"""Opens the real window on a library, waits until a frame is on the canvas, goes through the pages, and closes it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from app.display import has_display

COLOURS_OF_A_FRAME = 400
"""A video frame on the canvas shows at least so many different colours; an empty state shows far fewer."""
PATIENCE = 60.0
"""Seconds to wait for any one thing to appear."""


def check_window(library: Path, picture: Path) -> str:
    """Shows the newest run of `library` in the review page and writes `picture` (PNG).

    Uses the display where there is one, Qt's offscreen platform otherwise. Preferences and layout of the user
    are neither read nor changed. Raises RuntimeError for whatever goes wrong, with the place it went wrong at.
    """
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import qasync
    from PySide6.QtCore import QSettings

    from app.container import open_container
    from app.preferences import Preferences
    from ui.application import WindowApp, make_qt_application
    from ui.window_state import WindowState

    app = make_qt_application()
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    errors = _Errors()
    settings = QSettings(str(picture.with_name("window.ini")), QSettings.Format.IniFormat)
    preferences = Preferences(picture.with_name("preferences.toml"))
    with errors, loop:
        window = WindowApp(loop, open_container(library), preferences, state=WindowState(settings))
        tour = _Tour(window, picture, errors)
        loop.run_until_complete(tour.run())
    return f"{tour.found}, platform {app.platformName()}"


class _Errors:
    """Gathers what slots raise, which Qt would only print."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._before = sys.excepthook

    def __enter__(self) -> _Errors:
        sys.excepthook = self._take
        return self

    def __exit__(self, *exc: object) -> None:
        sys.excepthook = self._before

    def _take(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self.seen.append("".join(traceback.format_exception(kind, error, trace)))

    def check(self) -> None:
        """Raises RuntimeError with the first of them."""
        if self.seen:
            raise RuntimeError(f"the window raised an error:\n{self.seen[0]}")


class _Tour:
    """The steps through the window; `found` tells afterwards what was seen."""

    def __init__(self, window: object, picture: Path, errors: _Errors) -> None:
        from ui.application import WindowApp

        assert isinstance(window, WindowApp)
        self._app = window
        self._window = window.window
        self._picture = picture
        self._errors = errors
        self.found = ""

    async def run(self) -> None:
        """Always ends with an orderly close, whatever went wrong before."""
        try:
            self._app.start()
            await self._walk()
        finally:
            self._window.close()
            await self._until(self._app.closed.is_set, "the window to close")
        self._errors.check()

    async def _walk(self) -> None:
        from ui.top_bar import PAGES

        self._window.resize(1600, 1000)
        session = self._window.session
        await self._until(lambda: session.loaded and bool(session.shelf.sources), "the library to be read")
        self._window.open_source(session.shelf.sources[0].id)
        await self._until(lambda: session.job is not None, "the run to open")
        await self._until(lambda: self._colours() >= COLOURS_OF_A_FRAME, "a frame to be on the canvas")
        await self._until(lambda: not self._app.tasks.is_busy, "the window to come to rest")
        shot = self._window.grab()
        if not shot.save(str(self._picture)):
            raise RuntimeError(f"the picture of the window could not be written to {self._picture}")
        for page in PAGES:
            self._window.show_page(page)
            await asyncio.sleep(0.2)
            await self._until(lambda: not self._app.tasks.is_busy, f"the page {page} to come to rest")
        self.found = f"{shot.width()}×{shot.height()} with a frame on the canvas, {len(PAGES)} pages opened"

    def _colours(self) -> int:
        """How many different colours the canvas shows, counted on a grid of 8 pixels."""
        image = self._window.review.canvas.grab().toImage()
        return len(
            {image.pixel(x, y) for y in range(0, image.height(), 8) for x in range(0, image.width(), 8)}
        )

    async def _until(self, there: Callable[[], bool], what: str) -> None:
        """Lets the window work until something is so; RuntimeError after `PATIENCE` seconds."""
        end = time.monotonic() + PATIENCE
        while not there():
            self._errors.check()
            if time.monotonic() > end:
                raise RuntimeError(f"waited {PATIENCE:.0f} s in vain for {what}")
            await asyncio.sleep(0.05)
