"""Vote one text out of several readings of the same sign, letter by letter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

_ALIKE = 50.0
_MOST_OTHERS = 5
_UNSURE, _SURE = 0.8, 0.95
_LESS = 0.02
"""How much less of a sign a view shows that is taken to show less."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One reading: its text, the probability of each character (0..1), how much it counts (> 0), and the share of the
    sign (0..1) that was inside the picture."""

    text: str
    scores: tuple[float, ...]
    weight: float = 1.0
    inside: float = 1.0

    @property
    def score(self) -> float:
        """Mean probability of the characters, 0 where there are none."""
        return sum(self.scores) / len(self.scores) if self.scores else 0.0


@dataclass(frozen=True, slots=True)
class Voted:
    """The winner with its score (0..1), and what else was read: text, best score, share of the votes."""

    text: str
    score: float
    others: tuple[tuple[str, float, float], ...] = ()


def alike(a: str, b: str) -> float:
    """How alike two readings are, 0..100; one that is a cut-off piece of the other counts as alike."""
    left, right = plain(a), plain(b)
    if not left or not right:
        return 0.0
    score = fuzz.ratio(left, right)
    if min(len(left), len(right)) >= 3:
        score = max(score, 0.95 * fuzz.partial_ratio(left, right))
    return float(score)


def plain(text: str) -> str:
    """The letters and digits of a text, upper and lower case taken together: the form in which readings are alike."""
    return "".join(c for c in text.casefold() if c.isalnum())


def sure_core(v: Vote) -> Vote | None:
    """A reading without one or two unsure characters at its ends, where all others are sure: a logo beside the
    name is often read as a letter. None where the reading has no such ends, or too little would be left."""
    start, end = 0, len(v.text)
    while start < end and v.scores[start] < _UNSURE:
        start += 1
    while end > start and v.scores[end - 1] < _UNSURE:
        end -= 1
    cut = len(v.text) - (end - start)
    if not 1 <= cut <= 2 or end - start < 3 or min(v.scores[start:end]) < _SURE:
        return None
    return replace(v, text=v.text[start:end].strip(), scores=v.scores[start:end])


def vote(votes: Sequence[Vote]) -> Voted:
    """The text of a sign. The strongest reading (weight × score × letters) leads; the other readings that are
    like it vote on each of its places with their characters' probabilities, and may put in or leave out a
    character only with a majority. What lacks at the ends of a reading of less of the sign than the leader's was
    outside the picture and leaves nothing out. Readings that say something else are kept among the others."""
    filled = [v for v in votes if v.text]
    if not filled:
        return Voted("", 0.0)
    leader = max(filled, key=lambda v: (v.weight * v.score * min(len(v.text), 12) ** 0.5, v.text))
    joining = [v for v in filled if v is leader or fuzz.ratio(leader.text, v.text) >= _ALIKE]
    text, score = _by_place(leader, joining)
    total = sum(v.weight * v.score for v in filled)
    tally: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for v in filled:
        if _shows_less(v, leader) and plain(v.text) in plain(text):
            continue
        tally[v.text][0] += v.weight * v.score
        tally[v.text][1] = max(tally[v.text][1], v.score)
        core = sure_core(v)
        if core is not None:
            tally[core.text][0] += v.weight * v.score
            tally[core.text][1] = max(tally[core.text][1], core.score)
    others = sorted(
        ((t, round(best, 4), round(share / total, 4)) for t, (share, best) in tally.items() if t != text),
        key=lambda o: (-o[2], -o[1], o[0]),
    )
    return Voted(text, round(score, 4), tuple(others[:_MOST_OTHERS]))


def _shows_less(v: Vote, leader: Vote) -> bool:
    return v.inside < leader.inside - _LESS


def _piece(text: str, read: str) -> tuple[int, int]:
    """Where the beginning or the end of `text` lies that is most like what was read: from, to."""
    places = [(i, len(text)) for i in range(len(text))] + [(0, i) for i in range(len(text), 0, -1)]
    return min(places, key=lambda p: Levenshtein.distance(text[p[0] : p[1]], read))


def _by_place(leader: Vote, votes: Sequence[Vote]) -> tuple[str, float]:
    """The leader's text with each place voted on, and the mean score of the winning characters."""
    places: list[dict[str, float]] = [defaultdict(float) for _ in leader.text]
    between: list[dict[str, float]] = [defaultdict(float) for _ in range(len(leader.text) + 1)]
    best: dict[tuple[int, str], float] = {}
    everything = sum(v.weight for v in votes)
    for v in votes:
        first, end = _piece(leader.text, v.text) if _shows_less(v, leader) else (0, len(leader.text))
        for step in Levenshtein.opcodes(leader.text[first:end], v.text):
            i1, i2 = first + step.src_start, first + step.src_end
            j1, j2 = step.dest_start, step.dest_end
            if step.tag in ("equal", "replace"):
                for i, j in zip(range(i1, i2), range(j1, j2), strict=False):
                    places[i][v.text[j]] += v.weight * v.scores[j]
                    best[i, v.text[j]] = max(best.get((i, v.text[j]), 0.0), v.scores[j])
            elif step.tag == "delete":
                for i in range(i1, i2):
                    places[i][""] += v.weight * v.score
            else:
                between[i1][v.text[j1:j2]] += v.weight * min(v.scores[j1:j2])
    letters: list[str] = []
    scores: list[float] = []
    for i in range(len(leader.text) + 1):
        put_in = max(between[i].items(), key=lambda kv: (kv[1], kv[0]), default=("", 0.0))
        if put_in[1] > everything / 2:
            letters.append(put_in[0])
            scores += [put_in[1] / everything] * len(put_in[0])
        if i < len(leader.text):
            ranked = max(places[i].items(), key=lambda kv: (kv[1], kv[0] == leader.text[i], kv[0]))
            if ranked[0]:
                letters.append(ranked[0])
                scores.append(best[i, ranked[0]])
    return "".join(letters), (sum(scores) / len(scores) if scores else 0.0)
