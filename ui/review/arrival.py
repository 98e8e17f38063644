"""Where the review goes in a run that is opened: to the item and moment that were asked for, else to those before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from ui.review.places import Place, Places

if TYPE_CHECKING:
    from engine.domain.jobs import SourceAsset
    from ui.review.area import Review


class Arrival(QObject):
    """`places` are the item and the frame that were looked at last in each source."""

    def __init__(self, review: Review) -> None:
        super().__init__(review)
        self._review = review
        self._wanted: tuple[int, str] | None = None
        self._opening = ""
        self.places = Places()
        review.desk.leaving.connect(self.remember)

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
        """To a time (microseconds; negative: the item's best), now or once the run that is being opened is there."""
        review = self._review
        snapshot = review.desk.snapshot
        found = snapshot.appearances.get(appearance) if snapshot is not None and appearance else None
        if snapshot is None or self._opening or (found is None and time < 0):
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
            QTimer.singleShot(0, self._late_jump)
        elif another and (place := self.places.of(source.id)) is not None:
            QTimer.singleShot(0, partial(self._go_back, place))

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

    def _late_jump(self) -> None:
        snapshot = self._review.desk.snapshot
        if self._wanted is not None and snapshot is not None:
            time, appearance = self._wanted
            self.jump(max(time, 0) if appearance not in snapshot.appearances else time, appearance)
