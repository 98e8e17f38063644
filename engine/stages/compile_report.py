"""Stage 7: machine exposure figures, brand roll-ups and the funnel of one run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from engine.domain.figures import BrandExposure, ExposureFigures, ReportPart, SightingFigure
from engine.domain.records import (
    Appearance,
    Detection,
    FramesPart,
    MatchPart,
    Record,
    ScenesPart,
)
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from engine.exposure import exposure_figures
from engine.exposure_inputs import final_appearances, machine_detections, new_brands, picture_of
from engine.stage import Context, View
from engine.stage_settings import CompileReportSettings
from engine.textfold import fold

MOST_TEXTS = 20
"""A roll-up keeps the most frequent texts of a brand, at most so many."""


class CompileReport:
    """Adds up what the stages before found. It reads no pixels and takes well under a second."""

    name: ClassVar = StageName.COMPILE_REPORT
    version: ClassVar = 1
    settings_type: ClassVar = CompileReportSettings
    payload_type: ClassVar[type[Record]] = ReportPart
    reads: ClassVar = (
        StageName.EXTRACT_FRAMES,
        StageName.FILTER_SCENES,
        StageName.MATCH_BRANDS,
        StageName.ESCALATE_VLM,
        StageName.ESCALATE_CLOUD,
    )
    writes: ClassVar = ("stats",)
    unit: ClassVar = "brands"

    def units(self, view: View, settings: CompileReportSettings) -> float:
        appearances = final_appearances(view.parts)
        return float(len({a.brand_id for a in appearances if a.verdict == "accepted"})) or 1.0

    def key_extras(self, settings: CompileReportSettings, view: View) -> tuple[str, ...]:
        return (str(view.source.width), str(view.source.height), str(view.fps))

    def run(self, view: View, settings: CompileReportSettings, ctx: Context) -> ReportPart:
        ctx.tick(0)
        frames = view.all_parts(StageName.EXTRACT_FRAMES, FramesPart)
        scenes = view.all_parts(StageName.FILTER_SCENES, ScenesPart)
        matched = view.part(StageName.MATCH_BRANDS, MatchPart)
        appearances = final_appearances(view.parts)
        detections = machine_detections(appearances, new_brands(view.parts))
        ctx.tick()
        kept = [k for part in scenes for k in part.kept]
        figures = exposure_figures(
            kept, detections, settings, picture_of(view.source.width, view.source.height, view.fps, scenes)
        )
        ctx.tick()
        times = {f.seq: f.time for part in frames for f in part.frames}
        sightings = roll_up(detections, times)
        stopped = [part.stopped_at for part in frames if part.stopped_at is not None]
        report = ReportPart(
            figures=figures,
            sightings=sightings,
            stats=_stats(frames, scenes, matched, appearances, detections),
            span=Span(
                min((p.span.start for p in scenes), default=0), max((p.span.end for p in scenes), default=0)
            ),
            stopped_at=min(stopped, default=None),
        )
        ctx.tick(self.units(view, settings))
        return report

    def items(self, payload: ReportPart) -> int:
        return len(payload.figures.counted())

    def blobs(self, payload: ReportPart) -> tuple[str, ...]:
        return ()

    def canonical(self, payload: ReportPart) -> object:
        return [
            canonical_figures(payload.figures),
            sorted(
                (
                    fold(s.brand_name),
                    s.first_seen,
                    s.last_seen,
                    s.occurrences,
                    s.appearances,
                    s.detection_source,
                    round(s.avg_confidence, 4),
                    s.confirmed,
                    list(s.texts),
                )
                for s in payload.sightings
            ),
            sorted(payload.stats.items()),
            [payload.span.start, payload.span.end],
            payload.stopped_at,
        ]


def roll_up(detections: Sequence[Detection], times: Mapping[int, int]) -> tuple[SightingFigure, ...]:
    """Each brand's sighting in the source, by folded name. `times` are frame times by seq."""
    groups: dict[str, list[Detection]] = defaultdict(list)
    for d in detections:
        groups[d.brand_id or d.brand_name].append(d)
    found: list[SightingFigure] = []
    for group in groups.values():
        seen = [times[d.seq] for d in group if d.seq in times]
        if not seen:
            continue
        texts = Counter(d.text for d in group if d.text)
        sources = Counter(d.source for d in group)
        found.append(
            SightingFigure(
                brand_id=group[0].brand_id,
                brand_name=group[0].brand_name,
                first_seen=min(seen),
                last_seen=max(seen),
                occurrences=len(group),
                appearances=len({d.appearance for d in group}),
                detection_source=min(sources, key=lambda s: (-sources[s], s)),
                avg_confidence=round(sum(sorted(d.confidence for d in group)) / len(group), 4),
                confirmed=any(d.confirmed for d in group),
                texts=tuple(sorted(texts, key=lambda t: (-texts[t], t))[:MOST_TEXTS]),
            )
        )
    return tuple(sorted(found, key=lambda s: (fold(s.brand_name), s.brand_id)))


def canonical_figures(figures: ExposureFigures) -> object:
    """Figures as they enter digests: brands by column and folded name, no ids, everything to 1e-4."""
    return [
        sorted((_canonical_brand(b) for b in figures.brands), key=lambda b: (b[0], b[1], b[2])),
        [round(v, 4) for v in (figures.analysed, figures.excluded, figures.unknown, figures.step)],
        figures.preset,
    ]


def _canonical_brand(b: BrandExposure) -> list[Any]:
    single = (b.seconds, b.error, b.filled, b.mean, b.longest, b.hits, b.solus, b.share)
    weighed = (b.weighted_seconds, b.weighted_share, b.quality, b.coverage, *b.bands, *b.grid)
    return [
        b.column,
        fold(b.brand_name),
        [round(v, 4) for v in (*single, *weighed, *msgspec.structs.astuple(b.factors))],
        [(e.start, e.end, round(e.seconds, 4)) for e in b.exposures],
        b.detections,
        [None if v is None else round(v, 4) for v in msgspec.structs.astuple(b.media)],
    ]


def _stats(
    frames: Sequence[FramesPart],
    scenes: Sequence[ScenesPart],
    matched: MatchPart,
    appearances: Sequence[Appearance],
    detections: Sequence[Detection],
) -> dict[str, int]:
    verdicts = Counter(a.verdict for a in appearances)
    counted: dict[str, int] = {
        "frames": sum(len(p.frames) for p in frames),
        "kept": sum(len(p.kept) for p in scenes),
        "near_duplicates": sum(len(p.twins) for p in scenes),
        "shots": len({(p.chunk, k.shot) for p in scenes for k in p.kept}),
        "excluded_us": sum(lost.span.length for p in scenes for lost in p.excluded),
        "unknown_us": sum(lost.span.length for p in scenes for lost in p.unknown),
        "signs": matched.funnel.get("signs", 0),
        "below_scores": matched.funnel.get("below_scores", 0),
        "appearances": len(appearances),
        "accepted": verdicts["accepted"],
        "review": verdicts["review"],
        "unresolved": verdicts["unresolved"],
        "denied": verdicts["denied"],
        "captions": sum(a.surface == "caption" for a in appearances),
        "detections": len(detections),
        "brands": len({d.brand_id or d.brand_name for d in detections}),
    }
    return counted
