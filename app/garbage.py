"""How often Python looks for cyclic garbage while a command works. For a window see ui/garbage."""

from __future__ import annotations

import atexit
import gc

_USUAL = gc.get_threshold()
_RARE = (20_000, 20, 100)


def collect_rarely() -> None:
    """Let Python look for garbage after 20,000 new objects, where it would after some hundred. What a command makes in
    large numbers are records, which form no cycles; looking through them takes a fifth of the time in which a run's
    brands are matched. Nor does it look through everything once more when the program ends, which takes a third of a
    second after a run: what is left then goes with the process."""
    gc.set_threshold(*_RARE)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


def collect_as_usual() -> None:
    """Python's own thresholds again, on which a window's collecting is built."""
    gc.set_threshold(*_USUAL)
