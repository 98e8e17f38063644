"""Which thread goes first where several want a core: the window's, then what it waits for, then the runs."""

from __future__ import annotations

import logging
import os
import threading

log = logging.getLogger(__name__)

WAITED_FOR = 4
"""Nice value of threads whose answers the window waits for: decoding frames, reading the library."""
IN_THE_BACKGROUND = 10
"""Nice value of threads that carry runs out."""


def lower_priority(nice: int) -> None:
    """Puts the calling thread, and those that it starts, behind the window's thread where the system has a priority
    for each thread (Linux); elsewhere nothing happens."""
    if hasattr(os, "setpriority") and hasattr(threading, "get_native_id"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
        except OSError:
            log.debug("the thread's priority could not be lowered")
