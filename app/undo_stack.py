"""Which steps can be taken back and brought back, read off the append-only log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

UNDO, REDO = "undo", "redo"
"""Command names of the rows by which a step was taken back or brought back."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step as the person took it: its log rows, oldest first, whose inverses take it back (or, where it was
    taken back, bring it back)."""

    entries: tuple[int, ...]
    title: str
    group: str = ""


class UndoStack:
    """The state after all rows of the log were fed in order. A new command empties what could be redone."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[Step] = []

    def feed(self, entry_id: int, command: str, title: str, undoes: int | None, group: str) -> None:
        """One more row. An undo or redo row names the newest row of the step that it takes along; its title is
        not used: the step keeps its own."""
        if command == UNDO and undoes is not None:
            step = self._take(self.done, undoes)
            if step is not None:
                self.undone.append(Step((entry_id,), step.title, step.group))
        elif command == REDO and undoes is not None:
            step = self._take(self.undone, undoes)
            if step is not None:
                self.done.append(Step((entry_id,), step.title, step.group))
        else:
            self.undone.clear()
            last = self.done[-1] if self.done else None
            if group and last is not None and last.group == group:
                self.done[-1] = Step((*last.entries, entry_id), last.title, group)
            else:
                self.done.append(Step((entry_id,), title, group))

    def feed_all(self, rows: Iterable[tuple[int, str, str, int | None, str]]) -> None:
        """Rows of the log (id, command, title, undoes, group), oldest first."""
        for row in rows:
            self.feed(*row)

    @staticmethod
    def _take(stack: list[Step], entry_id: int) -> Step | None:
        if stack and stack[-1].entries[-1] == entry_id:
            return stack.pop()
        return None
