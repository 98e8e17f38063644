"""run, replay, retry, resume, pause, cancel: start runs and steer them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from app.cli.console import RunReporter, table
from app.cli.figures import print_exposure, print_models
from app.cli.targets import find_job, is_completed
from app.container import Container, open_container
from engine.domain.errors import Cancelled, Conflict, UserFixable
from engine.domain.jobs import DetectJob, JobStatus, Overrides
from engine.domain.stages import StageName
from engine.domain.timebase import parse_time
from engine.plan import Plan
from engine.settings import parse_assignment, stage_named
from engine.stage_settings import SETTINGS_TYPES
from storage.control import Wish


def overrides_of(given: argparse.Namespace) -> Overrides:
    """`--set`, `--start` and `--end` as overrides; raises UserFixable."""
    overrides: dict[str, dict[str, Any]] = {}
    for text in given.assignments:
        stage, key, value = parse_assignment(text, SETTINGS_TYPES)
        overrides.setdefault(str(stage), {})[key] = value
    for key in ("start", "end"):
        text = getattr(given, key, None)
        if text is not None:
            try:
                overrides.setdefault("extract_frames", {})[key] = parse_time(text) / 1_000_000
            except ValueError:
                raise UserFixable(
                    f"{text!r} is no time.",
                    still_works="Nothing was started.",
                    to_do="Write seconds (90), 1:30 or 1:02:03.",
                ) from None
    return overrides


def _with_models(given: argparse.Namespace, overrides: Overrides) -> Overrides:
    """`--vlm`, `--cloud` and `--budget` as settings; what `--set` says goes before them. Raises UserFixable."""
    chosen: dict[str, dict[str, Any]] = {}
    if given.vlm:
        chosen["escalate_vlm"] = {"endpoint": given.vlm[0], "model": given.vlm[1]}
    if given.budget is not None and not given.cloud:
        raise UserFixable(
            "--budget says what --cloud may cost, but there is no --cloud.",
            still_works="Nothing was started.",
            to_do="Add --cloud PROVIDER MODEL, or leave --budget out.",
        )
    if given.cloud:
        if given.budget is None:
            raise UserFixable(
                "--cloud needs a --budget: nothing is sent without a limit.",
                still_works="Nothing was started.",
                to_do="Add for instance --budget 0.50.",
            )
        provider, model = given.cloud
        chosen["escalate_cloud"] = {
            "provider": provider,
            "model": model,
            "endpoint": "",
            "budget_usd": given.budget,
            "consent": True,
        }
    return {s: {**chosen.get(s, {}), **overrides.get(s, {})} for s in {**chosen, **overrides}}


def _say_what_leaves(given: argparse.Namespace, settings: Any) -> None:
    """The consent sentence, before a run that was started with --cloud."""
    if given.cloud and not given.quiet:
        from app.models_service import consent_sentence

        most = settings.max_calls * settings.crops_per_sheet
        sentence = consent_sentence(settings.provider, None, settings.budget_usd, most=most)
        print(sentence[0].upper() + sentence[1:], file=sys.stderr)


def do_run(given: argparse.Namespace) -> int:
    if given.everything == bool(given.videos):
        raise UserFixable(
            "Name the videos to run, or give --all without any." if given.videos else "No video was named.",
            still_works="Nothing was started.",
            to_do="For instance: sponsight run match.mp4, or: sponsight run --all",
        )
    overrides = _with_models(given, overrides_of(given))
    with open_container(given.library, workers=given.workers) as app:
        settings = app.jobs.effective_settings(given.profile, overrides)
        _say_what_leaves(given, settings[StageName.ESCALATE_CLOUD])
        app.library.brands.check_books(given.books)
        options: dict[str, Any] = {
            "profile": given.profile,
            "overrides": overrides,
            "books": tuple(given.books),
            "escalation": not given.no_escalation,
        }
        if len(given.videos) == 1:
            source = app.jobs.import_source(given.videos[0])
            if given.plan:
                print_plan(app.jobs.plan_initial(source.id, **options))
                return 0
            return follow(app, app.jobs.create(source.id, **options), given)
        from app.cli.batch import all_due, all_named, run_steps

        quiet = given.quiet or given.json_events
        if given.everything:
            return run_steps(app, all_due(app, options, quiet=quiet), given)
        steps, refused = all_named(app, given.videos, options)
        return run_steps(app, steps, given, refused)


def do_replay(given: argparse.Namespace) -> int:
    stage = stage_named(given.stage)
    overrides = overrides_of(given)
    with open_container(given.library, workers=given.workers) as app:
        parent = find_job(app, given.target, is_completed, "that is complete")
        if given.plan:
            print_plan(app.jobs.plan_replay(parent.id, stage, overrides))
            return 0
        return follow(app, app.jobs.replay(parent.id, stage, overrides), given)


def do_retry(given: argparse.Namespace) -> int:
    with open_container(given.library, workers=given.workers) as app:
        parent = find_job(
            app,
            given.target,
            lambda j: j.status in (JobStatus.FAILED, JobStatus.CANCELLED),
            "that failed or was cancelled",
        )
        return follow(app, app.jobs.retry(parent.id), given)


def do_resume(given: argparse.Namespace) -> int:
    with open_container(given.library, workers=given.workers) as app:
        job = find_job(
            app,
            given.target,
            lambda j: j.status in (JobStatus.PAUSED, JobStatus.PENDING),
            "that is paused",
        )
        return follow(app, job, given)


def do_pause(given: argparse.Namespace) -> int:
    return _ask(given, "pause")


def do_cancel(given: argparse.Namespace) -> int:
    return _ask(given, "cancel")


def _ask(given: argparse.Namespace, what: Wish) -> int:
    """Ask from outside: needs no writer's lock while another process has the library open and can hear it. Where the
    process that ran the job is gone, the run is paused already (opening the library says so)."""
    with open_container(given.library, read_only=True) as app:
        job = find_job(
            app,
            given.target,
            lambda j: j.status in (JobStatus.RUNNING, JobStatus.PENDING, JobStatus.PAUSED),
            "that is running or waits",
        )
        short = job.id[:8]
        if what == "pause" and job.status is not JobStatus.RUNNING:
            raise Conflict(
                f"Run {short} is {job.status.value}: only a run that is going can be paused.",
                still_works="Nothing was changed.",
                to_do=f"Cancel it, if it is not wanted: sponsight cancel {short}"
                if job.status in (JobStatus.PENDING, JobStatus.PAUSED)
                else "",
            )
        if app.library.in_use() and job.status in (JobStatus.RUNNING, JobStatus.PENDING, JobStatus.PAUSED):
            app.library.control.ask(job.id, what)
            if job.status is JobStatus.RUNNING:
                print(f"Asked run {short} to {what}.")
            else:
                print(
                    f"Run {short} is {job.status.value}. Asked the window or program that has the library open to "
                    f"{what} it; `sponsight show {short}` tells when that is done."
                )
            return 0
    with open_container(given.library) as app:
        if what == "cancel" or job.status is not JobStatus.RUNNING:
            getattr(app.jobs, what)(job.id)
        print(f"Run {short} is {app.jobs.job(job.id).status.value}.")
        return 0


def follow(
    app: Container, job: DetectJob, given: argparse.Namespace, interrupted: Callable[[], None] = lambda: None
) -> int:
    """Start a run, show it to its end, print what it found. Returns the exit code. Ctrl+C pauses the run and calls
    `interrupted`."""
    reporter = RunReporter(app, json_events=given.json_events, quiet=given.quiet)
    future = app.jobs.start(job.id)

    def pause() -> None:
        interrupted()
        app.jobs.pause(job.id)

    done: DetectJob = reporter.follow(future, pause)
    if done.status is not JobStatus.COMPLETED:
        if not given.json_events:
            print(f"Run {done.id[:8]} is {done.status.value}. Go on with: sponsight resume {done.id[:8]}")
        raise Cancelled(done.status.value)
    if not given.json_events:
        print_exposure(app, done)
        print_models(app, done)
    return 0


def print_plan(plan: Plan) -> None:
    """Eight rows: what is reused, what runs, why, and the estimated time."""
    rows = [("stage", "plan", "parts reused", "seconds", "why")]
    rows += [
        (
            str(s.stage),
            s.action,
            f"{s.parts_reused}/{s.parts_total}",
            "–" if s.action == "reuse" or s.seconds is None else f"{s.seconds:.1f}",
            s.reason,
        )
        for s in plan.stages
    ]
    print(table(rows, right=frozenset({2, 3})))
    disk = f", {plan.store_bytes / 1e6:.0f} MB of frames to store" if plan.store_bytes else ""
    print(f"about {plan.seconds:.0f} s, {plan.calls} model calls, {plan.usd:.2f} USD{disk}")
