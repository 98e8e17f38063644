"""From signs to appearances: which of a sign's readings names the brand."""

from __future__ import annotations

from engine.appearances import decide, prepare
from engine.domain.brands import BookEntry, BookSnapshot
from engine.domain.geometry import polygon
from engine.domain.records import Appearance, TextCandidate
from engine.signs import Sign
from engine.stage_settings import MatchBrandsSettings

BOOK = BookSnapshot((BookEntry("lumeria", "Lumeria Bank"), BookEntry("emirates", "Emirates")))


def sign(text: str, *others: tuple[str, float, float], score: float = 0.95) -> Sign:
    place = polygon([(100, 100), (300, 100), (300, 130), (100, 130)])
    seen = tuple(TextCandidate(seq, 0, place, text, score, 0.9, "read") for seq in range(4))
    return Sign(((0, 0),), (0,), text, score, others, seen, 0.0, "")


def only(one: Sign) -> Appearance:
    (found,) = decide(prepare([one], BOOK, (), "ignore"), MatchBrandsSettings()).appearances
    return found


def test_a_rival_reading_names_what_the_voted_one_does_not() -> None:
    found = only(sign("Erniratcz", ("Emirates", 0.9, 0.3)))
    assert (found.verdict, found.brand_name, found.text) == ("accepted", "Emirates", "Emirates")
    assert only(sign("Erniratcz", ("Emirates", 0.9, 0.05))).verdict != "accepted"


def test_a_reading_that_shows_the_whole_name_wins_over_a_cut_off_one() -> None:
    cut = only(sign("meria Bank"))
    assert (cut.brand_name, cut.tier) == ("Lumeria Bank", "partial") and cut.seen[0].visible < 1
    found = only(sign("meria Bank", ("Il Lumeria Bank", 0.9, 0.3)))
    assert (found.brand_name, found.tier, found.seen[0].visible) == ("Lumeria Bank", "exact", 1.0)
