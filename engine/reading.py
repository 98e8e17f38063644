"""Read the signs of one chunk: which crops with which model, when enough is enough, what text a sign gets.

A sign is read first by a quick model on its two best crops; where these agree and are sure, that settles it.
Else the strong model reads its best crops until two agree. Signs that are followed for long are read again
in every stretch; where they can't be read any more, their text is not passed on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.alternatives import Steps
from engine.crops import Shown, best_first, stretches
from engine.voting import Vote, Voted, alike, plain, vote

Pixels = NDArray[np.uint8]

_AGREE = 90.0
_CHECK_LIKE = 60.0
_HOPELESS = 0.25
_PROMISING = 0.6
_STRONG_ENOUGH = 0.9
_QUICK_ENOUGH = 0.75
_STRONG_WEIGHT = 2.0
_TWO_LINES = 20.0
_LINE_SCORE = 0.7
_LEAST_LETTERS = 4
_EXACTLY = 0.85
_UNLIKE = 60.0
_CERTAIN = 0.97
_MOST_POSSIBLE = 3


class Text(Protocol):
    """A reader's answer for one crop."""

    @property
    def text(self) -> str: ...

    @property
    def scores(self) -> tuple[float, ...]: ...

    @property
    def score(self) -> float: ...

    @property
    def steps(self) -> Steps: ...


Wanted = tuple[int, int, int]
"""Which crop: the sign's number, the showing's number, and one of the parts below."""
WHOLE, UPPER, LOWER, AROUND, BEYOND = range(5)
"""The region; its upper, its lower line; the region with more room at its ends; the same, but only where letters
seem to go on beyond its ends (else it reads empty)."""
LINE_SHARE = 0.58
"""How much of a region's height its upper and its lower line are taken to fill."""

ReadCrops = Callable[[Sequence[Wanted]], Sequence[Text]]
"""Read crops, in order."""


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """`sure`: mean character score from which two alike quick readings settle a sign; `crops`: most strong
    readings of a sign's regions; `check_seconds`: how long a text is passed on without being read again."""

    sure: float
    crops: int
    check_seconds: float


@dataclass(slots=True)
class SignText:
    """What a sign says: the voted text, its readings by showing, and the showings whose text is passed on.
    `lines` are the upper and the lower line where one region holds two, else empty. `possible`: the possible
    letters of its best crops where the text is unsure."""

    voted: Voted
    read: dict[int, Text]
    passed_on: tuple[int, ...]
    lines: tuple[Voted, ...] = ()
    possible: tuple[Steps, ...] = ()


@dataclass(slots=True)
class _Work:
    showings: Sequence[Shown]
    pieces: list[list[int]]
    order: list[int]
    quick: dict[int, Text] = field(default_factory=dict)
    strong: dict[int, Text] = field(default_factory=dict)
    around: Text | None = None

    @property
    def readings(self) -> dict[int, Text]:
        return {**self.quick, **self.strong}


def read_signs(
    signs: Sequence[Sequence[Shown]],
    quick: ReadCrops | None,
    strong: ReadCrops,
    rules: ReadingRules,
    tick: Callable[[], None] = lambda: None,
) -> list[SignText]:
    """The texts of signs, each given as its showings; in order."""
    works: list[_Work] = []
    for showings in signs:
        pieces = stretches(showings, rules.check_seconds)
        works.append(_Work(showings, pieces, best_first(showings)))
    hopeless: set[int] = set()
    if quick is not None:
        wanted = [(n, i, WHOLE) for n, w in enumerate(works) for i in w.order[:2]]
        for (n, i, _), text in zip(wanted, quick(wanted), strict=True):
            works[n].quick[i] = text
        tick()
        hopeless = {n for n, w in enumerate(works) if _hopeless(w)}
    _read_surely(works, hopeless, strong, rules, tick)
    _look_beyond(works, hopeless, strong)
    tick()
    voted = [_vote(w) if n not in hopeless else Voted("", 0.0) for n, w in enumerate(works)]
    checks = quick or strong
    wanted = [
        (n, _best_of(piece, w), WHOLE)
        for n, w in enumerate(works)
        if voted[n].text and len(w.pieces) > 1
        for piece in w.pieces
        if not any(i in w.readings for i in piece)
    ]
    for (n, i, _), text in zip(wanted, checks(wanted), strict=True):
        works[n].quick[i] = text
    tick()
    lines = _two_lines(works, voted, strong)
    tick()
    return [
        SignText(v, w.readings, _passed_on(w, v), lines.get(n, ()), _possible(w, v))
        for n, (w, v) in enumerate(zip(works, voted, strict=True))
    ]


def _read_surely(
    works: Sequence[_Work], hopeless: set[int], read: ReadCrops, rules: ReadingRules, tick: Callable[[], None]
) -> None:
    """Strong readings of the signs that the quick ones did not settle: one showing after the other and, last of
    all, the best one with room at its ends, which reads surer than a tight crop and shows a cut-off letter.
    Of several signs that seem to say the same one is read; the others only where that does not bear them out."""
    views = [[*((i, WHOLE) for i in w.order[: rules.crops]), (w.order[0], AROUND)] for w in works]
    hopeful = [n for n in range(len(works)) if n not in hopeless]
    settled = {n for n in hopeful if _settled(works[n].quick, rules.sure)}
    unsettled = [n for n in hopeful if n not in settled]
    known = {said for n in settled for said in _said(works[n])}
    first, later = _leaders(works, unsettled)
    for group in (first, later):
        left = [n for n in group if known.isdisjoint(_said(works[n]))]
        for turn in range(rules.crops + 1):
            wanted = [(n, *views[n][turn]) for n in left if turn < len(views[n])]
            if not wanted:
                break
            for (n, i, part), text in zip(wanted, read(wanted), strict=True):
                if part == WHOLE:
                    works[n].strong[i] = text
                else:
                    works[n].around = text
            tick()
            known |= {
                plain(t.text) for n in left for t in works[n].strong.values() if t.score >= _STRONG_ENOUGH
            }
            left = [n for n in left if not _confirmed(works[n]) and _promising(works[n])]


def _said(work: _Work) -> set[str]:
    """What the quick model read well enough on a sign, as letters: a sign of the same chunk that is known to say
    just that (the same board once more, or found again behind a player) needs no reading of its own."""
    read = {plain(t.text) for t in work.quick.values() if t.score >= _QUICK_ENOUGH}
    return {letters for letters in read if len(letters) >= _LEAST_LETTERS}


def _leaders(works: Sequence[_Work], signs: Sequence[int]) -> tuple[list[int], list[int]]:
    """Of signs that seem to say the same the one that the quick model read surest, and all others."""
    best: dict[str, int] = {}
    for n in sorted(signs, key=lambda n: -max((t.score for t in works[n].quick.values()), default=0.0)):
        for said in _said(works[n]):
            best.setdefault(said, n)
    behind = {n for n in signs if (texts := _said(works[n])) and all(best[s] != n for s in texts)}
    return [n for n in signs if n not in behind], [n for n in signs if n in behind]


def _look_beyond(works: Sequence[_Work], hopeless: set[int], read: ReadCrops) -> None:
    """Read the best showing of the other signs with room at its ends where letters seem to go on there: detectors
    cut off first and last letters, and what is left may read surely."""
    wanted = [
        (n, w.order[0], BEYOND)
        for n, w in enumerate(works)
        if n not in hopeless and w.around is None and any(t.text for t in w.readings.values())
    ]
    for (n, _, _), text in zip(wanted, read(wanted), strict=True):
        works[n].around = text


def _two_lines(
    works: Sequence[_Work], voted: Sequence[Voted], read: ReadCrops
) -> dict[int, tuple[Voted, ...]]:
    """Signs that are two lines of text in one region: their upper and lower lines read well by themselves, and
    not like each other or, both of them, like the whole. A crop without a border between lines reads empty."""
    tall = [n for n, w in enumerate(works) if voted[n].text and w.showings[w.order[0]].height >= _TWO_LINES]
    wanted = [(n, i, part) for n in tall for i in works[n].order[:2] for part in (UPPER, LOWER)]
    halves: dict[tuple[int, int], list[Vote]] = {}
    for (n, _, part), text in zip(wanted, read(wanted), strict=True):
        halves.setdefault((n, part), []).append(Vote(text.text, text.scores))
    found: dict[int, tuple[Voted, ...]] = {}
    for n in tall:
        upper, lower = vote(halves[n, UPPER]), vote(halves[n, LOWER])
        well = all(
            line.score >= _LINE_SCORE and sum(c.isalpha() for c in line.text) >= 3 for line in (upper, lower)
        )
        like = [alike(line.text, voted[n].text) for line in (upper, lower)]
        if well and alike(upper.text, lower.text) < _UNLIKE and min(like) < _UNLIKE:
            found[n] = (upper, lower)
    return found


def _best_of(piece: Sequence[int], work: _Work) -> int:
    rank = {i: place for place, i in enumerate(work.order)}
    return min(piece, key=lambda i: rank[i])


def _hopeless(work: _Work) -> bool:
    """Nothing letter-like in any quick reading: crowd, grass, ornaments."""
    return all(t.score < _HOPELESS or not any(c.isalnum() for c in t.text) for t in work.quick.values())


def _settled(readings: dict[int, Text], sure: float) -> bool:
    """Two alike readings of at least this score, or two that equal each other a little below it."""
    good = [t for t in readings.values() if t.text and t.score >= min(sure, _EXACTLY)]
    return any(
        _same(a, b) if min(a.score, b.score) >= sure else a.text == b.text
        for k, a in enumerate(good)
        for b in good[k + 1 :]
    )


def _confirmed(work: _Work) -> bool:
    """Two strong readings agree, or a strong one bears out a quick one of another showing."""
    if _settled(work.strong, _STRONG_ENOUGH):
        return True
    return any(
        strong.score >= _STRONG_ENOUGH and quick.score >= _QUICK_ENOUGH and _same(strong, quick)
        for i, strong in work.strong.items()
        for j, quick in work.quick.items()
        if i != j or len(work.order) == 1
    )


def _promising(work: _Work) -> bool:
    """Some reading so far is good enough that another may settle the text."""
    return max((t.score for t in work.readings.values() if t.text), default=0.0) >= _PROMISING


def _same(a: Text, b: Text) -> bool:
    return alike(a.text, b.text) >= _AGREE and abs(len(a.text) - len(b.text)) <= 1


def _vote(work: _Work) -> Voted:
    inside = [s.visible for s in work.showings]
    votes = [Vote(t.text, t.scores, inside=inside[i]) for i, t in work.quick.items() if i not in work.strong]
    votes += [Vote(t.text, t.scores, _STRONG_WEIGHT, inside[i]) for i, t in work.strong.items()]
    if work.around is not None:
        votes.append(Vote(work.around.text, work.around.scores, _STRONG_WEIGHT, inside[work.order[0]]))
    return vote(votes)


def _possible(work: _Work, voted: Voted) -> tuple[Steps, ...]:
    """The steps of the surest readings of an unsure sign; the same showing read by both models counts twice."""
    if not voted.text or voted.score >= _CERTAIN:
        return ()
    every = [t for t in (*work.strong.values(), *work.quick.values()) if t.text and t.steps]
    return tuple(t.steps for t in sorted(every, key=lambda t: (-t.score, t.text))[:_MOST_POSSIBLE])


def _passed_on(work: _Work, voted: Voted) -> tuple[int, ...]:
    """The showings that get the sign's text: those of stretches in which a reading is like it."""
    if not voted.text:
        return ()
    known = [voted.text, *(text for text, _, _ in voted.others)]
    kept: list[int] = []
    for piece in work.pieces:
        readings = [work.readings[i] for i in piece if i in work.readings]
        if len(work.pieces) == 1 or any(
            alike(t.text, other) >= _CHECK_LIKE for t in readings for other in known
        ):
            kept += piece
    return tuple(sorted(kept))
