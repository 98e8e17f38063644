"""Match one line of text: candidates over its runs of words, the best set of them, scores by what is around."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import replace

from engine.confusables import skeleton
from engine.lexicon import is_common, is_part_of_common
from engine.matching.book import Form
from engine.matching.judging import Candidate, judge
from engine.matching.lookup import FLOOR, SLOPE, Finder, Hit
from engine.matching.result import Match, MatchResult, MatchSettings, Tier
from engine.textfold import Folded, fold_spans, is_wide, letter_signs

_NAME_IN_PARTS = 6
"""A name of fewer letters that is cut off is known only where nothing else fits and it was read in full close by."""
_MOST_TOKENS_IN_RUN = 7
_LONG_LINE = 24
_KIND_SCORE = {"name": 100.0, "alias": 98.0, "web": 97.0, "short": 94.0, "deny": 100.0}
_SPELT_LIKE_WORD = 20.0
_NO_WEIGHT = 65.0
_BARE_LETTERS = 5
_LEFT_OF_MARKED = 3
_LIKELY_NAME = 6
_STROKES = re.compile(r"^\s*[Il1|!/\\]{2,4}(?=[^\W\d_]{2})")
"""What a mark of bars beside a name reads like."""
_NUMERAL = re.compile(r"^\s*[\u2160-\u2188]+\s*(?=[^\W\d_]{2})")
"""The same, read as one sign for a Roman numeral, which no name begins with."""


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
        bare = _without_bars(text)
        if bare != text:
            other = _match(bare, fold_spans(bare), finder, settings, context)
            if other.best is not None and other.verdict == "accept" and other.best.tier in ("exact", "alias"):
                return shifted(other, text, len(text) - len(bare))
    return result


def _without_bars(text: str) -> str:
    """`text` without a mark of bars before it, where enough letters are left; else `text`."""
    bare = _STROKES.sub("", text)
    if bare != text and sum(c.isalpha() for c in bare) >= _BARE_LETTERS:
        return bare
    return _NUMERAL.sub("", text)


def shifted(result: MatchResult, text: str, by: int) -> MatchResult:
    """The result of a text whose first `by` characters were left out, as one of the whole `text`."""

    def moved(match: Match | None) -> Match | None:
        return match and replace(match, span=(match.span[0] + by, match.span[1] + by))

    several = tuple(replace(m, span=(m.span[0] + by, m.span[1] + by)) for m in result.several)
    return MatchResult(text, result.verdict, moved(result.best), moved(result.runner_up), several)


def without_mark(
    text: str, finder: Finder, settings: MatchSettings, seen: Collection[str]
) -> MatchResult | None:
    """The result of a text without its first or last letter, where all that is left is, letter by letter, brands
    that are among `seen` (read in full elsewhere in the video): a mark beside a name often reads as a letter. In a
    longer name, letters that readers confuse count as the same."""
    if is_common(fold_spans(text).compact):
        return None
    for start, end in ((1, len(text)), (0, len(text) - 1)):
        rest = text[start:end]
        folded = fold_spans(rest).compact
        if len(folded) < _LEFT_OF_MARKED or len(fold_spans(text).compact) != len(folded) + 1:
            continue
        result = match_line(rest, finder, settings)
        whole = sum(len(fold_spans(rest[slice(*m.span)]).compact) for m in result.several) == len(folded)
        fits = len(folded) >= _LIKELY_NAME
        if whole and all(
            (m.cost == 0 or (fits and m.tier == "confusable"))
            and m.verdict == "accept"
            and m.brand_id in seen
            for m in result.several
        ):
            return shifted(result, text, start)
    return None


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
    return judge(text, folded, chosen, candidates, settings, context)


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
            size = _period(folded)
            for start in range(0, len(compact), size):
                out += _part_candidates(folded, start, start + size, "any", finder, context)
    return out


def _period(folded: Folded) -> int:
    """How many letters repeat throughout a line of words, four at least; all of them where none do."""
    compact, size = folded.compact, len(folded.compact)
    for n in range(4, size // 2 + 1):
        if compact == compact[:n] * (size // n) and set(range(0, size, n)) <= set(folded.starts):
            return n
    return size


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
        repeats = _repeats(token, finder)
        if repeats and not taken:
            out += [
                Candidate(
                    start + a, start + b, form, 95.0, "joined", 0.0, "stands several times without gaps"
                )
                for a, b, form in repeats
            ]
            continue
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


def _repeats(token: str, finder: Finder) -> list[tuple[int, int, Form]]:
    """[start, end) and form of each copy where a token is one short name several times over (TIMTIM)."""
    for size in (3, 4, 5, 6, 7):
        count, rest = divmod(len(token), size)
        if rest or count < 2 or token != token[:size] * count:
            continue
        for index in finder.book.exact.get(token[:size], ()):
            form = finder.book.forms[index]
            if form.kind != "deny":
                return [(at, at + size, form) for at in range(0, len(token), size)]
    return []


def _part_candidates(
    folded: Folded, start: int, end: int, edge: str, finder: Finder, context: Collection[str]
) -> list[Candidate]:
    """Names that [start, end) is a cut-off part of, scored by how much of the name is there."""
    run = folded.compact[start:end]
    if len(run) < 4:
        return []
    hits = finder.parts(run, edge)
    brands = {hit.form.brand_id for hit in hits}
    if len(brands) > 1 or not brands <= {*context}:
        hits = tuple(hit for hit in hits if len(hit.form.compact) >= _NAME_IN_PARTS)
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
