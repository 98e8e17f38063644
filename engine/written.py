"""Settings that are lists written as text: dropped ranges of time, masked areas of the picture."""

from __future__ import annotations

import math

from engine.domain.errors import UserFixable
from engine.domain.timebase import Span, merge_spans, parse_time

Area = tuple[float, float, float, float]
"""Left, top, right, bottom as shares (0..1) of the picture."""


def dropped_spans(text: str) -> tuple[Span, ...]:
    """The ranges of a setting like `0:00-0:30, 45:00-60:00`, joined and in order; raises UserFixable."""
    spans: list[Span] = []
    for piece in filter(None, (p.strip() for p in text.replace(";", ",").split(","))):
        start, dash, end = piece.replace("–", "-").partition("-")
        try:
            span = Span(parse_time(start), parse_time(end)) if dash else None
        except ValueError:
            span = None
        if span is None or span.length == 0:
            raise UserFixable(
                f"{piece!r} is not a range of time.",
                still_works="Nothing was started or changed.",
                to_do="Write dropped ranges like 0:00-0:30, 45:00-60:00.",
            )
        spans.append(span)
    return tuple(merge_spans(spans))


def parse_areas(text: str) -> tuple[Area, ...]:
    """Masked areas from `left,top,width,height; …` in percent; UserFixable where it is not that."""
    areas: list[Area] = []
    for piece in filter(None, (p.strip() for p in text.split(";"))):
        try:
            left, top, wide, high = (float(v) / 100 for v in piece.split(","))
            numbers = (left, top, wide, high)
            if (
                not all(map(math.isfinite, numbers))
                or not all(0 <= n <= 1 for n in numbers)
                or not wide * high
            ):
                raise ValueError(piece)
        except ValueError:
            raise UserFixable(
                f"{piece!r} is no masked area.",
                still_works="Nothing was started or changed.",
                to_do="Write areas as left,top,width,height in percent (0 to 100) of the picture, separated by "
                "semicolons: 0,0,20,10.",
            ) from None
        areas.append((left, top, left + wide, top + high))
    return tuple(areas)
