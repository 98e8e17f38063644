"""Appearances found by look: thresholds, what text already says at the same place, rivals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from engine.domain.geometry import Hull, hull, hull_overlap
from engine.domain.records import Appearance, Candidate, LookSeen, Seen
from engine.keys import digest_of
from engine.stage_settings import MatchBrandsSettings
from engine.textfold import fold
from engine.visual.chains import LookChain

REVIEW_BAND = 0.12
"""Marks whose best frame is less than this below the threshold are shown for a decision; frames of an accepted mark
may be as much below it."""
ALONE = 0.1
"""A mark seen on a single frame must be this much surer to count by itself, or to be shown."""
INSIDE = 0.5
"""Share of the smaller place from which text and look show the same thing."""
SAME_PLACE = 0.5
"""Overlap from which two places are one sign."""
MOSTLY = 0.6
"""Share of frames from which something holds for the whole appearance."""
CLOSE = 0.05
"""Two brands whose scores differ by less are shown for a decision."""


def with_looks(
    found: Sequence[Appearance],
    chains: Sequence[LookChain],
    names: Mapping[str, str],
    settings: MatchBrandsSettings,
) -> list[Appearance]:
    """The appearances found by text and those found by look. A frame on which text already gave the same brand
    adds nothing; text that stays unresolved where a mark was accepted is the mark's own and is not asked again."""
    if not chains or not settings.use_looks:
        return list(found)
    told: dict[int, list[tuple[str, Hull]]] = defaultdict(list)
    for a in found:
        if a.verdict == "accepted":
            for s in a.seen:
                told[s.seq].append((a.brand_id, hull(s.polygon)))
    made = (_appearance(chain, told, names, settings) for chain in chains)
    looks = [a for a in made if a is not None]
    marks: dict[int, list[Hull]] = defaultdict(list)
    for a in looks:
        if a.verdict == "accepted":
            for s in a.seen:
                marks[s.seq].append(hull(s.polygon))
    return [a for a in found if not (a.verdict == "unresolved" and _is_mark(a, marks))] + looks


def _is_mark(a: Appearance, marks: Mapping[int, Sequence[Hull]]) -> bool:
    within = sum(
        any(hull_overlap(hull(s.polygon), m) >= SAME_PLACE for m in marks.get(s.seq, ())) for s in a.seen
    )
    return within >= MOSTLY * len(a.seen)


def _appearance(
    chain: LookChain,
    told: Mapping[int, Sequence[tuple[str, Hull]]],
    names: Mapping[str, str],
    settings: MatchBrandsSettings,
) -> Appearance | None:
    threshold = settings.look_threshold
    floor = max(0.0, threshold - REVIEW_BAND)
    frames: list[LookSeen] = []
    rivals: list[tuple[str, float]] = []
    against: Counter[str] = Counter()
    for look, rival in zip(chain.seen, chain.rivals, strict=True):
        if look.score < floor:
            continue
        place = hull(look.polygon)
        around = told.get(look.seq, ())
        if any(brand == look.brand_id and _inside(h, place) >= INSIDE for brand, h in around):
            continue
        frames.append(look)
        if rival is not None and look.score - rival[1] < CLOSE:
            rivals.append(rival)
        against.update({b for b, h in around if b != look.brand_id and hull_overlap(h, place) >= SAME_PLACE})
    if not frames or chain.brand_id not in names:
        return None
    peak = max(frames, key=lambda f: (f.score, -f.seq))
    name = names[chain.brand_id]
    best = Candidate(
        chain.brand_id,
        name,
        round(100 * peak.score, 2),
        "look",
        f"looks like a reference picture of {name} ({peak.score:.2f})",
        peak.reference,
    )
    candidates = [best]
    other = _other_brand(frames, rivals, against, names)
    if other is not None:
        candidates.append(other)
    bonus = ALONE if len(frames) == 1 else 0.0
    if peak.score < floor + bonus:
        return None
    accepted = peak.score >= threshold + bonus and other is None
    return Appearance(
        key=digest_of([frames[0].seq, frames[-1].seq, frames[0].polygon, "look", fold(name)])[:20],
        surface=chain.surface,
        text="",
        text_score=round(sum(f.score for f in frames) / len(frames) / peak.score, 4),
        verdict="accepted" if accepted else "review",
        seen=tuple(_seen(f, peak.score) for f in frames),
        members=(),
        brand_id=chain.brand_id if accepted else "",
        brand_name=name if accepted else "",
        confidence=round(sum(f.score for f in frames) / len(frames), 4) if accepted else 0.0,
        evidence="look",
        tier="look",
        reason=best.reason if other is None else f"{best.reason}; {other.reason}",
        candidates=tuple(candidates),
    )


def _seen(look: LookSeen, peak: float) -> Seen:
    """`text_score` is the frame's share of the best frame's score: times the match score it gives its own."""
    return Seen(
        seq=look.seq,
        polygon=look.polygon,
        box_score=look.score,
        text_score=round(look.score / peak, 4),
        mode="look",
        clarity=look.clarity,
        visible=look.visible,
    )


def _other_brand(
    frames: Sequence[LookSeen],
    rivals: Sequence[tuple[str, float]],
    against: Mapping[str, int],
    names: Mapping[str, str],
) -> Candidate | None:
    """Another brand that has as good a claim: its text stands there, or its look fits about as well."""
    half = len(frames) / 2
    read = [b for b, n in sorted(against.items()) if n >= half and b in names]
    if read:
        return Candidate(read[0], names[read[0]], 100.0, "exact", f"but the text there says {names[read[0]]}")
    fits = Counter(b for b, _ in rivals if b in names)
    for brand, count in sorted(fits.items()):
        if count >= half:
            score = max(s for b, s in rivals if b == brand)
            reason = f"but {names[brand]}'s reference picture fits as well ({score:.2f})"
            return Candidate(brand, names[brand], round(100 * score, 2), "look", reason)
    return None


def _inside(a: Hull, b: Hull) -> float:
    """The common area as a share of the smaller one's, 0..1."""
    wide = min(a.x1, b.x1) - max(a.x0, b.x0)
    high = min(a.y1, b.y1) - max(a.y0, b.y0)
    least = min(a.area, b.area)
    return wide * high / least if wide > 0 and high > 0 and least > 0 else 0.0
