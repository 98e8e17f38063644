"""Files of a library that are lost: what can still be shown and exported is, and the rest is said in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from app.cli import main
from app.commands import Decide
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


def test_lost_figures_are_told_with_the_way_to_get_them_back(
    library_dir: Path, job: DetectJob, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library.open(library_dir) as library:
        assert (StageName.COMPILE_REPORT, JOB_CHUNK) in library.parts.attached(job.id)
    lose(library_dir, job, StageName.COMPILE_REPORT)
    assert main(["--library", str(library_dir), "show", job.id]) == 5
    assert f"replay {job.id[:8]} --from compile_report" in capsys.readouterr().err


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
