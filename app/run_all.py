"""Which sources of a library still have to be run, how each of them goes on, and all of them one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.profiles import DEFAULT_PROFILE
from engine.domain.errors import Cancelled, SponsightError
from engine.domain.jobs import DetectJob, JobStatus, SourceAsset

if TYPE_CHECKING:
    from app.container import Container

How = Literal["new", "retry", "resume"]


@dataclass(frozen=True, slots=True)
class Due:
    """A source that has to be run: with a `new` run, a `retry` of `job`, or by going on with `job`, which was
    interrupted or never began."""

    source: SourceAsset
    how: How
    job: DetectJob | None = None

    @property
    def is_missing(self) -> bool:
        """Whether the video is not where it was; asks the disk."""
        return not Path(self.source.path).is_file()


def find_due(
    sources: Sequence[SourceAsset], jobs: Sequence[DetectJob], is_queued: Callable[[str], bool]
) -> tuple[Due, ...]:
    """The sources without a run, or whose newest run failed, was interrupted, or has not begun; the first imported
    first. `jobs` are newest first. A run that a person stopped is taken up again only where the source has no
    complete one. What is running or waits for its turn (`is_queued`) is not among them."""
    found = []
    for source in reversed(sources):
        mine = [job for job in jobs if job.source_asset_id == source.id]
        due = _due(source, mine)
        if due is not None and not any(is_queued(job.id) for job in mine):
            found.append(due)
    return tuple(found)


def _due(source: SourceAsset, mine: Sequence[DetectJob]) -> Due | None:
    if not mine:
        return Due(source, "new")
    newest = mine[0]
    if newest.status in (JobStatus.PAUSED, JobStatus.PENDING):
        return Due(source, "resume", newest)
    if newest.status is JobStatus.FAILED:
        return Due(source, "retry", newest)
    complete = any(job.status is JobStatus.COMPLETED for job in mine)
    if newest.status is JobStatus.CANCELLED and not complete:
        return Due(source, "new") if newest.started_at is None else Due(source, "retry", newest)
    return None


def make_run(app: Container, due: Due, profile: str = DEFAULT_PROFILE) -> DetectJob:
    """The run that a due source is to be run with, not started; new ones are made with this profile. Raises
    UserFixable where it can't be made, Cancelled where it waited and was cancelled meanwhile."""
    from app.demo_run import usual_books

    if due.how == "resume" and due.job is not None:
        job = app.jobs.job(due.job.id)
        if job.status is JobStatus.CANCELLED:
            raise Cancelled("cancel")
        return job
    if due.how == "retry" and due.job is not None:
        return app.jobs.retry(due.job.id)
    return app.jobs.create(due.source.id, profile=profile, books=usual_books(app, due.source))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a source's run ended: `job` as it is then (None where none could be made), `error` what made it fail."""

    source: SourceAsset
    job: DetectJob | None
    error: BaseException | None = None

    @property
    def is_complete(self) -> bool:
        return self.error is None and self.job is not None and self.job.status is JobStatus.COMPLETED


class Batch:
    """Runs of several sources, one after the other in the queue. One that fails, or can't be made, stops no other;
    `done` gives how each ended once the last one has. Thread-safe."""

    def __init__(self, app: Container, due: Sequence[Due], profile: str = DEFAULT_PROFILE) -> None:
        self.done: Future[tuple[Ended, ...]] = Future()
        self.done.set_running_or_notify_cancel()  # whoever no longer waits for it can't cancel it
        self._jobs = app.jobs
        self._lock = threading.Lock()
        self._ended: dict[int, Ended] = {}
        self._count = len(due)
        made = [self._make(app, number, one, profile) for number, one in enumerate(due)]
        for number, (one, job) in enumerate(zip(due, made, strict=True)):
            if job is not None:
                self._start(number, one.source, job)
        if not due:
            self.done.set_result(())

    def _make(self, app: Container, number: int, due: Due, profile: str) -> DetectJob | None:
        try:
            return make_run(app, due, profile)
        except SponsightError as error:
            self._end(number, Ended(due.source, None, error))
        except Cancelled:
            self._end(number, Ended(due.source, due.job))
        return None

    def _start(self, number: int, source: SourceAsset, job: DetectJob) -> None:
        try:
            future = self._jobs.start(job.id)
        except SponsightError as error:
            self._end(number, Ended(source, job, error))
            return
        future.add_done_callback(lambda f: self._end(number, self._outcome(source, job, f)))

    def _outcome(self, source: SourceAsset, job: DetectJob, future: Future[DetectJob]) -> Ended:
        if future.cancelled():
            return Ended(source, job)
        error = future.exception()
        return Ended(source, job, error) if error is not None else Ended(source, future.result())

    def _end(self, number: int, ended: Ended) -> None:
        with self._lock:
            self._ended[number] = ended
            last = len(self._ended) == self._count
        if last:
            self.done.set_result(tuple(self._ended[n] for n in range(self._count)))
