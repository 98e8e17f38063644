"""Where the review goes in a run that is opened: to the item and moment that were asked for, else to those before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from ui.review.places import Place, Places

if TYPE_CHECKING:
    from engine.domain.jobs import SourceAsset
    from ui.review.area import Review


class Arrival(QObject):
    """`places` are the item and the frame that were looked at last in each source."""

    arrived = Signal()
    """What was waited for is there or will not come."""

    def __init__(self, review: Review) -> None:
        super().__init__(review)
        self._review = review
        self._wanted: tuple[int, str] | None = None
        self._opening = ""
        self.places = Places()
        review.desk.leaving.connect(self.remember)
        review.desk.snapshot_changed.connect(self._changed)

    @property
    def is_waiting(self) -> bool:
        """Whether it was asked to go somewhere that isn't there yet."""
        return self._wanted is not None or bool(self._opening)

    def expect(self, source: SourceAsset) -> None:
        """A run of this source is about to be opened."""
        shown = self._review.desk.source
        if shown is None or shown.id != source.id:
            self._opening = source.id

    def forget(self) -> None:
        """Nothing is opened any more."""
        self._wanted = None
        self._opening = ""

    def jump(self, time: int, appearance: str) -> None:
        """To a time (microseconds; negative: the item's best), now or once the run or change that it belongs to is
        shown."""
        review = self._review
        snapshot = review.desk.snapshot
        found = snapshot.appearances.get(appearance) if snapshot is not None and appearance else None
        is_read = review.desk.idle and not review.desk.is_opening
        comes = bool(appearance) and found is None and (time < 0 or not is_read)
        if snapshot is None or self._opening or comes:
            self._wanted = time, appearance
            return
        self._wanted = None
        if found is not None:
            row = snapshot.row_at(appearance)
            review.desk.choose(appearance, seek=False)
            if time < 0 and row is not None and row.crop is not None and len(row.keys) == 1:
                time = row.crop.time
            elif time < 0:
                time = review.display.best_time(found)
        review.player.seek(time)

    def began(self, source: SourceAsset) -> None:
        """The frames of another source are there, its queue is not yet."""
        if self._wanted is None:
            place = self.places.of(source.id)
            self._review.player.seek(place.time if place is not None else 0)

    def opened(self, source: SourceAsset) -> None:
        """The run is there with its queue."""
        another, self._opening = bool(self._opening), ""
        if self._wanted is not None:
            QTimer.singleShot(0, partial(self._late_jump, opened=True))
        elif another and (place := self.places.of(source.id)) is not None:
            QTimer.singleShot(0, partial(self._go_back, place))

    def _changed(self) -> None:
        """What was asked for may be there now."""
        if self._wanted is not None and not self._opening:
            QTimer.singleShot(0, self._late_jump)

    def remember(self) -> None:
        """Keeps where the person is in the source that is shown."""
        review, source = self._review, self._review.desk.source
        if source is not None and review.desk.session is not None and review.display.source is not None:
            self.places.remember(source.id, Place(review.desk.key, max(0, review.player.time)))

    def _go_back(self, place: Place) -> None:
        """To the item and the frame that were looked at here last, where this run has that item."""
        snapshot = self._review.desk.snapshot
        if snapshot is not None and place.key in snapshot.appearances:
            self._review.desk.choose(place.key, seek=False)
            self._review.player.seek(place.time)

    def _late_jump(self, *, opened: bool = False) -> None:
        """To what is there now; what isn't, though all is shown, is gone. Of a run that was just `opened` the
        beginning is shown instead."""
        desk = self._review.desk
        if self._wanted is None or desk.snapshot is None:
            return
        time, appearance = self._wanted
        if not appearance or appearance in desk.snapshot.appearances:
            self.jump(time, appearance)
        elif opened or desk.idle:
            self._wanted = None
            if opened or time >= 0:
                self._review.player.seek(max(time, 0))
        self.arrived.emit()
