"""From a model's text to judged answers: schema check, blank cell, agreement with OCR and among crops.

Models invent text for marks without letters (arXiv 2510.12287) and their confidence is badly calibrated, so a
name counts only as far as what OCR read on the same sign supports it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from rapidfuzz import fuzz

from engine.decoding import looked_through
from engine.domain.brands import BookSnapshot
from engine.domain.records import Appearance, Record
from engine.escalation.question import NOT_A_BRAND, OTHER, SPECIAL, UNREADABLE
from engine.escalation.sheets import Sheet
from engine.textfold import fold_compact

SUPPORTED = 0.7
"""Least agreement (0..1) with what OCR read for a name that other signs of the run bear out."""
WHOLE, PART = 0.8, 0.9
"""Least likeness (0..1) to the whole name, or to a part of it, for a name to count by itself. Of 18 million pairs of
a text and an unrelated name, 1 in 150 reach SUPPORTED by chance, mostly texts of four letters ('Etio' in 'Blentivo');
1 in 22,000 reach these."""
LETTERS_OF_A_PART = 5
"""Fewer letters than these are found in too many names to speak for one by themselves."""
MOST_CONFIDENT = 0.95
"""No model is believed to be surer than this."""
PLAIN_TEXT = 0.9
"""A text that OCR read at least this surely is not 'unreadable': the cell is asked again."""
LONGEST_NAME = 60
SHORTEST_PART = 3


class CellAnswer(Record, frozen=True, array_like=True):
    """What a model said of one cell, after the schema check. `brand` is a name or NOT_A_BRAND or UNREADABLE."""

    visible_text: str
    brand: str
    evidence: Literal["text", "symbol", "both", "none"]
    confidence: float


class _Cell(msgspec.Struct):
    cell: int
    visible_text: str
    brand: str
    evidence: Literal["text", "symbol", "both", "none"]
    confidence: float
    other_name: str = ""


class _Cells(msgspec.Struct):
    cells: list[_Cell]


class BadAnswer(ValueError):
    """An answer that can't be used; the message says why, in words for a person."""


def read_answer(text: str, sheet: Sheet) -> dict[int, CellAnswer]:
    """The answers by cell number; cells that the model left out are absent. BadAnswer where the text holds no
    such object, where a number is not on the sheet or comes twice, or where the blank cell got a name."""
    cells = _parse(text)
    found: dict[int, CellAnswer] = {}
    for c in cells:
        if not 1 <= c.cell <= len(sheet.cells) or c.cell in found:
            raise BadAnswer(f"it numbered a cell {c.cell} that is not on the sheet or came twice")
        found[c.cell] = _checked(c)
    blank = found.pop(sheet.blank, None)
    if blank is not None and (
        blank.brand not in (NOT_A_BRAND, UNREADABLE) or fold_compact(blank.visible_text)
    ):
        raise BadAnswer("it read something in the blank cell")
    return found


def _checked(c: _Cell) -> CellAnswer:
    brand = " ".join(c.brand.split())
    if brand.upper().replace(" ", "_") in SPECIAL:
        brand = brand.upper().replace(" ", "_")
    if brand == OTHER:
        brand = " ".join(c.other_name.split())
    if not fold_compact(brand) or len(brand) > LONGEST_NAME or not brand.isprintable():
        brand = UNREADABLE
    confidence = min(max(c.confidence, 0.0), 1.0) if c.confidence == c.confidence else 0.0
    return CellAnswer(" ".join(c.visible_text.split())[:200], brand, c.evidence, confidence)


def _parse(text: str) -> list[_Cell]:
    """The cells of the first object in the text that fits the schema, whatever stands around it."""
    for value in _objects(text):
        if isinstance(value, list):
            value = {"cells": value}
        try:
            return msgspec.convert(value, looked_through(_Cells)).cells
        except msgspec.ValidationError:
            continue
    raise BadAnswer("it was not the JSON that was asked for")


def _objects(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    at = 0
    while (start := min((p for p in (text.find("{", at), text.find("[", at)) if p >= 0), default=-1)) >= 0:
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            at = start + 1
        else:
            yield value


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows from a sign's answers. `kind`: `brand` (named and supported), `review` (a known brand that
    only a mark or a few letters speak for: a person decides), `not_a_brand`, `open`. `doubtful`: worth asking again
    alone. `proven`: the folded name, where the letters on this sign are enough for it without any other sign."""

    kind: Literal["brand", "review", "not_a_brand", "open"]
    name: str = ""
    brand_id: str = ""
    confidence: float = 0.0
    reason: str = ""
    doubtful: bool = False
    proven: str = ""


class Judge:
    """Judges answers against what OCR read and what the book knows."""

    def __init__(self, book: BookSnapshot, min_confidence: float) -> None:
        self._least = min_confidence
        self._known: dict[str, tuple[str, str]] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        for entry in book.entries:
            spellings = tuple(f for f in map(fold_compact, (entry.name, *entry.aliases)) if f)
            self._names[entry.brand_id] = spellings
            for folded in spellings:
                self._known.setdefault(folded, (entry.brand_id, entry.name))
        self._denied = frozenset(map(fold_compact, book.deny))

    def judge(
        self,
        text: str,
        text_score: float,
        answers: Sequence[CellAnswer],
        elsewhere: Container[str] = frozenset(),
    ) -> Judgement:
        """One verdict over the answers on one sign's crops (each crop one answer). `text` is what OCR read,
        `elsewhere` the folded names that other signs of the run bear out: for those, a few letters are enough."""
        if not answers:
            return Judgement("open", reason="no answer for this cell", doubtful=True)
        votes = Counter(self._identity(a) for a in answers)
        (identity, count), *_ = sorted(votes.items(), key=lambda v: (-v[1], v[0]))
        chosen = [a for a in answers if self._identity(a) == identity]
        best = max(chosen, key=lambda a: (a.confidence, a.visible_text))
        share = count / len(answers)
        if best.brand == UNREADABLE:
            plain = text_score >= PLAIN_TEXT and len(fold_compact(text)) > SHORTEST_PART
            return Judgement("open", reason="unreadable", doubtful=plain)
        if best.brand == NOT_A_BRAND or identity in self._denied:
            sure = best.confidence * share >= self._least
            return Judgement("not_a_brand" if sure else "open", reason="no brand")
        return self._named(text, best, share, elsewhere)

    def _named(self, text: str, answer: CellAnswer, share: float, elsewhere: Container[str]) -> Judgement:
        brand_id, name = self._known.get(fold_compact(answer.brand), ("", answer.brand))
        folded = fold_compact(name)
        read = fold_compact(text)
        spellings = self._names.get(brand_id, (folded,))
        by_name = max((agreement(read, s) for s in spellings), default=0.0)
        by_text = agreement(read, fold_compact(answer.visible_text))
        agree = by_name if answer.evidence == "symbol" else min(by_name, by_text)
        confidence = round(min(answer.confidence, MOST_CONFIDENT) * (0.35 + 0.65 * agree) * share, 4)
        said = f"reads {answer.visible_text!r}" if answer.visible_text else "sees a mark"
        supported = answer.evidence != "none" and agree >= SUPPORTED
        if supported and confidence >= self._least:
            alone = any(speaks_for(read, s) for s in spellings)
            if alone or folded in elsewhere:
                bears = (
                    f"OCR agrees ({agree * 100:.0f} %)"
                    if alone
                    else "OCR agrees in part, other signs bear it out"
                )
                return Judgement(
                    "brand", name, brand_id, confidence, f"{said}, {bears}", proven=folded if alone else ""
                )
            few = f"{said}, but OCR read {text!r}: too little to bear {name!r} out"
            return Judgement("review" if brand_id else "open", name, brand_id, confidence, few, doubtful=True)
        if agree >= SUPPORTED:
            return Judgement("open", name, brand_id, confidence, f"{said}, but is not sure", doubtful=True)
        if brand_id and answer.evidence in ("symbol", "both") and answer.confidence * share >= self._least:
            return Judgement(
                "review", name, brand_id, confidence, f"{said}, which OCR can't bear out", doubtful=True
            )
        return Judgement(
            "open", name, brand_id, confidence, f"{said} for {name!r}, OCR read {text!r}", doubtful=True
        )

    def _identity(self, answer: CellAnswer) -> str:
        if answer.brand in SPECIAL:
            return answer.brand
        folded = fold_compact(answer.brand)
        return self._known.get(folded, (folded, ""))[0]


def borne_out(appearances: Iterable[Appearance]) -> frozenset[str]:
    """The folded names that these appearances were accepted as."""
    return frozenset(fold_compact(a.brand_name) for a in appearances if a.verdict == "accepted") - {""}


def agreement(read: str, named: str) -> float:
    """How far two folded texts speak for the same sign (0..1): their likeness, or that of the shorter with its
    place in the longer one, a little less for very short ones."""
    if not read or not named:
        return 0.0
    whole = fuzz.ratio(read, named) / 100
    shorter = min(len(read), len(named))
    if shorter < SHORTEST_PART:
        return whole
    part = fuzz.partial_ratio(read, named) / 100 * min(1.0, 0.55 + 0.1 * shorter)
    return max(whole, part)


def speaks_for(read: str, named: str) -> bool:
    """Whether the letters of a folded text are enough for a folded name by themselves: all of it; or, where neither
    is short, nearly all of it or a part that is nearly without a fault."""
    if min(len(read), len(named)) < LETTERS_OF_A_PART:
        return read == named != ""
    return fuzz.ratio(read, named) >= 100 * WHOLE or fuzz.partial_ratio(read, named) >= 100 * PART


def misread(texts: Sequence[tuple[str, float]], answers: Mapping[int, CellAnswer]) -> tuple[int, int]:
    """(how many of the plainly written signs the model read as something else, how many it read at all). `texts`
    are what OCR read on the signs of a sheet, with its score; `answers` go by the place of the sign in them."""
    others = plain = 0
    for place, answer in answers.items():
        text, score = texts[place]
        read, seen = fold_compact(text), fold_compact(answer.visible_text)
        if score < PLAIN_TEXT or len(read) < LETTERS_OF_A_PART or len(seen) < SHORTEST_PART:
            continue
        plain += 1
        others += agreement(read, seen) < SUPPORTED
    return others, plain
