"""Synthetic records for tests: sources, frames, appearances, decisions and whole runs, without a video."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from app.overlay import member_of
from app.results import RunResult
from engine.domain.decisions import Decision, DecisionKind, Member
from engine.domain.geometry import Polygon, polygon, rectangle
from engine.domain.jobs import DetectJob, JobStatus, SourceAsset
from engine.domain.records import (
    Appearance,
    Candidate,
    Detection,
    FrameRecord,
    KeptFrame,
    LostSpan,
    NewBrand,
    ScenesPart,
    Seen,
)
from engine.domain.stages import StageName
from engine.domain.timebase import Span, grid_time
from engine.ports import PartRef
from engine.settings import build_settings
from engine.stage_settings import SETTINGS_TYPES

SECOND = 1_000_000
WIDTH, HEIGHT = 1000, 500
FPS = Fraction(2)
BOX = rectangle(400, 200, 600, 250)
"""200 × 50 px in the middle of the 1000 × 500 picture: 2 % of it."""


def span(start: float, end: float) -> Span:
    """A span from seconds."""
    return Span(round(start * SECOND), round(end * SECOND))


def moved(poly: Polygon, dx: float, dy: float) -> Polygon:
    return polygon([(x + dx, y + dy) for x, y in poly])


def kept_frames(spans: Iterable[Span | Sequence[Span]]) -> list[KeptFrame]:
    """One kept frame for each span (or each list of spans), numbered from 0."""
    return [KeptFrame(seq, (s,) if isinstance(s, Span) else tuple(s), 0) for seq, s in enumerate(spans)]


def tiled(seconds: float, fps: Fraction = FPS) -> list[KeptFrame]:
    """Kept frames at every grid point, their spans ending midway between samples."""
    count = int(seconds * fps)
    times = [grid_time(k, fps) for k in range(count)]
    edges = [0, *((a + b) // 2 for a, b in pairwise(times)), round(seconds * SECOND)]
    return [KeptFrame(k, (Span(edges[k], edges[k + 1]),), 0) for k in range(count)]


def detection(seq: int, brand: str = "Acme", poly: Polygon = BOX, **more: Any) -> Detection:
    """A sure detection of a text on a frame."""
    values: dict[str, Any] = {
        "seq": seq,
        "polygon": poly,
        "brand_id": f"id-{brand.lower()}",
        "brand_name": brand,
        "confidence": 0.9,
        "source": "ocr",
        "surface": "scene",
        "text": brand.upper(),
        "match_score": 100.0,
        "evidence": "text",
        "reason": "exact",
        "appearance": f"a-{brand.lower()}",
        "clarity": 550.0,
        **more,
    }
    return Detection(**values)


def appearance(
    seqs: Iterable[int],
    brand: str = "Acme",
    poly: Polygon = BOX,
    *,
    verdict: str = "accepted",
    key: str = "",
    drift: float = 0.0,
    **more: Any,
) -> Appearance:
    """A sign that stands at `poly` (moving `drift` px to the right each frame) on the frames `seqs`. With the
    verdict `unresolved` it has no brand and no candidates."""
    seqs = tuple(seqs)
    known = verdict != "unresolved"
    values: dict[str, Any] = {
        "key": key or f"{brand.lower()}-{seqs[0]}-{seqs[-1]}",
        "surface": "scene",
        "text": brand.upper(),
        "text_score": 0.95,
        "verdict": verdict,
        "seen": tuple(
            Seen(s, moved(poly, drift * i, 0), 0.9, 0.95, "read", 550.0, 1.0) for i, s in enumerate(seqs)
        ),
        "members": ((0, 0),),
        "brand_id": f"id-{brand.lower()}" if verdict == "accepted" else "",
        "brand_name": brand if verdict == "accepted" else "",
        "confidence": 0.95 if verdict == "accepted" else 0.0,
        "candidates": (Candidate(f"id-{brand.lower()}", brand, 100.0, "exact", "exact"),) if known else (),
        "reason": "exact",
        **more,
    }
    return Appearance(**values)


def source(seconds: float = 30.0) -> SourceAsset:
    return SourceAsset(
        id="source-1",
        content_digest="d" * 64,
        path="/videos/match.mp4",
        name="match.mp4",
        size_bytes=1,
        duration=round(seconds * SECOND),
        frame_rate="25",
        time_base="1/25",
        width=WIDTH,
        height=HEIGHT,
        codec="h264",
    )


def run_result(
    appearances: Iterable[Appearance] = (),
    *,
    seconds: float = 30.0,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    kept: Sequence[KeptFrame] | None = None,
    twins: tuple[tuple[int, int], ...] = (),
    excluded: tuple[LostSpan, ...] = (),
    unknown: tuple[LostSpan, ...] = (),
    made: tuple[NewBrand, ...] = (),
    part_key: str = "part-a",
    job_id: str = "job-1",
) -> RunResult:
    """A finished run at 2 samples a second with one chunk; without `kept`, every frame is kept."""
    frames = [FrameRecord(k, grid_time(k, FPS), k, "", WIDTH, HEIGHT) for k in range(int(seconds * FPS))]
    kept = tiled(seconds) if kept is None else kept
    whole = Span(0, round(seconds * SECOND))
    overrides = {stage: dict(values) for stage, values in (settings or {}).items()}
    return RunResult(
        source=source(seconds),
        job=DetectJob(
            id=job_id,
            source_asset_id="source-1",
            video_path="/videos/match.mp4",
            status=JobStatus.COMPLETED,
            config_overrides=overrides,
        ),
        settings=build_settings(SETTINGS_TYPES, overrides),
        fps=FPS,
        frames={f.seq: f for f in frames},
        kept={k.seq: k for k in kept},
        scenes=(ScenesPart(0, whole, tuple(kept), excluded, unknown, (), False, twins),),
        appearances=tuple(appearances),
        made=made,
        report=None,
        refs={(StageName.DETECT_REGIONS, 0): PartRef(part_key, StageName.DETECT_REGIONS, 1, 0, "digest")},
        final=True,
    )


def decision(
    kind: DecisionKind,
    *members: Member,
    brand: str = "",
    revision: int = 1,
    active: bool = True,
) -> Decision:
    return Decision(
        id=f"decision-{revision}",
        source_asset_id="source-1",
        kind=kind,
        members=members,
        brand_id=f"id-{brand.lower()}" if brand else "",
        brand_name=brand,
        revision=revision,
        active=active,
    )


def decided(run: RunResult, kind: DecisionKind, *keys: str, brand: str = "", revision: int = 1) -> Decision:
    """A decision on appearances of this run, as a reviewer would make it."""
    members = [member_of(run, run.by_key[key]) for key in keys]
    return decision(kind, *members, brand=brand, revision=revision)
