"""Videos that leave a library: hidden at once, back with undo or a new import, freed later, decisions never lost."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.accepted_runs import AcceptedRuns
from app.cli import main
from app.commands import AcceptRun, Decide, RemoveSource, RestoreSource, Verdict, from_payload, to_payload
from app.container import open_container
from app.source_removal import KEPT_DAYS, SourceRemoval
from engine.domain.errors import Conflict, UserFixable
from engine.domain.jobs import DetectJob, JobStatus
from storage.library import Library
from tests.stored_run import Desk, row_of_boards
from tests.unit.library_state import state_of
from tests.video_support import make_video


@pytest.fixture
def job(desk: Desk) -> DetectJob:
    """A decided, accepted run of the video that is removed; another video stays."""
    desk.brand("Hankook")
    desk.source(row_of_boards(["HANKOOK", "EMIRATES"]), name="other")
    job = desk.source(row_of_boards(["HANKOOK", "ZORBLAX"]))
    decide(desk, job, "HANKOOK")
    return job


def decide(desk: Desk, job: DetectJob, text: str, kind: Verdict = "confirm") -> None:
    keys = (desk.key_of(job, text),)
    desk.bus.do(Decide(source_id=job.source_asset_id, job_id=job.id, appearance_keys=keys, kind=kind))


def removal_of(desk: Desk) -> SourceRemoval:
    return SourceRemoval(desk.library, desk.bus, desk.jobs, desk.mailbox)


def counted(desk: Desk) -> dict[str, Any]:
    """What lists, totals and reports say of the library."""
    library = desk.library
    overlays = list(AcceptedRuns(library, desk.runs).overlays())
    return {
        "sources": [s.name for s in library.sources.all()],
        "jobs": {j.source_asset_id for j in desk.jobs.jobs()},
        "accepted": set(library.jobs.accepted_ids()),
        "usage": library.sightings.usage(),
        "by_source": library.sightings.sources_of([b.id for b in library.brands.all()]),
        "overlays": [o.run.source.name for o in overlays],
        "of_brand": len(library.decisions.of_brand([b.id for b in library.brands.all()])),
        "path": library.sources.by_path("/videos/match.mp4") is not None,
    }


def test_a_removed_video_is_listed_and_counted_nowhere_and_undo_brings_all_of_it_back(
    desk: Desk, job: DetectJob
) -> None:
    before, rows = counted(desk), state_of(desk.library)
    change = removal_of(desk).remove([job.source_asset_id])
    assert change.title == "Remove match.mp4" and change.kinds >= {"sources", "jobs"}
    after = counted(desk)
    assert after["sources"] == ["other.mp4"] and after["overlays"] == ["other.mp4"]
    assert after["jobs"] == after["accepted"] and job.source_asset_id not in after["jobs"]
    assert after["of_brand"] == 0 and not after["path"]
    (hankook,) = desk.library.brands.find("Hankook")
    assert (before["usage"][hankook.id].sources, after["usage"][hankook.id].sources) == (2, 1)
    assert job.source_asset_id not in after["by_source"][hankook.id]
    desk.reopen()
    assert desk.bus.undo_title == "Undo Remove match.mp4"
    desk.bus.undo()
    assert counted(desk) == before and state_of(desk.library) == rows
    desk.bus.redo()
    assert counted(desk) == after


def test_nothing_can_be_done_with_a_removed_video(desk: Desk, job: DetectJob) -> None:
    removal = removal_of(desk)
    removal.remove([job.source_asset_id])
    for attempt in (
        lambda: removal.remove([job.source_asset_id]),
        lambda: desk.bus.do(RemoveSource(source_id=job.source_asset_id)),
        lambda: desk.jobs.create(job.source_asset_id),
        lambda: desk.replay(job),
        lambda: desk.bus.do(AcceptRun(job_id=job.id)),
        lambda: decide(desk, job, "HANKOOK", "reject"),
    ):
        with pytest.raises(UserFixable, match=r"match\.mp4 was removed"):
            attempt()
    assert len(desk.library.audit.all()) == 2, "a refused step leaves no line"


def test_several_videos_are_one_step(desk: Desk, job: DetectJob) -> None:
    ids = [s.id for s in desk.library.sources.all()]
    assert removal_of(desk).remove([*ids, ids[0]]).title == "Remove 2 sources"
    assert desk.library.sources.all() == []
    desk.bus.undo()
    assert {s.id for s in desk.library.sources.all()} == set(ids)


@pytest.mark.parametrize(
    ("status", "words"), [(JobStatus.RUNNING, "is running"), (JobStatus.PENDING, "waits")]
)
def test_a_video_with_a_run_under_way_is_refused(
    desk: Desk, job: DetectJob, status: JobStatus, words: str
) -> None:
    made = desk.jobs.create(job.source_asset_id)
    if status is JobStatus.RUNNING:
        desk.library.jobs.move(made.id, status)
    rows = state_of(desk.library)
    with pytest.raises(Conflict, match=words) as refused:
        removal_of(desk).remove([job.source_asset_id])
    assert "Stop the run" in refused.value.to_do
    assert state_of(desk.library) == rows
    desk.library.jobs.move(made.id, JobStatus.CANCELLED)
    removal_of(desk).remove([job.source_asset_id])


def test_neither_undo_nor_redo_removes_a_video_whose_run_is_under_way(desk: Desk, job: DetectJob) -> None:
    removal_of(desk).remove([job.source_asset_id])
    desk.bus.do(RestoreSource(source_id=job.source_asset_id))
    made = desk.jobs.create(job.source_asset_id)
    with pytest.raises(Conflict, match="waits for its turn"):
        desk.bus.undo()
    assert [s.name for s in desk.library.sources.all()] == ["match.mp4", "other.mp4"]
    desk.library.jobs.move(made.id, JobStatus.CANCELLED)
    desk.bus.undo()
    assert [s.name for s in desk.library.sources.all()] == ["other.mp4"]


def test_a_paused_run_of_a_removed_video_does_not_go_on_and_is_as_it_was(desk: Desk, job: DetectJob) -> None:
    paused = desk.jobs.create(job.source_asset_id)
    desk.library.jobs.move(paused.id, JobStatus.RUNNING)
    desk.library.jobs.move(paused.id, JobStatus.PAUSED)
    desk.bus.do(RemoveSource(source_id=job.source_asset_id))
    with pytest.raises(UserFixable, match="was removed"):
        desk.jobs.start(paused.id).result()
    desk.bus.undo()
    assert desk.jobs.job(paused.id).status is JobStatus.PAUSED


def test_freeing_gives_the_space_back_and_keeps_what_was_decided(desk: Desk, job: DetectJob) -> None:
    source_id, removal = job.source_asset_id, removal_of(desk)
    desk.library.sweep()
    own = desk.runs.get(job.id).frames[0].image
    held = removal.holding(source_id)
    assert (held.runs, held.decisions, held.counts) == (2, 1, True) and held.bytes > 0
    files = set(desk.library.blobs.digests())
    removal.remove([source_id], free=True)
    assert own in files - set(desk.library.blobs.digests())
    assert desk.library.verify().ok and desk.library.verify().orphans == 0
    (removed,) = removal.removed()
    assert (removed.source.id, removed.runs, removed.decisions) == (source_id, 0, 1)
    desk.bus.undo()
    assert [s.name for s in desk.library.sources.all()] == ["match.mp4", "other.mp4"]
    assert desk.jobs.jobs(source_id) == [] and removal.removed() == []
    again = desk.source(row_of_boards(["HANKOOK", "ZORBLAX"]))
    assert again.source_asset_id == source_id
    overlay = desk.overlay(again)
    assert not overlay.orphans
    assert [a.decision is not None for a in overlay.appearances if a.text == "HANKOOK"] == [True]


def test_undo_goes_on_past_a_removal_whose_runs_were_freed(desk: Desk, job: DetectJob) -> None:
    other = desk.replay(job)
    desk.bus.do(AcceptRun(job_id=other.id))
    removal_of(desk).remove([job.source_asset_id], free=True)
    titles = []
    while (change := desk.bus.undo()) is not None:
        titles.append(change.title)
    assert titles == ["Undo Remove match.mp4", "Undo Accept a run of match.mp4", "Undo Confirm Hankook"]
    assert desk.library.decisions.counts() == {} and desk.library.verify().ok


def test_a_video_is_removed_once_where_two_ask_at_once(desk: Desk, job: DetectJob) -> None:
    removal, both = removal_of(desk), threading.Barrier(2)

    def remove() -> str:
        both.wait()
        try:
            return removal.remove([job.source_asset_id]).title
        except UserFixable as refused:
            return refused.message

    with ThreadPoolExecutor(2) as pool:
        said = [f.result() for f in (pool.submit(remove), pool.submit(remove))]
    assert sorted(said) == ["Remove match.mp4", "match.mp4 was removed from this library."]
    assert [e.command for e in desk.library.audit.all()] == ["decide", "remove-source"]


def test_what_two_videos_share_is_not_freed(desk: Desk) -> None:
    jobs = [desk.source(row_of_boards(["HANKOOK"]), name=name) for name in ("one", "two")]
    shared = desk.runs.get(jobs[0].id).frames[0].image
    assert shared == desk.runs.get(jobs[1].id).frames[0].image
    removal = removal_of(desk)
    removal.remove([jobs[0].source_asset_id], free=True)
    assert desk.library.blobs.has(shared) and desk.library.verify().ok
    assert desk.overlay(jobs[1]).appearances


def test_removed_videos_are_freed_after_some_days_and_not_before(library_dir: Path) -> None:
    with Desk(library_dir) as desk:
        job = desk.source(row_of_boards(["HANKOOK"]))
        removal_of(desk).remove([job.source_asset_id])
    with open_container(library_dir) as app:
        assert app.removal.tidy() == 0
    with Library.open(library_dir) as library:
        assert library.jobs.of_source(job.source_asset_id)
        long_ago = datetime.now(UTC) - timedelta(days=KEPT_DAYS, minutes=1)
        with library.db.write() as conn:
            conn.exec_driver_sql(
                "UPDATE removed_sources SET removed_at = ?", (long_ago.isoformat(timespec="microseconds"),)
            )
    with open_container(library_dir) as app:
        assert app.library.jobs.of_source(job.source_asset_id), "freed when the library is closed"
    with Library.open(library_dir) as library:
        assert library.jobs.of_source(job.source_asset_id) == []
        assert len(library.removals.all()) == 1
        assert library.verify().ok and library.verify().orphans == 0


def test_a_crash_between_freeing_and_the_sweep_loses_nothing(library_dir: Path) -> None:
    with Desk(library_dir) as desk:
        job = desk.source(row_of_boards(["HANKOOK"]))
        removal_of(desk).remove([job.source_asset_id])
        desk.library.removals.free([job.source_asset_id])
    with Library.open(library_dir) as library:
        assert library.verify().ok and library.verify().orphans > 0
        library.sweep()
        assert library.verify().orphans == 0


def test_a_sweep_leaves_what_a_row_came_to_name_meanwhile(
    desk: Desk, job: DetectJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look for orphans and their removal a pin is set on one of them."""
    lost, kept = (desk.library.blobs.put(data) for data in (b"nobody's", b"somebody's"))
    desk.library.blobs.claim([lost, kept])

    def orphans(*_: object) -> list[str]:
        desk.library.pins.keep("test", [kept])
        return [lost, kept]

    monkeypatch.setattr("storage.sweep._orphans", orphans)
    assert desk.library.sweep().files == 1
    assert desk.library.blobs.has(kept) and not desk.library.blobs.has(lost)


def test_a_backup_holds_the_removed_video(desk: Desk, job: DetectJob) -> None:
    removal_of(desk).remove([job.source_asset_id])
    with closing(sqlite3.connect(desk.library.backup())) as conn:
        assert conn.execute("SELECT count(*) FROM source_assets").fetchone() == (2,)
        assert conn.execute("SELECT count(*) FROM decisions").fetchone() == (1,)


def test_importing_a_removed_video_brings_everything_back_and_is_a_step(
    library_dir: Path, tmp_path: Path
) -> None:
    video = tmp_path / "match.mp4"
    make_video(video, 40)
    with open_container(library_dir) as app:
        source = app.jobs.import_source(video)
        job = app.jobs.create(source.id)
        app.jobs.cancel(job.id)
        app.removal.remove([source.id])
        moved = video.rename(tmp_path / "renamed.mp4")
        back = app.jobs.import_source(moved)
        assert (back.id, back.path) == (source.id, str(moved))
        assert [j.id for j in app.jobs.jobs()] == [job.id]
        assert app.bus.undo_title == "Undo Bring back match.mp4"
        app.bus.undo()
        assert app.jobs.sources() == []
        assert moved.exists(), "the video itself is never touched"


def test_a_deleted_runs_files_leave_the_disk(desk: Desk, job: DetectJob) -> None:
    desk.library.brands.add("Another")
    replayed = desk.replay(job)
    book = replayed.book_snapshot
    assert book != job.book_snapshot and desk.library.blobs.has(book)
    desk.reopen()
    desk.jobs.delete(replayed.id)
    assert not desk.library.blobs.has(book) and desk.library.blobs.has(job.book_snapshot)


def test_the_log_holds_the_commands_as_they_were_given() -> None:
    for command in (RemoveSource(source_id="a"), RestoreSource(source_id="a")):
        assert from_payload(to_payload(command)) == command


# The command line --------------------------------------------------------------------------------------


def said(capsys: pytest.CaptureFixture[str], folder: Path, *words: str, code: int = 0) -> str:
    assert main(["--library", str(folder), "sources", *words]) == code
    found = capsys.readouterr()
    return found.out if code == 0 else found.err


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> str:
    assert main(["--library", str(folder), *words]) == 2
    return capsys.readouterr().err


@pytest.fixture
def shelf(library_dir: Path) -> Path:
    with Desk(library_dir) as desk:
        desk.brand("Hankook")
        desk.source(row_of_boards(["HANKOOK", "EMIRATES"]), name="other")
        job = desk.source(row_of_boards(["HANKOOK", "ZORBLAX"]))
        decide(desk, job, "HANKOOK")
    return library_dir


def test_videos_are_listed_removed_and_restored(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = said(capsys, shelf, "list")
    assert "match.mp4" in listed and "other.mp4" in listed and "★" in listed
    told = said(capsys, shelf, "remove", "match.mp4")
    assert "2 runs (one counts in totals) and 1 decision" in told and "is not touched" in told
    assert f"{KEPT_DAYS} days" in told and "sources restore" in told
    assert "match.mp4" not in said(capsys, shelf, "list")
    assert "match.mp4" in said(capsys, shelf, "list", "--removed")
    assert "match.mp4" in said(capsys, shelf, "list", "--removed", "--json")
    assert "match.mp4 was removed" in said(capsys, shelf, "remove", "match.mp4", code=2)
    assert "was not imported" in said(capsys, shelf, "remove", "nobody.mp4", code=2)
    assert "2 runs are back" in said(capsys, shelf, "restore", "/videos/match.mp4")
    assert "match.mp4" in said(capsys, shelf, "list")
    assert "No removed source" in said(capsys, shelf, "restore", "match.mp4", code=2)


def test_space_is_freed_on_the_command_line(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Runs and stored frames are freed" in said(
        capsys, shelf, "remove", "--free", "match.mp4", "other.mp4"
    )
    assert "1 decision back; its runs were freed" in said(capsys, shelf, "restore", "match.mp4")
    said(capsys, shelf, "remove", "match.mp4")
    assert "MB were freed" in said(capsys, shelf, "free")
    with Library.open(shelf) as library:
        assert library.verify().ok and library.verify().orphans == 0
        assert library.jobs.all() == []


def test_a_library_in_use_is_told(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Library.open(shelf):
        assert "is in use by process" in said(capsys, shelf, "remove", "match.mp4", code=4)


EVERY_COMMAND = (
    ("export", "{}", "--output", "x.json"), ("show", "{}"), ("jobs", "{}"), ("retry", "{}"), ("resume", "{}"),
    ("replay", "{}", "--from", "match_brands"), ("cancel", "{}"), ("diff", "{}", "{}"), ("accept", "{}"),
    ("decisions", "list", "{}"), ("brands", "find", "Hankook", "--video", "{}"), ("sources", "remove", "{}"),
)  # fmt: skip


@pytest.mark.parametrize("word", ["/videos/match.mp4", "match.mp4"])
def test_every_command_says_that_a_video_was_removed_and_how_it_comes_back(
    shelf: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    def all_say(words: str) -> None:
        for command in EVERY_COMMAND:
            told = refused(capsys, shelf, *(part.format(word) for part in command))
            assert "match.mp4 was removed from this library on 20" in told, command
            assert f"decisions on it are kept for good, its {words}" in told, command
            assert f"sponsight sources restore {word}\n" in told, command

    said(capsys, shelf, "remove", "match.mp4")
    all_say("2 runs until 20")
    said(capsys, shelf, "free")
    all_say("runs were freed.")
    said(capsys, shelf, "restore", word)


def test_a_word_that_means_two_removed_videos_is_not_what_brings_one_back(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library.open(shelf) as library:
        for source in library.sources.all():
            library.sources.locate(source.id, f"/{source.id}/same.mp4")
            library.removals.add(source.id)
        gone = library.removals.all()[0].source.id
    assert f"sponsight sources restore {gone}\n" in refused(capsys, shelf, "show", "same.mp4")
    said(capsys, shelf, "restore", gone)


def test_the_run_of_a_removed_video_is_told_by_its_id(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library.open(shelf) as library:
        (run, *_) = (j.id for j in library.jobs.all() if j.video_path == "/videos/match.mp4")
    said(capsys, shelf, "remove", "match.mp4")
    for word in (run, run[:8]):
        told = refused(capsys, shelf, "show", word)
        assert f"Run {run[:8]} is of match.mp4, which was removed from this library on 20" in told
        assert "sponsight sources restore /videos/match.mp4" in told


def test_a_removed_video_is_known_by_its_content_and_another_one_at_its_place_is_not_it(
    library_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = make_video(tmp_path / "match.mp4", frames=50)
    with open_container(library_dir) as app:
        app.removal.remove([app.jobs.import_source(video).id])
    moved = video.rename(tmp_path / "my renamed.mp4")
    told = refused(capsys, library_dir, "show", str(moved))
    assert "match.mp4 was removed" in told and f"sponsight sources restore '{moved}'" in told
    make_video(video, frames=60)
    assert "was not imported" in refused(capsys, library_dir, "show", str(video))
    assert "no run" not in said(capsys, library_dir, "restore", str(moved))
