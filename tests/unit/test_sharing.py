"""Work that others may join: the same answers in the same order, whoever joins, and nobody is waited for."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.domain.stages import StageName
from engine.runner import Runner, _ImageCache, _PartContext
from engine.sharing import map_with_helpers
from engine.stage import Chunk
from tests.engine_support import MemoryBlobs


def test_a_free_thread_joins_in_and_the_order_stays() -> None:
    both = threading.Barrier(2, timeout=60)

    def double(number: int) -> int:
        if number < 2:
            both.wait()  # the first two are worked out at the same time
        return 2 * number

    with ThreadPoolExecutor(1) as pool:
        assert map_with_helpers(pool, double, range(9)) == [2 * n for n in range(9)]


def test_it_waits_for_nobody_who_is_not_free() -> None:
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: map_with_helpers(pool, str, range(5)))
        assert found.result(timeout=60) == list("01234")
        assert pool.submit(map_with_helpers, pool, str, []).result(timeout=60) == []


def test_what_the_earliest_item_raised_is_raised() -> None:
    both = threading.Barrier(2, timeout=60)

    def fail(number: int) -> int:
        both.wait()
        raise ValueError(number)

    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="0"):
        map_with_helpers(pool, fail, range(2))


@pytest.mark.parametrize("begun", [1, 2])
def test_a_chunk_is_shared_out_once_no_other_waits_for_a_worker(begun: int) -> None:
    chunks = [cast(Chunk, SimpleNamespace(index=n)) for n in range(2)]
    threads: set[int] = set()
    both = threading.Barrier(2, timeout=60)

    def look(_: int) -> None:
        threads.add(threading.get_ident())
        if begun == 2:
            both.wait()

    with ThreadPoolExecutor(1) as pool:
        runner: Any = Runner.__new__(Runner)
        runner._spec, runner._begun = SimpleNamespace(chunks=chunks), begun
        runner._executor, runner._doors = (
            cast(Executor, pool),
            SimpleNamespace(blobs=MemoryBlobs(), memo=None, models=None, services={}),
        )
        context = _PartContext(runner, StageName.RUN_OCR, chunks[0], _ImageCache(MemoryBlobs()))
        context.map(look, range(2))
    assert len(threads) == begun
