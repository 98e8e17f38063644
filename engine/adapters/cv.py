"""OpenCV for everyone: imports cv2 without letting it redirect Qt's plugins, and keeps it to one thread.

On Linux, opencv-python points QT_QPA_PLATFORM_PLUGIN_PATH and QT_QPA_FONTDIR at Qt files of its own when it is
imported; a window opened afterwards would load those and fail. Use `from engine.adapters.cv import cv2`.
Parallel work is the runner's: one thread a worker is faster than workers that each start a pool.
"""

from __future__ import annotations

import os

_QT_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_before = {name: os.environ.get(name) for name in _QT_VARIABLES}

import cv2  # noqa: E402

for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value

cv2.setNumThreads(1)

__all__ = ["cv2"]
