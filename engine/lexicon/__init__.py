"""Frequent words, places and given names that must not be taken for misspelt brands."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

_GRAM = 4


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
def _words_by_gram() -> dict[str, tuple[str, ...]]:
    """Four letters -> the words that hold them."""
    table: dict[str, list[str]] = {}
    for word in common_words():
        for start in range(len(word) - _GRAM + 1):
            table.setdefault(word[start : start + _GRAM], []).append(word)
    return {gram: tuple(words) for gram, words in table.items()}


def is_part_of_common(run: str) -> bool:
    """True where `run` (four or more folded letters) stands inside a frequent word: it may be that word cut off."""
    return any(run in word for word in _words_by_gram().get(run[:_GRAM], ()))
