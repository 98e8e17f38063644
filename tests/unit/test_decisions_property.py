"""Random sequences of what people do, with restarts and replays between: nothing decided is ever lost, every step
can be taken back exactly, derived counts equal a fresh computation, redirects never go round."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.brand_book import BrandBook
from app.command_bus import Change
from app.commands import (
    AcceptRun,
    AddAlias,
    AddBrand,
    ClearDecision,
    Command,
    ConfirmBrand,
    Decide,
    Deny,
    DrawBox,
    EditBox,
    ForgetNotSame,
    MergeBrands,
    NotSame,
    RemoveAlias,
    RenameBrand,
    Several,
    SplitBrand,
    SplitFrame,
    Undeny,
    UnmergeBrand,
    Verdict,
    name_of,
)
from app.overlay import State, build_overlay
from app.review import ReviewService, ReviewSession
from app.run_cache import RunCache
from engine.anchoring import anchor
from engine.domain.decisions import DecisionKind
from engine.domain.errors import Conflict, UserFixable
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob, JobStatus
from tests.stored_run import Board, Desk, row_of_boards
from tests.unit.library_state import state_of

STEPS = 200
"""Steps that changed something, at least, in each sequence; refused ones come on top."""
KINDS = {
    "add-alias", "remove-alias", "merge-brands", "unmerge-brand", "split-brand", "deny", "undeny", "not-same",
    "confirm", "reject", "reassign", "unsure", "clear-decision", "draw-box", "edit-box", "split-frame", "accept-run",
    "add-brand", "rename-brand", "confirm-brand", "replay", "restart", "undo", "redo",
}  # fmt: skip
"""What each sequence has at least one of."""
PEOPLES = (
    "known_brands", "brand_aliases", "brand_references", "books", "book_brands", "deny_list", "not_same",
    "decisions", "decision_members",
)  # fmt: skip
WORDS = [
    "Hankook",
    "Hankuk",
    "Emirates",
    "Zorblax",
    "Quixotl",
    "Fly Emirates",
    "Zorb",
    "HK",
    "Vantoro",
    "Home",
]
TEXTS = ["HANKOOK", "EMIRATES", "ZORBLAX", "HANKUK", "QUIXOTL", "VANTORO"]


def said(desk: Desk) -> dict[str, Any]:
    """All that people wrote: brands, lists, decisions, and which runs count."""
    state = state_of(desk.library)
    found: dict[str, Any] = {table: state[table] for table in PEOPLES}
    found["accepted"] = sorted(desk.library.jobs.accepted_ids().items())
    return found


class People:
    """Random commands over what is there. Every pick is from sorted data, so that a seed always does the same."""

    def __init__(self, desk: Desk, random_: random.Random) -> None:
        self.desk, self.random = desk, random_
        self.left: list[Callable[[], Command]] = []

    def job(self) -> DetectJob:
        jobs = [
            j for j in self.desk.library.jobs.all() if j.status is JobStatus.COMPLETED and j.parent_job_id
        ]
        return self.random.choice(sorted(jobs, key=lambda j: (j.created_at is not None, j.created_at)))

    def keys(self, job: DetectJob, most: int = 3) -> tuple[str, ...]:
        shown = self.desk.runs.get(job.id).appearances
        return tuple(a.key for a in self.random.sample(shown, min(len(shown), self.random.randint(1, most))))

    def brand(self) -> str:
        brands = sorted(self.desk.library.brands.all(), key=lambda b: (b.canonical_name, b.id))
        return self.random.choice(brands).id

    def alias(self) -> tuple[str, str]:
        every = sorted((b.id, a) for b in self.desk.library.brands.all() for a in b.aliases)
        return self.random.choice(every) if every else (self.brand(), "nothing")

    def decide(self) -> Command:
        job = self.job()
        kind: Verdict = self.random.choice(("confirm", "reject", "reassign", "unsure"))
        name = self.random.choice(WORDS) if kind == "reassign" else ""
        return Decide(
            source_id=job.source_asset_id,
            job_id=job.id,
            appearance_keys=self.keys(job),
            kind=kind,
            brand_name=name,
        )

    def clear(self) -> Command:
        job = self.job()
        return ClearDecision(source_id=job.source_asset_id, job_id=job.id, appearance_keys=self.keys(job))

    def draw(self) -> Command:
        job = self.job()
        x, y = self.random.randint(0, 500), self.random.randint(0, 300)
        return DrawBox(
            source_id=job.source_asset_id, job_id=job.id, time=self.random.randrange(0, 5_500_000),
            polygon=rectangle(x, y, x + 60, y + 30), brand_name=self.random.choice(WORDS),
        )  # fmt: skip

    def edit(self) -> Command:
        job = self.job()
        return EditBox(
            source_id=job.source_asset_id, job_id=job.id, appearance_key=self.keys(job, 1)[0],
            start=self.random.choice((None, 500_000)), end=self.random.choice((2_500_000, 3_500_000)),
        )  # fmt: skip

    def frame(self) -> Command:
        job = self.job()
        return SplitFrame(
            source_id=job.source_asset_id, job_id=job.id, appearance_key=self.keys(job, 1)[0],
            time=self.random.randrange(0, 6_000_000), kind=self.random.choice(("reject", "unsure", "confirm")),
        )  # fmt: skip

    def accept(self) -> Command:
        return AcceptRun(job_id=self.job().id)

    def add_brand(self) -> Command:
        name = f"{self.random.choice(WORDS)} {self.random.randint(1, 9)}"
        return AddBrand(name=name, aliases=(f"{name} Ltd",))

    def add_alias(self) -> Command:
        return AddAlias(
            brand_id=self.brand(), aliases=(self.random.choice(WORDS),), share=self.random.random() < 0.3
        )

    def remove_alias(self) -> Command:
        brand, alias = self.alias()
        return RemoveAlias(brand_id=brand, aliases=(alias,))

    def rename(self) -> Command:
        return RenameBrand(
            brand_id=self.brand(),
            name=f"{self.random.choice(WORDS)} {self.random.randint(1, 9)}",
            keep_alias=self.random.random() < 0.5,
        )

    def merge(self) -> Command:
        texts = (self.random.choice(WORDS),) if self.random.random() < 0.3 else ()
        return MergeBrands(brand_ids=(self.brand(), self.brand()), into=self.brand(), texts=texts)

    def unmerge(self) -> Command:
        merged = sorted(b.id for b in self.desk.library.brands.all() if b.merged_into)
        return UnmergeBrand(brand_ids=(self.random.choice(merged) if merged else self.brand(),))

    def split(self) -> Command:
        book = BrandBook(self.desk.library, self.desk.bus, self.desk.runs)
        brand, alias = self.alias()
        sightings = tuple(book.sightings_of(brand))[: self.random.randint(0, 2)]
        return SplitBrand(
            brand_id=brand,
            new_name=f"Part {self.random.randint(1, 4)}",
            into=self.brand() if self.random.random() < 0.4 else "",
            aliases=(alias,),
            sightings=sightings,
        )

    def deny(self) -> Command:
        return Deny(texts=(self.random.choice(TEXTS + WORDS),))

    def undeny(self) -> Command:
        return Undeny(texts=(self.random.choice(TEXTS + WORDS),))

    def confirm_brand(self) -> Command:
        return ConfirmBrand(brand_ids=(self.brand(),), confirmed=self.random.random() < 0.7)

    def not_same(self) -> Command:
        return NotSame(things=(self.brand(), self.random.choice(WORDS)))

    def forget(self) -> Command:
        pairs = sorted(self.desk.library.brands.not_same())
        first, second = self.random.choice(pairs) if pairs else ("a1", "b1")
        return ForgetNotSame(first=first, second=second)

    def several(self) -> Command:
        return Several.of("Several at once", (self.deny(), self.add_alias(), self.decide()))

    def command(self) -> Command:
        """Each kind of command in turn, in a random order: no sequence does without one of them."""
        if not self.left:
            often: list[Callable[[], Command]] = [self.decide] * 6 + [self.merge, self.unmerge] * 2
            rest: list[Callable[[], Command]] = [
                self.clear, self.draw, self.edit, self.frame, self.accept, self.add_brand, self.add_alias,
                self.remove_alias, self.rename, self.split, self.deny, self.undeny, self.confirm_brand,
                self.not_same, self.forget, self.several,
            ]  # fmt: skip
            self.left = often + rest
            self.random.shuffle(self.left)
        return self.left.pop()()


def check_nothing_is_missing(desk: Desk, job: DetectJob) -> None:
    """Every member of every decision in force stands on an appearance or is an orphan with a reason."""
    run = desk.runs.get(job.id)
    decisions = desk.library.decisions.of_source(job.source_asset_id)
    targets = desk.runs.targets(job.id)
    result = anchor(decisions, targets, analysed=run.analysed, lost=run.lost, job_id=job.id)
    found = {(a.decision, a.member) for a in result.anchors} | {
        (o.decision, o.member) for o in result.orphans
    }
    overlay = build_overlay(run, decisions, desk.names())
    shown = {d.id for a in overlay.appearances for d in a.history}
    orphans = {(o.decision.id, o.number) for o in overlay.orphans}
    assert all(o.reason for o in overlay.orphans)
    for d in decisions:
        members = d.members[:1] if d.kind is DecisionKind.EDIT else d.members
        for number in range(len(members)):
            if d.kind is DecisionKind.DRAW:
                assert f"{d.id}:{number}" in overlay.by_key or (d.id, number) in orphans
            else:
                assert (d.id, number) in found
                assert d.id in shown or (d.id, number) in orphans


def check_redirects(desk: Desk) -> None:
    """Whoever follows a merge comes to a brand that stands for itself."""
    onward = {b.id: b.merged_into for b in desk.library.brands.all()}
    for start in onward:
        passed: set[str] = set()
        at: str | None = start
        while at is not None:
            assert at not in passed
            passed.add(at)
            at = onward[at]


def check_counters(desk: Desk, book: BrandBook) -> None:
    """What is kept while things change equals what is computed from nothing, and from the stored results by hand."""
    fresh = BrandBook(desk.library, desk.bus, RunCache(desk.library))
    rows = book.rows()
    assert rows == fresh.rows()
    tops = desk.library.brands.redirects()
    counted: Counter[str] = Counter()
    undecided: Counter[str] = Counter()
    for source_id, job_id in desk.library.jobs.accepted_ids().items():
        run = desk.runs.get(job_id)
        for a in run.appearances:
            if a.verdict == "accepted":
                counted[tops.get(a.brand_id, a.brand_id)] += len(a.seen)
        overlay = build_overlay(run, desk.library.decisions.of_source(source_id), desk.names())
        for shown in overlay.appearances:
            if shown.state is State.UNDECIDED and shown.machine is not None and shown.machine.candidates:
                brand = shown.machine.candidates[0].brand_id
                undecided[tops.get(brand, brand)] += 1
    for row in rows:
        assert row.occurrences == counted[row.id]
        assert row.undecided == undecided[row.id]


def check_session(desk: Desk, session: ReviewSession) -> None:
    """The session that was patched step by step shows what a new one shows."""
    fresh = ReviewService(desk.library, RunCache(desk.library)).open(session.job_id)
    assert {r.key: (r.state, r.brand_id, r.brand_name, r.keys) for r in session.queue()} == {
        r.key: (r.state, r.brand_id, r.brand_name, r.keys) for r in fresh.queue()
    }


def live(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Desk(folder) as desk:
        desk.brand("Hankook", "Hankuk")
        desk.brand("Emirates")
        desk.brand("Vantoro")
        jobs = [
            desk.source(row_of_boards(TEXTS[:4], end=6.0), seconds=6.0, name="first"),
            desk.source(
                [*row_of_boards(TEXTS[2:], end=6.0), Board("ZORBLAX", 2, 6, rectangle(400, 300, 560, 330))],
                seconds=6.0,
                name="second",
            ),
        ]
        people = People(desk, chance)
        done: list[dict[str, Any]] = [said(desk)]
        undone: list[dict[str, Any]] = []
        book = BrandBook(desk.library, desk.bus, desk.runs)
        session = ReviewService(desk.library, desk.runs).open(jobs[0].id)
        worked: Counter[str] = Counter()
        while worked.total() < STEPS or KINDS - worked.keys():
            assert worked.total() < 2 * STEPS, KINDS - worked.keys()
            move = chance.random()
            change: Change | None = None
            kind = ""
            if move < 0.03:
                limits = {"match_brands": {"accept": chance.choice((80.0, 90.0, 97.0))}}
                check_nothing_is_missing(desk, desk.replay(chance.choice(jobs), limits))
                kind = "replay"
            elif move < 0.06:
                desk.reopen()
                book = BrandBook(desk.library, desk.bus, desk.runs)
                session = ReviewService(desk.library, desk.runs).open(chance.choice(jobs).id)
                kind = "restart"
            elif move < 0.20:
                change = desk.bus.undo()
                assert (change is None) == (len(done) == 1)
                if change is not None:
                    undone.append(done.pop())
                    kind = "undo"
            elif move < 0.30:
                change = desk.bus.redo()
                assert (change is None) == (not undone)
                if change is not None:
                    done.append(undone.pop())
                    kind = "redo"
            else:
                command = people.command()
                try:
                    change = desk.bus.do(command)
                except (UserFixable, Conflict):
                    continue
                kind = command.kind if isinstance(command, Decide) else name_of(command)
                done.append(said(desk))
                undone.clear()
            assert said(desk) == done[-1]
            if change is not None:
                session.refresh(change)
            check_redirects(desk)
            if not kind:
                continue
            worked[kind] += 1
            if worked.total() % 20 == 0:
                for first in jobs:
                    check_nothing_is_missing(desk, desk.library.jobs.of_source(first.source_asset_id)[0])
                check_nothing_is_missing(desk, people.job())
                check_counters(desk, book)
                check_session(desk, session)
        while (change := desk.bus.undo()) is not None:
            done.pop()
            if chance.random() < 0.1:
                desk.reopen()
            assert said(desk) == done[-1]
        assert len(done) == 1
        assert desk.library.verify().ok


def test_whatever_people_do_can_be_taken_back(library_dir: Path) -> None:
    live(library_dir, seed=1)


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2, 22))
def test_whatever_people_do_can_be_taken_back_at_length(library_dir: Path, seed: int) -> None:
    live(library_dir, seed)
