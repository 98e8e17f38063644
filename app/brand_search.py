"""Type-ahead over brand names and aliases, and the names as they are shown now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from app.overlay import Names
from engine.domain.brands import KnownBrand
from engine.textfold import fold_compact
from storage.library import Library
from storage.review_queries import ReviewQueries

WORST = 60.0
"""Names less alike than this (0..100) are not offered."""


@dataclass(frozen=True, slots=True)
class BrandHit:
    """A brand that a typed text may mean: `matched` is the name or alias that fits, `score` 0..100."""

    brand_id: str
    name: str
    matched: str
    score: float


def load_names(library: Library) -> Names:
    """Redirects, display names and confirmed brands as they are now."""
    rows = ReviewQueries(library.db).brand_names()
    return Names(
        redirects={b.id: b.merged_into for b in rows if b.merged_into is not None},
        names={b.id: b.name for b in rows},
        confirmed=frozenset(b.id for b in rows if b.confirmed),
    )


class BrandSearch:
    """Searches one state of the brand book; frozen after it was built, so any thread may ask it."""

    def __init__(self, brands: Iterable[KnownBrand], tops: Mapping[str, str]) -> None:
        every = {b.id: b for b in brands}
        self._spellings: list[tuple[str, str, str]] = []
        seen: set[tuple[str, str]] = set()
        for brand in every.values():
            top = tops.get(brand.id, brand.id)
            for text in (brand.canonical_name, *brand.aliases):
                folded = fold_compact(text)
                if folded and (folded, top) not in seen:
                    seen.add((folded, top))
                    self._spellings.append((folded, top, text))
        self._folded = [folded for folded, _, _ in self._spellings]
        self._names = {b.id: b.canonical_name for b in every.values()}

    @classmethod
    def of(cls, library: Library) -> BrandSearch:
        """Over the library's brands as they are now."""
        with library.db.read() as conn:
            return cls(library.brands.all(conn=conn), library.brands.redirects(conn=conn))

    def search(self, text: str, limit: int = 9) -> list[BrandHit]:
        """Brands for a typed or read text, best first: beginnings before likenesses, each brand once."""
        folded = fold_compact(text)
        if not folded:
            return []
        found: dict[str, BrandHit] = {}

        def offer(number: int, score: float) -> None:
            _, top, spelling = self._spellings[number]
            if top not in found or found[top].score < score:
                found[top] = BrandHit(top, self._names.get(top, spelling), spelling, round(score, 1))

        for number, known in enumerate(self._folded):
            if known.startswith(folded):
                offer(number, 100.0 if known == folded else 99.0 - min(20.0, len(known) - len(folded)) / 4)
        if len(found) < limit:
            near = process.extract(
                folded, self._folded, scorer=fuzz.ratio, limit=4 * limit, score_cutoff=WORST
            )
            if len(folded) >= 4:
                near += process.extract(
                    folded, self._folded, scorer=fuzz.partial_ratio, limit=2 * limit, score_cutoff=90.0
                )
            for known, score, number in near:
                share = min(len(known), len(folded)) / max(len(known), len(folded))
                offer(number, score if score < 90.0 else min(score, 94.0) * (0.8 + 0.2 * share))
        hits = sorted(found.values(), key=lambda h: (-h.score, len(h.name), h.name))
        return hits[:limit]
