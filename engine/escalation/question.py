"""The question that a model is asked about a sheet: instructions, offered names, and the schema of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rapidfuzz import fuzz, process

from engine.domain.brands import BookSnapshot
from engine.escalation.sheets import Sheet
from engine.ports import ChatQuestion
from engine.textfold import fold_compact

PROMPT_VERSION = "1"
"""Part of every memory key: raise it whenever the words below, the schema or the sheets change."""

OFFERED = 5
"""Known brands offered for each cell: comparing candidates beats naming freely (arXiv 2509.25811)."""

OTHER = "OTHER"
NOT_A_BRAND = "NOT_A_BRAND"
UNREADABLE = "UNREADABLE"
SPECIAL = (OTHER, NOT_A_BRAND, UNREADABLE)

TOKENS_A_CELL = 120
TOKENS_TO_THINK = 1500

SYSTEM = (
    "You read signs in sport broadcasts: perimeter boards, shirts, captions. Report only what the pixels show. "
    "Never guess: a wrong name does harm, UNREADABLE does none. Never invent text for a mark without letters. "
    "Some cells are blank on purpose; for those answer UNREADABLE with empty text."
)

_INSTRUCTIONS = """The picture is a sheet of {count} numbered cells; the number stands above each cell. \
Judge every cell by itself: neighbours have nothing to do with each other{same}.
For every cell give:
- cell: its number.
- visible_text: the letters that can really be read in the cell, as written; empty if there are none.
- brand: one of the names offered for the cell if the cell shows it; OTHER if it shows another brand (put its \
name into other_name); NOT_A_BRAND if it shows something else (a player, a team, a clock, a score, a slogan, a \
direction); UNREADABLE if it can't be told or the cell is blank.
- other_name: the brand's name if brand is OTHER, else empty.
- evidence: text (the name can be read), symbol (only a mark is seen), both, or none.
- confidence: 0 to 1, how sure you are.
Offered names:
{offers}
Answer with one JSON object and nothing else, of this schema:
{schema}"""


def schema_of(cells: int) -> dict[str, Any]:
    """JSON schema of the answer for a sheet of so many cells; strict servers need every field required."""
    answer = {
        "type": "object",
        "properties": {
            "cell": {"type": "integer", "enum": list(range(1, cells + 1))},
            "visible_text": {"type": "string"},
            "brand": {"type": "string"},
            "other_name": {"type": "string"},
            "evidence": {"type": "string", "enum": ["text", "symbol", "both", "none"]},
            "confidence": {"type": "number"},
        },
        "required": ["cell", "visible_text", "brand", "other_name", "evidence", "confidence"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"cells": {"type": "array", "items": answer}},
        "required": ["cells"],
        "additionalProperties": False,
    }


class Offers:
    """The known brands that come nearest to a text, by any of their names."""

    def __init__(self, book: BookSnapshot) -> None:
        self._owners: list[str] = []
        self._spellings: list[str] = []
        for entry in book.entries:
            for text in (entry.name, *entry.aliases):
                folded = fold_compact(text)
                if folded:
                    self._owners.append(entry.name)
                    self._spellings.append(folded)

    def near(self, text: str, count: int = OFFERED) -> tuple[str, ...]:
        """Up to `count` names, the nearest first."""
        found = process.extract(fold_compact(text), self._spellings, scorer=fuzz.WRatio, limit=4 * count)
        return tuple(dict.fromkeys(self._owners[place] for _, _, place in found))[:count]


def question_of(sheet: Sheet, offers: Sequence[Sequence[str]], *, same_sign: bool = False) -> ChatQuestion:
    """The question about a sheet. `offers` are the names offered for each of its cells; the blank cell's are
    those of another cell. `same_sign`: all cells but the blank one show one sign at different times."""
    import json

    count = len(sheet.cells)
    schema = schema_of(count)
    listed = "\n".join(
        f"- cell {number}: {' | '.join((*names, *SPECIAL))}" for number, names in enumerate(offers, start=1)
    )
    text = _INSTRUCTIONS.format(
        count=count,
        same=", though they may show the same sign at different times" if same_sign else "",
        offers=listed,
        schema=json.dumps(schema, ensure_ascii=False),
    )
    return ChatQuestion(
        system=SYSTEM,
        text=text,
        images=(sheet.jpeg,),
        schema=schema,
        max_tokens=TOKENS_A_CELL * count + TOKENS_TO_THINK,
    )
