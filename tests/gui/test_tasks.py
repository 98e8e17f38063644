"""Work off the main thread ends in order: nothing is left behind in the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.gui.conftest import Driver
from ui.tasks import Tasks


def test_closing_lets_every_waiting_answer_end(loop: asyncio.AbstractEventLoop) -> None:
    gate = threading.Event()
    delivered: list[str] = []
    tasks = Tasks(loop)
    tasks.busy.connect(lambda on: None if on else gate.set())
    for name in ("one", "two", "three"):
        tasks.call(name, gate.wait, lambda _: delivered.append("in time"))
    loop.run_until_complete(asyncio.sleep(0))

    async def close() -> set[asyncio.Task[None]]:
        tasks.call("not begun when all ends", lambda: None, lambda _: delivered.append("late"))
        await tasks.close()
        tasks.call("too late", lambda: None, lambda _: delivered.append("too late"))
        return asyncio.all_tasks(loop) - {asyncio.current_task()}

    assert loop.run_until_complete(close()) == set()
    assert not tasks.is_busy and not delivered


def test_a_window_is_closed_when_nothing_of_it_is_left_in_the_loop(
    demo_window: Driver, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for `closed` may end the loop at once."""
    app = demo_window.app
    hide = app.window.hide
    left: list[asyncio.Task[None]] = []

    class Closed(asyncio.Event):
        def set(self) -> None:
            left.extend(asyncio.all_tasks(loop) - {asyncio.current_task(loop)})
            super().set()

    def hide_and_ask() -> None:
        app.tasks.call("asked at the last moment", lambda: None, lambda _: pytest.fail("nobody waits for it"))
        hide()

    app.closed = Closed()
    monkeypatch.setattr(app.window, "hide", hide_and_ask)
    app.begin_close()
    demo_window.until(app.closed.is_set)
    assert not left


def test_commands_are_carried_out_in_the_order_in_which_they_were_asked_for(
    demo_window: Driver, loop: asyncio.AbstractEventLoop
) -> None:
    tasks, gate = demo_window.app.tasks, threading.Event()
    order: list[str] = []

    def first() -> None:
        assert gate.wait(30)
        order.append("first")

    tasks.call("first", first, in_turn=True)
    tasks.call("second", lambda: order.append("second"), in_turn=True)
    tasks.call("something else", lambda: order.append("else"))
    demo_window.until(lambda: order)
    gate.set()
    demo_window.settle()
    assert order == ["else", "first", "second"]
