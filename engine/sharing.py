"""Work on a list that other threads may join while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST_HELPERS = 3


def map_with_helpers(executor: Executor, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """`function` of each item, in order, worked out by this thread and by those of the executor that are free before
    it is through. It never waits for one to become free, so it may be called from one of them. Raises what the
    earliest item that failed raised; the items after it may then not have been begun."""
    work = _Work(function, list(items))
    helpers = [executor.submit(work.join_in) for _ in range(min(MOST_HELPERS, work.size - 1))]
    work.join_in()
    for helper in helpers:
        if not helper.cancel():
            helper.result()
    return work.results()


class _Work(Generic[T, R]):
    """Items to be taken one by one, and what came of them."""

    def __init__(self, function: Callable[[T], R], items: list[T]) -> None:
        self.size = len(items)
        self._function = function
        self._items = items
        self._next = iter(range(len(items)))
        self._found: dict[int, R] = {}
        self._errors: dict[int, BaseException] = {}
        self._lock = threading.Lock()

    def join_in(self) -> None:
        """Take items until none is left, or one failed. Raises nothing."""
        while True:
            with self._lock:
                place = None if self._errors else next(self._next, None)
            if place is None:
                return
            try:
                found = self._function(self._items[place])
            except BaseException as error:
                with self._lock:
                    self._errors[place] = error
            else:
                with self._lock:
                    self._found[place] = found

    def results(self) -> list[R]:
        """In the items' order; raises the earliest error."""
        if self._errors:
            raise self._errors[min(self._errors)]
        return [self._found[place] for place in range(self.size)]
