"""A push button that stands for an action of the table: its keys, its help, and whether it can be done now."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton

from ui.icons import icon


class ActionButton(QPushButton):
    """`words` are shorter than the action's title where the place makes plain what is meant."""

    def __init__(self, action: QAction, words: str, symbol: str = "", *, primary: bool = False) -> None:
        super().__init__(words)
        self._action = action
        if symbol:
            self.setIcon(icon(symbol))
        if primary:
            self.setProperty("look", "primary")
        self.setAutoDefault(False)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    @Slot()
    def _follow(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())
