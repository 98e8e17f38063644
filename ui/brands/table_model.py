"""The brand table's model: filtered and sorted by itself, so that thousands of brands stay smooth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor

from app.brand_book import BrandRow
from ui.brands.words import origin_words
from ui.text import tr
from ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Only = Literal["", "seen", "unconfirmed", "undecided"]
BRAND, SECONDS, STATE, ALIASES, CATEGORY = 0, 1, 4, 5, 6
"""Columns that are named elsewhere."""
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True, slots=True)
class Column:
    """`value` sorts, `text` is shown. `late`: not known while only the quick figures are there. `letters` of mean width
    are what its words need."""

    title: str
    help: str
    text: Callable[[BrandRow], str]
    value: Callable[[BrandRow], Any]
    numeric: bool = False
    late: bool = False
    letters: int = 10


def columns() -> tuple[Column, ...]:
    return (
        Column(tr("Brand"), tr("The name that is counted."), _name, lambda r: r.name.casefold(), letters=20),
        Column(
            tr("Seconds"), tr("Counted in accepted runs, with decisions."),
            lambda r: f"{r.seconds:,.1f}" if r.seconds else "–", lambda r: r.seconds, True, letters=9,
        ),
        Column(
            tr("Sources"), tr("Accepted runs that show it."),
            lambda r: str(r.sources or "–"), lambda r: r.sources, True, letters=8,
        ),
        Column(
            tr("Undecided"), tr("Appearances that nobody has judged."),
            lambda r: str(r.undecided or "–"), lambda r: r.undecided, True, True, letters=10,
        ),
        Column(
            tr("State"), tr("Unconfirmed brands stay outside the totals."),
            lambda r: tr("confirmed") if r.confirmed else tr("unconfirmed"), lambda r: r.confirmed, letters=12,
        ),
        Column(
            tr("Aliases"), tr("Further spellings that are read as this brand."), _aliases,
            lambda r: len(r.aliases), letters=18,
        ),
        Column(tr("Category"), tr("A word of your own."), lambda r: r.category, lambda r: r.category.casefold()),
        Column(
            tr("From"), tr("Where the brand came from first."), origin_words, lambda r: origin_words(r).casefold(),
        ),
        Column(
            tr("Books"), tr("The lists it stands in; a run can be limited to a list."),
            lambda r: ", ".join(r.books), lambda r: ", ".join(r.books).casefold(),
        ),
    )  # fmt: skip


def _name(row: BrandRow) -> str:
    return f"{row.name}  (+{len(row.merged)})" if row.merged else row.name


def _aliases(row: BrandRow) -> str:
    return f"{len(row.aliases)} · {', '.join(row.aliases)}" if row.aliases else "–"


def _haystack(row: BrandRow) -> str:
    return "\n".join((row.name, row.category, *row.spellings)).casefold()


class BrandModel(QAbstractTableModel):
    """`changing` and `changed` stand round every change of what is shown, so that a view keeps its choice."""

    changing = Signal()
    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.columns = columns()
        self.rows: list[BrandRow] = []
        self.shown: list[BrandRow] = []
        self.quick = True
        self._find: list[str] = []
        self._text = self._book = ""
        self._only: Only = ""
        self._sort, self._order = SECONDS, Qt.SortOrder.DescendingOrder

    def set_rows(self, rows: Sequence[BrandRow], *, quick: bool) -> None:
        self.rows, self.quick = list(rows), quick
        self._find = [_haystack(r) for r in self.rows]
        self._show()

    def set_filter(self, text: str, book: str, only: Only) -> None:
        """`text` by words, all of which have to be in a name, alias or category; `book` '' is any."""
        self._text, self._book, self._only = text, book, only
        self._show()

    def place_of(self, brand_id: str) -> int:
        """Row of a brand, also where it was merged into the one shown; −1 where it is not shown."""
        for number, row in enumerate(self.shown):
            if row.id == brand_id or any(b.id == brand_id for b in row.merged):
                return number
        return -1

    def _show(self) -> None:
        words = self._text.casefold().split()
        wanted = [
            row
            for row, find in zip(self.rows, self._find, strict=True)
            if all(word in find for word in words)
            and (not self._book or row.is_in(self._book))
            and self._passes(row)
        ]
        wanted.sort(key=lambda r: r.name.casefold())
        wanted.sort(key=self.columns[self._sort].value, reverse=self._order == Qt.SortOrder.DescendingOrder)
        self.changing.emit()
        self.beginResetModel()
        self.shown = wanted
        self.endResetModel()
        self.changed.emit()

    def _passes(self, row: BrandRow) -> bool:
        match self._only:
            case "seen":
                return row.occurrences > 0 or row.sources > 0
            case "unconfirmed":
                return not row.confirmed
            case "undecided":
                return row.undecided > 0
        return True

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sort, self._order = max(0, column), order
        self._show()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.help
        if role == Qt.ItemDataRole.TextAlignmentRole and column.numeric:
            return RIGHT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.shown[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return "…" if column.late and self.quick else column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.numeric:
            return RIGHT
        if role == Qt.ItemDataRole.FontRole and column.numeric:
            return self._theme.figures()
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == STATE and not row.confirmed:
            return QColor(self._theme.colours.warning)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() in (BRAND, ALIASES):
            spellings = ", ".join(row.aliases[:40]) + (" …" if len(row.aliases) > 40 else "")
            merged = ", ".join(b.canonical_name for b in row.merged)
            lines = [
                row.name,
                spellings,
                tr("Merged into it: {names}").format(names=merged) if merged else "",
            ]
            return "\n".join(line for line in lines if line)
        return None
