"""The run under review: its snapshot, the item that is looked at, and decisions on their way to the log.

Everything that reads or writes the library runs in the window's threads, one step after the other in the order
in which it was asked for; a decision is shown at once and corrected only where storing it fails.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from ui.review.scene import Pending
from ui.review.snapshot import Snapshot, take_snapshot
from ui.review.wanted import Wanted
from ui.text import tr
from ui.timeline.lanes import LaneBuilder
from ui.workspace import Services

if TYPE_CHECKING:
    from app.command_bus import Change
    from app.commands import Command
    from app.mailbox import LibraryChanged
    from app.results import RunResult
    from app.review import ReviewSession
    from app.review_rows import QueueRow
    from engine.domain.jobs import DetectJob, SourceAsset

INITIATOR = "review"
NOTHING = ("", 0, None)
"""No item was looked at: key, place in the queue, row."""
EVERYTHING = ("*",)
AFTER_PAINT_MS = 12
"""What was decided is painted before threads begin to compete with the painting."""
REFRESH_MS = 350
"""Finished chunks and other screens' changes are gathered for so long before the queue is brought up to date."""
SHARE = 0.2
"""Bringing a run that is going up to date may take this part of the time: late in a long match it costs seconds,
which the run and the window need more."""


def pause_ms(took: float) -> int:
    """How long to gather after an update that took so many seconds."""
    return max(REFRESH_MS, round(1000 * took * (1 - SHARE) / SHARE))


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One thing to do off the main thread: a command to store, or (None) only to bring the session up to date. `first`
    is called here when all steps before are done."""

    what: str
    command: Command | None = None
    change: LibraryChanged | None = None
    keys: tuple[str, ...] = ()
    done: Callable[[Change], None] | None = None
    first: Callable[[], None] | None = None


class ReviewDesk(QObject):
    """`opened` after another run is there, `snapshot_changed` after anything about it changed, `item_changed` with
    whether the frame should go to the item, `pending_changed` when a decision was made or stored."""

    began = Signal(object, object)
    """Source and RunResult of a run that is being opened: its frames can be shown already."""
    opened = Signal()
    closed = Signal()
    leaving = Signal()
    """The run that is open is about to be closed."""
    snapshot_changed = Signal()
    item_changed = Signal(bool)
    pending_changed = Signal()
    failed = Signal()
    deciding = Signal()
    """Something was decided and is on its way to the log."""

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.source: SourceAsset | None = None
        self.job: DetectJob | None = None
        self.session: ReviewSession | None = None
        self.snapshot: Snapshot | None = None
        self.wanted = Wanted()
        self.key = ""
        self.is_opening = False
        self.pending: dict[str, Pending] = {}
        self._held: frozenset[str] = frozenset()
        self._steps: deque[_Step] = deque()
        self._busy = False
        self._lanes = LaneBuilder()
        self._lock = Lock()
        self._taken: Snapshot | None = None
        self._took = 0.0
        self._before: tuple[str, int, QueueRow | None] = NOTHING
        self._place = 0
        """Where in the queue the item stands, or stood before one was looked at that isn't listed."""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AFTER_PAINT_MS)
        self._soon.timeout.connect(self._pump)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(REFRESH_MS)
        self._late.timeout.connect(self._refresh_all)

    @property
    def writable(self) -> bool:
        return self.session is not None and self._services.writable

    @property
    def row(self) -> QueueRow | None:
        """The row that is looked at."""
        return self.snapshot.row_at(self.key) if self.snapshot is not None and self.key else None

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way to the library."""
        return self.idle and not self._late.isActive()

    @property
    def idle(self) -> bool:
        """Whether all that was decided or changed so far is shown; a run that goes on may still bring more."""
        return not self._busy and not self._steps

    # Opening ---------------------------------------------------------------------------------------

    def open(self, source: SourceAsset, job: DetectJob) -> None:
        """Opens a run off the main thread; what is shown stays until it is there."""
        if self.job is not None and self.job.id == job.id and self.session is not None:
            self.job = job
            self.refresh_soon()
            return
        container, wanted = self._services.container, self.wanted
        self.is_opening = True
        if self.source is None or self.source.id != source.id:
            self._begin(source, job)

        def work() -> tuple[ReviewSession, Snapshot]:
            from app.review import ReviewService

            session = ReviewService(container.library, container.runs).open(job.id)
            return session, self._take(session, wanted, frozenset())

        def done(made: tuple[ReviewSession, Snapshot]) -> None:
            same_source = self.source is not None and self.source.id == source.id
            self.is_opening = False
            self._remember_item()
            self.source, self.job = source, job
            self.session, snapshot = made
            self._held = frozenset()
            self.store_waiting()
            self.pending.clear()
            if not same_source:
                self.key = ""
                self._before = NOTHING
            self.snapshot = snapshot
            self.opened.emit()
            self._show(snapshot)

        def failed(error: Exception) -> None:
            self.is_opening = False
            raise error  # to be told as any other

        self._services.tasks.call(tr("Opening the run"), work, done, failed=failed, newest="review-open")

    def _begin(self, source: SourceAsset, job: DetectJob) -> None:
        """Of another source the first frame is shown as soon as the run is read, before its queue is made."""
        runs = self._services.container.runs

        def began(run: RunResult) -> None:
            if self.source is None or self.source.id != source.id:
                self._forget()
                self.began.emit(source, run)

        def read() -> RunResult:
            run = runs.get(job.id)
            run.frame_at(0)  # works out which frame is on display when: the frame asks for it at once
            return run

        self._services.tasks.call(
            tr("Opening the run"),
            read,
            began,
            newest="review-begin",
            failed=lambda _: None,
        )

    def close(self) -> None:
        """Shows nothing."""
        self._services.tasks.call(tr("Closing the run"), lambda: None, newest="review-begin")
        self._services.tasks.call(tr("Closing the run"), lambda: None, newest="review-open")
        self.is_opening = False
        self._forget()

    def _forget(self) -> None:
        if self.session is not None:
            self.leaving.emit()
        self.store_waiting()
        self._late.stop()
        self._took = 0.0
        self._late.setInterval(REFRESH_MS)
        self.source = self.job = self.session = self.snapshot = None
        self.key = ""
        self._before = NOTHING
        self.pending.clear()
        self.closed.emit()

    # Filter ----------------------------------------------------------------------------------------

    def want(self, wanted: Wanted) -> None:
        """Another filter; what was decided under the former one is no longer held in the list."""
        if wanted != self.wanted:
            self.wanted = wanted
            self._held = frozenset()
            self._push(_Step(tr("Filtering the queue")))

    # Item ------------------------------------------------------------------------------------------

    def choose(self, key: str, *, seek: bool = True) -> None:
        """Looks at another appearance (or a row by one of its keys)."""
        if key != self.key:
            self.key = key
            self._keep_place()
            self.item_changed.emit(seek)

    def step(self, by: int, *, undecided: bool = False) -> bool:
        """To the next (1) or previous (-1) row, or the next that nobody has decided; False where there is none.
        Undecided ones are sought round the end."""
        snapshot = self.snapshot
        if snapshot is None or not snapshot.rows:
            return False
        rows, count = snapshot.rows, len(snapshot.rows)
        outside = -1 if by > 0 else count
        here = snapshot.place.get(self.key, min(self._place, count - 1) if self.key else outside)
        if not undecided:
            at = here + by
            if not 0 <= at < count:
                return False
            self.choose(rows[at].key)
            return True
        for far in range(1, count + 1):
            row = rows[(here + by * far) % count]
            if not self.is_decided(row) and row.key != self.key:
                self.choose(row.key)
                return True
        return False

    def is_decided(self, row: QueueRow) -> bool:
        """Whether a person decided, counting what is still on its way."""
        wait = self.pending.get(row.key)
        if wait is not None:
            return wait.state != "undecided"
        return row.decided

    # Decisions -------------------------------------------------------------------------------------

    def do(
        self,
        what: str,
        command: Command,
        keys: Iterable[str] = (),
        pending: Pending | None = None,
        done: Callable[[Change], None] | None = None,
    ) -> None:
        """Shows `pending` on these appearances at once and stores the command after those before it."""
        chosen = tuple(keys)
        self.deciding.emit()
        if pending is not None:
            self.pending.update(dict.fromkeys(chosen, pending))
            self._held |= frozenset(chosen)
            self.pending_changed.emit()
        self._push(_Step(what, command, keys=chosen, done=done))

    def when_stored(self, act: Callable[[], None]) -> None:
        """Calls `act` when all that was decided by now is in the log or on its way there as the next."""
        if any(step.command is not None for step in self._steps):
            self._push(_Step(tr("Bringing the queue up to date"), first=act))
        else:
            act()

    def store_waiting(self) -> None:
        """Sends on all that was decided and waits for its turn: its run, or the window, is about to be closed."""
        steps, self._steps = self._steps, deque()
        for step in steps:
            if step.first is not None:
                step.first()
            if step.command is not None:
                self._services.tasks.call(
                    step.what,
                    partial(self._services.container.bus.do, step.command, initiator=INITIATOR),
                    lambda _: self._services.saved(),
                    in_turn=True,
                )

    def changed_elsewhere(self, change: LibraryChanged) -> None:
        """Another screen, or undo, changed decisions or brands."""
        if self.session is not None and change.initiator != INITIATOR:
            self._push(_Step(tr("Bringing the queue up to date"), change=change))

    def rearranged(self) -> None:
        """Rows were sorted anew, taken apart or put together: show them so."""
        self._push(_Step(tr("Bringing the queue up to date")))

    def refresh_soon(self) -> None:
        """More results are there: gather for a while, then bring everything up to date."""
        if self.session is not None and not self._late.isActive():
            self._late.start()

    def refresh_next(self) -> None:
        """The run has ended or begun: what it left is shown without a long wait."""
        if self.session is not None:
            self._late.start(REFRESH_MS)

    def _refresh_all(self) -> None:
        if not any(step.keys == EVERYTHING for step in self._steps):
            self._push(_Step(tr("Bringing the queue up to date"), keys=EVERYTHING))

    # Steps one after the other ---------------------------------------------------------------------

    def _push(self, step: _Step) -> None:
        if self.session is not None:
            self._steps.append(step)
            if not self._soon.isActive():
                self._soon.start()

    def _pump(self) -> None:
        session = self.session
        if self._busy or not self._steps or session is None:
            return
        step = self._steps.popleft()
        if step.first is not None:
            step.first()
        self._busy = True
        bus, wanted, held = self._services.container.bus, self.wanted, self._held
        last = not self._steps

        def work() -> tuple[Change | None, Snapshot | None]:
            change = None
            began = time.monotonic()
            if step.command is not None:
                change = bus.do(step.command, initiator=INITIATOR)
                session.refresh(change)
            elif step.change is not None:
                session.refresh(step.change)
            elif step.keys:
                session.refresh(None)
            snapshot = self._take(session, wanted, held) if last else None
            if step.keys == EVERYTHING:
                self._took = time.monotonic() - began
            return change, snapshot

        def done(made: tuple[Change | None, Snapshot | None]) -> None:
            self._busy = False
            self._late.setInterval(pause_ms(self._took))
            change, snapshot = made
            if change is not None:
                self._services.saved()
                if step.done is not None:
                    step.done(change)
            if snapshot is not None and session is self.session:
                waiting = {key for s in self._steps if s.command is not None for key in s.keys}
                self.pending = {k: p for k, p in self.pending.items() if k in waiting}
                self._remember_item()
                self._show(snapshot)
            self._pump()

        def failed(error: Exception) -> None:
            self._busy = False
            for key in step.keys:
                self.pending.pop(key, None)
            self._services.messages.tell_error(step.what, error)
            self.pending_changed.emit()
            self.failed.emit()
            if not self._steps:
                self._steps.append(_Step(tr("Bringing the queue up to date")))
            self._pump()

        self._services.tasks.call(step.what, work, done, failed=failed, in_turn=step.command is not None)

    def _take(self, session: ReviewSession, wanted: Wanted, held: frozenset[str]) -> Snapshot:
        with self._lock:
            self._taken = take_snapshot(session, wanted.to_filter(), held, self._lanes, self._taken)
            return self._taken

    # Showing ---------------------------------------------------------------------------------------

    def _remember_item(self) -> None:
        """What is looked at now; where a run has nothing to show yet, still what was looked at before."""
        if not self.key and self._before[0]:
            return
        snapshot = self.snapshot
        row = self.row
        number = snapshot.place.get(self.key, self._place) if snapshot is not None else 0
        self._before = self.key, number, row

    def _show(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        key = self._item_again(snapshot)
        moved = key != self.key
        self.key = key
        self._keep_place()
        self.snapshot_changed.emit()
        self.pending_changed.emit()
        if moved:
            self.item_changed.emit(not self._before[0])

    def _keep_place(self) -> None:
        if self.snapshot is not None:
            self._place = self.snapshot.place.get(self.key, self._place)

    def _item_again(self, snapshot: Snapshot) -> str:
        """The item that was looked at: by key, else the same brand or text at the same time, else its place. Of a
        source that was just opened: the first that nobody has decided."""
        key, number, before = self._before
        if self.key and (self.key in snapshot.place or self.key in snapshot.appearances):
            return self.key
        if before is not None:
            like = [
                (r.span.overlap(before.span), r.key)
                for r in snapshot.rows
                if (r.brand_name, r.text) == (before.brand_name, before.text)
            ]
            if like and max(like)[0] > 0:
                return max(like)[1]
        if not snapshot.rows:
            return ""
        if not key and not self.key:
            return next((row for row in snapshot.rows if not row.decided), snapshot.rows[0]).key
        return snapshot.rows[min(number, len(snapshot.rows) - 1)].key if key or not self.key else self.key
