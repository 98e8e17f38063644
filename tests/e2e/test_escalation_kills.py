"""Money through real kills: a process killed with paid calls in flight never makes a run spend above its cap."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from app.container import open_container
from app.demo.render import truth_path
from app.demo.truth import DemoTruth
from engine.domain.jobs import JobStatus
from tests.e2e.conftest import Finished, command
from tests.escalation_server import Behaviour, ModelServer, model_server, signs_of

KEY = "sk-kills-0123456789abcdefghijklmno"
MODEL = "gpt-4o-mini"
PATIENCE = 100


def run_until(server: ModelServer, words: list[object], answers: int | None) -> bool:
    """Runs a command; after so many more answers the server holds the next ones back, and with calls in flight the
    command is killed. None: it runs to its end. True where it ended by itself."""
    held = len(server.asked) - len(server.answers)
    wanted = len(server.answers) + (answers or 0)
    server.behaviour = Behaviour() if answers is None else Behaviour(wait=3600.0, after=wanted)
    process = subprocess.Popen(
        command(*words, "--quiet"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OPENAI_API_KEY": KEY},
    )
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None:
        assert time.monotonic() < deadline, "the run neither asks nor ends"
        under_way = len(server.asked) - len(server.answers) - held
        if answers is not None and len(server.answers) >= wanted and under_way > 0:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return False
        time.sleep(0.005)
    return True


@pytest.mark.parametrize(("seed", "cap"), [(1, 0.02), (2, 0.2)])
@pytest.mark.full
def test_a_run_killed_with_calls_in_flight_stays_below_its_cap(
    finished: Finished, demo_clip: Path, seed: int, cap: float
) -> None:
    rng = random.Random(seed)
    truth = signs_of(DemoTruth.load(truth_path(demo_clip)))
    with model_server(truth, key=KEY, model=MODEL) as server:
        words: list[object] = ["--library", finished.library, "run", finished.video, "--book", "demo"]
        words += ["--cloud", "openai", MODEL, "--budget", cap]
        for setting in (f"endpoint={server.openai}", "min_seconds=0.2", "crops_per_sheet=1", "parallel=3"):
            words += ["--set", f"escalate_cloud.{setting}"]
        ended = run_until(server, words, rng.randrange(1, 4))
        kills = 0 if ended else 1
        while not ended:
            words = ["--library", finished.library, "resume", finished.video]
            ended = run_until(server, words, rng.randrange(1, 4) if kills < 3 else None)
            kills += not ended
    assert kills
    with open_container(finished.library, workers=1) as app:
        job = app.jobs.jobs()[0]
        price = app.models.price("openai", MODEL)
        assert price is not None and job.status is JobStatus.COMPLETED
        billed = sum(price.cost(*tokens) for tokens in server.answers)
        spent = app.library.budget.spent(job.id)
        held = app.library.budget.of_job(job.id)
        assert 0 < billed <= spent <= cap
        assert job.estimated_cost_usd == pytest.approx(spent, abs=1e-6)
        assert job.cloud_llm_calls == len(held) >= len(server.answers)
        assert any(r.actual_usd is None for r in held), "what a kill left unsettled counts as spent"
