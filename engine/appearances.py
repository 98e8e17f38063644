"""From signs to appearances: matching, the review band, several brands on one line, joined lines.

`Prepared` holds what does not depend on soft settings; `decide` is the one pure function that applies all
accept scores. The stage calls it, and so does the live preview of thresholds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.captions import surfaces
from engine.captions_text import is_caption_text
from engine.domain.brands import BookSnapshot, SourceBrandSighting
from engine.domain.geometry import Polygon, hull, polygon, sub_polygon, text_height
from engine.domain.records import (
    Appearance,
    Candidate,
    MatchPart,
    Seen,
    Surface,
    TextCandidate,
    Verdict,
)
from engine.keys import digest_of
from engine.look_appearances import with_looks
from engine.matching import Book, Match, MatchResult, MatchSettings, TextBox, join_candidates
from engine.matching.guessing import Guesser
from engine.matching.joining import match_joined
from engine.matching.line import match_line, without_mark
from engine.matching.lookup import Finder
from engine.signs import Sign
from engine.stage_settings import MatchBrandsSettings
from engine.textfold import fold, fold_compact
from engine.visual.chains import LookChain

RIVAL_SHARE = 0.1
"""A rival reading is asked where it had at least this share of the votes."""
WHOLE_LINE = 0.8
"""A match that covers this share of the text gets the whole polygon."""
LEVEL = 0.7
"""Steepest line (pixels down per pixel to the right) that is levelled before its neighbours are looked for."""
SPEAKING_PART = 0.33
"""A line that holds this share of a joined name's letters stands for it where the other lines aren't found."""


Answers: TypeAlias = dict[tuple[str, MatchSettings, frozenset[str]], MatchResult]
"""What a book answers to (text, limits, brands read in full around it)."""


@dataclass(slots=True)
class Prepared:
    """Signs with their surfaces, the book to match against, and answers that this book has given already."""

    signs: Sequence[Sign]
    surfaces: Sequence[Surface]
    book: Book
    names: dict[str, str]
    known: dict[str, str] = field(default_factory=dict)
    """Folded texts that a person has resolved in this source, to their brand's id."""
    looks: Sequence[LookChain] = ()
    """Marks found by look, whatever their score."""
    finder: Finder = field(init=False)
    guesser: Guesser = field(init=False)
    guesses: dict[int, Match | None] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.finder = Finder(self.book)
        self.guesser = Guesser(self.book)

    def match(self, text: str, limits: MatchSettings, context: Collection[str] = ()) -> MatchResult:
        place = (text, limits, frozenset(context))
        found = self.answers.get(place)
        if found is None:
            found = self.answers[place] = match_line(text, self.finder, limits, context)
        return found

    def guess(self, sign: Sign) -> Match | None:
        """The name that the possible letters of an unsure sign speak for; it depends on no setting."""
        if id(sign) not in self.guesses:
            texts = (sign.text, *(text for text, _, share in sign.others if share >= RIVAL_SHARE))
            self.guesses[id(sign)] = self.guesser.guess(texts, sign.possible) if sign.possible else None
        return self.guesses[id(sign)]


def prepare(
    signs: Sequence[Sign],
    book: BookSnapshot,
    sightings: Sequence[SourceBrandSighting],
    policy: str,
    looks: Sequence[LookChain] = (),
) -> Prepared:
    """What `decide` needs. `policy` is the session cache's: `confirmed_only`, `use` or `ignore`."""
    names = {e.brand_id: e.name for e in book.entries}
    known: dict[str, str] = {}
    if policy != "ignore":
        for sighting in sightings:
            if sighting.brand_id in names and (policy == "use" or sighting.confirmed):
                known.update((fold(text), sighting.brand_id) for text in sighting.texts if fold(text))
    return Prepared(
        signs=signs,
        surfaces=surfaces(signs),
        book=Book.build(book.entries, book.deny),
        names=names,
        known=known,
        looks=looks,
    )


def decide(prepared: Prepared, settings: MatchBrandsSettings) -> MatchPart:
    """All appearances of the job under these settings. Pure; equal inputs give equal appearances."""
    limits = MatchSettings(
        accept=settings.accept, review=settings.review, margin=settings.margin, min_length=settings.min_length
    )
    funnel: dict[str, int] = defaultdict(int)
    standing: list[tuple[Sign, Surface, tuple[TextCandidate, ...]]] = []
    for sign, surface in zip(prepared.signs, prepared.surfaces, strict=True):
        funnel["signs"] += 1
        seen = tuple(
            c
            for c in sign.seen
            if c.box_score >= settings.min_box_score and c.text_score >= settings.min_text_score
        )
        if seen:
            standing.append((sign, surface, seen))
        else:
            funnel["below_scores"] += 1
    context = _read_in_full(prepared, standing, limits)
    found: list[Appearance] = []
    for sign, surface, seen in standing:
        found += _appearances_of(prepared, sign, surface, seen, limits, context)
    found = _join_lines(prepared, found, limits, context)
    found = with_looks(found, prepared.looks, prepared.names, settings)
    found.sort(key=lambda a: (a.seen[0].seq, a.seen[0].polygon, a.text, a.brand_name))
    for a in found:
        funnel[a.verdict] += 1
    return MatchPart(appearances=tuple(found), funnel=dict(sorted(funnel.items())))


def _read_in_full(
    prepared: Prepared,
    standing: Sequence[tuple[Sign, Surface, tuple[TextCandidate, ...]]],
    limits: MatchSettings,
) -> dict[int, frozenset[str]]:
    """Brands accepted without help, by shot: they lower the bar for cut-off forms of their names there."""
    by_shot: dict[int, set[str]] = defaultdict(set)
    for sign, _, seen in standing:
        if len(seen) < 2:
            continue
        for match in prepared.match(sign.text, limits).several:
            if match.verdict == "accept" and match.tier in ("exact", "alias", "confusable"):
                for shot in sign.shots:
                    by_shot[shot].add(match.brand_id)
    return {shot: frozenset(ids) for shot, ids in by_shot.items()}


def _appearances_of(
    prepared: Prepared,
    sign: Sign,
    surface: Surface,
    seen: tuple[TextCandidate, ...],
    limits: MatchSettings,
    context: dict[int, frozenset[str]],
) -> list[Appearance]:
    near = frozenset().union(*(context.get(shot, frozenset()) for shot in sign.shots))
    resolved = prepared.known.get(fold(sign.text))
    if resolved is not None:
        name = prepared.names[resolved]
        candidate = Candidate(resolved, name, 100.0, "session", "resolved before in this source", sign.text)
        return [_appearance(sign, surface, seen, sign.text, "accepted", (candidate,), None)]
    text, result = sign.text, prepared.match(sign.text, limits, near)
    if result.verdict in ("unresolved", "review") or (
        result.best is not None and result.best.tier == "partial"
    ):
        text, result = _ask_rivals(prepared, sign, limits, near, result)
    if result.verdict == "unresolved":
        anywhere = frozenset().union(*context.values())
        result = without_mark(text, prepared.finder, limits, anywhere) or result
    accepted = [m for m in result.several if m.verdict == "accept"]
    if accepted:
        return [
            _appearance(
                sign,
                surface,
                seen,
                text,
                "accepted",
                _candidates(prepared, m, result.runner_up if m == result.best else None),
                m.span,
            )
            for m in accepted
        ]
    if result.verdict == "denied" or is_caption_text(text):
        return [_appearance(sign, surface, seen, text, "denied", (), None)]
    guess = prepared.guess(sign)
    held = result.best.score if result.best is not None else 0.0
    if guess is not None and guess.score >= max(limits.review, held):
        verdict: Verdict = "accepted" if guess.score >= limits.accept else "review"
        candidates = _candidates(prepared, guess, result.best)
        return [_appearance(sign, surface, seen, sign.text, verdict, candidates, None)]
    if result.best is not None and result.verdict in ("review", "accept"):
        candidates = _candidates(prepared, result.best, result.runner_up)
        return [_appearance(sign, surface, seen, text, "review", candidates, result.best.span)]
    return [_appearance(sign, surface, seen, text, "unresolved", (), None)]


def _ask_rivals(
    prepared: Prepared, sign: Sign, limits: MatchSettings, near: frozenset[str], first: MatchResult
) -> tuple[str, MatchResult]:
    """The best accepted answer among the rival readings, else the first one. A reading that shows more of a name
    than the voted one does is one of them."""
    best = (sign.text, first)
    for text, _, share in sign.others:
        if share < RIVAL_SHARE:
            continue
        result = prepared.match(text, limits, near)
        if result.best is None or result.verdict != "accept":
            continue
        held = best[1].best
        if best[1].verdict != "accept" or held is None or result.best.score > held.score:
            best = (text, result)
    return best


def _candidates(prepared: Prepared, best: Match, second: Match | None) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            m.brand_id, prepared.names.get(m.brand_id, m.name), round(m.score, 2), m.tier, m.reason, m.name
        )
        for m in (best, second)
        if m is not None
    )


def _appearance(
    sign: Sign,
    surface: Surface,
    frames: Sequence[TextCandidate],
    text: str,
    verdict: Verdict,
    candidates: tuple[Candidate, ...],
    span: tuple[int, int] | None,
) -> Appearance:
    top = candidates[0] if candidates else None
    accepted = verdict == "accepted" and top is not None
    shows = _shown_of_name(text, span, top)
    seen = tuple(
        Seen(
            seq=c.seq,
            polygon=_cut(c.polygon, span, len(text)),
            box_score=c.box_score,
            text_score=c.text_score,
            mode=c.mode,
            clarity=c.clarity,
            visible=round(c.visible * shows, 4),
        )
        for c in frames
    )
    score = sum(s.text_score for s in seen) / len(seen)
    return Appearance(
        key=_key(seen, text, top.brand_name if accepted and top else ""),
        surface=surface,
        text=text,
        text_score=round(score, 4),
        verdict=verdict,
        seen=seen,
        members=sign.members,
        brand_id=top.brand_id if accepted and top else "",
        brand_name=top.brand_name if accepted and top else "",
        confidence=round(score * top.match_score / 100, 4) if accepted and top else 0.0,
        evidence="alias" if top is not None and top.tier == "alias" else "text",
        tier=top.tier if top is not None else "",
        reason=top.reason if top is not None else "",
        candidates=candidates,
        look=sign.look,
    )


def _shown_of_name(text: str, span: tuple[int, int] | None, top: Candidate | None) -> float:
    """The share (0..1) of its name's letters that a cut-off form shows; 1 for all other matches."""
    if top is None or top.tier != "partial":
        return 1.0
    read = fold_compact(text if span is None else text[slice(*span)])
    return min(1.0, len(read) / max(1, len(fold_compact(top.matched))))


def _key(seen: Sequence[Seen], text: str, brand: str) -> str:
    """Names an appearance by where it begins and what it says, so that equal runs give equal keys."""
    return digest_of([seen[0].seq, seen[-1].seq, seen[0].polygon, fold(text), fold(brand)])[:20]


def _cut(poly: Polygon, span: tuple[int, int] | None, length: int) -> Polygon:
    """The part of a line's polygon that a match covers; the whole where it covers nearly all."""
    if span is None or length == 0 or (span[1] - span[0]) / length >= WHOLE_LINE:
        return poly
    return sub_polygon(poly, span[0] / length, span[1] / length)


def _join_lines(
    prepared: Prepared,
    found: list[Appearance],
    limits: MatchSettings,
    context: dict[int, frozenset[str]],
) -> list[Appearance]:
    """Names split over boxes or lines: neighbours that are read together on most of their common frames."""
    open_ones = [i for i, a in enumerate(found) if a.verdict in ("unresolved", "review") and a.text]
    by_member: dict[int, list[int]] = defaultdict(list)
    for i in open_ones:
        for s in found[i].seen:
            by_member[s.seq].append(i)
    tried: set[tuple[int, ...]] = set()
    taken: set[int] = set()
    joined: list[Appearance] = []
    for seq in sorted(by_member):
        here = [i for i in by_member[seq] if i not in taken]
        if len(here) < 2:
            continue
        places = {i: next(s for s in found[i].seen if s.seq == seq) for i in here}
        boxes = [_text_box(found[i].text, places[i].polygon) for i in here]
        for join in join_candidates(boxes):
            members = tuple(here[k] for k in join.indices)
            if members in tried or any(i in taken for i in members):
                continue
            tried.add(members)
            result = match_joined([found[i].text for i in members], prepared.finder, limits, frozenset())
            if result is None or result.verdict != "accept" or result.best is None:
                continue
            made = _joined([found[i] for i in members], join.text, _candidates(prepared, result.best, None))
            if made is not None:
                taken.update(members)
                joined.append(made)
    return [a for i, a in enumerate(found) if i not in taken] + joined


def _text_box(text: str, poly: Polygon) -> TextBox:
    """A text's place as if its line lay level; lines steeper than LEVEL keep their hull."""
    place = hull(poly)
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = poly
    along, down = (bx + cx) - (ax + dx), (by + cy) - (ay + dy)
    if abs(down) > LEVEL * along:
        return TextBox(text, (place.x0, place.y0, place.x1, place.y1))
    middle, half = (ay + by + cy + dy) / 4, text_height(poly) / 2
    return TextBox(text, (place.x0, middle - half, place.x1, middle + half), down / along)


def _joined(parts: Sequence[Appearance], text: str, candidates: tuple[Candidate, ...]) -> Appearance | None:
    """One appearance over the frames that show all of `parts`, and over those that show only a part that
    holds much of the text: it is the same sign, so the rest of it is there, if not found."""
    common = set.intersection(*({s.seq for s in a.seen} for a in parts))
    if not common:
        return None
    letters = sum(len(a.text) for a in parts)
    speaking = [a for a in parts if len(a.text) >= SPEAKING_PART * letters]
    seen = []
    for seq in sorted(common.union(*({s.seq for s in a.seen} for a in speaking))):
        owners = parts if seq in common else speaking
        pieces = [s for a in owners for s in a.seen if s.seq == seq]
        hulls = [hull(p.polygon) for p in pieces]
        x0, y0 = min(h.x0 for h in hulls), min(h.y0 for h in hulls)
        x1, y1 = max(h.x1 for h in hulls), max(h.y1 for h in hulls)
        read = seq in common and all(p.mode == "read" for p in pieces)
        seen.append(
            Seen(
                seq=seq,
                polygon=polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]),
                box_score=min(p.box_score for p in pieces),
                text_score=min(p.text_score for p in pieces),
                mode="read" if read else "inherited",
                clarity=min(p.clarity for p in pieces),
                visible=min(p.visible for p in pieces),
            )
        )
    top = candidates[0]
    score = sum(s.text_score for s in seen) / len(seen)
    return Appearance(
        key=_key(seen, text, top.brand_name),
        surface="caption" if all(a.surface == "caption" for a in parts) else "scene",
        text=text,
        text_score=round(score, 4),
        verdict="accepted",
        seen=tuple(seen),
        members=tuple(dict.fromkeys(m for a in parts for m in a.members)),
        brand_id=top.brand_id,
        brand_name=top.brand_name,
        confidence=round(score * top.match_score / 100, 4),
        tier="joined",
        reason=top.reason,
        candidates=candidates,
        look=parts[0].look,
    )
