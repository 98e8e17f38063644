"""What the window is about at the moment: the library's sources and runs, the chosen source, the chosen run."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from app.mailbox import LibraryChanged
from engine.domain.jobs import DetectJob, JobStatus, SourceAsset
from engine.events import JobChanged
from ui.text import tr
from ui.workspace import Services

OPEN = (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Sources and all runs (newest first) as they were read together."""

    sources: tuple[SourceAsset, ...] = ()
    jobs: tuple[DetectJob, ...] = ()

    def of_source(self, source_id: str) -> tuple[DetectJob, ...]:
        """Runs of one source, newest first."""
        return tuple(job for job in self.jobs if job.source_asset_id == source_id)

    def source(self, source_id: str) -> SourceAsset | None:
        return next((s for s in self.sources if s.id == source_id), None)

    def job(self, job_id: str) -> DetectJob | None:
        return next((j for j in self.jobs if j.id == job_id), None)

    def best_job(self, source_id: str) -> DetectJob | None:
        """The run to show first: one under way, else the accepted one, else the newest."""
        jobs = self.of_source(source_id)
        for wanted in (
            lambda j: j.status is JobStatus.RUNNING,
            lambda j: j.accepted,
            lambda j: j.status is JobStatus.PAUSED,
            lambda j: j.status is JobStatus.COMPLETED,
        ):
            found = next((j for j in jobs if wanted(j)), None)
            if found is not None:
                return found
        return jobs[0] if jobs else None


class Session(QObject):
    """Current source and run; reads the library off the main thread and tells what changed."""

    shelf_changed = Signal()
    source_changed = Signal()
    job_changed = Signal()
    """The chosen run is another one."""
    job_updated = Signal()
    """The chosen run is the same, its state is new."""

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.shelf = Shelf()
        self.loaded = False
        self.source: SourceAsset | None = None
        self.job: DetectJob | None = None
        self._wanted_source = ""
        self._wanted_job = ""
        services.bridge.jobs.connect(self._jobs_moved)
        services.bridge.library.connect(self._library_changed)

    def refresh(self) -> None:
        """Reads sources and runs anew."""
        jobs = self._services.container.jobs

        def read() -> Shelf:
            return Shelf(tuple(jobs.sources()), tuple(jobs.jobs()))

        self._services.tasks.call(tr("Reading the library"), read, self._take, newest="shelf")

    def open_source(self, source_id: str, job_id: str = "") -> None:
        """Chooses a source and the run of that id, its best one where that is gone."""
        self._choose(source_id, job_id)

    def open_job(self, job_id: str) -> None:
        """Chooses a run and its source."""
        job = self.shelf.job(job_id)
        if job is None:
            self._wanted_job = job_id
            self.refresh()
        else:
            self._choose(job.source_asset_id, job_id)

    @property
    def jobs(self) -> tuple[DetectJob, ...]:
        """Runs of the chosen source, newest first."""
        return self.shelf.of_source(self.source.id) if self.source is not None else ()

    def _choose(self, source_id: str, job_id: str) -> None:
        source = self.shelf.source(source_id)
        if source is None:
            self._wanted_source, self._wanted_job = source_id, job_id
            self.refresh()
            return
        job = self.shelf.job(job_id) or self.shelf.best_job(source_id)
        other_source = self.source is None or self.source.id != source.id
        other_job = (job.id if job else "") != (self.job.id if self.job else "")
        self.source, self.job = source, job
        if other_source:
            self.source_changed.emit()
        if other_job or other_source:
            self.job_changed.emit()
        else:
            self.job_updated.emit()

    def _take(self, shelf: Shelf) -> None:
        before, opened = self.job, self.source
        self.shelf = shelf
        self.loaded = True
        if opened is not None:
            self.source = shelf.source(opened.id)
        if self.job is not None:
            self.job = shelf.job(self.job.id)
        counts = self._counts_now(before)
        self.shelf_changed.emit()
        wanted_job, wanted_source = self._wanted_job, self._wanted_source
        self._wanted_job = self._wanted_source = ""
        if wanted_job and (job := shelf.job(wanted_job)) is not None:
            self._choose(job.source_asset_id, job.id)
        elif wanted_source and shelf.source(wanted_source) is not None:
            self._choose(wanted_source, "")
        elif counts is not None:
            self._choose(counts.source_asset_id, counts.id)
        elif opened is not None and self.source is None:
            self.source_changed.emit()
            self.job_changed.emit()
        elif before is not None and self.job is None:
            self.job = shelf.best_job(self.source.id) if self.source is not None else None
            self.job_changed.emit()
        elif self.job != before:
            self.job_updated.emit()

    def _counts_now(self, before: DetectJob | None) -> DetectJob | None:
        """A newer run that was accepted in place of the chosen one: whoever looks at what counts goes on doing so.
        Taking that back shows the run that it was about."""
        if before is None or not before.accepted or self.job is None or self.job.accepted:
            return None
        newer = itertools.takewhile(lambda j: j.id != before.id, self.shelf.of_source(before.source_asset_id))
        return next((j for j in newer if j.accepted), None)

    @Slot(object)
    def _jobs_moved(self, _events: tuple[JobChanged, ...]) -> None:
        self.refresh()

    @Slot(object)
    def _library_changed(self, events: tuple[LibraryChanged, ...]) -> None:
        if any(event.kinds & {"sources", "jobs"} for event in events):
            self.refresh()


def run_name(job: DetectJob, jobs: tuple[DetectJob, ...]) -> str:
    """A run's short name within its source: Run 3 (newest is the highest)."""
    ordered = sorted(jobs, key=lambda j: (j.created_at is not None, j.created_at, j.id))
    number = next((i for i, j in enumerate(ordered, 1) if j.id == job.id), len(ordered) + 1)
    return tr("Run {number}").format(number=number)


def status_words(status: JobStatus) -> str:
    """A run's state in the window's language."""
    return {
        JobStatus.PENDING: tr("waiting"),
        JobStatus.RUNNING: tr("running"),
        JobStatus.PAUSED: tr("paused"),
        JobStatus.COMPLETED: tr("completed"),
        JobStatus.FAILED: tr("failed"),
        JobStatus.CANCELLED: tr("stopped"),
    }[status]


def status_look(status: JobStatus) -> str:
    """The badge a state is shown in."""
    return {
        JobStatus.RUNNING: "badge-info",
        JobStatus.PAUSED: "badge-warn",
        JobStatus.COMPLETED: "badge-good",
        JobStatus.FAILED: "badge-bad",
    }.get(status, "badge")
