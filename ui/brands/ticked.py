"""What lists with a tick box in front of each row share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class Ticked(QAbstractTableModel):
    """Rows whose first column has a tick box. `ticked` comes after every change of ticks."""

    ticked = Signal()

    def __init__(self, theme: Theme, heads: Sequence[str]) -> None:
        super().__init__()
        self.theme = theme
        self._heads = tuple(heads)

    def is_ticked(self, row: int) -> bool:
        raise NotImplementedError

    def set_ticked(self, row: int, on: bool) -> None:
        raise NotImplementedError

    def cell(self, row: int, column: int) -> str:
        raise NotImplementedError

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and self.is_number(section):
            return RIGHT
        return None

    def is_number(self, column: int) -> bool:
        return column > 0

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.cell(row, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == 0:
            return Qt.CheckState.Checked if self.is_ticked(row) else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.TextAlignmentRole and self.is_number(column):
            return RIGHT
        if role == Qt.ItemDataRole.FontRole and self.is_number(column):
            return self.theme.figures()
        return None

    def tick(self, rows: Collection[int], on: bool) -> None:
        """Ticks rows, or takes their ticks away, as one change."""
        for row in rows:
            self.set_ticked(row, on)
        if rows:
            roles = [Qt.ItemDataRole.CheckStateRole]
            self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), 0), roles)
            self.ticked.emit()

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != 0:
            return False
        self.tick((index.row(),), Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else flags
