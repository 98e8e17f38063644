"""What OCR mistakes for what: the confusable skeleton of a folded text, and a weighted edit distance."""

from __future__ import annotations

from functools import lru_cache

STRONG = 0.35
WEAK = 0.6
DOUBLED = 0.6
THIN = 0.7
PLAIN = 1.0

_GROUPS = ("0oqо", "1ilіӏ", "5sѕ", "8b", "2z", "9gq", "4a", "3e", "7t", "6g")
_SKELETON = str.maketrans(
    {
        "0": "o", "q": "o", "1": "l", "i": "l", "5": "s", "8": "b", "2": "z", "9": "g", "6": "g", "4": "a",
        "3": "e", "7": "t",
        # Look-alikes of other alphabets, which a reader of several scripts mixes in.
        "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "х": "x", "у": "y", "к": "k", "м": "m", "т": "t",
        "в": "b", "н": "h", "и": "n", "α": "a", "ε": "e", "ο": "o", "ρ": "p", "τ": "t", "υ": "u", "κ": "k",
        "ν": "v", "μ": "m", "β": "b", "η": "n", "ι": "l", "χ": "x",
    }
)  # fmt: skip
_LONG = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_WEAK_PAIRS = frozenset(
    frozenset(pair)
    for pair in (
        "ce", "co", "eo", "uv", "hn", "nm", "ao", "ae", "ft", "tl", "it", "gc", "yv", "kx", "do", "bh", "nu",
        "rn", "pr", "ef", "dc", "lj", "ij", "gq", "fp", "hk", "rk", "vy", "0d", "od", "uo", "ua", "kr", "wv",
        "il", "t1", "7l", "71", "6b", "5g", "8s", "gs", "ea", "br", "oc", "dq", "qg", "g8",
    )
)  # fmt: skip
_WEAK_LONG = frozenset(
    {("nn", "m"), ("ii", "u"), ("ln", "h"), ("li", "h"), ("lo", "b"), ("in", "m"), ("ri", "n")}
)
_STRONG_LONG = frozenset({("rn", "m"), ("vv", "w"), ("cl", "d"), ("c1", "d"), ("nv", "w")})
_PAIR_COSTS = dict.fromkeys(_WEAK_LONG, WEAK) | dict.fromkeys(_STRONG_LONG, STRONG)
_STRONG_PAIRS = frozenset(frozenset((a, b)) for group in _GROUPS for a in group for b in group if a != b)


def skeleton(compact: str) -> str:
    """`compact` (folded, no gaps) with each group of confusable shapes mapped to one letter.

    Two texts with equal skeletons differ only by what OCR confuses: 0/O, 1/I/l, 5/S, 8/B, rn/m, vv/w, cl/d and
    look-alike letters of Cyrillic and Greek. A skeleton is for comparing, not for showing."""
    mapped = compact.translate(_SKELETON)
    for long, short in _LONG:
        if long in mapped:
            mapped = mapped.replace(long, short)
    return mapped


def substitution_cost(a: str, b: str) -> float:
    """Cost 0..1 of reading character `a` for `b`: 0 equal, 0.35 confusable, 0.6 similar, 1 unlike."""
    if a == b or a.translate(_SKELETON) == b:
        return 0.0 if a == b else STRONG
    pair = frozenset((a, b))
    if pair in _STRONG_PAIRS or a.translate(_SKELETON) == b.translate(_SKELETON):
        return STRONG
    return WEAK if pair in _WEAK_PAIRS else PLAIN


_substitution = lru_cache(maxsize=65536)(substitution_cost)


def _gap_cost(text: str, index: int) -> float:
    """Cost of one character too many or too few: less for a doubled and for a thin letter."""
    char = text[index]
    if (index and text[index - 1] == char) or (index + 1 < len(text) and text[index + 1] == char):
        return DOUBLED
    return THIN if char in "il1j" else PLAIN


@lru_cache(maxsize=131072)
def weighted_distance(read: str, name: str) -> float:
    """Least total cost of turning `read` into `name` (both folded, no gaps); 0 for equal texts.

    Levenshtein by dynamic programming with confusable substitutions, cheap doubled and thin letters, and
    two-for-one confusions (rn/m) in both directions. Equal beginnings and ends cost nothing and are left out."""
    first, last_read, last_name = 0, len(read), len(name)
    while first < last_read and first < last_name and read[first] == name[first]:
        first += 1
    while last_read > first and last_name > first and read[last_read - 1] == name[last_name - 1]:
        last_read -= 1
        last_name -= 1
    gaps_name = [_gap_cost(name, j) for j in range(first, last_name)]
    columns = last_name - first
    row = [0.0]
    for gap in gaps_name:
        row.append(row[-1] + gap)
    table = [row]
    for i in range(first, last_read):
        a = read[i]
        gap_read = _gap_cost(read, i)
        above = row
        row = [above[0] + gap_read]
        for j in range(columns):
            b = name[first + j]
            best = min(above[j] + _substitution(a, b), above[j + 1] + gap_read, row[j] + gaps_name[j])
            if i > first:
                pair = _PAIR_COSTS.get((read[i - 1 : i + 1], b))
                if pair is not None:
                    best = min(best, table[-2][j] + pair)
            if j:
                pair = _PAIR_COSTS.get((name[first + j - 1 : first + j + 1], a))
                if pair is not None:
                    best = min(best, above[j - 1] + pair)
            row.append(best)
        table.append(row)
    return table[-1][-1]
