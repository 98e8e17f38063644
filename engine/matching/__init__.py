"""Match texts that were read on signs with the names of a brand book: pure functions over frozen inputs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.domain.brands import BookEntry
from engine.matching import joining
from engine.matching.book import Book, content_digest, deny_defaults
from engine.matching.joining import Join, TextBox, join_candidates
from engine.matching.line import match_line
from engine.matching.lookup import Finder
from engine.matching.result import Match, MatchResult, MatchSettings, Tier, Verdict

__all__ = [
    "Book", "BookEntry", "Finder", "Join", "Match", "MatchResult", "MatchSettings", "TextBox", "Tier", "Verdict",
    "content_digest", "deny_defaults", "join_candidates", "match_joined", "match_line", "match_text", "match_texts",
]  # fmt: skip

DEFAULTS = MatchSettings()


def match_text(
    text: str, book: Book, settings: MatchSettings = DEFAULTS, context: Collection[str] = ()
) -> MatchResult:
    """The brands that `text` names. `context`: ids of brands read in full on the same sign or in the same shot;
    it lowers the bar for cut-off and short forms of these brands."""
    return match_line(text, Finder(book), settings, context)


def match_texts(texts: Sequence[str], book: Book, settings: MatchSettings = DEFAULTS) -> list[MatchResult]:
    """`match_text` over many texts, equal ones matched once; results in the order of `texts`."""
    finder = Finder(book)
    known: dict[str, MatchResult] = {}
    for text in texts:
        if text not in known:
            known[text] = match_line(text, finder, settings)
    return [known[text] for text in texts]


def match_joined(
    parts: Sequence[str], book: Book, settings: MatchSettings = DEFAULTS, context: Collection[str] = ()
) -> MatchResult | None:
    """The brand that `parts` (boxes in reading order, see `join_candidates`) name only together, else None."""
    return joining.match_joined(parts, Finder(book), settings, context)
