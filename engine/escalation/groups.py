"""Which unresolved appearances are one question: the same text, or nearly the same text and look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from engine.domain.records import Appearance
from engine.textfold import fold_compact

SAME_LOOK = 8
"""Bits of 64 in which two looks may differ while being one look."""
SHORT = 4
"""Texts with fewer letters are one question only where they look alike too."""
SHORT_LOOK = 16
ALIKE_TEXT = 80.0
NEIGHBOURS = 400
"""Up to so many groups are put in order by nearest look; more are only sorted by it."""

NOT_A_BRAND = "model_not_a_brand"
"""Flag of an appearance that a model took for no brand: it stays in the queue but is not asked again."""


@dataclass(frozen=True, slots=True)
class Group:
    """Appearances that get one answer. `members` are their places in the list of all appearances, the longest
    on screen first; `seconds` is their time on screen together."""

    members: tuple[int, ...]
    text: str
    look: str
    seconds: float


def open_groups(
    appearances: Sequence[Appearance], seconds: Mapping[int, float], min_seconds: float
) -> tuple[Group, ...]:
    """The questions among `appearances`, the longest on screen first. `seconds` is what each frame (by seq)
    stands for; groups shorter than `min_seconds` are left out."""
    length = {
        i: sum(seconds.get(s.seq, 0.0) for s in a.seen)
        for i, a in enumerate(appearances)
        if a.verdict == "unresolved" and NOT_A_BRAND not in a.flags
    }
    order = sorted(length, key=lambda i: (-length[i], i))
    piles: list[list[int]] = []
    by_text: dict[str, list[int]] = defaultdict(list)
    for i in order:
        place = _pile_of(appearances, i, piles, by_text)
        if place is None:
            place = len(piles)
            piles.append([])
            by_text[fold_compact(appearances[i].text)].append(place)
        piles[place].append(i)
    groups = [
        Group(
            members=tuple(pile),
            text=appearances[pile[0]].text,
            look=appearances[pile[0]].look,
            seconds=round(sum(length[i] for i in pile), 6),
        )
        for pile in piles
    ]
    long_enough = [g for g in groups if g.seconds >= min_seconds]
    return tuple(sorted(long_enough, key=lambda g: (-g.seconds, g.members)))


def _pile_of(
    appearances: Sequence[Appearance],
    i: int,
    piles: Sequence[Sequence[int]],
    by_text: Mapping[str, Sequence[int]],
) -> int | None:
    mine = appearances[i]
    text = fold_compact(mine.text)
    for place in by_text.get(text, ()):
        if len(text) >= SHORT or distance(mine.look, appearances[piles[place][0]].look) <= SHORT_LOOK:
            return place
    if not mine.look:
        return None
    for place, pile in enumerate(piles):
        other = appearances[pile[0]]
        if distance(mine.look, other.look) <= SAME_LOOK:
            theirs = fold_compact(other.text)
            if (not text and not theirs) or fuzz.ratio(text, theirs) >= ALIKE_TEXT:
                return place
    return None


def distance(a: str, b: str) -> int:
    """Bits in which two looks (16 hex digits) differ; 64 where one is not known."""
    return (int(a, 16) ^ int(b, 16)).bit_count() if a and b else 64


def alike_together(groups: Sequence[Group]) -> list[Group]:
    """The same groups with look-alikes side by side: a reader tells neighbours apart better than repeats."""
    left = sorted(groups, key=lambda g: (g.look, fold_compact(g.text), g.members))
    if len(left) > NEIGHBOURS or len(left) < 3:
        return left
    chain = [left.pop(0)]
    while left:
        nearest = min(range(len(left)), key=lambda k: (distance(chain[-1].look, left[k].look), k))
        chain.append(left.pop(nearest))
    return chain
