"""What stages write: frozen records of frames, scenes, boxes, texts and appearances.

Records are msgspec structs: they encode to MessagePack in C and compare by value. All times are whole
microseconds from the source's first frame, polygons are in source pixels after rotation, every score is
0..1 except match scores, which are 0..100. `seq` is the number of the sampling grid point (time * fps),
unique within a source at one sampling rate. None of these records holds a clock time, a path or a UUID of
a run, so that equal inputs give equal bytes.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from engine.domain.geometry import Polygon
from engine.domain.timebase import Span

Surface: TypeAlias = Literal["scene", "caption"]
DetectionSource: TypeAlias = Literal["ocr", "local_vlm", "cloud_llm", "manual"]
Evidence: TypeAlias = Literal["text", "alias", "look", "model", "person"]
Verdict: TypeAlias = Literal["accepted", "review", "unresolved", "denied"]


class Record(msgspec.Struct, frozen=True, gc=False):
    """Base of all stored records."""


class ItemProblem(Record, frozen=True):
    """One bad item that a stage reported and went past: `where` names it, `what` says what was wrong."""

    where: str
    what: str


# Stage 0: extract_frames -------------------------------------------------------------------------------


class FrameRecord(Record, frozen=True, array_like=True):
    """One stored sampled frame. `pts` is in the source's own time base; `image` is the JPEG's blob digest;
    width and height are those of the stored image (scale to source pixels: source width / width)."""

    seq: int
    time: int
    pts: int
    image: str
    width: int
    height: int


class FramesPart(Record, frozen=True):
    """Stage 0 for one chunk. `context` is the grid frame before the chunk (never emitted).
    `stopped_at` is the time (microseconds) at which the file's damage begins, else None."""

    chunk: int
    span: Span
    frames: tuple[FrameRecord, ...]
    context: FrameRecord | None = None
    stopped_at: int | None = None
    problems: tuple[ItemProblem, ...] = ()


# Stage 1: filter_scenes --------------------------------------------------------------------------------


class KeptFrame(Record, frozen=True, array_like=True):
    """A frame that goes on, with the stretches of time it stands for (its own and its near-duplicates')
    and the number of its shot within the chunk. `seconds` of a kept frame is the sum over its spans."""

    seq: int
    spans: tuple[Span, ...]
    shot: int

    @property
    def seconds(self) -> float:
        return sum(s.length for s in self.spans) / 1_000_000


class LostSpan(Record, frozen=True, array_like=True):
    """Time that no kept frame stands for: reason is `black`, `dropped_range` (excluded) or `blurred`,
    `damaged` (unknown)."""

    span: Span
    reason: str


class ScenesPart(Record, frozen=True):
    """Stage 1 for one chunk: kept + excluded + unknown tile the chunk's analysed time. `cuts` are the times
    of shot cuts inside the chunk; `opens_with_cut` says that the chunk's first frame begins a new shot.
    `twins` pairs a dropped near-duplicate's seq with the kept frame that stands for it."""

    chunk: int
    span: Span
    kept: tuple[KeptFrame, ...]
    excluded: tuple[LostSpan, ...] = ()
    unknown: tuple[LostSpan, ...] = ()
    cuts: tuple[int, ...] = ()
    opens_with_cut: bool = False
    twins: tuple[tuple[int, int], ...] = ()


# Stage 2: detect_regions -------------------------------------------------------------------------------


class Box(Record, frozen=True, array_like=True):
    """One region on one frame. `seen` says whether a detector found it on this frame or the track carried
    it here and the pixels confirmed it. `clarity` is the variance of the Laplacian of the crop scaled to
    32 px height (>= 0; 0 where its letters are smeared), `visible` the share of the region inside the picture
    (0..1)."""

    seq: int
    track: int
    polygon: Polygon
    score: float
    detector: str
    seen: Literal["detected", "carried"] = "detected"
    clarity: float = 0.0
    visible: float = 1.0


class Track(Record, frozen=True, array_like=True):
    """The same physical sign followed over neighbouring sampled frames inside one shot of one chunk.
    `static` is the share (0..1) of its steps in which it stood still on screen while the picture behind
    moved: high for captions. `look` is a perceptual hash of its best crop as 16 hex digits ('' unknown).
    `label` is an object detector's class name, '' for text."""

    id: int
    shot: int
    first_seq: int
    last_seq: int
    static: float = 0.0
    look: str = ""
    label: str = ""


class RegionsPart(Record, frozen=True):
    """Stage 2 for one chunk. Track ids count from 0 within the chunk."""

    chunk: int
    tracks: tuple[Track, ...]
    boxes: tuple[Box, ...]
    provider: str = "CPUExecutionProvider"
    problems: tuple[ItemProblem, ...] = ()


# Stage 3: run_ocr --------------------------------------------------------------------------------------


class Reading(Record, frozen=True, array_like=True):
    """One crop's own recognition: which box it was read from, the text and its mean character score."""

    seq: int
    track: int
    polygon: Polygon
    text: str
    score: float


class TextCandidate(Record, frozen=True, array_like=True):
    """Box + text + score. `mode` is `read` where this very box was recognised, `inherited` where the text
    is its track's. `part` counts several lines or pieces on one track, 0 the first."""

    seq: int
    track: int
    polygon: Polygon
    text: str
    text_score: float
    box_score: float
    mode: Literal["read", "inherited"]
    clarity: float = 0.0
    visible: float = 1.0
    part: int = 0


Possible = tuple[tuple[str, tuple[int, ...]], ...]
"""The steps of one crop: for each the possible letters and what they cost (see engine.alternatives)."""


class TrackText(Record, frozen=True, array_like=True):
    """The text voted over a track: winner, score, and what else was read (text, score, votes). `possible` holds
    for each crop of an unsure text the letters that its reader held possible (see engine.alternatives)."""

    track: int
    text: str
    score: float
    others: tuple[tuple[str, float, float], ...] = ()
    part: int = 0
    possible: tuple[Possible, ...] = ()


class TextsPart(Record, frozen=True):
    """Stage 3 for one chunk."""

    chunk: int
    texts: tuple[TrackText, ...]
    candidates: tuple[TextCandidate, ...]
    readings: tuple[Reading, ...] = ()
    provider: str = "CPUExecutionProvider"
    problems: tuple[ItemProblem, ...] = ()


# Stage 4 and on: appearances ---------------------------------------------------------------------------


class Candidate(Record, frozen=True, array_like=True):
    """A brand that an appearance may show: match score 0..100, the tier and the reason in words."""

    brand_id: str
    brand_name: str
    match_score: float
    tier: str
    reason: str
    matched: str = ""


class Seen(Record, frozen=True, array_like=True):
    """One frame of an appearance."""

    seq: int
    polygon: Polygon
    box_score: float
    text_score: float
    mode: Literal["read", "inherited", "look"]
    clarity: float = 0.0
    visible: float = 1.0


class Appearance(Record, frozen=True):
    """A joined track of one brand or one unresolved text: the unit of the review queue and of decisions.

    `key` names it within a run (equal inputs give equal keys). `members` are the (chunk, track) pairs that
    were joined. `confidence` = text score × match score / 100 for accepted ones, 0 for the rest.
    `candidates` are ordered best first. `flags` are the reasons why it is worth a person's look."""

    key: str
    surface: Surface
    text: str
    text_score: float
    verdict: Verdict
    seen: tuple[Seen, ...]
    members: tuple[tuple[int, int], ...]
    brand_id: str = ""
    brand_name: str = ""
    confidence: float = 0.0
    source: DetectionSource = "ocr"
    evidence: Evidence = "text"
    tier: str = ""
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    look: str = ""
    flags: tuple[str, ...] = ()


class Detection(Record, frozen=True, array_like=True):
    """Box + brand + evidence on one frame: what an accepted appearance (or a person's box) says there."""

    seq: int
    polygon: Polygon
    brand_id: str
    brand_name: str
    confidence: float
    source: DetectionSource
    surface: Surface
    text: str
    match_score: float
    evidence: Evidence
    reason: str
    appearance: str
    clarity: float = 0.0
    visible: float = 1.0
    confirmed: bool = True


class LookSeen(Record, frozen=True, array_like=True):
    """One frame on which a brand's reference picture (its blob digest) was found by look, before any threshold:
    score 0..1, clarity as in Box, the share of the polygon inside the picture (0..1)."""

    seq: int
    brand_id: str
    reference: str
    polygon: Polygon
    score: float
    clarity: float = 0.0
    visible: float = 1.0


class MatchPart(Record, frozen=True):
    """Stage 4 (and, with fewer unresolved, stages 5 and 6): all appearances of the job. `looks` are the finds by
    look that the appearances were decided from, so that other thresholds can be tried without a search."""

    appearances: tuple[Appearance, ...]
    funnel: dict[str, int] = {}
    problems: tuple[ItemProblem, ...] = ()
    looks: tuple[LookSeen, ...] = ()


class NewBrand(Record, frozen=True):
    """A brand that a model named and no book knows: unconfirmed until a person says so."""

    brand_id: str
    name: str
    source: DetectionSource


class AskedSheet(Record, frozen=True, array_like=True):
    """A contact sheet as a model saw it: its JPEG's blob digest, and for each of its cells in order the keys of
    the appearances that the cell stands for (none: the blank canary). `note` says why its answer was not used."""

    image: str
    cells: tuple[tuple[str, ...], ...]
    model: str
    note: str = ""


class EscalationPart(Record, frozen=True):
    """Stages 5 and 6. `appearances` replaces the whole list of the stage before; `skipped` holds the reason
    where the stage could not run, `stopped` why it ended before everything was asked. Calls and cost are
    counted, `reused` are answers from memory. A part that is not `lasting` depended on what the world was like
    (a model out of reach, a cap that was hit) and is never used again by another run."""

    appearances: tuple[Appearance, ...]
    skipped: str = ""
    calls: int = 0
    cost_usd: float = 0.0
    reused: int = 0
    new_brands: tuple[NewBrand, ...] = ()
    problems: tuple[ItemProblem, ...] = ()
    stopped: str = ""
    asked: int = 0
    sheets: tuple[AskedSheet, ...] = ()
    lasting: bool = True

    @property
    def saved(self) -> str:
        """What another run is spared that uses this result again, in words; '' where nothing."""
        answers = self.asked + self.reused
        return f"{answers} answers reused, 0.00 USD" if answers else ""

    @property
    def summary(self) -> str:
        """What was asked, saved and spent, in words; '' where nothing was to be asked."""
        said = []
        if self.asked or self.calls:
            said.append(f"{self.asked} signs asked in {self.calls} {'call' if self.calls == 1 else 'calls'}")
        if self.reused:
            said.append(f"{self.reused} answers reused")
        if not said:
            return ""
        cents = self.cost_usd == 0 or self.cost_usd >= 0.01
        said.append(f"{self.cost_usd:.2f} USD" if cents else f"{self.cost_usd:.4f} USD")
        return ", ".join(said) + (f"; stopped early: {self.stopped}" if self.stopped else "")


def detections_of(appearances: tuple[Appearance, ...]) -> list[Detection]:
    """One Detection per frame of every accepted appearance, in the appearances' order."""
    found: list[Detection] = []
    for a in appearances:
        if a.verdict != "accepted":
            continue
        score = a.candidates[0].match_score if a.candidates else 100.0
        for s in a.seen:
            found.append(
                Detection(
                    seq=s.seq,
                    polygon=s.polygon,
                    brand_id=a.brand_id,
                    brand_name=a.brand_name,
                    confidence=round(s.text_score * score / 100, 4),
                    source=a.source,
                    surface=a.surface,
                    text=a.text,
                    match_score=score,
                    evidence=a.evidence,
                    reason=a.reason,
                    appearance=a.key,
                    clarity=s.clarity,
                    visible=s.visible,
                    confirmed=a.source in ("ocr", "manual"),
                )
            )
    return found
