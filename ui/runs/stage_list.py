"""The eight stages of a run: state, reused or computed and why, progress, rate, time left."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from engine.domain.stages import ORDER, StageName
from ui.elided import ElidedLabel
from ui.icons import icon
from ui.runs.stage_states import StageState, StageStates
from ui.text import duration, plural, tr
from ui.theme import Theme
from ui.words import outcome_icon, outcome_words, stage_title

ICON_SIDE = 16
LOWEST, BORDER = 23, 2
OUTCOMES = ("reused", "ran", "skipped", "failed", "running", "paused", "stopped", "waiting")


class StageList(QScrollArea):
    """Rows can be chosen: a replay starts from the chosen stage."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(tr("Stages"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 2, 6, 2)
        column.setSpacing(0)
        self._rows = {stage: _Row(stage, theme) for stage in ORDER}
        for stage, row in self._rows.items():
            column.addWidget(row)
            row.pressed.connect(lambda s=stage: self.choose(s))
            row.moved.connect(lambda by, s=stage: self._move(s, by))
        column.addStretch()
        self.setWidget(inside)
        self.stage = StageName.MATCH_BRANDS
        self.choose(self.stage)
        theme.changed.connect(self._retint)
        self._states = StageStates()
        self._measure()

    def show_states(self, states: StageStates) -> None:
        self._states = states
        for stage, row in self._rows.items():
            row.show_state(states.rows[stage])

    def choose(self, stage: StageName) -> None:
        self.stage = stage
        for each, row in self._rows.items():
            row.set_chosen(each == stage)
        self.chosen.emit(str(stage))

    def _move(self, stage: StageName, by: int) -> None:
        wanted = ORDER[max(0, min(stage.number + by, len(ORDER) - 1))]
        self._rows[wanted].setFocus()
        self.choose(wanted)

    def _retint(self) -> None:
        self._measure()
        self.show_states(self._states)

    def _measure(self) -> None:
        """Columns as wide as their longest words, in the person's text size."""
        rows = self._rows.values()
        widths = [max(row.needed()[column] for row in rows) for column in (0, 1)]
        for row in rows:
            row.set_widths(*widths)


class _Row(QFrame):
    pressed = Signal()
    moved = Signal(int)

    def __init__(self, stage: StageName, theme: Theme) -> None:
        super().__init__()
        self._stage = stage
        self._theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setObjectName("stageRow")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 8, 0)
        row.setSpacing(10)
        self._icon = QLabel()
        self._icon.setFixedWidth(ICON_SIDE + 2)
        self._name = QLabel(f"{stage.number}  {stage_title(stage)}")
        self._name.setProperty("look", "strong")
        self._outcome = QLabel()
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setMinimumWidth(60)
        self._bar.setAccessibleName(tr("Progress of {stage}").format(stage=stage_title(stage)))
        self._pace = QLabel()
        self._pace.setProperty("look", "small")
        self._pace.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._reason = ElidedLabel()
        self._reason.setProperty("look", "small")
        for widget, stretch in (
            (self._icon, 0),
            (self._name, 0),
            (self._outcome, 0),
            (self._bar, 2),
            (self._reason, 3),
            (self._pace, 0),
        ):
            row.addWidget(widget, stretch)
        self.setMinimumHeight(LOWEST)
        self._chosen = False
        self.show_state(StageState(stage))

    def show_state(self, state: StageState) -> None:
        c = self._theme.colours
        tints = {
            "reused": c.accent,
            "ran": c.success,
            "failed": c.danger,
            "skipped": c.faint,
            "running": c.accent,
        }
        name = icon(outcome_icon(state.outcome), tints.get(state.outcome, c.faint))
        self._icon.setPixmap(name.pixmap(ICON_SIDE, ICON_SIDE))
        self._outcome.setText(outcome_words(state.outcome))
        self._bar.setValue(round(state.share * 1000))
        self._bar.setVisible(state.outcome in ("running", "paused", "stopped"))
        words = []
        if state.rate > 0 and state.outcome == "running":
            words.append(tr("{rate} /s").format(rate=f"{state.rate:.1f}"))
        if state.seconds_left is not None and state.outcome == "running":
            words.append(tr("{time} left").format(time=duration(state.seconds_left)))
        self._pace.setText(" · ".join(words))
        parts = []
        if state.reused:
            parts.append(plural(state.reused, tr("{n} part reused"), tr("{n} parts reused")))
        if state.computed and state.outcome != "skipped":
            parts.append(plural(state.computed, tr("{n} computed"), tr("{n} computed")))
        said = "" if state.reason in ("computed", "reused") else state.reason
        reason = " · ".join(words for words in (", ".join(parts), said) if words)
        self._reason.setText(reason)
        self._reason.setToolTip(reason)
        self.setAccessibleName(f"{stage_title(self._stage)}: {self._outcome.text()} {reason}")

    def needed(self) -> tuple[int, int]:
        """Pixels that the name and the longest word for an outcome take."""
        self._name.ensurePolished()
        self._outcome.ensurePolished()
        words = self._outcome.fontMetrics()
        longest = max(words.horizontalAdvance(outcome_words(outcome)) for outcome in OUTCOMES)
        return self._name.sizeHint().width(), longest + 2

    def set_widths(self, name: int, outcome: int) -> None:
        self._name.setFixedWidth(name)
        self._outcome.setFixedWidth(outcome)
        self.setMinimumHeight(max(LOWEST, self._name.sizeHint().height() + 2 * BORDER))

    def set_chosen(self, chosen: bool) -> None:
        self._chosen = chosen
        self.setProperty("chosen", chosen)
        self.style().unpolish(self)
        self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        key = Qt.Key(event.key())
        if key in moves:
            self.moved.emit(moves[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)
