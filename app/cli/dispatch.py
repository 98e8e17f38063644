"""Which function does which sub-command."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

_HOMES = {
    "run": "runs",
    "replay": "runs",
    "retry": "runs",
    "resume": "runs",
    "pause": "runs",
    "cancel": "runs",
    "jobs": "look",
    "show": "look",
    "diff": "look",
    "accept": "look",
    "export": "look",
    "sources": "sources",
    "brands": "brands",
    "decisions": "decisions",
    "demo": "demo",
    "models": "models",
    "doctor": "house",
    "verify": "house",
}

VERBS = frozenset(_HOMES)
"""All sub-commands: anything else opens the window."""


def dispatch(given: argparse.Namespace, open_window: Callable[[Path, str], int] | None = None) -> int:
    """Call the sub-command's function (`do_<verb>` of its module) and return its exit code."""
    given.open_window = open_window
    module = importlib.import_module(f"app.cli.{_HOMES[given.verb]}")
    code: int = getattr(module, f"do_{given.verb}")(given)
    return code
