"""What is shown and counted: run output + people's decisions, never one in place of the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, overload

import msgspec

from app.effective import (
    FRAME_MARK,
    FRAME_NOTE,
    NO_NAMES,
    EffectiveAppearance,
    Holding,
    Names,
    State,
    already_there,
    detections_of,
    drawn_by,
    pieces_of,
    whole_of,
)
from app.results import ResultLibrary, RunResult, appearances_of, load_run
from engine.anchoring import (
    Anchoring,
    Suggestion,
    Target,
    anchor,
    thin,
)
from engine.domain.brands import KnownBrand
from engine.domain.decisions import AnchorSample, Decision, DecisionKind, Member
from engine.domain.figures import ExposureFigures
from engine.domain.geometry import Polygon
from engine.domain.records import Appearance, Detection, Seen
from engine.exposure import exposure_figures

__all__ = [
    "FRAME_MARK",
    "FRAME_NOTE",
    "NO_NAMES",
    "EffectiveAppearance",
    "Names",
    "OrphanedDecision",
    "Overlay",
    "State",
    "build_overlay",
    "count_decided",
    "load_overlay",
    "member_of",
    "names_of",
    "redecided",
    "target_of",
]


@dataclass(frozen=True, slots=True)
class OrphanedDecision:
    """A decision's member that nothing in this run answers to, and why."""

    decision: Decision
    member: Member
    number: int
    reason: str


@dataclass(frozen=True)
class Overlay:
    """Run output + decisions at `revision`: how often the source's decisions had changed by then, or without a library
    the highest of their revisions."""

    run: RunResult
    names: Names
    revision: int
    appearances: tuple[EffectiveAppearance, ...]
    orphans: tuple[OrphanedDecision, ...]
    suggestions: tuple[Suggestion, ...]

    @cached_property
    def by_key(self) -> Mapping[str, EffectiveAppearance]:
        return {a.key: a for a in self.appearances}

    @cached_property
    def counters(self) -> Mapping[State, int]:
        """Appearances by state."""
        counts = Counter(a.state for a in self.appearances)
        return {state: counts[state] for state in State}

    @cached_property
    def detections(self) -> list[Detection]:
        """Effective detections: one per frame of every appearance that counts. What a person drew or corrected counts
        once: the machine may see it too, or in pieces that each got the whole correction."""
        found: list[Detection] = []
        taken: dict[tuple[str, int], list[Polygon]] = defaultdict(list)
        for a in sorted(self.appearances, key=lambda a: (a.state is State.MANUAL, a.edited)):
            if not a.counts:
                continue
            by_person = a.edited or a.state is State.MANUAL
            for d in detections_of(a):
                if by_person and already_there(taken[a.brand_id, d.seq], d.polygon):
                    continue
                taken[a.brand_id, d.seq].append(d.polygon)
                found.append(d)
        return found

    @cached_property
    def machine_detections(self) -> list[Detection]:
        """The run's own detections with the brands' names of today (merges followed)."""
        return [self._renamed(d) for d in self.run.detections]

    @cached_property
    def machine(self) -> ExposureFigures:
        """Figures of the run alone."""
        return self._figures(self.machine_detections)

    @cached_property
    def effective(self) -> ExposureFigures:
        """Figures of run + decisions: the same function over the effective detections."""
        return self._figures(self.detections)

    def _figures(self, detections: Sequence[Detection]) -> ExposureFigures:
        return exposure_figures(
            self.run.kept.values(), detections, self.run.report_settings, self.run.picture
        )

    def _renamed(self, d: Detection) -> Detection:
        brand_id = self.names.resolve(d.brand_id)
        name = self.names.name(brand_id, d.brand_name)
        confirmed = d.confirmed or brand_id in self.names.confirmed
        if (brand_id, name, confirmed) == (d.brand_id, d.brand_name, d.confirmed):
            return d
        return msgspec.structs.replace(d, brand_id=brand_id, brand_name=name, confirmed=confirmed)


def build_overlay(run: RunResult, decisions: Iterable[Decision], names: Names = NO_NAMES) -> Overlay:
    """Lay the source's decisions over one run. Pure: equal inputs give an equal overlay."""
    decisions = tuple(decisions)
    anchoring = Anchoring((), ())
    if any(d.active for d in decisions):
        targets = [target_of(run, a) for a in run.appearances]
        anchoring = anchor(decisions, targets, analysed=run.analysed, lost=run.lost, job_id=run.job.id)
    known = {d.id: d for d in decisions}
    on = _decisions_on(anchoring, known)
    shown: list[EffectiveAppearance] = []
    for a in run.appearances:
        shown += pieces_of(run, a, run.span_of(a), on.get(a.key, ()), names)
    orphans = [
        OrphanedDecision(known[o.decision], known[o.decision].members[o.member], o.member, o.reason)
        for o in anchoring.orphans
    ]
    held = {(o.decision, o.member) for o in anchoring.orphans}
    for decision in decisions:
        if decision.active and decision.kind is DecisionKind.DRAW:
            for number, member in enumerate(decision.members):
                if (decision.id, number) in held:
                    continue
                drawn = drawn_by(run, decision, number, member, names)
                if drawn.seen:
                    shown.append(drawn)
                else:
                    reason = "no analysed frame in its time"
                    orphans.append(OrphanedDecision(decision, member, number, reason))
    told = {d.id for a in shown for d in a.history}
    for item in anchoring.anchors:
        decision = known[item.decision]
        if decision.note == FRAME_NOTE and decision.id not in told:
            told.add(decision.id)
            reason = "the sign is not seen on that frame now"
            orphans.append(OrphanedDecision(decision, decision.members[item.member], item.member, reason))
    return Overlay(
        run=run,
        names=names,
        revision=max((d.revision for d in decisions), default=0),
        appearances=tuple(shown),
        orphans=tuple(orphans),
        suggestions=anchoring.suggestions,
    )


def redecided(overlay: Overlay, held: Mapping[str, Sequence[Holding]], names: Names) -> Overlay:
    """The overlay with other decisions on a few appearances: `held` names them by key, with all active decisions
    that hold each now and by which member. What was drawn, orphans and suggestions stay as they were."""
    run = overlay.run
    shown: list[EffectiveAppearance] = []
    for a in overlay.appearances:
        whole = whole_of(a.key)
        if whole not in held:
            shown.append(a)
        elif a.key == whole and a.machine is not None:
            machine = run.by_key[whole]
            latest = sorted(held[whole], key=lambda pair: (-pair[0].revision, pair[0].id))
            shown += pieces_of(run, machine, run.span_of(machine), latest, names)
    newest = max((d.revision for found in held.values() for d, _ in found), default=0)
    return replace(overlay, names=names, appearances=tuple(shown), revision=max(overlay.revision, newest))


class _Path(Sequence[AnchorSample]):
    """An appearance's path, made when anchoring looks at it: of 20,000 appearances it looks at those that share
    time with a decision."""

    __slots__ = ("_made", "_run", "_seen")

    def __init__(self, run: RunResult, seen: tuple[Seen, ...]) -> None:
        self._run, self._seen = run, seen
        self._made: tuple[AnchorSample, ...] | None = None

    def _samples(self) -> tuple[AnchorSample, ...]:
        if self._made is None:
            self._made = tuple(AnchorSample(self._run.time_of(s.seq), s.polygon) for s in self._seen)
        return self._made

    def __len__(self) -> int:
        return len(self._seen)

    @overload
    def __getitem__(self, place: int) -> AnchorSample: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[AnchorSample, ...]: ...

    def __getitem__(self, place: int | slice) -> AnchorSample | tuple[AnchorSample, ...]:
        return self._samples()[place]

    def __iter__(self) -> Iterator[AnchorSample]:
        return iter(self._samples())


def target_of(run: RunResult, appearance: Appearance) -> Target:
    """An appearance as anchoring sees it."""
    return Target(
        key=appearance.key,
        span=run.span_of(appearance),
        samples=_Path(run, appearance.seen),
        text=appearance.text,
        look=appearance.look,
        tokens=run.track_tokens(appearance),
    )


def member_of(run: RunResult, appearance: Appearance) -> Member:
    """An appearance as a decision remembers it."""
    target = target_of(run, appearance)
    return Member(
        span=target.span,
        samples=thin(target.samples),
        text=appearance.text,
        look=appearance.look,
        job_id=run.job.id,
        appearance=appearance.key,
        parts=target.tokens,
    )


def _decisions_on(anchoring: Anchoring, known: Mapping[str, Decision]) -> dict[str, tuple[Holding, ...]]:
    """The decisions that hold each appearance, the latest word first."""
    found: dict[str, list[Holding]] = defaultdict(list)
    for item in anchoring.anchors:
        found[item.target].append((known[item.decision], item.member))
    for held in found.values():
        held.sort(key=lambda pair: (-pair[0].revision, pair[0].id))
    return {key: tuple(held) for key, held in found.items()}


class _Decisions(Protocol):
    def of_source(self, source_id: str) -> Sequence[Decision]: ...

    def revision(self, source_id: str) -> int: ...


class _Brands(Protocol):
    def all(self) -> Iterable[KnownBrand]: ...


class OverlayLibrary(ResultLibrary, Protocol):
    """What loading an overlay needs of a library."""

    @property
    def decisions(self) -> _Decisions: ...

    @property
    def brands(self) -> _Brands: ...


def names_of(brands: Iterable[KnownBrand]) -> Names:
    """How the brands of a library are shown now."""
    brands = tuple(brands)
    return Names(
        redirects={b.id: b.merged_into for b in brands if b.merged_into},
        names={b.id: b.canonical_name for b in brands},
        confirmed=frozenset(b.id for b in brands if b.confirmed),
    )


def load_overlay(library: OverlayLibrary, job_id: str) -> Overlay:
    """A run with the source's decisions of this moment over it."""
    run = load_run(library, job_id)
    revision = library.decisions.revision(run.source.id)
    decisions = library.decisions.of_source(run.source.id)
    return replace(build_overlay(run, decisions, names_of(library.brands.all())), revision=revision)


def count_decided(library: OverlayLibrary, job_id: str) -> tuple[int, int]:
    """(decided, undecided) appearances of a finished run. Without decisions on its source no run is loaded."""
    if not library.decisions.of_source(library.jobs.get(job_id).source_asset_id):
        return 0, appearances_of(library, job_id)
    appearances = load_overlay(library, job_id).appearances
    decided = sum(a.decided for a in appearances)
    return decided, len(appearances) - decided
