"""Cyclic garbage is collected on the main thread only.

Python collects in whichever thread happens to allocate; a widget or pixmap that dies in a worker thread takes the
program with it. So automatic collection is off while a window is open and a timer collects here instead: young
objects often, everything only after a while without work. What came in large numbers since the last second is a run
that was loaded: records, which form no cycles. Looking through a million of them would stop the window for a fifth
of a second, so they are set aside until everything is collected. What was there before the window, most of it modules,
is set aside from the start.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

EVERY_MS = 1000
WHOLE_EVERY = 60.0
"""Seconds between two collections of everything."""
LOADED = 8_000
"""Objects that came within a second from which on they are taken for a run that was loaded."""
QUIET = 5.0
"""Seconds without young garbage being due after which everything may be collected."""


class GarbageKeeper(QObject):
    """In force from its making to `close`."""

    def __init__(self) -> None:
        super().__init__()
        self._was_enabled = gc.isenabled()
        gc.disable()
        gc.freeze()
        self._more_aside = False
        self._thresholds = gc.get_threshold()
        self._whole = self._busy = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    @Slot()
    def _collect(self) -> None:
        now = time.monotonic()
        young, middle, _ = gc.get_count()
        if young > LOADED:
            self._busy = now
            gc.freeze()
            self._more_aside = True
        elif middle > self._thresholds[1]:
            self._busy = now
            gc.collect(1)
        elif young > self._thresholds[0]:
            self._busy = now
            gc.collect(0)
        elif now - self._whole > WHOLE_EVERY and now - self._busy > QUIET:
            self._whole = now
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._more_aside = True

    def close(self) -> None:
        """Collects what the window left, here and now, and gives collection back to Python."""
        self._timer.stop()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if self._more_aside:
            gc.unfreeze()
        gc.collect()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()
