"""Rows of the review queue: what is worth a person's look, how much is at stake, where the best crop is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from app.effective import OPEN
from app.overlay import EffectiveAppearance, Names, OrphanedDecision, Overlay, State
from app.results import RunResult
from engine.anchoring import polygon_at
from engine.domain.geometry import Polygon
from engine.domain.records import Appearance, Surface
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from engine.stage_settings import MatchBrandsSettings
from engine.textfold import fold_compact

LONG_SECONDS = 3.0
"""An unresolved text is flagged from so many seconds on screen."""
CAPTION_SHARE = 0.25
"""Captions stay outside the default totals: less is at stake in them."""
MODELS = ("local_vlm", "cloud_llm")


class Flag(StrEnum):
    """Why a row is worth a person's look."""

    LONG = "long"
    """Unresolved text seen for long."""
    BAND = "band"
    """Score inside the review band."""
    CLOSE = "close"
    """Two brands within the margin."""
    NEW = "new"
    """The brand is seen for the first time in this run."""
    MODEL = "model"
    """Answered by a model rather than by a match."""
    CHANGED = "changed"
    """The machine says something else than when it was decided."""
    ORPHAN = "orphan"
    """A decision that nothing in this run answers to."""
    ALIKE = "alike"
    """Looks or reads like something that was decided."""


class CropRef(msgspec.Struct, frozen=True, gc=False):
    """Where an appearance is seen best: frame number, its time (microseconds), the stored image's digest ('' where
    none is stored), the polygon in source pixels."""

    seq: int
    time: int
    image: str
    polygon: Polygon


class QueueRow(msgspec.Struct, frozen=True, gc=False):
    """One row: an appearance, or a group of look-alike ones that are decided together. `key` is the first member's.
    `proposed` says that the brand is the machine's proposal, not yet counted. `score` is the best candidate's
    match score (0..100), `uncertainty` 0..1, `seconds` on screen of all members; `span` goes from the first
    member's start to the last one's end. `verdict` and `evidence` are the machine's ("look": found by a reference
    picture). `reason` is an orphan's; `orphan` its decision's id and member."""

    key: str
    keys: tuple[str, ...]
    text: str
    brand_id: str
    brand_name: str
    proposed: bool
    state: State
    surface: Surface
    flags: frozenset[Flag]
    score: float
    seconds: float
    uncertainty: float
    span: Span
    crop: CropRef | None
    verdict: str = ""
    evidence: str = ""
    reason: str = ""
    orphan: tuple[str, int] | None = None

    @property
    def stake(self) -> float:
        """What the order goes by: exposure seconds × uncertainty."""
        return self.seconds * self.uncertainty

    @property
    def decided(self) -> bool:
        """True where nothing is left to decide: unsure and changed ones may still be asked for by their flags."""
        return self.state is not State.UNDECIDED and self.orphan is None


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which rows are shown; empty fields let everything through. `flags`: rows that have one of these. `text` is
    looked for in text and brand. Denied texts are shown only with `denied`."""

    undecided: bool = False
    flagged: bool = False
    flags: frozenset[Flag] = frozenset()
    states: frozenset[State] = frozenset()
    brand_id: str = ""
    surface: str = ""
    evidence: str = ""
    text: str = ""
    denied: bool = False

    def lets(self, rows: Iterable[QueueRow]) -> list[QueueRow]:
        """The rows that pass, in their order."""
        left = list(rows)
        if not self.denied:
            left = [r for r in left if r.verdict != "denied" or r.state is not State.UNDECIDED]
        if self.undecided:
            left = [r for r in left if r.state is State.UNDECIDED or r.orphan is not None]
        if self.flagged:
            left = [r for r in left if r.flags]
        if self.flags:
            left = [r for r in left if not self.flags.isdisjoint(r.flags)]
        if self.states:
            left = [r for r in left if r.state in self.states]
        if self.brand_id:
            left = [r for r in left if r.brand_id == self.brand_id]
        if self.surface:
            left = [r for r in left if r.surface == self.surface]
        if self.evidence:
            left = [r for r in left if r.evidence == self.evidence]
        return self._reading(left) if self.text.strip() else left

    def _reading(self, rows: Iterable[QueueRow]) -> list[QueueRow]:
        """The rows that hold the text, as it is or folded."""
        sought = fold_compact(self.text)
        plain = self.text.casefold().strip()
        return [
            r
            for r in rows
            if plain in r.text.casefold()
            or plain in r.brand_name.casefold()
            or (bool(sought) and (sought in fold_compact(r.text) or sought in fold_compact(r.brand_name)))
        ]


EVERYTHING = QueueFilter()


@dataclass(slots=True)
class Facts:
    """What of a run's appearances does not change with decisions: seconds, best crop, folded text."""

    run: RunResult
    seconds_of: dict[int, float] = field(init=False)
    known: dict[str, tuple[float, CropRef | None, str]] = field(default_factory=dict)
    margin: float = field(init=False)
    accept: float = field(init=False)
    review: float = field(init=False)

    def __post_init__(self) -> None:
        self.seconds_of = {seq: kept.seconds for seq, kept in self.run.kept.items()}
        settings = self.run.settings[StageName.MATCH_BRANDS]
        assert isinstance(settings, MatchBrandsSettings)
        self.margin, self.accept, self.review = settings.margin, settings.accept, settings.review

    def of(self, a: EffectiveAppearance) -> tuple[float, CropRef | None, str]:
        """(seconds on screen, best crop, folded text); edited, drawn and split ones are not remembered."""
        plain = a.machine is not None and a.seen is a.machine.seen
        found = self.known.get(a.key) if plain else None
        if found is None:
            found = (*self._seen(a), fold_compact(a.text))
            if plain:
                self.known[a.key] = found
        return found

    def _seen(self, a: EffectiveAppearance) -> tuple[float, CropRef | None]:
        """Seconds on screen, and where it is seen best."""
        if not a.seen:
            return 0.0, None
        seconds_of = self.seconds_of.get
        seconds, best, top = 0.0, a.seen[0], -1.0
        for s in a.seen:
            seconds += seconds_of(s.seq, 0.0)
            worth = s.clarity * s.visible * s.text_score
            if worth > top:
                best, top = s, worth
        frame = self.run.frames.get(best.seq)
        picture = (frame.time, frame.image) if frame is not None else (0, "")
        return seconds, CropRef(best.seq, *picture, best.polygon)


def uncertainty(
    a: EffectiveAppearance, machine: Appearance | None, flags: Collection[Flag], facts: Facts
) -> float:
    """How unsure the answer is, 0..1: nothing where a person decided and nothing changed since; a half where
    nobody knows; highest where the machine turned against a decision or two brands are close."""
    if Flag.CHANGED in flags:
        return 0.95
    if machine is None:
        return 0.0
    if a.state is State.UNSURE:
        return 0.5
    if a.state is not State.UNDECIDED:
        return 0.0
    score = machine.candidates[0].match_score if machine.candidates else 0.0
    if machine.verdict == "review":
        width = max(1.0, facts.accept - facts.review)
        found = 0.55 + 0.35 * min(1.0, max(0.0, (score - facts.review) / width))
    elif machine.verdict == "unresolved":
        found = 0.5 * machine.text_score
    elif machine.verdict == "denied":
        found = 0.02
    else:
        found = max(0.02, 1.0 - machine.text_score * score / 100.0)
    if Flag.CLOSE in flags:
        found = max(found, 0.9)
    if Flag.MODEL in flags:
        found = max(found, 0.7)
    if Flag.ALIKE in flags:
        found = max(found, 0.6)
    if Flag.NEW in flags:
        found = max(found, 0.4)
    return found * (CAPTION_SHARE if a.surface == "caption" else 1.0)


def flags_of(
    a: EffectiveAppearance, seconds: float, facts: Facts, first_seen: Collection[str], alike: Collection[str]
) -> frozenset[Flag]:
    """The reasons why this appearance is worth a look. `first_seen`: keys of the appearances by which a brand came
    up for the first time; `alike`: keys that resemble something decided."""
    found = []
    machine = a.machine
    if a.changed:
        found.append(Flag.CHANGED)
    if machine is not None and a.state is State.UNDECIDED:
        if machine.verdict == "unresolved" and seconds >= LONG_SECONDS and a.surface == "scene":
            found.append(Flag.LONG)
        if machine.verdict == "review":
            found.append(Flag.BAND)
        few = machine.candidates
        if (
            len(few) > 1
            and machine.verdict != "denied"
            and few[0].match_score - few[1].match_score < facts.margin
        ):
            found.append(Flag.CLOSE)
        if machine.source in MODELS:
            found.append(Flag.MODEL)
        if a.key in first_seen:
            found.append(Flag.NEW)
        if a.key in alike:
            found.append(Flag.ALIKE)
    return frozenset(found)


def proposal(a: EffectiveAppearance, overlay: Overlay) -> tuple[str, str, bool]:
    """(brand id, name, True where it is only proposed) of what is shown for an appearance."""
    if a.brand_id or a.brand_name:
        return a.brand_id, a.brand_name, False
    if a.machine is not None and a.machine.candidates and a.state in OPEN:
        top = a.machine.candidates[0]
        brand_id = overlay.names.resolve(top.brand_id)
        return brand_id, overlay.names.name(brand_id, top.brand_name), True
    return "", "", False


def orphan_row(orphan: OrphanedDecision, run: RunResult, names: Names) -> QueueRow:
    """A row for a decision's member that found no place in this run, with the picture of its time."""
    member, decision = orphan.member, orphan.decision
    crop = None
    if member.samples:
        middle = member.samples[len(member.samples) // 2]
        near = min(run.frames.values(), key=lambda f: abs(f.time - middle.time), default=None)
        if near is not None:
            crop = CropRef(near.seq, near.time, near.image, polygon_at(member.samples, near.time))
    state = {
        "confirm": State.CONFIRMED,
        "reject": State.REJECTED,
        "reassign": State.REASSIGNED,
        "unsure": State.UNSURE,
        "draw": State.MANUAL,
    }.get(str(decision.kind), State.CONFIRMED)
    key = f"orphan:{decision.id}:{orphan.number}"
    return QueueRow(
        key=key,
        keys=(),
        text=member.text,
        brand_id=names.resolve(decision.brand_id),
        brand_name=names.name(decision.brand_id, decision.brand_name),
        proposed=False,
        state=state,
        surface="scene",
        flags=frozenset({Flag.ORPHAN}),
        score=0.0,
        seconds=member.span.seconds,
        uncertainty=0.8,
        span=member.span,
        crop=crop,
        reason=orphan.reason,
        orphan=(decision.id, orphan.number),
    )
