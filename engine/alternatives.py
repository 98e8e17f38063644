"""What else a crop may say: the reader's runner-up letters, step by step, and how well a name fits them.

A reader with connectionist temporal classification (Graves et al., ICML 2006) gives for each step along the crop
a probability of every letter and of the blank between letters. The text is the best path through it; a name is
compared with all that the reader held possible, not with that path alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Step = tuple[str, tuple[int, ...]]
"""The letters (folded; a space for the blank, gaps and signs) that a step may be, the most probable first, and what
each costs: minus the logarithm of its probability, in eighths. What is left out was less probable than LEAST."""
Steps = tuple[Step, ...]
"""A crop from left to right."""

BLANK = " "
LEAST = 0.0005
MOST = 8
_UNIT = 8.0
_NEVER = round(-math.log(1e-4) * _UNIT)
_IMPOSSIBLE = -1e9


def packed(steps: Sequence[dict[str, float]]) -> Steps:
    """Steps from letters' probabilities: the `MOST` best letters of each; sure blanks in a row become one."""
    found: list[Step] = []
    for letters in steps:
        ranked = sorted(letters.items(), key=lambda kv: (-kv[1], kv[0]))[:MOST]
        kept = [(letter, p) for letter, p in ranked if p >= LEAST]
        if not kept:
            continue
        step = "".join(letter for letter, _ in kept), tuple(round(-math.log(p) * _UNIT) for _, p in kept)
        if step[0] != BLANK or not found or found[-1] != step:
            found.append(step)
    return tuple(found)


def fit(steps: Steps, name: str) -> float:
    """How much less probable the best path that reads `name` (folded, no gaps) is than the best path of all:
    the logarithm of their ratio, at most 0. A letter that a step doesn't hold counts as 1 in 10,000.

    `tops` and `gaps` are the costs of the best ways so far that end on each letter, and between letters."""
    if not steps or not name:
        return _IMPOSSIBLE
    far = _NEVER * (len(steps) + 1)
    gaps, tops = [0] + [far] * len(name), [far] * len(name)
    places = [(at, letter, at > 0 and letter != name[at - 1]) for at, letter in enumerate(name)]
    best = 0
    for letters, costs in steps:
        cost = dict(zip(letters, costs, strict=True)).get
        blank = cost(BLANK, _NEVER)
        best += costs[0]
        gap, gaps[0], top = gaps[0], gaps[0] + blank, far
        for at, letter, skips in places:
            own = tops[at]
            way = own if own < gap else gap
            if skips and top < way:
                way = top
            tops[at] = way + cost(letter, _NEVER)
            gap = gaps[at + 1]
            gaps[at + 1] = (own if own < gap else gap) + blank
            top = own
    return min(0.0, (best - min(gaps[-1], tops[-1])) / _UNIT)


def mean_fit(crops: Sequence[Steps], name: str) -> float:
    """The mean of `fit` over several crops of one sign."""
    return sum(fit(steps, name) for steps in crops) / len(crops) if crops else _IMPOSSIBLE
