"""The rendered demo: same seed, same clip; what the truth says is where the picture shows it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo import DemoTruth, render_demo
from app.demo.boards import identities
from app.demo.camera import Camera, camera_at, plan_shots
from app.demo.coverage import uncovered
from app.demo.encode import Encoder
from app.demo.lettering import ink_of
from app.demo.render import DemoScene, truth_path
from app.demo.scene import clipped
from engine.adapters.cv import cv2

SMALL = (320, 180)


@pytest.fixture(scope="module")
def wide() -> tuple[DemoScene, np.ndarray, DemoTruth]:
    scene = DemoScene(3, 1, 25, (1280, 720))
    picture = scene.frame(0)
    return scene, picture, scene.truth()


@pytest.mark.full
def test_the_same_seed_gives_the_same_bytes_and_truth(tmp_path: Path) -> None:
    seen: list[float] = []
    first = render_demo(tmp_path / "a.mp4", seed=5, seconds=0.6, size=SMALL, progress=seen.append)
    second = render_demo(tmp_path / "b.mp4", seed=5, seconds=0.6, size=SMALL)
    render_demo(tmp_path / "c.mp4", seed=6, seconds=0.6, size=SMALL)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert truth_path(tmp_path / "a.mp4").read_bytes() == truth_path(tmp_path / "b.mp4").read_bytes()
    assert truth_path(tmp_path / "a.mp4").read_bytes() != truth_path(tmp_path / "c.mp4").read_bytes()
    assert first.brand_seconds() == second.brand_seconds()
    assert seen[-1] == 1.0 and seen == sorted(seen)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == SMALL
        assert Fraction(stream.average_rate or 0) == 25
        assert sum(1 for _ in container.decode(stream)) == 15 == first.frame_count


@pytest.mark.parametrize(
    "wrong", [{"size": (321, 180)}, {"size": (100, 50)}, {"seconds": 0.0}], ids=["odd", "tiny", "empty"]
)
def test_what_cannot_be_rendered_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"cannot be rendered|no picture"):
        render_demo(tmp_path / "x.mp4", **{"size": SMALL, "seconds": 1.0, **wrong})  # type: ignore[arg-type]
    assert not (tmp_path / "x.mp4").exists()


def test_what_goes_wrong_while_encoding_is_raised(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError),
        Encoder(tmp_path / "a.mp4", (320, 180), Fraction(25), bit_rate=1_000_000) as encoder,
    ):
        encoder.add_yuv(np.zeros((7, 5), np.uint8))


def test_names_stand_where_the_truth_says(wide: tuple[DemoScene, np.ndarray, DemoTruth]) -> None:
    """The letters' own shape, cut out by the truth's polygon, correlates with the picture there."""
    scene, picture, truth = wide
    looks = identities(3, scene.cast)
    checked = 0
    for one in truth.at(0):
        if one.sign.surface != "scene" or not one.legible or one.visible < 0.97 or not one.sign.text:
            continue
        mask = ink_of(one.sign.text, looks[one.sign.text].face, 40.0).mask
        h, w = mask.shape
        source = np.array(one.polygon, np.float32)
        flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
        cut = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(source, flat), (w, h))
        grey = cut.astype(np.float32).mean(2)
        match = abs(np.corrcoef(grey.ravel(), mask.ravel().astype(np.float32))[0, 1])
        assert match > 0.6, (one.sign, match)
        checked += 1
    assert checked >= 5


def test_shirts_of_the_play_are_in_the_truth() -> None:
    scene = DemoScene(1, 750, 25, (1280, 720))
    picture = scene.frame(575)
    shirts = [
        one
        for one in scene.truth().at(575)
        if one.sign.place.startswith("shirt") and one.visible > 0.97 and one.text_height > 6
    ]
    assert shirts
    for one in shirts:
        kit = next(k for k in scene.kits if k.text == one.sign.text)
        ink = ink_of(kit.text, kit.face, 20.0).mask
        h, w = ink.shape
        source = np.array(one.polygon, np.float32)
        flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
        cut = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(source, flat), (w, h)).astype(float)
        towards = cut @ (np.array(kit.letters, float) - kit.shirt)
        assert np.corrcoef(towards.ravel(), ink.ravel())[0, 1] > 0.5


def test_a_wide_shot_shows_boards_and_captions(wide: tuple[DemoScene, np.ndarray, DemoTruth]) -> None:
    _, _, truth = wide
    legible = [one for one in truth.at(0) if one.legible]
    assert len({one.sign.brand for one in legible if one.sign.surface == "scene" and one.sign.brand}) >= 3
    assert {"clock", "score", "team", "channel logo"} <= {one.sign.place for one in legible}
    assert min(one.text_height for one in legible if one.sign.surface == "scene") >= 12


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 320), st.sampled_from([5, 25, 30]))
def test_shots_tile_the_clip(seed: int, seconds: float, fps: int) -> None:
    frames = max(1, round(seconds * fps))
    shots = plan_shots(seed, frames, fps, lambda t: 52.5 + 20 * np.sin(t / 4), (0, 1))
    assert [shot.start for shot in shots] == [0, *(shot.end for shot in shots[:-1])]
    assert shots[-1].end == frames and all(shot.start < shot.end for shot in shots)
    if seconds >= 20:
        assert {"wide", "medium", "close", "corner"} == {shot.kind for shot in shots}
        assert any(shot.replay and shot.wipe_in and shot.wipe_out for shot in shots)
    for shot in shots:
        for part in (0.0, 0.5, 1.0):
            camera = camera_at(shot, part * (shot.end - shot.start) / fps, (1280, 720))
            assert np.isfinite(camera.matrix()).all()


@given(st.floats(-50, 150), st.floats(-60, -10), st.floats(3, 30), st.floats(800, 6000))
def test_the_camera_looks_at_its_target(x: float, y: float, z: float, focal: float) -> None:
    camera = Camera((x, y, z), (52.5, 30.0, 0.0), focal, 1280, 720)
    pixels, depth = camera.project(np.array([[52.5, 30.0, 0.0], [52.5, 30.0, 1.0], [x, y - 5.0, z]]))
    assert pixels[0] == pytest.approx((640, 360), abs=1e-6)
    assert pixels[1, 1] < pixels[0, 1] and depth[0] > 0 > depth[2]


@given(st.lists(st.floats(-2, 2), min_size=9, max_size=9))
def test_what_is_clipped_lies_in_the_picture(values: list[float]) -> None:
    h = np.array(values).reshape(3, 3) * np.array([[100.0], [100.0], [1.0]])
    polygon = clipped(h, 8.0, 2.0, 640, 360)
    if polygon is not None:
        assert (polygon >= -1e-3).all() and (polygon <= (640 + 1e-3, 360 + 1e-3)).all()


@given(st.integers(0, 60), st.integers(-80, 180))
def test_covering_and_edges_lower_the_visible_part(covered: int, left: int) -> None:
    cover = np.zeros((100, 200), np.uint8)
    quad = np.array([[left, 20], [left + 60, 20], [left + 60, 60], [left, 60]], float)
    inside = max(0, min(200, left + 60) - max(0, left)) / 60
    assert uncovered(cover, quad, 0) == pytest.approx(inside, abs=0.04)
    cover[:, max(0, left) : max(0, left + covered)] = 7
    hidden = max(0, min(200, left + covered) - max(0, left)) / 60
    assert uncovered(cover, quad, 0) == pytest.approx(inside - hidden, abs=0.04)
    assert uncovered(cover, quad, 7) == pytest.approx(hidden, abs=0.04)


def test_an_led_board_turns_over_and_its_old_name_leaves() -> None:
    scene = DemoScene(2, 1, 25, SMALL)
    turning = next(section for section in scene.sections if section.kind == "turn")
    before = turning.face(turning.hold - turning.phase % turning.hold - 0.7)
    during = turning.face(turning.hold - turning.phase % turning.hold - 0.2)
    after = turning.face(turning.hold - turning.phase % turning.hold + 0.1)
    assert len(before.parts) == 1 and len(during.parts) == 2 and len(after.parts) == 1
    assert before.parts[0][0] is during.parts[0][0] and after.parts[0][0] is during.parts[1][0]
    assert during.parts[0][2] < 0 < during.parts[1][2]
    assert turning.texture(during, 20, 20).shape == turning.texture(before, 20, 20).shape


@pytest.mark.full
@pytest.mark.timeout(600)
def test_ten_seeds_show_every_kind_of_sign(tmp_path: Path) -> None:
    for seed in range(1, 11):
        truth = render_demo(tmp_path / f"{seed}.mp4", seed=seed, seconds=30.0)
        loaded = DemoTruth.load(truth_path(tmp_path / f"{seed}.mp4"))
        legible = {s.kind for run in loaded.runs if run.legible.any() for s in [loaded.signs[run.sign]]}
        assert {"brand", "alias", "unknown", "symbol", "word", "caption"} <= legible, seed
        assert sum(seconds >= 1.0 for seconds in truth.brand_seconds().values()) >= 8, seed
