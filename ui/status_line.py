"""The status bar: when it was saved last, progress, provider, cloud money, items that failed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar, QWidget

from engine.domain.jobs import DetectJob
from engine.domain.stages import StageName
from engine.events import ItemFailed, StageProgress
from ui.text import duration, plural, progress, short, tr, usd
from ui.words import stage_title

if TYPE_CHECKING:
    from app.model_answers import ModelUse


class StatusLine(QStatusBar):
    """One line that says that nothing needs saving, and how things stand."""

    failures_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._saved = self._label(tr("Everything is saved as you go"))
        self._run = self._label("")
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(160)
        self._bar.setAccessibleName(tr("Progress of the run"))
        self._provider = self._label("")
        self._memory = self._label("")
        self._memory.setToolTip(tr("Models answered this in an earlier run: nothing was sent or paid again."))
        self._cloud = self._label("")
        self._failed = QPushButton()
        self._failed.setProperty("look", "link")
        self._failed.clicked.connect(self.failures_wanted)
        self.addWidget(self._saved)
        self.addWidget(self._run)
        self.addWidget(self._bar)
        for widget in (self._provider, self._memory, self._cloud, self._failed):
            self.addPermanentWidget(widget)
        self._items: list[ItemFailed] = []
        self._going = self._others = False
        self.show_job(None)

    def _label(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setContentsMargins(8, 0, 8, 0)
        return label

    @property
    def words(self) -> str:
        """What the line says of a run that is going, '' where none is."""
        return self._run.text() if self._run.isVisible() else ""

    @property
    def failures(self) -> tuple[ItemFailed, ...]:
        return tuple(self._items)

    @Slot()
    def saved_now(self) -> None:
        """A decision was stored just now."""
        self._saved.setText(tr("saved {time}").format(time=f"{datetime.now().astimezone():%H:%M:%S}"))

    def read_only(self) -> None:
        self._saved.setText(tr("open for reading only"))

    def show_job(self, job: DetectJob | None, *, others: bool = False) -> None:
        """Another run was chosen, or its state is new. `others`: a run that isn't shown may be going."""
        going = job is not None and job.status == "running"
        if self._going != going or not (going or others):
            self._run.clear()
        self._going, self._others = going, others and not going
        there = going or (self._others and bool(self._run.text()))
        self._bar.setVisible(there)
        self._run.setVisible(there)
        self._cloud.setVisible(job is not None)
        if job is None:
            self.show_use(None)
            self._items.clear()
        else:
            cloud = job.settings.get(str(StageName.ESCALATE_CLOUD), {})
            self._show_spent(job.estimated_cost_usd, float(cloud.get("budget_usd", 0.0)))
        if going and job is not None:
            self._bar.setValue(round(job.progress * 1000))
        self._show_failed()

    def _show_spent(self, spent: float, budget: float) -> None:
        words = tr("cloud {spent} of {budget}").format(spent=usd(spent), budget=usd(budget))
        self._cloud.setText(words if budget > 0 or spent > 0 else tr("cloud off"))

    def show_use(self, use: ModelUse | None) -> None:
        """What asking models took in the shown run so far, and what memory saved."""
        self._memory.setVisible(use is not None and use.reused > 0)
        self._cloud.setToolTip("")
        if use is None:
            return
        self._show_spent(use.spent_usd, use.budget_usd)
        words = tr("Questions in this run: {local} to the local model, {cloud} to the cloud.")
        self._cloud.setToolTip(words.format(local=use.local_calls, cloud=use.cloud_calls))
        self._memory.setText(
            plural(use.reused, tr("{n} answer saved by memory"), tr("{n} answers saved by memory"))
        )

    def show_progress(self, latest: StageProgress, *, of: str = "") -> None:
        """Progress of the shown run, or of another one of the video `of`; what is reported late, of a run that has
        ended, is not shown any more."""
        if not (self._others if of else self._going):
            return
        self._bar.setVisible(True)
        self._run.setVisible(True)
        self._bar.setValue(round(latest.overall * 1000))
        text = f"{stage_title(latest.stage)} · {progress(latest.overall)}"
        if latest.seconds_left is not None:
            text += " · " + tr("{time} left").format(time=duration(latest.seconds_left))
        self._run.setText(f"{short(of, 32)}: {text}" if of else text)

    def show_provider(self, provider: str) -> None:
        """Where inference runs: a provider's name of onnxruntime, or OpenVINO; '' while that is being found out."""
        words = {
            "CPUExecutionProvider": ("CPU", tr("Models run on the processor, with ONNX Runtime.")),
            "OpenVINO": ("OpenVINO", tr("Models run on the processor, with OpenVINO.")),
            "CUDAExecutionProvider": ("CUDA", tr("Models run on the NVIDIA GPU.")),
            "": ("…", tr("Where models run on this machine is being found out.")),
        }
        self._say_provider(*words.get(provider, (provider.removesuffix("ExecutionProvider"), "")))

    def miss_provider(self) -> None:
        """It could not be found out where inference runs."""
        self._say_provider(tr("unknown"), tr("`sponsight doctor` tells what is missing."))

    def _say_provider(self, name: str, tip: str) -> None:
        self._provider.setText(tr("provider {name}").format(name=name))
        self._provider.setToolTip(tip)

    def add_failures(self, items: tuple[ItemFailed, ...]) -> None:
        self._items.extend(items)
        self._show_failed()

    def clear_failures(self) -> None:
        self._items.clear()
        self._show_failed()

    def _show_failed(self) -> None:
        count = len(self._items)
        words = plural(count, tr("{n} item failed (show)"), tr("{n} items failed (show)"))
        self._failed.setText(words)
        self._failed.setVisible(count > 0)
