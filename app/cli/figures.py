"""Exposure tables of a run on the terminal, with the demo's truth beside them where there is one."""

from __future__ import annotations

from collections.abc import Mapping

from app.cli.console import table
from app.container import Container
from engine.domain.errors import DataDamage
from engine.domain.figures import BrandExposure, ReportPart
from engine.domain.jobs import DetectJob
from engine.domain.stages import StageName
from engine.domain.timebase import format_time
from engine.ports import JOB_CHUNK
from engine.stage import decode


def load_report(app: Container, job: DetectJob) -> ReportPart:
    """The machine figures of a completed run; DataDamage where a repair had to drop them."""
    ref = app.library.parts.attached(job.id).get((StageName.COMPILE_REPORT, JOB_CHUNK))
    if ref is None:
        raise DataDamage(
            f"The figures of run {job.id[:8]} are lost: they were damaged and a repair dropped them.",
            still_works="What was decided is kept, and other runs are not affected.",
            to_do=f"Compute them again: sponsight replay {job.id[:8]} --from compile_report",
        )
    return decode(app.library.parts.payload(ref.key), ReportPart)


def print_exposure(app: Container, job: DetectJob, truth: Mapping[str, float] | None = None) -> None:
    """Who was seen for how long; `truth` gives the true seconds by brand for a column of its own."""
    report = load_report(app, job)
    figures = report.figures
    scene = [b for b in figures.brands if b.column == "counted"]
    captions = [b for b in figures.brands if b.column == "caption"]
    named = [b for b in figures.brands if b.column == "model"]
    print(f"Run {job.id[:8]} of {job.video_path}")
    provider = app.jobs.provider
    print(
        f"{figures.analysed:.1f} s analysed, {figures.excluded:.1f} s excluded, {figures.unknown:.1f} s unknown; "
        f"{job.total_detections} detections of {job.brands_found} brands"
        + (f"; provider {provider}" if provider else "")
    )
    if job.error_message:
        print(job.error_message)
    if scene or truth:
        print()
        print(_brand_table(scene, truth))
    else:
        print("No brand of the book was found in the scene.")
    if captions:
        print("\nIn captions (not counted):")
        print(_brand_table(captions, None))
    if named:
        print("\nNamed by a model (not counted until a person confirms the brand):")
        print(_brand_table(named, None))
    print(
        f"\n{report.stats.get('review', 0)} appearances wait for a decision, "
        f"{report.stats.get('unresolved', 0)} texts are unresolved."
    )


def print_models(app: Container, job: DetectJob) -> None:
    """What asking models took and what memory saved; nothing where no model had to do with the run."""
    use = app.answers.use(job.id)
    said = []
    if use.local_calls:
        said.append(f"{_calls(use.local_calls)} to the local model")
    if use.cloud_calls:
        said.append(f"{_calls(use.cloud_calls)} to the cloud, {job.estimated_cost_usd:.4f} USD")
    if use.reused:
        said.append(f"{use.reused} {'answer' if use.reused == 1 else 'answers'} saved by memory")
    if said:
        print(f"{'; '.join(said)}.")


def _calls(count: int) -> str:
    return f"{count} {'call' if count == 1 else 'calls'}"


def _brand_table(brands: list[BrandExposure], truth: Mapping[str, float] | None) -> str:
    head = ["brand", "seconds", "±", "exposures", "longest", "first", "hits", "solus", "share", "quality"]
    rows = []
    for b in brands:
        rows.append(
            [
                b.brand_name,
                f"{b.seconds:.1f}",
                f"{b.error:.1f}",
                str(len(b.exposures)),
                f"{b.longest:.1f}",
                format_time(b.first),
                f"{b.hits:.1f}",
                f"{b.solus:.1f}",
                f"{b.share * 100:.0f} %",
                f"{b.quality:.2f}",
            ]
        )
    if truth is not None:
        head.insert(2, "truth")
        for row in rows:
            row.insert(2, f"{truth.get(row[0], 0.0):.1f}")
        found = {b.brand_name for b in brands}
        for name, true_seconds in sorted(truth.items()):
            if name not in found and true_seconds > 0:
                rows.append([name, "0.0", f"{true_seconds:.1f}", *[""] * (len(head) - 3)])
    return table([head, *rows], right=frozenset(range(1, len(head))))
