"""The brand book: totals of accepted runs, clusters, merge preview, impact against what really happens."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.brand_book import BrandBook
from app.brand_impact import ONCE, Impact
from app.commands import (
    AcceptRun,
    AddAlias,
    AddBrand,
    AddToBook,
    BookLine,
    Command,
    Decide,
    Deny,
    DrawBox,
    ImportBook,
    MergeBrands,
    NotSame,
    RemoveAlias,
    RenameBrand,
    SetCategory,
    SplitBrand,
    SplitFrame,
    UnmergeBrand,
)
from engine.brand_names import LONGEST_NAME
from engine.domain.brands import KnownBrand
from engine.domain.errors import UserFixable
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob
from engine.domain.stages import StageName
from engine.stage import encode
from tests.made_once import MadeOnce
from tests.stored_run import Board, Desk, row_of_boards
from tests.unit.library_state import state_of


@pytest.fixture(scope="session")
def three_videos(made_once: MadeOnce) -> Path:
    """A library with three brands and three videos, each with an accepted run; copy it."""

    def make(folder: Path) -> None:
        late = Board("ZORBLAX", 4, 8, rectangle(400, 300, 560, 330))
        with Desk(folder / "library") as desk:
            desk.brand("Hankook", "Hankuk")
            desk.brand("Emirates")
            desk.brand("Quixotl Bank")
            desk.source([*row_of_boards(["HANKOOK", "EMIRATES", "ZORBLAX"]), late], name="first")
            desk.source(row_of_boards(["HANKUK", "ZORB1AX", "HOME CROWD"], end=4.0), name="second")
            desk.source(row_of_boards(["EMIRATES"], end=2.0), name="third")

    return made_once("three-videos", make) / "library"


@pytest.fixture
def desk(three_videos: Path, library_dir: Path) -> Iterator[Desk]:
    shutil.copytree(three_videos, library_dir)
    with Desk(library_dir) as opened:
        yield opened


@pytest.fixture
def jobs(desk: Desk) -> list[DetectJob]:
    """The accepted runs of the first, the second and the third video."""
    ids = {s.name: s.id for s in desk.library.sources.all()}
    found = [desk.library.jobs.accepted(ids[f"{name}.mp4"]) for name in ("first", "second", "third")]
    return [job for job in found if job is not None]


@pytest.fixture
def book(desk: Desk, jobs: list[DetectJob]) -> BrandBook:
    return BrandBook(desk.library, desk.bus, desk.runs, desk.jobs)


def brand(desk: Desk, name: str) -> str:
    return desk.library.brands.one(name).id


def accepted_seconds(book: BrandBook) -> dict[tuple[str, str], float]:
    """(source, brand name) → counted seconds, from a cold start."""
    fresh = BrandBook(book._library, book._bus, type(book.accepted.runs)(book._library))
    return {
        (o.run.source.name, b.brand_name): b.seconds
        for o in fresh.accepted.overlays()
        for b in o.effective.counted()
    }


def told(impact: Impact) -> dict[tuple[str, str], tuple[float, float]]:
    return {
        (s.source_name, b.name): (round(b.before, 2), round(b.after, 2))
        for s in impact.sources
        for b in s.brands
    }


def carry_out(desk: Desk, book: BrandBook, command: Command) -> Impact:
    """Preview, do, match again what the preview names, agree; the preview must have told the truth."""
    before, state = accepted_seconds(book), state_of(desk.library)
    impact = book.impact(command)
    assert state_of(desk.library) == state
    desk.bus.do(command)
    made = [f.result() for f in book.rematch(impact.to_rematch)]
    if made:
        book.agree([j.id for j in made])
    after = accepted_seconds(book)
    truth = {
        place: (round(before.get(place, 0.0), 2), round(after.get(place, 0.0), 2))
        for place in {*before, *after}
        if abs(before.get(place, 0.0) - after.get(place, 0.0)) > 0.005
    }
    assert told(impact) == truth
    return impact


def test_totals_count_accepted_runs_once(desk: Desk, jobs: list[DetectJob], book: BrandBook) -> None:
    rows = {r.name: r for r in book.rows()}
    assert (round(rows["Hankook"].seconds, 2), rows["Hankook"].sources) == (12.0, 2)
    assert rows["Hankook"].undecided == 2
    assert (round(rows["Emirates"].seconds, 2), rows["Emirates"].sources) == (10.0, 2)
    desk.replay(jobs[0])
    again = {r.name: r for r in book.rows()}
    assert again == rows
    reject = Decide(
        source_id=jobs[0].source_asset_id, job_id=jobs[0].id,
        appearance_keys=(desk.key_of(jobs[0], "HANKOOK"),), kind="reject",
    )  # fmt: skip
    desk.bus.do(reject)
    decided = {r.name: r for r in book.rows()}["Hankook"]
    assert (round(decided.seconds, 2), decided.sources, decided.undecided) == (4.0, 1, 1)
    assert decided.machine_seconds == rows["Hankook"].machine_seconds
    assert {r.name for r in book.rows(quick=True)} == set(rows)


def test_clusters_join_spellings_and_forget_what_was_kept_apart(desk: Desk, book: BrandBook) -> None:
    (cluster,) = book.clusters("ngram")
    assert {m.text for m in cluster.members} == {"ZORBLAX", "ZORB1AX"}
    zorb = next(m for m in cluster.members if m.text == "ZORBLAX")
    assert (zorb.appearances, zorb.sources, zorb.kind) == (2, 1, "text")
    assert zorb.crop is not None
    assert next(m.text for m in book.workbench.unresolved()) == "ZORBLAX"
    command = book.workbench.merge_command(cluster.members, name="Zorblax")
    desk.bus.do(command)
    assert desk.library.brands.one("zorb1ax").canonical_name == "Zorblax"
    desk.bus.undo()
    desk.bus.do(NotSame(things=cluster.things()))
    assert book.clusters("ngram") == []
    with pytest.raises(UserFixable, match="No surviving name"):
        book.workbench.merge_command(cluster.members)


def test_every_spelling_of_a_cluster_has_its_crop_counts_and_seconds(desk: Desk, book: BrandBook) -> None:
    desk.brand("Hankooc")
    desk.source(row_of_boards(["HANKOOK", "HANKOOK"], end=2.0), name="fourth")
    (cluster,) = [c for c in book.clusters("phonetic") if "Hankook" in {m.text for m in c.members}]
    told = {
        m.text: (m.kind, m.appearances, m.sources, round(m.seconds, 2), m.crop is not None)
        for m in cluster.members
    }
    # Two boards at a time are on screen once; the brand stands for all that counts, the alias for what read so.
    assert told == {
        "Hankook": ("brand", 4, 3, 14.0, True),
        "Hankuk": ("alias", 1, 1, 4.0, True),
        "Hankooc": ("brand", 0, 0, 0.0, False),
    }
    assert cluster.lead == "Hankook" and cluster.seconds == pytest.approx(14.0)
    rows = {r.name: r for r in book.rows()}
    assert rows["Hankook"].seconds == pytest.approx(14.0)


def test_a_cluster_leads_to_the_known_brand(desk: Desk, jobs: list[DetectJob], book: BrandBook) -> None:
    zorb = desk.brand("Zorblax")
    clusters = book.clusters("edit")
    (cluster,) = [c for c in clusters if c.lead_brand == zorb]
    command = book.workbench.merge_command(cluster.members, into=zorb)
    change = desk.bus.do(command)
    assert change.title == "Merge ZORB1AX into Zorblax"


def test_merge_preview_names_all_that_it_touches(desk: Desk, jobs: list[DetectJob], book: BrandBook) -> None:
    hankook, emirates = brand(desk, "Hankook"), brand(desk, "Emirates")
    confirm = Decide(
        source_id=jobs[2].source_asset_id, job_id=jobs[2].id,
        appearance_keys=(desk.key_of(jobs[2], "EMIRATES"),), kind="confirm",
    )  # fmt: skip
    made = desk.bus.do(confirm).made
    preview = book.merge_preview([emirates], hankook, ["HK"])
    assert preview.survivor == "Hankook"
    assert preview.aliases == (("Emirates", "Emirates"),)
    assert preview.texts == ("HK",)
    assert {(name, source) for name, source, _, _ in preview.sightings} == {
        ("Emirates", "first.mp4"), ("Emirates", "third.mp4")
    }  # fmt: skip
    assert {(s.source_name, s.decisions) for s in preview.sources} == {("first.mp4", 0), ("third.mp4", 1)}
    assert preview.decisions == made


def test_impact_of_a_merge_and_its_way_back(desk: Desk, book: BrandBook) -> None:
    hankook, emirates = brand(desk, "Hankook"), brand(desk, "Emirates")
    impact = carry_out(desk, book, MergeBrands(brand_ids=(emirates,), into=hankook))
    assert {s.source_name for s in impact.sources} == {"first.mp4", "third.mp4"}
    assert impact.to_rematch == ()
    assert impact.looked_at == 3
    assert impact.lost > impact.gained and impact.notes == (ONCE,), "both were on screen at once in the first"
    back = carry_out(desk, book, UnmergeBrand(brand_ids=(emirates,)))
    assert back.sources != () and back.to_rematch == () and back.notes == ()
    rows = {r.name: r for r in book.rows()}
    assert rows["Emirates"].seconds == pytest.approx(10.0)


def test_a_run_made_after_a_merge_is_matched_again_after_the_unmerge(
    desk: Desk, jobs: list[DetectJob], book: BrandBook
) -> None:
    hankook, emirates = brand(desk, "Hankook"), brand(desk, "Emirates")
    desk.bus.do(MergeBrands(brand_ids=(emirates,), into=hankook))
    desk.bus.do(AcceptRun(job_id=desk.replay(jobs[2]).id))
    assert book.outdated().sources == ()
    back = carry_out(desk, book, UnmergeBrand(brand_ids=(emirates,)))
    assert back.to_rematch == (jobs[2].source_asset_id,)
    assert {s.source_name for s in back.sources} == {"first.mp4", "third.mp4"}


def test_impact_of_alias_and_deny_edits(desk: Desk, book: BrandBook) -> None:
    quixotl = brand(desk, "Quixotl Bank")
    impact = carry_out(desk, book, AddAlias(brand_id=quixotl, aliases=("Zorblax",)))
    assert {s.source_name for s in impact.sources} == {"first.mp4", "second.mp4"}
    assert impact.gained == pytest.approx(12.0)
    carry_out(desk, book, RemoveAlias(brand_id=brand(desk, "Hankook"), aliases=("Hankuk",)))
    denied = carry_out(desk, book, Deny(texts=("EMIRATES",)))
    assert denied.lost == pytest.approx(10.0)
    assert book.outdated().sources == ()


def test_an_alias_without_a_letter_is_refused(desk: Desk) -> None:
    with pytest.raises(UserFixable, match="no letter or digit"):
        desk.bus.do(AddAlias(brand_id=brand(desk, "Hankook"), aliases=("!!",)))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("\U0001f642", "letter or digit"),
        ("x" * (LONGEST_NAME + 1), f"at most {LONGEST_NAME}"),
        (" ", "needs a name|No brand was named|letter or digit"),
    ],
)
def test_a_name_that_is_none_is_refused_wherever_it_enters(
    desk: Desk, jobs: list[DetectJob], name: str, why: str
) -> None:
    known, job = brand(desk, "Hankook"), jobs[0]
    key = desk.runs.get(job.id).appearances[0].key
    at: dict[str, Any] = {"source_id": job.source_asset_id, "job_id": job.id}
    box = rectangle(10, 10, 60, 30)
    commands: list[Command] = [
        AddBrand(name=name),
        RenameBrand(brand_id=known, name=name),
        AddAlias(brand_id=known, aliases=(name,)),
        MergeBrands(brand_ids=(), into=known, texts=(name,)),
        SplitBrand(brand_id=known, new_name=name, aliases=("Hankuk",)),
        Decide(**at, appearance_keys=(key,), kind="reassign", brand_name=name),
        SplitFrame(**at, appearance_key=key, time=0, kind="reassign", brand_name=name),
        DrawBox(**at, time=0, polygon=box, brand_name=name),
        Deny(texts=(name,)),
        ImportBook(book="client", lines=(BookLine(name),)),
        ImportBook(book="client", lines=(BookLine("Norvik", (name,)),)),
    ]
    if name.strip():
        commands.append(AddBrand(name="Norvik", aliases=(name,)))
    before = state_of(desk.library)
    for command in commands:
        with pytest.raises(UserFixable, match=why) as refused:
            desk.bus.do(command)
        assert refused.value.to_do and len(str(refused.value)) < 400, command
    assert state_of(desk.library) == before


def test_a_book_or_category_has_no_endless_name(desk: Desk) -> None:
    known, long = brand(desk, "Hankook"), "x" * (LONGEST_NAME + 1)
    for command in (
        AddToBook(book=long, brand_ids=(known,)),
        SetCategory(brand_ids=(known,), category=long),
        AddBrand(name="Norvik", category=long),
        AddBrand(name="Norvik", books=(long,)),
    ):
        with pytest.raises(UserFixable, match=str(LONGEST_NAME)):
            desk.bus.do(command)
    desk.bus.do(AddBrand(name="x" * LONGEST_NAME, category="y" * LONGEST_NAME))


def test_a_brand_of_before_that_has_no_letters_can_be_given_a_name(desk: Desk) -> None:
    desk.library.brands.put([KnownBrand(id="smile", canonical_name="\U0001f642", first_source="manual")])
    desk.bus.do(RenameBrand(brand_id="smile", name="Smile"))
    assert desk.library.brands.get("smile").canonical_name == "Smile"
    assert desk.library.brands.get("smile").aliases == ()


def test_impact_of_a_split_by_sightings(desk: Desk, jobs: list[DetectJob], book: BrandBook) -> None:
    sightings = book.sightings_of(brand(desk, "Hankook"), [jobs[1].source_asset_id])
    impact = carry_out(
        desk,
        book,
        SplitBrand(brand_id=brand(desk, "Hankook"), new_name="Hankuk Foods", sightings=tuple(sightings)),
    )
    assert told(impact) == {
        ("second.mp4", "Hankook"): (4.0, 0.0),
        ("second.mp4", "Hankuk Foods"): (0.0, 4.0),
    }


def test_words_of_graphics_stay_denied_in_a_preview(
    desk: Desk, jobs: list[DetectJob], book: BrandBook
) -> None:
    """The built-in deny list stands in no library; a preview that forgot it would have every source matched again."""
    desk.source(row_of_boards(["HANKOOK", "LIVE"], end=4.0), name="graphics")
    assert book.outdated().sources == ()
    impact = carry_out(desk, book, AddAlias(brand_id=brand(desk, "Quixotl Bank"), aliases=("Hankook Tire",)))
    assert impact.to_rematch == ()
    named = carry_out(desk, book, AddBrand(name="Live"))
    assert told(named) == {("graphics.mp4", "Live"): (0.0, 4.0)}


def test_a_new_brand_outside_the_books_of_runs_is_told(
    desk: Desk, jobs: list[DetectJob], book: BrandBook
) -> None:
    listed = brand(desk, "Emirates")
    desk.bus.do(AddToBook(book="Client", brand_ids=(listed,)))
    limited = desk.jobs.replay(jobs[0].id, StageName.MATCH_BRANDS, {}, books=("Client",))
    desk.bus.do(AcceptRun(job_id=desk.jobs.start(limited.id).result().id))
    impact = book.impact(AddBrand(name="Zorblax"))
    (note,) = impact.notes
    assert note.startswith("1 accepted run is limited to Client, which does not list Zorblax")
    assert {s.source_name for s in impact.sources} == {"second.mp4"}
    inside = book.impact(AddBrand(name="Zorblax", books=("Client",)))
    assert inside.notes == () and {s.source_name for s in inside.sources} == {"first.mp4", "second.mp4"}


def test_what_was_read_on_few_crops_counts_in_a_preview(
    desk: Desk, jobs: list[DetectJob], book: BrandBook
) -> None:
    """Matching asks rival readings from a tenth of the votes on; a preview that asks fewer tells too little."""
    desk.source([Board("MXWPQR", end=4.0, others=(("Vellorum", 0.9, 0.15),))], name="rival")
    impact = carry_out(desk, book, AddBrand(name="Vellorum"))
    assert told(impact) == {("rival.mp4", "Vellorum"): (0.0, 4.0)}


def test_an_edit_without_effect_has_none(desk: Desk, book: BrandBook) -> None:
    assert book.impact(SetCategory(brand_ids=(brand(desk, "Hankook"),), category="Tyres")).sources == ()
    assert book.impact(AddAlias(brand_id=brand(desk, "Hankook"), aliases=("Nowhere Seen",))).sources == ()


def test_edits_that_nobody_agreed_to_yet_are_told(desk: Desk, jobs: list[DetectJob], book: BrandBook) -> None:
    desk.bus.do(AddAlias(brand_id=brand(desk, "Quixotl Bank"), aliases=("Zorblax",)))
    waiting = book.outdated()
    assert {s.source_name for s in waiting.sources if s.brands} == {"first.mp4", "second.mp4"}
    alone = book.impact(Deny(texts=("EMIRATES",)))
    assert {name for _, name in told(alone)} == {"Emirates"}


def test_accepting_rematched_runs_is_one_undo(desk: Desk, jobs: list[DetectJob], book: BrandBook) -> None:
    desk.bus.do(AddAlias(brand_id=brand(desk, "Quixotl Bank"), aliases=("Zorblax",)))
    before = accepted_seconds(book)
    made = [f.result() for f in book.rematch(j.source_asset_id for j in jobs)]
    assert accepted_seconds(book) == before
    book.agree([j.id for j in made])
    assert accepted_seconds(book) != before
    desk.bus.undo()
    assert accepted_seconds(book) == before
    first, second = (desk.runs.get(j).appearances for j in (jobs[0].id, made[0].id))
    assert encode(first[0]) == encode(second[0])


def test_what_people_chose_is_offered_as_an_alias(desk: Desk, jobs: list[DetectJob], book: BrandBook) -> None:
    where: Any = {"source_id": jobs[0].source_asset_id, "job_id": jobs[0].id}
    key = desk.key_of(jobs[0], "ZORBLAX")
    desk.bus.do(Decide(**where, appearance_keys=(key,), kind="reassign", brand_name="Quixotl Bank"))
    box = desk.runs.get(jobs[0].id).by_key[key].seen[0].polygon
    desk.bus.do(DrawBox(**where, time=0, polygon=box, brand_name="Quixotl Bank"))
    assert book.alias_candidates(brand(desk, "Quixotl Bank")) == [("ZORBLAX", 2)]
    desk.bus.do(AddAlias(brand_id=brand(desk, "Quixotl Bank"), aliases=("Zorblax",)))
    assert book.alias_candidates(brand(desk, "Quixotl Bank")) == []
    assert book.found_by_look(brand(desk, "Quixotl Bank"), [j.id for j in jobs]) == []
