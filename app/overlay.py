"""What is shown and counted: run output + people's decisions, never one in place of the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Protocol, TypeAlias

import msgspec

from app.results import ResultLibrary, RunResult, load_run
from engine.anchoring import (
    MIN_IOU,
    Anchoring,
    Suggestion,
    Target,
    anchor,
    path_overlap,
    polygon_at,
    thin,
)
from engine.domain.brands import KnownBrand
from engine.domain.decisions import AnchorSample, Decision, DecisionKind, Member
from engine.domain.figures import ExposureFigures
from engine.domain.geometry import Polygon
from engine.domain.records import Appearance, Detection, DetectionSource, Evidence, KeptFrame, Seen, Surface
from engine.domain.timebase import Span
from engine.exposure import exposure_figures

Holding: TypeAlias = tuple[Decision, int]
"""A decision and the number of the member by which it holds an appearance."""
FRAME_NOTE = "frame"
"""Note of a decision on one frame of an appearance: it holds in its member's span only."""
FRAME_MARK = "@"
"""Between an appearance's key and the number of a frame that was split off it."""
CLEAR = 1_000.0
"""Clarity of a box that a person drew or confirmed by eye: they could read it."""


class State(StrEnum):
    """What people have said about an appearance."""

    UNDECIDED = "undecided"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REASSIGNED = "reassigned"
    UNSURE = "unsure"
    MANUAL = "manual"


_STATES = {
    DecisionKind.CONFIRM: State.CONFIRMED,
    DecisionKind.REJECT: State.REJECTED,
    DecisionKind.REASSIGN: State.REASSIGNED,
    DecisionKind.UNSURE: State.UNSURE,
    DecisionKind.DRAW: State.MANUAL,
}


@dataclass(frozen=True, slots=True)
class EffectiveAppearance:
    """An appearance as people see it. `machine` is what the run says (None: drawn by a person), `brand_id`
    and `brand_name` what holds now, redirects followed ('' where nobody knows). `counts` says whether it
    enters figures, `changed` that the machine now says something else than when it was decided, `edited`
    that a person corrected its place or time."""

    key: str
    state: State
    machine: Appearance | None
    span: Span
    seen: tuple[Seen, ...]
    surface: Surface
    text: str
    brand_id: str = ""
    brand_name: str = ""
    counts: bool = False
    confirmed: bool = True
    changed: bool = False
    edited: bool = False
    decision: Decision | None = None
    history: tuple[Decision, ...] = ()

    @property
    def decided(self) -> bool:
        return self.state is not State.UNDECIDED


@dataclass(frozen=True, slots=True)
class OrphanedDecision:
    """A decision's member that nothing in this run answers to, and why."""

    decision: Decision
    member: Member
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Names:
    """How brands are shown now: redirects of merges (id → id), display names, categories by id, and the ids
    of brands that a person confirmed."""

    redirects: Mapping[str, str]
    names: Mapping[str, str]
    confirmed: Collection[str] = ()

    def resolve(self, brand_id: str) -> str:
        """The id at the end of the redirects (a cycle ends where it began)."""
        met = {brand_id}
        while (onward := self.redirects.get(brand_id)) and onward not in met:
            met.add(onward)
            brand_id = onward
        return brand_id

    def name(self, brand_id: str, fallback: str = "") -> str:
        """The display name after redirects; `fallback` for a brand that the book doesn't hold."""
        return self.names.get(self.resolve(brand_id), fallback)


NO_NAMES = Names({}, {})


@dataclass(frozen=True)
class Overlay:
    """Run output + decisions at `revision` (the highest of the decisions' revisions)."""

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
        """Effective detections: one per frame of every appearance that counts."""
        found: list[Detection] = []
        taken: dict[tuple[str, int], list[Polygon]] = defaultdict(list)
        for a in sorted(self.appearances, key=lambda a: a.state is State.MANUAL):
            if not a.counts:
                continue
            for d in _detections_of(a):
                if a.state is State.MANUAL and _already_there(taken[a.brand_id, d.seq], d.polygon):
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
    targets = [target_of(run, a) for a in run.appearances]
    anchoring = anchor(decisions, targets, analysed=run.analysed, lost=run.lost, job_id=run.job.id)
    known = {d.id: d for d in decisions}
    on = _decisions_on(anchoring, known)
    shown: list[EffectiveAppearance] = []
    for a, target in zip(run.appearances, targets, strict=True):
        shown += _pieces(run, a, target.span, on.get(a.key, ()), names)
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
                drawn = _drawn(run, decision, number, member, names)
                if drawn.seen:
                    shown.append(drawn)
                else:
                    reason = "no analysed frame in its time"
                    orphans.append(OrphanedDecision(decision, member, number, reason))
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
        whole = a.key.partition(FRAME_MARK)[0]
        if whole not in held:
            shown.append(a)
        elif a.key == whole and a.machine is not None:
            machine = run.by_key[whole]
            latest = sorted(held[whole], key=lambda pair: (-pair[0].revision, pair[0].id))
            shown += _pieces(run, machine, run.span_of(machine), latest, names)
    newest = max((d.revision for found in held.values() for d, _ in found), default=0)
    return replace(overlay, names=names, appearances=tuple(shown), revision=max(overlay.revision, newest))


def target_of(run: RunResult, appearance: Appearance) -> Target:
    """An appearance as anchoring sees it."""
    return Target(
        key=appearance.key,
        span=run.span_of(appearance),
        samples=tuple(AnchorSample(run.time_of(s.seq), s.polygon) for s in appearance.seen),
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


def _pieces(
    run: RunResult, machine: Appearance, span: Span, held: Sequence[Holding], names: Names
) -> list[EffectiveAppearance]:
    """The appearance under the decisions that hold it (latest first), and single frames split off it, each with
    its own decision and the key `appearance@seq`."""
    single = [pair for pair in held if pair[0].note == FRAME_NOTE]
    whole = _effective(run, machine, span, [pair for pair in held if pair[0].note != FRAME_NOTE], names)
    pieces: list[EffectiveAppearance] = []
    taken: set[int] = set()
    for decision, member in single:
        own = decision.members[member].span
        for s in whole.seen:
            if s.seq in taken or not own.holds(run.time_of(s.seq)):
                continue
            taken.add(s.seq)
            alone = msgspec.structs.replace(machine, seen=(s,))
            piece = _effective(run, alone, run.span_between(s.seq, s.seq), [(decision, member)], names)
            pieces.append(replace(piece, key=f"{machine.key}{FRAME_MARK}{s.seq}"))
    if taken:
        left = tuple(s for s in whole.seen if s.seq not in taken)
        whole = replace(whole, seen=left, counts=whole.counts and bool(left))
    return [whole, *pieces]


def _effective(
    run: RunResult,
    machine: Appearance,
    span: Span,
    held: Sequence[Holding],
    names: Names,
) -> EffectiveAppearance:
    verdicts = [d for d, _ in held if d.kind in _STATES and d.kind is not DecisionKind.DRAW]
    edits = [d for d, _ in held if d.kind is DecisionKind.EDIT]
    decision = verdicts[0] if verdicts else None
    state = _STATES[decision.kind] if decision is not None else State.UNDECIDED
    brand_id, brand_name = machine.brand_id, machine.brand_name
    counts = machine.verdict == "accepted"
    if decision is not None and decision.kind in (DecisionKind.CONFIRM, DecisionKind.REASSIGN):
        if decision.brand_id or decision.brand_name:
            brand_id, brand_name = decision.brand_id, decision.brand_name
        elif not (brand_id or brand_name) and machine.candidates:
            brand_id, brand_name = machine.candidates[0].brand_id, machine.candidates[0].brand_name
        counts = bool(brand_id or brand_name)
    elif decision is not None and decision.kind is DecisionKind.REJECT:
        counts = False
    if brand_id:
        brand_id = names.resolve(brand_id)
        brand_name = names.name(brand_id, brand_name)
    by_person = state in (State.CONFIRMED, State.REASSIGNED)
    seen = machine.seen
    if edits:
        seen, span = _edited(run, machine, edits[0], span)
    return EffectiveAppearance(
        key=machine.key,
        state=state,
        machine=machine,
        span=span,
        seen=seen,
        surface=machine.surface,
        text=machine.text,
        brand_id=brand_id,
        brand_name=brand_name,
        counts=counts and bool(seen),
        confirmed=by_person or machine.source in ("ocr", "manual") or brand_id in names.confirmed,
        changed=any(_changed(run, machine, d, m, names) for d, m in held if d is decision),
        edited=bool(edits),
        decision=decision if decision is not None else (edits[0] if edits else None),
        history=tuple(d for d, _ in held),
    )


def _changed(run: RunResult, machine: Appearance, decision: Decision, member: int, names: Names) -> bool:
    """True where another run than the one that was decided on now says something else: a brand other than
    the confirmed or rejected one. A reassigned appearance never was what the machine said."""
    if decision.kind not in (DecisionKind.CONFIRM, DecisionKind.REJECT) or not decision.brand_id:
        return False
    if decision.members[member].job_id == run.job.id:
        return False
    says = machine.brand_id or (machine.candidates[0].brand_id if machine.candidates else "")
    return bool(says) and names.resolve(says) != names.resolve(decision.brand_id)


def _edited(run: RunResult, machine: Appearance, edit: Decision, span: Span) -> tuple[tuple[Seen, ...], Span]:
    """The appearance as a person corrected it: the correction's span and path stand in for the machine's."""
    correction = edit.members[-1]
    return _along(run, correction, machine.seen), correction.span if correction.span.length else span


def _drawn(
    run: RunResult, decision: Decision, number: int, member: Member, names: Names
) -> EffectiveAppearance:
    brand_id = names.resolve(decision.brand_id) if decision.brand_id else ""
    seen = _along(run, member, ())
    return EffectiveAppearance(
        key=f"{decision.id}:{number}",
        state=State.MANUAL,
        machine=None,
        span=member.span,
        seen=seen,
        surface="scene",
        text=member.text,
        brand_id=brand_id,
        brand_name=names.name(brand_id, decision.brand_name) if brand_id else decision.brand_name,
        counts=bool(brand_id or decision.brand_name) and bool(seen),
        decision=decision,
        history=(decision,),
    )


def _along(run: RunResult, member: Member, machine: Sequence[Seen]) -> tuple[Seen, ...]:
    """A person's path on every kept frame of its span. Where the machine saw the sign on the same frame, its
    clarity is kept; elsewhere the person's eye is taken for it."""
    if not member.samples:
        return ()
    by_seq = {s.seq: s for s in machine}
    found = []
    for frame in _frames_in(run, member.span):
        poly = polygon_at(member.samples, run.time_of(frame.seq))
        known = by_seq.get(frame.seq)
        if known is not None:
            found.append(msgspec.structs.replace(known, polygon=poly))
        else:
            found.append(
                Seen(frame.seq, poly, box_score=1.0, text_score=1.0, mode="read", clarity=CLEAR, visible=1.0)
            )
    return tuple(found)


def _frames_in(run: RunResult, span: Span) -> list[KeptFrame]:
    """Kept frames whose own time lies in the span; without any, the one on display at its start."""
    inside = run.kept_between(span)
    if not inside:
        at = run.frame_at(span.start)
        keeper = run.stands_for.get(at) if at is not None else None
        if keeper is not None:
            inside = [run.kept[keeper]]
    return inside


def _detections_of(a: EffectiveAppearance) -> list[Detection]:
    source: DetectionSource = "manual" if a.machine is None else a.machine.source
    by_person = a.state in (State.CONFIRMED, State.REASSIGNED, State.MANUAL)
    evidence: Evidence = "person"
    score, reason = 100.0, _REASONS.get(a.state, "")
    if a.machine is not None and a.state not in (State.REASSIGNED, State.MANUAL):
        evidence = a.machine.evidence
        score = a.machine.candidates[0].match_score if a.machine.candidates else 100.0
        reason = a.machine.reason or reason
    return [
        Detection(
            seq=s.seq,
            polygon=s.polygon,
            brand_id=a.brand_id,
            brand_name=a.brand_name,
            confidence=1.0 if by_person else round(s.text_score * score / 100, 4),
            source=source,
            surface=a.surface,
            text=a.text,
            match_score=score,
            evidence=evidence,
            reason=reason,
            appearance=a.key,
            clarity=s.clarity,
            visible=s.visible,
            confirmed=a.confirmed,
        )
        for s in a.seen
    ]


_REASONS = {
    State.CONFIRMED: "confirmed by a person",
    State.REASSIGNED: "reassigned by a person",
    State.MANUAL: "drawn by a person",
}


def _already_there(polygons: Iterable[Polygon], drawn: Polygon) -> bool:
    """True where a sign of the same brand was already counted in this place of the frame."""
    here = (AnchorSample(0, drawn),)
    return any(path_overlap((AnchorSample(0, p),), here, Span(0, 1)) >= MIN_IOU for p in polygons)


class _Decisions(Protocol):
    def of_source(self, source_id: str) -> Sequence[Decision]: ...


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
    return build_overlay(run, library.decisions.of_source(run.source.id), names_of(library.brands.all()))
