"""Find again, in a new run, the appearances that people decided on: by time, place, text and look.

Each member of a decision is anchored singly. It fits a target (an appearance of the new run) where both are
there at the same time and their interpolated paths overlap with IoU >= 0.5; where both come from the very
same stored track, no geometry is asked. What finds no anchor is an orphan with its reason; look-alikes
elsewhere are suggested, never decided.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from rapidfuzz import fuzz

from engine.domain.decisions import AnchorSample, Decision, DecisionKind, Member
from engine.domain.geometry import Hull, Polygon, hull_overlap, interpolate, overlap
from engine.domain.records import LostSpan
from engine.domain.timebase import Span
from engine.textfold import fold_compact

MIN_IOU = 0.5
SAME_TEXT = 50.0
"""Folded texts less alike than this (0..100) belong to different signs."""
SAME_LOOK_BITS = 8
"""Perceptual hashes that differ in at most so many of 64 bits show the same look."""
PROBES = 7
"""Overlap of two paths is the mean over at most so many moments."""
BUCKET = 4_000_000
"""Targets are indexed by stretches of four seconds."""
MOST_SAMPLES = 24
"""A member keeps at most so many samples of its path."""
SUGGESTIONS_EACH = 50
"""At most so many look-alikes are suggested for one decision."""


@dataclass(frozen=True, slots=True)
class Target:
    """An appearance of the new run: its path (time, polygon) in order, and the tracks it was joined from
    (`part key#track`)."""

    key: str
    span: Span
    samples: Sequence[AnchorSample]
    text: str = ""
    look: str = ""
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A member found again. `iou` is 1 where the track or the run itself is the same (`same_track`)."""

    decision: str
    member: int
    target: str
    iou: float
    same_track: bool = False


@dataclass(frozen=True, slots=True)
class Orphan:
    """A member that fits nothing in the new run, and why, in words."""

    decision: str
    member: int
    reason: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An appearance that nobody decided on and that looks or reads like a decided one."""

    decision: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class Anchoring:
    """What became of the decisions in a new run."""

    anchors: tuple[Anchor, ...]
    orphans: tuple[Orphan, ...]
    suggestions: tuple[Suggestion, ...] = ()


def look_bits(look: str) -> int | None:
    """The 64 bits of a perceptual hash of 16 hex digits, None where there is none."""
    try:
        return int(look, 16) if len(look) == 16 else None
    except ValueError:
        return None


def thin(samples: Sequence[AnchorSample], most: int = MOST_SAMPLES) -> tuple[AnchorSample, ...]:
    """At most `most` samples, evenly over the path, first and last among them."""
    if len(samples) <= most:
        return tuple(samples)
    picks = np.linspace(0, len(samples) - 1, most).round().astype(int)
    return tuple(samples[i] for i in picks)


def polygon_at(samples: Sequence[AnchorSample], time: int) -> Polygon:
    """The path's polygon at `time`, interpolated between samples and held before the first and after the
    last."""
    after = bisect_right(samples, time, key=lambda s: s.time)
    if after == 0:
        return samples[0].polygon
    if after == len(samples):
        return samples[-1].polygon
    a, b = samples[after - 1], samples[after]
    return interpolate(a.polygon, b.polygon, (time - a.time) / (b.time - a.time))


def path_overlap(a: Sequence[AnchorSample], b: Sequence[AnchorSample], common: Span) -> float:
    """Mean IoU of two paths over `common`, at the sampled moments of both inside it (thinned), 0..1."""
    if not a or not b:
        return 0.0
    times = sorted({s.time for path in (a, b) for s in path if common.holds(s.time)})
    if not times:
        times = [(common.start + common.end) // 2]
    if len(times) > PROBES:
        times = [times[round(i * (len(times) - 1) / (PROBES - 1))] for i in range(PROBES)]
    return sum(overlap(polygon_at(a, t), polygon_at(b, t)) for t in times) / len(times)


@dataclass
class TargetIndex:
    """Targets by time and by track."""

    targets: Sequence[Target]
    buckets: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    tokens: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[str, int] = field(default_factory=dict)
    _bounds: dict[int, Hull] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, target in enumerate(self.targets):
            self.keys[target.key] = number
            for bucket in range(target.span.start // BUCKET, target.span.end // BUCKET + 1):
                self.buckets[bucket].append(number)
            for token in target.tokens:
                self.tokens[token].append(number)

    @cached_property
    def folded(self) -> list[str]:
        """The targets' folded texts."""
        return [fold_compact(target.text) for target in self.targets]

    def during(self, span: Span) -> list[int]:
        """Numbers of the targets that share time with `span`, in order."""
        found = {
            number
            for bucket in range(span.start // BUCKET, span.end // BUCKET + 1)
            for number in self.buckets.get(bucket, ())
            if self.targets[number].span.overlap(span) > 0
        }
        return sorted(found)

    def bounds(self, number: int) -> Hull:
        """The hull of a target's whole path."""
        found = self._bounds.get(number)
        if found is None:
            found = self._bounds[number] = path_bounds(self.targets[number].samples)
        return found

    def in_place_of(self, other: Target) -> list[int]:
        """Numbers of the targets that are in the same place at the same time as a target of another run,
        whatever they say; the best overlap first."""
        found: list[tuple[float, int]] = []
        bounds = path_bounds(other.samples)
        for number in self.during(other.span):
            mine = self.targets[number]
            common = mine.span.clip(other.span)
            if common is None or common.length * 2 < min(mine.span.length, other.span.length):
                continue
            if hull_overlap(bounds, self.bounds(number)) == 0.0:
                continue
            iou = path_overlap(mine.samples, other.samples, common)
            if iou >= MIN_IOU:
                found.append((-iou, number))
        return [number for _, number in sorted(found)]


@dataclass(slots=True)
class _Fit:
    """How well a target fits a member."""

    number: int
    iou: float
    common: Span
    same_track: bool
    text: float


def anchor(
    decisions: Iterable[Decision],
    targets: Sequence[Target],
    *,
    analysed: Sequence[Span],
    lost: Sequence[LostSpan] = (),
    suggest: bool = True,
    job_id: str = "",
) -> Anchoring:
    """Anchor every member of every active decision on `targets`.

    A member may anchor on several targets that follow each other in time (a sign that the new run saw in
    pieces), never on two at the same moment. `analysed` are the stretches that the run looked at, `lost`
    those inside that no frame stands for; both only word the reasons. `job_id` is the targets' own run: what
    was decided on this very run holds the appearance that it names. An EDIT decision's first member is the
    appearance as it was, the second the correction, which is not anchored. Order of input decides nothing.
    """
    index = TargetIndex(targets)
    active = [d for d in decisions if d.active]
    anchors: list[Anchor] = []
    orphans: list[Orphan] = []
    for decision in active:
        members = decision.members[:1] if decision.kind == DecisionKind.EDIT else decision.members
        for number, member in enumerate(members):
            fits, reason = _named(member, index, job_id), ""
            if not fits:
                fits, reason = _fits(member, index, analysed, lost)
            if fits:
                anchors.extend(
                    Anchor(decision.id, number, targets[f.number].key, round(f.iou, 4), f.same_track)
                    for f in fits
                )
            elif decision.kind != DecisionKind.DRAW or reason in (_OUTSIDE, *_LOST.values()):
                orphans.append(Orphan(decision.id, number, reason))
    suggestions = _suggestions(active, index, {a.target for a in anchors}) if suggest else ()
    return Anchoring(tuple(anchors), tuple(orphans), suggestions)


_OUTSIDE = "outside the analysed range"
_NOTHING = "nothing seen there now"
_OTHER = "another sign is there"
_MOVED = "what is seen there now lies in another place"
_LOST = {
    "black": "the picture is black there",
    "dropped_range": "in a dropped range",
    "blurred": "the picture is too blurred there",
    "damaged": "the video is damaged there",
}


def _named(member: Member, index: TargetIndex, job_id: str) -> list[_Fit]:
    """The very appearance that a member names, where the decision was made on this run."""
    number = index.keys.get(member.appearance) if job_id and member.job_id == job_id else None
    return [] if number is None else [_Fit(number, 1.0, member.span, True, 100.0)]


def _fits(
    member: Member, index: TargetIndex, analysed: Sequence[Span], lost: Sequence[LostSpan]
) -> tuple[list[_Fit], str]:
    folded = fold_compact(member.text)
    same_track = {number for token in member.parts for number in index.tokens.get(token, ())}
    fits: list[_Fit] = []
    other = moved = False
    bounds = path_bounds(member.samples)
    for number in sorted({*index.during(member.span), *same_track}):
        target = index.targets[number]
        common = member.span.clip(target.span)
        if common is None:
            continue
        text = _text_likeness(folded, index.folded[number])
        if number in same_track and text >= 100.0:
            fits.append(_Fit(number, 1.0, common, True, text))
            continue
        if common.length * 2 < min(member.span.length, target.span.length):
            continue
        if not member.samples or hull_overlap(bounds, index.bounds(number)) == 0.0:
            continue
        iou = path_overlap(member.samples, target.samples, common)
        if iou < MIN_IOU:
            moved = moved or iou > 0.1
        elif text < SAME_TEXT and not _same_look(member.look, target.look):
            other = True
        else:
            fits.append(_Fit(number, iou, common, False, text))
    if fits:
        return _apart(fits), ""
    if not any(member.span.overlap(span) for span in analysed):
        return [], _OUTSIDE
    for stretch in lost:
        if stretch.span.overlap(member.span) == member.span.length > 0:
            return [], _LOST.get(stretch.reason, _NOTHING)
    return [], _OTHER if other else _MOVED if moved else _NOTHING


def _apart(fits: list[_Fit]) -> list[_Fit]:
    """The best fits of which no two lie on the same time (sharing at most half of the shorter one)."""
    fits.sort(key=lambda f: (not f.same_track, -f.text, -f.iou, -f.common.length, f.number))
    kept: list[_Fit] = []
    for fit in fits:
        if all(
            fit.common.overlap(other.common) * 2 <= min(fit.common.length, other.common.length)
            for other in kept
        ):
            kept.append(fit)
    return sorted(kept, key=lambda f: f.common)


def path_bounds(samples: Sequence[AnchorSample]) -> Hull:
    """The hull of a whole path; an empty one at the corner for a path without samples."""
    if not samples:
        return Hull(0, 0, 0, 0)
    xs = [p[0] for s in samples for p in s.polygon]
    ys = [p[1] for s in samples for p in s.polygon]
    return Hull(min(xs), min(ys), max(xs), max(ys))


def _text_likeness(a: str, b: str) -> float:
    """0..100; texts that one side doesn't know don't part."""
    if not a or not b:
        return SAME_TEXT
    if a == b:
        return 100.0
    return min(99.0, max(fuzz.ratio(a, b), fuzz.partial_ratio(a, b) if min(len(a), len(b)) >= 4 else 0.0))


def _same_look(a: str, b: str) -> bool:
    x, y = look_bits(a), look_bits(b)
    return x is not None and y is not None and (x ^ y).bit_count() <= SAME_LOOK_BITS


_TEACHING = (DecisionKind.CONFIRM, DecisionKind.REASSIGN, DecisionKind.REJECT)


def _suggestions(
    decisions: Sequence[Decision], index: TargetIndex, anchored: set[str]
) -> tuple[Suggestion, ...]:
    """Look-alikes of decided members among the targets that no decision holds, each suggested once, for the
    latest decision that it resembles."""
    free = [n for n, t in enumerate(index.targets) if t.key not in anchored]
    by_text: dict[str, list[int]] = defaultdict(list)
    looks: list[int] = []
    looking: list[int] = []
    for number in free:
        if len(index.folded[number]) >= 3:
            by_text[index.folded[number]].append(number)
        bits = look_bits(index.targets[number].look)
        if bits is not None:
            looking.append(number)
            looks.append(bits)
    hashes = np.asarray(looks, np.uint64)
    taken: set[int] = set()
    found: list[Suggestion] = []
    for decision in sorted(decisions, key=lambda d: (-d.revision, d.id)):
        if decision.kind not in _TEACHING:
            continue
        mine: dict[int, str] = {}
        for member in decision.members:
            for number in by_text.get(fold_compact(member.text), ()):
                mine.setdefault(number, "same text")
            bits = look_bits(member.look)
            if bits is not None and looks:
                differing = np.bitwise_count(hashes ^ np.uint64(bits))
                for place in np.flatnonzero(differing <= SAME_LOOK_BITS):
                    number = looking[place]
                    if _text_likeness(fold_compact(member.text), index.folded[number]) >= SAME_TEXT:
                        mine.setdefault(number, "similar look")
        fresh = sorted(n for n in mine if n not in taken)[:SUGGESTIONS_EACH]
        taken.update(fresh)
        found.extend(Suggestion(decision.id, index.targets[n].key, mine[n]) for n in fresh)
    return tuple(found)
