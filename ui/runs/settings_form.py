"""Forms made from the stages' settings classes: label, unit, range, help, changed mark, reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)

from engine.domain.errors import UserFixable
from engine.domain.stages import StageName
from engine.settings import FieldInfo, StageSettings, describe
from ui.fields import ChoiceField, NumberField, WholeField
from ui.icons import icon
from ui.looks import set_look
from ui.text import tr
from ui.words import stage_title

BIG = 1_000_000_000
WIDEST = 360
"""Numbers and choices get no wider on wide screens; texts do."""


class SettingsForm(QWidget):
    """The settings of one stage. `base` is what they are compared with: the run's own, or the profile's."""

    changed = Signal()

    def __init__(self, stage: StageName, base: StageSettings, *, advanced: bool = False) -> None:
        super().__init__()
        self.stage = stage
        self._type = type(base)
        self._base = base
        self._fields: dict[str, _Field] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 12)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 100)
        grid.setColumnStretch(4, 1)
        for row, info in enumerate(describe(self._type)):
            field = _Field(info, getattr(base, info.key), self._edited)
            field.place(grid, row)
            field.set_visible(advanced or not info.advanced)
            self._fields[info.key] = field
        grid.setRowStretch(len(self._fields), 1)
        self.setAccessibleName(tr("Settings of {stage}").format(stage=stage_title(stage)))

    def values(self) -> dict[str, Any]:
        """What the form says, by key; may be out of range together (see `settings`)."""
        return {key: field.value() for key, field in self._fields.items()}

    def settings(self) -> StageSettings:
        """The form's settings, checked; raises UserFixable."""
        return self._type(**self.values())

    def delta(self) -> dict[str, Any]:
        """Only what differs from the base."""
        base = self._base.values()
        return {key: value for key, value in self.values().items() if value != base[key]}

    def set_base(self, base: StageSettings) -> None:
        """Compares with, and shows, other settings."""
        self._base = base
        for key, field in self._fields.items():
            field.set_base(getattr(base, key))
        self._edited()

    def set_value(self, key: str, value: Any) -> None:
        self._fields[key].show_value(value)
        self._edited()

    def reset(self) -> None:
        for field in self._fields.values():
            field.reset()

    def show_advanced(self, shown: bool) -> None:
        for field in self._fields.values():
            field.set_visible(shown or not field.info.advanced)

    def _edited(self) -> None:
        problem = ""
        try:
            self.settings()
        except UserFixable as error:
            problem = error.message
        for field in self._fields.values():
            field.mark(problem if problem and f"({field.info.key})" in problem else "")
        self.changed.emit()


class _Field:
    """One setting: its label, its control, its reset."""

    def __init__(self, info: FieldInfo, base: Any, edited: Callable[[], None]) -> None:
        self.info = info
        self._base = base
        self._edited = edited
        self._label = QLabel(f"{info.label} ({info.unit})" if info.unit and info.kind is str else info.label)
        self._control = self._make_control()
        self._label.setBuddy(self._control)
        self._browse: QPushButton | None = None
        if info.file:
            self._browse = QPushButton(tr("Choose…"))
            self._browse.clicked.connect(self._choose_file)
        tip = self._tip()
        self._label.setToolTip(tip)
        self._control.setToolTip(tip)
        self._control.setAccessibleName(info.label)
        self._control.setAccessibleDescription(info.help)
        self._kind = QLabel(tr("re-infers") if info.hard and info.affects_output else "")
        self._kind.setProperty("look", "badge-warn")
        self._kind.setToolTip(tr("Changing this needs new inference; the plan says how much."))
        self._kind.setVisible(bool(self._kind.text()))
        self._reset = QToolButton()
        self._reset.setIcon(icon("reset"))
        self._reset.setAccessibleName(tr("Reset {name}").format(name=info.label))
        self._reset.clicked.connect(self.reset)
        self.show_value(base)
        self.mark("")

    def _tip(self) -> str:
        limits = ""
        if self.info.low is not None and self.info.high is not None:
            limits = f"\n{self.info.low:g} – {self.info.high:g} {self.info.unit}".rstrip()
        return f"{self.info.help}{limits}"

    def _make_control(self) -> QWidget:
        info = self.info
        if info.kind is bool:
            box = QCheckBox()
            box.toggled.connect(lambda _: self._edited())
            return box
        if info.choices:
            combo = ChoiceField()
            for choice in info.choices:
                combo.addItem(choice.replace("_", " ") if choice else tr("none"), choice)
            combo.currentIndexChanged.connect(lambda _: self._edited())
            combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            return combo
        if info.kind is int:
            whole = WholeField()
            whole.setRange(int(info.low if info.low is not None else -BIG), int(info.high or BIG))
            whole.setSuffix(f" {info.unit}" if info.unit else "")
            whole.setGroupSeparatorShown(True)
            whole.valueChanged.connect(lambda _: self._edited())
            return whole
        if info.kind is float:
            number = NumberField()
            low, high = (
                info.low if info.low is not None else -BIG,
                info.high if info.high is not None else BIG,
            )
            number.setRange(low, high)
            number.setDecimals(3 if high <= 2 else 2)
            number.setSingleStep(0.05 if high <= 2 else 0.5 if high <= 30 else 1)
            number.setSuffix(f" {info.unit}" if info.unit else "")
            number.valueChanged.connect(lambda _: self._edited())
            return number
        line = QLineEdit()
        line.setPlaceholderText(tr("none"))
        line.textEdited.connect(lambda _: self._edited())
        return line

    def place(self, grid: QGridLayout, row: int) -> None:
        """Reset and mark stand right beside the control, also where a number leaves most of the row free."""
        grid.addWidget(self._label, row, 0)
        if isinstance(self._control, QLineEdit):
            whole = QHBoxLayout()
            whole.setSpacing(grid.horizontalSpacing())
            whole.addWidget(self._control, 1)
            for part in (self._browse, self._reset, self._kind):
                if part is not None:
                    whole.addWidget(part)
            grid.addLayout(whole, row, 1, 1, 4)
            return
        self._control.setMaximumWidth(WIDEST)
        grid.addWidget(self._control, row, 1)
        grid.addWidget(self._reset, row, 2)
        grid.addWidget(self._kind, row, 3)

    def set_visible(self, shown: bool) -> None:
        parts: list[QWidget | None] = [self._label, self._control, self._browse]
        for widget in parts:
            if widget is not None:
                widget.setVisible(shown)
        self._kind.setVisible(shown and bool(self._kind.text()))
        self._shown = shown
        self._reset.setVisible(shown and self.value() != self._base)

    def value(self) -> Any:
        control = self._control
        if isinstance(control, QCheckBox):
            return control.isChecked()
        if isinstance(control, QComboBox):
            return control.currentData()
        if isinstance(control, QSpinBox):
            return control.value()
        if isinstance(control, QDoubleSpinBox):
            shown = round(control.value(), control.decimals())
            exact = float(self._base) if isinstance(self._base, int | float) else shown
            return exact if round(exact, control.decimals()) == shown else shown
        assert isinstance(control, QLineEdit)
        return control.text()

    def show_value(self, value: Any) -> None:
        control = self._control
        control.blockSignals(True)
        if isinstance(control, QCheckBox):
            control.setChecked(bool(value))
        elif isinstance(control, QComboBox):
            control.setCurrentIndex(max(0, control.findData(value)))
        elif isinstance(control, QSpinBox | QDoubleSpinBox):
            control.setValue(value)
        elif isinstance(control, QLineEdit):
            control.setText(str(value))
        control.blockSignals(False)

    def set_base(self, base: Any) -> None:
        self._base = base
        self.show_value(base)
        self.mark("")

    def reset(self) -> None:
        self.show_value(self._base)
        self.mark("")
        self._edited()

    def mark(self, problem: str) -> None:
        """Shows whether the value differs from the base, or why it can't be."""
        differs = self.value() != self._base
        look = "wrong" if problem else "changed" if differs else ""
        set_look(self._control, look)
        set_look(self._label, "strong" if differs else "")
        self._control.setToolTip(problem or self._tip())
        self._reset.setVisible(differs and getattr(self, "_shown", True))
        self._reset.setToolTip(tr("Back to {value}").format(value=self._base))

    def _choose_file(self) -> None:
        dialog = QFileDialog(self._control, self.info.label)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._chosen_file)
        dialog.open()

    def _chosen_file(self, name: str) -> None:
        self.show_value(name)
        self._edited()
