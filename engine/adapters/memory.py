"""Memory that is free but kept by the C library, handed back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import sys


def give_back() -> None:
    """Hand free memory back (glibc's malloc_trim; where there is none, nothing happens).

    Pictures are freed in the middle of the heap, where glibc keeps their pages for later; after the frame stages
    of a run that is some 250 MB that the job stages, which make small objects only, can't use."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
