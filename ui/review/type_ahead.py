"""Keys that are pressed while a step is on its way that leads to another item (an undo, a redo, a new box): they are
meant for that one, so they wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from ui.text import tr

if TYPE_CHECKING:
    from ui.review.area import Review

PATIENCE_MS = 4000
"""So long after all is stored and read it is clear that the step leads nowhere: keys are heeded again."""


class TypeAhead(QObject):
    """Carries out at once what is given to it; while a step is awaited, after that and in the order in which it was
    given."""

    def __init__(self, review: Review) -> None:
        super().__init__(review)
        self._review = review
        self._waiting: deque[Callable[[], object]] = deque()
        self._under_way = 0
        self._is_shown = True
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.timeout.connect(self._give_up)
        review.desk.snapshot_changed.connect(self.heed)
        review.desk.closed.connect(self._give_up)
        review.arrival.arrived.connect(self.heed)
        review.player.shown.connect(self.heed)

    def do(self, act: Callable[[], object]) -> None:
        """Calls `act` now, or when all that was asked for before it is shown."""
        self._waiting.append(act)
        self.heed()

    def wait(self) -> None:
        """What comes from now on waits until the desk shows all that it has been given."""
        self._is_shown = False
        self._patience.start()

    def take_back(self, act: Callable[[], None]) -> None:
        """Calls `act` (an undo or redo) like `do`; what comes after it waits until `taken_back` was called and the
        desk shows it."""

        def begin() -> None:
            self._under_way += 1
            self.wait()
            act()

        self.do(begin)

    def taken_back(self) -> None:
        """The step is stored or has failed, and where it leads to is asked for."""
        self._under_way = max(0, self._under_way - 1)
        self.wait()
        self.heed()

    def heed(self, *_: object) -> None:
        """Carries out what waits, up to the next step that is awaited."""
        while self._is_current():
            self._is_shown = True
            self._patience.stop()
            if not self._waiting:
                return
            self._waiting.popleft()()
            if self._review.canvas.picker.isVisible():
                self._drop()

    def _is_current(self) -> bool:
        arrival, player = self._review.arrival, self._review.player
        return self._is_shown or (self._is_read and not arrival.is_waiting and player.is_settled)

    @property
    def _is_read(self) -> bool:
        """Whether all that was asked for is stored, and the desk has read what came of it."""
        desk = self._review.desk
        return not self._under_way and not desk.is_opening and desk.idle

    def _give_up(self) -> None:
        if not self._is_read:
            self._patience.start()
            return
        self._is_shown = True
        self._drop()

    def _drop(self) -> None:
        """What waits now is no longer meant as it was pressed."""
        if self._waiting:
            self._waiting.clear()
            words = tr("Keys pressed before the last step was shown were left out.")
            if self._review.canvas.isVisible():
                self._review.say(words)
            else:
                self._review.services.messages.tell(words, seconds=8)
