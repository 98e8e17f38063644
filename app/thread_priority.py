"""Which thread goes first where several want a core: the window's, then what it waits for, then the runs."""

from __future__ import annotations

import logging
import os
import sys
import threading

log = logging.getLogger(__name__)

WAITED_FOR = 4
"""How much nicer threads are whose answers the window waits for: decoding frames, reading the library."""
IN_THE_BACKGROUND = 10
"""How much nicer threads are that carry runs out."""


def lower_priority(by: int) -> None:
    """Puts the calling thread, and those that it starts, so much behind the process's first thread, which is the
    window's, where the system has a priority for each thread (Linux); elsewhere nothing happens."""
    if sys.platform == "linux":
        try:
            nice = min(19, os.getpriority(os.PRIO_PROCESS, os.getpid()) + by)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
        except OSError:
            log.debug("the thread's priority could not be lowered")
