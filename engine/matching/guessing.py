"""A name that the reader held possible where its best letters name nothing: the tier `alternatives`.

Three kinds of explanation compete for a sign that couldn't be read surely: a brand, a frequent word, and any other
text. Each kind is taken to be equally probable beforehand, and each brand, each word, and each text of a length within
its kind; a book that names fewer brands than sport shows doesn't make them more probable. By Bayes' rule the lead of a
name over its rivals is then the difference of `mean_fit` and of the logarithms of these shares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from engine.alternatives import Steps, mean_fit
from engine.lexicon import common_words, is_common
from engine.matching.book import Book, Form
from engine.matching.result import Match
from engine.textfold import fold_compact

_SHORTEST, _SURE_LENGTH, _SURE_WORD = 4, 5, 7
"""Shorter names are not guessed; names of the second length or longer may count without a person, those that are
spelt like a frequent word from the third."""
_BRANDS = 2000
"""How many brands there are to be seen at least."""
_LIKE = 60.0
_NAMES, _WORDS = 6, 6
_PER_LETTER = -1.5
"""Least mean fit for each letter of a name: on average its letters are a fifth as probable as the best ones."""
_FREE_LETTER = 2.6
"""What one more letter of free text costs: its entropy in nats, between that of single letters and of pairs
(Shannon, Prediction and Entropy of Printed English, 1951)."""
_LEAD, _APART = 2.0, 6.0
"""Lead over words and free texts, and over the next brand (logarithms of ratios), from which a guess counts."""
_ACCEPTED, _REVIEWED, _TOP = 90.0, 80.0, 96.0


@dataclass(frozen=True, slots=True)
class _Guess:
    form: Form
    fit: float
    lead: float
    apart: float


class Guesser:
    """Guesses names of one book; what it holds is made once."""

    def __init__(self, book: Book) -> None:
        self._forms: dict[str, Form] = {}
        for form in book.forms:
            if form.kind in ("name", "alias") and not form.wide and len(form.compact) >= _SHORTEST:
                self._forms[form.compact] = form
        self._names = list(self._forms)

    def is_near(self, texts: Sequence[str]) -> bool:
        """Whether any name of the book is like any of the texts, so that `guess` would weigh it."""
        return bool(self._near(_folded(texts)))

    def guess(self, texts: Sequence[str], stretches: Sequence[Sequence[Steps]]) -> Match | None:
        """The brand that the clearest of a sign's stretches speaks for (each given as the steps of its crops), or
        None. `texts`: what was read, the voted text first. The score is 90 or more where the name leads clearly."""
        read = _folded(texts)
        near = self._near(read)
        found = [
            g for crops in stretches if crops and near and (g := self._weigh(crops, near, read)) is not None
        ]
        if not found:
            return None
        best = max(found, key=lambda g: (min(g.lead - _LEAD, g.apart - _APART), g.form.compact))
        if any(g.form.brand_id != best.form.brand_id for g in found):
            return None
        surplus = min(best.lead - _LEAD, best.apart - _APART)
        least = _SURE_WORD if best.form.common else _SURE_LENGTH
        sure = surplus >= 0 and len(best.form.compact) >= least and not best.form.shared
        score = min(_TOP, _ACCEPTED + surplus) if sure else _REVIEWED
        reason = f"“{texts[0]}” was not read surely; of all names and words the letters fit “{best.form.text}” best."
        return Match(
            best.form.brand_id, best.form.text, round(score, 2), "alternatives", reason, (0, len(texts[0])),
            "accept" if sure else "review", round(-best.fit, 3),
        )  # fmt: skip

    def _near(self, read: Sequence[str]) -> list[str]:
        return sorted({name for text in read for name in _like(text, self._names, _NAMES)})

    def _weigh(self, crops: Sequence[Steps], near: Sequence[str], read: Sequence[str]) -> _Guess | None:
        fits = {name: mean_fit(crops, name) for name in near}
        best = max(near, key=lambda name: (fits[name], name))
        form = self._forms[best]
        others = [fits[n] for n in near if self._forms[n].brand_id != form.brand_id]
        apart = fits[best] - max(others, default=-math.inf)
        if fits[best] < _PER_LETTER * len(best) or apart < _APART / 2:
            return None
        words = {word for text in read for word in _like(text, _words(), _WORDS)}
        rivals = sorted({*words, *read} - fits.keys())
        free = max((mean_fit(crops, rival) - _cost(rival) for rival in rivals), default=-math.inf)
        lead = fits[best] - math.log(max(_BRANDS, len(self._names))) - free
        return _Guess(form, fits[best], lead, apart) if lead >= 0 else None


@lru_cache(maxsize=1)
def _words() -> tuple[str, ...]:
    return tuple(sorted(word for word in common_words() if len(word) >= 3))


def _folded(texts: Sequence[str]) -> list[str]:
    return [text for text in dict.fromkeys(fold_compact(text) for text in texts) if text]


def _cost(text: str) -> float:
    """The logarithm of one in how many texts of its kind this one is."""
    return math.log(len(common_words())) if is_common(text) else _FREE_LETTER * len(text)


def _like(text: str, choices: Sequence[str], most: int) -> list[str]:
    found = process.extract(text, choices, scorer=fuzz.ratio, score_cutoff=_LIKE, limit=most, processor=None)
    return [name for name, _, _ in found]
