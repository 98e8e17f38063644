"""Start, pause, resume, stop, retry, replay and accept runs, and which of these is possible at the moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

from app.commands import AcceptRun
from app.profiles import usable_profile
from engine.domain.jobs import DetectJob, JobStatus, Overrides
from engine.domain.stages import StageName
from ui.session import Session, run_name
from ui.text import tr
from ui.workspace import Services

LISTEN_MS = 500
"""How often the window looks whether a command asked something of a run that waits here."""


class RunControl(QObject):
    """The run actions of the window."""

    def __init__(self, services: Services, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._services = services
        self._session = session
        self._jobs = services.container.jobs
        for signal in (session.source_changed, session.job_changed, session.job_updated):
            signal.connect(self.update_actions)
        self.update_actions()
        self._ears = QTimer(self)
        self._ears.setInterval(LISTEN_MS)
        self._ears.timeout.connect(self._listen)
        if self._services.writable:
            self._ears.start()

    @Slot()
    def update_actions(self) -> None:
        """Enables what the chosen run allows."""
        actions, job = self._services.actions, self._session.job
        status = job.status if job is not None else None
        writable = self._services.writable
        here = self._session.source is not None and writable
        on_its_turn = job is not None and self._jobs.is_queued(job.id)
        actions["run.start"].setEnabled(here and status is not JobStatus.RUNNING and not on_its_turn)
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
        actions["file.import"].setEnabled(writable)
        actions["file.demo"].setEnabled(writable)
        actions["file.locate"].setEnabled(here)

    def start(self, books: tuple[str, ...] = ()) -> None:
        """Runs the chosen source: resumes a paused run, retries a failed one, else makes a new one with these books
        (none: all brands)."""
        job, source = self._session.job, self._session.source
        if source is None:
            return
        if job is not None and job.status in (JobStatus.PAUSED, JobStatus.PENDING):
            self._follow(job.id)
        elif job is not None and job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
            self.retry()
        else:
            wanted = self._services.preferences.values.profile
            used = usable_profile(wanted, self._services.container.library.folder / "profiles")
            if used != wanted:
                text = tr("This library has no usable profile {name}: the run is made with {used}.")
                self._services.messages.tell(text.format(name=wanted, used=used), "warning")
            self.create({}, used, books)

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
            in_turn=True,
        )

    def ask_delete(self, job: DetectJob) -> None:
        """Says what goes and what stays, and deletes the run where the person agrees."""
        from ui.runs.delete_dialog import DeleteDialog

        jobs = self._session.shelf.of_source(job.source_asset_id)
        dialog = DeleteDialog(self._window, run_name(job, jobs), job)
        dialog.agreed.connect(lambda: self.delete(job))
        dialog.open()

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

    def resume(self, ids: Sequence[str]) -> None:
        """Lets runs that stopped, or that never had their turn, go on one after the other."""
        for id in ids:
            self._follow(id)

    def _follow(self, job_id: str) -> None:
        """Starts a run and waits for its end without blocking."""

        def started(future: Future[DetectJob]) -> None:
            self._session.refresh()
            self.update_actions()
            self._tell_turn(job_id)
            self._services.tasks.follow(
                tr("The run"), future, self._ended, failed=lambda error: self._failed(job_id, error)
            )

        self._services.tasks.call(tr("Starting the run"), lambda: self._jobs.start(job_id), started)

    def _tell_turn(self, job_id: str) -> None:
        """Runs go one after the other: says which one is before."""
        shelf = self._session.shelf
        going = next((j for j in shelf.jobs if j.status is JobStatus.RUNNING and j.id != job_id), None)
        if going is not None:
            words = tr("This run waits its turn: it begins when {name} is done.")
            self._services.messages.tell(words.format(name=self.video_name(going.id)), seconds=10)

    def _ended(self, job: DetectJob) -> None:
        """The end of a run that is looked at is seen; that of another one is told."""
        self._session.refresh()
        shown = self._session.job
        if job.status is JobStatus.COMPLETED and (shown is None or shown.id != job.id):
            self._services.messages.tell(
                tr("{name} is analysed.").format(name=self.video_name(job.id)),
                "success",
                action=tr("Review it"),
                on_action=lambda: self._review(job.id),
                seconds=20,
            )

    def _review(self, job_id: str) -> None:
        self._session.open_job(job_id)
        self._services.actions["view.review"].trigger()

    def _failed(self, job_id: str, error: Exception) -> None:
        self._session.refresh()
        self._services.messages.tell_error(
            tr("The run of {name} failed").format(name=self.video_name(job_id)), error
        )

    def video_name(self, job_id: str) -> str:
        """The name of a run's video, for a sentence."""
        shelf = self._session.shelf
        job = shelf.job(job_id)
        source = shelf.source(job.source_asset_id) if job is not None else None
        return source.name if source is not None else tr("another run")

    @Slot()
    def _listen(self) -> None:
        """A command may ask from outside to cancel a run that waits for its turn or is paused."""
        if self._services.container.library.control.wishes():
            self._services.tasks.call(tr("Stopping the run"), self._jobs.hear, self._heard)

    def _heard(self, ids: list[str]) -> None:
        for id in ids:
            words = tr("The run of {name} was cancelled by a command from outside this window.")
            self._services.messages.tell(words.format(name=self.video_name(id)), seconds=20)

    def _ask(self, what: str, ask: Callable[[str], None]) -> None:
        job = self._session.job
        if job is not None:
            self._services.tasks.call(what, lambda: ask(job.id), lambda _: self._session.refresh())
