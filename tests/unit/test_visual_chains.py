"""Finds by look over time: linked in a shot, told from overlays, weighed against text and against each other."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.appearances import decide, prepare
from engine.domain.brands import BookEntry, BookSnapshot
from engine.domain.geometry import rectangle
from engine.domain.records import Appearance, LookSeen, TextCandidate
from engine.signs import Sign
from engine.stage_settings import MatchBrandsSettings
from engine.visual.chains import LookChain, link_looks

WIDTH = 1280
BOOK = BookSnapshot((BookEntry("a", "Aurevo", (), ("ref-a",)), BookEntry("b", "Brixel", (), ("ref-b",))))
LIMITS = MatchBrandsSettings()


def look(seq: int, x: float, *, brand: str = "a", y: float = 200, score: float = 0.9) -> LookSeen:
    return LookSeen(seq, brand, f"ref-{brand}", rectangle(x, y, x + 60, y + 40), score)


def shots(*lengths: int) -> dict[int, int]:
    """Kept frames 0, 1, 2, … in shots of these lengths."""
    numbers = [number for number, length in enumerate(lengths) for _ in range(length)]
    return dict(enumerate(numbers))


def sign(text: str, seqs: range, x: float, step: float = 0.0, y: float = 200) -> Sign:
    seen = tuple(
        TextCandidate(
            s, 0, rectangle(x + i * step, y, x + i * step + 60, y + 40), text, 0.95, 0.9, "read", 500.0
        )
        for i, s in enumerate(seqs)
    )
    return Sign(((0, 0),), (0,), text, 0.95, (), seen, 0.0, "")


def linked(looks: list[LookSeen], of: dict[int, int], signs: tuple[Sign, ...] = ()) -> tuple[LookChain, ...]:
    return link_looks(looks, of, signs, WIDTH)


def decided(
    looks: list[LookSeen], signs: tuple[Sign, ...] = (), limits: MatchBrandsSettings = LIMITS
) -> list[Appearance]:
    chains = linked(looks, shots(20), signs)
    return list(decide(prepare(signs, BOOK, (), "ignore", chains), limits).appearances)


def by_look(appearances: list[Appearance]) -> list[Appearance]:
    return [a for a in appearances if a.evidence == "look"]


def test_a_mark_that_pans_is_one_chain_and_ends_at_the_cut() -> None:
    chains = linked([look(s, 100 + 90 * s) for s in range(8)], shots(5, 3))
    assert [[f.seq for f in c.seen] for c in chains] == [[0, 1, 2, 3, 4], [5, 6, 7]]


def test_two_marks_side_by_side_stay_apart_while_the_camera_pans() -> None:
    looks = [look(s, x + 70 * s) for s in range(6) for x in (50, 420)]
    chains = linked(looks, shots(6))
    assert len(chains) == 2 and all(len(c.seen) == 6 for c in chains)
    assert [f.polygon[0][0] for f in chains[0].seen] == [50 + 70 * s for s in range(6)]


def test_missed_frames_are_bridged_but_not_many() -> None:
    chains = linked([look(s, 100) for s in (0, 1, 4, 9)], shots(12))
    assert [[f.seq for f in c.seen] for c in chains] == [[0, 1, 4], [9]]


@given(st.permutations([look(s, x, brand=b) for s in range(3) for x in (10, 500) for b in ("a", "b")]))
def test_the_order_of_finds_changes_nothing(looks: list[LookSeen]) -> None:
    assert linked(list(looks), shots(3)) == linked(sorted(looks, key=repr), shots(3))


def test_an_overlay_stands_still_while_the_picture_moves() -> None:
    looks = [look(s, 1100, y=40) for s in range(5)]
    moving = sign("Board", range(5), 200, 40)
    assert linked(looks, shots(5), (moving,))[0].surface == "caption"
    assert linked(looks, shots(5), (sign("Board", range(5), 200),))[0].surface == "scene"


def test_an_overlay_is_at_one_place_in_several_shots() -> None:
    looks = [look(s, 1100, y=40) for s in range(9)]
    assert {c.surface for c in linked(looks, shots(3, 3, 3))} == {"caption"}
    assert {c.surface for c in linked(looks[:6], shots(3, 3))} == {"scene"}


def test_an_accepted_mark_says_why() -> None:
    (a,) = decided([look(s, 100 + 30 * s, score=0.8 + 0.01 * s) for s in range(6)])
    assert (a.verdict, a.brand_name, a.source, a.evidence, a.tier) == (
        "accepted",
        "Aurevo",
        "ocr",
        "look",
        "look",
    )
    assert a.reason == "looks like a reference picture of Aurevo (0.85)"
    assert a.candidates[0].match_score == 85.0 and a.candidates[0].matched == "ref-a"
    assert [s.mode for s in a.seen] == ["look"] * 6
    assert abs(a.seen[0].text_score * 0.85 - 0.8) < 1e-3 and 0.8 <= a.confidence <= 0.85


def test_thresholds_are_soft() -> None:
    looks = [look(s, 100, score=0.6) for s in range(4)]
    verdicts = {
        t: [a.verdict for a in decided(looks, limits=replace(LIMITS, look_threshold=t))]
        for t in (0.5, 0.65, 0.9)
    }
    assert verdicts == {0.5: ["accepted"], 0.65: ["review"], 0.9: []}
    assert decided(looks, limits=replace(LIMITS, use_looks=False)) == []


def test_weaker_frames_of_a_sure_mark_count_and_a_single_frame_must_be_surer() -> None:
    (a,) = decided([look(s, 100, score=0.9 if s == 2 else 0.42) for s in range(5)])
    assert a.verdict == "accepted" and len(a.seen) == 5
    (single,) = decided([look(3, 100, score=0.55)])
    assert single.verdict == "review"
    assert decided([look(3, 100, score=0.42)]) == []


def test_text_that_gave_the_brand_there_leaves_nothing_to_find() -> None:
    text = sign("Aurevo", range(4), 100)
    found = decided([look(s, 100) for s in range(6)], (text,))
    assert sum(a.evidence != "look" for a in found) == 1
    (rest,) = by_look(found)
    assert [s.seq for s in rest.seen] == [4, 5]


def test_text_of_another_brand_there_asks_a_person() -> None:
    found = by_look(decided([look(s, 100) for s in range(4)], (sign("Brixel", range(4), 100),)))
    assert [a.verdict for a in found] == ["review"]
    assert "the text there says Brixel" in found[0].reason


def test_two_brands_that_fit_alike_ask_a_person() -> None:
    alike = [look(s, 100, brand=b, score=v) for s in range(4) for b, v in (("a", 0.8), ("b", 0.78))]
    (a,) = decided(alike)
    assert a.verdict == "review" and [c.brand_name for c in a.candidates] == ["Aurevo", "Brixel"]
    clear = [msgspec.structs.replace(f, score=0.6) if f.brand_id == "b" else f for f in alike]
    assert [a.verdict for a in decided(clear)] == ["accepted"]


def test_unresolved_text_of_an_accepted_mark_is_not_asked_again() -> None:
    garbage = sign("Xqwvzt", range(4), 100)
    assert [a.verdict for a in decided([], (garbage,))] == ["unresolved"]
    assert [a.evidence for a in decided([look(s, 100) for s in range(4)], (garbage,))] == ["look"]
