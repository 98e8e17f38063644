"""Settings of all stages as one panel: a stage chooser, the form, profile, reset and save as profile."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.demo_run import usual_books
from app.profiles import DEFAULT_PROFILE, profile, profile_names, save_profile, usable_profile
from engine.domain.errors import UserFixable
from engine.domain.jobs import DetectJob, JobStatus, Overrides, SourceAsset
from engine.domain.stages import ORDER, StageName
from engine.settings import AllSettings, changed
from ui.elided import ElidedLabel
from ui.fields import ChoiceField
from ui.runs.settings_form import SettingsForm
from ui.text import plural, tr
from ui.words import stage_title
from ui.workspace import Services

LETTERS = 8


class SettingsPanel(QWidget):
    """Edits are compared with the chosen run's settings (or the profile's where there is no run yet)."""

    edited = Signal()
    replay_wanted = Signal()
    run_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._own = services.container.library.folder / "profiles"
        self._job: DetectJob | None = None
        self._chosen_books: set[str] = set()
        self.profile = usable_profile(services.preferences.values.profile, self._own)
        self._first: tuple[str, tuple[str, ...]] = (self.profile, ())
        """Profile and books of a run without a look at this panel."""
        self._is_of_job = False
        self._base: AllSettings = services.container.jobs.effective_settings(self.profile, {})
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(self._head())
        self._stack = QStackedWidget()
        self.forms: dict[StageName, SettingsForm] = {}
        for _stage in ORDER:
            scroll = QScrollArea()
            scroll.setWidgetResizable(True)
            scroll.setFrameShape(QFrame.Shape.NoFrame)
            scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._stack.addWidget(scroll)
        layout.addWidget(self._stack, 1)
        layout.addLayout(self._foot())
        self.choose_stage(StageName.MATCH_BRANDS)
        self.choose_books(())
        services.actions["run.start"].changed.connect(self._name_button)

    def form(self, stage: StageName) -> SettingsForm:
        """The form of a stage, made when it is first needed."""
        if stage not in self.forms:
            form = SettingsForm(stage, self._base[stage], advanced=self._advanced.isChecked())
            form.changed.connect(self._form_changed)
            self.forms[stage] = form
            scroll = self._stack.widget(stage.number)
            assert isinstance(scroll, QScrollArea)
            scroll.setWidget(form)
        return self.forms[stage]

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._stages = ChoiceField()
        self._stages.setAccessibleName(tr("Stage"))
        for stage in ORDER:
            self._stages.addItem(f"{stage.number}  {stage_title(stage)}", str(stage))
        self._stages.currentIndexChanged.connect(lambda index: self.choose_stage(ORDER[index]))
        self._stages.stay_narrow(LETTERS)
        row.addWidget(self._stages, 1)
        self._profiles = ChoiceField()
        self._profiles.setAccessibleName(tr("Profile"))
        self._profiles.setToolTip(tr("Start from a profile's settings"))
        self._fill_profiles()
        self._profiles.activated.connect(self._profile_chosen)
        self._profiles.stay_narrow(LETTERS)
        row.addWidget(self._profiles, 1)
        self._books = QToolButton()
        self._books.setProperty("look", "selector")
        self._books.setAccessibleName(tr("Brand books"))
        self._books.setToolTip(tr("Look only for the brands of these books; none chosen: all brands."))
        self._books.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._books.setMenu(QMenu(self._books))
        self._books.menu().aboutToShow.connect(self._offer_books)
        row.addWidget(self._books)
        self._advanced = QCheckBox(tr("Advanced"))
        self._advanced.toggled.connect(self._show_advanced)
        row.addWidget(self._advanced)
        return row

    @Slot(bool)
    def _show_advanced(self, shown: bool) -> None:
        for form in self.forms.values():
            form.show_advanced(shown)

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._count = ElidedLabel()
        self._count.setProperty("look", "small")
        row.addWidget(self._count, 1)
        self._reset = QPushButton(tr("Reset all"))
        self._reset.clicked.connect(self.reset)
        self._save = QPushButton(tr("Save as profile…"))
        self._save.clicked.connect(self._ask_name)
        self._go = QPushButton()
        self._go.setProperty("look", "primary")
        self._go.clicked.connect(self._pressed)
        for button in (self._reset, self._save, self._go):
            row.addWidget(button)
        return row

    def show_job(self, job: DetectJob | None, source: SourceAsset | None = None) -> None:
        """Compares with another run's settings; edits are left as they are only where it is the same run. Without
        a run the books are those that are usual for the source."""
        if job is not None and self._job is not None and job.id == self._job.id:
            self._job = job
            self._form_changed()
            return
        self._job = job
        usual = usual_books(self._services.container, source) if source is not None else ()
        self.choose_books(job.books if job is not None else usual)
        self._first = usable_profile(self._services.preferences.values.profile, self._own), self.books
        jobs = self._services.container.jobs
        self._base, self._is_of_job = jobs.effective_settings(self.profile, {}), False
        if job is not None:
            # A run may have failed for a setting that can't be; the form then begins with the profile's.
            with suppress(UserFixable):
                self._base, self._is_of_job = jobs.settings_of(job), True
        for stage, form in self.forms.items():
            form.set_base(self._base[stage])
        self._form_changed()

    def choose_stage(self, stage: StageName) -> None:
        self.form(stage)
        self._stages.setCurrentIndex(stage.number)
        self._stack.setCurrentIndex(stage.number)

    @property
    def stage(self) -> StageName:
        return ORDER[self._stages.currentIndex()]

    @property
    def books(self) -> tuple[str, ...]:
        """The brand books that a run is limited to; empty: all brands."""
        return tuple(sorted(self._chosen_books))

    def choose_books(self, books: Iterable[str]) -> None:
        self._chosen_books = set(books)
        self._books.setText(", ".join(self.books) or tr("All books"))
        self._form_changed()

    @Slot()
    def _offer_books(self) -> None:
        menu = self._books.menu()
        menu.clear()
        for name in self._services.container.library.brands.books():
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(name in self._chosen_books)
            action.toggled.connect(partial(self._book_toggled, name))

    def _book_toggled(self, name: str, chosen: bool) -> None:
        self.choose_books(self._chosen_books | {name} if chosen else self._chosen_books - {name})

    def delta(self) -> Overrides:
        """What was edited, by stage."""
        found = {str(stage): form.delta() for stage, form in self.forms.items()}
        return {stage: values for stage, values in found.items() if values}

    @property
    def is_changed(self) -> bool:
        """Whether a run as this panel stands is another one than a run without a look at it."""
        profile, books = self._first
        return bool(self.delta()) or self.books != books or (self._job is None and self.profile != profile)

    def wanted(self) -> tuple[str, Overrides]:
        """Profile and overrides of a new run as the panel stands: with the settings of a run that isn't complete as
        far as they weren't edited."""
        job = self._job
        if job is None or not self._is_of_job or job.status is JobStatus.COMPLETED:
            return self.profile, self.delta()
        name = usable_profile(job.profile_name, self._own)
        return name, changed(self._services.container.jobs.effective_settings(name, {}), self._shown())

    def _shown(self) -> AllSettings:
        """All settings as the panel stands."""
        return {**self._base, **{stage: form.settings() for stage, form in self.forms.items()}}

    def first_edited(self) -> StageName | None:
        """The earliest stage with an edit: where a replay has to start."""
        delta = self.delta()
        return next((stage for stage in ORDER if str(stage) in delta), None)

    def set_values(self, overrides: Overrides) -> None:
        """Puts edits into the forms."""
        for stage, values in overrides.items():
            for key, value in values.items():
                self.form(StageName(stage)).set_value(key, value)

    @Slot()
    def reset(self) -> None:
        for form in self.forms.values():
            form.reset()

    @Slot()
    def _form_changed(self) -> None:
        delta = self.delta()
        count = sum(len(values) for values in delta.values())
        self._count.setText(
            plural(count, tr("{n} setting edited"), tr("{n} settings edited")) if count else ""
        )
        self._reset.setEnabled(count > 0)
        self._name_button()
        with QSignalBlocker(self._stages):
            for stage in ORDER:
                mark = " •" if str(stage) in delta else ""
                self._stages.setItemText(stage.number, f"{stage.number}  {stage_title(stage)}{mark}")
        self.edited.emit()

    @property
    def _is_finished(self) -> bool:
        return self._job is not None and self._job.status is JobStatus.COMPLETED

    @Slot()
    def _name_button(self) -> None:
        """The button does what its key does: a replay of a finished run, else what the key for a run does now."""
        actions = self._services.actions
        if self._is_finished:
            words, key = tr("Run as replay…"), actions.key_text("run.replay")
            self._go.setEnabled(self._services.writable and self.is_changed)
        else:
            start = actions["run.start"]
            words, key = start.text(), actions.key_text("run.start")
            if self._job is None or self._job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
                words += "…" if self.is_changed else ""
            self._go.setEnabled(start.isEnabled())
        self._go.setText(f"{words} ({key})")

    @Slot()
    def _pressed(self) -> None:
        (self.replay_wanted if self._is_finished else self.run_wanted).emit()

    def _fill_profiles(self) -> None:
        self._profiles.clear()
        for name in profile_names(self._own):
            self._profiles.addItem(name.replace("_", " "), name)
        self._profiles.setCurrentIndex(max(0, self._profiles.findData(self.profile)))

    @Slot(int)
    def _profile_chosen(self, index: int) -> None:
        name = str(self._profiles.itemData(index))
        try:
            wanted = self._services.container.jobs.effective_settings(name, {})
        except UserFixable as error:
            self._services.messages.tell_error(tr("Choosing the profile"), error)
            self._profiles.setCurrentIndex(max(0, self._profiles.findData(self.profile)))
            return
        self.profile = name
        if self._job is None:
            self._base = wanted
            for stage, form in self.forms.items():
                form.set_base(wanted[stage])
        else:
            self.set_values(changed(self._base, wanted))
        self._form_changed()

    @Slot()
    def _ask_name(self) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle(tr("Save as profile"))
        dialog.setLabelText(tr("Name of the profile (letters, digits, - and _):"))
        dialog.textValueSelected.connect(self._save_profile)
        dialog.open()

    @Slot(str)
    def _save_profile(self, name: str) -> None:
        jobs = self._services.container.jobs
        try:
            mine = self._shown()
            default = jobs.effective_settings(DEFAULT_PROFILE, {})
            before = profile(DEFAULT_PROFILE, self._own)
            overrides = {stage: dict(values) for stage, values in before.items()}
            for stage, values in changed(default, mine).items():
                overrides.setdefault(stage, {}).update(values)
            save_profile(self._own, name.strip(), overrides)
        except UserFixable as error:
            self._services.messages.tell_error(tr("Saving the profile"), error)
            return
        self.profile = name.strip()
        self._fill_profiles()
        text = tr("The profile {name} is saved.").format(name=self.profile)
        self._services.messages.tell(text, "success", seconds=5)
