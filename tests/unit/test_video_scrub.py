"""Exact scrubbing: any frame, any step, from a small cache, and giving up without losing the place."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.scrub import Scrubber, _bytes
from tests.video_support import make_video, number_of

FILES: dict[str, dict[str, Any]] = {
    "constant.mp4": {"gop": 40},
    "stream.ts": {"gop": 20},
    "variable.mkv": {"pts": [n * n // 3 for n in range(2, 62)], "time_base": Fraction(1, 50), "rate": 50},
    "reordered.avi": {},
    "intra.mov": {"codec": "prores_ks", "pixels": "yuv422p10le"},
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", FILES)
def test_random_jumps_and_steps_are_exact(tmp_path: Path, name: str, threads: int) -> None:
    path = make_video(tmp_path / name, 60, **FILES[name])
    chance = random.Random(name)
    limit = 12 * 160 * 96 * 4
    with Scrubber(path, cache_bytes=limit, threads=threads) as scrubber:
        times = [scrubber.index.time(int(p)) for p in scrubber.index.display]
        at = 0
        for _ in range(60):
            if chance.random() < 0.4:
                at = chance.randrange(60)
                shown = scrubber.frame_at(times[at])
            else:
                step = chance.choice([-1, 1, -2, 3, -7])
                at = min(max(at + step, 0), 59)
                shown = scrubber.neighbour(step)
            assert shown is not None
            assert (number_of(shown.image), shown.time) == (at, times[at])
            assert scrubber.position == times[at]
            assert sum(map(_bytes, scrubber._held.values())) <= limit


def test_between_two_frames_the_earlier_one_is_on_display(tmp_path: Path) -> None:
    with Scrubber(make_video(tmp_path / "a.mp4", 60)) as scrubber:
        for time, number in ((0, 0), (39_999, 0), (40_000, 1), (1_019_999, 25), (99_000_000, 59), (-5, 0)):
            shown = scrubber.frame_at(time)
            assert shown is not None and number_of(shown.image) == number


def test_a_newer_wish_stops_decoding_and_loses_nothing(tmp_path: Path) -> None:
    with Scrubber(make_video(tmp_path / "a.mp4", 100, gop=100)) as scrubber:
        for number in (70, 95, 60, 99):
            asked = 0

            def newer() -> bool:
                nonlocal asked
                asked += 1
                return asked > 20

            shown = scrubber.frame_at(number * 40_000, 0, newer)
            assert shown is None or number_of(shown.image) == number
            assert asked <= 24
        shown = scrubber.frame_at(99 * 40_000)
        assert shown is not None and number_of(shown.image) == 99


def test_stepping_back_needs_no_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scrubber(make_video(tmp_path / "a.mp4", 100, gop=100)) as scrubber:
        scrubber.frame_at(80 * 40_000)
        monkeypatch.setattr(scrubber, "_reach", lambda *_: pytest.fail("decoded again"))
        for number in range(79, 66, -1):
            shown = scrubber.neighbour(-1, 80)
            assert shown is not None and number_of(shown.image) == number
            assert shown.image.shape[1] == 80
