"""Closing keeps where the person was in this library; the next start goes back there and tells what stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from ui.start.stopped import stopped_in_words, stopped_jobs
from ui.text import tr
from ui.top_bar import PAGES

if TYPE_CHECKING:
    from ui.main_window import MainWindow

START = "view.library"


class ComingBack(QObject):
    """`resume` takes the ids of runs that are to go on."""

    def __init__(self, window: MainWindow, resume: Callable[[tuple[str, ...]], None]) -> None:
        super().__init__(window)
        self._window = window
        self._resume = resume
        self._told = False
        self._words = ""
        window.session.shelf_changed.connect(self._tell_stopped)
        window.pages.shown.connect(self._shown)

    @property
    def _library(self) -> str:
        return str(self._window.services.container.library.folder.resolve())

    def keep(self) -> None:
        """Page, video, run, and the place in each video."""
        window = self._window
        session = window.session
        window.state.save_place(
            self._library,
            {
                "page": window.pages.current,
                "source": session.source.id if session.source is not None else "",
                "job": session.job.id if session.job is not None else "",
                "places": window.review.save_places(),
            },
        )

    def go(self) -> None:
        """Back to where the window was when it was closed. After an unclean end the library comes first: it says
        what stopped."""
        window = self._window
        place = window.state.restore_place(self._library)
        places, page = place.get("places"), str(place.get("page", START))
        if isinstance(places, dict):
            window.review.restore_places(places)
        source = str(place.get("source", ""))
        if not source:
            window.session.refresh()
            return
        window.session.open_source(source, str(place.get("job", "")))
        if page in PAGES and page != START and not window.services.container.library.notes:
            window.show_page(page)
            window.to_page()

    @Slot()
    def _tell_stopped(self) -> None:
        """The library's page has a banner for it; any other page says it once."""
        if self._told:
            return
        self._told = True
        window, services = self._window, self._window.services
        stopped = stopped_jobs(window.session.shelf, services.container.jobs)
        if stopped and window.pages.current != START and services.writable:
            ids = tuple(job.id for job in stopped)
            self._words = words = stopped_in_words(stopped, window.session.shelf)
            window.messages.tell(words, action=tr("Resume"), on_action=lambda: self._resume(ids))

    @Slot(str)
    def _shown(self, page: str) -> None:
        """The banner of the library says the same."""
        if page == START and self._words and self._window.messages.words == self._words:
            self._window.messages.hide()
