"""The brand table's view: keeps choice and place while rows change; letters are commands, not a search."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

from app.brand_book import BrandRow
from ui.brands.table_model import ALIASES, CATEGORY, SECONDS, BrandModel
from ui.tables import show_rows
from ui.text import tr
from ui.theme import Theme

CATEGORY_LETTERS = 24
"""As wide as the longest category of the starter book."""
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
        header = self.horizontalHeader()
        metrics = QFontMetricsF(self._theme.font())
        for number, column in enumerate(self.brands.columns):
            if self._shown.get(number, header.sectionSize(number)) == header.sectionSize(number):
                self._given[number] = ceil(metrics.averageCharWidth() * column.letters) + PADDING
                self._resize(number, self._given[number])
        self._share_room()

    def _resize(self, column: int, width: int) -> None:
        self.horizontalHeader().resizeSection(column, width)
        self._shown[column] = width

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """What room is left goes to the category, as far as its words need it, and to the aliases, unless a person
        has chosen their widths."""
        header = self.horizontalHeader()
        if any(header.sectionSize(column) != self._shown[column] for column in (ALIASES, CATEGORY)):
            return
        room = self.viewport().width() - header.length() + self._shown[ALIASES] + self._shown[CATEGORY]
        aliases, category = self._given[ALIASES], self._given[CATEGORY]
        wide = ceil(QFontMetricsF(self._theme.font()).averageCharWidth() * CATEGORY_LETTERS) + PADDING
        category += min(max(0, room - aliases - category) // 2, wide - category)
        self._resize(ALIASES, max(aliases, room - category))
        self._resize(CATEGORY, category)

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
