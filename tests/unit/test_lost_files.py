"""Files of a library that are lost: what can still be shown and exported is, and the rest is said in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from app.cli import main
from app.commands import Decide, RenameBrand, Verdict
from engine.domain.jobs import DetectJob
from engine.domain.stages import StageName
from engine.ports import JOB_CHUNK
from storage.library import Library
from tests.stored_run import Desk, row_of_boards


@pytest.fixture
def job(library_dir: Path) -> DetectJob:
    """An accepted run with one decision."""
    with Desk(library_dir) as desk:
        desk.brand("Hankook")
        made = desk.source(row_of_boards(["HANKOOK", "ZORBLAX"]))
        desk.bus.do(
            Decide(
                source_id=made.source_asset_id,
                job_id=made.id,
                appearance_keys=(desk.key_of(made, "HANKOOK"),),
                kind="confirm",
            )
        )
    return made


def exported(folder: Path, job: DetectJob, place: Path) -> dict:
    assert main(["--library", str(folder), "export", job.id, "--output", str(place)]) == 0
    return json.loads(place.read_bytes())


def lose(folder: Path, job: DetectJob, stage: StageName) -> None:
    """Drop a stage's parts of a run, as a repair does with broken ones."""
    with Library.open(folder) as library, library.db.write() as conn:
        keys = [ref.key for (s, _), ref in library.parts.attached(job.id).items() if s == stage]
        assert keys
        for key in keys:
            conn.exec_driver_sql("DELETE FROM job_parts WHERE part_key = ?", (key,))


def test_a_run_whose_frames_are_lost_is_exported_with_the_same_figures(
    library_dir: Path, job: DetectJob, tmp_path: Path
) -> None:
    before = exported(library_dir, job, tmp_path / "before.json")
    lose(library_dir, job, StageName.EXTRACT_FRAMES)
    after = exported(library_dir, job, tmp_path / "after.json")
    assert before["effective"]["brands"] and after["effective"] == before["effective"]
    assert [f["span"] for f in after["frames"]] == [f["span"] for f in before["frames"]]
    assert [f["detections"] for f in after["frames"]] == [f["detections"] for f in before["frames"]]


def shown(folder: Path, job: DetectJob, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["--library", str(folder), "show", job.id]) == 0
    return capsys.readouterr().out.split("\n\n", 2)[2]


def test_lost_figures_are_made_again_from_what_is_left(
    library_dir: Path, job: DetectJob, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library.open(library_dir) as library:
        assert (StageName.COMPILE_REPORT, JOB_CHUNK) in library.parts.attached(job.id)
    before = shown(library_dir, job, capsys)
    assert "Hankook" in before
    lose(library_dir, job, StageName.COMPILE_REPORT)
    assert shown(library_dir, job, capsys) == before


@pytest.mark.parametrize("words", [["show"], ["export", "--output", "x.json"]])
def test_lost_findings_are_told_with_the_way_to_get_them_back(
    library_dir: Path,
    job: DetectJob,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for stage in (StageName.ESCALATE_CLOUD, StageName.ESCALATE_VLM, StageName.MATCH_BRANDS):
        lose(library_dir, job, stage)
    assert main(["--library", str(library_dir), words[0], job.id, *words[1:]]) == 5
    assert f"replay {job.id[:8]} --from match_brands" in capsys.readouterr().err
    assert not (tmp_path / "x.json").exists()
    capsys.readouterr()
    assert main(["--library", str(library_dir), "show", job.id, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["job"]["id"] == job.id and told["figures"] is None


def test_figures_on_the_terminal_are_those_with_decisions(
    library_dir: Path, job: DetectJob, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "machine" not in shown(library_dir, job, capsys)
    with Desk(library_dir) as desk:
        words: tuple[tuple[str, Verdict], ...] = (("HANKOOK", "reject"), ("ZORBLAX", "confirm"))
        for text, kind in words:
            chosen = (desk.key_of(job, text),)
            desk.bus.do(
                Decide(
                    source_id=job.source_asset_id,
                    job_id=job.id,
                    appearance_keys=chosen,
                    kind=kind,
                    brand_name="Zorblax" if kind == "confirm" else "",
                )
            )
    told = shown(library_dir, job, capsys)
    document = exported(library_dir, job, tmp_path / "figures.json")
    capsys.readouterr()
    (zorblax,) = document["effective"]["brands"]
    (hankook,) = document["machine"]["brands"]
    rows = {line.split()[0]: line.split()[1:3] for line in told.splitlines() if line.split()}
    assert rows["brand"] == ["seconds", "machine"]
    assert rows["Hankook"] == ["0.0", f"{hankook['seconds']:.1f}"]
    assert rows["Zorblax"] == [f"{zorblax['seconds']:.1f}", "0.0"]
    assert "of 1 brands" in told and "0 appearances wait for a decision, 0 texts are unresolved" in told
    assert main(["--library", str(library_dir), "show", job.id, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert figures == {name: document[name] for name in ("machine", "effective")}


def test_what_a_repair_cant_mend_is_not_called_sound(
    library_dir: Path, job: DetectJob, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(library_dir / "blobs")
    for _ in range(2):
        assert main(["--library", str(library_dir), "verify", "--repair"]) == 5
        said = capsys.readouterr().out
        assert "can't be mended" in said and "damaged" in said
    words = ["--library", str(library_dir), "replay", job.id, "--from", "match_brands", "--plan"]
    assert main(words) == 5
    assert "Start a new run" in capsys.readouterr().err


def test_what_a_repair_mends_is_sound(
    library_dir: Path, job: DetectJob, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library.open(library_dir) as library:
        library.blobs.put(b"nobody's")
        (ref,) = [r for (s, _), r in library.parts.attached(job.id).items() if s == StageName.MATCH_BRANDS]
        with library.db.write() as conn:
            conn.exec_driver_sql("UPDATE parts SET payload = x'00' WHERE key = ?", (ref.key,))
    assert main(["--library", str(library_dir), "verify", "--repair"]) == 0
    said = capsys.readouterr().out
    assert "sound" in said and "were removed" in said and "--repair removes" not in said


def test_a_diff_calls_brands_as_they_are_called_now(
    library_dir: Path, job: DetectJob, capsys: pytest.CaptureFixture[str]
) -> None:
    with Desk(library_dir) as desk:
        later = desk.replay(job, {"match_brands": {"accept": 85.0}})
        desk.bus.do(RenameBrand(brand_id=desk.library.brands.one("Hankook").id, name="Hankook Tyres"))
    assert main(["--library", str(library_dir), "diff", job.id, later.id]) == 0
    assert "Hankook Tyres" in capsys.readouterr().out


def test_every_change_of_decisions_has_a_revision_of_its_own(
    library_dir: Path, job: DetectJob, tmp_path: Path
) -> None:
    told = [exported(library_dir, job, tmp_path / "x.json")["effective"]["decision_revision"]]
    with Desk(library_dir) as desk:
        desk.bus.undo()
    told.append(exported(library_dir, job, tmp_path / "x.json")["effective"]["decision_revision"])
    assert told == [1, 2]
