"""Detectors for the broadcast's own texts: clocks, scores, dates, numbers; names are none of them."""

from __future__ import annotations

import pytest

from engine.captions_text import (
    is_caption_text,
    looks_like_clock,
    looks_like_date,
    looks_like_number,
    looks_like_score,
)

CLOCKS = [
    "45:12",
    "00:00",
    "105:33",
    "O5:3I",
    "67'",
    "90+3'",
    "45+2",
    "45:00 +3",
    "2T 67:01",
    "Q4 02:13",
    "20:45",
    "8.45 pm",
]
SCORES = [
    "1-0",
    "2 : 1",
    "6–4",
    "AAB 0 2 CDE",
    "AAB 0-2 CDE",
    "AAB 1 CDE 0",
    "ABC DEF 1-1",
    "1-0 (0-0)",
    "XYZ 123/4 (15.2)",
]
DATES = ["12.05.2031", "2031-05-12", "Sat 12 May", "May 12th", "12 maggio 2031", "3/11/31"]
NUMBERS = ["10", "#7", "64%", "112 km/h", "3rd", "1.254", "25 °C"]
NAMES = [
    "bet365",
    "7UP",
    "1XBET",
    "Sixt 2 go",
    "Serie A",
    "Red Bull",
    "O2 Arena",
    "Canal+",
    "22Bet",
    "H&M",
    "Mayfair",
    "",
    "3M",
]


@pytest.mark.parametrize("text", CLOCKS)
def test_clocks(text: str) -> None:
    assert looks_like_clock(text)


@pytest.mark.parametrize("text", SCORES)
def test_scores(text: str) -> None:
    assert looks_like_score(text)


@pytest.mark.parametrize("text", DATES)
def test_dates(text: str) -> None:
    assert looks_like_date(text)


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers(text: str) -> None:
    assert looks_like_number(text)


@pytest.mark.parametrize("text", NAMES[:-1])
def test_names_are_no_figures(text: str) -> None:
    assert not is_caption_text(text)


@pytest.mark.parametrize("text", CLOCKS + SCORES + DATES + NUMBERS)
def test_figures_hold_them_all(text: str) -> None:
    assert is_caption_text(text)
