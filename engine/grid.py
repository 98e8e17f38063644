"""The fixed time grid: into which chunks a source is cut, and which sampling points each holds.

Borders lie at 0, 2, 4, 8, 16 s … from the source's zero (lengths 2, 2, 4, 8 s …, doubling up to the chunk
length, then that length each), so that the first results come early and a chunk keeps its number and its
borders whichever range of the source is analysed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from engine.domain.errors import UserFixable
from engine.domain.timebase import Span, format_time, to_micro
from engine.stage import Chunk

FIRST_SECONDS = 2


def chunk_grid(
    duration: int, fps: Fraction, start: float = 0.0, end: float = 0.0, chunk_seconds: float = 16.0
) -> tuple[Chunk, ...]:
    """The chunks that cover [start, end) of a source, in order.

    `duration` is in microseconds; `start`, `end` (0: the source's end) and `chunk_seconds` (the longest
    chunk) are in seconds, as in the settings; `fps` is samples a second. The spans tile the analysed time;
    each chunk holds at least one grid point (a chunk that would hold none is joined to its neighbour).
    Raises UserFixable where the range holds no grid point.
    """
    begin, limit = to_micro(start), to_micro(end)
    stop = min(limit, duration) if limit > 0 else duration
    if begin >= stop:
        raise UserFixable(
            f"The range to analyse is empty: it starts at {format_time(begin)} "
            f"and the {'range' if 0 < limit <= duration else 'video'} ends at {format_time(stop)}.",
            still_works="Nothing was started or changed.",
            to_do="Choose a start before the end of the video.",
        )
    chunks: list[Chunk] = []
    opened = begin
    number: int | None = None
    for index, border in enumerate(_borders(to_micro(chunk_seconds))):
        if border <= begin:
            continue
        if number is None:
            number = index
        closed = min(border, stop)
        first, last = _first_point(opened, fps), _first_point(closed, fps)
        if last > first:
            chunks.append(Chunk(number, Span(opened, closed), first, last))
            opened, number = closed, None
        if closed == stop:
            break
    if not chunks:
        raise UserFixable(
            f"The range from {format_time(begin)} to {format_time(stop)} is shorter than the distance "
            "between two samples, so no frame of it would be looked at.",
            still_works="Nothing was started or changed.",
            to_do="Choose a longer range or more samples per second.",
        )
    if opened < stop:
        tail = chunks[-1]
        chunks[-1] = Chunk(tail.index, Span(tail.span.start, stop), tail.first, tail.last)
    return tuple(chunks)


def _borders(longest: int) -> Iterator[int]:
    """Where chunks 0, 1, 2 … end, in microseconds."""
    length = min(to_micro(FIRST_SECONDS), longest)
    border = length
    yield border
    while True:
        border += length
        yield border
        length = min(border, longest)


def _first_point(micro: int, fps: Fraction) -> int:
    """The first grid number whose time is not before `micro`."""
    return math.ceil(Fraction(micro, 1_000_000) * fps)
