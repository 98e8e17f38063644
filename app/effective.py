"""One appearance under the decisions that hold it: state, brand, place, and what of it counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from app.results import RunResult
from engine.anchoring import MIN_IOU, path_overlap, polygon_at
from engine.domain.decisions import AnchorSample, Decision, DecisionKind, Member, drawn_key
from engine.domain.geometry import Polygon
from engine.domain.records import Appearance, Detection, DetectionSource, Evidence, KeptFrame, Seen, Surface
from engine.domain.timebase import Span

Holding: TypeAlias = tuple[Decision, int]
"""A decision and the number of the member by which it holds an appearance."""
FRAME_NOTE = "frame"
"""Note of a decision on one frame of an appearance: it holds in its member's span only."""
FRAME_MARK = "@"
"""Between an appearance's key and the number of a frame that was split off it."""
CLEAR = 1_000.0
"""Clarity of a box that a person drew or confirmed by eye: they could read it."""


def whole_of(key: str) -> str:
    """The key of the appearance that a piece was split off; a whole one's is its own."""
    return key.partition(FRAME_MARK)[0] if FRAME_MARK in key else key


class State(StrEnum):
    """What people have said about an appearance."""

    UNDECIDED = "undecided"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REASSIGNED = "reassigned"
    UNSURE = "unsure"
    MANUAL = "manual"


OPEN = (State.UNDECIDED, State.UNSURE)
"""States in which the machine's word still waits for a person's."""
_STATES = {
    DecisionKind.CONFIRM: State.CONFIRMED,
    DecisionKind.REJECT: State.REJECTED,
    DecisionKind.REASSIGN: State.REASSIGNED,
    DecisionKind.UNSURE: State.UNSURE,
    DecisionKind.DRAW: State.MANUAL,
}


class EffectiveAppearance(msgspec.Struct, frozen=True, gc=False):
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
class Names:
    """How brands are shown now: redirects of merges (id → id), display names, categories by id, and the ids
    of brands that a person confirmed."""

    redirects: Mapping[str, str]
    names: Mapping[str, str]
    confirmed: Collection[str] = ()

    def resolve(self, brand_id: str) -> str:
        """The id at the end of the redirects (a cycle ends where it began)."""
        onward = self.redirects.get(brand_id)
        if not onward:
            return brand_id
        met = {brand_id}
        while (onward := self.redirects.get(brand_id)) and onward not in met:
            met.add(onward)
            brand_id = onward
        return brand_id

    def name(self, brand_id: str, fallback: str = "") -> str:
        """The display name after redirects; `fallback` for a brand that the book doesn't hold."""
        return self.names.get(self.resolve(brand_id), fallback)


NO_NAMES = Names({}, {})


def pieces_of(
    run: RunResult, machine: Appearance, span: Span, held: Sequence[Holding], names: Names
) -> list[EffectiveAppearance]:
    """The appearance under the decisions that hold it (latest first), and single frames split off it, each with
    its own decision and the key `appearance@seq`. A word on a frame that a later word or a later correction of the
    whole took away stands in the history only."""
    if not held:
        return [_effective(run, machine, span, (), names)]
    single = [pair for pair in held if pair[0].note == FRAME_NOTE]
    others = [pair for pair in held if pair[0].note != FRAME_NOTE]
    whole = _effective(run, machine, span, others, names)
    corrected = max((d.revision for d, _ in others if d.kind is DecisionKind.EDIT), default=-1)
    frames = {s.seq: s for s in machine.seen} | {s.seq: s for s in whole.seen}
    kept = {s.seq for s in whole.seen}
    pieces: list[EffectiveAppearance] = []
    overruled: list[Decision] = []
    taken: set[int] = set()
    for decision, member in single:
        own = decision.members[member].span
        there = [seq for seq in frames if own.holds(run.time_of(seq))]
        fresh = [seq for seq in there if seq not in taken and (seq in kept or decision.revision > corrected)]
        if there and not fresh:
            overruled.append(decision)
        for seq in fresh:
            taken.add(seq)
            alone = replace(machine, seen=(frames[seq],))
            piece = _effective(run, alone, run.span_between(seq, seq), [(decision, member)], names)
            pieces.append(replace(piece, key=f"{machine.key}{FRAME_MARK}{seq}"))
    if taken or overruled:
        left = tuple(s for s in whole.seen if s.seq not in taken)
        whole = replace(
            whole, seen=left, counts=whole.counts and bool(left), history=(*whole.history, *overruled)
        )
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


def drawn_by(
    run: RunResult, decision: Decision, number: int, member: Member, names: Names
) -> EffectiveAppearance:
    brand_id = names.resolve(decision.brand_id) if decision.brand_id else ""
    seen = _along(run, member, ())
    return EffectiveAppearance(
        key=drawn_key(decision, number),
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
            found.append(replace(known, polygon=poly))
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


def detections_of(a: EffectiveAppearance) -> list[Detection]:
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


def already_there(polygons: Iterable[Polygon], drawn: Polygon) -> bool:
    """True where a sign of the same brand was already counted in this place of the frame."""
    here = (AnchorSample(0, drawn),)
    return any(path_overlap((AnchorSample(0, p),), here, Span(0, 1)) >= MIN_IOU for p in polygons)
