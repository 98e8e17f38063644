"""Decisions find their appearances again in another run, or say why not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.anchoring import Anchoring, Target, anchor, path_overlap, polygon_at, thin
from engine.domain.decisions import AnchorSample, Decision, DecisionKind, Member
from engine.domain.geometry import Polygon, rectangle
from engine.domain.records import LostSpan
from engine.domain.timebase import Span
from tests.builders import BOX, SECOND, decision, moved, span

ALL = (span(0, 60),)
LOOK = "00ff00ff00ff00ff"


def path(start: float, end: float, poly: Polygon = BOX, drift: float = 0.0) -> tuple[AnchorSample, ...]:
    """Samples every half second, moving `drift` px a sample."""
    count = int((end - start) * 2)
    return tuple(
        AnchorSample(round((start + i / 2) * SECOND), moved(poly, drift * i, 0)) for i in range(count)
    )


def member(start: float, end: float, text: str = "ACME", poly: Polygon = BOX, **more: object) -> Member:
    drift = float(more.pop("drift", 0.0))  # type: ignore[arg-type]
    return Member(span(start, end), thin(path(start, end, poly, drift)), text, **more)  # type: ignore[arg-type]


def target(
    start: float, end: float, text: str = "ACME", poly: Polygon = BOX, key: str = "t", **more: object
) -> Target:
    drift = float(more.pop("drift", 0.0))  # type: ignore[arg-type]
    return Target(key, span(start, end), path(start, end, poly, drift), text, **more)  # type: ignore[arg-type]


def confirm(*members: Member, revision: int = 1) -> Decision:
    return decision(DecisionKind.CONFIRM, *members, brand="Acme", revision=revision)


def anchored(decisions: list[Decision], targets: list[Target], lost: tuple[LostSpan, ...] = ()) -> Anchoring:
    return anchor(decisions, targets, analysed=ALL, lost=lost)


def test_a_sign_is_found_by_time_and_place() -> None:
    found = anchored([confirm(member(10, 20))], [target(10.5, 19, text="ACNE", poly=moved(BOX, 10, 2))])
    assert [(a.member, a.target, a.same_track) for a in found.anchors] == [(0, "t", False)]
    assert not found.orphans


def test_a_moving_sign_is_compared_along_its_path() -> None:
    here = confirm(member(10, 20, drift=40))
    assert anchored([here], [target(10, 20, drift=40)]).anchors
    assert (
        anchored([here], [target(10, 20, drift=-40)]).orphans[0].reason.startswith("what is seen there now")
    )


def test_every_member_is_anchored_singly() -> None:
    found = anchored([confirm(member(10, 20), member(30, 40))], [target(30, 40)])
    assert [(a.member, a.target) for a in found.anchors] == [(1, "t")]
    assert [(o.member, o.reason) for o in found.orphans] == [(0, "nothing seen there now")]


def test_reasons() -> None:
    wanted = {
        "another sign is there": ([target(10, 20, text="VELTRO OIL")], ()),
        "outside the analysed range": ([], ()),
        "the picture is black there": ([], (LostSpan(span(5, 25), "black"),)),
        "nothing seen there now": ([target(21, 30)], ()),
    }
    for reason, (targets, lost) in wanted.items():
        analysed = (span(30, 60),) if reason.startswith("outside") else ALL
        found = anchor([confirm(member(10, 20))], targets, analysed=analysed, lost=lost)
        assert [o.reason for o in found.orphans] == [reason]


def test_a_led_board_that_turned_over_is_not_taken_for_the_sign_before() -> None:
    found = anchored([confirm(member(10, 15))], [target(14.5, 20, text="ACME")])
    assert found.orphans and not found.anchors


def test_a_sign_that_the_new_run_sees_in_pieces_is_decided_in_all_of_them() -> None:
    pieces = [target(10, 14, key="a"), target(14, 20, key="b")]
    found = anchored([confirm(member(10, 20))], pieces)
    assert [a.target for a in found.anchors] == ["a", "b"]


def test_of_two_signs_in_one_place_the_one_with_the_text_is_taken() -> None:
    found = anchored(
        [confirm(member(10, 20))],
        [target(10, 20, text="ACMETAL", key="a"), target(10, 20, text="Acme", key="b")],
    )
    assert [a.target for a in found.anchors] == ["b"]


def test_the_same_stored_track_needs_no_geometry() -> None:
    far = rectangle(0, 0, 30, 10)
    here = confirm(member(10, 20, parts=("part#3",)))
    same = anchored([here], [target(10, 20, poly=far, tokens=("part#3",))])
    assert [(a.iou, a.same_track) for a in same.anchors] == [(1.0, True)]
    assert not anchored([here], [target(10, 20, poly=far, tokens=("other#3",))]).anchors


def test_look_alikes_are_suggested_not_decided() -> None:
    found = anchored(
        [confirm(member(10, 20, look=LOOK))],
        [
            target(10, 20, key="itself", look=LOOK),
            target(40, 45, key="reads", poly=rectangle(0, 0, 80, 20)),
            target(40, 45, key="looks", text="", poly=rectangle(0, 50, 80, 70), look="00ff00ff00ff00fe"),
            target(40, 45, key="neither", text="VELTRO", poly=rectangle(0, 90, 80, 110), look="f" * 16),
        ],
    )
    assert [a.target for a in found.anchors] == ["itself"]
    assert [(s.target, s.reason) for s in found.suggestions] == [
        ("reads", "same text"),
        ("looks", "similar look"),
    ]


def test_taken_back_decisions_hold_nothing() -> None:
    gone = decision(DecisionKind.CONFIRM, member(10, 20), brand="Acme", active=False)
    assert anchored([gone], [target(10, 20)]) == Anchoring((), ())


def test_paths() -> None:
    samples = (AnchorSample(0, BOX), AnchorSample(10, moved(BOX, 100, 0)))
    assert polygon_at(samples, 5) == moved(BOX, 50, 0)
    assert (polygon_at(samples, -5), polygon_at(samples, 15)) == (BOX, moved(BOX, 100, 0))
    assert path_overlap(samples, samples, Span(0, 11)) == 1.0
    assert thin(samples * 50)[-1] == samples[-1] and len(thin(samples * 50)) == 24


placed = st.tuples(
    st.integers(0, 50), st.integers(1, 9), st.integers(0, 8), st.sampled_from(["ACME", "BOLT"])
)


@given(st.lists(placed, max_size=15), st.lists(placed, max_size=15))
def test_no_member_is_ever_lost(
    said: list[tuple[int, int, int, str]], seen: list[tuple[int, int, int, str]]
) -> None:
    decisions = [
        confirm(member(t, t + n, text, moved(BOX, x * 40, 0)), revision=i)
        for i, (t, n, x, text) in enumerate(said)
    ]
    targets = [
        target(t, t + n, text, moved(BOX, x * 40, 0), key=f"t{i}") for i, (t, n, x, text) in enumerate(seen)
    ]
    found = anchored(decisions, targets)
    held = {a.decision for a in found.anchors}
    assert held | {o.decision for o in found.orphans} == {d.id for d in decisions}
    assert not held & {o.decision for o in found.orphans}
    assert not {s.target for s in found.suggestions} & {a.target for a in found.anchors}
    assert anchored(decisions[::-1], targets).suggestions == found.suggestions
