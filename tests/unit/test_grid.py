"""The chunk grid: fixed borders, whole coverage, every chunk with samples."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.errors import UserFixable
from engine.grid import chunk_grid


def borders(*values: float) -> list[tuple[int, int]]:
    return [(round(a * 1e6), round(b * 1e6)) for a, b in pairwise(values)]


def test_borders_double_up_to_the_chunk_length() -> None:
    chunks = chunk_grid(100_300_000, Fraction(2))
    spans = [(c.span.start, c.span.end) for c in chunks]
    assert spans == borders(0, 2, 4, 8, 16, 32, 48, 64, 80, 96, 100.3)
    assert [c.index for c in chunks] == list(range(10))
    assert (chunks[0].first, chunks[0].last) == (0, 4)
    assert (chunks[-1].first, chunks[-1].last) == (192, 201)


def test_a_range_keeps_the_numbers_and_borders_of_the_whole() -> None:
    whole = {c.index: c for c in chunk_grid(100_000_000, Fraction(2))}
    for chunk in chunk_grid(100_000_000, Fraction(2), 5, 70)[1:-1]:
        assert chunk == whole[chunk.index]


@given(
    duration=st.integers(1, 400_000_000),
    fps=st.fractions(Fraction(1, 10), 30, max_denominator=100),
    start=st.floats(0, 300),
    end=st.floats(0, 500),
    length=st.floats(2, 120),
)
def test_chunks_tile_the_range_and_number_its_samples(
    duration: int, fps: Fraction, start: float, end: float, length: float
) -> None:
    try:
        chunks = chunk_grid(duration, fps, start, end, length)
    except UserFixable:
        return
    begin, stop = round(Fraction(start) * 1_000_000), round(Fraction(end) * 1_000_000)
    assert chunks[0].span.start == begin
    assert chunks[-1].span.end == (min(stop, duration) if stop else duration)
    for a, b in pairwise(chunks):
        assert a.span.end == b.span.start and a.last == b.first and a.index < b.index
    for c in chunks:
        assert c.last > c.first
        for k in (c.first, c.last - 1):
            assert c.span.start <= Fraction(k) / fps * 1_000_000 < c.span.end


@pytest.mark.parametrize(("start", "end"), [(10, 0), (11, 0), (5, 5), (5, 4), (0.1, 0.3)])
def test_an_empty_range_is_told(start: float, end: float) -> None:
    with pytest.raises(UserFixable, match=r"range"):
        chunk_grid(10_000_000, Fraction(2), start, end)
