"""Run output + decisions: what counts, and that neither overwrites the other."""

from __future__ import annotations

from app.overlay import Names, Overlay, State, build_overlay, member_of
from engine.domain.decisions import AnchorSample, DecisionKind, Member
from engine.domain.geometry import rectangle
from engine.domain.records import LostSpan, NewBrand
from tests.builders import BOX, SECOND, appearance, decided, decision, moved, run_result, span

RUN = run_result(
    [
        appearance(range(20), "Acme", key="accepted"),
        appearance(range(20, 30), "Bolt", verdict="review", key="review", poly=moved(BOX, 0, 100)),
        appearance(range(40, 44), "blurt", verdict="unresolved", key="open", poly=moved(BOX, 0, -100)),
    ]
)


def seconds(overlay: Overlay) -> dict[str, float]:
    return {b.brand_name: b.seconds for b in overlay.effective.counted()}


def machine_seconds(overlay: Overlay) -> dict[str, float]:
    return {b.brand_name: b.seconds for b in overlay.machine.counted()}


def test_without_decisions_machine_and_effective_are_equal() -> None:
    overlay = build_overlay(RUN, ())
    assert overlay.effective == overlay.machine
    assert seconds(overlay) == {"Acme": 9.75}
    assert {a.state for a in overlay.appearances} == {State.UNDECIDED}
    assert overlay.revision == 0


def test_confirm_counts_what_the_machine_left_in_review() -> None:
    overlay = build_overlay(RUN, [decided(RUN, DecisionKind.CONFIRM, "review", brand="Bolt", revision=7)])
    assert seconds(overlay) == {"Acme": 9.75, "Bolt": 5.0}
    assert machine_seconds(overlay) == {"Acme": 9.75}
    assert overlay.revision == 7
    assert overlay.by_key["review"].state is State.CONFIRMED


def test_confirm_without_a_brand_takes_the_best_candidate() -> None:
    overlay = build_overlay(RUN, [decided(RUN, DecisionKind.CONFIRM, "review")])
    assert seconds(overlay)["Bolt"] == 5.0
    nothing = build_overlay(RUN, [decided(RUN, DecisionKind.CONFIRM, "open")])
    assert seconds(nothing) == {"Acme": 9.75}


def test_reject_takes_it_out() -> None:
    overlay = build_overlay(RUN, [decided(RUN, DecisionKind.REJECT, "accepted")])
    assert (seconds(overlay), machine_seconds(overlay)) == ({}, {"Acme": 9.75})


def test_reassign_counts_for_the_other_brand() -> None:
    overlay = build_overlay(RUN, [decided(RUN, DecisionKind.REASSIGN, "accepted", "open", brand="Cord")])
    assert seconds(overlay) == {"Cord": 11.75}
    assert overlay.counters[State.REASSIGNED] == 2


def test_unsure_leaves_the_machine_to_count() -> None:
    overlay = build_overlay(RUN, [decided(RUN, DecisionKind.UNSURE, "accepted")])
    assert seconds(overlay) == {"Acme": 9.75}
    assert overlay.by_key["accepted"].state is State.UNSURE


def test_the_latest_word_holds() -> None:
    first = decided(RUN, DecisionKind.REJECT, "accepted", revision=1)
    second = decided(RUN, DecisionKind.CONFIRM, "accepted", brand="Acme", revision=2)
    for order in ([first, second], [second, first]):
        overlay = build_overlay(RUN, order)
        assert overlay.by_key["accepted"].state is State.CONFIRMED
        assert [d.revision for d in overlay.by_key["accepted"].history] == [2, 1]


def test_a_drawn_box_holds_for_its_span() -> None:
    box = rectangle(10, 10, 110, 60)
    drawn = decision(
        DecisionKind.DRAW, Member(span(12, 15), (AnchorSample(12 * SECOND, box),), "EMBLEM"), brand="Emblem"
    )
    overlay = build_overlay(RUN, [drawn])
    assert seconds(overlay) == {"Acme": 9.75, "Emblem": 3.0}
    (manual,) = [a for a in overlay.appearances if a.state is State.MANUAL]
    assert manual.machine is None and {s.polygon for s in manual.seen} == {box}
    assert {d.source for d in overlay.detections if d.brand_name == "Emblem"} == {"manual"}
    assert not overlay.orphans


def test_a_drawn_box_on_what_the_machine_finds_too_is_counted_once() -> None:
    member = member_of(RUN, RUN.by_key["accepted"])
    overlay = build_overlay(RUN, [decision(DecisionKind.DRAW, member, brand="Acme")])
    (brand,) = overlay.effective.counted()
    assert (brand.seconds, brand.hits) == (9.75, 9.75)


def test_an_edit_moves_the_box_and_the_ends() -> None:
    was = member_of(RUN, RUN.by_key["accepted"])
    box = moved(BOX, 300, 200)
    corrected = Member(span(0, 5), (AnchorSample(0, box),), was.text)
    overlay = build_overlay(RUN, [decision(DecisionKind.EDIT, was, corrected)])
    edited = overlay.by_key["accepted"]
    assert (edited.edited, edited.state, edited.span) == (True, State.UNDECIDED, span(0, 5))
    assert {s.polygon for s in edited.seen} == {box}
    assert seconds(overlay) == {"Acme": 4.75}
    assert machine_seconds(overlay) == {"Acme": 9.75}


def test_changed_since_is_told_and_the_person_stays_right() -> None:
    said = decided(RUN, DecisionKind.CONFIRM, "accepted", brand="Acme")
    assert not build_overlay(RUN, [said]).by_key["accepted"].changed
    other = appearance(range(20), "Acmi", key="other", text="ACME")
    overlay = build_overlay(run_result([other], part_key="part-b", job_id="job-2"), [said])
    assert overlay.by_key["other"].changed
    assert seconds(overlay) == {"Acme": 9.75}


def test_orphans_keep_their_decision_and_say_why() -> None:
    said = decided(RUN, DecisionKind.CONFIRM, "accepted", "review", brand="Acme")
    later = run_result(
        [appearance(range(20, 30), "Bolt", key="again", poly=moved(BOX, 0, 100))],
        excluded=(LostSpan(span(0, 10), "dropped_range"),),
        part_key="part-b",
    )
    overlay = build_overlay(later, [said])
    assert [(o.number, o.reason) for o in overlay.orphans] == [(0, "in a dropped range")]
    assert overlay.orphans[0].member.text == "ACME"
    assert overlay.by_key["again"].state is State.CONFIRMED


def test_merged_brands_are_summed_and_renamed_without_a_new_run() -> None:
    names = Names({"id-acme": "id-cord", "id-bolt": "id-cord"}, {"id-cord": "Cord AG", "id-acme": "Acme"})
    said = decided(RUN, DecisionKind.CONFIRM, "review", brand="Bolt")
    overlay = build_overlay(RUN, [said], names)
    assert seconds(overlay) == {"Cord AG": 14.75}
    assert machine_seconds(overlay) == {"Cord AG": 9.75}
    assert not overlay.by_key["review"].changed


def test_redirects_in_a_circle_end() -> None:
    names = Names({"a": "b", "b": "a"}, {"a": "A", "b": "B"})
    assert names.resolve("a") == "b"


def test_a_models_brand_waits_until_a_person_confirms_it() -> None:
    run = run_result(
        [appearance(range(4), "Ghost", key="ghost", source="local_vlm", evidence="model")],
        made=(NewBrand("id-ghost", "Ghost", "local_vlm"),),
    )
    assert [b.column for b in build_overlay(run, ()).effective.brands] == ["model"]
    said = decided(run, DecisionKind.CONFIRM, "ghost", brand="Ghost")
    assert seconds(build_overlay(run, [said])) == {"Ghost": 1.75}
    known = Names({}, {"id-ghost": "Ghost"}, {"id-ghost"})
    assert seconds(build_overlay(run, (), known)) == {"Ghost": 1.75}


def test_equal_input_gives_an_equal_overlay() -> None:
    said = [
        decided(RUN, DecisionKind.CONFIRM, "review", brand="Bolt", revision=1),
        decided(RUN, DecisionKind.REJECT, "accepted", revision=2),
    ]
    assert build_overlay(RUN, said).appearances == build_overlay(RUN, said[::-1]).appearances
