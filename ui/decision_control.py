"""Undo, redo and the history of decisions: names what is taken back and jumps to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ui.session import Session
from ui.text import tr
from ui.workspace import ReviewArea, Services

if TYPE_CHECKING:
    from app.command_bus import Change

INITIATOR = "window"


class DecisionControl(QObject):
    """Over the command bus; all of it off the main thread."""

    jumped = Signal(str, object, str)
    """job id, time in microseconds, appearance key."""
    placed = Signal(str, str)
    """Something else that a step was about: its kind (`brand`, `book`, `deny-list`, `not-same`) and which."""
    shelved = Signal(str)
    """The source whose card a step was about."""
    stored = Signal()
    told = Signal(str)
    """A quiet word on what was taken back or done again; it is shown where the step was about."""

    def __init__(self, services: Services, session: Session, review: ReviewArea, window: QWidget) -> None:
        super().__init__(window)
        self._review = review
        self._services = services
        self._session = session
        self._window = window
        self._bus = services.container.bus
        review.deciding.connect(lambda: services.actions["edit.undo"].setEnabled(True))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Names what undo and redo would do."""
        bus = self._bus
        self._services.tasks.call(
            tr("Reading the log"), lambda: (bus.undo_title, bus.redo_title), self._name, newest="undo-titles"
        )

    def _name(self, titles: tuple[str, str]) -> None:
        undo, redo = titles
        writable = self._services.writable
        for id, title, words in (("edit.undo", undo, tr("Undo")), ("edit.redo", redo, tr("Redo"))):
            action = self._services.actions[id]
            action.setEnabled(bool(title) and writable)
            action.setText(title or words)
            keys = self._services.actions.key_text(id)
            action.setToolTip(f"{title or words} ({keys})")

    @Slot()
    def undo(self) -> None:
        self._after_decisions(tr("Undo"), self._bus.undo, self._undone)

    @Slot()
    def redo(self) -> None:
        self._after_decisions(tr("Redo"), self._bus.redo, self._redone)

    def _after_decisions(
        self, what: str, take: Callable[..., Change | None], done: Callable[[Change | None], None]
    ) -> None:
        """Takes the step that is the newest once all is stored that was decided before this was asked for. The change
        is delivered before anything else, so that what it leads to is shown at once."""

        def taken(change: Change | None) -> None:
            try:
                self._services.bridge.drain()
                done(change)
            finally:
                self._review.taken_back()

        def failed(error: Exception) -> None:
            self._review.taken_back()
            raise error  # to be told as any other

        self._review.take_back(
            lambda: self._services.tasks.call(
                what, partial(take, initiator=INITIATOR), taken, failed=failed, in_turn=True
            )
        )

    def _undone(self, change: Change | None) -> None:
        if change is None:
            self._services.messages.tell(tr("There is nothing left to take back."), seconds=4)
        else:
            self._changed(change, tr("Taken back: {what}").format(what=change.step))

    def _redone(self, change: Change | None) -> None:
        if change is None:
            self._services.messages.tell(tr("There is nothing left to do again."), seconds=4)
        else:
            self._changed(change, tr("Done again: {what}").format(what=change.step))

    def _changed(self, change: Change, words: str) -> None:
        """A step of the review is told at the frame, where nothing moves for it; all else in the message bar."""
        self.stored.emit()
        self.refresh()
        self.go_to(change.subject)
        if change.subject.partition(":")[0] in ("appearance", "time") and not change.notes:
            self.told.emit(words)
        else:
            self._services.messages.tell(words, "info", detail=" ".join(change.notes), seconds=8)

    def go_to(self, subject: str) -> None:
        """Shows what a step of the log was about; says so where its run was deleted or its source removed."""
        kind, _, rest = subject.partition(":")
        shelf, library = self._session.shelf, self._services.container.library
        job_id = {"appearance": rest.partition(":")[0], "run": rest}.get(kind, "")
        source_id = {"time": rest.rpartition(":")[0], "source": rest}.get(kind, "")
        if (job_id and shelf.job(job_id) is None) or (source_id and shelf.source(source_id) is None):

            def look() -> None:
                library.sources.get(source_id or library.jobs.get(job_id).source_asset_id)

            self._services.tasks.call(tr("History"), look, lambda _: self._show(subject))
        else:
            self._show(subject)

    def _show(self, subject: str) -> None:
        kind, _, rest = subject.partition(":")
        if kind == "appearance":
            job_id, _, key = rest.partition(":")
            self.jumped.emit(job_id, -1, key)
        elif kind == "time":
            source_id, _, time = rest.rpartition(":")
            if self._session.source is None or self._session.source.id != source_id:
                self._session.open_source(source_id)
            self.jumped.emit("", int(time), "")
        elif kind == "run":
            self._session.open_job(rest)
            self._services.actions["view.runs"].trigger()
        elif kind == "source":
            self._session.open_source(rest)
            self._services.actions["view.review"].trigger()
        elif kind == "library":
            self._session.refresh()
            self.shelved.emit(rest)
        elif kind:
            self.placed.emit(kind, rest)

    @Slot()
    def show_history(self) -> None:
        from ui.dialogs.history import HistoryDialog

        dialog = HistoryDialog(self._window, self._services)
        dialog.subject_wanted.connect(self.go_to)
        dialog.open()
