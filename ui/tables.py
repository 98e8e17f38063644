"""What all tables that show rows have in common."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractItemView, QTableView


def show_rows(table: QTableView) -> None:
    """Whole rows are chosen and nothing is edited in place; no grid, no row numbers; Tab leaves the table."""
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)


def share_width(table: QTableView, first: int = 0) -> None:
    """Each column has the room that it needs (the first one `first` pixels at least); what is left over is shared
    by all. Where there isn't enough, the first one, which holds names, takes two fifths at most."""
    header = table.horizontalHeader()
    count = header.count()
    if not count:
        return
    need = [max(table.sizeHintForColumn(c), header.sectionSizeHint(c)) for c in range(count)]
    whole = table.viewport().width()
    most = max(whole - sum(need[1:]), whole * 2 // 5)
    need[0] = max(min(need[0], most), first)
    share, rest = divmod(max(0, whole - sum(need)), count)
    for column, width in enumerate(need):
        header.resizeSection(column, width + share + (column < rest))
