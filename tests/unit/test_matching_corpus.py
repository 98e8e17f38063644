"""The matcher on a corpus of texts as OCR reads them from boards and shirts: every case, no regress."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.matching import Book, BookEntry, MatchResult, MatchSettings, match_texts

CORPUS = Path(__file__).parents[1] / "data" / "matching_corpus"
DENY = ("Live", "Goal", "VAR", "Football", "Sport", "Sports")


def corpus_book() -> Book:
    with (CORPUS / "book.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    entries = [
        BookEntry(row["name"], row["name"], tuple(filter(None, row["aliases"].split("|")))) for row in rows
    ]
    return Book.build(entries, DENY)


def corpus_cases() -> list[tuple[str, str]]:
    lines = (CORPUS / "cases.txt").read_text("utf-8").splitlines()
    pairs = (line.split(" => ") for line in lines if line and not line.startswith("#"))
    return [(text, expected.strip()) for text, expected in pairs]


def as_expected(result: MatchResult, expected: str) -> bool:
    accepted = [match.brand_id for match in result.several if match.verdict == "accept"]
    if expected == "-":
        return result.best is None
    if expected == "~":
        return not accepted
    if expected.startswith("? "):
        return result.verdict == "review" and result.best is not None and result.best.brand_id == expected[2:]
    return accepted == expected.split(" + ")


def told(result: MatchResult) -> str:
    matches = ", ".join(f"{m.brand_id} {m.score} {m.tier} {m.verdict}" for m in result.several)
    return f"{result.text!r}: {result.verdict} [{matches}]"


def test_every_case_of_the_corpus_except_the_known_misses() -> None:
    cases = corpus_cases()
    assert len(cases) >= 300
    results = match_texts([text for text, _ in cases], corpus_book())
    misses = {
        result.text: f"{told(result)}, expected {expected}"
        for (_, expected), result in zip(cases, results, strict=True)
        if not as_expected(result, expected)
    }
    known = set((CORPUS / "known_misses.txt").read_text("utf-8").splitlines())
    new = {text: words for text, words in misses.items() if text not in known}
    assert not new, "\n".join(new.values())
    assert known <= misses.keys(), f"now right, take them off known_misses.txt: {known - misses.keys()}"


def test_no_wrong_brand_is_ever_accepted_in_the_corpus() -> None:
    cases = corpus_cases()
    for (_, expected), result in zip(
        cases, match_texts([text for text, _ in cases], corpus_book()), strict=True
    ):
        accepted = {match.brand_id for match in result.several if match.verdict == "accept"}
        right = set() if expected in "-~" else set(expected.removeprefix("? ").split(" + "))
        assert accepted <= right, told(result)


@pytest.mark.parametrize(("accept", "verdict"), [(90.0, "accept"), (96.0, "review")])
def test_the_bands_are_settings(accept: float, verdict: str) -> None:
    result = match_texts(["HANK00K"], corpus_book(), MatchSettings(accept=accept, review=70.0))[0]
    assert result.verdict == verdict
