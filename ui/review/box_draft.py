"""The new box that has no brand yet: it waits on its frame until it is named, or dropped by Esc in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from engine.domain.geometry import Polygon
from ui.canvas.box_tool import Correction
from ui.review.player import Shown
from ui.text import tr

if TYPE_CHECKING:
    from ui.review.area import Review


class BoxDraft(QObject):
    """At most one of a source. In hand (arrows move it, Enter asks for its brand, Esc drops it) from when the brand
    picker was left until something else is done; then it is only shown, and N takes it in hand again."""

    def __init__(self, review: Review) -> None:
        super().__init__(review)
        self._review = review
        self._box: tuple[int, Polygon] | None = None
        self._wanted = False
        self._storing = False
        self._hand = review.canvas.frame.hand
        self._hand.drawn.connect(self._drawn)
        self._hand.put_down.connect(self._put_down)
        self._hand.dropped.connect(self._dropped)
        review.player.shown.connect(self._picture_changed)
        review.desk.failed.connect(self._not_stored)

    @property
    def waits(self) -> bool:
        """Whether there is a box without a brand."""
        return self._box is not None

    def forget(self) -> None:
        """Another source: what was not named goes with the one before."""
        self._box = None
        self._wanted = self._storing = False
        self._hand.show_draft(None)

    def resume(self) -> None:
        """N: goes to the frame of the box and takes it in hand."""
        if self._box is None:
            return
        time = self._box[0]
        picture = self._review.player.picture
        if picture is not None and picture.time == time:
            self._take_in_hand()
            return
        self._wanted = True
        self._review.player.seek(time)

    def _take_in_hand(self) -> None:
        picture, box = self._review.player.picture, self._box
        self._wanted = False
        if picture is not None and box is not None and picture.time == box[0]:
            self._hand.show_draft(None)
            self._hand.correct("", box[1])

    def _drawn(self, polygon: Polygon) -> None:
        picture = self._review.player.picture
        if picture is None:
            return
        self._box = picture.time, polygon
        self._take_in_hand()
        self._review.verdicts.draw(
            polygon,
            picture.time,
            place=self._review.canvas.seen_at(polygon),
            named=self._named,
            stored=self.forget,
        )

    def _named(self) -> None:
        """Its brand is known: it goes to the library, and is in hand again where that refuses it."""
        self._storing = True
        self._hand.leave()

    def _not_stored(self) -> None:
        if self._storing:
            self._storing = False
            self._take_in_hand()

    def _put_down(self, polygon: Polygon) -> None:
        picture = self._review.player.picture
        if self._box is not None:
            self._box = self._box[0], polygon
        elif picture is not None:
            self._box = picture.time, polygon
        self._show()

    def _dropped(self) -> None:
        if self._box is not None:
            self._review.say(tr("The box without a brand was dropped."))
        self.forget()

    def _picture_changed(self, picture: Shown) -> None:
        box = self._box
        if box is None:
            return
        tool = self._hand.tool
        if picture.time != box[0] and isinstance(tool, Correction) and not tool.key:
            self._hand.leave()
        if picture.time == box[0] and self._wanted:
            self._take_in_hand()
        else:
            self._show()

    def _show(self) -> None:
        """The box where its frame is shown and nobody has it in hand."""
        picture, box = self._review.player.picture, self._box
        if (
            box is None
            or picture is None
            or picture.time != box[0]
            or self._hand.tool is not None
            or self._storing
        ):
            self._hand.show_draft(None)
        else:
            self._hand.show_draft(box[1])
