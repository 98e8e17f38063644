"""Camera motion, carrying signs along it, and following them through a chunk: on rendered pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.adapters.cv import cv2
from engine.carrying import Region
from engine.motion import Picture, bits_apart, camera_motion, find_again, mapped
from engine.search_areas import Bounds
from engine.tracking import Moment, follow, looks_at


def scene(seed: int = 3) -> np.ndarray:
    """A wide textured world with a board that says SPONSOR at (700, 300)."""
    rng = np.random.default_rng(seed)
    world = cv2.resize(
        rng.integers(0, 256, (110, 220, 3), np.uint8), (2200, 1100), interpolation=cv2.INTER_CUBIC
    )
    cv2.rectangle(world, (680, 290), (960, 350), (255, 255, 255), -1)
    cv2.putText(world, "SPONSOR", (695, 338), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (160, 20, 20), 5)
    return world


def view(world: np.ndarray, x: float, y: float, zoom: float = 1.0) -> np.ndarray:
    """1280 × 720 pixels of the world from (x, y)."""
    matrix = np.array([[1 / zoom, 0, x], [0, 1 / zoom, y]])
    return cv2.warpAffine(world, matrix, (1280, 720), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def board(x: float, y: float, zoom: float = 1.0) -> np.ndarray:
    world = np.array([[680, 290], [960, 290], [960, 350], [680, 350]], np.float32)
    return ((world - (x, y)) * zoom).astype(np.float32)


def picture(pixels: np.ndarray) -> Picture:
    return Picture(lambda: pixels)


@pytest.mark.parametrize(
    ("dx", "dy", "zoom"), [(0, 0, 1.0), (180, 12, 1.0), (60, -20, 1.3), (-150, 30, 0.85)]
)
def test_motion_carries_a_board_to_where_it_is(dx: float, dy: float, zoom: float) -> None:
    world = scene()
    a, b = picture(view(world, 300, 100)), picture(view(world, 300 + dx, 100 + dy, zoom))
    motion = camera_motion(a, b)
    assert motion.known
    expected = board(300 + dx, 100 + dy, zoom)
    assert np.abs(mapped(motion.matrix, board(300, 100)) - expected).max() < 4
    found = find_again(a, b, board(300, 100), motion.matrix, 0.6)
    assert found is not None and found[1] > 0.8
    assert np.abs(found[0] - expected).max() < 4


def test_an_overlay_does_not_hide_the_camera_s_motion() -> None:
    world = scene()
    one, two = view(world, 300, 100), view(world, 420, 100)
    for image in (one, two):
        image[600:700, 60:1220] = view(scene(9), 500, 700)[600:700, 60:1220]
    motion = camera_motion(picture(one), picture(two))
    assert abs(motion.matrix[0, 2] + 120) < 8


def test_unrelated_pictures_confirm_nothing() -> None:
    a, b = picture(view(scene(1), 300, 100)), picture(view(scene(2), 300, 800)[::-1].copy())
    assert find_again(a, b, board(300, 100), np.eye(3), 0.6) is None


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (64, 65), (65, 64), (150, 700)])
def test_descriptors_are_apart_by_the_bits_that_differ(rows: int, columns: int) -> None:
    rng = np.random.default_rng(4)
    a, b = (rng.integers(0, 256, (n, 32), np.uint8) for n in (rows, columns))
    b[-1] = ~a[0]
    bits_a, bits_b = (np.unpackbits(codes, axis=1) for codes in (a, b))
    assert (bits_apart(a, b) == (bits_a[:, None] != bits_b).sum(axis=2)).all()
    assert bits_apart(a, b)[0, -1] == 256


@pytest.mark.parametrize(("right", "told"), [(99, False), (101, True)])
def test_a_patch_that_is_too_flat_tells_nothing(right: int, told: bool) -> None:
    pixels = np.full((100, 200, 3), 90, np.uint8)
    pixels[:, 100:] = right
    corners = np.array([[60, 40], [140, 40], [140, 58], [60, 58]], np.float32)
    found = find_again(picture(pixels), picture(pixels), corners, np.eye(3), 0.5)
    assert (found is not None) is told


def moments(images: list[np.ndarray]) -> list[Moment]:
    return [Moment(i * 0.5, picture(p)) for i, p in enumerate(images)]


def test_looks_are_spread_over_a_shot_with_its_first_and_last_frame() -> None:
    pictures = [np.zeros((32, 32, 3), np.uint8)] * 9
    assert looks_at(moments(pictures), 2.0) == {0, 4, 8}
    assert looks_at(moments(pictures[:3]), 2.0) == {0, 2}
    assert looks_at(moments(pictures[:1]), 2.0) == {0}
    assert looks_at([], 2.0) == set()


def test_a_sign_is_followed_between_looks_and_back_before_the_first() -> None:
    world = scene()
    xs = [300 + 60 * i for i in range(6)]
    frames = moments([view(world, x, 100) for x in xs])

    def look(p: Picture, active: object, number: int) -> list[Region]:
        return [Region(board(xs[number], 100), 0.9, "test")] if number == 2 else []

    (sign,) = follow(frames, look, every=1.5, least=0.6)
    assert sorted(sign.places) == [0, 1, 2, 3, 4, 5]
    assert [sign.places[i].seen == "detected" for i in range(6)] == [False, False, True, False, False, False]
    for number, place in sign.places.items():
        assert np.abs(place.corners - board(xs[number], 100)).max() < 5
    assert sign.still == 0 and sign.moving == 5


def test_a_sign_lost_behind_something_is_looked_for_where_it_should_be() -> None:
    world = scene()
    xs = [300 + 40 * i for i in range(6)]
    images = [view(world, x, 100) for x in xs]
    for number in (2, 3):
        x0, y0 = board(xs[number], 100)[0].astype(int)
        cv2.rectangle(images[number], (x0 - 15, y0 - 15), (x0 + 300, y0 + 80), (90, 90, 90), -1)
    asked: dict[int, list[tuple[float, float, float, float]]] = {}

    def look(p: Picture, areas: Sequence[Bounds] | None, number: int) -> list[Region]:
        if areas is not None:
            asked[number] = list(areas)
        covered = number in (2, 3) or number == 5
        return [] if covered else [Region(board(xs[number], 100), 0.9, "test")]

    first, second = follow(moments(images), look, every=9, least=0.6)
    assert sorted(first.places) == [0, 1]
    assert sorted(second.places) == [4, 5]
    assert sorted(asked) == [2, 3, 4]
    for number, areas in asked.items():
        ((x0, y0, x1, y1),) = areas
        assert (np.array([x0, y0]) < board(xs[number], 100).min(axis=0)).all()
        assert (np.array([x1, y1]) > board(xs[number], 100).max(axis=0)).all()


def test_a_sign_that_comes_in_from_a_side_is_looked_at_again_whole() -> None:
    world = scene()
    xs = [500 + 60 * (5 - i) for i in range(6)]
    whole = [board(x, 100) for x in xs]
    cut = [np.clip(corners, 0, None) for corners in whole]

    def look(p: Picture, areas: Sequence[Bounds] | None, number: int) -> list[Region]:
        return [] if number == 5 else [Region(cut[number], 0.9, "test")]

    signs = follow(moments([view(world, x, 100) for x in xs]), look, every=9, least=0.6)
    last = [s.places[5].corners for s in signs if 5 in s.places]
    assert any(np.abs(corners - whole[5]).max() < 6 for corners in last)


def test_an_overlay_is_followed_standing_still() -> None:
    world = scene()
    corners = np.array([[90, 40], [330, 40], [330, 90], [90, 90]], np.float32)
    images = []
    for i in range(4):
        image = view(world, 300 + 50 * i, 300)
        cv2.rectangle(image, (80, 30), (340, 100), (0, 0, 0), -1)
        cv2.putText(image, "AAA 1-0 BBB", (92, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (255, 255, 255), 2)
        images.append(image)
    (sign,) = follow(
        moments(images),
        lambda p, s, n: [Region(corners, 0.9, "test")] if n == 0 else [],
        every=9,
        least=0.6,
    )
    assert sorted(sign.places) == [0, 1, 2, 3]
    assert sign.still == sign.moving == 3


def test_a_board_that_turns_over_ends_its_track() -> None:
    world = scene()
    images = [view(world, 300, 100) for _ in range(4)]
    for image in images[2:]:
        cv2.rectangle(image, (380, 190), (660, 250), (0, 0, 0), -1)
        cv2.putText(image, "iliiq", (420, 236), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (0, 255, 255), 5)

    def look(p: Picture, active: object, number: int) -> list[Region]:
        return [Region(board(300, 100), 0.9, "test")] if number in (0, 3) else []

    first, second = follow(moments(images), look, every=1.5, least=0.6)
    assert sorted(first.places) == [0, 1]
    assert sorted(second.places) == [2, 3]


def turned(image: np.ndarray, text: str) -> np.ndarray:
    """The view from (300, 100) with another name on its board, in the same colours."""
    other = image.copy()
    cv2.rectangle(other, (380, 190), (660, 250), (255, 255, 255), -1)
    cv2.putText(other, text, (395, 238), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (160, 20, 20), 5)
    return other


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    found = find_again(picture(a), picture(b), board(300, 100), np.eye(3), 0.0)
    assert found is not None
    return found[1]


def test_a_board_that_turns_over_to_something_alike_is_a_sign_of_its_own() -> None:
    before = view(scene(), 300, 100)
    after = turned(before, "BELMONT")
    assert 0.6 < likeness(before, after) < 0.75, "alike enough to be taken for it"

    def look(p: Picture, areas: object, number: int) -> list[Region]:
        return [Region(board(300, 100), 0.9, "test")] if number in (0, 6) else []

    for look_too, frames in ((6, [before] * 3 + [after] * 4), (9, [before] * 3 + [after] * 6)):
        first, second = follow(moments(frames), look, every=look_too / 2, least=0.6)
        assert sorted(first.places) == [0, 1, 2]
        assert sorted(second.places) == list(range(3, len(frames)))


def test_a_blurred_frame_in_between_and_at_the_end_is_the_same_sign() -> None:
    sharp = view(scene(), 300, 100)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 9)
    assert 0.6 < likeness(sharp, blurred) < 0.75

    def look(p: Picture, areas: object, number: int) -> list[Region]:
        return [Region(board(300, 100), 0.9, "test")] if number == 0 else []

    frames = moments([sharp, sharp, blurred, sharp, sharp, blurred])
    (sign,) = follow(frames, look, every=99, least=0.6)
    assert sorted(sign.places) == [0, 1, 2, 3, 4, 5]


def test_a_large_lost_sign_does_not_keep_a_small_one_from_being_looked_for() -> None:
    world = scene()
    sharp, covered = view(world, 300, 100), view(world, 300, 100)
    large = np.array([[60, 300], [1220, 300], [1220, 680], [60, 680]], np.float32)
    for place in (board(300, 100), large):
        (left, top), (right, bottom) = place[0].astype(int), place[2].astype(int)
        cv2.rectangle(covered, (left - 12, top - 12), (right + 12, bottom + 12), (90, 90, 90), -1)
    asked: list[Sequence[Bounds]] = []

    def look(p: Picture, areas: Sequence[Bounds] | None, number: int) -> list[Region]:
        if areas is not None:
            asked.append(areas)
        return [Region(c, 0.9, "test") for c in (board(300, 100), large)] if number == 0 else []

    follow(moments([sharp, covered, covered]), look, every=99, least=0.6)
    assert asked
    for areas in asked:
        ((x0, y0, x1, y1),) = areas
        assert x0 < 380 and y0 < 190 and x1 > 660 and 250 < y1 < 400
