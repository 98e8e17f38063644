"""Letters that a reader held possible: how well names fit them, and when a name may be guessed from them."""

from __future__ import annotations

import math
from itertools import groupby, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alternatives import BLANK, MOST, Steps, fit, mean_fit, packed
from engine.domain.brands import BookEntry
from engine.matching import Book
from engine.matching.guessing import Guesser

NAMES = ("UNICEF", "Unicredit", "Corona", "Sixt", "Hankook", "Orange", "Seat")
BOOK = Book.build([BookEntry(name.lower(), name) for name in NAMES])


def steps(*letters: dict[str, float]) -> Steps:
    """A crop whose letters stand apart: a nearly sure blank between any two."""
    spread: list[dict[str, float]] = [{BLANK: 0.99}]
    for held in letters:
        spread += [held, {BLANK: 0.99}]
    return packed(spread)


def surely(text: str) -> list[dict[str, float]]:
    return [{letter: 0.98} for letter in text]


def test_the_best_path_fits_best() -> None:
    crop = steps({"u": 0.9, "v": 0.08}, {"p": 0.6, "f": 0.3}, {"s": 0.95})
    assert fit(crop, "ups") == 0.0
    assert fit(crop, "ufs") == pytest.approx(math.log(0.3 / 0.6), abs=0.1)
    assert fit(crop, "vfs") == pytest.approx(math.log(0.3 / 0.6) + math.log(0.08 / 0.9), abs=0.2)
    assert fit(crop, "dhl") < -15


def test_a_letter_twice_needs_a_blank_between() -> None:
    together, apart = packed([{"o": 0.9}, {"o": 0.9}]), steps({"o": 0.9}, {"o": 0.9})
    assert fit(together, "o") == 0.0 and fit(together, "oo") < -5
    assert fit(apart, "oo") == 0.0 and fit(apart, "o") < -3


def test_steps_keep_the_best_letters_and_no_repeats_of_blanks() -> None:
    many = {chr(ord("a") + i): 0.2 / (i + 1) for i in range(20)}
    (only,) = packed([many])
    assert only[0] == "abcdefgh"[:MOST] and only[1] == tuple(sorted(only[1]))
    assert len(packed([{BLANK: 1.0}] * 9 + [{"a": 1.0}])) == 2
    assert fit((), "abc") < -1e6 and fit(packed([{"a": 1.0}]), "") < -1e6


def held_by_steps(letters: str, most: int) -> st.SearchStrategy[list[dict[str, float]]]:
    """What each of up to `most` steps holds: some of `letters`, with their probabilities."""
    step = st.dictionaries(st.sampled_from(letters), st.floats(0.01, 1.0), min_size=1)
    return st.lists(step, min_size=1, max_size=most)


@given(held_by_steps("abc ", 8), st.text("abc", min_size=1, max_size=6))
def test_no_name_fits_better_than_the_best_path(held: list[dict[str, float]], name: str) -> None:
    crop = packed(held)
    assert fit(crop, name) <= 0.0
    assert mean_fit([crop, crop], name) == pytest.approx(fit(crop, name))


@given(held_by_steps("ab ", 5), st.text("abc", min_size=1, max_size=3))
def test_it_is_the_best_of_all_paths_that_read_the_name(held: list[dict[str, float]], name: str) -> None:
    crop = packed(held)
    letters = sorted({*name, *"".join(letters for letters, _ in crop), BLANK})

    def read(path: tuple[str, ...]) -> str:
        return "".join(letter for letter, _ in groupby(path)).replace(BLANK, "")

    costs = [dict(zip(*step, strict=True)) for step in crop]
    paths = [path for path in product(letters, repeat=len(crop)) if read(path) == name]
    if paths:
        far = round(-math.log(1e-4) * 8)
        cheapest = min(sum(cost.get(x, far) for cost, x in zip(costs, path, strict=True)) for path in paths)
        best = sum(cost[0] for _, cost in crop)
        assert fit(crop, name) == min(0.0, (best - cheapest) / 8)
    else:
        assert fit(crop, name) < -5


def test_an_unsure_letter_is_settled_by_the_book() -> None:
    crop = steps(*surely("unice"), {"l": 0.55, "f": 0.3, "t": 0.1})
    found = Guesser(BOOK).guess(["unicel"], [[crop, crop]])
    assert found is not None and (found.name, found.verdict, found.tier) == (
        "UNICEF",
        "accept",
        "alternatives",
    )
    assert 90 <= found.score <= 96 and "unicel" in found.reason


def test_what_the_reader_ruled_out_is_not_guessed() -> None:
    assert Guesser(BOOK).guess(["unicel"], [[steps(*surely("unicel"))]]) is None
    assert Guesser(BOOK).guess(["walburga"], [[steps(*surely("walburga"))]]) is None
    assert Guesser(BOOK).guess(["unicel"], []) is None


def test_a_frequent_word_that_fits_as_well_forbids_a_guess() -> None:
    book = Book.build([BookEntry("united", "Unitad"), BookEntry("corona", "Corona")])
    crop = steps(*surely("unit"), {"e": 0.6, "a": 0.05}, *surely("d"))
    assert Guesser(book).guess(["unitod"], [[crop]]) is None
    clear = steps(*surely("unit"), {"o": 0.5, "a": 0.4, "e": 0.005}, *surely("d"))
    assert Guesser(book).guess(["unitod"], [[clear]]) is not None


def test_short_names_and_close_calls_go_to_a_person() -> None:
    crop = steps({"s": 0.98}, {"u": 0.5, "i": 0.4}, *surely("xt"))
    short = Guesser(BOOK).guess(["suxt"], [[crop]])
    assert short is not None and (short.name, short.verdict) == ("Sixt", "review") and short.score < 90
    book = Book.build([BookEntry("a", "Norvika"), BookEntry("b", "Norveka")])
    crop = steps(*surely("norv"), {"u": 0.4, "i": 0.3, "e": 0.28}, *surely("ka"))
    assert Guesser(book).guess(["norvuka"], [[crop]]) is None
    assert Guesser(Book.build([BookEntry("a", "Norvika")])).guess(["norvuka"], [[crop]]) is not None


def test_a_name_that_is_a_word_as_well_needs_a_person() -> None:
    crop = steps(*surely("cor"), {"u": 0.6, "o": 0.35}, *surely("na"))
    found = Guesser(BOOK).guess(["coruna"], [[crop]])
    assert found is not None and (found.name, found.verdict) == ("Corona", "review")


def test_stretches_that_speak_for_two_brands_speak_for_none() -> None:
    one = steps(*surely("unice"), {"l": 0.55, "f": 0.3})
    other = steps(*surely("hankoo"), {"h": 0.6, "k": 0.3})
    guesser, read = Guesser(BOOK), ["unicel", "hankooh"]
    assert guesser.guess(read, [[one]]) is not None and guesser.guess(read, [[other]]) is not None
    assert guesser.guess(read, [[one], [other]]) is None
