"""How much of a sign is visible where a side of the picture cuts it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.carrying import Region
from engine.domain.geometry import polygon
from engine.domain.records import (
    KeptFrame,
    RegionsPart,
    ScenesPart,
    TextCandidate,
    TextsPart,
    Track,
    TrackText,
)
from engine.domain.timebase import Span
from engine.motion import Corners, Picture
from engine.search_areas import visible_share
from engine.signs import join_signs
from engine.tracking import follow
from tests.unit.test_vision_motion import board, moments, scene, view

WIDTH, HEIGHT = 1280, 720


def clipped(corners: Corners) -> Corners:
    """What a detector draws: the board up to the picture's sides."""
    return np.clip(corners, 0, [WIDTH, HEIGHT]).astype(np.float32)


@pytest.mark.parametrize("backwards", [False, True], ids=["leaving", "entering"])
@pytest.mark.parametrize("every", [0.5, 9.0], ids=["each frame detected", "ends detected"])
def test_a_board_that_a_side_cuts_is_measured_by_its_whole_length(backwards: bool, every: float) -> None:
    left_sides = [600.0, 690.0, 740.0, 790.0, 840.0][:: -1 if backwards else 1]
    world = scene()

    def look(_: Picture, areas: object, number: int) -> list[Region]:
        return [Region(clipped(board(left_sides[number], 100)), 0.9, "test")]

    (sign,) = follow(moments([view(world, x, 100) for x in left_sides]), look, every=every, least=0.6)
    assert sorted(sign.places) == list(range(5))
    shown = Picture(lambda: np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    for number, x in enumerate(left_sides):
        true = min(1.0, (960 - x) / 280)
        assert visible_share(sign.whole[number], shown) == pytest.approx(true, abs=0.04)


def test_a_board_that_was_never_seen_whole_is_taken_as_it_is() -> None:
    world = scene()

    def look(_: Picture, areas: object, number: int) -> list[Region]:
        return [Region(clipped(board(790, 100)), 0.9, "test")]

    (sign,) = follow(moments([view(world, 790, 100)] * 3), look, every=0.5, least=0.6)
    assert all(np.array_equal(sign.whole[n], place.corners) for n, place in sign.places.items())


def test_a_sign_that_goes_on_over_a_border_is_measured_where_it_is_whole() -> None:
    def part(chunk: int, seqs: range, x0: float, x1: float) -> tuple[RegionsPart, ScenesPart, TextsPart]:
        place = polygon([(x0, 300), (x1, 300), (x1, 340), (x0, 340)])
        span = Span(seqs[0] * 500_000, (seqs[-1] + 1) * 500_000)
        frames = tuple(KeptFrame(s, (Span(s * 500_000, (s + 1) * 500_000),), 0) for s in seqs)
        return (
            RegionsPart(chunk, (Track(0, 0, seqs[0], seqs[-1]),), ()),
            ScenesPart(chunk, span, frames),
            TextsPart(
                chunk,
                (TrackText(0, "Emirates", 0.95),),
                tuple(TextCandidate(s, 0, place, "Emirates", 0.95, 0.9, "read") for s in seqs),
            ),
        )

    def shares(second: tuple[float, float]) -> list[float]:
        parts = [part(0, range(4), 60, 260), part(1, range(4, 8), *second)]
        (sign,) = join_signs([p[0] for p in parts], [p[1] for p in parts], [p[2] for p in parts], WIDTH)
        return [c.visible for c in sign.seen]

    assert shares((2, 152)) == [1.0] * 4 + [0.75] * 4
    assert shares((30, 230)) == [1.0] * 8
