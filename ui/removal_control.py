"""Sources that leave the library: the question, the step, and the word that says how to get them back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.commands import RestoreSource
from engine.domain.jobs import SourceAsset
from ui.session import Session
from ui.text import tr
from ui.workspace import ReviewArea, Services

if TYPE_CHECKING:
    from storage.removals import Holding

INITIATOR = "library"


class RemovalControl(QObject):
    """Dialogs are opened, never executed; all else is off the main thread."""

    def __init__(self, services: Services, session: Session, review: ReviewArea, window: QWidget) -> None:
        super().__init__(window)
        self._services = services
        self._review = review
        self._session = session
        self._window = window
        self._removal = services.container.removal
        session.shelf_changed.connect(self.update_actions)
        self.update_actions()

    def update_actions(self) -> None:
        possible = self._services.writable and bool(self._session.shelf.sources)
        self._services.actions["library.remove"].setEnabled(possible)

    def ask(self, source_id: str) -> None:
        """Asks whether this source is to go; a run of it that is under way is told first."""
        source, removal = self._session.shelf.source(source_id), self._removal
        if source is None:
            self._services.messages.tell(
                tr("Choose a source first: arrow keys go from one to the next."), seconds=6
            )
            return

        def look() -> Holding:
            removal.check([source.id])
            return removal.holding(source.id)

        what = tr("Removing {name}").format(name=source.name)
        self._services.tasks.call(what, look, lambda held: self._ask(source, held))

    def _ask(self, source: SourceAsset, held: Holding) -> None:
        from ui.start.remove_dialog import RemoveDialog

        dialog = RemoveDialog(self._window, source, held)
        dialog.agreed.connect(lambda free: self.remove(source, free))
        dialog.open()

    def remove(self, source: SourceAsset, free: bool) -> None:
        """Takes the source out of the library once all is stored that was decided before this was asked for."""
        removal = self._removal
        call = partial(
            self._services.tasks.call,
            tr("Removing {name}").format(name=source.name),
            lambda: removal.remove([source.id], initiator=INITIATOR),
            lambda _: self._removed(source, free),
            in_turn=True,
        )
        self._review.when_stored(call)

    def _removed(self, source: SourceAsset, free: bool) -> None:
        self._services.saved()
        self._session.refresh()
        detail = ""
        if free:
            removal = self._removal
            detail = tr("Its space is being freed; your decisions are kept.")
            self._services.tasks.call(tr("Freeing space"), lambda: removal.free([source.id]))
        self._services.messages.tell(
            tr("{name} was removed from the library.").format(name=source.name),
            "success",
            detail=detail,
            action=tr("Bring it back"),
            on_action=lambda: self.restore(source),
            seconds=20,
        )

    def restore(self, source: SourceAsset) -> None:
        """Brings a removed source back, with what is still there of it."""
        bus = self._services.container.bus
        self._services.tasks.call(
            tr("Bringing back {name}").format(name=source.name),
            lambda: bus.do(RestoreSource(source_id=source.id), initiator=INITIATOR),
            lambda _: self._restored(source),
            in_turn=True,
        )

    def _restored(self, source: SourceAsset) -> None:
        self._services.saved()
        self._session.refresh()
        text = tr("{name} is in the library again.").format(name=source.name)
        self._services.messages.tell(text, "success", seconds=6)
