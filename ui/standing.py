"""How the shown run and the others stand, in the status line and the window's title."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from engine.events import ItemFailed, StageProgress
from ui.session import Session
from ui.status_line import StatusLine
from ui.text import progress
from ui.workspace import Services


class Standing(QObject):
    """`name_of` gives the name of a run's video by the run's id."""

    def __init__(
        self,
        services: Services,
        session: Session,
        status: StatusLine,
        window: QWidget,
        name_of: Callable[[str], str],
    ) -> None:
        super().__init__(window)
        self._services = services
        self._session = session
        self._status = status
        self._window = window
        self._name_of = name_of
        if services.writable:
            status.show_provider(services.container.jobs.provider)
        else:
            status.read_only()
        services.bridge.progress.connect(self._progress)
        services.bridge.failures.connect(self._failures)
        session.job_changed.connect(self._job_changed)
        session.job_updated.connect(self._job_updated)
        session.shelf_changed.connect(self._show_going)
        self._entitle("")

    def show_provider(self) -> None:
        """Tells where models run, once that is known."""
        if self._services.container.jobs.provider:
            self._status.show_provider(self._services.container.jobs.provider)

    def miss_provider(self) -> None:
        """It could not be found out where models run."""
        self._status.miss_provider()

    @Slot()
    def _job_changed(self) -> None:
        self._status.clear_failures()
        self._job_updated()

    @Slot()
    def _job_updated(self) -> None:
        job = self._session.job
        self._show_going()
        self.show_provider()
        self._entitle(progress(job.progress) if job is not None and job.status == "running" else "")

    def _entitle(self, share: str) -> None:
        source = self._session.source
        parts = (share, source.name if source is not None else "", "Sponsight")
        self._window.setWindowTitle(" – ".join(part for part in parts if part))

    @Slot()
    def _show_going(self) -> None:
        """The shown run in the status line, or that another one is going."""
        others = any(j.status == "running" for j in self._session.shelf.jobs)
        self._status.show_job(self._session.job, others=others)

    @Slot(object)
    def _progress(self, events: tuple[StageProgress, ...]) -> None:
        job = self._session.job
        mine = [e for e in events if job is not None and e.job_id == job.id]
        if not mine and events:
            latest = max(events, key=lambda e: e.overall)
            self._status.show_progress(latest, of=self._name_of(latest.job_id))
        elif mine and self._session.source is not None:
            latest = max(mine, key=lambda e: e.overall)
            self._status.show_progress(latest)
            self._entitle(progress(latest.overall))

    @Slot(object)
    def _failures(self, events: tuple[ItemFailed, ...]) -> None:
        job = self._session.job
        self._status.add_failures(tuple(e for e in events if job is not None and e.job_id == job.id))
