"""Look search on synthetic pictures: found where it is, at its size, turned, covered, out of focus; not elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo.boards import mark
from engine.adapters.cv import cv2
from engine.domain.brands import BookEntry, BookSnapshot
from engine.visual.clutter import chance, clutter, score_of
from engine.visual.looking import references_of
from engine.visual.reference import Image, Reference, load_reference, make_reference
from engine.visual.search import LookHit, SearchedFrame, search_frame

OTHER = 11
"""Clutter of another number than chance is measured on."""


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make_reference("mark", mark(48))


@pytest.fixture(scope="module")
def scene(reference: Reference) -> Image:
    """A crowded picture without the mark."""
    return np.asarray(cv2.resize(clutter(reference, OTHER), (1280, 720), interpolation=cv2.INTER_LINEAR))


def placed(scene: Image, height: int, x: int, y: int, turn: float = 0.0, narrow: float = 1.0) -> Image:
    """The scene with the mark drawn at (x, y), turned by degrees and narrowed."""
    own = mark(height)
    h, w = own.shape[:2]
    warp = cv2.getRotationMatrix2D((w / 2, h / 2), turn, 1.0)
    warp[:, 0] *= narrow
    warp[:, 2] += (x, y)
    size = scene.shape[1], scene.shape[0]
    inside = cv2.warpAffine(np.full((h, w), 255, np.uint8), warp, size) > 127
    picture = scene.copy()
    picture[inside] = cv2.warpAffine(own, warp, size, flags=cv2.INTER_AREA)[inside]
    return picture


def best(picture: Image, reference: Reference) -> LookHit:
    return search_frame(SearchedFrame(picture), reference)[0]


def centre(hit: LookHit) -> np.ndarray:
    return hit.corners.mean(axis=0)


@settings(max_examples=12, deadline=None)
@given(
    height=st.integers(26, 130),
    x=st.integers(20, 1000),
    y=st.integers(20, 540),
    narrow=st.floats(0.75, 1.1),
    turn=st.floats(-4, 4),
    sigma=st.floats(0.1, 1.2),
)
def test_found_at_its_place_and_size(
    reference: Reference,
    scene: Image,
    height: int,
    x: int,
    y: int,
    narrow: float,
    turn: float,
    sigma: float,
) -> None:
    picture = cv2.GaussianBlur(placed(scene, height, x, y, turn, narrow), (0, 0), sigma)
    hit = best(picture, reference)
    assert score_of(hit.likeness, chance(reference)) >= 0.5
    w, h = hit.corners[2] - hit.corners[0]
    assert abs(h - height) < 0.25 * height and abs(w - 1.3 * height * narrow) < 0.3 * height
    assert np.abs(centre(hit) - (x + 0.65 * height * narrow, y + height / 2)).max() < 0.2 * height


def test_nothing_is_found_where_the_mark_is_not(reference: Reference, scene: Image) -> None:
    hits = search_frame(SearchedFrame(scene), reference)
    fits = chance(reference)
    assert all(score_of(h.likeness, fits) < 0.4 for h in hits)


def test_other_colours_are_another_mark(reference: Reference, scene: Image) -> None:
    picture = placed(scene, 60, 500, 300)
    recoloured = picture.copy()
    recoloured[280:380, 480:600] = picture[280:380, 480:600, ::-1]
    fits = chance(reference)
    assert score_of(best(picture, reference).likeness, fits) > 0.8
    assert score_of(best(recoloured, reference).likeness, fits) < 0.5


def test_several_marks_are_several_finds(reference: Reference, scene: Image) -> None:
    picture = placed(placed(placed(scene, 36, 100, 100), 44, 600, 300), 90, 900, 500)
    fits = chance(reference)
    hits = [h for h in search_frame(SearchedFrame(picture), reference) if score_of(h.likeness, fits) >= 0.5]
    assert len(hits) == 3


def test_a_player_before_a_fifth_of_it(reference: Reference, scene: Image) -> None:
    picture = placed(scene, 60, 500, 300)
    picture[300:360, 500:514] = (40, 200, 230)
    assert score_of(best(picture, reference).likeness, chance(reference)) >= 0.5


def test_a_large_mark_turned_far_is_found_by_features(scene: Image) -> None:
    reference = make_reference("large", mark(160))
    picture = placed(scene, 260, 400, 200, turn=35)
    assert score_of(best(picture, reference).likeness, chance(reference)) >= 0.5
    without = search_frame(SearchedFrame(picture), reference, features=False)
    assert not without or without[0].likeness < best(picture, reference).likeness


def test_a_plain_mark_must_be_much_more_alike(reference: Reference) -> None:
    plain = np.full((40, 60, 3), 230, np.uint8)
    plain[8:32, 20:40] = 30
    assert chance(make_reference("plain", plain)) > chance(reference) + 0.1
    assert score_of(0.9, 0.65) > 0.5 > score_of(0.9, 0.9)
    assert score_of(1.0, 0.95) == 1.0 and score_of(0.6, 0.65) == 0.0


def test_equal_pictures_give_equal_answers(reference: Reference, scene: Image) -> None:
    picture = placed(scene, 40, 300, 200)
    first, second = (search_frame(SearchedFrame(picture), reference) for _ in range(2))
    assert [(h.corners.tolist(), h.likeness) for h in first] == [
        (h.corners.tolist(), h.likeness) for h in second
    ]
    assert chance(reference) == chance(make_reference("again", mark(48)))


@pytest.mark.parametrize(
    "picture", [None, np.full((40, 40, 3), 90, np.uint8), np.zeros((5, 60, 3), np.uint8)]
)
def test_what_is_no_mark_is_not_searched_for(picture: Image | None) -> None:
    data = b"no picture" if picture is None else cv2.imencode(".png", picture)[1].tobytes()
    assert load_reference("x", data) is None


def test_a_mark_larger_than_the_frame_is_no_error(reference: Reference) -> None:
    assert search_frame(SearchedFrame(np.zeros((20, 24, 3), np.uint8)), reference) == []


def test_a_reference_of_two_brands_names_both() -> None:
    book = BookSnapshot((BookEntry("a", "A", (), ("x", "y")), BookEntry("b", "B", (), ("x",))))
    assert references_of(book) == {"x": ("a", "b"), "y": ("a",)}
