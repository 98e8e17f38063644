"""The command bus: one transaction and one log row each, exact inverses, undo over restarts and groups."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.command_bus import Change
from app.commands import (
    AcceptRun,
    AddAlias,
    AddBrand,
    AddToBook,
    BookLine,
    ClearDecision,
    ConfirmBrand,
    Decide,
    Deny,
    DrawBox,
    EditBox,
    ImportBook,
    MergeBrands,
    NotSame,
    RemoveAlias,
    RenameBrand,
    SetCategory,
    Several,
    SplitBrand,
    SplitFrame,
    SplitSighting,
    Undeny,
    UnmergeBrand,
    from_payload,
    to_payload,
)
from app.mailbox import LibraryChanged
from app.overlay import State
from engine.domain.decisions import DecisionKind
from engine.domain.errors import Conflict, UserFixable
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob
from tests.stored_run import Desk, row_of_boards
from tests.unit.library_state import state_of


@pytest.fixture
def job(desk: Desk) -> DetectJob:
    desk.brand("Hankook", "Hankuk")
    desk.brand("Emirates")
    return desk.source(row_of_boards(["HANKOOK", "EMIRATES", "ZORBLAX", "HANKUK", "QUIXOTL"]))


def decide(desk: Desk, job: DetectJob, kind: str, *texts: str, brand: str = "") -> Decide:
    keys = tuple(desk.key_of(job, t) for t in texts)
    return msgspec.convert(
        {
            "command": "decide",
            "source_id": job.source_asset_id,
            "job_id": job.id,
            "appearance_keys": keys,
            "kind": kind,
            "brand_name": brand,
        },
        Decide,
    )


def state(desk: Desk, job: DetectJob, text: str) -> tuple[State, str]:
    shown = desk.overlay(job).by_key[desk.key_of(job, text)]
    return shown.state, shown.brand_name


def test_a_command_tells_what_changed(desk: Desk, job: DetectJob) -> None:
    desk.mailbox.drain()
    change = desk.bus.do(decide(desk, job, "confirm", "HANKOOK"), initiator="canvas")
    assert change.title == "Confirm Hankook"
    assert change.kinds == {"decisions"}
    assert change.source_ids == (job.source_asset_id,)
    assert change.subject == f"appearance:{job.id}:{desk.key_of(job, 'HANKOOK')}"
    (event,) = desk.mailbox.drain()
    assert isinstance(event, LibraryChanged)
    assert (set(event.kinds), event.initiator) == ({"decisions"}, "canvas")
    (entry,) = desk.bus.history()
    assert (entry.title, entry.actor, entry.command) == ("Confirm Hankook", "tester", "decide")
    assert from_payload(entry.payload) == decide(desk, job, "confirm", "HANKOOK")


def test_a_failing_command_writes_nothing(desk: Desk, job: DetectJob) -> None:
    before = state_of(desk.library)
    with pytest.raises(UserFixable, match="Nobody has a proposal"):
        desk.bus.do(decide(desk, job, "confirm", "HANKOOK", "ZORBLAX"))
    merge = MergeBrands(brand_ids=("nobody",), into=desk.library.brands.one("Hankook").id)
    with pytest.raises(UserFixable, match="no brand nobody"):
        desk.bus.do(Several.of("Two things", (AddBrand(name="Acme"), merge)))
    assert state_of(desk.library) == before
    assert desk.bus.history() == []


def test_the_same_word_again_is_no_change(desk: Desk, job: DetectJob) -> None:
    desk.bus.do(decide(desk, job, "confirm", "HANKOOK"))
    with pytest.raises(UserFixable, match="already"):
        desk.bus.do(decide(desk, job, "confirm", "HANKOOK"))
    assert len(desk.bus.history()) == 1


def test_undo_and_redo_survive_a_restart(desk: Desk, job: DetectJob) -> None:
    states = [state_of(desk.library)]
    hankook, emirates = (desk.library.brands.one(n).id for n in ("Hankook", "Emirates"))
    sighting = SplitSighting(job.source_asset_id, job.id, (desk.key_of(job, "HANKUK"),))
    commands = [
        decide(desk, job, "confirm", "HANKOOK", "EMIRATES"),
        decide(desk, job, "reassign", "ZORBLAX", brand="Zorblax Ltd"),
        decide(desk, job, "reject", "EMIRATES"),
        AddAlias(brand_id=emirates, aliases=("Fly Emirates",)),
        DrawBox(
            source_id=job.source_asset_id, job_id=job.id, time=1_000_000,
            polygon=rectangle(10, 10, 90, 60), brand_name="Swirl",
        ),
        EditBox(
            source_id=job.source_asset_id, job_id=job.id, appearance_key=desk.key_of(job, "HANKOOK"), end=4_000_000,
        ),
        SplitFrame(
            source_id=job.source_asset_id, job_id=job.id, appearance_key=desk.key_of(job, "HANKOOK"),
            time=2_000_000, kind="reject",
        ),
        MergeBrands(brand_ids=(emirates,), into=hankook, texts=("Quixotl",)),
        RenameBrand(brand_id=hankook, name="Hankook Tire"),
        SplitBrand(brand_id=hankook, new_name="Hankuk Foods", aliases=("Hankuk",), sightings=(sighting,)),
        UnmergeBrand(brand_ids=(emirates,)),
        Deny(texts=("HOME", "AWAY")),
        Undeny(texts=("home",)),
        NotSame(things=(hankook, "QUIXOTL")),
        SetCategory(brand_ids=(hankook, emirates), category="Tyres"),
        ConfirmBrand(brand_ids=(hankook,)),
        RemoveAlias(brand_id=emirates, aliases=("FLY EMIRATES",)),
        AddToBook(book="Client", brand_ids=(hankook,)),
        ImportBook(book="Client", lines=(BookLine("Pirelli", ("P Zero",)), BookLine("Emirates", ("EK",)))),
        ClearDecision(source_id=job.source_asset_id, job_id=job.id, appearance_keys=(desk.key_of(job, "HANKOOK"),)),
    ]  # fmt: skip
    for command in commands:
        assert from_payload(to_payload(command)) == command
        desk.bus.do(command)
        states.append(state_of(desk.library))
        assert states[-1] != states[-2]
    for expected in reversed(states[:-1]):
        if len(desk.bus.history(limit=500)) % 5 == 0:
            desk.reopen()
        assert desk.bus.undo() is not None
        assert state_of(desk.library) == expected
    assert desk.bus.undo() is None
    assert desk.bus.undo_title == ""
    for expected in states[1:]:
        if len(desk.bus.history(limit=500)) % 5 == 0:
            desk.reopen()
        assert desk.bus.redo() is not None
        assert state_of(desk.library) == expected
    assert desk.bus.redo() is None


def test_taking_back_and_bringing_back_name_the_step_itself(desk: Desk) -> None:
    def step(change: Change | None) -> str:
        assert change is not None
        return change.step

    done = desk.bus.do(AddBrand(name="Undo Redo Drinks"), group="g")
    desk.bus.do(SetCategory(brand_ids=done.made, category="soft drinks"), group="g")
    assert done.step == done.title == "Add brand Undo Redo Drinks"
    assert step(desk.bus.undo()) == done.title
    assert step(desk.bus.redo()) == done.title
    desk.reopen()
    assert step(desk.bus.undo()) == done.title


def test_the_log_and_undo_have_one_order_whatever_threads_send(desk: Desk) -> None:
    threads, each = 6, 12
    ready = threading.Barrier(threads)

    def send(thread: int) -> None:
        ready.wait()
        for number in range(each):
            desk.bus.do(AddBrand(name=f"Brand {thread} {number}"))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, range(threads)))
    logged = [entry.title for entry in desk.library.audit.all()]
    assert len(logged) == threads * each
    for thread in range(threads):
        mine = [title for title in logged if title.startswith(f"Add brand Brand {thread} ")]
        assert mine == [f"Add brand Brand {thread} {n}" for n in range(each)]
    taken_back = []
    while (change := desk.bus.undo()) is not None:
        taken_back.append(change.step)
    assert taken_back == logged[::-1]


def test_an_import_that_changes_nothing_says_what_clashed(desk: Desk) -> None:
    desk.bus.do(
        ImportBook(book="Client", lines=(BookLine("Pirelli", ("P Zero",)), BookLine("Emirates", ("EK",))))
    )
    with pytest.raises(UserFixable, match="holds all of this already"):
        desk.bus.do(ImportBook(book="Client", lines=(BookLine("Pirelli", ("P Zero",)),)))
    with pytest.raises(UserFixable, match="P Zero"):
        desk.bus.do(ImportBook(book="Client", lines=(BookLine("Emirates", ("P Zero",)),)))


def test_a_group_is_one_undo_and_a_new_command_ends_redo(desk: Desk, job: DetectJob) -> None:
    first = state_of(desk.library)
    desk.bus.do(Deny(texts=("ONE",)), group="g")
    desk.bus.do(Deny(texts=("TWO",)), group="g")
    desk.bus.do(Deny(texts=("THREE",)))
    desk.reopen()
    assert desk.bus.undo_title == "Undo Deny THREE"
    desk.bus.undo()
    assert desk.bus.undo_title == "Undo Deny ONE"
    desk.bus.undo()
    assert state_of(desk.library) == first
    desk.bus.redo()
    assert set(desk.library.brands.denied()) == {"one", "two"}
    desk.bus.do(Deny(texts=("FOUR",)))
    assert desk.bus.redo() is None


def test_one_step_of_several_commands_has_one_row(desk: Desk, job: DetectJob) -> None:
    first = state_of(desk.library)
    made = desk.bus.do(
        Several.of(
            "Merge 2 aliases into Acme",
            (AddBrand(name="Acme"), Deny(texts=("X1",)), AddBrand(name="Acme Two")),
        )
    )
    assert made.title == "Merge 2 aliases into Acme"
    assert len(made.made) == 2
    assert len(desk.bus.history()) == 1
    assert desk.bus.undo_title == "Undo Merge 2 aliases into Acme"
    desk.bus.undo()
    assert state_of(desk.library) == first


def test_what_was_changed_outside_the_log_is_not_overwritten(desk: Desk, job: DetectJob) -> None:
    made = desk.bus.do(AddBrand(name="Acme", category="Tools"))
    desk.library.brands.set_category(made.made[0], "Food")
    after = state_of(desk.library)
    with pytest.raises(Conflict, match="outside the history"):
        desk.bus.undo()
    assert state_of(desk.library) == after


def test_the_log_is_searched_and_exported(desk: Desk, job: DetectJob, tmp_path: Path) -> None:
    desk.bus.do(AddBrand(name="Acme"))
    desk.bus.do(Deny(texts=("HOME",)))
    desk.bus.undo()
    assert [e.title for e in desk.bus.history("acme")] == ["Add brand Acme"]
    assert [e.command for e in desk.bus.history("deny")] == ["undo", "deny"]
    target = tmp_path / "log.jsonl"
    assert desk.bus.export_log(target) == 3
    lines = [msgspec.json.decode(line) for line in target.read_bytes().splitlines()]
    assert [line["command"] for line in lines] == ["add-brand", "deny", "undo"]
    assert lines[2]["undoes"] == lines[1]["id"]


# What the commands mean --------------------------------------------------------------------------------


def test_deciding_again_overrules_and_a_group_keeps_its_rest(desk: Desk, job: DetectJob) -> None:
    desk.bus.do(decide(desk, job, "reassign", "ZORBLAX", "QUIXOTL", "EMIRATES", brand="Zorb"))
    desk.bus.do(decide(desk, job, "reject", "QUIXOTL"))
    assert state(desk, job, "QUIXOTL") == (State.REJECTED, "")
    assert state(desk, job, "ZORBLAX") == (State.REASSIGNED, "Zorb")
    assert state(desk, job, "EMIRATES") == (State.REASSIGNED, "Zorb")
    active = desk.library.decisions.of_source(job.source_asset_id)
    assert sorted(len(d.members) for d in active) == [1, 2]
    assert len(desk.library.decisions.of_source(job.source_asset_id, active=None)) == 3


@pytest.mark.parametrize("verb", ["undo", "redo"])
def test_a_run_goes_on_counting_where_the_one_before_it_was_deleted(
    desk: Desk, job: DetectJob, verb: str
) -> None:
    later = desk.replay(job, {"match_brands": {"accept": 85.0}})
    desk.bus.do(AcceptRun(job_id=later.id))
    counts, gone = later.id, job.id
    if verb == "redo":
        desk.bus.undo()
        counts, gone = gone, counts
    desk.jobs.delete(gone)
    change = getattr(desk.bus, verb)()
    assert desk.library.jobs.accepted_ids() == {job.source_asset_id: counts}
    assert change is not None and "deleted" in change.notes[0]
    assert desk.bus.undo_title == ("" if verb == "undo" else "Undo Accept a run of match.mp4")


def test_a_decision_made_on_another_run_is_overruled_too(desk: Desk, job: DetectJob) -> None:
    desk.bus.do(decide(desk, job, "confirm", "HANKOOK", "EMIRATES"))
    later = desk.replay(job, {"match_brands": {"accept": 85.0}})
    desk.bus.do(decide(desk, later, "reject", "EMIRATES"))
    assert state(desk, later, "EMIRATES")[0] is State.REJECTED
    assert state(desk, later, "HANKOOK") == (State.CONFIRMED, "Hankook")
    assert all(len(d.members) == 1 for d in desk.library.decisions.of_source(job.source_asset_id))


def test_a_merge_is_a_redirect_and_an_unmerge_brings_all_back(desk: Desk, job: DetectJob) -> None:
    hankook, emirates = (desk.library.brands.one(n).id for n in ("Hankook", "Emirates"))
    desk.bus.do(MergeBrands(brand_ids=(emirates,), into=hankook))
    later = desk.replay(job)
    desk.bus.do(decide(desk, later, "confirm", "EMIRATES", "HANKOOK"))
    assert state(desk, later, "EMIRATES") == (State.CONFIRMED, "Hankook")
    desk.bus.do(AddAlias(brand_id=hankook, aliases=("HK",)))
    desk.bus.do(UnmergeBrand(brand_ids=(emirates,)))
    assert state(desk, later, "EMIRATES") == (State.CONFIRMED, "Emirates")
    assert state(desk, later, "HANKOOK") == (State.CONFIRMED, "Hankook")
    assert desk.library.brands.get(hankook).aliases == ("Hankuk", "HK")
    assert desk.library.brands.get(emirates).aliases == ()
    with pytest.raises(Conflict, match="not merged"):
        desk.bus.do(UnmergeBrand(brand_ids=(emirates,)))


def test_a_spelling_of_a_merged_brand_stays_its_own(desk: Desk, job: DetectJob) -> None:
    hankook, emirates = (desk.library.brands.one(n).id for n in ("Hankook", "Emirates"))
    desk.bus.do(MergeBrands(brand_ids=(emirates,), into=hankook))
    with pytest.raises(UserFixable, match="already"):
        desk.bus.do(AddAlias(brand_id=hankook, aliases=("EMIRATES",)))
    assert not desk.bus.do(UnmergeBrand(brand_ids=(emirates,))).notes
    brands = desk.overlay(desk.replay(job)).effective.counted()
    assert {b.brand_name for b in brands} >= {"Hankook", "Emirates"}


def test_what_two_brands_are_called_when_they_part_is_told(desk: Desk, job: DetectJob) -> None:
    hankook, emirates = (desk.library.brands.one(n).id for n in ("Hankook", "Emirates"))
    desk.bus.do(AddAlias(brand_id=emirates, aliases=("Fly",)))
    desk.bus.do(MergeBrands(brand_ids=(emirates,), into=hankook))
    desk.bus.do(RenameBrand(brand_id=hankook, name="FLY"))
    (note,) = desk.bus.do(UnmergeBrand(brand_ids=(emirates,))).notes
    assert note.startswith("“Fly” names both Emirates and FLY now")
    desk.bus.undo()
    desk.bus.do(RenameBrand(brand_id=hankook, name="EMIRATES"))
    (note,) = desk.bus.do(UnmergeBrand(brand_ids=(emirates,))).notes
    assert note == "Two brands are called “EMIRATES” now: rename one of them."


def test_merging_around_in_a_circle_keeps_one_survivor(desk: Desk) -> None:
    a, b, c = (desk.brand(n) for n in ("Alpha", "Bravo", "Charlie"))
    desk.bus.do(MergeBrands(brand_ids=(a,), into=b))
    desk.bus.do(MergeBrands(brand_ids=(b,), into=c))
    with pytest.raises(UserFixable, match="already"):
        desk.bus.do(MergeBrands(brand_ids=(c,), into=a))
    assert set(desk.library.brands.redirects().values()) == {c}


def test_an_alias_of_another_brand_is_refused_unless_shared(desk: Desk) -> None:
    desk.brand("Hankook", "Hankuk")
    other = desk.brand("Emirates")
    with pytest.raises(Conflict, match="belongs to Hankook"):
        desk.bus.do(AddAlias(brand_id=other, aliases=("hankuk",)))
    desk.bus.do(AddAlias(brand_id=other, aliases=("hankuk",), share=True))
    assert len(desk.library.brands.clashes()) == 1


def test_a_drawn_box_makes_brand_and_reference(desk: Desk, job: DetectJob) -> None:
    change = desk.bus.do(
        DrawBox(
            source_id=job.source_asset_id,
            job_id=job.id,
            time=1_000_000,
            polygon=rectangle(20, 8, 180, 30),
            brand_name="Swirl",
            start=500_000,
            end=3_000_000,
        )
    )
    (reference,) = desk.library.brands.one("Swirl").references
    assert desk.library.blobs.get(reference.digest).startswith(b"\x89PNG")
    drawn = desk.overlay(job).by_key[change.ids[0]]
    assert (drawn.state, drawn.brand_name) == (State.MANUAL, "Swirl")
    assert len(drawn.seen) == 5
    desk.bus.do(
        EditBox(source_id=job.source_asset_id, job_id=job.id, appearance_key=change.ids[0], end=2_000_000)
    )
    (moved,) = [a for a in desk.overlay(job).appearances if a.state is State.MANUAL]
    assert len(moved.seen) == 3
    with pytest.raises(UserFixable, match="too small"):
        desk.bus.do(
            DrawBox(
                source_id=job.source_asset_id,
                job_id=job.id,
                time=0,
                polygon=rectangle(5, 5, 6, 6),
                brand_name="X Y",
            )
        )


def test_a_corrected_box_is_corrected_further(desk: Desk, job: DetectJob) -> None:
    key = desk.key_of(job, "HANKOOK")
    where: Any = {"source_id": job.source_asset_id, "job_id": job.id, "appearance_key": key}
    desk.bus.do(EditBox(**where, start=1_000_000))
    desk.bus.do(EditBox(**where, end=5_000_000))
    shown = desk.overlay(job).by_key[key]
    assert (shown.span.start, shown.span.end) == (1_000_000, 5_000_000)
    (edit,) = desk.library.decisions.of_source(job.source_asset_id)
    assert edit.kind is DecisionKind.EDIT
    with pytest.raises(UserFixable, match="would end"):
        desk.bus.do(EditBox(**where, end=500_000))


def test_a_split_moves_aliases_and_appearances(desk: Desk, job: DetectJob) -> None:
    hankook = desk.library.brands.one("Hankook").id
    sighting = SplitSighting(job.source_asset_id, job.id, (desk.key_of(job, "HANKUK"),))
    desk.bus.do(
        SplitBrand(brand_id=hankook, new_name="Hankuk Foods", aliases=("hankuk",), sightings=(sighting,))
    )
    assert desk.library.brands.get(hankook).aliases == ()
    assert desk.library.brands.one("Hankuk").canonical_name == "Hankuk Foods"
    assert state(desk, job, "HANKUK") == (State.REASSIGNED, "Hankuk Foods")
    assert state(desk, job, "HANKOOK") == (State.UNDECIDED, "Hankook")
    with pytest.raises(UserFixable, match="no alias"):
        desk.bus.do(SplitBrand(brand_id=hankook, new_name="Other", aliases=("Hankook",)))


def test_a_split_to_a_brand_that_is_there(desk: Desk, job: DetectJob) -> None:
    hankook, emirates = desk.library.brands.one("Hankook").id, desk.library.brands.one("Emirates").id
    sighting = SplitSighting(job.source_asset_id, job.id, (desk.key_of(job, "HANKUK"),))
    before = state_of(desk.library)
    change = desk.bus.do(
        SplitBrand(brand_id=hankook, into=emirates, aliases=("Hankuk",), sightings=(sighting,))
    )
    assert change.title == "Give 1 alias and 1 appearance of Hankook to Emirates"
    assert change.subject == f"brand:{emirates}"
    assert desk.library.brands.one("Hankuk").id == emirates
    assert state(desk, job, "HANKUK") == (State.REASSIGNED, "Emirates")
    desk.bus.undo()
    assert state_of(desk.library) == before
    with pytest.raises(UserFixable, match="Hankook itself"):
        desk.bus.do(SplitBrand(brand_id=hankook, into=hankook, sightings=(sighting,)))


def test_an_undo_points_to_something_that_is_there(desk: Desk, job: DetectJob) -> None:
    hankook = desk.library.brands.one("Hankook").id
    made = desk.bus.do(SplitBrand(brand_id=hankook, new_name="Hankuk Foods", aliases=("Hankuk",)))
    assert made.subject == f"brand:{made.made[0]}"
    taken_back = desk.bus.undo()
    assert taken_back is not None and taken_back.subject == f"brand:{hankook}"
    again = desk.bus.redo()
    assert again is not None and again.subject == made.subject
    desk.bus.do(AddBrand(name="Wholly New"))
    gone = desk.bus.undo()
    assert gone is not None and gone.subject == "brand:"
    assert desk.bus.do(Deny(texts=("Hankuk Foods",))).subject == made.subject
    assert desk.bus.do(Deny(texts=("HALF TIME",))).subject == "deny-list:HALF TIME"
