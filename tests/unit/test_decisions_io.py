"""Decisions between libraries: same source by its bytes, brands with their redirects, nothing here overruled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.commands import Decide, Deny, DrawBox, MergeBrands, RemoveSource, RenameBrand, SplitFrame, Verdict
from app.decisions_io import export_decisions, load_decisions, write_decisions
from app.overlay import State
from engine.domain.errors import UserFixable
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob
from tests.stored_run import Desk, row_of_boards
from tests.unit.library_state import state_of

TEXTS = ["HANKOOK", "EMIRATES", "ZORBLAX", "QUIXOTL"]


def start(folder: Path, *brands: str) -> tuple[Desk, DetectJob]:
    desk = Desk(folder)
    for name in brands:
        desk.brand(name)
    return desk, desk.source(row_of_boards(TEXTS), name="match")


def decide(desk: Desk, job: DetectJob, kind: Verdict, text: str, brand: str = "") -> None:
    key = desk.key_of(job, text)
    desk.bus.do(
        Decide(
            source_id=job.source_asset_id, job_id=job.id, appearance_keys=(key,), kind=kind, brand_name=brand
        )
    )


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A file of decisions: a confirm, a reject, a new brand, a drawn box; Emirates leads on to Hankook."""
    desk, job = start(tmp_path / "one", "Hankook", "Emirates")
    with desk:
        decide(desk, job, "confirm", "EMIRATES")
        decide(desk, job, "reject", "QUIXOTL")
        decide(desk, job, "reassign", "ZORBLAX", "Zorblax")
        box = DrawBox(
            source_id=job.source_asset_id,
            job_id=job.id,
            time=0,
            polygon=rectangle(20, 8, 180, 30),
            brand_name="Swirl",
        )
        desk.bus.do(box)
        hankook, emirates = (desk.library.brands.one(n).id for n in ("Hankook", "Emirates"))
        desk.bus.do(MergeBrands(brand_ids=(emirates,), into=hankook))
        target = tmp_path / "decisions.json"
        assert write_decisions(desk.library, target) == 4
    return target


def test_another_library_shows_the_same(tmp_path: Path, exported: Path) -> None:
    desk, job = start(tmp_path / "two", "Hankook")
    with desk:
        before = state_of(desk.library)
        change = load_decisions(desk.bus, exported)
        assert change.title == "Import 4 decisions"
        shown = {a.text: (a.state, a.brand_name) for a in desk.overlay(job).appearances if a.machine}
        assert shown["EMIRATES"] == (State.CONFIRMED, "Hankook")
        assert shown["QUIXOTL"] == (State.REJECTED, "")
        assert shown["ZORBLAX"] == (State.REASSIGNED, "Zorblax")
        assert [a.brand_name for a in desk.overlay(job).appearances if a.machine is None] == ["Swirl"]
        assert len(desk.library.brands.one("Swirl").references) == 1
        assert desk.library.brands.one("Emirates").canonical_name == "Hankook"
        with pytest.raises(UserFixable, match="already"):
            load_decisions(desk.bus, exported)
        desk.bus.undo()
        assert state_of(desk.library) == before
        desk.bus.redo()
        assert export_decisions(desk.library)["sources"][0]["content_digest"]


def test_what_was_decided_here_stands(tmp_path: Path, exported: Path) -> None:
    desk, job = start(tmp_path / "two", "Hankook", "Emirates")
    with desk:
        decide(desk, job, "confirm", "EMIRATES")
        decide(desk, job, "unsure", "ZORBLAX")
        change = load_decisions(desk.bus, exported)
        assert any("what was decided here stands" in note for note in change.notes)
        shown = {a.text: a.state for a in desk.overlay(job).appearances}
        assert shown["ZORBLAX"] is State.UNSURE
        assert shown["QUIXOTL"] is State.REJECTED
        every = desk.library.decisions.of_source(job.source_asset_id, active=None)
        assert len(every) == 6
        assert sum(d.active for d in every) == 5


def test_of_a_group_only_what_was_decided_here_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "group.json"
    desk, job = start(tmp_path / "one", "Hankook")
    with desk:
        keys = tuple(desk.key_of(job, text) for text in ("ZORBLAX", "QUIXOTL", "EMIRATES"))
        desk.bus.do(
            Decide(
                source_id=job.source_asset_id,
                job_id=job.id,
                appearance_keys=keys,
                kind="reassign",
                brand_name="Zorblax",
            )
        )
        write_decisions(desk.library, file)
    desk, job = start(tmp_path / "two", "Hankook")
    with desk:
        decide(desk, job, "reject", "QUIXOTL")
        change = load_decisions(desk.bus, file)
        assert (
            change.title == "Import 1 decision" and "on 1 appearance than was decided here" in change.notes[0]
        )
        shown = {a.text: a.state for a in desk.overlay(job).appearances}
        assert [shown[t] for t in ("ZORBLAX", "QUIXOTL", "EMIRATES")] == [
            State.REASSIGNED,
            State.REJECTED,
            State.REASSIGNED,
        ]
        with pytest.raises(UserFixable, match="already"):
            load_decisions(desk.bus, file)


def test_a_word_on_one_frame_stands_beside_the_word_on_the_whole(tmp_path: Path) -> None:
    file = tmp_path / "frame.json"
    for folder in ("one", "two"):
        desk, job = start(tmp_path / folder, "Hankook")
        with desk:
            decide(desk, job, "confirm", "HANKOOK")
            if folder == "one":
                key = desk.key_of(job, "HANKOOK")
                desk.bus.do(
                    SplitFrame(
                        source_id=job.source_asset_id,
                        job_id=job.id,
                        appearance_key=key,
                        time=1_000_000,
                        kind="reject",
                    )
                )
                write_decisions(desk.library, file)
            else:
                assert not load_decisions(desk.bus, file).notes
            there = desk.overlay(job)
            assert there.counters[State.REJECTED] == 1
            assert sum(d.brand_name == "Hankook" for d in there.detections) == 15


def test_a_brand_that_was_renamed_before_is_the_same_one(tmp_path: Path) -> None:
    file = tmp_path / "renamed.json"
    desk, job = start(tmp_path / "one", "Hankook")
    with desk:
        hankook = desk.library.brands.one("Hankook").id
        desk.bus.do(RenameBrand(brand_id=hankook, name="Hankook Tyres"))
        decide(desk, job, "confirm", "HANKOOK")
        write_decisions(desk.library, file)
    desk, job = start(tmp_path / "two", "Hankook")
    with desk:
        assert desk.library.brands.one("Hankook").id == hankook, "an id comes from the name"
        change = load_decisions(desk.bus, file)
        assert "“Hankook Tyres” is called “Hankook” here." in change.notes
        assert {d.brand_name for d in desk.overlay(job).detections} == {"Hankook"}
        assert desk.library.brands.one("Hankook Tyres").id == hankook


def test_the_deny_list_comes_along(tmp_path: Path) -> None:
    file = tmp_path / "denied.json"
    desk, job = start(tmp_path / "one", "Hankook")
    with desk:
        desk.bus.do(Deny(texts=("Home crowd", "Zorblax", "Half time")))
        write_decisions(desk.library, file)
        assert not export_decisions(desk.library, (job.source_asset_id,))["denied"]
    desk, job = start(tmp_path / "two", "Hankook", "Zorblax")
    with desk:
        desk.bus.do(Deny(texts=("half time",)))
        change = load_decisions(desk.bus, file)
        assert change.title == "Import 1 denied text"
        assert change.notes == ("“Zorblax” belongs to Zorblax here: it was not put on the deny list.",)
        assert set(desk.library.brands.denied().values()) == {"half time", "Home crowd"}
        with pytest.raises(UserFixable):
            load_decisions(desk.bus, file)
        desk.bus.undo()
        assert set(desk.library.brands.denied().values()) == {"half time"}


def test_the_order_of_words_is_kept_where_the_clock_was_set_back(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    desk, job = start(tmp_path / "one", "Hankook")
    with desk:
        for kind in ("reject", "confirm"):
            decide(desk, job, kind, "HANKOOK")
        decide(desk, job, "reject", "QUIXOTL")
        with desk.library.db.write() as conn:
            conn.exec_driver_sql("UPDATE decisions SET created_at = '2020-01-01' WHERE kind = 'reject'")
        write_decisions(desk.library, file)
        made = [d.revision for d in desk.library.decisions.of_source(job.source_asset_id)]
    assert made == sorted(made)
    assert [d["revision"] for d in json.loads(file.read_bytes())["sources"][0]["decisions"]] == made


def test_a_source_that_is_not_here_is_told(tmp_path: Path, exported: Path) -> None:
    desk = Desk(tmp_path / "empty")
    with desk, pytest.raises(UserFixable, match="not in this library"):
        load_decisions(desk.bus, exported)


def test_a_source_that_was_removed_here_is_told_with_the_way_back(tmp_path: Path, exported: Path) -> None:
    desk, job = start(tmp_path / "two", "Hankook")
    with desk:
        desk.bus.do(RemoveSource(source_id=job.source_asset_id))
        with pytest.raises(UserFixable, match=r"“match\.mp4” was removed from this library") as caught:
            load_decisions(desk.bus, exported)
        assert "not in this library" not in caught.value.message
        assert "sponsight sources restore match.mp4" in caught.value.message
        desk.bus.undo()
        assert load_decisions(desk.bus, exported).title == "Import 4 decisions"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": "other/1"}', "{", '{"format": "sponsight.decisions/9"}']
)
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    desk = Desk(tmp_path / "empty")
    file = tmp_path / "file.json"
    file.write_text(content)
    with desk, pytest.raises(UserFixable, match=r"no JSON file|no file of decisions") as caught:
        load_decisions(desk.bus, file)
    assert caught.value.still_works == "Nothing was imported."
    with pytest.raises(UserFixable, match="could not be read"):
        load_decisions(desk.bus, tmp_path / "nowhere.json")


def test_the_file_is_plain_json(exported: Path) -> None:
    data = json.loads(exported.read_text("utf-8"))
    assert data["format"] == "sponsight.decisions/1"
    (source,) = data["sources"]
    assert {d["kind"] for d in source["decisions"]} == {"confirm", "reject", "reassign", "draw"}


def test_a_decision_that_covers_nothing_is_refused(tmp_path: Path, exported: Path) -> None:
    data = json.loads(exported.read_text("utf-8"))
    data["sources"][0]["decisions"][0]["members"] = []
    exported.write_text(json.dumps(data), "utf-8")
    with Desk(tmp_path / "two") as desk, pytest.raises(UserFixable, match="covers no appearance"):
        load_decisions(desk.bus, exported)


def edited(exported: Path, edit: Callable[[dict[str, Any]], None]) -> dict[str, dict[str, Any]]:
    """Change the exported file; its brands by the names that they had before."""
    data = json.loads(exported.read_text("utf-8"))
    brands = {b["name"]: b for b in data["brands"]}
    edit(brands)
    exported.write_text(json.dumps(data), "utf-8")
    return brands


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("★★★", "“★★★” has no letter or digit"),
        (" ", "A brand needs a name"),
        ("x" * 201, "has 201 characters"),
    ],
)
def test_a_brand_that_cannot_be_one_is_left_out_and_told_and_the_rest_comes_in(
    tmp_path: Path, exported: Path, name: str, why: str
) -> None:
    edited(exported, lambda brands: brands["Swirl"].update(name=name, aliases=["Twirl"]))
    desk, job = start(tmp_path / "two", "Hankook")
    with desk:
        before = state_of(desk.library)
        change = load_decisions(desk.bus, exported)
        assert change.title == "Import 3 decisions"
        brand, decision = change.notes
        assert why in brand and brand.endswith("The brand was left out, with 1 alias and 1 picture.")
        assert decision.startswith("“match.mp4”, 0:00.000 to 0:00.250: ") and decision.endswith(
            "was left out."
        )
        assert "draw" in decision and (name.strip()[:20] or "without a name") in decision
        shown = {a.text: (a.state, a.brand_name) for a in desk.overlay(job).appearances}
        assert shown["ZORBLAX"] == (State.REASSIGNED, "Zorblax")
        assert desk.library.brands.find("Twirl") == []
        with pytest.raises(UserFixable, match="All others are here already"):
            load_decisions(desk.bus, exported)
        desk.bus.undo()
        assert state_of(desk.library) == before


def test_decisions_on_a_brand_that_cannot_be_one_name_the_brand_that_it_was_merged_into(
    tmp_path: Path, exported: Path
) -> None:
    edited(exported, lambda brands: brands["Emirates"].update(name="★"))
    desk, job = start(tmp_path / "two")
    with desk:
        change = load_decisions(desk.bus, exported)
        assert change.title == "Import 4 decisions"
        (note,) = change.notes
        assert note.endswith(
            "The brand was left out: what was decided about it names “Hankook”, into which it was merged."
        )
        shown = {a.text: (a.state, a.brand_name) for a in desk.overlay(job).appearances}
        assert shown["EMIRATES"] == (State.CONFIRMED, "Hankook")


def test_a_brand_that_was_merged_into_one_that_cannot_be_stands_for_itself(
    tmp_path: Path, exported: Path
) -> None:
    edited(exported, lambda brands: brands["Hankook"].update(name="★"))
    with start(tmp_path / "two")[0] as desk:
        change = load_decisions(desk.bus, exported)
        assert change.title == "Import 4 decisions"
        assert change.notes[-1] == (
            "“Emirates” was merged into “★” there, which was left out: it is a brand of its own here."
        )
        assert desk.library.brands.one("Emirates").canonical_name == "Emirates"


def test_a_category_and_a_picture_that_cannot_be_are_left_out_and_told(
    tmp_path: Path, exported: Path
) -> None:
    def edit(brands: dict[str, Any]) -> None:
        brands["Zorblax"]["category"] = "y" * 201
        brands["Swirl"]["references"][0]["data"] = "nö base64"

    edited(exported, edit)
    with start(tmp_path / "two")[0] as desk:
        change = load_decisions(desk.bus, exported)
        assert change.title == "Import 4 decisions"
        picture, category = sorted(change.notes)
        assert picture == "A reference picture of “Swirl” is damaged and was left out."
        assert "has 201 characters" in category and category.endswith("“Zorblax” was given no category.")
        assert desk.library.brands.one("Zorblax").category == ""
        assert desk.library.brands.one("Swirl").references == ()


def test_the_command_line_tells_what_was_left_out(
    tmp_path: Path, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(exported, lambda brands: brands["Swirl"].update(name="★"))
    start(tmp_path / "two")[0].close()
    assert main(["--library", str(tmp_path / "two"), "decisions", "import", str(exported)]) == 0
    told = capsys.readouterr().out
    assert "“★” has no letter or digit" in told and told.endswith("Import 3 decisions.\n")
