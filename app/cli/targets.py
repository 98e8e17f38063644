"""Find the run or source that a word on the command line means: a job's id (or its beginning) or a video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.jobs import JobService
from engine.domain.errors import UserFixable
from engine.domain.jobs import DetectJob, JobStatus, SourceAsset


def find_source(jobs: JobService, path: Path) -> SourceAsset:
    """The imported source of this file, by path or by content; UserFixable where there is none."""
    resolved = path.expanduser().resolve()
    known = jobs.sources()
    for source in known:
        if Path(source.path) == resolved:
            return source
    if resolved.is_file():
        from engine.adapters.probe import content_digest

        digest = content_digest(resolved)
        for source in known:
            if source.content_digest == digest:
                return source
    raise UserFixable(
        f"{path} was not imported into this library.",
        still_works="Nothing was changed.",
        to_do=f"Run it first: sponsight run {path}",
    )


def find_job(jobs: JobService, target: str, wanted: Callable[[DetectJob], bool], purpose: str) -> DetectJob:
    """The run that `target` means: its id or the beginning of one, or, for a video, the accepted run if it
    fits `wanted`, else the newest that does. UserFixable where there is none or several."""
    everything = jobs.jobs()
    if len(target) >= 4:
        by_id = [j for j in everything if j.id.startswith(target)]
        if len(by_id) == 1:
            return by_id[0]
        if len(by_id) > 1:
            raise UserFixable(
                f"{target} is the beginning of {len(by_id)} runs.",
                still_works="Nothing was changed.",
                to_do="Give more letters of the id; `sponsight jobs` lists them.",
            )
    source = find_source(jobs, Path(target))
    fitting = [j for j in everything if j.source_asset_id == source.id and wanted(j)]
    if not fitting:
        raise UserFixable(
            f"{source.name} has no run {purpose}.",
            still_works="Nothing was changed.",
            to_do="`sponsight jobs` lists all runs and their states.",
        )
    return next((j for j in fitting if j.accepted), fitting[0])


def is_completed(job: DetectJob) -> bool:
    return job.status is JobStatus.COMPLETED
