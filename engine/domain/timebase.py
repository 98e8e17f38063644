"""Exact time: presentation timestamps as integers in a rational time base, spans half-open.

A frame's time is `pts * time_base` seconds from the source's first frame; no float frame arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

_NUMBER = re.compile(r"\d{1,9}(\.\d{0,12})?|\.\d{1,12}", re.ASCII)

MICRO = Fraction(1, 1_000_000)
"""The store's own time base: every stored time is a whole number of microseconds."""


def to_micro(seconds: Fraction | float | int) -> int:
    """Seconds to whole microseconds, rounded half to even."""
    return round(Fraction(seconds) * 1_000_000)


def seconds(micro: int) -> float:
    """Whole microseconds to float seconds, for display and figures."""
    return micro / 1_000_000


def pts_to_micro(pts: int, time_base: Fraction) -> int:
    """Presentation timestamp in `time_base` units to whole microseconds."""
    return round(pts * time_base * 1_000_000)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open stretch of time [start, end), both in whole microseconds from the source's first frame."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"span ends ({self.end}) before it starts ({self.start})")

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def seconds(self) -> float:
        return self.length / 1_000_000

    def holds(self, micro: int) -> bool:
        return self.start <= micro < self.end

    def overlap(self, other: Span) -> int:
        """Length of the common stretch in microseconds, 0 where there is none."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def clip(self, other: Span) -> Span | None:
        """The part of this span that lies in `other`, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


def merge_spans(spans: Iterable[Span], gap: int = 0) -> Iterator[Span]:
    """Join spans that touch, overlap or lie at most `gap` microseconds apart; yields them in order."""
    current: Span | None = None
    for span in sorted(spans):
        if current is None:
            current = span
        elif span.start <= current.end + gap:
            current = Span(current.start, max(current.end, span.end))
        else:
            yield current
            current = span
    if current is not None:
        yield current


def grid_time(k: int, fps: Fraction) -> int:
    """Time of sampling grid point `k` at `fps` samples a second, in whole microseconds."""
    return round(Fraction(k) / fps * 1_000_000)


def format_time(micro: int) -> str:
    """Microseconds as `m:ss.mmm` (or `h:mm:ss.mmm` from one hour on)."""
    milli = round(micro / 1000)
    s, milli = divmod(milli, 1000)
    m, s = divmod(s, 60)
    h, m = divmod(m, 60)
    return f"{h}:{m:02}:{s:02}.{milli:03}" if h else f"{m}:{s:02}.{milli:03}"


def parse_time(text: str) -> int:
    """`90`, `1:30`, `1:02:03.5` to microseconds.

    Raises ValueError where the text is no time that a video could have.
    """
    parts = text.strip().split(":")
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"{text!r} is not a time")
    total = Fraction(0)
    for i, part in enumerate(parts):
        if not _NUMBER.fullmatch(part.strip()):
            raise ValueError(f"{text!r} is not a time")
        value = Fraction(part)
        if i and value >= 60:
            raise ValueError(f"{text!r} is not a time")
        total = total * 60 + value
    return to_micro(total)
