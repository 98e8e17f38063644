"""The price table: USD for a million tokens of the chosen model and of all that people entered, with its date."""

from __future__ import annotations

import contextlib

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from app.models_service import ModelsService
from engine.domain.errors import SponsightError
from ui.text import tr

_NUMBERS = (1, 2)


class PriceTable(QTableWidget):
    """Editing a number enters a price of one's own; emptying it goes back to the price list."""

    def __init__(self, models: ModelsService, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self._models = models
        self._filling = False
        self._current = ("", "", "")
        self.setHorizontalHeaderLabels([tr("Model"), tr("Input"), tr("Output"), tr("From")])
        self.verticalHeader().hide()
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2, 3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.setAccessibleName(tr("Prices in USD for a million tokens"))
        self.setFixedHeight(136)
        self.itemChanged.connect(self._edited)

    def show_prices(self, provider: str, model: str, endpoint: str) -> None:
        """The chosen model first, then the entries of one's own."""
        self._current = (provider, model, endpoint)
        names = [f"{provider}/{model}"] if provider and model else []
        names += [name for name in sorted(self._models.own_prices()) if name not in names]
        self._filling = True
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            owner, _, which = name.partition("/")
            price = self._models.price(owner, which, endpoint)
            words = [name, "", "", tr("not known: nothing is asked")]
            if price is not None:
                words = [name, f"{price.input_usd:g}", f"{price.output_usd:g}", price.source]
            for column, text in enumerate(words):
                item = QTableWidgetItem(text)
                if column in _NUMBERS:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                else:
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.setItem(row, column, item)
        self._filling = False

    def _edited(self, item: QTableWidgetItem) -> None:
        if self._filling:
            return
        row = item.row()
        cells = [self.item(row, column) for column in range(3)]
        name, asked, written = (cell.text().strip() if cell is not None else "" for cell in cells)
        provider, _, model = name.partition("/")
        if not asked and not written:
            self._models.clear_price(provider, model)
        elif not asked or not written:
            return
        else:
            with contextlib.suppress(ValueError, SponsightError):
                self._models.set_price(
                    provider, model, float(asked.replace(",", ".")), float(written.replace(",", "."))
                )
        self.show_prices(*self._current)
