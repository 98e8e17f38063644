"""Shows picture, boxes, item and marks: what of the desk and the player is drawn where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer

from engine.domain.geometry import Polygon
from ui.review.player import Shown
from ui.review.scene import boxes_for
from ui.text import tr
from ui.timeline.data import EMPTY
from ui.timeline.timeline import lane_mark

if TYPE_CHECKING:
    from app.overlay import EffectiveAppearance
    from app.review import CandidateRow
    from app.review_rows import QueueRow
    from engine.domain.decisions import AuditEntry
    from engine.domain.jobs import SourceAsset
    from ui.review.area import Review

DETAILS_MS = 25
"""Candidates and history are read when a person stays at an item, and after the item was painted."""


class Display(QObject):
    """Follows the signals of desk and player; holds no decisions of its own."""

    def __init__(self, review: Review) -> None:
        super().__init__(review)
        self._review = review
        self.source: SourceAsset | None = None
        self._corrected: tuple[str, int, Polygon] | None = None
        self._tool_time: int | None = None
        self._details = QTimer(self)
        self._details.setSingleShot(True)
        self._details.setInterval(DETAILS_MS)
        self._details.timeout.connect(self._ask_details)
        desk, player = review.desk, review.player
        desk.snapshot_changed.connect(self._snapshot_changed)
        desk.pending_changed.connect(self._pending_changed)
        desk.item_changed.connect(self._item_changed)
        desk.failed.connect(self._drop_held_box)
        player.shown.connect(self._picture_changed)
        player.moved.connect(self._moved)
        player.speed_changed.connect(review.canvas.transport.show_speed)

    def clear(self) -> None:
        """No run is open."""
        review = self._review
        self.source = None
        self._corrected = None
        review.canvas.frame.clear()
        review.queue.show_snapshot(None)
        review.inspector.show_nothing()
        review.timeline.set_data(EMPTY)
        review.canvas.transport.bar.set_data(EMPTY, np.zeros(0, np.int64), np.zeros(0, np.int64))
        review.canvas.transport.show_time(0, 0)

    # Boxes -----------------------------------------------------------------------------------------

    def show_boxes(self) -> None:
        """The boxes of the picture that is shown."""
        review = self._review
        snapshot, picture = review.desk.snapshot, review.player.picture
        if snapshot is None or picture is None:
            review.canvas.frame.set_boxes(())
            return
        index = review.previewed.boxes or snapshot.boxes
        found = index.at(picture.time)
        held = self._corrected
        if held is not None and held[1] == picture.time:
            found = [(a, held[2] if a.key == held[0] else polygon) for a, polygon in found]
        key, _ = self.active()
        chosen = frozenset((key,)) if key else frozenset()
        boxes = boxes_for(found, chosen, review.desk.pending, denied=review.desk.wanted.denied)
        review.canvas.frame.set_boxes(boxes)

    def hold_box(self, key: str, time: int, polygon: Polygon) -> None:
        """Shows a corrected box until it is stored."""
        self._corrected = key, time, polygon
        self.show_boxes()

    def leave_tool_after(self, picture: Shown | None) -> None:
        """The box in hand is left as soon as another frame than this one is shown."""
        self._tool_time = picture.time if picture is not None else None

    def _drop_held_box(self) -> None:
        self._corrected = None
        self.show_boxes()

    def active(self) -> tuple[str, Polygon | None]:
        """The item's appearance on the shown frame (of a group the one that is there), and where it is."""
        desk, picture = self._review.desk, self._review.player.picture
        snapshot, row = desk.snapshot, desk.row
        if snapshot is None or not desk.key:
            return "", None
        keys = {desk.key, *(row.keys if row is not None else ())}
        there = snapshot.boxes.at(picture.time) if picture is not None else []
        found = [(a.key, polygon) for a, polygon in there if a.key in keys]
        for key, polygon in found:
            if key == desk.key:
                return key, polygon
        return found[0] if found else (desk.key, None)

    def best_time(self, a: EffectiveAppearance) -> int:
        """The time of the frame on which an appearance is seen best."""
        snapshot = self._review.desk.snapshot
        if snapshot is None or not a.seen:
            return a.span.start
        best = max(a.seen, key=lambda s: (s.clarity * s.visible * s.text_score, -s.seq))
        frame = snapshot.overlay.run.frames.get(best.seq)
        return frame.time if frame is not None else a.span.start

    # Signals ---------------------------------------------------------------------------------------

    def _snapshot_changed(self) -> None:
        review = self._review
        snapshot = review.desk.snapshot
        assert snapshot is not None
        self._corrected = None
        review.queue.show_snapshot(snapshot)
        review.queue.show_current(review.desk.key)
        if review.previewed.boxes is None:
            review.timeline.set_data(snapshot.timeline)
        review.previewed.again()
        review.canvas.transport.bar.set_data(snapshot.timeline, snapshot.flagged_at, snapshot.decided_at)
        self._show_item()
        self.show_boxes()

    def _pending_changed(self) -> None:
        review = self._review
        review.queue.show_pending(review.desk.pending)
        self._show_item_again()
        self.show_boxes()

    def _item_changed(self, seek: bool) -> None:
        review = self._review
        review.canvas.frame.hand.leave()
        review.queue.show_current(review.desk.key)
        self._show_item()
        row = review.desk.row
        if seek and row is not None:
            time = row.crop.time if row.crop is not None else row.span.start
            review.player.seek(time)
        self.show_boxes()

    def _picture_changed(self, picture: Shown) -> None:
        review = self._review
        source = self.source
        if source is None:
            return
        review.canvas.frame.set_picture(picture.image, source.width, source.height)
        if self._tool_time not in (None, picture.time):
            self._tool_time = None
            review.canvas.frame.hand.leave()
        self.show_boxes()
        review.canvas.transport.show_frame(self._frame_words(picture))
        notice = self.lasting_notice()
        if notice and not review.canvas.frame.hud.notice:
            review.canvas.frame.hud.notice = notice

    def _moved(self, time: int) -> None:
        review = self._review
        review.canvas.transport.show_time(time, review.player.duration)
        review.timeline.set_time(time)

    def lasting_notice(self) -> str:
        """What is said as long as it is so: the video can't be read."""
        problem = self._review.player.video_problem
        return problem or ""

    def _frame_words(self, picture: Shown) -> str:
        snapshot = self._review.desk.snapshot
        if not picture.exact:
            return tr("stored frame")
        if snapshot is not None:
            run = snapshot.overlay.run
            seq = run.frame_at(picture.time)
            if seq is not None and seq in run.frames and run.frames[seq].time == picture.time:
                return tr("analysed frame")
        return ""

    # Item ------------------------------------------------------------------------------------------

    def _row(self) -> tuple[QueueRow | None, EffectiveAppearance | None]:
        desk = self._review.desk
        snapshot = desk.snapshot
        if snapshot is None or not desk.key:
            return None, None
        return snapshot.row_at(desk.key), snapshot.appearances.get(desk.key)

    def _show_item_again(self) -> None:
        review = self._review
        row, item = self._row()
        if row is not None:
            review.inspector.show_item(row, item, review.desk.pending.get(row.key))

    def _show_item(self) -> None:
        review = self._review
        row, item = self._row()
        if row is None:
            review.inspector.show_nothing()
            review.timeline.set_item("", ())
            review.canvas.transport.bar.set_item(())
            return
        review.inspector.show_item(row, item, review.desk.pending.get(row.key))
        self._details.start()
        snapshot = review.desk.snapshot
        assert snapshot is not None
        spans = tuple(
            (a.span.start, a.span.end)
            for a in (snapshot.appearances.get(k) for k in row.keys)
            if a is not None
        ) or ((row.span.start, row.span.end),)
        mark = lane_mark(row.brand_id or row.brand_name, row.surface == "caption")
        review.timeline.set_item(mark, spans)
        review.canvas.transport.bar.set_item(spans)

    def _ask_details(self) -> None:
        """Candidates and history, off the main thread; only the newest item's answer is shown."""
        review = self._review
        session = review.desk.session
        row, item = self._row()
        if session is None or row is None:
            return
        key = row.keys[0] if row.keys else row.key
        row_key = row.key

        def work() -> tuple[list[CandidateRow], list[AuditEntry]]:
            return session.candidates(key), session.history(key)

        def done(found: tuple[list[CandidateRow], list[AuditEntry]]) -> None:
            review.verdicts.candidates_read(row_key, found[0])
            now = review.desk.row
            if now is not None and now.key == row_key:
                review.inspector.show_candidates(found[0], "" if now.proposed else now.brand_id)
                review.inspector.show_history(item.history if item is not None else (), found[1])

        review.services.tasks.call(tr("Reading the candidates"), work, done, newest="review-details")
