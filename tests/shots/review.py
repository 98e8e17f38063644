"""Screens of the review area: boxes in every state, inspector, picker, tools, timeline, preview, stored frames."""

from __future__ import annotations

from typing import cast

from engine.domain.geometry import rectangle
from tests.shots.registry import shot
from tests.shots.studio import Studio
from ui.review.area import Review


def opened(studio: Studio) -> Review:
    """The review of the first source, ready."""
    studio.open_first_source()
    review = cast(Review, studio.window.review)
    studio.until(lambda: review.desk.snapshot is not None and review.player.picture is not None)
    ready(studio, review)
    return review


def ready(studio: Studio, review: Review) -> None:
    """Waits until everything that was asked for is shown."""
    player = review.player
    studio.until(lambda: review.desk.settled and player._exact_up_to >= player._number)
    studio.settle(0.5)


def key_of(review: Review, number: int = 0) -> str:
    """The n-th undecided item that has a brand."""
    snapshot = review.desk.snapshot
    assert snapshot is not None
    rows = [r for r in snapshot.rows if r.brand_name and not r.decided]
    return rows[min(number, len(rows) - 1)].key


def decide(studio: Studio, review: Review, number: int, action: str) -> None:
    review.desk.choose(key_of(review, number))
    ready(studio, review)
    review.trigger(action)
    ready(studio, review)


@shot("review")
def review(studio: Studio) -> None:
    found = opened(studio)
    found.desk.choose(key_of(found, 1))
    ready(studio, found)


@shot("review-decided")
def review_decided(studio: Studio) -> None:
    """Confirmed, rejected, unsure and undecided boxes on one frame; decided marks on the timeline."""
    found = opened(studio)
    found.want(undecided=False)
    ready(studio, found)
    for action in ("review.confirm", "review.reject", "review.unsure", "review.confirm"):
        decide(studio, found, 0, action)
    assert found.desk.snapshot is not None
    done = next(r for r in found.desk.snapshot.rows if str(r.state) == "rejected")
    found.desk.choose(done.key)
    ready(studio, found)


@shot("review-zoomed")
def review_zoomed(studio: Studio) -> None:
    found = opened(studio)
    found.desk.choose(key_of(found))
    ready(studio, found)
    found.trigger("canvas.zoom_to_box")
    studio.settle()


@shot("review-picker")
def review_picker(studio: Studio) -> None:
    found = opened(studio)
    found.desk.choose(key_of(found))
    ready(studio, found)
    found.trigger("review.other_brand")
    found.canvas.picker.field.setText("lum")
    studio.settle(0.6)


@shot("review-edit-box")
def review_edit_box(studio: Studio) -> None:
    found = opened(studio)
    found.canvas.picker.cancel()
    found.desk.choose(key_of(found))
    ready(studio, found)
    found.trigger("review.edit_box")
    studio.settle()


@shot("review-drawn-box")
def review_drawn_box(studio: Studio) -> None:
    found = opened(studio)
    found.canvas.frame.hand.drawn.emit(rectangle(520, 300, 700, 350))
    found.canvas.picker.picked.emit("", "Hand-drawn Brand")
    found.canvas.picker.cancel()
    ready(studio, found)


@shot("review-captions")
def review_captions(studio: Studio) -> None:
    found = opened(studio)
    found.want(surface="caption", denied=True)
    ready(studio, found)


@shot("review-nothing-fits")
def review_nothing_fits(studio: Studio) -> None:
    found = opened(studio)
    found.search("no such brand")
    ready(studio, found)
