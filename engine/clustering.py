"""Group texts that may name the same brand, from strict to lax, for the alias workbench."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rapidfuzz.distance import Levenshtein

from engine.confusables import skeleton
from engine.textfold import fold, fold_compact

Level = Literal["fingerprint", "ngram", "phonetic", "edit"]
LEVELS: tuple[Level, ...] = get_args(Level)
_SHORTEST_FOR_EDIT = 5


@dataclass(frozen=True, slots=True)
class ClusterItem:
    """A distinct text (of a brand or unresolved) with its weight (sightings or seconds; larger leads)."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Two or more texts that may be one brand, heaviest first; `lead` is the suggested surviving name."""

    level: Level
    items: tuple[ClusterItem, ...]

    @property
    def lead(self) -> str:
        return self.items[0].text

    @property
    def weight(self) -> float:
        """Sum of the members' weights."""
        return sum(item.weight for item in self.items)


def cluster_texts(
    items: Sequence[ClusterItem], level: Level, not_same: Collection[frozenset[str]] = ()
) -> list[Cluster]:
    """Clusters of `items` at `level`, heaviest first; each text is in at most one, clusters of one are left out.

    fingerprint: equal folded words in any order. ngram: equal sets of letter pairs after what OCR confuses is
    folded. phonetic: equal sounds. edit: at most one to three edits by length, after the confusable fold, linked
    from the heavier text to the lighter so that chains don't grow. Texts of a `not_same` pair (raw texts) never
    meet in one cluster. The result doesn't depend on the order of `items`."""
    ordered = sorted(_distinct(items), key=lambda item: (-item.weight, item.text))
    apart = _apart(not_same)
    groups = _edit_groups(ordered) if level == "edit" else _key_groups(ordered, level)
    clusters = [
        Cluster(level, tuple(part)) for group in groups for part in _parted(group, apart) if len(part) > 1
    ]
    return sorted(clusters, key=lambda cluster: (-cluster.weight, cluster.lead))


def _distinct(items: Iterable[ClusterItem]) -> list[ClusterItem]:
    weights: dict[str, float] = defaultdict(float)
    for item in items:
        if fold_compact(item.text):
            weights[item.text] += item.weight
    return [ClusterItem(text, weight) for text, weight in weights.items()]


def _apart(not_same: Collection[frozenset[str]]) -> dict[str, set[str]]:
    apart: dict[str, set[str]] = defaultdict(set)
    for pair in not_same:
        for text in pair:
            apart[text] |= pair - {text}
    return apart


def _parted(group: list[ClusterItem], apart: dict[str, set[str]]) -> list[list[ClusterItem]]:
    """The group cut so that texts that a person keeps apart don't meet: each goes to the first part, led by the
    heaviest texts, where nothing speaks against it."""
    if not any(item.text in apart for item in group):
        return [group]
    parts: list[list[ClusterItem]] = []
    for item in group:
        for part in parts:
            if not any(other.text in apart.get(item.text, ()) for other in part):
                part.append(item)
                break
        else:
            parts.append([item])
    return parts


def _key_groups(ordered: list[ClusterItem], level: Level) -> list[list[ClusterItem]]:
    groups: dict[Hashable, list[ClusterItem]] = defaultdict(list)
    for item in ordered:
        key = _key(item.text, level)
        if key:
            groups[key].append(item)
    return list(groups.values())


def _key(text: str, level: Level) -> Hashable:
    if level == "fingerprint":
        return fingerprint(text)
    return ngram_fingerprint(text) if level == "ngram" else phonetic_key(text)


def fingerprint(text: str) -> str:
    """Folded words, each once, in alphabetical order (OpenRefine's fingerprint)."""
    return " ".join(sorted(set(fold(text).split())))


def ngram_fingerprint(text: str) -> str:
    """Letter pairs of the confusable skeleton without gaps, each once, in order (OpenRefine's n-gram fingerprint);
    texts under four letters keep their letters, for which pairs say too little."""
    bones = skeleton(fold_compact(text))
    if len(bones) < 4:
        return bones
    return "".join(sorted({bones[at : at + 2] for at in range(len(bones) - 1)}))


_SOUND_RULES = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^[kgp](?=n)|^w(?=r)|^p(?=s)", ""),
        (r"^x", "s"),
        (r"sch|sh|tio(?=n)|ch(?!r)", "x"),
        (r"ch(?=r)|ck|cc(?![eiy])|q(?:u)?", "k"),
        (r"ph|v(?=f)", "f"),
        (r"tsch|tch|cz", "x"),
        (r"gh(?=[^aeiouy]|$)", ""),
        (r"th", "t"),
        (r"wh", "w"),
        (r"dg(?=[eiy])", "j"),
        (r"c(?=[eiy])|z|ts", "s"),
        (r"c", "k"),
        (r"x", "ks"),
        (r"w", "v"),
        (r"h(?![aeiouy])", ""),
        (r"b(?=$)", "p"),
        (r"d(?=$)", "t"),
        (r"j", "i"),
        (r"y", "i"),
    )
)
_DIGIT_LETTERS = str.maketrans("0135789", "oleslbg")
_REPEATS = re.compile(r"(.)\1+")


def phonetic_key(text: str) -> str:
    """How a text sounds, roughly and for the spellings of several European languages: consonants after common
    rewrites (ph = f, ck = k, z = s, w = v), vowels dropped but for a first one, doubles once. Texts with letters
    outside a–z, or with fewer than three consonants, keep their folded letters."""
    compact = fold_compact(text)
    if any(char.isalpha() for char in compact):
        letters = compact.translate(_DIGIT_LETTERS)
    else:
        return compact
    if not letters.isascii() or any(char.isdigit() for char in letters):
        return compact
    for rule, sound in _SOUND_RULES:
        letters = rule.sub(sound, letters)
    letters = _REPEATS.sub(r"\1", letters)
    key = ("a" if letters[:1] in tuple("aeiou") else "") + re.sub(r"[aeiou]", "", letters)
    return key if len(key) >= 3 else compact


def edits_allowed(length: int) -> int:
    """Edits between two texts of one cluster by the length of the shorter skeleton, 0 below five letters."""
    if length < _SHORTEST_FOR_EDIT:
        return 0
    return 1 if length < 9 else 2 if length < 15 else 3


def _edit_groups(ordered: list[ClusterItem]) -> list[list[ClusterItem]]:
    """Star-shaped groups: each text joins the heaviest earlier lead within its edits, else leads itself.

    Near leads are found by pieces: of `edits + 1` pieces of the lead one is unharmed (Pass-Join)."""
    leads: list[tuple[str, list[ClusterItem]]] = []
    exact: dict[str, int] = {}
    tables: dict[int, dict[tuple[int, str], list[int]]] = {}
    for item in ordered:
        bones = skeleton(fold_compact(item.text))
        at = exact.get(bones)
        if at is None:
            at = _nearest(bones, leads, tables)
        if at is not None:
            leads[at][1].append(item)
            exact.setdefault(bones, at)
            continue
        index = len(leads)
        leads.append((bones, [item]))
        exact[bones] = index
        edits = edits_allowed(len(bones))
        if edits:
            table = tables.setdefault(len(bones), defaultdict(list))
            for place, (start, end) in enumerate(_pieces(len(bones), edits + 1)):
                table[place, bones[start:end]].append(index)
    return [group for _, group in leads]


def _pieces(length: int, count: int) -> list[tuple[int, int]]:
    base, extra = divmod(length, count)
    out, start = [], 0
    for index in range(count):
        end = start + base + (index >= count - extra)
        out.append((start, end))
        start = end
    return out


def _nearest(
    bones: str,
    leads: list[tuple[str, list[ClusterItem]]],
    tables: dict[int, dict[tuple[int, str], list[int]]],
) -> int | None:
    """The lead with fewest edits to `bones` within what both lengths allow; of equals the first (heaviest)."""
    size = len(bones)
    most = edits_allowed(size)
    if not most:
        return None
    seen: set[int] = set()
    best: tuple[int, int] | None = None
    for length in range(max(_SHORTEST_FOR_EDIT, size - 3), size + 4):
        table = tables.get(length)
        edits = min(edits_allowed(length), most)
        if table is None or abs(size - length) > edits:
            continue
        whole = edits_allowed(length)
        shift = size - length
        for place, (start, end) in enumerate(_pieces(length, whole + 1)):
            low = max(0, start - place, start + shift - (whole - place))
            high = min(size - (end - start), start + place, start + shift + (whole - place))
            for position in range(low, high + 1):
                for index in table.get((place, bones[position : position + end - start]), ()):
                    if index in seen:
                        continue
                    seen.add(index)
                    distance = Levenshtein.distance(bones, leads[index][0], score_cutoff=edits)
                    if distance <= edits and (best is None or (distance, index) < best):
                        best = (distance, index)
    return best[1] if best else None
