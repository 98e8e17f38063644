"""Exposure tables of a run on the terminal, with the demo's truth beside them where there is one."""

from __future__ import annotations

from collections.abc import Mapping

from app.cli.console import table
from app.container import Container
from app.effective import OPEN
from app.overlay import Overlay, load_overlay
from app.report import ReportRow, report_rows
from app.results import LAST_STAGES
from engine.domain.errors import DataDamage
from engine.domain.figures import Column
from engine.domain.jobs import DetectJob
from engine.domain.timebase import format_time
from engine.ports import JOB_CHUNK


def load_figures(app: Container, job: DetectJob) -> Overlay:
    """A completed run with what people decided on it; DataDamage where a repair had to drop what it found."""
    overlay = load_overlay(app.library, job.id)
    lost = [stage for stage in LAST_STAGES if (stage, JOB_CHUNK) not in overlay.run.refs]
    if LAST_STAGES[0] in lost:
        raise DataDamage(
            f"What run {job.id[:8]} found is lost: it was damaged and a repair dropped it.",
            still_works="What was decided is kept, and other runs are not affected.",
            to_do=f"Find it again: sponsight replay {job.id[:8]} --from {lost[-1]}",
        )
    return overlay


def print_exposure(app: Container, job: DetectJob, truth: Mapping[str, float] | None = None) -> None:
    """Who was seen for how long, people's decisions included; `truth` gives the true seconds by brand for a column of
    its own."""
    overlay = load_figures(app, job)
    figures = overlay.effective
    rows: dict[Column, list[ReportRow]] = {"counted": [], "caption": [], "model": []}
    for row in report_rows(overlay):
        rows[row.column].append(row)
    brands = {d.brand_id or d.brand_name for d in overlay.detections}
    print(f"Run {job.id[:8]} of {job.video_path}")
    provider = app.jobs.provider
    print(
        f"{figures.analysed:.1f} s analysed, {figures.excluded:.1f} s excluded, {figures.unknown:.1f} s unknown; "
        f"{len(overlay.detections)} detections of {len(brands)} brands"
        + (f"; provider {provider}" if provider else "")
    )
    if job.error_message:
        print(job.error_message)
    if rows["counted"] or truth:
        print()
        print(_brand_table(rows["counted"], truth))
    else:
        print("No brand of the book was found in the scene.")
    if rows["caption"]:
        print("\nIn captions (not counted):")
        print(_brand_table(rows["caption"], None))
    if rows["model"]:
        print("\nNamed by a model (not counted until a person confirms the brand):")
        print(_brand_table(rows["model"], None))
    open_ones = [a.machine.verdict for a in overlay.appearances if a.machine is not None and a.state in OPEN]
    print(
        f"\n{open_ones.count('review')} appearances wait for a decision, "
        f"{open_ones.count('unresolved')} texts are unresolved."
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


def _brand_table(brands: list[ReportRow], truth: Mapping[str, float] | None) -> str:
    """The brands' figures with decisions; where those changed a brand's seconds, a column tells the machine's."""
    head = ["brand", "seconds", "±", "exposures", "longest", "first", "hits", "solus", "share", "quality"]
    rows = []
    for row in brands:
        b = row.effective
        figures = (
            ["0.0", *[""] * (len(head) - 2)]
            if b is None
            else [
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
        rows.append([row.brand_name, *figures])
    if truth is not None:
        head.insert(2, "truth")
        for line in rows:
            line.insert(2, f"{truth.get(line[0], 0.0):.1f}")
        found = {b.brand_name for b in brands}
        for name, true_seconds in sorted(truth.items()):
            if name not in found and true_seconds > 0:
                rows.append([name, "0.0", f"{true_seconds:.1f}", *[""] * (len(head) - 3)])
    elif any(row.effective != row.machine for row in brands):
        head.insert(2, "machine")
        for line, row in zip(rows, brands, strict=True):
            line.insert(2, f"{row.machine.seconds:.1f}" if row.machine is not None else "0.0")
    return table([head, *rows], right=frozenset(range(1, len(head))))
