"""What the C library keeps of freed memory: less of it from the start, and the rest handed back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_ARENAS = -8
"""M_ARENA_MAX of mallopt(3)."""
_FEW = 2


def few_heaps() -> None:
    """Let the threads that start from now on share two heaps (glibc's; elsewhere nothing happens).

    By default each thread gets a heap of its own, and what one freed another can't use: with the workers and
    OpenVINO's threads that is some 250 MB."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").mallopt(_ARENAS, _FEW)


def give_back() -> None:
    """Hand free memory back (glibc's malloc_trim; where there is none, nothing happens).

    Pictures are freed in the middle of the heap, where glibc keeps their pages for later; after the frame stages
    of a run that is some 250 MB that the job stages, which make small objects only, can't use."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
