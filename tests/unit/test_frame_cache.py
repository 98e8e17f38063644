"""The window's frames: newest wish first, fetched ahead, bounded, with stored frames where the video is gone."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from app.frame_cache import AHEAD, FrameCache, FrameShown, StoredFrame
from engine.adapters.probe import content_digest, probe
from engine.adapters.video_index import pack_index
from engine.domain.jobs import SourceAsset
from tests.engine_support import source_asset
from tests.video_support import make_video, number_of, numbered

STEP = 40_000


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("cache") / "a.mp4", 100, gop=50)


@pytest.fixture
def source(video: Path) -> SourceAsset:
    return probe(video).asset(id="s", content_digest=content_digest(video))


@pytest.fixture
def answers() -> queue.Queue[FrameShown]:
    return queue.Queue()


@pytest.fixture
def cache(source: SourceAsset) -> Iterator[FrameCache]:
    with closing(FrameCache(source, stored)) as made:
        yield made


def stored(time: int) -> StoredFrame | None:
    number = round(time / 500_000)
    return StoredFrame(number * 500_000, number, numbered(number + 500))


def test_wishes_are_served_exactly(cache: FrameCache, answers: queue.Queue[FrameShown]) -> None:
    for number in (30, 10, 99, 0):
        cache.request(number * STEP, 0, answers.put)
        shown = answers.get(timeout=10)
        assert shown.exact and number_of(shown.image) == number
        assert (shown.wanted, shown.time) == (number * STEP, number * STEP)
    cache.step(20 * STEP, -3, answers.put)
    assert number_of(answers.get(timeout=10).image) == 17


def test_only_the_newest_of_waiting_wishes_is_served(
    cache: FrameCache, answers: queue.Queue[FrameShown]
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold(shown: FrameShown) -> None:
        entered.set()
        leave.wait(10)

    cache.request(0, 0, hold)
    assert entered.wait(10)
    for number in (10, 20, 30, 40):
        cache.request(number * STEP, 0, answers.put)
    leave.set()
    assert number_of(answers.get(timeout=10).image) == 40
    assert answers.empty()


def test_frames_are_fetched_ahead_in_the_direction(
    cache: FrameCache, answers: queue.Queue[FrameShown], source: SourceAsset
) -> None:
    cache.request(50 * STEP, -1, answers.put)
    answers.get(timeout=10)
    waiting = threading.Event()
    for _ in range(200):
        if len(cache._frames) > AHEAD:
            break
        waiting.wait(0.02)
    fetched = sorted(number_of(f.image) for f in cache._frames.values())
    assert fetched == list(range(50 - AHEAD, 51))


def test_memory_is_bounded(source: SourceAsset, answers: queue.Queue[FrameShown]) -> None:
    limit = 5 * 160 * 96 * 3
    with closing(FrameCache(source, stored, cache_bytes=limit)) as cache:
        for number in range(40, 60):
            cache.request(number * STEP, 0, answers.put)
            answers.get(timeout=10)
        assert len(cache._frames) == 5


def test_a_known_index_is_used(video: Path, source: SourceAsset, answers: queue.Queue[FrameShown]) -> None:
    packed = pack_index(probe(video).index)
    asked: list[int] = []

    def known() -> bytes:
        asked.append(1)
        return packed

    with closing(FrameCache(source, stored, packed_index=known)) as cache:
        cache.request(33 * STEP, 0, answers.put)
        assert number_of(answers.get(timeout=10).image) == 33
    assert asked == [1]


def test_stored_frames_stand_in_for_a_missing_file(answers: queue.Queue[FrameShown]) -> None:
    gone = source_asset(path="/nowhere/match.mp4", name="match.mp4")
    with closing(FrameCache(gone, stored)) as cache:
        cache.request(1_260_000, 1, answers.put)
        shown = answers.get(timeout=10)
        assert not shown.exact and number_of(shown.image) == 503
        assert (shown.wanted, shown.time) == (1_260_000, 1_500_000)
        assert "match.mp4" in shown.problem and shown.problem == cache.problem


def test_stored_frames_stand_in_where_another_video_took_the_files_place(
    tmp_path: Path, answers: queue.Queue[FrameShown]
) -> None:
    path = make_video(tmp_path / "match.mp4", 50)
    source = probe(path).asset(id="s", content_digest=content_digest(path))
    make_video(path, 100, gop=10)
    with closing(FrameCache(source, stored)) as cache:
        cache.request(1_260_000, 1, answers.put)
        shown = answers.get(timeout=10)
        assert not shown.exact and number_of(shown.image) == 503
        assert "another video now" in shown.problem


def test_the_proxy_comes_at_once_and_pixels_are_frozen(
    cache: FrameCache, answers: queue.Queue[FrameShown]
) -> None:
    near = cache.proxy(900_000)
    assert near is not None and not near.exact and number_of(near.image) == 502
    cache.request(STEP, 0, answers.put)
    shown = answers.get(timeout=10)
    with pytest.raises(ValueError, match="read-only"):
        shown.image[0, 0] = np.uint8(1)


def test_closing_drops_open_wishes(source: SourceAsset, answers: queue.Queue[FrameShown]) -> None:
    cache = FrameCache(source, stored)
    cache.close()
    cache.request(0, 0, answers.put)
    cache.close()
    assert answers.empty() and cache._thread is None
