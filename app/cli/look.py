"""jobs, show, diff, accept, export: look at runs and hand out what they found."""

from __future__ import annotations

import argparse
from contextlib import suppress

import msgspec

from app.cli.console import on_the_clock, table
from app.cli.figures import load_figures, print_exposure
from app.cli.targets import find_job, find_source, is_completed
from app.commands import AcceptRun
from app.container import Container, open_container
from engine.domain.errors import DataDamage
from engine.domain.jobs import DetectJob, JobStatus
from engine.settings import changed


def status_word(app: Container, job: DetectJob) -> str:
    """The run's status; `interrupted` where it was left running by a process that is gone (it can be resumed)."""
    if job.status is JobStatus.RUNNING and not app.library.in_use():
        return "interrupted"
    return job.status.value


def do_jobs(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        source_id = find_source(app, given.video).id if given.video else None
        jobs = app.jobs.jobs(source_id)
        if given.json:
            print(msgspec.json.encode(jobs).decode())
            return 0
        if not jobs:
            print("No runs yet. Start one with: sponsight run VIDEO")
            return 0
        names = {s.id: s.name for s in app.jobs.sources()}
        rows = [("run", "source", "type", "status", "progress", "stage", "brands", "accepted", "made")]
        rows += [
            (
                j.id[:8],
                names.get(j.source_asset_id, j.video_path),
                j.run_type.value,
                status_word(app, j),
                f"{j.progress * 100:.0f} %",
                str(j.current_stage or ""),
                str(j.brands_found),
                "★" if j.accepted else "",
                on_the_clock(j.created_at),
            )
            for j in jobs
        ]
        print(table(rows, right=frozenset({4, 6})))
        return 0


def do_show(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        job = find_job(app, given.target, lambda j: True, "at all")
        checkpoints = app.library.jobs.checkpoints(job.id)
        is_complete = job.status is JobStatus.COMPLETED
        if given.json:
            from app.exports.json_document import both_figures

            figures = None
            with suppress(DataDamage):
                figures = both_figures(load_figures(app, job)) if is_complete else None
            print(msgspec.json.encode({"job": job, "checkpoints": checkpoints, "figures": figures}).decode())
            return 0
        _print_job(job, status_word(app, job))
        rows = [("stage", "outcome", "items", "parts run", "reused", "seconds", "note")]
        rows += [
            (
                str(c.stage),
                str(c.stats.get("outcome", "")),
                str(c.stats.get("items", 0)),
                str(c.stats.get("parts_run", 0)),
                str(c.stats.get("parts_reused", 0)),
                f"{c.stats.get('seconds', 0.0):.2f}",
                c.skipped,
            )
            for c in checkpoints
        ]
        print(table(rows, right=frozenset({2, 3, 4, 5})))
        if is_complete:
            print()
            print_exposure(app, job)
        return 0


def _print_job(job: DetectJob, status: str) -> None:
    print(f"Run {job.id}")
    print(f"  video     {job.video_path}")
    print(f"  {job.run_type.value}, {status}, {job.progress * 100:.0f} %, profile {job.profile_name}")
    if job.parent_job_id:
        print(f"  from {job.replay_from_stage} of run {job.parent_job_id[:8]}")
    if job.config_overrides:
        edits = [f"{s}.{k}={v}" for s, values in job.config_overrides.items() for k, v in values.items()]
        print(f"  settings  {', '.join(edits)}")
    if job.books:
        print(f"  books     {', '.join(job.books)}")
    if job.output_digest:
        print(f"  digest    {job.output_digest}")
    if job.error_message:
        print(f"  note      {job.error_message}")
    print()


def do_diff(given: argparse.Namespace) -> int:
    from app.compare import compare_runs
    from app.overlay import names_of
    from app.results import load_run

    with open_container(given.library, read_only=True) as app:
        before = find_job(app, given.before, is_completed, "that is complete")
        after = find_job(app, given.after, is_completed, "that is complete")
        names = names_of(app.library.brands.all())
        diff = compare_runs(load_run(app.library, before.id), load_run(app.library, after.id), names)
        delta = changed(app.jobs.settings_of(before), app.jobs.settings_of(after))
        for stage, values in delta.items():
            for key, value in values.items():
                print(f"{stage}.{key}: {before.settings.get(stage, {}).get(key)} → {value}")
        rows = [("brand", "before", "after", "change")]
        rows += [
            (
                b.brand_name if b.column == "counted" else f"{b.brand_name} ({b.column})",
                f"{b.seconds_before:.1f}",
                f"{b.seconds_after:.1f}",
                f"{b.seconds_change:+.1f}",
            )
            for b in diff.brands
        ]
        print(table(rows, right=frozenset({1, 2, 3})))
        return 0


def do_accept(given: argparse.Namespace) -> int:
    with open_container(given.library) as app:
        job = find_job(app, given.target, is_completed, "that is complete")
        print(f"{app.bus.do(AcceptRun(job_id=job.id), initiator='cli').title}.")
        return 0


def do_export(given: argparse.Namespace) -> int:
    from app.exports.csv_tables import write_csv
    from app.exports.json_document import write_json

    with open_container(given.library, read_only=True) as app:
        job = find_job(app, given.target, is_completed, "that is complete")
        overlay = load_figures(app, job)
        written = (
            write_csv(overlay, given.output)
            if given.format == "csv"
            else (write_json(overlay, given.output),)
        )
        for path in written:
            print(f"Wrote {path}")
        return 0
