"""Words, icons and marks of the review: flags, states, surfaces, how an answer came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.text import tr
from ui.tokens import DataState

if TYPE_CHECKING:
    from app.review_rows import QueueRow
    from engine.domain.records import Appearance

FLAG_ICONS = {
    "changed": "warning",
    "close": "compare",
    "band": "unsure",
    "long": "clock",
    "new": "star",
    "model": "cloud",
    "alike": "merge",
    "orphan": "pin",
}
"""Icon of each flag, in the order in which they are shown."""


def flag_words(flag: str) -> str:
    """A flag in two or three words."""
    return {
        "changed": tr("changed since"),
        "close": tr("two brands close"),
        "band": tr("in review band"),
        "long": tr("seen for long"),
        "new": tr("new brand"),
        "model": tr("model’s answer"),
        "alike": tr("looks alike"),
        "orphan": tr("no place in this run"),
    }.get(flag, flag)


def flag_help(flag: str) -> str:
    """A flag in a sentence."""
    return {
        "changed": tr("The machine now says something else than when this was decided."),
        "close": tr("Two brands match almost equally well."),
        "band": tr("The match score lies inside the review band."),
        "long": tr("A text that no brand answers to was seen for a long time."),
        "new": tr("This brand was not seen in any run before."),
        "model": tr("The answer is a model’s, not a match’s."),
        "alike": tr("It reads or looks like something that was decided."),
        "orphan": tr("A decision that nothing in this run answers to."),
    }.get(flag, flag)


def state_words(state: str) -> str:
    return {
        "undecided": tr("undecided"),
        "confirmed": tr("confirmed"),
        "rejected": tr("rejected"),
        "reassigned": tr("reassigned"),
        "unsure": tr("unsure"),
        "manual": tr("drawn"),
    }.get(state, state)


def state_look(state: str) -> str:
    """The badge that a state is shown in."""
    return {
        "confirmed": "badge-good",
        "reassigned": "badge-good",
        "manual": "badge-good",
        "unsure": "badge-warn",
    }.get(state, "badge")


def row_state(row: QueueRow, pending: str = "") -> DataState:
    """How a row's state is drawn; `pending` is a decision that isn't stored yet."""
    state = pending or str(row.state)
    if not pending and "changed" in row.flags:
        return DataState.CHANGED
    if state == "rejected":
        return DataState.REJECTED
    if state in ("confirmed", "reassigned", "manual"):
        return DataState.PERSON
    if state == "unsure" or row.verdict == "review":
        return DataState.REVIEW
    if row.verdict in ("unresolved", "denied", ""):
        return DataState.UNRESOLVED
    if "model" in row.flags:
        return DataState.MODEL
    return DataState.CAPTION if row.surface == "caption" else DataState.MACHINE


def row_title(row: QueueRow) -> str:
    """What a row is about: its brand, else its text."""
    if row.brand_name:
        return row.brand_name
    return f"“{row.text}”" if row.text else tr("Unread sign")


def verdict_words(verdict: str) -> str:
    return {
        "accepted": tr("accepted"),
        "review": tr("for review"),
        "unresolved": tr("unresolved"),
        "denied": tr("not a brand (deny list)"),
    }.get(verdict, verdict)


def source_words(machine: Appearance) -> str:
    """Where the machine's answer comes from, in a sentence."""
    who = {
        "ocr": tr("Read from the picture"),
        "local_vlm": tr("Answered by the local model"),
        "cloud_llm": tr("Answered by the cloud model"),
        "manual": tr("Drawn by a person"),
    }.get(machine.source, machine.source)
    how = {
        "text": tr("name matched"),
        "alias": tr("alias matched"),
        "look": tr("found by its look"),
        "model": tr("model’s word"),
        "person": tr("person’s word"),
    }.get(machine.evidence, machine.evidence)
    if machine.verdict in ("unresolved", "denied"):
        return f"{who}; {verdict_words(machine.verdict)}"
    return f"{who}; {how}"
