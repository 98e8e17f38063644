"""Runs that nothing will start by itself: interrupted ones, and those that a closed window left waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.jobs import DetectJob, JobStatus
from ui.session import Shelf
from ui.text import tr
from ui.words import stage_title

if TYPE_CHECKING:
    from app.jobs import JobService


def stopped_jobs(shelf: Shelf, jobs: JobService) -> tuple[DetectJob, ...]:
    """Interrupted runs first, then those that never began; each kind oldest first."""
    found = [
        job
        for job in reversed(shelf.jobs)
        if job.status in (JobStatus.PAUSED, JobStatus.PENDING) and not jobs.is_queued(job.id)
    ]
    return tuple(sorted(found, key=lambda job: job.status is JobStatus.PENDING))


def stopped_in_words(jobs: tuple[DetectJob, ...], shelf: Shelf) -> str:
    """What happened, that nothing is lost, and the question; `jobs` holds one at least."""
    first = jobs[0]
    if first.status is JobStatus.PAUSED:
        where = stage_title(first.current_stage) if first.current_stage else tr("its beginning")
        words = tr("The run of {name} stopped at “{stage}”, {share:.0f} % done. Everything finished is kept.")
        text = words.format(name=_name(first, shelf), stage=where, share=first.progress * 100)
    else:
        text = tr("The run of {name} has not begun yet.").format(name=_name(first, shelf))
    if len(jobs) == 2:
        text += " " + tr("The run of {name} waits too.").format(name=_name(jobs[1], shelf))
    elif len(jobs) > 2:
        text += " " + tr("{n} more runs wait.").format(n=len(jobs) - 1)
    return f"{text} {tr('Resume?')}"


def _name(job: DetectJob, shelf: Shelf) -> str:
    source = shelf.source(job.source_asset_id)
    return source.name if source is not None else job.video_path
