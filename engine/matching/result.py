"""What matching answers: settings, one match with its reason, the verdict over a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tier = Literal["exact", "alias", "confusable", "fuzzy", "partial", "joined", "alternatives"]
Verdict = Literal["accept", "review", "unresolved", "denied"]


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """Soft limits of matching; scores are 0..100. `margin`: two brands for the same letters that lie closer than
    this go to review. `min_length`: texts with fewer letters and digits are not matched."""

    accept: float = 90.0
    review: float = 75.0
    margin: float = 4.0
    min_length: int = 2


@dataclass(frozen=True, slots=True)
class Match:
    """One brand found in a text. `name` is the name or alias that matched, `span` the half-open range of the raw
    text, `score` 0..100, `cost` the weighted edits between text and name, `reason` a sentence for people."""

    brand_id: str
    name: str
    score: float
    tier: Tier
    reason: str
    span: tuple[int, int]
    verdict: Verdict
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The answer for one text. `best`: the strongest match at or above the review band (None: nothing).
    `runner_up`: the strongest other brand for the same letters. `several`: every match of the line in reading
    order, `best` among them, spans apart from each other, each with its own verdict."""

    text: str
    verdict: Verdict
    best: Match | None = None
    runner_up: Match | None = None
    several: tuple[Match, ...] = ()
