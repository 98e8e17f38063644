"""Frequent words, places and given names that must not be taken for misspelt brands."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources


def words_of(file: str) -> frozenset[str]:
    """The folded words of one of this folder's lists (comment lines start with #)."""
    text = resources.files(__name__).joinpath(file).read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """The words of common.txt. Part of the matcher: a change bumps the version of match_brands."""
    return words_of("common.txt")


@lru_cache(maxsize=65536)
def is_common(token: str) -> bool:
    """True where `token` (folded) is a frequent word, or the plural of one."""
    words = common_words()
    return token in words or (len(token) > 4 and token.endswith("s") and token[:-1] in words)


@lru_cache(maxsize=1)
def _all_words() -> str:
    return "\n".join(sorted(common_words()))


@lru_cache(maxsize=65536)
def is_part_of_common(run: str) -> bool:
    """True where `run` (folded letters) stands inside a frequent word, so it may be that word cut off."""
    return run in _all_words()
