"""The exposure table: one row a brand, sortable, captions and unconfirmed brands in sections of their own."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QHeaderView, QTableView

from app.report import COLUMNS, ReportColumn, place_of
from engine.domain.figures import BrandExposure, ExposureFigures
from ui.tables import share_width, show_rows
from ui.text import tr
from ui.theme import Theme

SORT = Qt.ItemDataRole.UserRole
BRAND_WIDTH = 240
"""Pixels that the brand's name has at least."""
Index = QModelIndex | QPersistentModelIndex


def columns(figures: ExposureFigures) -> list[ReportColumn]:
    """The report's columns; estimates in money and reach only where what they need was given."""
    kinds = {"counted": "", "caption": tr("caption"), "model": tr("unconfirmed")}
    counts = ReportColumn(
        "column",
        tr("Counts as"),
        tr("Captions and unconfirmed brands stand outside the totals."),
        lambda b: kinds.get(b.column, b.column),
        lambda b: b.column,
        False,
    )
    found = [
        column
        for column in COLUMNS
        if column.key not in ("media", "impressions") or any(column.text(b) for b in figures.brands)
    ]
    if any(b.column != "counted" for b in figures.brands):
        found.insert(1, counts)
    return found


class ExposureModel(QAbstractTableModel):
    """Brands of one set of figures."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._columns: list[ReportColumn] = list(COLUMNS)
        self.brands: tuple[BrandExposure, ...] = ()

    @property
    def keys(self) -> list[str]:
        """The shown columns' keys."""
        return [column.key for column in self._columns]

    def show_figures(self, figures: ExposureFigures) -> None:
        self.beginResetModel()
        self.brands = figures.brands
        self._columns = columns(figures)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.brands)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.help or column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        brand, column = self.brands[index.row()], self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(brand)
        if role == SORT:
            return column.value(brand)
        if role == Qt.ItemDataRole.ToolTipRole and not column.numeric:
            return column.text(brand)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.numeric:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.FontRole and column.numeric:
            return self._theme.figures()
        return None


class ExposureTable(QTableView):
    """Copies the selected rows with Ctrl+C as tab-separated text."""

    brand_chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.figures_model = ExposureModel(theme)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self.figures_model)
        self._proxy.setSortRole(SORT)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModel(self._proxy)
        self.setSortingEnabled(True)
        self.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        self.setAccessibleName(tr("Exposure of each brand"))
        show_rows(self)
        self.setAlternatingRowColors(True)
        self.verticalHeader().setDefaultSectionSize(30)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.selectionModel().selectionChanged.connect(lambda *_: self.brand_chosen.emit(self.chosen()))

    def show_figures(self, figures: ExposureFigures) -> None:
        """Shows other figures; what was chosen stays chosen, and the column that they are sorted by as well."""
        model, header = self.figures_model, self.horizontalHeader()
        chosen = {place_of(b) for b in self._selected()}
        current = self.currentIndex()
        at = place_of(self._brand_at(current)) if current.isValid() else None
        sorted_by, order = model.keys[header.sortIndicatorSection()], header.sortIndicatorOrder()
        with QSignalBlocker(self.selectionModel()):
            model.show_figures(figures)
            self.sortByColumn(model.keys.index(sorted_by) if sorted_by in model.keys else 1, order)
            share_width(self, BRAND_WIDTH)
            flags = QItemSelectionModel.SelectionFlag
            for row in range(self._proxy.rowCount()):
                index = self._proxy.index(row, 0)
                place = place_of(self._brand_at(index))
                if place == at:
                    self.selectionModel().setCurrentIndex(index, flags.NoUpdate)
                if place in chosen:
                    self.selectionModel().select(index, flags.Select | flags.Rows)
        self.viewport().update()
        self.brand_chosen.emit(self.chosen())

    def _selected(self) -> list[BrandExposure]:
        return [self._brand_at(index) for index in self.selectionModel().selectedRows()]

    def _brand_at(self, index: QModelIndex) -> BrandExposure:
        return self.figures_model.brands[self._proxy.mapToSource(index).row()]

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        share_width(self, BRAND_WIDTH)

    def search(self, text: str) -> None:
        self._proxy.setFilterFixedString(text)

    def chosen(self) -> BrandExposure | None:
        """The selected brand, None where there is none or several."""
        chosen = self._selected()
        return chosen[0] if len(chosen) == 1 else None

    def keyPressEvent(self, event: Any) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _copy(self) -> None:
        count = self._proxy.columnCount()
        heads = [str(self._proxy.headerData(c, Qt.Orientation.Horizontal)) for c in range(count)]
        lines = ["\t".join(heads)]
        for row in sorted(index.row() for index in self.selectionModel().selectedRows()):
            lines.append("\t".join(str(self._proxy.index(row, c).data()) for c in range(count)))
        QApplication.clipboard().setText("\n".join(lines))
