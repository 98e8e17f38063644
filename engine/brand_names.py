"""What may be a brand's name or alias, and how long names of brands, books and categories and denied texts may be."""

from __future__ import annotations

from engine.domain.errors import UserFixable
from engine.textfold import fold_compact

LONGEST_NAME = 200
"""Characters. What is read on one sign is shorter, and so are the names of firms; a pasted paragraph is longer."""


def fault_of_name(text: str) -> str:
    """Why a text can't be a brand's name or alias, as a sentence; '' where it can. Blanks at its ends and in rows
    don't count."""
    name = " ".join(text.split())
    if not name:
        return "A brand needs a name."
    if not fold_compact(name):
        return f"“{shortened(name)}” has no letter or digit: it could never be found in a video."
    return fault_of_length(name)


def fault_of_length(text: str) -> str:
    """Why a text is too long for a name of any kind, as a sentence; '' where it isn't."""
    if len(text) <= LONGEST_NAME:
        return ""
    return f"“{shortened(text)}” has {len(text):,} characters; a name has at most {LONGEST_NAME}."


def checked_name(text: str) -> str:
    """A brand's name or alias with single blanks; UserFixable where it can't be one."""
    _refuse(fault_of_name(text))
    return " ".join(text.split())


def checked_length(text: str) -> str:
    """The text as it is; UserFixable where it is too long for a name of any kind."""
    _refuse(fault_of_length(text))
    return text


def shortened(text: str, most: int = 40) -> str:
    """The beginning of a text that a sentence names."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _refuse(fault: str) -> None:
    if fault:
        raise UserFixable(
            fault,
            still_works="Nothing was changed.",
            to_do=f"Give a name of at most {LONGEST_NAME} characters with at least one letter or digit; a mark "
            "without letters is found by a reference picture of a brand with a name.",
        )
