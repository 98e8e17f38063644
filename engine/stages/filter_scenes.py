"""Stage 1: finds shot cuts and drops near-duplicates, black and blurred frames without losing a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar

from engine.domain.records import FramesPart, KeptFrame, LostSpan, ScenesPart
from engine.domain.stages import StageName
from engine.domain.timebase import Span, grid_time, merge_spans, to_micro
from engine.shots import Look, block_difference, cut_score, is_black, look_at
from engine.stage import Context, View
from engine.stage_settings import FilterScenesSettings
from engine.stages.extract_frames import lost_samples
from engine.written import dropped_spans

EXCLUDED = ("black", "dropped_range")
UNKNOWN = ("blurred", "damaged")


class FilterScenes:
    """Decides which frames of a chunk go on and what time each stands for (see domain.md)."""

    name: ClassVar[StageName] = StageName.FILTER_SCENES
    version: ClassVar[int] = 1
    settings_type: ClassVar[type[FilterScenesSettings]] = FilterScenesSettings
    payload_type: ClassVar[type[ScenesPart]] = ScenesPart
    reads: ClassVar[tuple[StageName, ...]] = (StageName.EXTRACT_FRAMES,)
    writes: ClassVar[tuple[str, ...]] = ("filtered_frame_sequences", "shots")
    unit: ClassVar[str] = "frames"

    def units(self, view: View, settings: FilterScenesSettings) -> float:
        return float(len(view.part(StageName.EXTRACT_FRAMES, FramesPart).frames))

    def key_extras(self, settings: FilterScenesSettings, view: View) -> tuple[str, ...]:
        return ()

    def run(self, view: View, settings: FilterScenesSettings, ctx: Context) -> ScenesPart:
        part = view.part(StageName.EXTRACT_FRAMES, FramesPart)
        dropped = dropped_spans(settings.dropped_ranges)
        before: Look | None = None
        if part.context is not None and not _inside(part.context.time, dropped):
            before = look_at(ctx.image(part.context))
        points: list[Point] = []
        for done, frame in enumerate(part.frames):
            ctx.tick(float(done))
            at = min(max(frame.time, part.span.start), max(part.span.end - 1, part.span.start))
            point = Point(frame.seq, at)
            points.append(point)
            if _inside(at, dropped):
                point.fate = "dropped_range"
                before = None
                continue
            look = look_at(ctx.image(frame))
            point.look = look
            dark = is_black(look, settings.black_level)
            if before is None:
                point.cut = True
            elif dark or is_black(before, settings.black_level):
                point.cut = dark != is_black(before, settings.black_level)
            else:
                threshold = settings.cut_threshold
                point.cut = cut_score(before, look, threshold) >= threshold
            if dark:
                point.fate = "black"
            elif settings.blur_floor > 0 and look.sharpness < settings.blur_floor:
                point.fate = "blurred"
            before = look
        _choose(points, settings)
        for seq in sorted(lost_samples(part)):
            at = min(max(grid_time(seq, view.fps), part.span.start), part.span.end)
            points.append(Point(seq, at, fate="damaged"))
        points.sort(key=lambda p: p.seq)
        ctx.tick(float(len(part.frames)))
        return tile(part.chunk, part.span, points, dropped, view.fps)

    def items(self, payload: ScenesPart) -> int:
        return len(payload.kept)

    def blobs(self, payload: ScenesPart) -> tuple[str, ...]:
        return ()

    def canonical(self, payload: ScenesPart) -> object:
        return [
            payload.chunk,
            [payload.span.start, payload.span.end],
            sorted((k.seq, [(s.start, s.end) for s in k.spans], k.shot) for k in payload.kept),
            sorted((s.span.start, s.span.end, s.reason) for s in payload.excluded),
            sorted((s.span.start, s.span.end, s.reason) for s in payload.unknown),
            sorted(payload.cuts),
            payload.opens_with_cut,
            sorted(payload.twins),
        ]


@dataclass(slots=True)
class Point:
    """One sampled moment: its grid number and time, whether a shot begins with it, and what becomes of it:
    '' kept, else black, dropped_range, blurred, damaged, or `twin` of a kept frame."""

    seq: int
    time: int
    cut: bool = False
    fate: str = ""
    twin: int = -1
    look: Look | None = field(default=None, repr=False)


def tile(
    chunk: int, span: Span, points: Sequence[Point], dropped: Sequence[Span], fps: Fraction
) -> ScenesPart:
    """Give every microsecond of the chunk to a kept frame or to a lost span with its reason.

    Points are in order of time. Dropped ranges are cut out exactly; in what is left, borders lie in the
    middle between neighbouring points. A stretch without any point of its own goes with the dropped range.
    """
    excluded = [LostSpan(hole, "dropped_range") for hole in (d.clip(span) for d in dropped) if hole]
    unknown: list[LostSpan] = []
    stands_for: dict[int, list[Span]] = {p.seq: [] for p in points if not p.fate}
    cuts: list[int] = []
    shots: dict[int, int] = {}
    shot = 0
    for number, point in enumerate(points):
        if number and point.cut:
            shot += 1
        shots[point.seq] = shot
    for stretch in _without(span, dropped):
        inside = [p for p in points if p.fate != "dropped_range" and stretch.holds(p.time)]
        if not inside:
            if excluded:
                excluded.append(LostSpan(stretch, "dropped_range"))
            else:
                unknown.append(LostSpan(stretch, "damaged"))
            continue
        borders = [stretch.start, *(_border(a, b, fps) for a, b in pairwise(inside)), stretch.end]
        for point, (start, end) in zip(inside, pairwise(borders), strict=True):
            if point.cut and start > span.start:
                cuts.append(start)
            if start == end:
                continue
            own = Span(start, end)
            if point.fate in EXCLUDED:
                excluded.append(LostSpan(own, point.fate))
            elif point.fate in UNKNOWN:
                unknown.append(LostSpan(own, point.fate))
            else:
                stands_for[point.twin if point.fate == "twin" else point.seq].append(own)
    return ScenesPart(
        chunk=chunk,
        span=span,
        kept=tuple(KeptFrame(seq, tuple(merge_spans(s)), shots[seq]) for seq, s in stands_for.items()),
        excluded=_joined(excluded),
        unknown=_joined(unknown),
        cuts=tuple(cuts),
        opens_with_cut=bool(points) and points[0].cut,
        twins=tuple((p.seq, p.twin) for p in points if p.fate == "twin"),
    )


def _choose(points: Sequence[Point], settings: FilterScenesSettings) -> None:
    """Settle which frames are twins of a kept one; the first that isn't excluded is kept in any case."""
    kept: Point | None = None
    first = True
    for point in points:
        if point.cut:
            kept = None
        if point.fate in EXCLUDED:
            continue
        if first:
            point.fate = ""
            first = False
        if point.fate:
            continue
        if (
            kept is not None
            and kept.look is not None
            and point.look is not None
            and point.time - kept.time < to_micro(settings.keep_every)
            and block_difference(kept.look, point.look) < settings.duplicate_distance
        ):
            point.fate, point.twin = "twin", kept.seq
        else:
            kept = point


def _border(a: Point, b: Point, fps: Fraction) -> int:
    """The middle between two samples. Where grid points lie between them, `a` was on display there too."""
    last = a.time
    if b.seq > a.seq + 1:
        last = max(a.time, min(grid_time(b.seq - 1, fps), b.time))
    return (last + b.time) // 2


def _without(span: Span, holes: Sequence[Span]) -> list[Span]:
    """What is left of `span` without the (ordered, separate) holes."""
    left: list[Span] = []
    start = span.start
    for hole in holes:
        piece = Span(start, max(start, min(hole.start, span.end)))
        if piece.length:
            left.append(piece)
        start = max(start, min(hole.end, span.end))
    if start < span.end:
        left.append(Span(start, span.end))
    return left


def _joined(lost: Sequence[LostSpan]) -> tuple[LostSpan, ...]:
    """Neighbouring lost spans of one reason as one, in order of time."""
    found: list[LostSpan] = []
    for reason in sorted({s.reason for s in lost}):
        found += [LostSpan(s, reason) for s in merge_spans(s.span for s in lost if s.reason == reason)]
    return tuple(sorted(found, key=lambda s: s.span))


def _inside(time: int, spans: Sequence[Span]) -> bool:
    return any(s.holds(time) for s in spans)
