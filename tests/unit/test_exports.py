"""Exports: JSON sponsight.export/1 and CSV, whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.book_csv import BookRow, write_book_csv
from app.command_bus import CommandBus
from app.decisions_io import write_decisions
from app.exports import write_csv, write_json
from app.mailbox import Mailbox
from app.overlay import Overlay, build_overlay
from app.whole_file import write_whole
from engine.domain.decisions import DecisionKind
from engine.domain.errors import UserFixable
from engine.domain.records import KeptFrame, LostSpan
from storage.library import Library
from tests.builders import BOX, appearance, decided, moved, run_result, span


def small(*, decide: bool = False) -> Overlay:
    """Four seconds: frames 0 to 7; 2 and 5 are twins of 1 and 4, the last second is black."""
    kept = [
        KeptFrame(0, (span(0, 0.25),), 0),
        KeptFrame(1, (span(0.25, 1.25),), 0),
        KeptFrame(3, (span(1.25, 1.75),), 0),
        KeptFrame(4, (span(1.75, 2.25), span(2.25, 2.75)), 0),
    ]
    run = run_result(
        [
            appearance([0, 1, 3], "Acme", key="acme"),
            appearance([3, 4], "=Bolt", key="bolt", verdict="review", poly=moved(BOX, 0, 100)),
            appearance([1], "Cord", key="clock", surface="caption", poly=moved(BOX, 0, -100)),
        ],
        seconds=4,
        kept=kept,
        twins=((2, 1), (5, 4)),
        excluded=(LostSpan(span(2.75, 4), "black"),),
    )
    said = (
        [
            decided(run, DecisionKind.REJECT, "acme", revision=3),
            decided(run, DecisionKind.CONFIRM, "bolt", brand="=Bolt", revision=4),
        ]
        if decide
        else []
    )
    return build_overlay(run, said)


def exported(overlay: Overlay, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(write_json(overlay, folder / "out.json").read_text("utf-8"))
    return found


def test_spans_of_frames_and_twins_tile_the_kept_time(tmp_path: Path) -> None:
    data = exported(small(), tmp_path)
    assert data["format"] == "sponsight.export/1"
    assert [(f["timestamp"], f["span"], f.get("twin_of")) for f in data["frames"]] == [
        (0.0, [0.0, 0.25], None),
        (0.5, [0.25, 0.75], None),
        (1.0, [0.75, 1.25], 0.5),
        (1.5, [1.25, 1.75], None),
        (2.0, [1.75, 2.25], None),
        (2.5, [2.25, 2.75], 2.0),
    ]
    assert data["analysed"]["excluded"] == [{"span": [2.75, 4.0], "reason": "black"}]


def test_a_twin_repeats_what_its_kept_frame_shows(tmp_path: Path) -> None:
    frames = exported(small(), tmp_path)["frames"]
    assert frames[2]["detections"] == frames[1]["detections"]
    assert [d["brand"] for d in frames[1]["detections"]] == ["Acme", "Cord"]
    first = frames[0]["detections"][0]
    assert first["polygon"] == [list(point) for point in BOX]
    assert (first["surface"], first["source"], first["text"], first["track"]) == (
        "scene",
        "ocr",
        "ACME",
        "acme",
    )
    assert [u["text"] for u in frames[3]["unresolved"]] == ["=BOLT"]
    assert frames[3]["unresolved"][0]["candidates"][0]["brand"] == "=Bolt"


def test_machine_and_effective_stand_side_by_side(tmp_path: Path) -> None:
    data = exported(small(decide=True), tmp_path)
    machine = {b["brand"]: b["seconds"] for b in data["machine"]["brands"] if b["column"] == "counted"}
    effective = {b["brand"]: b["seconds"] for b in data["effective"]["brands"] if b["column"] == "counted"}
    assert (machine, effective) == ({"Acme": 1.75}, {"=Bolt": 1.5})
    assert data["effective"]["decision_revision"] == 4
    assert data["effective"]["decided"]["rejected"] == 1
    frame = data["frames"][3]
    assert [(d["brand"], d["machine_brand"]) for d in frame["detections"]] == [("=Bolt", None)]
    assert [r["brand"] for r in frame["rejected"]] == ["Acme"]
    assert frame["unresolved"] == []


def test_job_source_and_settings_are_told(tmp_path: Path) -> None:
    data = exported(small(), tmp_path)
    assert data["source"]["content_digest"] == "d" * 64
    assert data["job"]["id"] == "job-1"
    assert data["settings"]["effective"]["compile_report"]["gap"] == 2.0


def test_csv_files(tmp_path: Path) -> None:
    paths = write_csv(small(decide=True), tmp_path / "report.csv")
    assert [p.name for p in paths] == ["report-brands.csv", "report-exposures.csv", "report-detections.csv"]
    brands, exposures, detections = ([*csv.DictReader(p.read_text("utf-8").splitlines())] for p in paths)
    assert [(b["figures"], b["brand"], b["seconds"]) for b in brands if b["column"] == "counted"] == [
        ("effective", "'=Bolt", "1.5"),
        ("machine", "Acme", "1.75"),
    ]
    assert {e["start"] for e in exposures if e["brand"] == "'=Bolt"} == {"1.25"}
    assert [d["time"] for d in detections if d["brand"] == "'=Bolt"] == ["1.5", "2.0"]
    assert [p.name for p in write_csv(small(), tmp_path)] == ["brands.csv", "exposures.csv", "detections.csv"]
    assert write_csv(small(), tmp_path / "match 05.01")[0].name == "match 05.01-brands.csv"


def test_a_place_that_cant_be_written_is_the_persons_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserFixable, match="can't be written"):
        write_json(small(), tmp_path / "nowhere" / "out.json")
    with pytest.raises(UserFixable, match="folder"):
        write_json(small(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def _full(handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.json"
    target.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(UserFixable, match="No space left"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_a_write_that_a_person_stopped_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "out.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, b"figures")
        assert os.read(reader, 100) == b"figures"
    finally:
        os.close(reader)
    assert pipe.is_fifo() and [p.name for p in tmp_path.iterdir()] == ["pipe"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    for data in (b"first", b"second"):
        write_whole(tmp_path / "link.json", data)
        assert (tmp_path / "link.json").is_symlink() and (tmp_path / "real.json").read_bytes() == data


def test_a_file_that_may_only_be_read_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"signed")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(UserFixable, match="may only be read"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"signed"


@pytest.mark.parametrize("head", [b"\0\0\0\x18ftypmp42", b"SQLite format 3\0"], ids=["video", "database"])
def test_a_video_or_database_is_not_overwritten(tmp_path: Path, head: bytes) -> None:
    target = tmp_path / "named by mistake"
    target.write_bytes(head)
    with pytest.raises(UserFixable, match="was not overwritten"):
        write_whole(target, b"figures")
    assert target.read_bytes() == head


def test_the_longest_name_a_folder_takes(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 250 + ".json")
    write_whole(target, b"new")
    assert target.read_bytes() == b"new"


WRITERS: dict[str, Callable[[Library, Path], object]] = {
    "book": lambda library, path: write_book_csv([BookRow("Acme")], path),
    "decisions": write_decisions,
    "log": lambda library, path: CommandBus(library, Mailbox()).export_log(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_lists_too_leave_the_old_file_where_the_disk_is_full(
    library_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    target = tmp_path / "mine" / "out"
    target.parent.mkdir()
    target.write_bytes(b"old")
    with (
        Library.open(library_dir) as library,
        monkeypatch.context() as patch,
        pytest.raises(UserFixable, match="No space left"),
    ):
        patch.setattr(os, "fsync", _full)
        WRITERS[name](library, target)
    assert target.read_bytes() == b"old"
    assert [p.name for p in target.parent.iterdir()] == ["out"]
