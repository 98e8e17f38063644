"""A run's whole state, composed from the parts of its stages, with the field names and key types of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.decoding import looked_through
from engine.domain.geometry import Polygon, hull
from engine.domain.records import (
    Appearance,
    EscalationPart,
    FramesPart,
    MatchPart,
    RegionsPart,
    ScenesPart,
    TextsPart,
    detections_of,
)
from engine.domain.stages import StageName
from engine.domain.timebase import seconds
from engine.stage import decode


class FrameMeta(msgspec.Struct, frozen=True):
    """One stored frame: times in seconds from the first frame; `span` is the seconds it stands for (0 where it
    was filtered out), `hash` its image's digest."""

    sequence: int
    chunk_id: int
    timestamp: float
    hash: str
    span: float


class FrameBox(msgspec.Struct, frozen=True):
    """A region on one frame: polygon and axis-aligned hull (left, top, right, bottom) in source pixels."""

    polygon: Polygon
    bbox: tuple[float, float, float, float]
    score: float
    detector: str
    track_id: str


class FrameText(msgspec.Struct, frozen=True):
    """A text on one frame."""

    sequence: int
    polygon: Polygon
    text: str
    text_score: float
    box_score: float
    mode: str
    track_id: str


class Unresolved(msgspec.Struct, frozen=True):
    """An appearance that no brand was accepted for: where it was seen, and why it waits."""

    sequences: tuple[int, ...]
    text: str
    text_score: float
    surface: str
    verdict: str
    reason: str
    appearance: str


class StateDetection(msgspec.Struct, frozen=True):
    """A brand on one frame."""

    sequence: int
    polygon: Polygon
    brand_id: str
    brand_name: str
    confidence: float
    source: str
    surface: str
    text: str
    match_score: float
    evidence: str
    appearance: str


class ComposedState(msgspec.Struct, frozen=True):
    """What the chain of checkpoints left behind. `frames_manifest` is keyed by integer sequence,
    `boxes_by_frame` by the sequence as a string; `dump` and `load` keep these types."""

    frames_prefix: str = ""
    frames_manifest: dict[int, str] = {}
    frames_meta: tuple[FrameMeta, ...] = ()
    filtered_frame_sequences: tuple[int, ...] = ()
    boxes_by_frame: dict[str, tuple[FrameBox, ...]] = {}
    text_candidates: tuple[FrameText, ...] = ()
    unresolved_candidates: tuple[Unresolved, ...] = ()
    detections: tuple[StateDetection, ...] = ()
    stats: dict[str, Any] = {}

    def dump(self) -> bytes:
        """The state as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def load(cls, data: bytes) -> ComposedState:
        """The state from `dump`'s JSON, equal to what was dumped."""
        return msgspec.json.decode(data, type=looked_through(cls))


def compose(
    frames_prefix: str,
    parts: Sequence[tuple[StageName, int, bytes]],
    stats: Mapping[StageName, Mapping[str, Any]],
) -> ComposedState:
    """Compose the state from (stage, chunk, payload) in any order; later stages replace what earlier ones left
    unresolved. DataDamage is the caller's; a payload that is no record raises msgspec.ValidationError."""
    by_stage: dict[StageName, list[bytes]] = {}
    for stage, _, payload in sorted(parts, key=lambda p: (p[0].number, p[1])):
        by_stage.setdefault(stage, []).append(payload)
    manifest: dict[int, str] = {}
    spans: dict[int, float] = {}
    kept: list[int] = []
    for payload in by_stage.get(StageName.FILTER_SCENES, ()):
        for frame in decode(payload, ScenesPart).kept:
            kept.append(frame.seq)
            spans[frame.seq] = frame.seconds
    meta: list[FrameMeta] = []
    for payload in by_stage.get(StageName.EXTRACT_FRAMES, ()):
        frames = decode(payload, FramesPart)
        for f in frames.frames:
            manifest[f.seq] = f.image
            meta.append(FrameMeta(f.seq, frames.chunk, seconds(f.time), f.image, spans.get(f.seq, 0.0)))
    appearances = _last_appearances(by_stage)
    return ComposedState(
        frames_prefix=frames_prefix,
        frames_manifest=manifest,
        frames_meta=tuple(meta),
        filtered_frame_sequences=tuple(kept),
        boxes_by_frame=_boxes(by_stage.get(StageName.DETECT_REGIONS, ())),
        text_candidates=_texts(by_stage.get(StageName.RUN_OCR, ())),
        unresolved_candidates=tuple(
            Unresolved(
                tuple(s.seq for s in a.seen), a.text, a.text_score, a.surface, a.verdict, a.reason, a.key
            )
            for a in appearances
            if a.verdict in ("review", "unresolved")
        ),
        detections=tuple(
            StateDetection(
                d.seq,
                d.polygon,
                d.brand_id,
                d.brand_name,
                d.confidence,
                d.source,
                d.surface,
                d.text,
                d.match_score,
                d.evidence,
                d.appearance,
            )
            for d in detections_of(appearances)
        ),
        stats={str(stage): dict(values) for stage, values in stats.items()},
    )


def _boxes(payloads: Sequence[bytes]) -> dict[str, tuple[FrameBox, ...]]:
    found: dict[str, list[FrameBox]] = {}
    for payload in payloads:
        part = decode(payload, RegionsPart)
        for b in part.boxes:
            found.setdefault(str(b.seq), []).append(
                FrameBox(b.polygon, _bounds(b.polygon), b.score, b.detector, f"{part.chunk}:{b.track}")
            )
    return {seq: tuple(boxes) for seq, boxes in found.items()}


def _bounds(polygon: Polygon) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = hull(polygon)
    return x0, y0, x1, y1


def _texts(payloads: Sequence[bytes]) -> tuple[FrameText, ...]:
    found: list[FrameText] = []
    for payload in payloads:
        part = decode(payload, TextsPart)
        found += [
            FrameText(c.seq, c.polygon, c.text, c.text_score, c.box_score, c.mode, f"{part.chunk}:{c.track}")
            for c in part.candidates
        ]
    return tuple(found)


def _last_appearances(by_stage: Mapping[StageName, Sequence[bytes]]) -> tuple[Appearance, ...]:
    """The appearances as the last stage that ran left them; a skipped stage hands on what it was given."""
    for stage in (StageName.ESCALATE_CLOUD, StageName.ESCALATE_VLM):
        for payload in by_stage.get(stage, ()):
            part = decode(payload, EscalationPart)
            if part.appearances or not part.skipped:
                return part.appearances
    for payload in by_stage.get(StageName.MATCH_BRANDS, ()):
        return decode(payload, MatchPart).appearances
    return ()
