"""The search field: what it holds belongs to the shown page, Enter goes to what was found."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot

from ui.text import tr

if TYPE_CHECKING:
    from ui.main_window import MainWindow

LIBRARY, REVIEW = "view.library", "view.review"


class SearchControl(QObject):
    """Pages that can be searched are searched for themselves; on the others it is the review's queue."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._bar = window.top_bar
        self._texts: dict[str, str] = {}
        self._bar.searched.connect(self._search)
        self._bar.entered.connect(self._enter)
        window.pages.shown.connect(self._show)
        window.review.searched.connect(partial(self.told, REVIEW))

    def focus(self) -> None:
        """Ctrl+F."""
        self._bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._bar.search.selectAll()

    @Slot()
    def clear(self) -> None:
        """Ends the search of the shown page."""
        self._search("")
        self._show(self._window.pages.current)

    @property
    def _searched(self) -> str:
        """The page that a search belongs to."""
        pages = self._window.pages
        return pages.current if callable(getattr(pages.currentWidget(), "search", None)) else REVIEW

    @Slot(str)
    def _search(self, text: str) -> None:
        id = self._searched
        self._texts[id] = text
        search = getattr(self._window.pages.currentWidget(), "search", self._window.review.search)
        search(text)

    @Slot()
    def _enter(self) -> None:
        """What was found takes the keys."""
        if self._searched == REVIEW:
            self._window.show_page(REVIEW)
            self._window.review.queue.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self._window.to_page()

    @Slot(str)
    def _show(self, page: str) -> None:
        words = tr("Search sources") if page == LIBRARY else tr("Search brands and texts")
        self._bar.show_search(self._texts.get(self._searched, ""), words)

    def told(self, page: str, text: str) -> None:
        """A page was searched, or its search ended, at the page itself."""
        if self._texts.get(page, "") != text:
            self._texts[page] = text
            self._show(self._window.pages.current)
