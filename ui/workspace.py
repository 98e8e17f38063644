"""What the parts of the window share, and what the review area offers to the window around it.

The review area is four panes that `ui.review.build_review(services)` makes. The window puts them into docks,
gives them the actions of scope R, and calls the methods below; it knows nothing of their insides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from app.container import Container
    from app.preferences import Preferences
    from engine.domain.jobs import DetectJob, SourceAsset
    from engine.events import PartDone
    from ui.action_set import ActionSet
    from ui.bridge import Bridge
    from ui.tasks import Tasks
    from ui.theme import Theme

Tone = Literal["info", "success", "warning", "error"]


class Messages(Protocol):
    """The bar under the top bar: one line that stays until it is answered or replaced; never modal."""

    def tell(
        self,
        text: str,
        tone: Tone = "info",
        *,
        detail: str = "",
        action: str = "",
        on_action: Callable[[], None] | None = None,
        seconds: float = 0.0,
    ) -> None:
        """Shows a message, with a button where `action` is given; gone after `seconds` where that is set."""
        ...

    def tell_error(self, what: str, error: Exception) -> None:
        """What was tried and what happened, what still works, what to do."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Handed to every part of the window instead of globals."""

    container: Container
    preferences: Preferences
    actions: ActionSet
    bridge: Bridge
    tasks: Tasks
    theme: Theme
    messages: Messages
    saved: Callable[[], None]
    """To be called after a decision was stored: the status bar shows the time."""

    @property
    def writable(self) -> bool:
        """Whether this window may change the library; False where it is open for reading only."""
        return not self.container.library.read_only


class ReviewArea(Protocol):
    """The review area as the window sees it. All methods are called on the main thread."""

    queue: QWidget
    canvas: QWidget
    inspector: QWidget
    timeline: QWidget

    @property
    def searched(self) -> SignalInstance:
        """Carries what the queue is searched for from now on, whoever asked."""
        ...

    @property
    def rematch_wanted(self) -> SignalInstance:
        """Carries the ids of sources that are to be matched again, since their book was changed here."""
        ...

    @property
    def deciding(self) -> SignalInstance:
        """Something was decided and is on its way to the log: it can be taken back."""
        ...

    def open_run(self, source: SourceAsset, job: DetectJob) -> None:
        """Shows a run (it may still be going); keeps item and frame where it is the same source."""
        ...

    def close_run(self) -> None:
        """Shows nothing: empty state."""
        ...

    def when_stored(self, act: Callable[[], None]) -> None:
        """Calls `act` when all that was decided by now is in the log or on its way there as the next."""
        ...

    def take_back(self, act: Callable[[], None]) -> None:
        """Calls `act`, an undo or redo, as `when_stored` does; keys that are pressed from now on wait until what it
        leads to is shown."""
        ...

    def taken_back(self) -> None:
        """What `take_back` called is stored or has failed, and what it leads to was asked for."""
        ...

    def store_waiting(self) -> None:
        """Sends on what was decided and waits for its turn: the window is about to close."""
        ...

    def source_located(self, source: SourceAsset) -> None:
        """A video has been found again: where it is the one that is shown, its exact frames come back."""
        ...

    def parts_done(self, parts: tuple[PartDone, ...]) -> None:
        """Chunks of the shown run are finished: they appear without moving what is looked at."""
        ...

    def library_changed(self, kinds: frozenset[str], ids: tuple[str, ...], initiator: str) -> None:
        """Stored decisions, brands or runs changed."""
        ...

    def trigger(self, action_id: str) -> None:
        """An action of scope R (or canvas., play., review.) was asked for."""
        ...

    def hold(self, action_id: str, down: bool) -> None:
        """A hold key went down or up."""
        ...

    def jump(self, time: int, appearance: str = "") -> None:
        """Goes to a time (microseconds) and, where given, to the appearance of that key."""
        ...

    def say(self, words: str) -> None:
        """A quiet word at the foot of the frame, gone after a few seconds."""
        ...

    def search(self, text: str) -> None:
        """Shows only what holds the text; '' shows all."""
        ...

    def preview(self, preview: Any | None) -> None:
        """Draws another threshold's answer instead of the stored one; None ends that."""
        ...

    def save_state(self) -> Mapping[str, Any]:
        """Small state that is kept with the layout (column widths, filters)."""
        ...

    def restore_state(self, state: Mapping[str, Any]) -> None: ...

    def save_places(self) -> Mapping[str, Any]:
        """Where the person is in each source of this library."""
        ...

    def restore_places(self, stored: Mapping[str, Any]) -> None: ...
