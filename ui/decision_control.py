"""Undo, redo and the history of decisions: names what is taken back and jumps to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ui.session import Session
from ui.text import tr
from ui.workspace import Services

if TYPE_CHECKING:
    from app.command_bus import Change

INITIATOR = "window"


class DecisionControl(QObject):
    """Over the command bus; all of it off the main thread."""

    jumped = Signal(str, object, str)
    """job id, time in microseconds, appearance key."""
    placed = Signal(str, str)
    """Something else that a step was about: its kind (`brand`, `book`, `deny-list`, `not-same`) and which."""
    stored = Signal()

    def __init__(self, services: Services, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._services = services
        self._session = session
        self._window = window
        self._bus = services.container.bus
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
        writable = not self._services.container.library.read_only
        for id, title, words in (("edit.undo", undo, tr("Undo")), ("edit.redo", redo, tr("Redo"))):
            action = self._services.actions[id]
            action.setEnabled(bool(title) and writable)
            action.setText(title or words)
            keys = self._services.actions.key_text(id)
            action.setToolTip(f"{title or words} ({keys})")

    @Slot()
    def undo(self) -> None:
        bus = self._bus
        self._services.tasks.call(tr("Undo"), lambda: bus.undo(initiator=INITIATOR), self._changed)

    @Slot()
    def redo(self) -> None:
        bus = self._bus
        self._services.tasks.call(tr("Redo"), lambda: bus.redo(initiator=INITIATOR), self._changed)

    def _changed(self, change: Change | None) -> None:
        if change is None:
            self._services.messages.tell(tr("There is nothing left to take back."), seconds=4)
            return
        self.stored.emit()
        self.refresh()
        self._services.messages.tell(change.title, "info", detail=" ".join(change.notes), seconds=5)
        self.go_to(change.subject)

    def go_to(self, subject: str) -> None:
        """Shows what a step of the log was about."""
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
        elif kind:
            self.placed.emit(kind, rest)

    @Slot()
    def show_history(self) -> None:
        from ui.dialogs.history import HistoryDialog

        dialog = HistoryDialog(self._window, self._services)
        dialog.subject_wanted.connect(self.go_to)
        dialog.open()
