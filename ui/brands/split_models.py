"""Models of the split dialog: a brand's appearances and its aliases, each with a tick."""

from __future__ import annotations

from collections import Counter
from typing import Any

from PySide6.QtCore import QModelIndex, Qt

from app.brand_split import SplitOffer, SplitPiece
from engine.textfold import fold_compact
from ui.brands.crops import CropShelf
from ui.brands.ticked import Index, Ticked
from ui.review.words import state_words
from ui.text import clock, tr
from ui.theme import Theme

TEXT, SOURCE, WHEN, SECONDS, STATE = range(5)


def read_words(piece: SplitPiece) -> str:
    """What was read, in the words of the list."""
    return piece.text or tr("(found by its look)")


class PieceModel(Ticked):
    """Appearances, none of them ticked at first; ticks stay with them when they are put in another order."""

    def __init__(self, theme: Theme, crops: CropShelf) -> None:
        super().__init__(theme, (tr("Reads"), tr("Source"), tr("When"), tr("Seconds"), tr("Decision")))
        self.pieces: list[SplitPiece] = []
        self._ticks: set[tuple[str, str]] = set()
        self._crops = crops
        crops.ready.connect(self._painted)

    def show_offer(self, offer: SplitOffer) -> None:
        self.beginResetModel()
        self.pieces = list(offer.pieces)
        self._ticks.clear()
        self.endResetModel()

    def chosen(self) -> list[SplitPiece]:
        return [p for p in self.pieces if (p.job_id, p.key) in self._ticks]

    def is_ticked(self, row: int) -> bool:
        piece = self.pieces[row]
        return (piece.job_id, piece.key) in self._ticks

    def set_ticked(self, row: int, on: bool) -> None:
        piece = self.pieces[row]
        (self._ticks.add if on else self._ticks.discard)((piece.job_id, piece.key))

    def is_number(self, column: int) -> bool:
        return column in (WHEN, SECONDS)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.pieces)

    def cell(self, row: int, column: int) -> str:
        piece = self.pieces[row]
        match column:
            case 0:
                return read_words(piece)
            case 1:
                return piece.source_name
            case 2:
                return f"{clock(piece.span.start)} – {clock(piece.span.end)}"
            case 3:
                return f"{piece.seconds:,.1f}"
        return state_words(piece.state)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        piece = self.pieces[index.row()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == TEXT:
            return self._crops.get(piece.crop) if piece.crop is not None else None
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == TEXT:
            ticked = tr("ticked") if self.is_ticked(index.row()) else tr("not ticked")
            return tr("{text} in {source} at {time}, {ticked}").format(
                text=read_words(piece), source=piece.source_name, time=clock(piece.span.start), ticked=ticked
            )
        return super().data(index, role)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        def value(piece: SplitPiece) -> Any:
            match column:
                case 0:
                    return fold_compact(piece.text), piece.text
                case 1:
                    return piece.source_name.casefold(), piece.span
                case 2:
                    return piece.span
                case 3:
                    return piece.seconds
            return piece.state

        self.layoutAboutToBeChanged.emit()
        self.pieces.sort(key=value, reverse=order == Qt.SortOrder.DescendingOrder)
        self.layoutChanged.emit()

    def _painted(self) -> None:
        if self.pieces:
            last = self.index(len(self.pieces) - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DecorationRole])


class AliasModel(Ticked):
    """Aliases with how many appearances matched by each."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, (tr("Alias"), tr("Appearances")))
        self.aliases: tuple[str, ...] = ()
        self._seen: Counter[str] = Counter()
        self._ticks: set[str] = set()

    def show_offer(self, offer: SplitOffer) -> None:
        self.beginResetModel()
        self.aliases = offer.aliases
        self._seen = Counter(p.alias for p in offer.pieces)
        self._ticks.clear()
        self.endResetModel()

    def chosen(self) -> tuple[str, ...]:
        return tuple(a for a in self.aliases if a in self._ticks)

    def is_ticked(self, row: int) -> bool:
        return self.aliases[row] in self._ticks

    def set_ticked(self, row: int, on: bool) -> None:
        (self._ticks.add if on else self._ticks.discard)(self.aliases[row])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.aliases)

    def cell(self, row: int, column: int) -> str:
        alias = self.aliases[row]
        return alias if column == 0 else str(self._seen[fold_compact(alias)] or "–")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            ticked = tr("ticked") if self.is_ticked(index.row()) else tr("not ticked")
            return tr("alias {text}, {ticked}").format(text=self.aliases[index.row()], ticked=ticked)
        return super().data(index, role)
