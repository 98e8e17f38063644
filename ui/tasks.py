"""Work off the main thread: blocking calls run in threads of our own, their answers come back to the window.

A call that fails is told in the message bar with what happened, what still works and what to do; an error that
nobody foresaw goes to the crash dialog. Nothing here shows a modal dialog.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import logging
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from app.thread_priority import WAITED_FOR, lower_priority
from engine.domain.errors import Cancelled, SponsightError

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Tasks(QObject):
    """Starts work and brings answers back. `failed` carries a foreseen error with what was tried;
    `busy` whether anything is under way."""

    failed = Signal(str, object)
    busy = Signal(bool)

    def __init__(self, loop: asyncio.AbstractEventLoop, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = loop
        self._pool = concurrent.futures.ThreadPoolExecutor(
            2, thread_name_prefix="window", initializer=lower_priority, initargs=(WAITED_FOR,)
        )
        self._commands = concurrent.futures.ThreadPoolExecutor(
            1, thread_name_prefix="window-commands", initializer=lower_priority, initargs=(WAITED_FOR,)
        )
        self._running: set[asyncio.Task[Any]] = set()
        self._newest: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._closed = False

    def call(
        self,
        what: str,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        *,
        failed: Callable[[Exception], None] | None = None,
        newest: str = "",
        in_turn: bool = False,
    ) -> None:
        """Runs `work` in a thread, then `done` here. `what` says in words what is tried. With `newest`, only
        the answer to the latest call of that name is delivered; older ones are dropped. `failed` is called
        instead of telling the error. `in_turn` is for what people decide: such calls run one after the other in the
        order in which they were asked for, and none is dropped when the window closes."""
        if self._closed:
            return
        future = (self._commands if in_turn else self._pool).submit(work)
        self.follow(what, future, done, failed=failed, newest=newest)

    def follow(
        self,
        what: str,
        future: concurrent.futures.Future[T],
        done: Callable[[T], None] | None = None,
        *,
        failed: Callable[[Exception], None] | None = None,
        newest: str = "",
    ) -> None:
        """Waits for a future of the app layer without blocking, then calls `done` here."""
        number = next(self._numbers)
        if newest:
            self._newest[newest] = number

        async def wait() -> None:
            try:
                answer = await asyncio.wrap_future(future, loop=self._loop)
            except (asyncio.CancelledError, Cancelled, concurrent.futures.CancelledError):
                return
            except Exception as error:
                if not newest or self._newest.get(newest) == number:
                    self._deliver(what, partial(self._tell, what, error, failed), None)
                return
            if done is not None and (not newest or self._newest.get(newest) == number):
                self._deliver(what, partial(done, answer), failed)

        self.start(wait())

    def _deliver(
        self, what: str, give: Callable[[], None], failed: Callable[[Exception], None] | None
    ) -> None:
        """Hands an answer over; whoever asked may have been closed meanwhile, then nobody needs it any more."""
        try:
            give()
        except SponsightError as error:
            self._tell(what, error, failed)
        except RuntimeError as error:
            if "already deleted" not in str(error):
                raise
            _log.debug("%s: the answer came after its window was closed", what)

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Starts a coroutine of the window; its unforeseen errors go to the crash dialog."""
        if self._closed:
            coroutine.close()
            return
        task = self._loop.create_task(coroutine)
        self._running.add(task)
        if len(self._running) == 1:
            self.busy.emit(True)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not self._running:
            self.busy.emit(False)
        if not task.cancelled() and (error := task.exception()) is not None:
            sys.excepthook(type(error), error, error.__traceback__)

    def _tell(self, what: str, error: Exception, failed: Callable[[Exception], None] | None) -> None:
        _log.warning("%s: %s", what, error, exc_info=not isinstance(error, SponsightError))
        if failed is not None:
            failed(error)
        elif isinstance(error, SponsightError):
            self.failed.emit(what, error)
        else:
            sys.excepthook(type(error), error, error.__traceback__)

    @property
    def is_busy(self) -> bool:
        return bool(self._running)

    async def close(self) -> None:
        """Takes nothing new, lets what was decided be stored, drops waiting answers and lets them end, and joins the
        threads."""
        self._closed = True
        await asyncio.wrap_future(self._commands.submit(lambda: None), loop=self._loop)
        waiting = tuple(self._running)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._commands.shutdown(wait=True)
