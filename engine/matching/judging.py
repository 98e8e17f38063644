"""Judge the spellings found in a line by what stands around them: scores, rivals, the verdict."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import NamedTuple

from engine.lexicon import is_common
from engine.matching.book import GENERIC_TAIL, WEB_ENDINGS, Form
from engine.matching.lookup import FLOOR
from engine.matching.result import Match, MatchResult, MatchSettings, Tier, Verdict
from engine.textfold import Folded

_WEB_HEADS = frozenset({"www", "http", "https"})
_SURE_ENDINGS = frozenset({"com", "net", "org"})
_HINTED = 6.0


class Candidate(NamedTuple):
    """A spelling over [start, end) of the compact text, with its score by itself."""

    start: int
    end: int
    form: Form
    score: float
    tier: Tier
    cost: float
    note: str


def judge(
    text: str, folded: Folded, chosen: list[Candidate], candidates: list[Candidate], settings: MatchSettings,
    context: Collection[str],
) -> MatchResult:  # fmt: skip
    words, unknown, crumbs = _rest(text, folded, chosen)
    matches: list[tuple[Match, Match | None]] = []
    for candidate in chosen:
        if candidate.form.kind == "deny":
            continue
        if crumbs and len(candidate.form.compact) <= 2 and not candidate.form.wide:
            continue
        hinted = candidate.form.brand_id in context
        if hinted and candidate.tier == "fuzzy":
            candidate = candidate._replace(score=min(95.0, candidate.score + _HINTED))
        score = _in_line(candidate, words, unknown, hinted or _is_web(text, folded, candidate))
        rival = _rival(candidate, candidates)
        match = _as_match(text, folded, candidate, score, settings)
        if match is None:
            continue
        runner_up = _as_match(text, folded, rival, rival.score, settings) if rival is not None else None
        close = (
            rival is not None
            and score - rival.score < settings.margin
            and (candidate.cost > 0 or candidate.tier == "partial" or rival.cost == 0)
        )
        if match.verdict == "accept" and (candidate.form.shared or close):
            other = "another brand" if rival is None else f"“{rival.form.text}”"
            match = _with_verdict(
                match, "review", f"{match.reason} {other} fits as well, so a person decides."
            )
        matches.append((match, runner_up))
    if not matches:
        denied = any(c.form.kind == "deny" for c in chosen) and not words and not unknown
        return MatchResult(text, "denied" if denied else "unresolved")
    order = {"accept": 1, "review": 0}
    best, runner_up = max(
        matches, key=lambda m: (order[m[0].verdict], m[0].score, m[0].span[1] - m[0].span[0], -m[0].span[0])
    )
    several = tuple(sorted((match for match, _ in matches), key=lambda m: m.span))
    return MatchResult(text, best.verdict, best, runner_up, several)


def _is_web(text: str, folded: Folded, candidate: Candidate) -> bool:
    """True where the name stands as a web address, handle or hashtag: norvik.com, @norvik, #norvik."""
    start, end = folded.raw_span(candidate.start, candidate.end)
    if start and text[start - 1] in "@#＠＃":
        return True
    if text[end : end + 1] != ".":
        return False
    tail = next((b for b in (*folded.starts[1:], len(folded.compact)) if b > candidate.end), candidate.end)
    return folded.compact[candidate.end : tail] in WEB_ENDINGS and folded.raw[candidate.end] == end + 1


def _rest(text: str, folded: Folded, chosen: list[Candidate]) -> tuple[bool, bool, bool]:
    """What no candidate covers: (frequent words, unknown words, digits or single letters). Frames of web
    addresses and cut-off repeats of the neighbouring name count as none of them."""
    compact = folded.compact
    words = unknown = crumbs = False
    ordered = sorted(chosen)
    edges = sorted({*folded.starts, len(compact), *(c.start for c in chosen), *(c.end for c in chosen)})
    for start, end in pairwise(edges):
        if any(c.start <= start and end <= c.end for c in ordered):
            continue
        rest = compact[start:end]
        if len(rest) == 1 or not any(char.isalpha() for char in rest):
            crumbs = True
            continue
        after = next((c.form.compact for c in ordered if c.start == end), "")
        before = next((c.form.compact for c in ordered if c.end == start), "")
        dotted = rest in _SURE_ENDINGS or text[folded.raw[start] - 1] == "."
        if (before and dotted and rest in WEB_ENDINGS) or rest in _WEB_HEADS:
            continue
        if (start == 0 and after.endswith(rest)) or (end == len(compact) and before.startswith(rest)):
            continue
        if len(rest) > 2 and (is_common(rest) or rest in GENERIC_TAIL):
            words = True
        else:
            unknown = True
    return words, unknown, crumbs


def _in_line(candidate: Candidate, words: bool, unknown: bool, hinted: bool) -> float:
    """The score once the rest of the line is known: a short or ordinary name needs to stand alone."""
    score, form, size = candidate.score, candidate.form, len(candidate.form.compact)
    if hinted or form.wide or not (words or unknown):
        return score
    several_words = len(form.starts) > 1 and size >= 8
    if form.common and not several_words:
        return min(score, 80.0 if size >= 6 and not candidate.cost else FLOOR)
    if size <= 3:
        whole = candidate.cost == 0 and size == 3
        return min(score, (90.0 if not unknown else 78.0) if whole else 60.0)
    if candidate.tier == "partial":
        return min(score, 85.0)
    if size <= 5:
        return min(score, (91.0 if unknown else 95.0) if not candidate.cost else 84.0)
    return min(score, 97.0) if not candidate.cost else score - (3.0 if unknown else 1.0)


def _rival(candidate: Candidate, candidates: list[Candidate]) -> Candidate | None:
    """The strongest spelling of another brand over (nearly) the same letters."""
    best = None
    for other in candidates:
        if other.form.brand_id == candidate.form.brand_id or other.form.kind == "deny":
            continue
        shared = min(candidate.end, other.end) - max(candidate.start, other.start)
        union = max(candidate.end, other.end) - min(candidate.start, other.start)
        if shared >= 0.75 * union and (best is None or other.score > best.score):
            best = other
    return best


def _as_match(
    text: str, folded: Folded, candidate: Candidate, score: float, settings: MatchSettings
) -> Match | None:
    if score < settings.review:
        return None
    verdict: Verdict = "accept" if score >= settings.accept else "review"
    span = folded.raw_span(candidate.start, candidate.end)
    read, name = text[span[0] : span[1]], candidate.form.text
    kind = {"alias": "the alias", "web": "the web name", "short": "the short name"}.get(
        candidate.form.kind, "the name"
    )
    reason = f"“{read}” {candidate.note}: {kind} “{name}”."
    return Match(
        candidate.form.brand_id, name, round(score, 2), candidate.tier, reason, span, verdict,
        round(candidate.cost, 3),
    )  # fmt: skip


def _with_verdict(match: Match, verdict: Verdict, reason: str) -> Match:
    return Match(match.brand_id, match.name, match.score, match.tier, reason, match.span, verdict, match.cost)
