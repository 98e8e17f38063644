"""Decisions on the command line: what is in force, and what found no place any more, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import main
from app.commands import AcceptRun, Decide
from tests.stored_run import Desk, row_of_boards


def listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["--library", str(folder), "decisions", "list"]) == 0
    return capsys.readouterr().out


def test_orphans_are_listed_with_their_reason(library_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Desk(library_dir) as desk:
        desk.brand("Hankook")
        job = desk.source(row_of_boards(["HANKOOK", "ZORBLAX"]))
        key = desk.key_of(job, "HANKOOK")
        desk.bus.do(
            Decide(source_id=job.source_asset_id, job_id=job.id, appearance_keys=(key,), kind="confirm")
        )
    out = listed(library_dir, capsys)
    assert "confirm" in out and "Hankook" in out and "no place" not in out
    with Desk(library_dir) as desk:
        strict = desk.replay(job, {"match_brands": {"min_text_score": 0.99}})
        desk.bus.do(AcceptRun(job_id=strict.id))
    out = listed(library_dir, capsys)
    assert "1 appearance found no place in the accepted run" in out
    assert "HANKOOK" in out and "nothing seen there now" in out
