"""Runs loaded from a real library: finished, still running, and with decisions over them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.overlay import State, count_decided, load_overlay, member_of
from app.results import load_run, own_spans
from engine.domain.brands import BookEntry, BookSnapshot
from engine.domain.decisions import Decision, DecisionKind
from engine.domain.jobs import DetectJob
from engine.domain.records import (
    Box,
    EscalationPart,
    FrameRecord,
    FramesPart,
    KeptFrame,
    MatchPart,
    Record,
    RegionsPart,
    ScenesPart,
    TextCandidate,
    TextsPart,
    Track,
    TrackText,
)
from engine.domain.stages import StageName
from engine.domain.timebase import grid_time
from engine.ports import JOB_CHUNK, StoredPart
from engine.settings import build_settings, snapshot
from engine.stage import encode
from engine.stage_settings import SETTINGS_TYPES
from storage.library import Library
from tests.builders import BOX, FPS, HEIGHT, WIDTH, appearance, source, span, tiled

JOB = "job-1"


@pytest.fixture
def library(library_dir: Path) -> Iterator[Library]:
    """A library with one source of four seconds and a run of which two chunks went through stages 0 to 3."""
    with Library.open(library_dir) as opened:
        opened.sources.add(source(4))
        book = BookSnapshot((BookEntry("id-acme", "Acme Industries"),))
        opened.jobs.create(
            DetectJob(
                id=JOB,
                source_asset_id="source-1",
                video_path="/videos/match.mp4",
                settings=snapshot(build_settings(SETTINGS_TYPES)),
                book_snapshot=opened.blobs.put(msgspec.msgpack.encode(book)),
            )
        )
        image = opened.blobs.put(b"picture")
        kept = tiled(4)
        for chunk in (0, 1):
            seqs = range(chunk * 4, chunk * 4 + 4)
            frames = tuple(FrameRecord(k, grid_time(k, FPS), k, image, WIDTH, HEIGHT) for k in seqs)
            whole = span(chunk * 2, chunk * 2 + 2)
            save(opened, StageName.EXTRACT_FRAMES, chunk, FramesPart(chunk, whole, frames))
            save(
                opened,
                StageName.FILTER_SCENES,
                chunk,
                ScenesPart(chunk, whole, tuple(kept[k] for k in seqs)),
            )
            boxes = tuple(Box(k, 0, BOX, 0.9, "text", "detected", 300.0) for k in seqs)
            track = Track(0, 0, seqs[0], seqs[-1])
            save(opened, StageName.DETECT_REGIONS, chunk, RegionsPart(chunk, (track,), boxes))
            texts = tuple(TextCandidate(k, 0, BOX, "ACME INDUSTRIES", 0.95, 0.9, "read", 300.0) for k in seqs)
            voted = TrackText(0, "ACME INDUSTRIES", 0.95)
            save(opened, StageName.RUN_OCR, chunk, TextsPart(chunk, (voted,), texts))
        yield opened


def save(library: Library, stage: StageName, chunk: int, payload: Record) -> None:
    data = encode(payload)
    library.parts.save(
        JOB,
        StoredPart(
            key=hashlib.sha256(f"{stage} {chunk}".encode() + data).hexdigest(),
            stage=stage,
            stage_version=1,
            chunk=chunk,
            output_digest=hashlib.sha256(data).hexdigest(),
            payload=data,
            items=len(getattr(payload, "boxes", ())),
        ),
    )


def finish(library: Library) -> None:
    found = (appearance(range(6), "Acme", key="acme", members=((0, 0), (1, 0))),)
    save(library, StageName.MATCH_BRANDS, JOB_CHUNK, MatchPart(found))
    save(library, StageName.ESCALATE_VLM, JOB_CHUNK, EscalationPart(found, skipped="no model configured"))


def test_finished_chunks_can_be_seen_while_the_run_goes_on(library: Library) -> None:
    run = load_run(library, JOB)
    assert (run.final, run.report) == (False, None)
    assert [(a.brand_name, a.verdict) for a in run.appearances] == [("Acme Industries", "accepted")]
    assert {s.seq for s in run.appearances[0].seen} == set(range(8))
    assert load_run(library, JOB, preview=False).appearances == ()


def test_a_finished_run(library: Library) -> None:
    finish(library)
    run = load_run(library, JOB)
    assert run.final and [a.key for a in run.appearances] == ["acme"]
    assert run.funnel["boxes"] == 8
    assert run.picture.analysed == 4.0
    assert [b.seq for b in run.boxes_at(5)] == [5]
    assert run.boxes_at(99) == ()
    assert (run.frame_at(0), run.frame_at(760_000), run.frame_at(4_000_000)) == (0, 2, None)
    assert (run.chunk_at(1_999_999), run.chunk_at(2_000_000)) == (0, 1)
    assert run.span_of(run.appearances[0]) == span(0, 2.75)
    first, second = run.track_tokens(run.appearances[0])
    assert first.endswith("#0") and second.endswith("#0") and first != second


def test_decisions_lie_over_the_run_that_is_loaded(library: Library) -> None:
    finish(library)
    run = load_run(library, JOB)
    member = member_of(run, run.appearances[0])
    library.decisions.add(
        Decision(id="d1", source_asset_id="source-1", kind=DecisionKind.REJECT, members=(member,))
    )
    overlay = load_overlay(library, JOB)
    assert overlay.by_key["acme"].state is State.REJECTED
    assert overlay.revision > 0
    assert (overlay.effective.counted(), len(overlay.machine.counted())) == ((), 1)


def test_decided_and_undecided_are_counted_with_and_without_decisions(library: Library) -> None:
    assert count_decided(library, JOB) == (0, 0)
    finish(library)
    assert count_decided(library, JOB) == (0, 1)
    run = load_run(library, JOB)
    members = (member_of(run, run.appearances[0]),)
    decision = Decision(id="d1", source_asset_id="source-1", kind=DecisionKind.CONFIRM, members=members)
    library.decisions.add(decision)
    assert count_decided(library, JOB) == (1, 0)


def test_own_spans_tile_what_the_kept_frames_stand_for() -> None:
    frames = {k: FrameRecord(k, grid_time(k, FPS), k, "", WIDTH, HEIGHT) for k in range(6)}
    kept = {
        0: KeptFrame(0, (span(0, 1.25),), 0),
        3: KeptFrame(3, (span(1.25, 1.75), span(1.75, 2.25), span(2.25, 2.6)), 0),
    }
    scenes = [ScenesPart(0, span(0, 3), tuple(kept.values()), twins=((1, 0), (2, 0), (4, 3)))]
    assert own_spans(kept, frames, scenes) == {
        0: (span(0, 0.25),),
        1: (span(0.25, 0.75),),
        2: (span(0.75, 1.25),),
        3: (span(1.25, 1.75),),
        4: (span(1.75, 2.25), span(2.25, 2.6)),
    }
