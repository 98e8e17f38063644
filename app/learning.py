"""What people's decisions teach: which brand they chose for a text, and how far each answer source is to be trusted."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.overlay import EffectiveAppearance, Names, State
from engine.textfold import fold_compact
from storage.review_queries import Choice

if TYPE_CHECKING:
    from app.review import CandidateRow

CHOSEN, REFUSED = 10.0, 15.0
"""Points that the first choice (refusal) of a brand for a text is worth; each doubling adds as many."""
ENOUGH = 50
"""A threshold is suggested from so many verdicts on."""
BINS = 10
WANTED = 0.95
"""The suggested threshold is the lowest at which at least so many answers were right."""


class Choices:
    """What was chosen and refused before, by folded text."""

    def __init__(self, choices: Iterable[Choice]) -> None:
        self._chosen: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._refused: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._spelt: dict[str, str] = {}
        for c in sorted(choices, key=lambda c: (-c.times, c.text)):
            folded = fold_compact(c.text)
            if not folded or not c.brand_id:
                continue
            self._spelt.setdefault(folded, c.text)
            if c.kind in ("confirm", "reassign", "draw"):
                self._chosen[folded][c.brand_id] += c.times
            elif c.kind == "reject":
                self._refused[folded][c.brand_id] += c.times

    def brands_of(self, text: str) -> list[str]:
        """Brands that were chosen for this text, the most often chosen first."""
        counts = self._chosen.get(fold_compact(text), {})
        return sorted(counts, key=lambda b: (-counts[b], b))

    def texts_of(self, brand_ids: Container[str]) -> dict[str, int]:
        """Folded texts that people gave to one of these brands, and how often."""
        found: dict[str, int] = {}
        for folded, counts in self._chosen.items():
            times = sum(n for b, n in counts.items() if b in brand_ids)
            if times:
                found[folded] = times
        return found

    def spelling(self, folded: str) -> str:
        """A folded text as it was read most often."""
        return self._spelt[folded]

    def weigh(self, row: CandidateRow, text: str, names: Names) -> CandidateRow:
        """The candidate with its score raised or lowered by what people said, and told so."""
        folded = fold_compact(text)
        chosen = sum(n for b, n in self._chosen.get(folded, {}).items() if names.resolve(b) == row.brand_id)
        refused = sum(n for b, n in self._refused.get(folded, {}).items() if names.resolve(b) == row.brand_id)
        if not chosen and not refused:
            return row
        score = row.score + CHOSEN * math.log2(1 + chosen) - REFUSED * math.log2(1 + refused)
        words = [f"chosen {chosen}× for this text"] if chosen else []
        words += [f"refused {refused}× for this text"] if refused else []
        reason = "; ".join([row.reason, *words] if row.reason else words)
        return replace(row, score=max(0.0, score), reason=reason)


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """Answers with a confidence from `low` to `high` (0..1): how many had a verdict and what share was right."""

    low: float
    high: float
    verdicts: int
    right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far an answer source (`ocr`, `local_vlm`, `cloud_llm`) is to be trusted. `threshold`: the lowest
    confidence from which on at least 95 % of the judged answers were right; None below 50 verdicts, or where no
    confidence is high enough."""

    source: str
    verdicts: int
    right: float
    curve: tuple[ReliabilityPoint, ...]
    threshold: float | None


def reliability(judged: Iterable[tuple[str, float, bool]]) -> list[Reliability]:
    """Curves from (answer source, confidence 0..1, was it right), one a source, in the sources' order."""
    by_source: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for source, confidence, right in judged:
        by_source[source].append((confidence, right))
    return [_curve(source, by_source[source]) for source in sorted(by_source)]


def verdicts_on(appearances: Iterable[EffectiveAppearance], names: Names) -> list[tuple[str, float, bool]]:
    """What people's verdicts say of the machine's answers: (source, confidence, right). Only appearances for which
    the machine had an answer or a candidate, and people a clear word, count."""
    found: list[tuple[str, float, bool]] = []
    for a in appearances:
        m = a.machine
        if (
            m is None
            or not m.candidates
            or a.state not in (State.CONFIRMED, State.REJECTED, State.REASSIGNED)
        ):
            continue
        top = m.candidates[0]
        confidence = min(1.0, m.text_score * top.match_score / 100)
        right = a.state is not State.REJECTED and names.resolve(top.brand_id) == a.brand_id
        found.append((m.source, confidence, right))
    return found


def _curve(source: str, judged: Sequence[tuple[float, bool]]) -> Reliability:
    ordered = sorted(judged, reverse=True)
    points = []
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [ok for c, ok in ordered if low <= c < high or (number == BINS - 1 and c == 1.0)]
        if inside:
            points.append(ReliabilityPoint(low, high, len(inside), sum(inside) / len(inside)))
    threshold = None
    if len(ordered) >= ENOUGH:
        good = 0
        for count, (confidence, ok) in enumerate(ordered, 1):
            good += ok
            last = count == len(ordered) or ordered[count][0] < confidence
            if last and good / count >= WANTED:
                threshold = round(confidence, 4)
    return Reliability(
        source, len(ordered), sum(ok for _, ok in ordered) / len(ordered), tuple(points), threshold
    )
