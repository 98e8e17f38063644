"""From signs to appearances: which of a sign's readings names the brand."""

from __future__ import annotations

from engine.alternatives import BLANK, Steps, packed
from engine.appearances import decide, prepare
from engine.domain.brands import BookEntry, BookSnapshot
from engine.domain.geometry import polygon
from engine.domain.records import Appearance, TextCandidate
from engine.signs import Sign
from engine.stage_settings import MatchBrandsSettings

NAMES = ("Lumeria Bank", "Emirates", "KVQ", "UPS")
BOOK = BookSnapshot(tuple(BookEntry(name.lower(), name) for name in NAMES))


def sign(
    text: str, *others: tuple[str, float, float], score: float = 0.95, possible: tuple[Steps, ...] = ()
) -> Sign:
    place = polygon([(100, 100), (300, 100), (300, 130), (100, 130)])
    seen = tuple(TextCandidate(seq, 0, place, text, score, 0.9, "read") for seq in range(4))
    return Sign(((0, 0),), (0,), text, score, others, seen, 0.0, "", (possible,) if possible else ())


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


def test_letters_that_were_possible_name_what_no_reading_does() -> None:
    held = (
        [{c: 0.97} for c in "em"]
        + [{"l": 0.5, "i": 0.45}, {"n": 0.6, "r": 0.35}]
        + [{c: 0.97} for c in "otes"]
    )
    held[4] = {"o": 0.5, "a": 0.4}
    crop = packed([x for letters in held for x in (letters, {BLANK: 0.99})])
    found = only(sign("Emlnotes", possible=(crop, crop)))
    assert (found.verdict, found.brand_name, found.tier) == ("accepted", "Emirates", "alternatives")
    assert found.text == "Emlnotes" and found.confidence < found.text_score
    assert only(sign("Emlnotes")).verdict != "accepted"
    assert only(sign("Emirates", possible=(crop,))).tier == "exact"


def shown(*texts: str) -> dict[str, tuple[str, str]]:
    """Text → (verdict, brand) of signs seen in one shot."""
    found = decide(prepare([sign(t) for t in texts], BOOK, (), "ignore"), MatchBrandsSettings()).appearances
    return {a.text: (a.verdict, a.brand_name) for a in found}


def test_a_mark_read_as_a_letter_is_left_out_where_the_name_was_read_elsewhere() -> None:
    found = shown("KVQ", "OKVQ", "KVQA", "OKVQKVQ", "OOKVQ", "UPS", "CUPS")
    assert found["OKVQ"] == found["KVQA"] == found["KVQ"] == ("accepted", "KVQ")
    assert found["OKVQKVQ"] == ("accepted", "KVQ")
    assert found["OOKVQ"][0] == found["CUPS"][0] == "unresolved"
    assert shown("OKVQ")["OKVQ"][0] == "unresolved"


def test_a_mark_is_left_out_of_a_longer_name_with_letters_that_readers_confuse() -> None:
    found = shown("Emirates", "OEMLRATES", "KVQ", "OKV0")
    assert found["OEMLRATES"] == ("accepted", "Emirates")
    assert found["OKV0"][0] == "unresolved"
    assert shown("OEMLRATES")["OEMLRATES"][0] != "accepted"
