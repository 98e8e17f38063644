"""Join tracks into signs: the same physical sign over chunk borders, the same overlay over the whole video.

A `Sign` is what one appearance is made of: its members (chunk, track), its voted text and every frame in
which it was seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from msgspec.structs import replace
from rapidfuzz import fuzz

from engine.alternatives import Steps
from engine.domain.geometry import Polygon, at_sides, hull, hull_overlap, text_height, text_width
from engine.domain.records import RegionsPart, ScenesPart, TextCandidate, TextsPart, Track, TrackText
from engine.textfold import fold

BORDER_STEPS = 2
"""A track may end or begin this many kept frames away from a chunk border and still go on beyond it."""
MOVED = 0.2
"""Farthest that a sign may have moved over a border, as a share of the picture's width."""
SAME_TEXT = 70.0
"""Similarity (0..100) of two readings of one sign."""
SAME_PLACE = 0.5
"""Overlap (0..1) of two hulls that are the same overlay."""
STILL = 0.6
"""Share of steps in which an overlay stands still while the picture moves."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Joined tracks with one text. `shots` are numbers of the job's shots; `others` are rival readings (text,
    score, share of votes); `still` is the highest share of steps (0..1) in which a member stood still while
    the picture moved behind it. `possible`: for each member whose text is unsure the possible letters of its
    crops."""

    members: tuple[tuple[int, int], ...]
    shots: tuple[int, ...]
    text: str
    score: float
    others: tuple[tuple[str, float, float], ...]
    seen: tuple[TextCandidate, ...]
    still: float
    look: str
    possible: tuple[tuple[Steps, ...], ...] = ()

    @property
    def first(self) -> int:
        return self.seen[0].seq

    @property
    def last(self) -> int:
        return self.seen[-1].seq


@dataclass(slots=True)
class _Piece:
    """One track's text in one chunk, before joining."""

    chunk: int
    track: Track
    text: TrackText
    seen: list[TextCandidate]
    folded: str


def join_signs(
    regions: Sequence[RegionsPart],
    scenes: Sequence[ScenesPart],
    texts: Sequence[TextsPart],
    width: int,
) -> list[Sign]:
    """All signs of a job, ordered by first frame and place. `width` is the picture's in source pixels; the
    three sequences are parallel, in chunk order."""
    pieces = _pieces(regions, texts)
    parent = list(range(len(pieces)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    by_chunk: dict[int, list[int]] = defaultdict(list)
    for i, piece in enumerate(pieces):
        by_chunk[piece.chunk].append(i)
    for before, after in pairwise(scenes):
        if after.opens_with_cut:
            continue
        for a, b in _over_border(pieces, by_chunk, before, after, width):
            parent[root(b)] = root(a)
    for a, b in _overlays(pieces):
        ra, rb = root(a), root(b)
        if ra != rb:
            parent[max(ra, rb)] = min(ra, rb)
    groups: dict[int, list[_Piece]] = defaultdict(list)
    for i, piece in enumerate(pieces):
        groups[root(i)].append(piece)
    numbers = shot_numbers(scenes)
    for group in groups.values():
        _measure_cut(group, width)
    signs = [_merge(group, numbers) for group in groups.values()]
    signs.sort(key=lambda s: (s.first, s.seen[0].polygon, s.text))
    return signs


def shot_numbers(scenes: Sequence[ScenesPart]) -> dict[tuple[int, int], int]:
    """Each chunk's (chunk, shot) to the number of the shot in the whole job; shots go on over chunk borders."""
    numbers: dict[tuple[int, int], int] = {}
    current = -1
    for part in scenes:
        previous = None
        for frame in part.kept:
            if frame.shot != previous:
                goes_on = previous is None and not part.opens_with_cut and current >= 0
                current += 0 if goes_on else 1
                previous = frame.shot
            numbers[part.chunk, frame.shot] = current
    return numbers


def _pieces(regions: Sequence[RegionsPart], texts: Sequence[TextsPart]) -> list[_Piece]:
    pieces: list[_Piece] = []
    for region, text in zip(regions, texts, strict=True):
        tracks = {t.id: t for t in region.tracks}
        seen: dict[tuple[int, int], list[TextCandidate]] = defaultdict(list)
        for candidate in text.candidates:
            seen[candidate.track, candidate.part].append(candidate)
        for voted in text.texts:
            frames = sorted(seen.get((voted.track, voted.part), ()), key=lambda c: (c.seq, c.polygon))
            if frames and voted.text:
                pieces.append(_Piece(text.chunk, tracks[voted.track], voted, frames, fold(voted.text)))
    return pieces


def _over_border(
    pieces: list[_Piece],
    by_chunk: dict[int, list[int]],
    before: ScenesPart,
    after: ScenesPart,
    width: int,
) -> list[tuple[int, int]]:
    """Pairs of pieces that go on from one chunk to the next: like text, like height, near by; best first."""
    if not before.kept or not after.kept:
        return []
    last_shot, first_shot = before.kept[-1].shot, after.kept[0].shot
    late = before.kept[max(0, len(before.kept) - BORDER_STEPS)].seq
    early = after.kept[min(len(after.kept), BORDER_STEPS) - 1].seq
    ends = [
        i
        for i in by_chunk[before.chunk]
        if pieces[i].track.shot == last_shot and pieces[i].seen[-1].seq >= late
    ]
    starts = [
        i
        for i in by_chunk[after.chunk]
        if pieces[i].track.shot == first_shot and pieces[i].seen[0].seq <= early
    ]
    rated: list[tuple[float, int, int]] = []
    for a in ends:
        p = pieces[a].seen[-1].polygon
        pc, ph = hull(p).centre, max(text_height(p), 1.0)
        for b in starts:
            q = pieces[b].seen[0].polygon
            qc, qh = hull(q).centre, max(text_height(q), 1.0)
            if not 0.5 < ph / qh < 2.0:
                continue
            far = ((pc[0] - qc[0]) ** 2 + (pc[1] - qc[1]) ** 2) ** 0.5 / width
            like = _alike(pieces[a].folded, pieces[b].folded)
            if far <= MOVED and like >= SAME_TEXT:
                rated.append((far + (100.0 - like) / 200.0, a, b))
    pairs: list[tuple[int, int]] = []
    used_a: set[int] = set()
    used_b: set[int] = set()
    for _, a, b in sorted(rated):
        if a not in used_a and b not in used_b:
            used_a.add(a)
            used_b.add(b)
            pairs.append((a, b))
    return pairs


def _overlays(pieces: list[_Piece]) -> list[tuple[int, int]]:
    """Pairs of pieces that are the same overlay: equal text at the same place in different shots, or still
    ones. Compared with the latest piece of the same text and place only, so the cost stays linear."""
    latest: dict[str, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int]] = []
    for i, piece in enumerate(pieces):
        here = hull(piece.seen[0].polygon)
        known = latest[piece.folded]
        for at, j in enumerate(known):
            other = pieces[j]
            if (
                other.chunk == piece.chunk
                and other.track.shot == piece.track.shot
                and not (piece.track.static >= STILL and other.track.static >= STILL)
            ):
                continue
            if hull_overlap(hull(other.seen[-1].polygon), here) >= SAME_PLACE:
                pairs.append((j, i))
                known[at] = i
                break
        else:
            known.append(i)
            if len(known) > 12:
                known.pop(0)
    return pairs


def _alike(a: str, b: str) -> float:
    """Similarity of two folded readings, 0..100; a cut-off reading of a longer one counts as alike."""
    if not a or not b:
        return 0.0
    score = fuzz.ratio(a, b)
    if min(len(a), len(b)) >= 4:
        score = max(score, fuzz.partial_ratio(a, b) * 0.95)
    return score


def _measure_cut(group: Sequence[_Piece], width: int) -> None:
    """Correct how much is visible of pieces that a side of the picture cuts on each of their frames by the pieces
    of the same sign that show it whole: length against height."""
    whole = [[c for c in p.seen if not any(at_sides(c.polygon, width))] for p in group]
    lengths = [_slenderness(c.polygon) for seen in whole for c in seen]
    if not lengths:
        return
    full = median(lengths)
    for piece, seen in zip(group, whole, strict=True):
        if not seen:
            piece.seen = [
                replace(c, visible=round(min(c.visible, _slenderness(c.polygon) / full), 4))
                for c in piece.seen
            ]


def _slenderness(poly: Polygon) -> float:
    return text_width(poly) / max(text_height(poly), 1e-6)


def _merge(group: list[_Piece], numbers: dict[tuple[int, int], int]) -> Sign:
    group.sort(key=lambda p: (p.chunk, p.track.id, p.text.part))
    votes: dict[str, tuple[float, float]] = {}
    for piece in group:
        weight = len(piece.seen)
        rivals = piece.text.others
        own = max([1.0 - sum(share for _, _, share in rivals), *(share for _, _, share in rivals)])
        for text, score, share in ((piece.text.text, piece.text.score, own), *rivals):
            total, best = votes.get(text, (0.0, 0.0))
            votes[text] = (total + weight * share * score, max(best, score))
    ranked = sorted(votes.items(), key=lambda v: (-v[1][0], v[0]))
    everything = sum(total for total, _ in votes.values()) or 1.0
    text, (_, score) = ranked[0]
    seen = sorted((c for p in group for c in p.seen), key=lambda c: (c.seq, c.polygon))
    first: dict[int, TextCandidate] = {}
    for candidate in seen:
        kept = first.get(candidate.seq)
        if kept is None or candidate.text_score > kept.text_score:
            first[candidate.seq] = candidate
    return Sign(
        members=tuple(dict.fromkeys((p.chunk, p.track.id) for p in group)),
        shots=tuple(sorted({numbers.get((p.chunk, p.track.shot), -1) for p in group})),
        text=text,
        score=score,
        others=tuple((t, s, round(total / everything, 4)) for t, (total, s) in ranked[1:6]),
        seen=tuple(first[seq] for seq in sorted(first)),
        still=max(p.track.static for p in group),
        look=next((p.track.look for p in group if p.track.look), ""),
        possible=tuple(p.text.possible for p in group if p.text.possible),
    )
