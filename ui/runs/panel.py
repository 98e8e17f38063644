"""The run panel: stages, settings and live thresholds of the chosen run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QTabWidget, QVBoxLayout, QWidget

from engine.domain.jobs import JobStatus, Overrides
from engine.domain.stages import StageName
from engine.events import PartDone, StageDone, StageProgress
from engine.plan import Plan
from ui.looks import set_look
from ui.run_control import RunControl
from ui.runs.plan_dialog import PlanDialog
from ui.runs.settings_panel import SettingsPanel
from ui.runs.stage_list import StageList
from ui.runs.stage_states import StageStates, read_states
from ui.runs.thresholds import ThresholdsPanel
from ui.session import Session, run_name, status_look, status_words
from ui.text import tr
from ui.words import stage_title
from ui.workspace import ReviewArea, Services

_MADE_ANEW = (None, JobStatus.FAILED, JobStatus.CANCELLED)
"""States of the chosen run (None: there is none) in which edited settings make a new one."""
CORNER_LIFT = 8
"""The corner stands lower than the tabs by so many pixels: their underline takes that room."""


class RunPanel(QWidget):
    """Belongs to the dock under the frame."""

    def __init__(self, services: Services, session: Session, control: RunControl, review: ReviewArea) -> None:
        super().__init__()
        self._services = services
        self._session = session
        self._control = control
        self._states = StageStates()
        self.setProperty("look", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(tr("Run panel"))
        self.stages = StageList(services.theme)
        self.settings = SettingsPanel(services)
        self.thresholds = ThresholdsPanel(services, session, review)
        self.tabs.addTab(self.stages, tr("Stages"))
        self.tabs.setCornerWidget(self._corner())
        self.tabs.addTab(self.settings, tr("Settings"))
        self.tabs.addTab(self.thresholds, tr("Thresholds"))
        layout.addWidget(self.tabs)
        self.stages.chosen.connect(lambda stage: self.settings.choose_stage(StageName(stage)))
        self.settings.replay_wanted.connect(self.plan_replay)
        self.settings.run_wanted.connect(services.actions["run.start"].trigger)
        self.thresholds.replay_wanted.connect(self._replay_thresholds)
        self.tabs.currentChanged.connect(self._tab_changed)
        session.job_changed.connect(self._job_changed)
        session.source_changed.connect(self._job_changed)
        session.job_updated.connect(self._job_updated)
        bridge = services.bridge
        bridge.progress.connect(self._progress)
        bridge.parts.connect(self._parts)
        bridge.stages.connect(self._stages_done)
        self._job_changed()

    def _corner(self) -> QWidget:
        """Which run this is, beside the tabs."""
        corner = QWidget()
        row = QHBoxLayout(corner)
        row.setContentsMargins(0, 0, 10, CORNER_LIFT)
        self._title = QLabel()
        self._title.setProperty("look", "strong")
        self._badge = QLabel()
        self._badge.setProperty("look", "badge")
        row.addWidget(self._title)
        row.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignVCenter)
        return corner

    def show_thresholds(self, shown: bool) -> None:
        """Goes to the live thresholds, or back to the stages."""
        self.tabs.setCurrentIndex(self.tabs.indexOf(self.thresholds) if shown else 0)
        if shown:
            self.thresholds.take_focus()

    @Slot()
    def run(self) -> None:
        """What the key for a run does: goes on with a run that has stopped, makes one, or shows its plan first where
        settings were edited or there is a finished run."""
        job, settings = self._session.job, self.settings
        status = job.status if job is not None else None
        if status is JobStatus.COMPLETED and settings.delta():
            self.plan_replay()
        elif status is JobStatus.COMPLETED or (status in _MADE_ANEW and settings.is_changed):
            self.plan_run()
        else:
            self._control.start(settings.books)

    @Slot()
    def plan_replay(self) -> None:
        """Shows the plan of a replay from the first edited stage, else from the chosen one; of the thresholds that
        are tried while their sliders are shown."""
        job = self._session.job
        if job is None:
            return
        if self.tabs.currentWidget() is self.thresholds and self.thresholds.delta():
            self._replay_thresholds()
            return
        delta = self.settings.delta()
        stage = self.settings.first_edited() or self.stages.stage
        books = self.settings.books
        if books != tuple(sorted(job.books)) and stage.number > StageName.MATCH_BRANDS.number:
            stage = StageName.MATCH_BRANDS
        self._plan_replay(job.id, stage, delta, books)

    @Slot()
    def plan_run(self) -> None:
        """Shows the plan of an initial run with the edited settings."""
        source = self._session.source
        if source is None:
            return
        (profile, delta), books = self.settings.wanted(), self.settings.books
        jobs = self._services.container.jobs

        def show(plan: Plan) -> None:
            title = tr("Run {name}").format(name=source.name)
            dialog = PlanDialog(self.window(), plan, title=title, delta=delta, start_words=tr("Run"))
            dialog.agreed.connect(lambda: self._control.create(delta, profile, books))
            dialog.open()

        self._services.tasks.call(
            tr("Making the plan"),
            lambda: jobs.plan_initial(source.id, profile=profile, overrides=delta, books=books),
            show,
        )

    def _plan_replay(
        self, job_id: str, stage: StageName, delta: Overrides, books: tuple[str, ...] | None = None
    ) -> None:
        jobs = self._services.container.jobs

        def show(plan: Plan) -> None:
            job = self._session.shelf.job(job_id)
            if job is None:
                return
            title = tr("Replay from {stage}").format(stage=stage_title(stage))
            dialog = PlanDialog(
                self.window(), plan, title=title, delta=delta, start_words=tr("Run as replay")
            )
            dialog.agreed.connect(lambda: self._control.replay(job, stage, delta, books))
            dialog.open()

        self._services.tasks.call(
            tr("Making the plan"), lambda: jobs.plan_replay(job_id, stage, delta, books=books), show
        )

    @Slot()
    def _replay_thresholds(self) -> None:
        job = self._session.job
        if job is not None:
            delta = {str(StageName.MATCH_BRANDS): self.thresholds.delta()}
            self._plan_replay(job.id, StageName.MATCH_BRANDS, delta)

    @Slot(int)
    def _tab_changed(self, index: int) -> None:
        on = self.tabs.widget(index) is self.thresholds
        self._services.actions["run.thresholds"].setChecked(on)
        self.thresholds.set_active(on)

    @Slot()
    def _job_changed(self) -> None:
        job = self._session.job
        self.settings.show_job(job, self._session.source)
        self.thresholds.show_job(job)
        self._states = StageStates(job.id if job else "")
        self._show()
        self._job_updated()

    @Slot()
    def _job_updated(self) -> None:
        job = self._session.job
        self.settings.show_job(job, self._session.source)
        self.thresholds.show_job(job)
        self._title.setText(run_name(job, self._session.jobs) if job else tr("No run yet"))
        self._badge.setVisible(job is not None)
        if job is None:
            return
        self._badge.setText(status_words(job.status))
        set_look(self._badge, status_look(job.status))
        library = self._services.container.library
        self._services.tasks.call(
            tr("Reading the stages"), lambda: read_states(library, job), self._take, newest="stages"
        )

    def _take(self, states: StageStates) -> None:
        job = self._session.job
        if job is None or states.job_id != job.id:
            return
        self._states.merge(states)
        self._show()

    @Slot(object)
    def _progress(self, events: tuple[StageProgress, ...]) -> None:
        if self._states.progress(events):
            self._show()

    @Slot(object)
    def _parts(self, events: tuple[PartDone, ...]) -> None:
        if self._states.parts(events):
            self._show()

    @Slot(object)
    def _stages_done(self, events: tuple[StageDone, ...]) -> None:
        if self._states.done(events):
            self._show()

    def _show(self) -> None:
        self.stages.show_states(self._states)
