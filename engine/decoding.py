"""Types are made known to msgspec by one thread at a time, because it lets others use one that is half looked through.

The first decoding of a type looks through its fields, those of its fields' types and so on, and keeps what it finds
with each of them before it is complete; a second thread that decodes one of them meanwhile takes the process with it
(msgspec 0.22). So everything that decodes asks `looked_through` for its type.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_known: set[Any] = set()
_looking = threading.Lock()


def looked_through(kind: T) -> T:
    """The type itself, once any thread can decode it."""
    if kind not in _known:
        with _looking:
            msgspec.msgpack.Decoder(kind)
            _known.add(kind)
    return kind
