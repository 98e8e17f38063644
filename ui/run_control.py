"""Start, pause, resume, stop, retry, replay and accept runs, and which of these is possible at the moment."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from app.commands import AcceptRun
from engine.domain.jobs import DetectJob, JobStatus, Overrides
from engine.domain.stages import StageName
from ui.session import Session
from ui.text import tr
from ui.workspace import Services


class RunControl(QObject):
    """The run actions of the window."""

    def __init__(self, services: Services, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._session = session
        self._jobs = services.container.jobs
        for signal in (session.source_changed, session.job_changed, session.job_updated):
            signal.connect(self.update_actions)
        self.update_actions()

    @property
    def writable(self) -> bool:
        return not self._services.container.library.read_only

    @Slot()
    def update_actions(self) -> None:
        """Enables what the chosen run allows."""
        actions, job = self._services.actions, self._session.job
        status = job.status if job is not None else None
        here = self._session.source is not None and self.writable
        actions["run.start"].setEnabled(here and status is not JobStatus.RUNNING)
        actions["run.start"].setText(tr("Resume") if status is JobStatus.PAUSED else tr("Run"))
        actions["run.pause"].setEnabled(here and status is JobStatus.RUNNING)
        going = (JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.PENDING)
        actions["run.cancel"].setEnabled(here and status in going)
        actions["run.replay"].setEnabled(here and status is JobStatus.COMPLETED)
        actions["run.retry"].setEnabled(here and status in (JobStatus.FAILED, JobStatus.CANCELLED))
        done = job is not None and status is JobStatus.COMPLETED
        actions["run.accept"].setEnabled(here and done and not (job is not None and job.accepted))
        actions["run.thresholds"].setEnabled(done)
        actions["file.export"].setEnabled(done)
        actions["file.import"].setEnabled(self.writable)
        actions["file.demo"].setEnabled(self.writable)
        actions["file.locate"].setEnabled(here)

    def start(self) -> None:
        """Runs the chosen source: resumes a paused run, retries a failed one, else makes a new one."""
        job, source = self._session.job, self._session.source
        if source is None:
            return
        if job is not None and job.status in (JobStatus.PAUSED, JobStatus.PENDING):
            self._follow(job.id)
        elif job is not None and job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
            self.retry()
        else:
            self.create({}, self._services.preferences.values.profile)

    def create(self, overrides: Overrides, profile: str, books: tuple[str, ...] = ()) -> None:
        """Makes and starts an initial run of the chosen source."""
        source = self._session.source
        if source is None:
            return
        self._make(
            tr("Starting the run"),
            lambda: self._jobs.create(source.id, profile=profile, overrides=overrides, books=books),
        )

    def retry(self) -> None:
        job = self._session.job
        if job is not None:
            self._make(tr("Retrying the run"), lambda: self._jobs.retry(job.id))

    def replay(
        self,
        job: DetectJob,
        stage: StageName,
        overrides: Overrides,
        books: tuple[str, ...] | None = None,
    ) -> None:
        """Makes and starts a replay; the plan was shown before."""
        self._make(
            tr("Starting the replay"), lambda: self._jobs.replay(job.id, stage, overrides, books=books)
        )

    def pause(self) -> None:
        self._ask(tr("Pausing the run"), self._jobs.pause)

    def cancel(self) -> None:
        self._ask(tr("Stopping the run"), self._jobs.cancel)

    def accept(self, job: DetectJob | None = None) -> None:
        """Lets a completed run be the one that counts."""
        chosen = job or self._session.job
        if chosen is None:
            return
        bus = self._services.container.bus
        self._services.tasks.call(
            tr("Accepting the run"),
            lambda: bus.do(AcceptRun(job_id=chosen.id), initiator="runs"),
            self._accepted,
        )

    def delete(self, job: DetectJob) -> None:
        """Removes a run; what other runs refer to stays."""
        self._services.tasks.call(
            tr("Deleting the run"), lambda: self._jobs.delete(job.id), lambda _: self._session.refresh()
        )

    def _accepted(self, _change: object) -> None:
        self._services.saved()
        self._session.refresh()
        self._services.messages.tell(tr("This run now counts in totals and reports."), "success", seconds=6)

    def _make(self, what: str, make: Callable[[], DetectJob]) -> None:
        def made(job: DetectJob) -> None:
            self._session.open_job(job.id)
            self._follow(job.id)

        self._services.tasks.call(what, make, made)

    def _follow(self, job_id: str) -> None:
        """Starts a run and waits for its end without blocking."""
        self._services.tasks.call(
            tr("Starting the run"),
            lambda: self._jobs.start(job_id),
            lambda future: self._services.tasks.follow(
                tr("The run"), future, lambda _: self._session.refresh(), failed=self._failed
            ),
        )

    def _failed(self, error: Exception) -> None:
        self._session.refresh()
        self._services.messages.tell_error(tr("The run failed"), error)

    def _ask(self, what: str, ask: Callable[[str], None]) -> None:
        job = self._session.job
        if job is not None:
            self._services.tasks.call(what, lambda: ask(job.id), lambda _: self._session.refresh())
