"""The review area: queue, frame, inspector and timeline around one run, and decisions by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ui.workspace import ReviewArea, Services


def build_review(services: Services) -> ReviewArea:
    """The four panes with what connects them; nothing of a library is read before a run is opened."""
    from ui.review.area import Review

    return cast("ReviewArea", Review(services))
