"""Which action of scope R does what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ui.review.area import Review

SECOND = 1_000_000


def handlers(review: Review) -> dict[str, Callable[[], object]]:
    """By action id; every action of scope R is here. What a key holds is switched on and off by name."""
    verdicts, frame, player = review.verdicts, review.canvas.frame, review.player
    found: dict[str, Callable[[], object]] = {
        "review.confirm": partial(verdicts.decide, "confirm"),
        "review.reject": partial(verdicts.decide, "reject"),
        "review.unsure": partial(verdicts.decide, "unsure"),
        "review.clear": verdicts.clear,
        "review.confirm_selected": review.confirm_selected,
        "review.other_brand": verdicts.pick_brand,
        "review.merge": verdicts.merge,
        "review.new_box": review.new_box,
        "review.edit_box": review.edit_box,
        "review.set_start": partial(review.set_edge, start=True),
        "review.set_end": partial(review.set_edge, start=False),
        "review.next": partial(review.step, 1),
        "review.previous": partial(review.step, -1),
        "review.next_undecided": partial(review.step, 1, undecided=True),
        "review.previous_undecided": partial(review.step, -1, undecided=True),
        "canvas.hide_boxes": lambda: frame.hide_boxes(not frame.boxes_hidden),
        "canvas.fit": frame.fit,
        "canvas.actual_size": frame.actual_size,
        "canvas.zoom_to_box": frame.zoom_to_box,
        "canvas.zoom_in": partial(frame.zoom_step, 1),
        "canvas.zoom_out": partial(frame.zoom_step, -1),
        "play.toggle": player.toggle,
        "play.shuttle_back": partial(player.shuttle, -1),
        "play.shuttle_forward": partial(player.shuttle, 1),
        "play.frame_back": partial(player.step, -1),
        "play.frame_forward": partial(player.step, 1),
        "play.second_back": partial(player.skip, -SECOND),
        "play.second_forward": partial(player.skip, SECOND),
        "play.ten_back": partial(player.skip, -10 * SECOND),
        "play.ten_forward": partial(player.skip, 10 * SECOND),
        "play.previous_analysed": partial(player.step_analysed, -1),
        "play.next_analysed": partial(player.step_analysed, 1),
        "play.around": review.play_around,
        "play.go_to": review.canvas.transport.ask_time,
    }
    for number in range(9):
        found[f"review.candidate_{number + 1}"] = partial(verdicts.choose_candidate, number)
    return found
