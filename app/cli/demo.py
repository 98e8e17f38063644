"""demo: render the built-in clip, run the pipeline on it, print the figures with the truth beside them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from app.cli.console import RunReporter
from app.cli.figures import print_exposure
from app.cli.runs import overrides_of
from app.container import open_container
from app.demo_run import DEMO_BOOK, default_demo_folder, parse_size, prepare_demo
from app.display import has_display
from engine.domain.errors import Cancelled
from engine.domain.jobs import DetectJob, JobStatus


def do_demo(given: argparse.Namespace) -> int:
    overrides = overrides_of(given)
    size = parse_size(given.size)
    folder = given.library or default_demo_folder()
    with open_container(folder, workers=given.workers) as app:
        source, truth = prepare_demo(
            app, seed=given.seed, seconds=given.seconds, size=size, progress=_render_progress(given)
        )
        job = app.jobs.create(source.id, overrides=overrides, books=(DEMO_BOOK,))
        reporter = RunReporter(app, json_events=given.json_events, quiet=given.quiet)
        done: DetectJob = reporter.follow(app.jobs.start(job.id), lambda: app.jobs.pause(job.id))
        if done.status is not JobStatus.COMPLETED:
            raise Cancelled(done.status.value)
        if not given.json_events:
            known = {entry.name for entry in app.library.brands.snapshot((DEMO_BOOK,)).entries}
            seconds = truth.brand_seconds(surface="scene", legible=True)
            print_exposure(app, done, {name: s for name, s in seconds.items() if name in known})
            marks = sorted(name for name in known if truth.kinds(name) == {"symbol"})
            for name in marks:
                print(
                    f"{name} is a mark without letters: draw a box on it once, and it is found by its look."
                )
    if given.headless or given.json_events:
        return 0
    if given.open_window is None or not has_display():
        print("\nNo display here: the review window was not opened.")
        return 0
    code: int = given.open_window(folder, source.id)
    return code


def _render_progress(given: argparse.Namespace) -> Callable[[float], None] | None:
    """A line that shows how far the rendering is, on a terminal only."""
    if given.quiet or given.json_events or not sys.stderr.isatty():
        return None

    def show(share: float) -> None:
        sys.stderr.write(f"\rRendering the demo {share * 100:3.0f} %" + ("\n" if share >= 1 else ""))
        sys.stderr.flush()

    return show
