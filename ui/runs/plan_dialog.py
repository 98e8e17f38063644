"""The plan before a run: for each of the eight stages reuse or run, why, and what it costs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from engine.domain.jobs import DetectJob, Overrides
from engine.domain.stages import StageName
from engine.plan import Plan, StagePlan
from ui.dialogs.base import Dialog
from ui.text import duration, plural, tr, usd
from ui.words import action_words, stage_title

_LOOKS = {"reuse": "badge-info", "run": "badge-warn", "run-unless-unchanged": "badge", "skip": "badge"}


class PlanDialog(Dialog):
    """Nothing is started until the person says so."""

    agreed = Signal()

    def __init__(
        self, parent: QWidget, plan: Plan, *, title: str, delta: Overrides, start_words: str
    ) -> None:
        super().__init__(parent, title, edits_in_words(delta), width=820)
        self.resize(820, 460)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(2, 1)
        for column, words in enumerate(
            (tr("Stage"), tr("Plan"), tr("Why"), tr("Parts"), tr("Time"), tr("Cost"))
        ):
            head = QLabel(words)
            head.setProperty("look", "caps")
            head.setAlignment(_side(column))
            grid.addWidget(head, 0, column)
        for row, stage in enumerate(plan.stages, 1):
            self._row(grid, row, stage)
        self.body.addLayout(grid)
        self.body.addStretch()
        total = QHBoxLayout()
        cost = tr("{calls} calls, {usd}").format(calls=f"{plan.calls:,}", usd=usd(plan.usd))
        words = tr("About {time} on this machine · {cost}").format(time=duration(plan.seconds), cost=cost)
        if plan.seconds < 0.1:
            words = tr("Done at once · {cost}").format(cost=cost)
        if plan.store_bytes:
            disk = tr("{size} MB of frames to store").format(size=f"{plan.store_bytes / 1e6:,.0f}")
            words = f"{words} · {disk}"
        label = QLabel(words)
        label.setProperty("look", "heading")
        total.addWidget(label)
        total.addStretch()
        self.body.addLayout(total)
        self.close_button(tr("Cancel"))
        self.start = self.button(start_words, primary=True)
        self.start.clicked.connect(self._agree)
        self.start.setFocus()

    @Slot()
    def _agree(self) -> None:
        self.agreed.emit()
        self.accept()

    def _row(self, grid: QGridLayout, row: int, plan: StagePlan) -> None:
        name = QLabel(f"{plan.stage.number}  {stage_title(plan.stage)}")
        name.setProperty("look", "strong")
        action = QLabel(action_words(plan.action))
        action.setProperty("look", _LOOKS.get(plan.action, "badge"))
        reason = QLabel(plan.reason)
        reason.setWordWrap(True)
        reason.setProperty("look", "muted")
        parts = f"{plan.parts_reused}/{plan.parts_total}" if plan.parts_total else ""
        cost = usd(plan.usd) if plan.usd else ""
        time = duration(plan.seconds) if plan.action != "reuse" else ""
        cells = (name, action, reason, QLabel(parts), QLabel(time), QLabel(cost))
        for column, cell in enumerate(cells):
            cell.setAlignment(_side(column))
            if column == 1:
                grid.addWidget(cell, row, column, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            else:
                grid.addWidget(cell, row, column)


def edits_in_words(delta: Overrides) -> str:
    """`accept → 80, sample_fps → 5`, '' where nothing was edited."""
    edits = [
        f"{stage_title(StageName(stage))}: {key} → {_shown(value)}"
        for stage, values in delta.items()
        for key, value in values.items()
    ]
    return "  ·  ".join(edits)


def settings_delta(job: DetectJob) -> str:
    """What was edited for a run, as one line."""
    edits = [
        f"{key} {_shown(value)}" for values in job.config_overrides.values() for key, value in values.items()
    ]
    return ", ".join(edits) or plural(0, "", tr("no edits"))


def _shown(value: object) -> str:
    """80, not 80.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column >= 3 else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
