"""How the command line speaks: tables, progress on a terminal or plain lines, JSON events for machines."""

from __future__ import annotations

import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from app.mailbox import AppEvent, LibraryChanged
from engine.domain.errors import Cancelled, SponsightError
from engine.domain.jobs import JobStatus
from engine.domain.timebase import format_time
from engine.events import ItemFailed, JobChanged, PartDone, StageDone, StageProgress

if TYPE_CHECKING:
    from app.container import Container

POLL_SECONDS = 0.1
PLAIN_EVERY = 5.0
"""Seconds between two plain progress lines where there is no terminal."""


def table(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Rows (the first is the heading) as aligned columns; `right` are the columns aligned to the right."""
    if not rows:
        return ""
    shown = [[_in_one_line(cell) for cell in row] for row in rows]
    widths = [max(_columns(row[i]) for row in shown) for i in range(len(rows[0]))]
    lines = []
    for n, row in enumerate(shown):
        rooms = [" " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [
            room + c if i in right else c + room for i, (c, room) in enumerate(zip(row, rooms, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
        if n == 0:
            lines.append("  ".join("─" * w for w in widths))
    return "\n".join(lines)


def _in_one_line(cell: str) -> str:
    """A cell without line breaks and without what would steer the terminal: a file's name may hold either."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in cell)


def _columns(cell: str) -> int:
    """How many columns of a terminal a text takes: Chinese and Japanese letters take two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in cell)
    return len(cell) + wide - sum(unicodedata.combining(c) > 0 for c in cell)


def on_the_clock(at: datetime | None, *, seconds: bool = False) -> str:
    """A moment as this machine's clock and calendar showed it; '' where there is none."""
    return at.astimezone().strftime(f"%Y-%m-%d %H:%M{':%S' if seconds else ''}") if at is not None else ""


def complain(error: SponsightError) -> None:
    """The three sentences of a foreseen trouble, on standard error."""
    for line in (error.message, error.still_works, error.to_do):
        if line:
            print(line, file=sys.stderr)


class RunReporter:
    """Shows one run until its future is done, and carries out what other commands ask meanwhile of runs that wait."""

    def __init__(self, app: Container, *, json_events: bool = False, quiet: bool = False) -> None:
        self._app = app
        self._mailbox = app.mailbox
        self._json = json_events
        self._quiet = quiet
        self._out: TextIO = sys.stdout if json_events else sys.stderr
        self._live = not json_events and not quiet and self._out.isatty()
        self._latest: StageProgress | None = None
        self._said = 0.0
        self._first_boxes = False
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def follow(self, future: Future[Any], interrupted: Callable[[], None]) -> Any:
        """Print events until the run ends; returns its result. Ctrl+C calls `interrupted` and waits on. Cancelled where
        the run was taken off the queue before it began."""
        while True:
            try:
                try:
                    future.result(timeout=POLL_SECONDS)
                except TimeoutError:
                    if not future.done():
                        self._hear()
                        self._show(self._mailbox.drain())
                        continue
                except BaseException:
                    if not future.done():
                        raise
                self._show(self._mailbox.drain())
                self._end_line()
                return future.result()
            except KeyboardInterrupt:
                interrupted()
            except CancelledError:
                raise Cancelled("cancel") from None

    def _hear(self) -> None:
        """Let waiting runs be cancelled that another command asked to cancel."""
        for job_id in self._app.jobs.hear():
            name = Path(self._app.jobs.job(job_id).video_path).name
            if not self._json:
                self._say(f"Run {job_id[:8]} of {name} was cancelled by another command.")

    def _show(self, events: Sequence[AppEvent]) -> None:
        for event in events:
            if self._json:
                self._tell_machine(event)
            else:
                self._tell_person(event)
        if self._latest is None or self._json or self._quiet:
            return
        if self._live:
            self._out.write("\r\x1b[K" + self._line(self._latest))
            self._out.flush()
        elif time.monotonic() - self._said >= PLAIN_EVERY:
            self._said = time.monotonic()
            print(self._line(self._latest), file=self._out, flush=True)

    def _tell_machine(self, event: AppEvent) -> None:
        if isinstance(event, LibraryChanged):
            return
        after = round(time.monotonic() - self._started, 3)
        data = {"event": type(event).__name__, "after": after, **msgspec.to_builtins(event)}
        self._out.write(msgspec.json.encode(data).decode() + "\n")
        self._out.flush()

    def _tell_person(self, event: AppEvent) -> None:
        match event:
            case StageProgress():
                self._latest = event
            case PartDone() if event.stage == "detect_regions" and event.items and not self._first_boxes:
                self._first_boxes = True
                took = time.monotonic() - self._started
                self._say(f"first {event.items} boxes after {took:.1f} s (up to {format_time(event.end)})")
            case StageDone():
                if event.outcome == "skipped":
                    self._say(f"{event.stage} skipped: {event.reason}")
            case ItemFailed():
                self._say(f"{event.stage}: {event.where}: {event.what}")
            case JobChanged() if event.message and event.status is not JobStatus.FAILED:
                self._say(event.message)

    def _say(self, text: str) -> None:
        if self._quiet:
            return
        self._end_line()
        print(text, file=self._out, flush=True)

    def _end_line(self) -> None:
        if self._live:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _line(self, p: StageProgress) -> str:
        width = 24
        full = round(p.overall * width)
        bar = "█" * full + "░" * (width - full)
        left = f"  {p.seconds_left:.0f} s left" if p.seconds_left is not None else ""
        return f"{bar} {p.overall * 100:3.0f} %  {p.stage} {p.done:.0f}/{p.total:.0f} s{left}"
