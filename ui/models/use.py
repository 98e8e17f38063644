"""Keeps the status bar's figures of models up to date: money so far, and what memory saved."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from engine.domain.stages import StageName
from engine.events import StageDone, StageProgress
from ui.session import Session
from ui.status_line import StatusLine
from ui.text import tr
from ui.workspace import Services

if TYPE_CHECKING:
    from app.model_answers import ModelUse

_log = logging.getLogger(__name__)

STAGES = (StageName.ESCALATE_VLM, StageName.ESCALATE_CLOUD)


class ModelUseWatch(QObject):
    """Reads the figures of the chosen run anew whenever one of its two asking stages gets on."""

    def __init__(
        self, services: Services, session: Session, status: StatusLine, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._session = session
        self._status = status
        self._reading = self._again = False
        services.bridge.progress.connect(self._moved)
        services.bridge.stages.connect(self._moved)
        session.job_changed.connect(self._other)
        session.job_updated.connect(self._read)

    @Slot(object)
    def _moved(self, events: tuple[StageProgress | StageDone, ...]) -> None:
        job = self._session.job
        if job is not None and any(e.job_id == job.id and e.stage in STAGES for e in events):
            self._read()

    @Slot()
    def _other(self) -> None:
        self._status.show_use(None)
        self._read()

    @Slot()
    def _read(self) -> None:
        """One reading at a time; what happens meanwhile is read after it."""
        job = self._session.job
        if job is None or self._reading:
            self._again = job is not None
            return
        self._reading, self._again = True, False
        answers, id = self._services.container.answers, job.id
        self._services.tasks.call(
            tr("Reading what models cost"), lambda: answers.use(id), self._take, failed=self._failed
        )

    def _take(self, use: ModelUse) -> None:
        job = self._session.job
        if job is not None and job.id == use.job_id:
            self._status.show_use(use)
        self._next()

    def _failed(self, error: Exception) -> None:
        """A run that was deleted meanwhile has no figures."""
        _log.debug("reading what models cost: %s", error)
        self._next()

    def _next(self) -> None:
        self._reading = False
        if self._again:
            self._read()
