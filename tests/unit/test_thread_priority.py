"""Threads that step back leave the first one as it was."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.thread_priority import IN_THE_BACKGROUND, WAITED_FOR, lower_priority

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="priorities belong to processes there")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.parametrize("by", [WAITED_FOR, IN_THE_BACKGROUND])
def test_a_thread_steps_behind_the_first_one(by: int) -> None:
    first = os.getpriority(os.PRIO_PROCESS, os.getpid())
    with ThreadPoolExecutor(1, initializer=lower_priority, initargs=(by,)) as pool:
        assert pool.submit(niceness).result() == min(19, first + by)
    assert os.getpriority(os.PRIO_PROCESS, os.getpid()) == first


def test_a_thread_that_was_started_by_one_steps_back_no_further() -> None:
    """Workers are started by the thread that conducts a run."""

    def started() -> int:
        with ThreadPoolExecutor(1, initializer=lower_priority, initargs=(IN_THE_BACKGROUND,)) as inner:
            return inner.submit(niceness).result()

    with ThreadPoolExecutor(1, initializer=lower_priority, initargs=(IN_THE_BACKGROUND,)) as outer:
        assert outer.submit(started).result() == outer.submit(niceness).result()
