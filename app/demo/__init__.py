"""The demo: a rendered broadcast-like clip whose truth is known exactly (lazy: importing this costs nothing)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.demo.brands import demo_book_csv
    from app.demo.render import render_demo, truth_path
    from app.demo.repeat import RepeatMap, repeat_video, repeated_truth
    from app.demo.truth import DemoTruth

_HOME = {
    "demo_book_csv": "app.demo.brands",
    "render_demo": "app.demo.render",
    "truth_path": "app.demo.render",
    "RepeatMap": "app.demo.repeat",
    "repeat_video": "app.demo.repeat",
    "repeated_truth": "app.demo.repeat",
    "DemoTruth": "app.demo.truth",
}

__all__ = [
    "DemoTruth",
    "RepeatMap",
    "demo_book_csv",
    "render_demo",
    "repeat_video",
    "repeated_truth",
    "truth_path",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
