"""The brand table's view: keeps choice and place while rows change; letters are commands, not a search."""

from __future__ import annotations

from itertools import accumulate
from math import ceil

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

from app.brand_book import BrandRow
from ui.brands.table_model import ALIASES, BRAND, CATEGORY, SECONDS, STATE, BrandModel
from ui.tables import show_rows
from ui.text import tr
from ui.theme import Theme

CATEGORY_LETTERS = 24
"""As wide as the longest category of the starter book."""
LEAST_NAME = 12
LEAST_ALIASES = 10
"""Letters: with less room the names are no longer made narrower, and aliases are not shown beside the rest."""
PADDING = 16
"""Pixels of a cell beside its words."""


class BrandTable(QTableView):
    """`chosen` carries the chosen rows; `wanted` the one that was entered with Enter or a double click."""

    chosen = Signal(object)
    wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.brands = BrandModel(theme)
        self.setModel(self.brands)
        self.setProperty("reviewKeys", True)
        self.setAccessibleName(tr("Brands"))
        show_rows(self)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.verticalHeader().setDefaultSectionSize(30)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionsMovable(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setSortingEnabled(True)
        self._kept: tuple[str, list[str], int] = ("", [], 0)
        self._quiet = False
        self._given: dict[int, int] = {}
        self._shown: dict[int, int] = {}
        self._give_room()
        theme.changed.connect(self._give_room)
        self.sortByColumn(SECONDS, Qt.SortOrder.DescendingOrder)
        self.brands.changing.connect(self._keep)
        self.brands.changed.connect(self._restore)
        self.selectionModel().selectionChanged.connect(lambda *_: self._tell())
        self.doubleClicked.connect(lambda index: self.wanted.emit(self.brands.shown[index.row()]))

    def rows(self) -> list[BrandRow]:
        """The chosen brands, the one under the cursor first."""
        numbers = sorted(index.row() for index in self.selectionModel().selectedRows())
        now = self.currentIndex().row()
        numbers.sort(key=lambda n: n != now)
        return [self.brands.shown[n] for n in numbers]

    def choose(self, brand_id: str) -> bool:
        """Goes to one brand, whatever keys are still down (Ctrl+Z led here); False where it is not shown."""
        place = self.brands.place_of(brand_id)
        if place < 0:
            return False
        index, flags = self.brands.index(place, 0), QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)
        return True

    def _give_room(self) -> None:
        """Each column gets what its words and its title need in the size of text of now, but one whose width a person
        chose."""
        for number, column in enumerate(self.brands.columns):
            if not self._is_chosen(number):
                self._given[number] = self._room_for(column.letters)
                self._resize(number, self._given[number])
        self._share_room()

    def _room_for(self, letters: int) -> int:
        return ceil(QFontMetricsF(self._theme.font()).averageCharWidth() * letters) + PADDING

    def _is_chosen(self, column: int) -> bool:
        """Whether a person chose this column's width."""
        width = self.horizontalHeader().sectionSize(column)
        return self._shown.get(column, width) != width

    def _resize(self, column: int, width: int) -> None:
        if not self._is_chosen(column):
            self.horizontalHeader().resizeSection(column, width)
            self._shown[column] = width

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """The columns that are seen end where the table does, as far as those can yield or grow whose widths nobody
        chose. Where all have room the category grows as far as its words need it, then the aliases. Else the aliases
        give way, or, where they have no room at all, the names: down to the state a row is seen without scrolling."""
        header = self.horizontalHeader()
        room = self.viewport().width()
        order = [header.logicalIndex(place) for place in range(header.count())]
        width = {c: header.sectionSize(c) if self._is_chosen(c) else self._given[c] for c in order}
        ends = dict(zip(order, accumulate(width[c] for c in order), strict=True))
        before_aliases = ends[ALIASES] - width[ALIASES]
        if ends[order[-1]] <= room:
            left = room - ends[order[-1]]
            more = min(left // 2, max(0, self._room_for(CATEGORY_LETTERS) - width[CATEGORY]))
            width[CATEGORY] += more
            width[ALIASES] += left - more
        elif ends[ALIASES] <= room:
            width[ALIASES] += room - max(end for end in ends.values() if end <= room)
        elif room - before_aliases >= self._room_for(LEAST_ALIASES):
            width[ALIASES] = room - before_aliases
        else:
            seen = max(ends[STATE], *(end for end in ends.values() if end <= room), 0)
            width[BRAND] = max(self._room_for(LEAST_NAME), width[BRAND] + room - seen)
        for column in (BRAND, ALIASES, CATEGORY):
            self._resize(column, width[column])

    def _tell(self) -> None:
        if not self._quiet:
            self.chosen.emit(self.rows())

    def _keep(self) -> None:
        chosen = self.rows()
        now = self.currentIndex().row()
        current = self.brands.shown[now].id if 0 <= now < len(self.brands.shown) else ""
        self._kept = current, [row.id for row in chosen], self.verticalScrollBar().value()
        self._quiet = True

    def _restore(self) -> None:
        current, ids, scrolled = self._kept
        model, flags = self.selectionModel(), QItemSelectionModel.SelectionFlag
        places = [p for p in map(self.brands.place_of, ids) if p >= 0]
        place = self.brands.place_of(current) if current else -1
        if place < 0:
            place = places[0] if places else (0 if self.brands.shown else -1)
        if not places and place >= 0:
            places = [place]
        for number in places:
            model.select(self.brands.index(number, 0), flags.Select | flags.Rows)
        if place >= 0:
            model.setCurrentIndex(self.brands.index(place, 0), flags.NoUpdate)
        self.verticalScrollBar().setValue(scrolled)
        self._quiet = False
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QApplication.clipboard().setText("\n".join(row.name for row in self.rows()))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            rows = self.rows()
            if rows:
                self.wanted.emit(rows[0])
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here; the filter field searches."""
