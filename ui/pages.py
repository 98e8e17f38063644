"""The pages of the window, made when they are first seen, and the way between them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget


class Pages(QStackedWidget):
    """Pages by action id (`view.library`, …); each is built by its maker the first time it is shown."""

    shown = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._makers: dict[str, Callable[[], QWidget]] = {}
        self._made: dict[str, QWidget] = {}
        self.current = ""

    def offer(self, id: str, make: Callable[[], QWidget]) -> None:
        """Names a page and how it is made."""
        self._makers[id] = make

    def page(self, id: str) -> QWidget:
        """The page, made where it isn't yet."""
        if id not in self._made:
            self._made[id] = self._makers[id]()
            self.addWidget(self._made[id])
        return self._made[id]

    def made(self, id: str) -> QWidget | None:
        """The page where it has been made already."""
        return self._made.get(id)

    def show_page(self, id: str) -> None:
        page = self.page(id)
        self.setCurrentWidget(page)
        self.current = id
        self.shown.emit(id)
