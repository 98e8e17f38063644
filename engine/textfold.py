"""Fold text of any script to comparable letters and digits, and keep the way back to the raw text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Letters that Unicode does not decompose (Latin), and spellings of one letter (Arabic, Persian).
_SPECIAL = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ŋ": "n",
    "ħ": "h", "ŧ": "t", "ı": "i", "ĸ": "k", "ſ": "s", "ƒ": "f", "ə": "e",
    "ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "ـ": "", "ٱ": "ا",
    "і": "и", "ї": "и", "ё": "е", "є": "е", "ґ": "г", "ў": "у",
    "™": "", "®": "", "©": "", "℠": "",
}  # fmt: skip
_JOINERS = frozenset("'’‘´`&")
_WIDE_RANGES = (
    (0x2E80, 0x2FDF), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF), (0x20000, 0x3134F),
)  # fmt: skip
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else None for code in range(128)}
_SOLE_LETTER_SIGNS = str.maketrans("|!¡$€£@§", "liiseeas")


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text. `compact`: casefolded letters and digits without gaps. `starts`: offsets in `compact` where
    a token begins (0 first); `soft`: the subset that only a change of case suggests. `raw`: for each character
    of `compact`, the index of the raw character it came from."""

    compact: str
    starts: tuple[int, ...]
    soft: frozenset[int]
    raw: tuple[int, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens in order; their concatenation is `compact`."""
        if not self.starts:
            return ()
        ends = (*self.starts[1:], len(self.compact))
        return tuple(self.compact[a:b] for a, b in zip(self.starts, ends, strict=True))

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range in the raw text that `compact[start:end]` (not empty) came from."""
        return self.raw[start], self.raw[end - 1] + 1


@lru_cache(maxsize=65536)
def fold_char(char: str) -> str:
    """The folded letters of one raw character; empty for marks, signs and space (NFKD, casefold, special letters)."""
    special = _SPECIAL.get(char)
    if special is not None:
        return special
    out = []
    for part in unicodedata.normalize("NFKD", char).casefold():
        part = _SPECIAL.get(part, part)
        for letter in unicodedata.normalize("NFKD", part):
            letter = _SPECIAL.get(letter, letter)
            if letter.isalnum():
                out.append(letter)
    return "".join(out)


def is_wide(char: str) -> bool:
    """True for ideographs, kana and hangul: scripts that are written without spaces."""
    code = ord(char)
    return code >= 0x2E80 and any(low <= code <= high for low, high in _WIDE_RANGES)


@lru_cache(maxsize=65536)
def _char_kind(char: str) -> tuple[str, str]:
    """(folded letters, kind): kind is `w` wide script, `u` upper, `l` other letter or digit, `m` combining mark,
    `j` joiner inside a word, `+` plus sign, `-` anything that parts words."""
    folded = fold_char(char)
    if folded:
        if is_wide(folded[0]):
            return folded, "w"
        return folded, "u" if char.isupper() else "l"
    if unicodedata.category(char) in ("Mn", "Me", "Cf") or char in _SPECIAL:
        return "", "m"
    if char in _JOINERS:
        return "", "j"
    return "", "+" if char == "+" else "-"


@lru_cache(maxsize=65536)
def fold_spans(text: str) -> Folded:
    """Fold `text` and remember where each folded character came from.

    Tokens part at everything that is no letter or digit, except at apostrophes and `&` inside a word (H&M is
    one token), where the script changes to or from one without spaces, and (soft) where lower case turns into
    upper case (FlyEmirates). A plus sign behind a letter reads `plus` (Canal+)."""
    compact: list[str] = []
    raw: list[int] = []
    starts: list[int] = []
    soft: set[int] = set()
    size = 0
    gap = True
    previous = ""
    for index, char in enumerate(text):
        folded, kind = _char_kind(char)
        if not folded:
            if kind == "+" and previous in ("l", "u") and compact[-1].isalpha():
                if gap:
                    starts.append(size)
                compact.append("plus")
                raw.extend((index,) * 4)
                size += 4
                gap = True
            elif kind == "-" or kind == "+":
                gap = True
            continue
        if gap or (kind == "w") != (previous == "w"):
            starts.append(size)
        elif kind == "u" and previous == "l" and not text[index - 1].isdigit():
            starts.append(size)
            soft.add(size)
        compact.append(folded)
        count = len(folded)
        if count == 1:
            raw.append(index)
        else:
            raw.extend((index,) * count)
        size += count
        gap = False
        previous = kind
    return Folded("".join(compact), tuple(starts), frozenset(soft), tuple(raw))


def fold(text: str) -> str:
    """Folded words of `text`, single spaces between them (soft borders of case don't part words)."""
    folded = fold_spans(text)
    cuts = [start for start in folded.starts if start not in folded.soft]
    ends = (*cuts[1:], len(folded.compact))
    return " ".join(folded.compact[a:b] for a, b in zip(cuts, ends, strict=True)) if cuts else ""


def fold_compact(text: str) -> str:
    """Folded letters and digits of `text` without any gaps: the form in which names are compared."""
    if text.isascii() and "+" not in text:
        return text.translate(_ASCII)
    return fold_spans(text).compact


def letter_signs(text: str) -> str:
    """`text` with signs that OCR puts for letters (| ! $ € @) replaced by those letters; same length."""
    return text.translate(_SOLE_LETTER_SIGNS)
