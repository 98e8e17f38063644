"""The ladder of models on a real demo: truthful, lying and broken servers, money, keys, a way out."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.container import Container, open_container
from app.overlay import load_overlay
from app.results import RunResult, load_run
from engine.domain.jobs import DetectJob, JobStatus
from engine.domain.records import EscalationPart
from engine.domain.stages import StageName
from engine.ports import JOB_CHUNK
from engine.stage import decode
from tests.e2e.conftest import Finished, command
from tests.escalation_server import INVENTED, Behaviour, ModelServer, model_server, nobody, signs_of

KEY = "sk-tests-0123456789abcdefghijklmnop"
PATIENCE = 150
"""Seconds after which a test gives up on a job, however busy the machine is."""
UNKNOWN = {"Grendo Labs", "Tuskline"}
"""Sponsors on the demo's boards that are not in its book."""


@pytest.fixture(scope="module")
def truth(demo_clip: Path) -> list[tuple[str, str | None]]:
    from app.demo.render import truth_path
    from app.demo.truth import DemoTruth

    return signs_of(DemoTruth.load(truth_path(demo_clip)))


@pytest.fixture
def server(truth: list[tuple[str, str | None]]) -> Iterator[ModelServer]:
    with model_server(truth) as running:
        yield running


@pytest.fixture
def app(finished: Finished) -> Iterator[Container]:
    with open_container(finished.library, workers=1) as container:
        yield container


def replay(app: Container, stage: StageName, **settings: Any) -> DetectJob:
    """A finished replay of the library's first run from an escalation stage."""
    parent = app.jobs.jobs()[-1]
    job = app.jobs.replay(parent.id, stage, {str(stage): settings})
    return app.jobs.start(job.id).result(timeout=PATIENCE)


def ask_local(app: Container, server: ModelServer, **more: Any) -> DetectJob:
    settings = {"endpoint": server.openai, "model": server.model, "min_seconds": 0.5, **more}
    return replay(app, StageName.ESCALATE_VLM, **settings)


def ask_cloud(app: Container, server: ModelServer, **more: Any) -> DetectJob:
    """Ask the server as if it were OpenAI's or Anthropic's."""
    provider = more.get("provider", "openai")
    server.model = more.pop("model", "gpt-4o-mini" if provider == "openai" else "claude-haiku-4-5")
    settings = {
        "provider": provider,
        "model": server.model,
        "endpoint": server.openai if provider != "anthropic" else server.url,
        "consent": True,
        "budget_usd": 1.0,
        "min_seconds": 0.5,
    }
    return replay(app, StageName.ESCALATE_CLOUD, **{**settings, **more})


def part_of(app: Container, job: DetectJob, stage: StageName) -> EscalationPart:
    ref = app.library.parts.attached(job.id)[stage, JOB_CHUNK]
    return decode(app.library.parts.payload(ref.key), EscalationPart)


def skipped(app: Container, job: DetectJob, stage: StageName) -> str:
    return next(c.skipped for c in app.library.jobs.checkpoints(job.id) if c.stage == stage)


def counted(run: RunResult) -> set[str]:
    """Brands in the default totals."""
    assert run.report is not None
    return {b.brand_name for b in run.report.figures.counted()}


def by_model(run: RunResult) -> dict[str, str]:
    """What a model named, by the text on the sign."""
    return {a.text: a.brand_name for a in run.appearances if a.source == "local_vlm" and a.brand_name}


def test_a_truthful_model_names_unknown_brands_with_few_calls(app: Container, server: ModelServer) -> None:
    before = load_run(app.library, app.jobs.jobs()[-1].id)
    crops = sum(len(a.seen) for a in before.appearances if a.verdict == "unresolved")
    job = ask_local(app, server)
    run = load_run(app.library, job.id)
    named = {b.name for b in run.made}
    assert named and named <= UNKNOWN
    assert by_model(run)["Tuskline"] == "Tuskline"
    calls = len(server.asked)
    assert 0 < calls * 5 <= crops
    assert job.cloud_llm_calls == 0 and job.estimated_cost_usd == 0
    # Named by a model only: in a column of its own, in no total, unconfirmed in the book.
    assert counted(run) == counted(before)
    kept = {b.canonical_name: b for b in app.library.brands.all()}
    assert all(not kept[n].confirmed and kept[n].first_source == "local_vlm" for n in named)
    overlay = load_overlay(app.library, job.id)
    assert not named & {b.brand_name for b in overlay.effective.counted()}
    # Again, with other settings over the same answers: memory answers everything.
    again = ask_local(app, server, min_confidence=0.55)
    assert len(server.asked) == calls
    assert part_of(app, again, StageName.ESCALATE_VLM).reused > 0
    assert {b.name for b in load_run(app.library, again.id).made} == named
    # And with the same settings, in a run of its own, the stored result is used.
    ask_local(app, server)
    assert len(server.asked) == calls
    # A person's word brings the brand into the totals.
    brand = next(b for b in run.made if b.name == "Tuskline")
    app.library.brands.set_confirmed(brand.brand_id)
    assert "Tuskline" in {b.brand_name for b in load_overlay(app.library, job.id).effective.counted()}


@pytest.mark.parametrize(
    ("fault", "seed"),
    [("lies", 1), ("lies", 2), ("misnames", 1), ("misnames", 2), ("lies_all", 0), ("canary", 0)],
)
def test_a_liar_convinces_nobody(app: Container, server: ModelServer, fault: str, seed: int) -> None:
    before = counted(load_run(app.library, app.jobs.jobs()[-1].id))
    server.behaviour = Behaviour(fault)
    server.seed = seed
    job = ask_local(app, server)
    run = load_run(app.library, job.id)
    assert job.status is JobStatus.COMPLETED
    assert counted(run) == before
    names = {a.brand_name for a in run.appearances} | {b.name for b in run.made}
    assert not names & set(INVENTED)
    assert not any(b.confirmed for b in app.library.brands.all() if b.first_source != "manual")
    part = part_of(app, job, StageName.ESCALATE_VLM)
    if fault in ("canary", "lies_all"):
        assert any("blank cell" in s.note for s in part.sheets)
        assert any("blank cell" in p.what for p in part.problems)
    if fault == "lies":
        assert any("signs with plain letters" in s.note for s in part.sheets)
        assert any("signs with plain letters" in p.what for p in part.problems)


def test_a_fragment_asked_by_hand_leans_on_the_signs_of_its_run(
    app: Container, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.models_service import ModelChoices

    bare = app.jobs.jobs()[-1]
    asked = ask_local(app, server)
    key = next(a.key for a in load_run(app.library, asked.id).appearances if "Grendo Labs" in a.text)
    get = app.runs.get

    def of_which_little_was_read(job_id: str) -> RunResult:
        run = get(job_id)
        pieces = tuple(
            msgspec.structs.replace(a, text="Gren") if a.key == key else a for a in run.appearances
        )
        return dataclasses.replace(run, appearances=pieces)

    monkeypatch.setattr(app.runs, "get", of_which_little_was_read)
    app.models.path = app.library.folder / "models.toml"
    app.models.choose(ModelChoices(vlm_endpoint=server.openai, vlm_model=server.model))
    alone, among = app.answers.ask_one(bare.id, key), app.answers.ask_one(asked.id, key)
    assert (alone.name, alone.counts) == ("Grendo Labs", False)
    assert (among.name, among.counts) == ("Grendo Labs", True)


@pytest.mark.parametrize(
    ("fault", "only", "named", "reason"),
    [
        ("busy", 2, True, ""),
        ("busy", None, False, "takes no more questions"),
        ("error", 2, True, ""),
        ("error", None, False, ""),
        ("drop", 1, True, ""),
        ("cut_body", 1, True, ""),
        ("cut", 1, True, ""),
        ("prose", None, True, ""),
        ("wrong_cells", None, False, ""),
        ("refusal", None, False, ""),
        ("no_schema", None, True, ""),
        ("denied", None, False, "refused the key"),
    ],
)
def test_each_misbehaviour_ends_in_its_place(
    app: Container,
    server: ModelServer,
    fault: str,
    only: int | None,
    named: bool,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.escalation.asking.FIRST_WAIT", 0.02)
    server.behaviour = Behaviour(fault, only, retry_after="0.05")
    job = ask_local(app, server)
    assert job.status is JobStatus.COMPLETED
    run = load_run(app.library, job.id)
    assert bool(run.made) == named
    assert reason in skipped(app, job, StageName.ESCALATE_VLM)
    part = part_of(app, job, StageName.ESCALATE_VLM)
    if not named:
        assert part.problems or part.skipped
        assert any(a.verdict == "unresolved" for a in run.appearances)


def test_a_slow_model_is_given_up(app: Container, server: ModelServer) -> None:
    server.behaviour = Behaviour(wait=3600.0)
    job = ask_local(app, server, timeout=1.0, max_calls=2)
    part = part_of(app, job, StageName.ESCALATE_VLM)
    assert job.status is JobStatus.COMPLETED and not part.lasting
    assert any("did not answer within" in p.what for p in part.problems) or part.skipped


def test_nobody_there_is_told_and_asked_again_later(app: Container, server: ModelServer) -> None:
    with nobody() as url:
        job = ask_local(app, server, endpoint=f"{url}/v1")
    assert job.status is JobStatus.COMPLETED
    assert "No server answers" in skipped(app, job, StageName.ESCALATE_VLM)
    assert not part_of(app, job, StageName.ESCALATE_VLM).lasting
    # The same settings again: the reason is not remembered, the model is.
    settings = {"endpoint": server.openai, "model": "not-loaded", "min_seconds": 0.5}
    missing = replay(app, StageName.ESCALATE_VLM, **settings)
    assert "has no model" in skipped(app, missing, StageName.ESCALATE_VLM)
    server.model = "not-loaded"
    found = replay(app, StageName.ESCALATE_VLM, **settings)
    assert skipped(app, found, StageName.ESCALATE_VLM) == ""
    assert load_run(app.library, found.id).made


def test_the_local_stage_sends_nothing_beyond_the_network(
    app: Container, refused_connections: list[str]
) -> None:
    job = replay(app, StageName.ESCALATE_VLM, endpoint="https://models.example.org/v1", model="m")
    assert "not on this machine" in skipped(app, job, StageName.ESCALATE_VLM)
    assert not refused_connections


def test_cancel_and_pause_with_calls_in_flight(app: Container, server: ModelServer) -> None:
    """The server answers only when the test is over and the time-out is far: what ends the calls is the word."""
    server.behaviour = Behaviour(wait=3600.0)
    parent = app.jobs.jobs()[-1]
    settings = {"endpoint": server.openai, "model": server.model, "min_seconds": 0.5, "timeout": 600.0}
    for word, status in (("pause", JobStatus.PAUSED), ("cancel", JobStatus.CANCELLED)):
        job = app.jobs.replay(parent.id, StageName.ESCALATE_VLM, {"escalate_vlm": settings})
        asked = len(server.asked)
        future = app.jobs.start(job.id)
        deadline = time.monotonic() + PATIENCE
        while len(server.asked) == asked and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(server.asked) > asked
        getattr(app.jobs, word)(job.id)
        assert future.result(timeout=PATIENCE).status is status
        if word == "pause":
            paused = job.id
    server.behaviour = Behaviour()
    server.closing.set()
    assert app.jobs.resume(paused).result(timeout=PATIENCE).status is JobStatus.COMPLETED
    assert load_run(app.library, paused).made


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_the_counters_are_what_the_provider_reported(
    app: Container, server: ModelServer, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    server.key = KEY
    job = ask_cloud(app, server, provider=provider)
    price = app.models.price(provider, server.model)
    assert price is not None
    reported = sum(price.cost(*tokens) for tokens in server.answers)
    assert load_run(app.library, job.id).made
    assert job.cloud_llm_calls == len(server.answers) > 0
    assert job.estimated_cost_usd == pytest.approx(reported, abs=1e-6)
    assert all(r.state == "settled" for r in app.library.budget.of_job(job.id))
    again = ask_cloud(app, server, provider=provider, min_confidence=0.55)
    assert (again.cloud_llm_calls, again.estimated_cost_usd) == (0, 0.0)


def test_money_is_guarded(app: Container, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    stage = StageName.ESCALATE_CLOUD
    for settings, reason in (
        ({"consent": False}, "agreed"),
        ({"budget_usd": 0.0}, "budget is 0"),
        ({"model": "priceless-1"}, "price"),
        ({"budget_usd": 0.000001}, "does not cover"),
    ):
        job = ask_cloud(app, server, **settings)
        assert job.status is JobStatus.COMPLETED
        assert reason in skipped(app, job, stage)
        assert job.estimated_cost_usd == 0
    assert not server.asked
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "no key" in skipped(app, ask_cloud(app, server), stage).lower()
    assert not server.asked


def test_a_cap_ends_the_stage_with_what_it_has_and_more_money_goes_on(
    app: Container, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    small = {"crops_per_sheet": 2, "parallel": 1}
    server.behaviour = Behaviour("usage", usage=(None, None))  # each call then counts in full
    poor = ask_cloud(app, server, budget_usd=0.013, **small)
    part = part_of(app, poor, StageName.ESCALATE_CLOUD)
    assert "does not cover another call" in part.stopped and not part.lasting
    first = len(server.asked)
    assert first == poor.cloud_llm_calls > 0
    assert 0 < poor.estimated_cost_usd <= 0.013
    server.behaviour = Behaviour()
    more = ask_cloud(app, server, budget_usd=1.0, **small)
    assert part_of(app, more, StageName.ESCALATE_CLOUD).reused > 0
    assert len(server.asked) > first


@pytest.mark.parametrize("usage", [(9_000_000, 9_000_000), (None, None), (-5, 3), ("many", 1.5)])
def test_false_token_counts(
    app: Container, server: ModelServer, usage: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.behaviour = Behaviour("usage", usage=usage)
    job = ask_cloud(app, server, parallel=1)
    part = part_of(app, job, StageName.ESCALATE_CLOUD)
    held = app.library.budget.of_job(job.id)
    assert job.status is JobStatus.COMPLETED and held
    if usage == (9_000_000, 9_000_000):
        assert "overrun" in part.stopped and {r.state for r in held} == {"overrun"}
        assert len(server.asked) == 1
    else:
        # Not believable: the worst case counts as spent.
        assert all(r.actual_usd == pytest.approx(r.reserved_usd) for r in held)


def everything_written(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes()


def running_now() -> Iterator[tuple[Path, bytes]]:
    """The command lines of all processes, as `ps` shows them."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            yield path, path.read_bytes()


def allow_core_files() -> None:
    """In the started process: as on a machine whose setting has crashes write core files."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


LATER = (
    "error",
    "busy",
    "drop",
    "cut_body",
    "cut",
    "prose",
    "wrong_cells",
    "refusal",
    "no_schema",
    "lies",
    "slow",
)


@pytest.mark.parametrize(
    "fault", ["", "denied", "echo", *(pytest.param(f, marks=pytest.mark.full) for f in LATER)]
)
def test_the_key_is_nowhere(
    finished: Finished, truth: list[tuple[str, str | None]], tmp_path: Path, fault: str
) -> None:
    """Not in the library, the logs, what was said, an export, the settings, the process list while it is in use; and a
    process that holds it writes no core file, whatever the system's setting is."""
    import base64

    config, state = tmp_path / "config", tmp_path / "state"
    environment = {
        **os.environ,
        "OPENAI_API_KEY": KEY,
        "XDG_CONFIG_HOME": str(config),
        "XDG_STATE_HOME": str(state),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "OPENAI_LOG": "debug",
    }
    behaviour = Behaviour(wait=3600.0) if fault == "slow" else Behaviour(fault, retry_after="0")
    listed: list[tuple[Path, bytes]] = []
    limits: list[str] = []
    started: list[subprocess.Popen[bytes]] = []

    def look_round() -> None:
        listed.extend(running_now())
        limit = Path(f"/proc/{started[0].pid}/limits")
        if limit.exists():
            limits.append(limit.read_text())

    with model_server(
        truth, key=KEY, model="gpt-4o-mini", behaviour=behaviour, on_question=look_round
    ) as server:
        words = ["--library", finished.library, "run", finished.video, "--book", "demo", "--json-events"]
        words += ["--cloud", "openai", "gpt-4o-mini", "--budget", "1"]
        for setting in (f"endpoint={server.openai}", "min_seconds=0.5", "timeout=2", "max_calls=20"):
            words += ["--set", f"escalate_cloud.{setting}"]
        process = subprocess.Popen(
            command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            preexec_fn=allow_core_files if os.name == "posix" else None,
        )  # fmt: skip
        started.append(process)
        said, complained = process.communicate(timeout=150)
    assert process.returncode == 0, complained.decode()
    assert server.asked
    for limit in limits:
        assert re.search(r"^Max core file size +0 ", limit, re.MULTILINE), limit
    export = tmp_path / "export.json"
    subprocess.run(
        command("--library", finished.library, "export", finished.video, "--output", export), check=True
    )
    secrets = (KEY.encode(), base64.b64encode(KEY.encode()), KEY[:20].encode())
    places = [(Path("stdout"), said), (Path("stderr"), complained), *listed]
    places += [*everything_written(finished.library, tmp_path)]
    for path, data in places:
        assert not any(secret in data for secret in secrets), path
    with open_container(finished.library, read_only=True) as app:
        for job in app.jobs.jobs():
            text = json.dumps([job.settings, job.config_overrides, job.error_message])
            assert KEY not in text
            parts = app.library.parts.attached(job.id).values()
            assert not any(KEY.encode() in app.library.parts.payload(ref.key) for ref in parts)
