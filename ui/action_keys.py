"""Keys of actions: a person's own put in, those that two actions would answer to, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtGui import QKeySequence

from ui.actions import ActionSpec


def effective(
    table: Iterable[ActionSpec], overrides: Mapping[str, tuple[str, ...]]
) -> tuple[ActionSpec, ...]:
    """The table with a person's own keys put in."""
    return tuple(s.with_keys(tuple(overrides[s.id])) if s.id in overrides else s for s in table)


def conflicts(table: Iterable[ActionSpec]) -> dict[str, tuple[str, ...]]:
    """Keys that more than one action would answer to, with those actions' ids: two of one scope, or one of G and
    another. Review area (R), brands page (B) and library (L) are never in focus together. Qt would fire neither."""
    users: dict[str, list[ActionSpec]] = {}
    for spec in table:
        for key in spec.all_keys:
            users.setdefault(normal(key), []).append(spec)
    found = {}
    for key, specs in users.items():
        ids = {
            spec.id: None
            for spec in specs
            for other in specs
            if other.id != spec.id and (other.scope == spec.scope or "G" in (other.scope, spec.scope))
        }
        if ids:
            found[key] = tuple(ids)
    return found


def normal(key: str) -> str:
    """One spelling for each key sequence."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def shown_keys(keys: Iterable[str]) -> str:
    """All keys of an action in one line, each once (both Enter keys are one)."""
    return ", ".join(dict.fromkeys(shown(key) for key in keys))


def shown(key: str) -> str:
    """A key sequence as this platform writes it."""
    text = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
    arrows = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "Return": "Enter"}
    head, plus, last = text.rpartition("+")
    if text.endswith("+"):
        return text
    return f"{head}{plus}{arrows.get(last, last)}"
