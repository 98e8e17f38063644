"""How much of a name is in the picture, by the letters that are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from engine.appearances import decide, prepare
from engine.domain.brands import BookEntry, BookSnapshot
from engine.domain.geometry import polygon
from engine.domain.records import Candidate, TextCandidate
from engine.name_extent import NameExtents
from engine.signs import Sign
from engine.stage_settings import MatchBrandsSettings

WIDTH = 1280
FULL: Mapping[str, tuple[str, ...]] = {"f": ("Freshora", "freshora.eu")}


def at(*places: tuple[float, float], visible: Sequence[float] = (), text: str = "") -> list[TextCandidate]:
    """One frame for each (left, right) of a line of text 30 pixels high."""
    return [
        TextCandidate(
            seq, 0, polygon([(x0, 100), (x1, 100), (x1, 130), (x0, 130)]), text, 0.95, 0.9, "read",
            visible=visible[seq] if visible else 1.0,
        )
        for seq, (x0, x1) in enumerate(places)
    ]  # fmt: skip


def called(name: str, tier: str = "exact") -> Candidate:
    return Candidate("f", "Freshora", 100.0, tier, "", name)


def visible(
    frames: Sequence[TextCandidate],
    text: str,
    match: Candidate | None,
    span: tuple[int, int] | None = None,
    in_full: Mapping[str, tuple[str, ...]] | None = None,
    width: int = WIDTH,
) -> list[float]:
    return NameExtents(width, in_full or {}).visible(frames, text, span, match)


def test_a_part_of_a_name_counts_by_its_letters() -> None:
    hidden = at((300, 400), (310, 410), visible=(1.0, 0.5))
    assert visible(hidden, "Fresh", called("Freshora", "partial")) == pytest.approx([5 / 8, 2.5 / 8])
    assert visible(hidden, "Fresh", None) == [1.0, 0.5]


def test_a_name_that_moves_into_the_picture_shows_as_much_as_is_inside() -> None:
    cut = at((0, 100), (0, 100), (30, 130), (80, 180))
    found = visible(cut, "shora", called("Freshora", "partial"))
    assert found == pytest.approx([5 / 8, 5 / 8, (5 + 3 * 0.5) / 8, 1.0])
    right = at((1180, 1280), (1180, 1280), (1120, 1220))
    assert visible(right, "Fresh", called("Freshora", "partial")) == pytest.approx([5 / 8, 5 / 8, 1.0])


def test_a_letter_that_the_side_cuts_through_may_be_read_as_another_one() -> None:
    cut = at((0, 108), (0, 108), (80, 188))
    found = visible(cut, "nshora", called("Freshora", "partial"), span=(1, 6))
    assert found[2] == 1.0, "where it has moved into the picture, all of it shows"
    assert found[:2] == pytest.approx([5 / 8, 5 / 8])
    beside = visible(cut, "Tuskshora", called("Freshora", "partial"), span=(4, 9))
    assert beside[2] < 0.8, "another name stands at the side"


@pytest.mark.parametrize("text", ["freshora", "freshorg", "freshor"])
def test_a_longer_spelling_that_the_video_shows_is_taken_to_go_on_beyond_the_side(text: str) -> None:
    cut = at((1100, 1278))
    assert visible(cut, text, called("Freshora"), in_full=FULL) == pytest.approx([len(text) / 11])
    assert visible(cut, text, called("Freshora")) == [len(text) / 8]
    inside = at((900, 1078))
    assert visible(inside, text, called("Freshora"), in_full=FULL) == [1.0]
    assert visible(cut, text, called("Freshora"), in_full=FULL, width=0) == [1.0]


def test_letters_beside_a_name_that_begin_the_rest_of_a_longer_spelling_tell_that_it_is_cut() -> None:
    hidden, name = at((300, 420)), called("Freshora")
    assert visible(hidden, "III freshora.e", name, (4, 12), FULL) == [0.9]
    assert visible(hidden, "III freshora.x", name, (4, 12), FULL) == [1.0]
    assert visible(hidden, "III freshora.e", name, (4, 12)) == [1.0]


def test_of_several_names_in_a_line_only_the_one_at_the_side_is_cut() -> None:
    line = at((0, 300), visible=(0.6,))
    text, name = "Nordvik Energy Freshora", called("Freshora")
    assert visible(line, text, name, (15, 23)) == [1.0]
    first = visible(
        line, text, Candidate("n", "Nordvik Energy", 100.0, "exact", "", "Nordvik Energy"), (0, 14)
    )
    assert first == pytest.approx([(14 - 0.4 * 23) / 14])


def test_a_mark_beside_a_name_does_not_tell_where_in_the_line_the_name_is() -> None:
    assert visible(at((0, 300), visible=(0.6,)), "III Freshora", called("Freshora"), (4, 12)) == [0.6]


def test_text_that_runs_downwards_is_not_cut_at_its_ends_by_the_sides() -> None:
    upright = [
        TextCandidate(
            0, 0, polygon([(1250, 100), (1279, 100), (1279, 400), (1250, 400)]), "", 0.9, 0.9, "read"
        )
    ]
    assert visible(upright, "Freshora", called("Freshora"), in_full=FULL) == [1.0]


def test_a_run_learns_from_its_signs_which_spellings_it_shows_in_full() -> None:
    def sign(text: str, left: float, right: float) -> Sign:
        seen = tuple(at(*[(left, right)] * 3, text=text))
        return Sign(((0, int(left)),), (0,), text, 0.95, (), seen, 0.0, "")

    book = BookSnapshot((BookEntry("f", "Freshora", ("freshora.eu",)),))
    cut, whole = sign("Freshora", 1100, 1279), sign("freshora.eu", 300, 520)

    def shares(*signs: Sign) -> dict[str, float]:
        prepared = prepare(signs, book, (), "ignore", width=WIDTH)
        found = decide(prepared, MatchBrandsSettings()).appearances
        return {a.text: a.seen[0].visible for a in found}

    assert shares(cut, whole) == {"Freshora": 0.7273, "freshora.eu": 1.0}
    assert shares(cut) == {"Freshora": 1.0}
    assert shares(cut, sign("freshora.eu", 1100, 1279))["Freshora"] == 1.0
