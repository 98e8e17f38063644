"""What models took and what memory saved, in the status bar; sheets of runs that asked and of runs that did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.domain.stages import StageName
from tests.escalation_server import Behaviour, ModelServer, model_server
from tests.gui.conftest import Driver
from ui.models.answer_box import SheetDialog
from ui.review.area import Review
from ui.text import usd

KEY = "sk-window-0123456789abcdef"
SIGNS: list[tuple[str, str | None]] = [
    (name, name) for name in ("Zentrika", "Polvaro", "Miravell", "Tuskline")
]
SIGNS += [(name, name) for name in ("Grendo Labs", "Wexmoor")] + [("STAND NORTH", None), ("RESPECT", None)]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(SIGNS, key=KEY, model="gpt-4o-mini") as running:
        yield running


def cloud(server: ModelServer, **more: Any) -> dict[str, dict[str, Any]]:
    settings = {"provider": "openai", "model": server.model, "endpoint": server.openai, "consent": True}
    settings |= {"budget_usd": 0.5, "min_seconds": 0.5, "parallel": 1, "crops_per_sheet": 2, **more}
    return {"escalate_cloud": settings}


def test_the_status_bar_follows_the_money_and_tells_what_memory_saved(
    demo_window: Driver, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    window, app = demo_window.window, demo_window.app.container
    status, parent = window.status, app.jobs.jobs()[-1]
    assert status._cloud.text() == "cloud off" and status._memory.isHidden()

    # The second question is answered only when the bar has shown what the first took.
    server.behaviour = Behaviour(wait=3600.0, after=1)
    job = app.jobs.replay(parent.id, StageName.ESCALATE_CLOUD, cloud(server))
    window.session.open_job(job.id)
    demo_window.settle()
    done = app.jobs.start(job.id)
    demo_window.until(lambda: len(server.answers) == 1, 120)
    demo_window.until(lambda: f"cloud {usd(app.library.budget.spent(job.id))} of" in status._cloud.text())
    assert not done.done() and "cloud 0.00 USD" not in status._cloud.text()
    server.closing.set()
    demo_window.until(done.done, 120)
    demo_window.settle()
    spent = app.library.budget.spent(job.id)
    assert len(server.asked) > 1 and spent > 0
    demo_window.until(lambda: status._cloud.text() == f"cloud {usd(spent)} of 0.50 USD")
    assert f"{len(server.asked)} to the cloud" in status._cloud.toolTip()
    assert status._memory.isHidden()

    # Other settings over the same answers, and then the same settings again: both times memory pays.
    asked = len(server.asked)
    for confidence in (0.55, 0.55):
        again = app.jobs.replay(parent.id, StageName.ESCALATE_CLOUD, cloud(server, min_confidence=confidence))
        demo_window.until(app.jobs.start(again.id).done, 120)
        window.session.open_job(again.id)
        demo_window.settle()
        demo_window.until(lambda: "saved by memory" in status._memory.text() and status._memory.isVisible())
        assert status._cloud.text() == "cloud 0.00 USD of 0.50 USD"
    assert len(server.asked) == asked
    window.session.open_job(parent.id)
    demo_window.settle()
    assert status._cloud.text() == "cloud off" and status._memory.isHidden()


def test_the_sheet_is_shown_in_the_run_that_asked_and_in_one_that_remembered(
    demo_window: Driver, server: ModelServer
) -> None:
    window, app = demo_window.window, demo_window.app.container
    parent = app.jobs.jobs()[-1]
    server.key = ""
    review = window.review
    assert isinstance(review, Review)
    box, desk = review.inspector.model, review.desk
    settings = {"endpoint": server.openai, "model": server.model, "min_seconds": 0.5}
    runs = [parent.id]
    for more in ({}, {"min_confidence": 0.55}):
        job = app.jobs.replay(parent.id, StageName.ESCALATE_VLM, {"escalate_vlm": {**settings, **more}})
        demo_window.until(app.jobs.start(job.id).done, 120)
        runs.append(job.id)
    key = next(a.key for a in app.runs.get(runs[1]).appearances if a.source == "local_vlm")

    def sheet_words() -> str:
        box.sheet.click()
        dialog = demo_window.dialog()
        assert isinstance(dialog, SheetDialog)
        words = dialog.words.text()
        dialog.reject()
        demo_window.settle()
        return words

    said = []
    for run in runs:
        window.session.open_job(run)
        demo_window.settle()
        demo_window.until(lambda: desk.snapshot is not None and desk.settled)
        desk.choose(key)
        demo_window.settle()
        said.append(sheet_words() if not box.sheet.isHidden() else "")
    assert said[0] == ""
    assert "gpt-4o-mini" in said[1] and "memory" not in said[1]
    assert "gpt-4o-mini" in said[2] and "this one took the answer from memory" in said[2]
