"""Cyclic garbage: collected on the main thread, and a loaded run is set aside instead of being looked through."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

import ui.garbage
from ui.garbage import LOADED, GarbageKeeper


class Knot:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def keeper(qapp) -> Iterator[GarbageKeeper]:
    keeper = GarbageKeeper()
    keeper._timer.stop()
    yield keeper
    keeper.close()


def test_python_does_not_collect_by_itself_while_a_window_is_open(keeper):
    assert not gc.isenabled()


def test_young_garbage_is_freed(keeper):
    knot = weakref.ref(Knot())
    some = [[n] for n in range(2 * gc.get_threshold()[0])]
    keeper._collect()
    assert knot() is None and some


def test_a_loaded_run_is_set_aside_and_what_was_garbage_then_is_freed_in_a_quiet_moment(keeper, monkeypatch):
    knot = weakref.ref(Knot())
    run = [[n] for n in range(2 * LOADED)]
    keeper._collect()
    assert gc.get_freeze_count() >= len(run), "nobody looks through a run that was just loaded"
    assert gc.get_count()[0] < LOADED
    monkeypatch.setattr(ui.garbage, "WHOLE_EVERY", -1.0)
    monkeypatch.setattr(ui.garbage, "QUIET", -1.0)
    gc.collect(1)
    keeper._collect()
    assert knot() is None


def test_closing_gives_collection_back(qapp):
    was = gc.isenabled()
    keeper = GarbageKeeper()
    knot = weakref.ref(Knot())
    keeper.close()
    assert gc.isenabled() == was and gc.get_freeze_count() == 0
    assert knot() is None


def test_closing_frees_what_was_set_aside_with_a_loaded_run(keeper):
    knot = weakref.ref(Knot())
    run = [[n] for n in range(2 * LOADED)]
    keeper._collect()
    gc.collect()
    assert knot() is not None and run
    keeper.close()
    assert knot() is None


def test_what_was_there_before_the_window_is_not_looked_through(qapp):
    gc.collect()
    knot = weakref.ref(Knot())
    keeper = GarbageKeeper()
    keeper.close()
    assert knot() is not None
    gc.collect()
    assert knot() is None
