"""Whether a window can be shown here, without asking Qt, which ends the process where it can't."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """True on Windows and macOS, and where there is an X or Wayland display."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def can_open_window() -> bool:
    """True where there is a display, or where Qt was told which platform to use instead."""
    return has_display() or bool(os.environ.get("QT_QPA_PLATFORM"))
