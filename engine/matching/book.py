"""The brand book as matching reads it: every spelling folded and indexed once."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.confusables import skeleton
from engine.domain.brands import BookEntry
from engine.lexicon import is_common, words_of
from engine.textfold import fold, fold_compact, fold_spans, is_wide

FormKind = Literal["name", "alias", "web", "short", "deny"]
DENY_ID = ""
GRAM = 4
GLUE_GRAM = 5
WILD_LENGTH = 5
WEB_ENDINGS = words_of("web_endings.txt")
GENERIC_TAIL = words_of("generic_tails.txt")


@dataclass(frozen=True, slots=True)
class Form:
    """One spelling of a brand. `compact` folded without gaps, `starts` its word starts; `common`: spelt like a
    frequent word, place or given name; `shared`: another brand has the same spelling."""

    brand_id: str
    text: str
    kind: FormKind
    compact: str
    skeleton: str
    starts: frozenset[int]
    common: bool
    wide: bool
    shared: bool = False


def plain_edits_allowed(length: int) -> int:
    """Unlike letters that a fuzzy match may hold, by the length of the name's skeleton (letters)."""
    if length < 5:
        return 0
    return 1 if length < 8 else 2 if length < 14 else 3


def wild_key(bones: str, place: int) -> str:
    """The skeleton with one letter left open: how names too short for pieces are found with one letter off."""
    return f"{bones[:place]}*{bones[place + 1 :]}"


def pieces(length: int, count: int) -> list[tuple[int, int]]:
    """(start, length) of `count` even pieces of a word of `length` letters."""
    base, extra = divmod(length, count)
    out, start = [], 0
    for index in range(count):
        size = base + (index >= count - extra)
        out.append((start, size))
        start += size
    return out


def spelt_like_words(text: str) -> bool:
    """True where every word of the folded text is a frequent one."""
    words = fold(text).split()
    return bool(words) and (all(is_common(word) for word in words) or is_common("".join(words)))


class Book:
    """Frozen indices over names, aliases and the deny list. Build it with `Book.build`; it holds no state.

    `digest` identifies the content (folding-relevant spellings per brand and the deny list), whatever the order.
    `shared`: folded spellings that belong to more than one brand; they only ever go to review."""

    __slots__ = (
        "bones", "brand_names", "by_brand", "deny", "digest", "exact", "forms", "glue", "grams", "longest",
        "segments", "shared", "skeletons", "wide", "wild",
    )  # fmt: skip

    def __init__(
        self, forms: Sequence[Form], deny: frozenset[str], names: dict[str, str], digest: str
    ) -> None:
        self.forms = tuple(forms)
        self.deny = deny
        self.brand_names = names
        self.digest = digest
        self.shared = tuple(sorted({form.compact for form in forms if form.shared}))
        self.bones = tuple((form.skeleton, plain_edits_allowed(len(form.skeleton))) for form in forms)
        self.longest = max((len(form.compact) for form in forms), default=0)
        exact: dict[str, list[int]] = defaultdict(list)
        skeletons: dict[str, list[int]] = defaultdict(list)
        segments: dict[tuple[int, int], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        grams: dict[str, list[int]] = defaultdict(list)
        glue: dict[str, list[int]] = defaultdict(list)
        wide: dict[str, list[int]] = defaultdict(list)
        wild: dict[str, list[int]] = defaultdict(list)
        by_brand: dict[str, list[int]] = defaultdict(list)
        for index, form in enumerate(self.forms):
            exact[form.compact].append(index)
            if form.kind == "deny":
                continue
            by_brand[form.brand_id].append(index)
            if form.wide:
                if len(form.compact) >= 2:
                    wide[form.compact[:2]].append(index)
                continue
            bones = form.skeleton
            if len(form.compact) >= 3:
                skeletons[bones].append(index)
            edits = plain_edits_allowed(len(bones))
            if edits and len(form.compact) >= 6:
                for place, (start, size) in enumerate(pieces(len(bones), edits + 1)):
                    segments[len(bones), place][bones[start : start + size]].append(index)
            if len(bones) == WILD_LENGTH and len(form.compact) == WILD_LENGTH:
                for place in range(WILD_LENGTH):
                    wild[wild_key(bones, place)].append(index)
            if len(form.compact) > GRAM and form.kind in ("name", "alias"):
                for start in range(len(bones) - GRAM + 1):
                    grams[bones[start : start + GRAM]].append(index)
            if len(form.compact) >= GLUE_GRAM and form.kind in ("name", "alias"):
                glue[form.compact[:GLUE_GRAM]].append(index)
        self.exact = {key: tuple(value) for key, value in exact.items()}
        self.skeletons = {key: tuple(value) for key, value in skeletons.items()}
        self.segments = {
            key: {piece: tuple(value) for piece, value in table.items()} for key, table in segments.items()
        }
        self.grams = {key: tuple(dict.fromkeys(value)) for key, value in grams.items()}
        self.glue = {key: tuple(value) for key, value in glue.items()}
        self.wild = {key: tuple(value) for key, value in wild.items()}
        self.wide = {key: tuple(value) for key, value in wide.items()}
        self.by_brand = {key: tuple(value) for key, value in by_brand.items()}

    @classmethod
    def build(cls, entries: Sequence[BookEntry], deny: Sequence[str] = ()) -> Book:
        """Index the names and aliases of `entries` (redirects already followed) and the denied texts.

        A denied text wins over everything; leave out of `deny` what the book itself names (`deny_defaults`)."""
        spelt: dict[tuple[str, str], tuple[FormKind, str]] = {}
        owners: dict[str, set[str]] = defaultdict(set)
        for entry in sorted(entries, key=lambda e: (fold(e.name), e.brand_id)):
            for position, text in enumerate((entry.name, *sorted(entry.aliases))):
                compact = fold_compact(text)
                if compact and (compact, entry.brand_id) not in spelt:
                    spelt[compact, entry.brand_id] = ("alias" if position else "name", text)
                    owners[compact].add(entry.brand_id)
        derived: dict[tuple[str, str], tuple[FormKind, str]] = {}
        derived_owners: dict[str, set[str]] = defaultdict(set)
        openings: dict[str, set[str]] = defaultdict(set)
        for (_, brand_id), (_, text) in spelt.items():
            words = fold(text).split()
            for count in range(1, len(words)):
                openings["".join(words[:count])].add(brand_id)
        for (_, brand_id), (_, text) in spelt.items():
            for kind, short in _derive(text):
                compact = fold_compact(short)
                if compact not in owners:
                    derived.setdefault((compact, brand_id), (kind, short))
                    derived_owners[compact].add(brand_id)
        for (compact, brand_id), value in derived.items():
            if len(derived_owners[compact] | openings[compact]) == 1:
                spelt[compact, brand_id] = value
                owners[compact].add(brand_id)
        forms = [
            _form(brand_id, text, kind, len(owners[compact]) > 1)
            for (compact, brand_id), (kind, text) in sorted(spelt.items())
        ]
        denied = frozenset(filter(None, (fold_compact(text) for text in deny)))
        forms += [_form(DENY_ID, text, "deny", False) for text in sorted(denied)]
        names = {entry.brand_id: entry.name for entry in entries}
        return cls(forms, denied, names, content_digest(entries, deny))


def _form(brand_id: str, text: str, kind: FormKind, shared: bool) -> Form:
    folded = fold_spans(text)
    starts = frozenset(start for start in folded.starts if start not in folded.soft)
    return Form(
        brand_id, text, kind, folded.compact, skeleton(folded.compact), starts,
        spelt_like_words(text), any(is_wide(char) for char in folded.compact), shared,
    )  # fmt: skip


def _derive(text: str) -> Iterable[tuple[FormKind, str]]:
    """Spellings that follow from one: a web name without its ending, a name without its generic last word."""
    words = fold(text).split()
    if len(words) > 1 and "." in text and words[-1] in WEB_ENDINGS:
        stem = "".join(word for word in words[:-1] if word != "www")
        if len(stem) >= 4:
            yield "web", stem
        return
    stem_words = list(words)
    while len(stem_words) > 1 and stem_words[-1] in GENERIC_TAIL:
        stem_words.pop()
    stem = " ".join(stem_words)
    if len(stem_words) < len(words) and len(stem) >= 5 and not spelt_like_words(stem):
        yield "short", stem


def content_digest(entries: Iterable[BookEntry], deny: Iterable[str]) -> str:
    """sha256 (hex) over names, aliases and denied texts; the order of brands, aliases and texts doesn't count,
    nor do brand ids."""
    brands = sorted([entry.name, sorted(set(entry.aliases))] for entry in entries)
    payload = json.dumps([brands, sorted(set(deny))], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(payload.encode()).hexdigest()


def deny_defaults(defaults: Iterable[str], entries: Iterable[BookEntry]) -> tuple[str, ...]:
    """The default denied texts without those that a book of brands names itself (a brand called Goal stays)."""
    named = {fold_compact(text) for entry in entries for text in (entry.name, *entry.aliases)}
    return tuple(text for text in defaults if fold_compact(text) not in named)
