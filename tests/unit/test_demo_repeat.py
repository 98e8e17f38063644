"""Long videos made by repeating clips: no repeat like another, and the truth follows the crop."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.demo import DemoTruth, RepeatMap, render_demo, repeat_video, repeated_truth


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoTruth]:
    path = tmp_path_factory.mktemp("clip") / "demo.mp4"
    return path, render_demo(path, seed=4, seconds=1.0, size=(640, 360))


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_repeats_fill_the_time_and_differ(clip: tuple[Path, DemoTruth], tmp_path: Path) -> None:
    made = repeat_video([clip[0]], tmp_path / "long.mp4", 2.6, seed=2)
    assert made.frame_count == 65 and made.fps == Fraction(25)
    assert [repeat.start for repeat in made.repeats] == [0, 25, 50]
    assert [repeat.frames for repeat in made.repeats] == [25, 25, 15]
    assert len({repeat.crop for repeat in made.repeats}) == 3
    shown = pictures(tmp_path / "long.mp4")
    assert len(shown) == 65 and shown[0].shape == (360, 640)
    assert np.abs(shown[0].astype(int) - shown[25]).mean() > 1.0
    assert RepeatMap.load(made.save(tmp_path / "map.json")) == made
    again = repeat_video([clip[0]], tmp_path / "again.mp4", 2.6, seed=2)
    assert again == made
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "long.mp4").read_bytes()


def test_the_truth_follows_crop_and_time(clip: tuple[Path, DemoTruth], tmp_path: Path) -> None:
    _, truth = clip
    made = repeat_video([clip[0]], tmp_path / "long.mp4", 1.6, seed=9)
    moved = repeated_truth([truth], made)
    assert moved.frame_count == 40 and moved.shots[0].end == 25
    second = made.repeats[1]
    x, y, w, h = second.crop
    there = {(one.sign.number, one.polygon): one for one in truth.at(5)}
    found = moved.at(25 + 5)
    assert len(found) >= 5
    for one in found:
        origin = next(was for was in there.values() if was.sign.number == one.sign.number)
        expected = (np.array(origin.polygon) - (x, y)) * (640 / w, 360 / h)
        assert np.array(one.polygon) == pytest.approx(expected, abs=0.11)
        assert one.text_height == pytest.approx(origin.text_height * 360 / h, abs=0.11)
        assert one.visible <= origin.visible + 0.011


def test_no_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one source"):
        repeat_video([], tmp_path / "x.mp4", 1.0)


def test_other_rates_are_resampled(clip: tuple[Path, DemoTruth], tmp_path: Path) -> None:
    made = repeat_video([clip[0]], tmp_path / "slow.mp4", 1.0, seed=1, size=(320, 180), fps=10)
    assert made.frame_count == 10 and made.repeats[0].step == 2.5
    assert len(pictures(tmp_path / "slow.mp4")) == 10
    moved = repeated_truth({0: clip[1]}, made)
    assert moved.shots[0].end == 10 and max(run.start + len(run.height) for run in moved.runs) <= 10
