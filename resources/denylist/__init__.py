"""Default deny list: texts of graphics, boards and shirts that are no brands."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def default_words() -> tuple[str, ...]:
    """The default denied texts, in the order of words.txt."""
    text = resources.files(__name__).joinpath("words.txt").read_text("utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
