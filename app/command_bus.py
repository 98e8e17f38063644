"""Carries out commands: check, one IMMEDIATE transaction, one row in the log with its inverse, one Change."""

from __future__ import annotations

import getpass
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from app.commands import Command, Several, name_of, to_payload
from app.handling import HANDLERS, Outcome, Work
from app.mailbox import LibraryChanged, Mailbox
from app.run_cache import RunCache
from app.undo_stack import REDO, UNDO, Step, UndoStack
from app.whole_file import write_whole
from engine.domain.decisions import AuditEntry
from engine.domain.errors import UserFixable
from storage.changes import RowChange, Transaction, from_plain, recorded, take_back, to_plain
from storage.library import Library

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """What a command changed: which kinds (`brands`, `decisions`, `jobs`, `sources`), which ids, who started it.
    `title` is the step in words ("Merge 12 aliases into Hankook"; "Undo Merge 12 aliases into Hankook" where it was
    taken back), `step` the step's own title, also where it was taken back or brought back, `subject` where to look
    ("brand:ID", "book:NAME", "deny-list:TEXT", "not-same", "run:ID", "source:ID", "library:ID" (a source's card),
    "appearance:JOB:KEY", "time:SOURCE:MICROSECONDS"), `notes` what a person should know beside it, `made` ids of what
    came into being (brands, decisions)."""

    kinds: frozenset[str]
    ids: tuple[str, ...]
    initiator: str
    title: str
    audit_id: int
    subject: str = ""
    source_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    step: str = ""


class _OnlyLooked(Exception):
    """Rolls a preview back."""


class CommandBus:
    """The only way in which people's words are written. Thread-safe; a command that fails writes nothing. Commands
    that two threads send at once are carried out in one order, and both the log and undo have that one; whoever needs
    his own order sends the next when the one before is done.

    Undo and redo are rows of the log themselves, so that they work after a restart."""

    def __init__(
        self, library: Library, mailbox: Mailbox, runs: RunCache | None = None, *, actor: str = ""
    ) -> None:
        self._library = library
        self._mailbox = mailbox
        self._runs = runs or RunCache(library)
        self._actor = actor or _user()
        self._lock = threading.RLock()
        self._stack: UndoStack | None = None

    # Doing -----------------------------------------------------------------------------------------

    def do(self, command: Command, *, initiator: str = "", group: str = "") -> Change:
        """Carry out a command. `initiator` names the screen it came from; commands that follow each other with the
        same `group` are taken back together.

        Raises UserFixable or Conflict, with nothing written, where the command can't be done."""
        with self._lock:
            stack = self._ready()
            with self._library.db.write() as conn:
                work = Work(self._library, conn, self._runs, self._actor)
                with recorded(conn) as rows:
                    outcome = self._carry_out(command, work)
                if not rows:
                    raise UserFixable(
                        outcome.idle or "That is so already.",
                        still_works="Nothing was changed.",
                        to_do="",
                    )
                entry = self._append(
                    name_of(command), outcome, to_payload(command), rows, group=group, undoes=None
                )
            stack.feed(entry, name_of(command), outcome.title, None, group)
            return self._tell(outcome, entry, initiator, outcome.title)

    def preview(self, command: Command, look: Callable[[Outcome], T]) -> T:
        """Carry out a command, let `look` read the library as it is then (on this thread), and take all of it back:
        nothing is written, nobody is told. Raises what `do` would raise."""
        found: list[T] = []
        with self._lock:
            try:
                with self._library.db.write() as conn:
                    work = Work(self._library, conn, self._runs, self._actor)
                    found.append(look(self._carry_out(command, work)))
                    raise _OnlyLooked
            except _OnlyLooked:
                pass
        return found[0]

    def undo(self, *, initiator: str = "") -> Change | None:
        """Take back the newest step that stands; None where there is none."""
        return self._back(UNDO, initiator)

    def redo(self, *, initiator: str = "") -> Change | None:
        """Bring back the step that was taken back last; None where there is none."""
        return self._back(REDO, initiator)

    @property
    def undo_title(self) -> str:
        """What undo would do, in words ("Undo Merge 12 aliases into Hankook"); '' where there is nothing."""
        return self._title("Undo", lambda stack: stack.done)

    @property
    def redo_title(self) -> str:
        """What redo would do, in words; '' where there is nothing."""
        return self._title("Redo", lambda stack: stack.undone)

    # Looking back ----------------------------------------------------------------------------------

    def history(
        self, search: str = "", *, limit: int = 200, source_id: str = "", before: int | None = None
    ) -> list[AuditEntry]:
        """Rows of the log, newest first, whose title, command, actor or payload holds `search`; older than row
        `before` where one is given."""
        return self._library.audit.search(search, limit=limit, source_id=source_id, before=before)

    def export_log(self, path: Path) -> int:
        """Write the whole log as JSON lines, oldest first, and return how many rows that were."""
        lines = [json.dumps(msgspec.to_builtins(e), ensure_ascii=False) for e in self._library.audit.all()]
        write_whole(path, "".join(line + "\n" for line in lines).encode())
        return len(lines)

    # Inside ----------------------------------------------------------------------------------------

    def _carry_out(self, command: Command, work: Work) -> Outcome:
        if not isinstance(command, Several):
            return HANDLERS[type(command)](command, work)
        outcomes = [self._carry_out(one, work) for one in command.unpacked()]
        if not outcomes:
            raise UserFixable("There is nothing to do.", still_works="Nothing was changed.", to_do="")
        return replace(
            outcomes[-1],
            title=command.title,
            kinds=frozenset().union(*(o.kinds for o in outcomes)),
            ids=_united(o.ids for o in outcomes),
            source_ids=_united(o.source_ids for o in outcomes),
            notes=_united(o.notes for o in outcomes),
            made=_united(o.made for o in outcomes),
        )

    def _back(self, verb: str, initiator: str) -> Change | None:
        with self._lock:
            stack = self._ready()
            steps = stack.done if verb == UNDO else stack.undone
            if not steps:
                return None
            step = steps[-1]
            with self._library.db.write() as conn:
                entries = [self._library.audit.get(i, conn=conn) for i in step.entries]
                notes: list[tuple[str, ...]] = []
                with recorded(conn) as rows:
                    for entry in reversed(entries):
                        notes.append(take_back(conn, from_plain(entry.inverse["rows"])))
                self._library.removals.check(conn=conn)
                outcome = replace(_outcome_of(verb, step, entries), notes=_united(notes))
                subject = self._standing(outcome, conn)
                made = self._append(
                    verb,
                    outcome,
                    {"entries": list(step.entries)},
                    rows,
                    group=step.group,
                    undoes=step.entries[-1],
                )
            stack.feed(made, verb, step.title, step.entries[-1], step.group)
            return self._tell(replace(outcome, subject=subject), made, initiator, step.title)

    def _standing(self, outcome: Outcome, conn: Transaction) -> str:
        """The step's subject; where that is a brand which went with the step, another brand that it was about."""
        kind, _, brand_id = outcome.subject.partition(":")
        exists = self._library.brands.exists
        if kind != "brand" or exists(brand_id, conn=conn):
            return outcome.subject
        return f"brand:{next((i for i in outcome.ids if exists(i, conn=conn)), '')}"

    def _append(
        self,
        command: str,
        outcome: Outcome,
        payload: dict[str, Any],
        rows: list[RowChange],
        *,
        group: str,
        undoes: int | None,
    ) -> int:
        return self._library.audit.append(
            command=command,
            title=outcome.title,
            payload=payload,
            inverse={
                "rows": to_plain(rows),
                "kinds": sorted(outcome.kinds),
                "ids": list(outcome.ids),
                "sources": list(outcome.source_ids),
            },
            subject=outcome.subject,
            source_asset_id=outcome.source_ids[0] if len(outcome.source_ids) == 1 else "",
            actor=self._actor,
            undoes=undoes,
            group=group,
        ).id

    def _tell(self, outcome: Outcome, entry: int, initiator: str, step: str) -> Change:
        change = Change(
            outcome.kinds, outcome.ids, initiator, outcome.title, entry, outcome.subject, outcome.source_ids,
            outcome.notes, outcome.made, step,
        )  # fmt: skip
        self._mailbox.post(LibraryChanged(change.kinds, change.ids, initiator))
        return change

    def _title(self, verb: str, pick: Callable[[UndoStack], list[Step]]) -> str:
        with self._lock:
            steps = pick(self._ready())
        return f"{verb} {steps[-1].title}" if steps else ""

    def _ready(self) -> UndoStack:
        if self._stack is None:
            stack = UndoStack()
            stack.feed_all(self._library.audit.outline())
            self._stack = stack
        return self._stack


def _outcome_of(verb: str, step: Step, entries: list[AuditEntry]) -> Outcome:
    inverses = [entry.inverse for entry in entries]
    return Outcome(
        title=f"{verb.capitalize()} {step.title}",
        kinds=frozenset(kind for inverse in inverses for kind in inverse["kinds"]),
        ids=_united(tuple(inverse["ids"]) for inverse in inverses),
        subject=entries[-1].subject,
        source_ids=_united(tuple(inverse["sources"]) for inverse in inverses),
    )


def _united(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for part in parts for text in part))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
