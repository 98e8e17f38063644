"""Names that are split over boxes or lines: which frames the joined name stands for, and what is left of its parts."""

from __future__ import annotations

from collections.abc import Sequence

from engine.appearance_making import key_of
from engine.domain.brands import BookEntry
from engine.domain.geometry import polygon
from engine.domain.records import Appearance, Seen
from engine.line_joining import join_lines
from engine.matching import Book, MatchSettings
from engine.matching.lookup import Finder

BOOK = Book.build([BookEntry("1", "Dubai Duty Free"), BookEntry("2", "Cantabria Labs")], ())
NAMES = {"1": "Dubai Duty Free", "2": "Cantabria Labs"}


def shown(text: str, frames: Sequence[int], top: float, track: int) -> Appearance:
    """An open appearance of a line of 100 x 20 px."""
    seen = tuple(
        Seen(
            seq=seq,
            polygon=polygon([(50, top), (150, top), (150, top + 20), (50, top + 20)]),
            box_score=0.9,
            text_score=0.9,
            mode="read",
        )
        for seq in frames
    )
    return Appearance(
        key=key_of(seen, text, ""),
        surface="scene",
        text=text,
        text_score=0.9,
        verdict="unresolved",
        seen=seen,
        members=((0, track),),
    )


def joined(*found: Appearance) -> list[tuple[str, str, list[int]]]:
    """(text, brand, frames) of what becomes of appearances, in order of text."""
    made = join_lines(list(found), Finder(BOOK), NAMES, MatchSettings())
    return sorted((a.text, a.brand_name, [s.seq for s in a.seen]) for a in made)


def test_a_line_speaks_for_the_name_by_its_letters() -> None:
    """“Duba” has a third of the twelve letters; gaps between words are none."""
    assert joined(shown("Duba", range(6), 50, 1), shown("Duty Free", range(3), 70, 2)) == [
        ("Duba Duty Free", "Dubai Duty Free", [0, 1, 2, 3, 4, 5])
    ]


def test_frames_of_a_part_that_holds_few_letters_are_not_lost() -> None:
    first, second = shown("CANTABRIA", range(2), 50, 1), shown("CANTABRIA", (4,), 50, 3)
    found = joined(shown("LABS", range(6), 70, 2), first, second)
    assert [frames for _, brand, frames in found if brand] == [[0, 1], [4]]
    assert [(text, frames) for text, brand, frames in found if not brand] == [("LABS", [2, 3, 5])]
