"""run with several videos, or all sources: how many will run, each in turn, and at the end how each of them ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from app.cli import STOPPED
from app.cli.console import complain
from app.cli.runs import follow, print_plan
from app.container import Container
from app.demo_run import usual_books
from app.run_all import Due, find_due, make_run
from engine.domain.errors import Cancelled, SponsightError
from engine.domain.jobs import DetectJob, SourceAsset
from engine.plan import Plan


@dataclass(frozen=True, slots=True)
class Step:
    """One source: its name, how its run is made, and its plan (None where a run goes on that has one)."""

    name: str
    make: Callable[[], DetectJob]
    plan: Callable[[], Plan] | None = None


def all_named(
    app: Container, paths: Sequence[Path], options: dict[str, Any]
) -> tuple[list[Step], list[tuple[str, SponsightError]]]:
    """New runs of the videos at these paths, each video once, and which of them were refused and why. All are
    imported first: what is killed meanwhile goes on with `run --all`."""
    sources: dict[str, SourceAsset] = {}
    refused: list[tuple[str, SponsightError]] = []
    for path in paths:
        try:
            source = app.jobs.import_source(path)
            sources[source.id] = source
        except SponsightError as error:
            refused.append((path.name, error))
            complain(error)
    return [_new(app, Due(source, "new"), options) for source in sources.values()], refused


def all_due(app: Container, options: dict[str, Any], *, quiet: bool) -> list[Step]:
    """The runs of all sources of the library that still have to be run; those whose video is gone are told."""
    steps = []
    for due in find_due(app.jobs.sources(), app.jobs.jobs(), app.jobs.is_queued):
        if due.is_missing:
            if not quiet:
                print(f"{due.source.name} is left out: {due.source.path} is not there.", file=sys.stderr)
        elif due.how == "new":
            steps.append(_new(app, due, options))
        else:
            steps.append(Step(due.source.name, partial(make_run, app, due)))
    return steps


def _new(app: Container, due: Due, options: dict[str, Any]) -> Step:
    chosen = {**options, "books": options["books"] or usual_books(app, due.source)}
    return Step(
        due.source.name,
        partial(app.jobs.create, due.source.id, **chosen),
        partial(app.jobs.plan_initial, due.source.id, **chosen),
    )


def run_steps(
    app: Container,
    steps: Sequence[Step],
    given: argparse.Namespace,
    refused: Sequence[tuple[str, SponsightError]] = (),
) -> int:
    """Run one source after the other and return the exit code: of the first failure, where there was one (what was
    `refused` before is one). A failure stops no other; Ctrl+C pauses the one that runs and begins no further."""
    quiet = given.quiet or given.json_events
    failed = list(refused)
    if given.plan:
        _show_plans(steps)
        return failed[0][1].exit_code if failed else 0
    if not quiet:
        print(_how_many(len(steps)) if steps or not failed else "Nothing is left to run.", file=sys.stderr)
    if not steps and not failed:
        return 0
    complete, stopped = 0, False

    def interrupted() -> None:
        nonlocal stopped
        stopped = True

    for number, step in enumerate(steps, 1):
        if stopped:
            break
        if not quiet:
            print(f"\n[{number}/{len(steps)}] {step.name}", file=sys.stderr)
        try:
            follow(app, step.make(), given, interrupted)
            complete += 1
        except SponsightError as error:
            failed.append((step.name, error))
            complain(error)
        except Cancelled:
            continue
    if steps and not quiet:
        print(f"\n{complete} of {len(steps)} runs are complete.", file=sys.stderr)
    for name, why in failed:
        print(f"{name}: {why.message}", file=sys.stderr)
    if failed:
        return failed[0][1].exit_code
    return 0 if complete == len(steps) else STOPPED


def _how_many(count: int) -> str:
    if not count:
        return "Every source of the library is analysed: nothing to run."
    return "1 run follows." if count == 1 else f"{count} runs follow, one after the other."


def _show_plans(steps: Sequence[Step]) -> None:
    print(_how_many(len(steps)))
    for step in steps:
        print(f"\n{step.name}")
        if step.plan is None:
            print("goes on with the run that it has, with that run's settings")
        else:
            print_plan(step.plan())
