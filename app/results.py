"""Everything of one run, loaded for people: frames, scenes, appearances, figures, and boxes on demand."""

from __future__ import annotations

import gc
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from threading import Lock
from typing import Protocol, TypeVar

import msgspec

from app.frozen import frozen_book
from engine.decoding import looked_through
from engine.domain.figures import ReportPart
from engine.domain.jobs import DetectJob, SourceAsset
from engine.domain.records import (
    Appearance,
    Box,
    Detection,
    FrameRecord,
    FramesPart,
    ItemProblem,
    KeptFrame,
    LostSpan,
    NewBrand,
    Record,
    RegionsPart,
    ScenesPart,
    TextsPart,
)
from engine.domain.stages import StageName
from engine.domain.timebase import Span, grid_time
from engine.exposure_inputs import machine_detections, picture_of
from engine.exposure_tables import Picture
from engine.ports import JOB_CHUNK, BlobStore, PartRef, PartStore
from engine.settings import StageSettings, build_settings
from engine.stage import decode
from engine.stage_settings import (
    SETTINGS_TYPES,
    CompileReportSettings,
    ExtractFramesSettings,
    MatchBrandsSettings,
)

R = TypeVar("R", bound=Record)

LAST_STAGES = (StageName.ESCALATE_CLOUD, StageName.ESCALATE_VLM, StageName.MATCH_BRANDS)
"""Whose appearances are the job's: the first of these that is there."""
CHUNKS_AT_HAND = 12
"""Decoded boxes and texts are kept for so many chunks."""


class _Jobs(Protocol):
    def get(self, job_id: str) -> DetectJob: ...


class _Sources(Protocol):
    def get(self, source_id: str) -> SourceAsset: ...


class ResultLibrary(Protocol):
    """What loading a run needs of a library."""

    @property
    def parts(self) -> PartStore: ...

    @property
    def blobs(self) -> BlobStore: ...

    @property
    def jobs(self) -> _Jobs: ...

    @property
    def sources(self) -> _Sources: ...


class _Made(Record, frozen=True):
    """Of an EscalationPart only the brands that a model made: the rest isn't decoded."""

    new_brands: tuple[NewBrand, ...] = ()


class _Found(Record, frozen=True):
    """Of a MatchPart or an EscalationPart the appearances, each still packed."""

    appearances: tuple[msgspec.Raw, ...]


_appearance = msgspec.msgpack.Decoder(looked_through(Appearance))


class ChunkDetails:
    """Boxes and texts of single chunks, decoded when asked for; the latest few stay. Thread-safe."""

    def __init__(
        self, payload: Callable[[str], bytes], refs: Mapping[tuple[StageName, int], PartRef]
    ) -> None:
        self._payload = payload
        self._refs = refs
        self._at_hand: OrderedDict[tuple[StageName, int], Record] = OrderedDict()
        self._lock = Lock()

    def regions(self, chunk: int) -> RegionsPart | None:
        """Tracks and boxes of a chunk, None while it isn't done."""
        return self._get(StageName.DETECT_REGIONS, chunk, RegionsPart)

    def texts(self, chunk: int) -> TextsPart | None:
        """Voted texts and candidates of a chunk, None while it isn't done."""
        return self._get(StageName.RUN_OCR, chunk, TextsPart)

    def _get(self, stage: StageName, chunk: int, kind: type[R]) -> R | None:
        place = stage, chunk
        with self._lock:
            found = self._at_hand.get(place)
            if found is not None:
                self._at_hand.move_to_end(place)
        if found is None:
            ref = self._refs.get(place)
            if ref is None:
                return None
            found = decode(self._payload(ref.key), kind)
            with self._lock:
                self._at_hand[place] = found
                while len(self._at_hand) > 2 * CHUNKS_AT_HAND:
                    self._at_hand.popitem(last=False)
        assert isinstance(found, kind)
        return found


@dataclass(frozen=True)
class RunResult:
    """One job's results. `frames` and `kept` are by seq. `final` is False while matching isn't done: then the
    appearances are a preview from the finished chunks, and `report` is None until the last stage is done."""

    source: SourceAsset
    job: DetectJob
    settings: Mapping[StageName, StageSettings]
    fps: Fraction
    frames: Mapping[int, FrameRecord]
    kept: Mapping[int, KeptFrame]
    scenes: tuple[ScenesPart, ...]
    appearances: tuple[Appearance, ...]
    made: tuple[NewBrand, ...]
    report: ReportPart | None
    refs: Mapping[tuple[StageName, int], PartRef]
    final: bool
    problems: tuple[ItemProblem, ...] = ()
    details: ChunkDetails = field(default_factory=lambda: ChunkDetails(_nothing, {}))

    @property
    def report_settings(self) -> CompileReportSettings:
        settings = self.settings[StageName.COMPILE_REPORT]
        assert isinstance(settings, CompileReportSettings)
        return settings

    @cached_property
    def picture(self) -> Picture:
        """Picture size, sampling step and analysed time: what figures are measured over."""
        return picture_of(self.source.width, self.source.height, self.fps, self.scenes)

    @cached_property
    def detections(self) -> list[Detection]:
        """Machine detections: one per frame of every accepted appearance."""
        return machine_detections(self.appearances, self.made)

    @cached_property
    def by_key(self) -> Mapping[str, Appearance]:
        return {a.key: a for a in self.appearances}

    @cached_property
    def analysed(self) -> tuple[Span, ...]:
        """The analysed stretches of time (chunks' spans), in order."""
        return tuple(sorted(part.span for part in self.scenes))

    @cached_property
    def lost(self) -> tuple[LostSpan, ...]:
        """Excluded and unknown stretches with their reasons, in order."""
        every = [lost for part in self.scenes for lost in (*part.excluded, *part.unknown)]
        return tuple(sorted(every, key=lambda lost: lost.span))

    @cached_property
    def stands_for(self) -> Mapping[int, int]:
        """The kept frame for every analysed frame: itself, or a near-duplicate's twin."""
        pairs = {seq: seq for seq in self.kept}
        pairs.update(pair for part in self.scenes for pair in part.twins)
        return pairs

    @cached_property
    def frame_spans(self) -> Mapping[int, tuple[Span, ...]]:
        """The time that each kept frame or near-duplicate is itself on display for, in order of seq: these
        spans tile the kept time."""
        return own_spans(self.kept, self.frames, self.scenes)

    @cached_property
    def _chunk_starts(self) -> tuple[list[int], list[int]]:
        pairs = sorted((part.span.start, part.chunk) for part in self.scenes)
        return [p[0] for p in pairs], [p[1] for p in pairs]

    @cached_property
    def _shown(self) -> tuple[list[int], list[tuple[Span, int]]]:
        pairs = sorted((span, seq) for seq, spans in self.frame_spans.items() for span in spans)
        return [span.start for span, _ in pairs], pairs

    def time_of(self, seq: int) -> int:
        """The frame's time in microseconds; the sampling grid's where its stored part is gone (lost files, a
        repair), so that figures and decisions can still be looked at and exported."""
        frame = self.frames.get(seq)
        return frame.time if frame is not None else grid_time(seq, self.fps)

    def span_of(self, appearance: Appearance) -> Span:
        """From the first to the last moment of an appearance (gaps included)."""
        return self.span_between(appearance.seen[0].seq, appearance.seen[-1].seq)

    def span_between(self, first: int, last: int) -> Span:
        """From the start of frame `first`'s time to the end of frame `last`'s."""
        return Span(self._edges(first)[0], self._edges(last)[1])

    def seconds_of(self, appearance: Appearance) -> float:
        """Seconds that an appearance was on screen (gaps left out)."""
        return sum(self.kept[s.seq].seconds for s in appearance.seen if s.seq in self.kept)

    @cached_property
    def _kept_edges(self) -> Mapping[int, tuple[int, int]]:
        """Where the time that a kept frame stands for begins and ends."""
        return {
            seq: (spans[0].start, spans[0].end)
            if len(spans) == 1
            else (min(s.start for s in spans), max(s.end for s in spans))
            for seq, spans in ((seq, kept.spans) for seq, kept in self.kept.items())
            if spans
        }

    def _edges(self, seq: int) -> tuple[int, int]:
        edges = self._kept_edges.get(seq)
        if edges is not None:
            return edges
        time = self.time_of(seq)
        return time, time

    @cached_property
    def _kept_times(self) -> tuple[list[int], list[KeptFrame]]:
        pairs = sorted((self.frames[seq].time, seq) for seq in self.kept if seq in self.frames)
        return [time for time, _ in pairs], [self.kept[seq] for _, seq in pairs]

    def kept_between(self, span: Span) -> list[KeptFrame]:
        """The kept frames whose own time lies in the span, in order."""
        times, kept = self._kept_times
        return kept[bisect_left(times, span.start) : bisect_left(times, span.end)]

    def frame_at(self, time: int) -> int | None:
        """The seq of the analysed frame that is on display at `time`, None in lost time."""
        starts, pairs = self._shown
        place = bisect_right(starts, time) - 1
        if place < 0 or not pairs[place][0].holds(time):
            return None
        return pairs[place][1]

    def chunk_at(self, time: int) -> int | None:
        """The number of the chunk that holds `time`."""
        starts, chunks = self._chunk_starts
        place = bisect_right(starts, time) - 1
        return chunks[place] if place >= 0 else None

    def boxes_at(self, seq: int) -> tuple[Box, ...]:
        """All regions found on one kept frame."""
        frame = self.frames.get(seq)
        chunk = self.chunk_at(frame.time) if frame is not None else None
        part = self.details.regions(chunk) if chunk is not None else None
        return tuple(b for b in part.boxes if b.seq == seq) if part is not None else ()

    def track_tokens(self, appearance: Appearance) -> tuple[str, ...]:
        """Names of the tracks that an appearance was joined from, equal in every run that uses the same
        stored parts: `part key#track`."""
        found = []
        for chunk, track in appearance.members:
            ref = self.refs.get((StageName.DETECT_REGIONS, chunk))
            if ref is not None:
                found.append(f"{ref.key}#{track}")
        return tuple(found)

    @cached_property
    def funnel(self) -> Mapping[str, int]:
        """How many of what each stage left: frames, kept, boxes, texts, appearances by verdict."""
        items = {
            name: sum(r.items for (s, _), r in self.refs.items() if s == stage)
            for name, stage in (("boxes", StageName.DETECT_REGIONS), ("texts", StageName.RUN_OCR))
        }
        counts = {"frames": len(self.frames), "kept": len(self.kept), **items}
        counts["appearances"] = len(self.appearances)
        for verdict in ("accepted", "review", "unresolved", "denied"):
            counts[verdict] = sum(a.verdict == verdict for a in self.appearances)
        return counts


def load_run(library: ResultLibrary, job_id: str, *, preview: bool = True) -> RunResult:
    """All results of a job that are there by now. While the job is still running, `preview` matches the texts
    of the finished chunks, so that they can be reviewed already. Raises DataDamage where a part is gone."""
    job = library.jobs.get(job_id)
    source = library.sources.get(job.source_asset_id)
    refs = dict(library.parts.attached(job_id))
    settings = build_settings(SETTINGS_TYPES, job.settings)
    extract = settings[StageName.EXTRACT_FRAMES]
    assert isinstance(extract, ExtractFramesSettings)

    def payloads(stage: StageName, kind: type[R]) -> list[R]:
        chosen = sorted((chunk, ref.key) for (s, chunk), ref in refs.items() if s == stage)
        found = library.parts.payloads(key for _, key in chosen)
        return [decode(found[key], kind) for _, key in chosen]

    with _no_collection():
        frames = payloads(StageName.EXTRACT_FRAMES, FramesPart)
        scenes = payloads(StageName.FILTER_SCENES, ScenesPart)
        last: list[_Found] = []
        for stage in LAST_STAGES:
            last = last or payloads(stage, _Found)
        made = [
            brand
            for stage in (StageName.ESCALATE_VLM, StageName.ESCALATE_CLOUD)
            for part in payloads(stage, _Made)
            for brand in part.new_brands
        ]
        if last:
            # One by one: unpacking 200,000 boxes in a single call would stop all other threads for 0.2 s.
            appearances = tuple(_appearance.decode(packed) for packed in last[0].appearances)
        elif preview:
            appearances = _preview(library, job, source, refs, scenes, settings)
        else:
            appearances = ()
        reports = payloads(StageName.COMPILE_REPORT, ReportPart)
    return RunResult(
        source=source,
        job=job,
        settings=settings,
        fps=Fraction(extract.sample_fps).limit_denominator(1000),
        frames={f.seq: f for part in frames for f in part.frames},
        kept={k.seq: k for part in scenes for k in part.kept},
        scenes=tuple(scenes),
        appearances=appearances,
        made=tuple(made),
        report=reports[0] if reports else None,
        refs=refs,
        final=bool(last),
        problems=tuple(p for part in frames for p in part.problems),
        details=ChunkDetails(library.parts.payload, refs),
    )


def appearances_of(library: ResultLibrary, job_id: str) -> int:
    """How many appearances a job has found, without decoding them; 0 while matching isn't done."""
    refs = library.parts.attached(job_id)
    for stage in LAST_STAGES:
        ref = refs.get((stage, JOB_CHUNK))
        if ref is not None:
            return len(decode(library.parts.payload(ref.key), _Found).appearances)
    return 0


def _preview(
    library: ResultLibrary,
    job: DetectJob,
    source: SourceAsset,
    refs: Mapping[tuple[StageName, int], PartRef],
    scenes: Iterable[ScenesPart],
    settings: Mapping[StageName, StageSettings],
) -> tuple[Appearance, ...]:
    """What matching would say of the chunks that are finished, without session cache."""
    from engine.appearances import decide, prepare
    from engine.signs import join_signs

    limits = settings[StageName.MATCH_BRANDS]
    assert isinstance(limits, MatchBrandsSettings)
    done = sorted(chunk for (stage, chunk) in refs if stage == StageName.RUN_OCR)
    if not done or not job.book_snapshot:
        return ()

    def part(stage: StageName, chunk: int, kind: type[R]) -> R:
        return decode(library.parts.payload(refs[stage, chunk].key), kind)

    regions = [part(StageName.DETECT_REGIONS, chunk, RegionsPart) for chunk in done]
    texts = [part(StageName.RUN_OCR, chunk, TextsPart) for chunk in done]
    there = [s for s in scenes if s.chunk in set(done)]
    signs = join_signs(regions, there, texts, source.width)
    book = frozen_book(library.blobs, job)
    return decide(prepare(signs, book, (), "ignore", width=source.width), limits).appearances


def own_spans(
    kept: Mapping[int, KeptFrame], frames: Mapping[int, FrameRecord], scenes: Iterable[ScenesPart]
) -> dict[int, tuple[Span, ...]]:
    """Hand the spans of kept frames back to the near-duplicates they came from.

    A span that holds the times of several of them is parted at the midpoints between those times; a span
    that holds none goes to the nearest. The result tiles exactly what the kept frames' spans tile."""
    twins: dict[int, list[int]] = {seq: [seq] for seq in kept}
    for part in scenes:
        for dropped, keeper in part.twins:
            if keeper in twins and dropped in frames:
                twins[keeper].append(dropped)
    found: dict[int, list[Span]] = {}
    for seq, frame in kept.items():
        if len(twins[seq]) == 1:
            found.setdefault(seq, []).extend(frame.spans)
            continue
        group = sorted((frames[s].time, s) for s in twins[seq] if s in frames)
        if not group:
            found.setdefault(seq, []).extend(frame.spans)
            continue
        for span in frame.spans:
            inside = [g for g in group if span.holds(g[0])]
            if not inside:
                inside = [min(group, key=lambda g: min(abs(g[0] - span.start), abs(g[0] - span.end)))]
            edges = [(a[0] + b[0]) // 2 for a, b in pairwise(inside)]
            starts, ends = [span.start, *edges], [*edges, span.end]
            for (_, owner), start, end in zip(inside, starts, ends, strict=True):
                found.setdefault(owner, []).append(Span(start, end))
    return {seq: tuple(sorted(found[seq])) for seq in sorted(found)}


@contextmanager
def _no_collection() -> Iterator[None]:
    """Records hold no cycles: collecting while some hundred thousand are made only costs time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _nothing(key: str) -> bytes:
    raise KeyError(key)
