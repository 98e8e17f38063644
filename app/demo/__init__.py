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
    "RepeatMap": "app.demo.repeat",
    "repeat_video": "app.demo.repeat",
    "repeated_truth": "app.demo.repeat",
    "truth_path": "app.demo.render",
    "DemoTruth": "app.demo.truth",
}
