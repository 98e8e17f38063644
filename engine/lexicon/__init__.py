"""Frequent words, places and given names that must not be taken for misspelt brands."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """The words of common.txt (folded). Part of the matcher: a change bumps the version of match_brands."""
    text = resources.files(__name__).joinpath("common.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=65536)
def is_common(token: str) -> bool:
    """True where `token` (folded) is a frequent word, or the plural of one."""
    words = common_words()
    return token in words or (len(token) > 4 and token.endswith("s") and token[:-1] in words)
