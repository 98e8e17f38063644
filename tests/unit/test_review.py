"""The review session: rows, flags, groups, the order that stays, what is left, candidates, keeping up."""

from __future__ import annotations

import pytest

from app.commands import ClearDecision, Decide, DrawBox, MergeBrands, SplitFrame, Verdict
from app.learning import reliability, verdicts_on
from app.overlay import State, build_overlay
from app.review import QueueFilter, ReviewService, ReviewSession
from app.review_rows import Flag
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob, JobStatus
from tests.stored_run import Board, Desk, row_of_boards


def boards() -> list[Board]:
    again = Board("ZORBLAX", 4.5, 8.0, rectangle(400, 300, 560, 330))
    return [
        *row_of_boards(["HANKOOK", "EMIRATES", "QUIXOTL"]),
        Board("ZORBLAX", 0, 3, rectangle(60, 300, 220, 330)),
        again,
    ]


@pytest.fixture
def job(desk: Desk) -> DetectJob:
    desk.brand("Hankook", "Hankuk")
    desk.brand("Emirates")
    return desk.source(boards())


@pytest.fixture
def session(desk: Desk, job: DetectJob) -> ReviewSession:
    return ReviewService(desk.library, desk.runs).open(job.id)


def say(desk: Desk, session: ReviewSession, kind: Verdict, *keys: str, brand: str = "") -> set[str]:
    source = session.run.source.id
    command = Decide(
        source_id=source,
        job_id=session.job_id,
        appearance_keys=keys,
        kind=kind,
        brand_name=brand,
    )
    return session.refresh(desk.bus.do(command))


def row(session: ReviewSession, text: str):
    return next(r for r in session.queue() if r.text == text)


def same_as_fresh(desk: Desk, session: ReviewSession) -> bool:
    """The patched overlay equals one that is built anew."""
    decisions = desk.library.decisions.of_source(session.run.source.id)
    fresh = build_overlay(session.run, decisions, desk.names())
    shown = {
        a.key: (a.state, a.brand_id, a.brand_name, a.counts, a.decision, a.seen) for a in fresh.appearances
    }
    mine = {
        a.key: (a.state, a.brand_id, a.brand_name, a.counts, a.decision, a.seen)
        for a in session.overlay.appearances
    }
    return shown == mine


def test_rows_tell_what_is_at_stake(session: ReviewSession) -> None:
    rows = {r.text: r for r in session.queue()}
    assert set(rows) == {"HANKOOK", "EMIRATES", "QUIXOTL", "ZORBLAX"}
    long = rows["QUIXOTL"]
    assert long.flags == {Flag.LONG}
    assert long.seconds == pytest.approx(8.0)
    assert long.crop is not None
    assert long.crop.image
    assert (long.state, long.brand_name, long.verdict) == (State.UNDECIDED, "", "unresolved")
    assert rows["HANKOOK"].flags == {Flag.NEW}
    assert rows["HANKOOK"].brand_name == "Hankook"
    assert session.queue()[0].text == "QUIXOTL"
    stakes = [r.stake for r in session.queue()]
    assert stakes == sorted(stakes, reverse=True)


def test_look_alikes_are_one_row_until_split(desk: Desk, session: ReviewSession) -> None:
    group = row(session, "ZORBLAX")
    assert len(group.keys) == 2
    session.split(group.key)
    assert len([r for r in session.queue() if r.text == "ZORBLAX"]) == 2
    session.join(group.keys[1])
    assert row(session, "ZORBLAX").keys == group.keys
    say(desk, session, "reassign", *group.keys, brand="Zorb")
    assert row(session, "ZORBLAX").state is State.REASSIGNED
    assert len(desk.library.decisions.of_source(session.run.source.id)) == 1
    say(desk, session, "reject", group.keys[1])
    states = {r.state for r in session.queue() if r.text == "ZORBLAX"}
    assert states == {State.REASSIGNED, State.REJECTED}
    assert same_as_fresh(desk, session)


def test_a_member_that_left_a_row_and_came_back_changes_no_row(desk: Desk, session: ReviewSession) -> None:
    group = row(session, "ZORBLAX")
    say(desk, session, "reject", group.keys[0])
    assert {r.keys for r in session.queue() if r.text == "ZORBLAX"} == {(k,) for k in group.keys}
    change = desk.bus.undo()
    assert change is not None
    session.refresh(change)
    assert (row(session, "ZORBLAX").key, row(session, "ZORBLAX").keys) == (group.key, group.keys)


def test_the_order_stays_until_asked(desk: Desk, session: ReviewSession) -> None:
    before = [r.key for r in session.queue()]
    changed = say(desk, session, "reject", row(session, "QUIXOTL").key)
    assert changed == {row(session, "QUIXOTL").key}
    assert [r.key for r in session.queue()] == before
    session.resort()
    assert [r.text for r in session.queue()][-1] in {"QUIXOTL"}
    session.refresh(desk.bus.undo())
    assert row(session, "QUIXOTL").state is State.UNDECIDED
    assert same_as_fresh(desk, session)


def test_what_is_left_and_next(desk: Desk, session: ReviewSession) -> None:
    assert session.counts() == (4, 4)
    first = session.next_undecided()
    assert first is not None
    assert first.text == "QUIXOTL"
    say(desk, session, "reject", *first.keys)
    assert session.counts() == (3, 4)
    second = session.next_undecided(first.key)
    assert second is not None
    back = session.next_undecided(second.key, backwards=True)
    assert back is not None
    assert back.key not in {first.key, second.key}
    for r in session.queue():
        if not r.decided:
            say(desk, session, "unsure", *r.keys)
    assert session.next_undecided() is None
    assert session.counts() == (0, 4)


def test_filters(desk: Desk, session: ReviewSession) -> None:
    def texts(**values: object) -> set[str]:
        return {r.text for r in session.queue(QueueFilter(**values))}  # type: ignore[arg-type]

    assert texts(flags=frozenset({Flag.LONG})) == {"QUIXOTL", "ZORBLAX"}
    assert texts(flagged=True) >= {"QUIXOTL", "HANKOOK"}
    assert texts(text="hank") == {"HANKOOK"}
    assert texts(brand_id=row(session, "EMIRATES").brand_id) == {"EMIRATES"}
    assert texts(surface="caption") == set()
    say(desk, session, "confirm", row(session, "HANKOOK").key)
    assert texts(undecided=True) == {"EMIRATES", "QUIXOTL", "ZORBLAX"}
    assert texts(states=frozenset({State.CONFIRMED})) == {"HANKOOK"}


def test_candidates_learn_from_choices(desk: Desk, session: ReviewSession) -> None:
    first, second = row(session, "ZORBLAX").keys
    assert session.candidates(first) == []
    say(desk, session, "reassign", first, brand="Xylo Bank")
    (learned,) = session.candidates(second)
    assert learned.brand_name == "Xylo Bank"
    assert "chosen 1×" in learned.reason
    hankook = session.candidates(row(session, "HANKOOK").key)
    assert hankook[0].brand_name == "Hankook"
    assert [h.name for h in session.search_brands("han")] == ["Hankook"]
    assert [h.name for h in session.search_brands("hankok")] == ["Hankook"]


def test_a_frame_is_split_off_and_decided_by_itself(desk: Desk, session: ReviewSession) -> None:
    key, source = row(session, "HANKOOK").key, session.run.source.id
    say(desk, session, "confirm", key)
    split = SplitFrame(
        source_id=source, job_id=session.job_id, appearance_key=key, time=2_000_000, kind="reject"
    )
    session.refresh(desk.bus.do(split))
    assert same_as_fresh(desk, session)
    piece = f"{key}@4"
    states = {r.key: r.state for r in session.queue()}
    assert (states[key], states[piece]) == (State.CONFIRMED, State.REJECTED)
    assert row(session, "HANKOOK").seconds == pytest.approx(7.75)
    say(desk, session, "reassign", piece, brand="Emirates")
    assert session.overlay.by_key[piece].brand_name == "Emirates"
    clear = ClearDecision(source_id=source, job_id=session.job_id, appearance_keys=(piece,))
    session.refresh(desk.bus.do(clear))
    assert piece not in session.overlay.by_key
    assert session.overlay.by_key[key].state is State.CONFIRMED
    assert same_as_fresh(desk, session)


def test_orphans_are_rows_with_a_reason(desk: Desk, session: ReviewSession, job: DetectJob) -> None:
    say(desk, session, "confirm", row(session, "HANKOOK").key)
    without = desk.replay(job, {"match_brands": {"min_text_score": 0.99}})
    later = ReviewService(desk.library, desk.runs).open(without.id)
    (orphan,) = later.queue(QueueFilter(flags=frozenset({Flag.ORPHAN})))
    assert (orphan.text, orphan.brand_name, orphan.state) == ("HANKOOK", "Hankook", State.CONFIRMED)
    assert orphan.reason
    assert orphan.crop is not None
    assert orphan.orphan is not None
    clear = ClearDecision(source_id=job.source_asset_id, decision_ids=(orphan.orphan[0],))
    later.refresh(desk.bus.do(clear))
    assert later.queue() == []


def test_a_run_that_is_going_calls_no_decision_an_orphan(desk: Desk) -> None:
    """Most of what people said has no place there yet, since it isn't read yet."""
    desk.brand("Hankook")
    boards = row_of_boards(["HANKOOK"], start=4.0)
    first = desk.source(boards, name="again")
    session = ReviewService(desk.library, desk.runs).open(first.id)
    say(desk, session, "confirm", row(session, "HANKOOK").key)
    going = desk.unfinished(boards, name="again", chunks=1)
    assert going.source_asset_id == first.source_asset_id
    session = ReviewService(desk.library, desk.runs).open(going.id)
    assert session.queue() == []
    desk.library.jobs.move(going.id, JobStatus.CANCELLED)
    session.refresh(None)
    (orphan,) = session.queue()
    assert orphan.text == "HANKOOK" and "outside" in orphan.reason


def test_brand_edits_and_drawn_boxes_show_at_once(desk: Desk, session: ReviewSession) -> None:
    hankook, emirates = (desk.library.brands.one(n).id for n in ("Hankook", "Emirates"))
    session.refresh(desk.bus.do(MergeBrands(brand_ids=(emirates,), into=hankook)))
    assert row(session, "EMIRATES").brand_name == "Hankook"
    session.refresh(desk.bus.undo())
    assert row(session, "EMIRATES").brand_name == "Emirates"
    source = session.run.source.id
    box = DrawBox(
        source_id=source, job_id=session.job_id, time=0, polygon=rectangle(5, 5, 90, 40), brand_name="Swirl"
    )
    change = desk.bus.do(box)
    session.refresh(change)
    drawn = session.row_of(change.ids[0])
    assert drawn is not None
    assert (drawn.state, drawn.brand_name) == (State.MANUAL, "Swirl")
    assert [h.title for h in session.history(row(session, "HANKOOK").key)] == []


def test_reliability_suggests_a_threshold_from_fifty_verdicts(desk: Desk, session: ReviewSession) -> None:
    judged = [("ocr", 0.9 + i / 1000, True) for i in range(40)] + [
        ("ocr", 0.5, i % 2 == 0) for i in range(20)
    ]
    (curve,) = reliability(judged)
    assert curve.verdicts == 60
    assert curve.threshold == pytest.approx(0.9)
    assert [p.right for p in curve.curve] == [0.5, 1.0]
    (few,) = reliability(judged[:49])
    assert few.threshold is None
    say(desk, session, "confirm", row(session, "HANKOOK").key)
    say(desk, session, "reject", row(session, "EMIRATES").key)
    found = verdicts_on(session.overlay.appearances, desk.names())
    assert sorted(ok for _, _, ok in found) == [False, True]


def test_what_was_shown_while_a_run_goes_on_can_still_be_decided(desk: Desk) -> None:
    """A sign that goes on in the next chunk gets another key when that chunk is done: the decision stays with it."""
    desk.brand("Hankook")
    job = desk.unfinished(row_of_boards(["HANKOOK"]), chunks=2)
    session = ReviewService(desk.library, desk.runs).open(job.id)
    before = row(session, "HANKOOK").key
    desk.store_more(job)
    assert desk.runs.get(job.id).by_key.get(before) is None
    say(desk, session, "confirm", before)
    assert row(session, "HANKOOK").state is State.CONFIRMED
    session.refresh()
    later = row(session, "HANKOOK")
    assert later.key != before
    assert (later.state, later.seconds) == (State.CONFIRMED, pytest.approx(8.0))
    say(desk, session, "reject", later.key)
    assert row(session, "HANKOOK").state is State.REJECTED
    assert len(desk.library.decisions.of_source(job.source_asset_id)) == 1
    assert same_as_fresh(desk, session)
