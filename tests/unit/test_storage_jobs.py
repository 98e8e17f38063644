"""Sources and runs: moves, progress, acceptance, checkpoints, the composed state, deletion."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from engine.domain.brands import SourceBrandSighting
from engine.domain.errors import Conflict, UserFixable
from engine.domain.geometry import rectangle
from engine.domain.jobs import LEGAL_MOVES, DetectJob, JobStatus, RunType, StageCheckpoint
from engine.domain.records import (
    Appearance,
    Box,
    Candidate,
    EscalationPart,
    FrameRecord,
    FramesPart,
    KeptFrame,
    MatchPart,
    Record,
    RegionsPart,
    ScenesPart,
    Seen,
    TextCandidate,
    TextsPart,
    Track,
)
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from engine.ports import JOB_CHUNK
from engine.stage import encode
from storage.compose import ComposedState
from storage.library import Library
from tests.storage_support import a_job, a_part, a_source, finished


@pytest.fixture
def library(library_dir: Path) -> Iterator[Library]:
    with Library.open(library_dir) as opened:
        yield opened


# Sources -----------------------------------------------------------------------------------------------


def test_the_same_bytes_are_one_source_that_moves(library: Library, tmp_path: Path) -> None:
    old, new = tmp_path / "old.mp4", tmp_path / "new.mp4"
    old.write_bytes(b"video")
    source = a_source(library, path=str(old))
    assert library.sources.get(source.id) == source
    assert a_source(library, path=str(new)).path == str(old), "the old file is still there"
    old.rename(new)
    moved = a_source(library, path=str(new))
    assert (moved.id, moved.path, moved.name) == (source.id, str(new), "new.mp4")
    assert library.sources.by_path(new) == moved and library.sources.by_path(old) is None
    assert library.sources.by_digest(source.content_digest) == moved
    assert library.sources.all() == [moved]


def test_a_source_goes_only_without_runs(library: Library) -> None:
    source = a_source(library)
    job = a_job(library, source)
    with pytest.raises(Conflict, match="still has 1 run"):
        library.sources.delete(source.id)
    library.jobs.delete(job.id)
    library.sources.delete(source.id)
    with pytest.raises(UserFixable, match="no source"):
        library.sources.get(source.id)


def test_disk_use_counts_each_file_of_a_source_once(library: Library) -> None:
    source, other = a_source(library), a_source(library, "other")
    picture, more = library.blobs.put(b"x" * 100), library.blobs.put(b"y" * 7)
    for job in (a_job(library, source), a_job(library, source), a_job(library, other)):
        library.parts.save(job.id, a_part("shared", blobs=(picture,)))
    library.parts.save(job.id, a_part("own", chunk=1, blobs=(picture, more)))
    assert library.sources.disk_use() == {source.id: 100, other.id: 107}


# Runs --------------------------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_was_stored(library: Library) -> None:
    job = a_job(
        library,
        a_source(library),
        run_type=RunType.REPLAY,
        replay_from_stage=StageName.MATCH_BRANDS,
        config_overrides={"match_brands": {"accept": 80.0, "use_looks": False}},
        settings={"extract_frames": {"sample_fps": 2.0}},
        books=("clients", "league"),
        book_snapshot=library.blobs.put(b"book"),
        priority=3,
    )
    assert library.jobs.get(job.id) == job
    assert library.jobs.find(job.id[:8]) == [job]
    with pytest.raises(UserFixable, match="no run"):
        library.jobs.get("nothing")


def test_only_legal_moves(library: Library) -> None:
    job = a_job(library, a_source(library))
    for status, target in product(JobStatus, JobStatus):
        with library.db.write() as conn:
            conn.exec_driver_sql(
                "UPDATE detect_jobs SET status = ?, completed_at = NULL, error_message = ''", (str(status),)
            )
        if target in LEGAL_MOVES[status]:
            why = "why" if target is JobStatus.FAILED else ""
            moved = library.jobs.move(job.id, target, error=why)
            assert (moved.status, moved.error_message) == (target, why)
            assert bool(moved.worker_id) == (target is JobStatus.RUNNING)
            assert (moved.completed_at is not None) == target.is_final
        else:
            with pytest.raises(Conflict, match="can't become"):
                library.jobs.move(job.id, target)
            assert library.jobs.get(job.id).status is status


def test_progress_never_goes_back(library: Library) -> None:
    job = a_job(library, a_source(library))
    for value, expected in ((0.4, 0.4), (0.2, 0.4), (7.0, 1.0), (-1.0, 1.0)):
        library.jobs.progress(job.id, value, StageName.RUN_OCR)
        assert library.jobs.get(job.id).progress == expected
    assert library.jobs.get(job.id).current_stage is StageName.RUN_OCR
    library.jobs.results(job.id, total_detections=7, estimated_cost_usd=0.5, output_digest="d")
    assert library.jobs.get(job.id).total_detections == 7
    with pytest.raises(ValueError, match="no result fields"):
        library.jobs.results(job.id, status="completed")


def test_one_accepted_run_a_source(library: Library) -> None:
    source, other = a_source(library), a_source(library, "other")
    first, second = (finished(library, a_job(library, source)) for _ in range(2))
    assert library.jobs.set_accepted(first.id, source.id) is None
    assert library.jobs.set_accepted(second.id, source.id) == first.id
    accepted = library.jobs.accepted(source.id)
    assert accepted is not None and accepted.id == second.id
    assert library.jobs.accepted_ids() == {source.id: second.id}
    pending = a_job(library, source)
    for job_id, source_id in ((pending.id, source.id), (second.id, other.id)):
        with pytest.raises(Conflict):
            library.jobs.set_accepted(job_id, source_id)
    assert library.jobs.accepted_ids() == {source.id: second.id}
    with pytest.raises(IntegrityError), library.db.write() as conn:
        conn.exec_driver_sql("UPDATE detect_jobs SET accepted = 1 WHERE status = 'completed'")
    assert library.jobs.set_accepted(None, source.id) == second.id
    assert library.jobs.accepted(source.id) is None


def test_children_outlive_their_parent(library: Library) -> None:
    source = a_source(library)
    root = a_job(library, source)
    middle = a_job(library, source, parent_job_id=root.id, run_type=RunType.REPLAY)
    leaf = a_job(library, source, parent_job_id=middle.id, run_type=RunType.RETRY)
    assert [j.id for j in library.jobs.lineage(leaf.id)] == [leaf.id, middle.id, root.id]
    library.jobs.delete(middle.id)
    assert [j.id for j in library.jobs.lineage(leaf.id)] == [leaf.id, root.id]
    library.jobs.move(leaf.id, JobStatus.RUNNING)
    with pytest.raises(Conflict, match="running"):
        library.jobs.delete(leaf.id)


def test_interrupted_runs_are_paused_at_the_next_start(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        source = a_source(library)
        running, done = a_job(library, source), finished(library, a_job(library, source))
        library.jobs.move(running.id, JobStatus.RUNNING)
        library.jobs.progress(running.id, 0.6)
    with Library.open(library_dir, read_only=True) as library:
        assert library.jobs.get(running.id).status is JobStatus.RUNNING
    with Library.open(library_dir) as library:
        job = library.jobs.get(running.id)
        assert (job.status, job.worker_id, job.progress) == (JobStatus.PAUSED, "", 0.6)
        assert library.jobs.get(done.id).status is JobStatus.COMPLETED
        assert library.jobs.move(job.id, JobStatus.RUNNING).started_at == job.started_at


# Checkpoints and the composed state --------------------------------------------------------------------


def checkpoint(job: DetectJob, stage: StageName, stats: dict[str, int]) -> StageCheckpoint:
    return StageCheckpoint(
        id="", job_id=job.id, stage=stage, stage_index=stage.number, fields=("frames_meta",),
        frames_prefix="source/frames", stats=stats, config_snapshot={str(stage): {"a": 1}}, config_overrides={},
        video_path=job.video_path, profile_name=job.profile_name,
    )  # fmt: skip


BOX = rectangle(10, 20, 110, 40)


def appearance(verdict: str, key: str) -> Appearance:
    return Appearance(
        key=key,
        surface="scene",
        text="ACME",
        text_score=0.9,
        verdict=verdict,  # type: ignore[arg-type]
        seen=(Seen(0, BOX, 0.8, 0.9, "read"), Seen(2, BOX, 0.8, 0.8, "inherited")),
        members=((0, 1),),
        brand_id="b",
        brand_name="Acme",
        candidates=(Candidate("b", "Acme", 95.0, "exact", "same"),),
    )


def run_with_parts(library: Library) -> DetectJob:
    job = a_job(library, a_source(library))
    images = [library.blobs.put(f"image {n}".encode()) for n in range(4)]
    payloads: list[tuple[StageName, int, Record]] = []
    for chunk in (1, 0):
        span = Span(chunk * 1_000_000, (chunk + 1) * 1_000_000)
        seqs = (chunk * 2, chunk * 2 + 1)
        frames = tuple(FrameRecord(s, s * 500_000, s, images[s], 1280, 720) for s in seqs)
        payloads += [
            (StageName.EXTRACT_FRAMES, chunk, FramesPart(chunk, span, frames)),
            (StageName.FILTER_SCENES, chunk, ScenesPart(chunk, span, (KeptFrame(seqs[0], (span,), 0),))),
            (
                StageName.DETECT_REGIONS,
                chunk,
                RegionsPart(chunk, (Track(1, 0, seqs[0], seqs[0]),), (Box(seqs[0], 1, BOX, 0.8, "text"),)),
            ),
            (
                StageName.RUN_OCR,
                chunk,
                TextsPart(chunk, (), (TextCandidate(seqs[0], 1, BOX, "ACME", 0.9, 0.8, "read"),)),
            ),
        ]
    both = (appearance("accepted", "a"), appearance("unresolved", "u"))
    payloads += [
        (StageName.MATCH_BRANDS, JOB_CHUNK, MatchPart(both)),
        (StageName.ESCALATE_VLM, JOB_CHUNK, EscalationPart((both[0], appearance("review", "u")))),
        (StageName.ESCALATE_CLOUD, JOB_CHUNK, EscalationPart((), skipped="no model configured")),
    ]
    for stage, chunk, record in payloads:
        library.parts.save(job.id, a_part(f"{stage} {chunk}", encode(record), stage=stage, chunk=chunk))
    for stage in (StageName.RUN_OCR, StageName.EXTRACT_FRAMES):
        library.jobs.save_checkpoint(checkpoint(job, stage, {"items": stage.number}))
    return job


def test_checkpoints_come_back_in_order_and_are_replaced(library: Library) -> None:
    job = run_with_parts(library)
    again = library.jobs.save_checkpoint(checkpoint(job, StageName.RUN_OCR, {"items": 9}))
    found = library.jobs.checkpoints(job.id)
    assert [c.stage_index for c in found] == [0, 3] and found[1] == again


def test_the_composed_state_has_the_checkpoints_names_and_key_types(library: Library) -> None:
    job = run_with_parts(library)
    state = library.jobs.compose(job.id)
    assert state.frames_prefix == "source/frames"
    assert list(state.frames_manifest) == [0, 1, 2, 3]
    assert library.blobs.get(state.frames_manifest[2]) == b"image 2"
    assert [(m.sequence, m.chunk_id, m.timestamp, m.span) for m in state.frames_meta] == [
        (0, 0, 0.0, 1.0), (1, 0, 0.5, 0.0), (2, 1, 1.0, 1.0), (3, 1, 1.5, 0.0),
    ]  # fmt: skip
    assert state.filtered_frame_sequences == (0, 2)
    assert set(state.boxes_by_frame) == {"0", "2"}
    (box,) = state.boxes_by_frame["2"]
    assert box.bbox == (10, 20, 110, 40) and box.track_id == "1:1"
    assert [t.sequence for t in state.text_candidates] == [0, 2]
    assert [(d.sequence, d.confidence) for d in state.detections] == [(0, 0.855), (2, 0.76)]
    assert [u.verdict for u in state.unresolved_candidates] == ["review"], (
        "stage 5's answer, stage 6 was skipped"
    )
    assert state.stats == {"extract_frames": {"items": 0}, "run_ocr": {"items": 3}}


def test_the_composed_state_survives_the_round_trip(library: Library) -> None:
    state = library.jobs.compose(run_with_parts(library).id)
    again = ComposedState.load(state.dump())
    assert again == state
    assert {type(k) for k in again.frames_manifest} == {int} and {type(k) for k in again.boxes_by_frame} == {
        str
    }


def test_composing_stops_where_it_is_told(library: Library) -> None:
    state = library.jobs.compose(run_with_parts(library).id, StageName.FILTER_SCENES)
    assert state.frames_manifest and not state.boxes_by_frame and not state.detections
    assert set(state.stats) == {"extract_frames"}


# Sightings ---------------------------------------------------------------------------------------------


def sighting(source_id: str, brand: str, times: int, confirmed: bool = False) -> SourceBrandSighting:
    return SourceBrandSighting(
        source_asset_id=source_id, brand_id=brand, brand_name=brand.title(), first_seen=0, last_seen=5,
        occurrences=times, detection_source="ocr", avg_confidence=0.9, confirmed=confirmed, texts=("t",),
    )  # fmt: skip


def test_totals_come_from_accepted_runs_only(library: Library) -> None:
    source, other = a_source(library), a_source(library, "other")
    acme = library.brands.add("Acme")
    tyres = library.brands.add("Acme Tyres")
    for place, times in ((source, 3), (other, 10)):
        job = finished(library, a_job(library, place))
        library.sightings.replace(
            job.id,
            [sighting(place.id, acme.id, times), sighting(place.id, tyres.id, 1)],
            {acme.id: times * 0.5},
        )
        library.jobs.set_accepted(job.id, place.id)
    replay = finished(library, a_job(library, source))
    library.sightings.replace(replay.id, [sighting(source.id, acme.id, 100), sighting(source.id, "gone", 2)])
    usage = library.sightings.usage()
    assert (usage[acme.id].occurrences, usage[acme.id].seconds, usage[acme.id].sources) == (13, 6.5, 2)
    library.brands.set_merged_into(tyres.id, acme.id)
    assert {b: u.occurrences for b, u in library.sightings.usage().items()} == {acme.id: 15}
    library.jobs.set_accepted(replay.id, source.id)
    assert {b: u.occurrences for b, u in library.sightings.usage().items()} == {acme.id: 111, "gone": 2}
    assert library.sightings.sources_of([acme.id]) == {acme.id: {source.id: 0.0, other.id: 5.0}}
    library.jobs.delete(replay.id)
    assert library.sightings.of_source(source.id) == []


def test_the_session_cache_follows_its_policy(library: Library) -> None:
    source = a_source(library)
    for times in (1, 2):
        job = a_job(library, source)
        library.sightings.replace(
            job.id, [sighting(source.id, "a", times, confirmed=True), sighting(source.id, "b", times)]
        )
    known = {
        policy: [(s.brand_id, s.occurrences) for s in library.sightings.session_cache(source.id, policy)]
        for policy in ("ignore", "confirmed_only", "use")
    }
    assert known == {"ignore": [], "confirmed_only": [("a", 2)], "use": [("a", 2), ("b", 2)]}
    assert library.sightings.of_job(job.id)[0].texts == ("t",)
