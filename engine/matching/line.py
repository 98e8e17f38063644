"""Match one line of text: candidates over its runs of words, the best set of them, scores by what is around."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from itertools import pairwise
from typing import NamedTuple

from engine.confusables import skeleton
from engine.lexicon import is_common, is_part_of_common
from engine.matching.book import GENERIC_TAIL, WEB_ENDINGS, Form
from engine.matching.lookup import FLOOR, SLOPE, Finder, Hit
from engine.matching.result import Match, MatchResult, MatchSettings, Tier, Verdict
from engine.textfold import Folded, fold_spans, is_wide, letter_signs

_MOST_TOKENS_IN_RUN = 7
_LONG_LINE = 24
_WEB_HEADS = frozenset({"www", "http", "https"})
_SURE_ENDINGS = frozenset({"com", "net", "org"})
_KIND_SCORE = {"name": 100.0, "alias": 98.0, "web": 97.0, "short": 94.0, "deny": 100.0}
_SPELT_LIKE_WORD = 20.0
_NO_WEIGHT = 65.0
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


def match_line(
    text: str, finder: Finder, settings: MatchSettings, context: Collection[str] = ()
) -> MatchResult:
    """The result for one text; `context` holds ids of brands that were read in full on the same sign or shot."""
    result = _match(text, fold_spans(text), finder, settings, context)
    if result.verdict in ("unresolved", "review"):
        lettered = letter_signs(text)
        if lettered != text:
            other = _match(text, fold_spans(lettered), finder, settings, context)
            if other.best is not None and (result.best is None or other.best.score > result.best.score):
                return other
    return result


def _match(
    text: str, folded: Folded, finder: Finder, settings: MatchSettings, context: Collection[str]
) -> MatchResult:
    compact = folded.compact
    book = finder.book
    if compact in book.deny:
        return MatchResult(text, "denied")
    if len(compact) < settings.min_length or (compact.isdigit() and compact not in book.exact):
        return MatchResult(text, "unresolved")
    candidates = _whole(text, folded, finder) or _candidates(text, folded, finder, context)
    if not candidates:
        return MatchResult(text, "unresolved")
    chosen = _best_set(candidates)
    chosen += _edge_parts(folded, finder, chosen, candidates, context)
    return _judge(text, folded, chosen, candidates, settings, context)


def _whole(text: str, folded: Folded, finder: Finder) -> list[Candidate]:
    """Candidates where the whole text is a spelling of the book, letter by letter: no need to look further."""
    if folded.compact not in finder.book.exact:
        return []
    hits = (_score_run(text, folded, 0, len(folded.compact), hit) for hit in finder.run(folded.compact))
    found = [candidate for candidate in hits if candidate is not None]
    return found if any(candidate.score >= 94.0 for candidate in found) else []


def _candidates(text: str, folded: Folded, finder: Finder, context: Collection[str]) -> list[Candidate]:
    compact, starts = folded.compact, folded.starts
    ends = (*starts[1:], len(compact))
    count = len(starts)
    longest = finder.book.longest + 3
    reach = _MOST_TOKENS_IN_RUN if count <= _LONG_LINE else 4
    out: list[Candidate] = []
    for first in range(count):
        start = starts[first]
        for last in range(first, count if first == 0 and count <= 2 * reach else min(count, first + reach)):
            end = ends[last]
            if end - start > longest:
                break
            for hit in finder.run(compact[start:end]):
                candidate = _score_run(text, folded, start, end, hit)
                if candidate is not None:
                    out.append(candidate)
    out += _wide_candidates(compact, finder)
    if not any(c.end - c.start == len(compact) and c.score >= 90 for c in out):
        out += _glued_candidates(folded, finder, out)
        if not any(
            c.end - c.start == len(compact) and c.score >= FLOOR and c.form.kind == "deny" for c in out
        ):
            out += _part_candidates(folded, 0, len(compact), "any", finder, context)
    return out


def _score_run(text: str, folded: Folded, start: int, end: int, hit: Hit) -> Candidate | None:
    """A candidate for a run of whole tokens that equals or nearly equals a spelling."""
    form, cost = hit.form, hit.cost
    size = len(form.compact)
    run = folded.compact[start:end]
    score = _KIND_SCORE[form.kind] - SLOPE * cost / size
    tier: Tier = "exact" if form.kind in ("name", "deny") else "alias"
    note = "reads exactly"
    if cost:
        tier = "confusable" if skeleton(run) == form.skeleton else "fuzzy"
        note = "reads up to letters that OCR confuses" if tier == "confusable" else "reads up to few letters"
        if size <= 3:
            score = min(score, 80.0) if cost <= 0.36 else 0.0
        elif size <= 5:
            score = score if cost <= 0.5 else min(score, 88.0) if size == 5 and cost <= 0.7 else 0.0
        if is_common(run) or all(is_common(word) for word in _tokens(folded, start, end)):
            score -= _SPELT_LIKE_WORD
        elif cost > 0.36 and ((form.common and size <= 6) or is_part_of_common(run)):
            score = min(score, 85.0)
    splits = _splits(folded, start, end, form, 1 if cost else 0)
    if form.kind == "web" and form.common:
        score = min(score, 88.0)
    if splits:
        tier = "joined" if not cost else tier
        note = "reads exactly once its pieces are joined" if not cost else note
        if size <= 3 and form.kind != "deny":
            score = min(score, 80.0 if size == 3 else 0.0)
        elif size <= 5:
            score = min(score, 88.0) if not cost else 0.0
        score -= min(4, splits) * (3.0 if cost else 1.0)
    if size <= 2 and form.kind != "deny" and not form.wide:
        raw_start, raw_end = folded.raw_span(start, end)
        raw = text[raw_start:raw_end]
        same = raw.isupper() or raw == form.text
        signed = "&" not in form.text or "&" in raw
        score = min(score, 92.0 if same and signed and size == 2 else 80.0)
    if start in folded.soft or end in folded.soft:
        score = min(score, 91.0) if size >= 5 and not form.common else 0.0
    return Candidate(start, end, form, score, tier, cost, note) if score >= FLOOR else None


def _tokens(folded: Folded, start: int, end: int) -> list[str]:
    cuts = [s for s in folded.starts if start <= s < end]
    return [folded.compact[a:b] for a, b in zip(cuts, (*cuts[1:], end), strict=True)]


def _splits(folded: Folded, start: int, end: int, form: Form, slack: int) -> int:
    """Gaps in the text inside [start, end) that the spelling doesn't have."""
    count = 0
    for border in folded.starts:
        if start < border < end and border not in folded.soft:
            place = border - start
            if not any(place + shift in form.starts for shift in range(-slack, slack + 1)):
                count += 1
    return count


def _wide_candidates(compact: str, finder: Finder) -> list[Candidate]:
    """Spellings of two or more characters in a script without spaces, anywhere in the text."""
    out = []
    if finder.book.wide:
        for start in range(len(compact) - 1):
            for index in finder.book.wide.get(compact[start : start + 2], ()):
                form = finder.book.forms[index]
                if compact.startswith(form.compact, start):
                    end = start + len(form.compact)
                    whole = end - start == len(compact)
                    score = _KIND_SCORE[form.kind] if whole else 96.0 if end - start > 2 else 91.0
                    tier: Tier = "exact" if form.kind == "name" else "alias"
                    out.append(Candidate(start, end, form, score, tier, 0.0, "reads exactly"))
    return out


def _glued_candidates(folded: Folded, finder: Finder, others: list[Candidate]) -> list[Candidate]:
    """Spellings inside tokens that were read without gaps."""
    out = []
    cuts = [start for start in folded.starts if start not in folded.soft]
    taken = {(c.start, c.end) for c in others if c.score >= 85}
    spans = list(zip(cuts, (*cuts[1:], len(folded.compact)), strict=True))
    if len(cuts) > 1 and len(folded.compact) <= 60 and not taken:
        spans.append((0, len(folded.compact)))
    for start, end in spans:
        token = folded.compact[start:end]
        if len(token) < 8 or (start, end) in taken or is_common(token) or is_wide(token[0]):
            continue
        whole_line = end - start == len(folded.compact) and len(cuts) > 1
        for piece in finder.glued(token):
            score = {"tiled": 96.0, "worded": 91.0, "loose": 80.0}.get(piece.grade, 0.0)
            if whole_line and piece.grade != "tiled":
                continue
            if piece.form.common and piece.grade != "tiled":
                continue
            if score:
                note = "stands without gaps in longer text"
                out.append(
                    Candidate(start + piece.start, start + piece.end, piece.form, score, "joined", 0.0, note)
                )
    return out


def _part_candidates(
    folded: Folded, start: int, end: int, edge: str, finder: Finder, context: Collection[str]
) -> list[Candidate]:
    """Names that [start, end) is a cut-off part of, scored by how much of the name is there."""
    run = folded.compact[start:end]
    if len(run) < 4:
        return []
    hits = finder.parts(run, edge)
    best: dict[str, Hit] = {}
    for hit in hits:
        known = best.get(hit.form.brand_id)
        if known is None or hit.cover > known.cover:
            best[hit.form.brand_id] = hit
    hinted = [hit for brand, hit in best.items() if brand in context]
    if len(best) > 3 and not hinted:
        return []
    plain_words = is_common(run) or all(is_common(word) for word in _tokens(folded, start, end))
    out = []
    for hit in hinted or best.values():
        score = _part_score(run, hit, bool(hinted) and len(hinted) == 1)
        if plain_words and not (hit.cover >= 0.75 and len(run) >= 8 and not _whole_words(run, hit)):
            score -= 5.0 if hinted else 25.0
        elif not hinted and is_part_of_common(run):
            score = min(score, 85.0)
        if len(best) > 1 and not hinted:
            score = min(score, 80.0)
        if score >= FLOOR:
            out.append(
                Candidate(
                    start, end, hit.form, score, "partial", hit.cost, f"shows {hit.cover:.0%} of the name"
                )
            )
    return out


def _part_score(run: str, hit: Hit, hinted: bool) -> float:
    """0..95 for a part of a name: from 60 % and six letters on it may stand by itself."""
    form, cover = hit.form, hit.cover
    size = len(form.compact)
    score = 0.0
    if len(run) >= 6 and ((size >= 8 and cover >= 0.6) or (size == 7 and cover >= 0.8)):
        score = min(95.0, 90.0 + 20.0 * (cover - 0.6))
    elif size >= 6 and len(run) >= 5 and cover >= 0.45:
        score = 75.0 + 20.0 * (cover - 0.45)
    if _whole_words(run, hit) and cover < 0.8:
        score = min(score, 88.0)
    if hinted and len(run) >= 4 and cover >= 0.3:
        score = max(score, 92.0)
    return score - SLOPE * hit.cost / len(run) if score else 0.0


def _whole_words(run: str, hit: Hit) -> bool:
    """True where the part is whole words of the name, which may well be another thing's name."""
    end = hit.offset + len(run)
    return hit.offset in hit.form.starts and (end in hit.form.starts or end == len(hit.form.compact))


def _edge_parts(
    folded: Folded, finder: Finder, chosen: list[Candidate], known: list[Candidate], context: Collection[str]
) -> list[Candidate]:
    """Cut-off names at the two ends of a line that holds other brands."""
    if not chosen or any(c.start == 0 and c.end == len(folded.compact) for c in chosen):
        return []
    size = len(folded.compact)
    left, right = min(c.start for c in chosen), max(c.end for c in chosen)
    out: list[Candidate] = []
    for start, end, edge in ((0, left, "left"), (right, size, "right")):
        if end - start >= 4 and start in {*folded.starts, 0} and (end in folded.starts or end == size):
            parts = _part_candidates(folded, start, end, edge, finder, context)
            if len(parts) == 1:
                out.append(parts[0])
                known.append(parts[0])
    return out


def _best_set(candidates: list[Candidate]) -> list[Candidate]:
    """Candidates that don't overlap, of greatest total weight (weighted interval scheduling)."""
    ordered = sorted(candidates, key=lambda c: (c.end, c.start, -c.score, c.form.brand_id))
    ends: list[int] = []
    table: list[tuple[float, tuple[Candidate, ...]]] = [(0.0, ())]
    for candidate in ordered:
        before = bisect_right(ends, candidate.start)
        weight = (candidate.end - candidate.start) * (candidate.score - _NO_WEIGHT)
        total = table[before][0] + weight
        ends.append(candidate.end)
        table.append((total, (*table[before][1], candidate)) if total > table[-1][0] else table[-1])
    return list(table[-1][1])


def _judge(
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
