"""From signs to appearances: matching, the review band, several brands on one line, joined lines.

`Prepared` holds what does not depend on soft settings; `decide` is the one pure function that applies all
accept scores. The stage calls it, and so does the live preview of thresholds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.appearance_making import appearance_of, candidates_of
from engine.captions import surfaces
from engine.captions_text import is_caption_text
from engine.domain.brands import BookSnapshot, SourceBrandSighting
from engine.domain.records import (
    Appearance,
    Candidate,
    MatchPart,
    Surface,
    TextCandidate,
    Verdict,
)
from engine.line_joining import join_lines
from engine.look_appearances import with_looks
from engine.matching import Book, Match, MatchResult, MatchSettings
from engine.matching.guessing import Guesser
from engine.matching.line import match_line, without_mark
from engine.matching.lookup import Finder
from engine.name_extent import NameExtents
from engine.signs import Sign
from engine.stage_settings import MatchBrandsSettings
from engine.textfold import fold
from engine.visual.chains import LookChain

RIVAL_SHARE = 0.1
"""A rival reading is asked where it had at least this share of the votes."""


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
    width: int = 0
    """The picture's, in source pixels."""
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


@dataclass(frozen=True, slots=True)
class _Whole:
    """What the settings and the video as a whole say about each of its signs. `context`: brands read in full, by
    shot."""

    limits: MatchSettings
    context: Mapping[int, frozenset[str]]
    extents: NameExtents


def prepare(
    signs: Sequence[Sign],
    book: BookSnapshot,
    sightings: Sequence[SourceBrandSighting],
    policy: str,
    looks: Sequence[LookChain] = (),
    width: int = 0,
) -> Prepared:
    """What `decide` needs. `policy` is the session cache's: `confirmed_only`, `use` or `ignore`; `width` is the
    picture's in source pixels (0: names aren't taken to be cut by its sides)."""
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
        width=width,
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
    whole = _read_in_full(prepared, standing, limits)
    by_sign = [_appearances_of(prepared, *one, whole) for one in standing]
    in_full = {
        a.brand_id
        for appearances in by_sign
        for a in appearances
        if a.verdict == "accepted" and a.tier in ("exact", "alias") and len(a.seen) > 1
    }
    found: list[Appearance] = []
    for one, appearances in zip(standing, by_sign, strict=True):
        found += _beside_mark(prepared, *one, whole, in_full, appearances)
    found = join_lines(found, prepared.finder, prepared.names, limits)
    found = with_looks(found, prepared.looks, prepared.names, settings)
    found.sort(key=lambda a: (a.seen[0].seq, a.seen[0].polygon, a.text, a.brand_name))
    for a in found:
        funnel[a.verdict] += 1
    return MatchPart(appearances=tuple(found), funnel=dict(sorted(funnel.items())))


def _read_in_full(
    prepared: Prepared,
    standing: Sequence[tuple[Sign, Surface, tuple[TextCandidate, ...]]],
    limits: MatchSettings,
) -> _Whole:
    """Brands accepted without help, by shot: they lower the bar for cut-off forms of their names there. Spellings of
    them that no side of the picture cuts tell how long a cut one is."""
    by_shot: dict[int, set[str]] = defaultdict(set)
    spellings: dict[str, set[str]] = defaultdict(set)
    sides = NameExtents(prepared.width)
    for sign, _, seen in standing:
        if len(seen) < 2:
            continue
        for match in prepared.match(sign.text, limits).several:
            if match.verdict == "accept" and match.tier in ("exact", "alias", "confusable"):
                for shot in sign.shots:
                    by_shot[shot].add(match.brand_id)
                if not any(sides.cut_ends(seen)):
                    spellings[match.brand_id].add(match.name)
    return _Whole(
        limits,
        {shot: frozenset(ids) for shot, ids in by_shot.items()},
        NameExtents(prepared.width, {brand: tuple(sorted(names)) for brand, names in spellings.items()}),
    )


def _appearances_of(
    prepared: Prepared,
    sign: Sign,
    surface: Surface,
    seen: tuple[TextCandidate, ...],
    whole: _Whole,
) -> list[Appearance]:
    limits, extents = whole.limits, whole.extents
    near = frozenset().union(*(whole.context.get(shot, frozenset()) for shot in sign.shots))
    resolved = prepared.known.get(fold(sign.text))
    if resolved is not None:
        name = prepared.names[resolved]
        candidate = Candidate(resolved, name, 100.0, "session", "resolved before in this source", sign.text)
        return [appearance_of(sign, surface, seen, sign.text, "accepted", (candidate,), None, extents)]
    text, result = sign.text, prepared.match(sign.text, limits, near)
    if result.verdict in ("unresolved", "review") or (
        result.best is not None and result.best.tier == "partial"
    ):
        text, result = _ask_rivals(prepared, sign, limits, near, result)
    accepted = _accepted(prepared, sign, surface, seen, text, result, extents)
    if accepted:
        return accepted
    if result.verdict == "denied" or is_caption_text(text):
        return [appearance_of(sign, surface, seen, text, "denied", (), None, extents)]
    guess = prepared.guess(sign)
    held = result.best.score if result.best is not None else 0.0
    if guess is not None and guess.score >= max(limits.review, held):
        verdict: Verdict = "accepted" if guess.score >= limits.accept else "review"
        candidates = candidates_of(prepared.names, guess, result.best)
        return [appearance_of(sign, surface, seen, sign.text, verdict, candidates, None, extents)]
    if result.best is not None and result.verdict in ("review", "accept"):
        candidates = candidates_of(prepared.names, result.best, result.runner_up)
        return [appearance_of(sign, surface, seen, text, "review", candidates, result.best.span, extents)]
    return [appearance_of(sign, surface, seen, text, "unresolved", (), None, extents)]


def _accepted(
    prepared: Prepared,
    sign: Sign,
    surface: Surface,
    seen: tuple[TextCandidate, ...],
    text: str,
    result: MatchResult,
    extents: NameExtents,
) -> list[Appearance]:
    """One appearance for each match of the line that counts by itself."""
    return [
        appearance_of(
            sign,
            surface,
            seen,
            text,
            "accepted",
            candidates_of(prepared.names, m, result.runner_up if m == result.best else None),
            m.span,
            extents,
        )
        for m in result.several
        if m.verdict == "accept"
    ]


def _beside_mark(
    prepared: Prepared,
    sign: Sign,
    surface: Surface,
    seen: tuple[TextCandidate, ...],
    whole: _Whole,
    in_full: Collection[str],
    first: list[Appearance],
) -> list[Appearance]:
    """An open sign's appearances, once the brands that the video shows in full are known: its first or last letter may
    be a mark. A sign that waits for review is accepted only as the brand that it waits for; else `first` stands."""
    if any(a.verdict not in ("unresolved", "review") for a in first):
        return first
    waits_for = {a.candidates[0].brand_id for a in first if a.verdict == "review"}
    for text in (sign.text, *(text for text, _, share in sign.others if share >= RIVAL_SHARE)):
        result = without_mark(text, prepared.finder, whole.limits, in_full)
        if result is not None and waits_for <= {m.brand_id for m in result.several}:
            return _accepted(prepared, sign, surface, seen, text, result, whole.extents)
    return first


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
