"""What an edit of the brand book changes for matching, and which sources that can concern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from app.overlay import Names
from engine.appearances import RIVAL_SHARE
from engine.domain.brands import BookEntry, BookSnapshot
from engine.domain.records import Appearance
from engine.matching import Book, MatchSettings
from engine.matching.guessing import Guesser
from engine.matching.line import match_line
from engine.matching.lookup import Finder
from engine.signs import Sign
from engine.textfold import fold_compact


class EditDelta:
    """What an edit changes for matching: spellings that change hands, denied texts, and brands that become one."""

    def __init__(self, before: BookSnapshot, after: BookSnapshot, names: Names) -> None:
        owned, owns = _owners(before.entries, names), _owners(after.entries, names)
        changed = {s for s in {*owned, *owns} if owned.get(s) != owns.get(s)}
        entries = [
            BookEntry(e.brand_id, spelt[0], tuple(spelt[1:]))
            for e in (*before.entries, *after.entries)
            if (spelt := [t for t in (e.name, *e.aliases) if fold_compact(t) in changed])
        ]
        denied = set(before.deny) ^ set(after.deny)
        entries += [BookEntry(f"denied {text}", text) for text in sorted(denied)]
        references = {e.brand_id: e.references for e in before.entries}
        self.looks = any(
            references.get(e.brand_id, ()) != e.references for e in after.entries if e.references
        )
        self.denied = denied
        self._names = names
        book = Book.build(_distinct(entries)) if entries else None
        self._finder = Finder(book) if book is not None else None
        self._guesser = Guesser(book) if book is not None else None
        self._hits: dict[str, bool] = {}
        self._before_ids = {e.brand_id for e in before.entries}
        self.renames = {e.brand_id: e.name for e in before.entries} != {
            e.brand_id: e.name for e in after.entries
        }

    def concerns(self, appearances: Collection[Appearance], signs: Sequence[Sign]) -> bool:
        """Whether matching again could give this source another answer."""
        if self._finder is not None:
            for sign in signs:
                texts = [sign.text, *(text for text, _, share in sign.others if share >= RIVAL_SHARE)]
                if any(self._hit(text) for text in texts):
                    return True
                if sign.possible and self._guesser is not None and self._guesser.is_near(texts):
                    return True
        return any(self._rivals_joined(a) for a in appearances)

    def _rivals_joined(self, a: Appearance) -> bool:
        """A close call between two brands that the edit makes one."""
        if a.verdict != "review" or len(a.candidates) < 2:
            return False
        first, second = a.candidates[0].brand_id, a.candidates[1].brand_id
        return (
            first != second
            and {first, second} <= self._before_ids
            and self._names.resolve(first) == self._names.resolve(second)
        )

    def _hit(self, text: str) -> bool:
        found = self._hits.get(text)
        if found is None:
            assert self._finder is not None
            result = match_line(text, self._finder, _LAX)
            found = result.best is not None or bool(result.several)
            found = found or fold_compact(text) in self.denied or self._beside_mark(text)
            self._hits[text] = found
        return found

    def _beside_mark(self, text: str) -> bool:
        """Whether the text without its first or last letter is an edited spelling, once or several times over."""
        compact = fold_compact(text)
        assert self._finder is not None
        return any(
            rest.replace(form.compact, "") == ""
            for rest in (compact[1:], compact[:-1])
            for form in self._finder.book.forms
            if rest and form.compact in rest
        )


_LAX = MatchSettings(accept=90.0, review=60.0, margin=0.0, min_length=2)
"""Limits under which a text may concern an edited spelling: wider than any that decides."""


def _owners(entries: Iterable[BookEntry], names: Names) -> dict[str, frozenset[str]]:
    """Folded spelling → surviving brands (after the edit) that have it."""
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for text in (entry.name, *entry.aliases):
            found[fold_compact(text)].add(names.resolve(entry.brand_id))
    return {spelling: frozenset(brands) for spelling, brands in found.items()}


def _distinct(entries: Iterable[BookEntry]) -> list[BookEntry]:
    """One entry a brand with all its changed spellings."""
    spelt: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in entries:
        for text in (entry.name, *entry.aliases):
            spelt[entry.brand_id].setdefault(fold_compact(text), text)
    return [BookEntry(b, next(iter(t.values())), tuple(list(t.values())[1:])) for b, t in spelt.items()]
