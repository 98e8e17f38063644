"""Find the run or source that a word on the command line means: a job's id (or its beginning) or a video."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from app.cli.console import on_the_clock
from app.container import Container
from app.paths import without_links
from app.source_removal import kept_until
from engine.domain.errors import UserFixable
from engine.domain.jobs import DetectJob, JobStatus, SourceAsset
from storage.removals import Removed


def find_source(app: Container, word: str) -> SourceAsset:
    """The imported source of this file: by content, and where there is no file (any more) by path. UserFixable
    where there is none, or where it was removed."""
    path = without_links(Path(word))
    known = app.jobs.sources()
    digest = _digest(path)
    for source in known:
        if source.content_digest == digest or (not digest and Path(source.path) == path):
            return source
    for gone in find_removed(app, word):
        if not digest or gone.source.content_digest == digest:
            raise _removed(app, gone, f"{gone.source.name} was removed", word)
    if any(Path(source.path) == path for source in known):
        raise UserFixable(
            f"{word} is another video now than the one that was imported from there.",
            still_works="The runs of the earlier one are kept: `sponsight jobs` lists them, and every command "
            "takes a run's id in place of the video.",
            to_do=f"Run the new one: sponsight run {shlex.quote(word)}",
        )
    raise UserFixable(
        f"{word} was not imported into this library.",
        still_works="Nothing was changed.",
        to_do=f"Run it first: sponsight run {shlex.quote(word)}",
    )


def find_removed(app: Container, word: str) -> list[Removed]:
    """The removed sources that a word means, the last removed first: of this file's content, else of this path, else
    of this name or id."""
    gone = app.removal.removed()
    path = without_links(Path(word))
    digest = _digest(path) if gone else ""
    return (
        [r for r in gone if r.source.content_digest == digest]
        or [r for r in gone if Path(r.source.path) == path]
        or [r for r in gone if word in (r.source.name, r.source.id)]
    )


def _removed(app: Container, gone: Removed, what: str, word: str) -> UserFixable:
    """That a source was removed, when, what is still there of it, and the command that brings it back (by `word`,
    where that means no other one)."""
    runs = "its runs were freed"
    if gone.runs:
        many = "run" if gone.runs == 1 else f"{gone.runs} runs"
        runs = f"its {many} until {on_the_clock(kept_until(gone))}"
    if len(find_removed(app, word)) > 1:
        word = gone.source.id
    return UserFixable(
        f"{what} from this library on {on_the_clock(gone.removed_at)}.",
        still_works=f"It can be brought back at any time: decisions on it are kept for good, {runs}.",
        to_do=f"Bring it back: sponsight sources restore {shlex.quote(word)}",
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


def find_job(app: Container, target: str, wanted: Callable[[DetectJob], bool], purpose: str) -> DetectJob:
    """The run that `target` means: its id or the beginning of one, or, for a video, the accepted run if it
    fits `wanted`, else the newest that does. UserFixable where there is none or several."""
    everything = app.jobs.jobs()
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
        _refuse_removed(app, target)
    source = find_source(app, target)
    fitting = [j for j in everything if j.source_asset_id == source.id and wanted(j)]
    if not fitting:
        raise UserFixable(
            f"{source.name} has no run {purpose}.",
            still_works="Nothing was changed.",
            to_do="`sponsight jobs` lists all runs and their states.",
        )
    return next((j for j in fitting if j.accepted), fitting[0])


def _refuse_removed(app: Container, target: str) -> None:
    """UserFixable where a run with this beginning of an id is of a removed source."""
    for gone in app.removal.removed():
        for job in app.jobs.jobs(gone.source.id):
            if job.id.startswith(target):
                what = f"Run {job.id[:8]} is of {gone.source.name}, which was removed"
                raise _removed(app, gone, what, gone.source.path)


def is_completed(job: DetectJob) -> bool:
    return job.status is JobStatus.COMPLETED
