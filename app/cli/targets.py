"""Find the run or source that a word on the command line means: a job's id (or its beginning) or a video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.jobs import JobService
from engine.domain.errors import UserFixable
from engine.domain.jobs import DetectJob, JobStatus, SourceAsset


def find_source(jobs: JobService, path: Path) -> SourceAsset:
    """The imported source of this file: by content, and where there is no file (any more) by path. UserFixable
    where there is none."""
    resolved = path.expanduser().resolve()
    known = jobs.sources()
    digest = _digest(resolved)
    for source in known:
        if source.content_digest == digest or (not digest and Path(source.path) == resolved):
            return source
    if any(Path(source.path) == resolved for source in known):
        raise UserFixable(
            f"{path} is another video now than the one that was imported from there.",
            still_works="The runs of the earlier one are kept: `sponsight jobs` lists them, and every command "
            "takes a run's id in place of the video.",
            to_do=f"Run the new one: sponsight run {path}",
        )
    raise UserFixable(
        f"{path} was not imported into this library.",
        still_works="Nothing was changed.",
        to_do=f"Run it first: sponsight run {path}",
    )


def _digest(path: Path) -> str:
    """What identifies the file's bytes; '' where there is none that can be read."""
    if not path.is_file():
        return ""
    from engine.adapters.probe import content_digest

    try:
        return content_digest(path)
    except UserFixable:
        return ""


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
