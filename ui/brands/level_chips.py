"""The levels at which spellings are clustered, from strict to lax, as chips of which one is chosen."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QLabel, QToolButton, QWidget

from engine.clustering import LEVELS, Level
from ui.brands.words import level_help, level_words
from ui.text import tr

FIRST = 1
"""Number of the level that is chosen at first."""


class LevelChips(QWidget):
    """`changed` after another level was chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        label = QLabel(tr("Strict to lax:"))
        label.setProperty("look", "muted")
        row.addWidget(label)
        for number, level in enumerate(LEVELS):
            chip = QToolButton()
            chip.setText(level_words(level))
            chip.setToolTip(f"{level_words(level)}\n{level_help(level)}")
            chip.setProperty("look", "chip")
            chip.setCheckable(True)
            chip.setChecked(number == FIRST)
            chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self._group.addButton(chip, number)
            row.addWidget(chip)
        self._group.idToggled.connect(lambda _id, on: self.changed.emit() if on else None)

    @property
    def level(self) -> Level:
        return LEVELS[self._group.checkedId()]

    @property
    def chosen(self) -> QAbstractButton:
        """The chip of the level."""
        return self._group.button(self._group.checkedId())

    def choose(self, number: int) -> None:
        """The level of this number, 0 the strictest."""
        self._group.button(number).click()

    def laxer(self) -> None:
        """The next laxer level, if there is one; its chip takes the keys."""
        self.choose(min(self._group.checkedId() + 1, len(LEVELS) - 1))
        self.chosen.setFocus(Qt.FocusReason.OtherFocusReason)
