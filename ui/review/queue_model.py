"""The queue as a list model over frozen rows; 20,000 rows cost nothing until they are painted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ui.review.scene import Pending
from ui.review.words import flag_words, row_title, state_words
from ui.text import duration, tr

if TYPE_CHECKING:
    from app.review_rows import QueueRow
    from ui.review.snapshot import Snapshot

ROW = Qt.ItemDataRole.UserRole + 1
PENDING = Qt.ItemDataRole.UserRole + 2
TRIED = Qt.ItemDataRole.UserRole + 3
_NOWHERE = QModelIndex()


class QueueModel(QAbstractListModel):
    """Rows of the snapshot, decisions on their way, and what a threshold preview says of them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[QueueRow, ...] = ()
        self._keys: tuple[str, ...] = ()
        self._place: Mapping[str, int] = {}
        self._pending: Mapping[str, Pending] = {}
        self._tried: Mapping[str, str] = {}

    def show(self, snapshot: Snapshot | None) -> bool:
        """Takes another snapshot; True where the rows are others than before (then selections are lost)."""
        rows = snapshot.rows if snapshot is not None else ()
        place = snapshot.place if snapshot is not None else {}
        keys = snapshot.keys if snapshot is not None else ()
        same = keys == self._keys
        if not same:
            self.beginResetModel()
        before = self._rows
        self._rows, self._keys, self._place = rows, keys, place
        if not same:
            self.endResetModel()
        else:
            for number, (row, then) in enumerate(zip(rows, before, strict=True)):
                if row is not then:
                    self.dataChanged.emit(self.index(number), self.index(number))
        return not same

    def show_pending(self, pending: Mapping[str, Pending]) -> None:
        """Decisions that aren't stored yet."""
        touched = {self._place[k] for k in {*self._pending, *pending} if k in self._place}
        self._pending = dict(pending)
        for number in touched:
            self.dataChanged.emit(self.index(number), self.index(number))

    def show_tried(self, verdicts: Mapping[str, str]) -> None:
        """Verdicts under other thresholds by appearance, where they differ."""
        self._tried = verdicts
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def row(self, index: QModelIndex | QPersistentModelIndex) -> QueueRow | None:
        number = index.row()
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def index_of(self, key: str) -> QModelIndex:
        """Where the row that holds an appearance is; invalid where it isn't in the list."""
        number = self._place.get(key)
        return self.index(number) if number is not None else QModelIndex()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        row = self.row(index)
        if row is None:
            return None
        if role == ROW:
            return row
        if role == PENDING:
            return self._pending.get(row.key)
        if role == TRIED:
            return self._tried.get(row.key, "")
        if role == Qt.ItemDataRole.DisplayRole:
            return row_title(row)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self._words(row, "\n" if role == Qt.ItemDataRole.ToolTipRole else ", ")
        return None

    def _words(self, row: QueueRow, between: str) -> str:
        wait = self._pending.get(row.key)
        state = state_words(wait.state if wait is not None else str(row.state))
        parts = [row_title(row), state, tr("{time} on screen").format(time=duration(row.seconds))]
        if row.text and row.brand_name:
            parts.append(tr("reads “{text}”").format(text=row.text))
        if len(row.keys) > 1:
            parts.append(tr("{n} look-alikes").format(n=len(row.keys)))
        parts += [flag_words(str(f)) for f in sorted(row.flags)]
        if row.reason:
            parts.append(row.reason)
        return between.join(parts)
