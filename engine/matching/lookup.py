"""Which spellings of the book one run of letters could be: exact, near, a part of, or glued into it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from engine.confusables import skeleton, weighted_distance
from engine.lexicon import is_common
from engine.matching.book import (
    GLUE_GRAM,
    GRAM,
    WEB_ENDINGS,
    WILD_LENGTH,
    Book,
    Form,
    pieces,
    plain_edits_allowed,
    wild_key,
)  # fmt: skip

SLOPE = 75.0
FLOOR = 70.0
_GLUED_ENDINGS = frozenset({"com", "net", "org"})
_NO_HITS: tuple[Hit, ...] = ()


class Hit(NamedTuple):
    """A spelling that a run may be; `cost` weighted edits between the run and the part of the name it covers,
    `cover` the covered share of the name (1 unless cut off), `offset` where in the name a cut run begins."""

    form: Form
    cost: float
    cover: float = 1.0
    offset: int = 0


class Glued(NamedTuple):
    """A spelling inside a longer token: [start, end) in the token; `grade` `tiled`, `worded` or `loose`."""

    start: int
    end: int
    form: Form
    grade: str


@lru_cache(maxsize=256)
def _windows(read: int) -> tuple[tuple[int, int, int, int], ...]:
    """(name length, piece, position, size) to look up for a skeleton of `read` letters: by the pigeonhole
    principle one of edits + 1 pieces of the name stands in the text unharmed, shifted by few places
    (Li et al., Pass-Join, VLDB 2011)."""
    out: list[tuple[int, int, int, int]] = []
    for length in range(max(5, read - 3), read + 4):
        edits = plain_edits_allowed(length)
        shift = read - length
        if not edits or abs(shift) > edits:
            continue
        for place, (start, size) in enumerate(pieces(length, edits + 1)):
            low = max(0, start - place, start + shift - (edits - place))
            high = min(read - size, start + place, start + shift + (edits - place))
            out.extend((length, place, position, size) for position in range(low, high + 1))
    return tuple(out)


class Finder:
    """Looks up runs in one book; remembers its answers, so share one over a batch of texts."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._near: dict[str, tuple[Hit, ...]] = {}
        self._tables: dict[int, list[tuple[dict[str, tuple[int, ...]], int, int]]] = {}

    def run(self, run: str) -> tuple[Hit, ...]:
        """Spellings equal or near to the whole run (folded, no gaps)."""
        exact = self.book.exact.get(run)
        if exact is not None:
            forms = self.book.forms
            return tuple(Hit(forms[index], 0.0) for index in exact)
        if len(run) < 3:
            return _NO_HITS
        known = self._near.get(run)
        if known is None:
            known = self._near[run] = self._look(run)
        return known

    def _resolve(self, read: int) -> list[tuple[dict[str, tuple[int, ...]], int, int]]:
        """The book's tables of pieces to ask for a skeleton of `read` letters, with the slice to ask for."""
        segments = self.book.segments
        return [
            (segments[length, place], position, position + size)
            for length, place, position, size in _windows(read)
            if (length, place) in segments
        ]

    def _look(self, run: str) -> tuple[Hit, ...]:
        book = self.book
        if run.isdigit():
            return _NO_HITS
        bones = skeleton(run)
        found = set(book.skeletons.get(bones, ()))
        read = len(bones)
        if read == WILD_LENGTH:
            for place in range(WILD_LENGTH):
                found.update(book.wild.get(wild_key(bones, place), ()))
        if read >= 5:
            tables = self._tables.get(read)
            if tables is None:
                tables = self._tables[read] = self._resolve(read)
            candidates: set[int] = set()
            for table, position, end in tables:
                piece = bones[position:end]
                if piece in table:
                    candidates.update(table[piece])
            all_bones = book.bones
            distance = Levenshtein.distance
            for index in candidates:
                name_bones, edits = all_bones[index]
                if distance(bones, name_bones, score_cutoff=edits) <= edits:
                    found.add(index)
        hits = []
        for index in sorted(found):
            form = book.forms[index]
            cost = weighted_distance(run, form.compact)
            if 100.0 - SLOPE * cost / len(form.compact) >= FLOOR:
                hits.append(Hit(form, cost))
        return tuple(hits)

    def parts(self, run: str, edge: str) -> tuple[Hit, ...]:
        """Names that the run is a cut-off part of. `edge`: `any`; `left` (the picture cut the left side, so the
        run ends the name); `right` (the run begins the name). The run reads at most as OCR confuses."""
        bones = skeleton(run)
        if len(bones) < GRAM or run.isdigit():
            return _NO_HITS
        hits = []
        for index in self.book.grams.get(bones[:GRAM], ()):
            form = self.book.forms[index]
            spare = len(form.skeleton) - len(bones)
            if spare <= 0:
                continue
            at = form.skeleton.find(bones)
            if at < 0 or (edge == "left" and at != spare) or (edge == "right" and at != 0):
                continue
            exact_at = form.compact.find(run)
            if exact_at >= 0:
                hits.append(Hit(form, 0.0, len(run) / len(form.compact), exact_at))
            else:
                hits.append(Hit(form, 0.35, len(bones) / len(form.skeleton), at))
        return tuple(hits)

    def glued(self, token: str) -> tuple[Glued, ...]:
        """Names inside a token that is written without gaps: FLYEMIRATES, HANKOOKHANKOOK, NISSANMOTORS.

        A grade `tiled` token is names, their cut-off repeats, web endings and digits throughout; `worded` has
        frequent words for the rest; `loose` has other letters around a long name."""
        book = self.book
        size = len(token)
        found: list[tuple[int, int, Form]] = []
        glue = book.glue
        for start in range(size - GLUE_GRAM + 1):
            for index in glue.get(token[start : start + GLUE_GRAM], ()):
                form = book.forms[index]
                if token.startswith(form.compact, start):
                    found.append((start, start + len(form.compact), form))
        if not found:
            return ()
        found.sort(key=lambda item: (item[0] - item[1], item[0], item[2].brand_id))
        chosen: list[tuple[int, int, Form]] = []
        for start, end, form in found:
            if all(end <= s or start >= e for s, e, _ in chosen):
                chosen.append((start, end, form))
        chosen.sort()
        grade = _grade(token, chosen, book.deny)
        return tuple(Glued(start, end, form, grade) for start, end, form in chosen)


def _grade(token: str, chosen: list[tuple[int, int, Form]], deny: frozenset[str]) -> str:
    """How well what is left of a glued token is explained: `tiled`, `worded`, `loose`, or empty."""
    worded = 0
    framed = token.startswith("www")
    covered = sum(end - start for start, end, _ in chosen)
    borders = [0, *(edge for start, end, _ in chosen for edge in (start, end)), len(token)]
    for place in range(0, len(borders), 2):
        rest = token[borders[place] : borders[place + 1]]
        if not rest or rest.isdigit():
            continue
        before = chosen[place // 2 - 1][2].compact if place else ""
        after = chosen[place // 2][2].compact if place // 2 < len(chosen) else ""
        if (not place and after.endswith(rest)) or (not after and before.startswith(rest)):
            continue
        if not place and rest in ("www", "http", "https"):
            continue
        if not after and (rest in _GLUED_ENDINGS or (framed and rest in WEB_ENDINGS)):
            continue
        if rest in deny or (len(rest) >= 4 and is_common(rest)):
            worded += 1
            continue
        longest = max(len(form.compact) for _, _, form in chosen)
        return "loose" if longest >= 8 and covered >= 0.6 * len(token) else ""
    if not worded:
        return "tiled"
    return "worded" if worded == 1 and max(len(form.compact) for _, _, form in chosen) >= 6 else ""
