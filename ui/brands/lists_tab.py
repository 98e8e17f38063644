"""The lists beside the brands: texts that are no brand, and pairs that are kept apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.commands import Deny, ForgetNotSame, Several, Undeny
from engine.textfold import fold_compact
from ui.brands.orders import Orders
from ui.empty import EmptyState
from ui.tables import show_rows
from ui.text import plural, tr
from ui.workspace import Services

Denied = dict[str, str]
Pairs = list[tuple[str, str, str, str]]


class ListsTab(QWidget):
    """Taking lines off a list can be undone. `commands` and `able` are as in the table's tab."""

    able = Signal()

    def __init__(self, services: Services, orders: Orders) -> None:
        super().__init__()
        self._services = services
        self._orders = orders
        self._stale = True
        self.loaded = False
        self._wanted = ""
        self.commands: dict[str, Callable[[], None]] = {"brands.take_off": self._take_off}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 10, 0, 0)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(16)
        self.denied = _Listing(
            tr("Deny list"),
            tr("Texts that are no brand: runs never propose them."),
            (tr("Text"), tr("Compared as")),
            EmptyState(
                "reject",
                tr("Nothing denied"),
                tr(
                    "“To the deny list” puts the texts of a brand or a cluster here, so does typing one below."
                ),
                framed=True,
            ),
            tr("Take off the list"),
            self.undeny,
        )
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Deny a text, then Enter"))
        self.field.setAccessibleName(tr("New text for the deny list"))
        self.field.setEnabled(services.writable)
        self.field.returnPressed.connect(self._deny)
        self.denied.foot.insertWidget(0, self.field, 1)
        self.pairs = _Listing(
            tr("Not the same"),
            tr("Pairs that are never offered together again."),
            (tr("One"), tr("Other")),
            EmptyState(
                "split",
                tr("Nothing kept apart"),
                tr("“Not the same” in the alias workbench remembers that the spellings of a cluster differ."),
                framed=True,
            ),
            tr("No longer keep apart"),
            self.forget,
        )
        self.pairs.foot.insertStretch(0, 1)
        keys = services.actions.key_text("brands.take_off")
        for listing in (self.denied, self.pairs):
            listing.button.setEnabled(services.writable)
            listing.button.setToolTip(f"{listing.button.text()} ({keys})" if keys else listing.button.text())
            parts.addWidget(listing)
        parts.setSizes([500, 500])
        layout.addWidget(parts, 1)
        self.setFocusProxy(self.denied.table)

    def search(self, text: str) -> None:
        self.denied.search(text)
        self.pairs.search(text)

    def stale(self) -> None:
        self._stale = True
        if self.isVisible():
            self.refresh()

    def shown(self) -> None:
        if self._stale:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        self._stale = False
        library = self._services.container.library

        def read() -> tuple[Denied, Pairs]:
            with library.db.read() as conn:
                names = {b.id: b.canonical_name for b in library.brands.all(conn=conn)}
                pairs = sorted(library.brands.not_same(conn=conn))
                denied = library.brands.denied(conn=conn)
            return denied, [(names.get(a, a), names.get(b, b), a, b) for a, b in pairs]

        self._services.tasks.call(tr("Reading the lists"), read, self._take, newest="brand-lists")

    def _take(self, found: tuple[Denied, Pairs]) -> None:
        denied, pairs = found
        self.loaded = True
        lines = sorted(denied.items(), key=lambda d: d[1].casefold())
        self.denied.show_lines([((text, folded), text) for folded, text in lines])
        self.pairs.show_lines([((a, b), (first, second)) for a, b, first, second in pairs])
        if self._wanted:
            self.denied.choose(self._wanted)
            self._wanted = ""
        self.able.emit()

    @Slot()
    def _deny(self) -> None:
        text = self.field.text().strip()
        if text:
            self._orders.weigh(tr("Writing the deny list"), Deny(texts=(text,)), lambda _: self.field.clear())

    def can(self, id: str) -> bool:
        """Whether an action would do something now."""
        tables = (self.denied.table, self.pairs.table)
        return id == "brands.take_off" and self._services.writable and any(t.rowCount() for t in tables)

    def show_denied(self, text: str) -> None:
        """Goes to a text of the deny list as soon as it is there ('': to the list)."""
        self._wanted = fold_compact(text)
        self.refresh()

    def _take_off(self) -> None:
        """Of the list that has the focus."""
        if self.pairs.isAncestorOf(self.window().focusWidget() or self):
            self.forget()
        else:
            self.undeny()

    @Slot()
    def undeny(self) -> None:
        """Takes the chosen texts off the deny list."""
        texts = tuple(str(t) for t in self.denied.chosen())
        if texts and self._services.writable:
            self._orders.weigh(tr("Writing the deny list"), Undeny(texts=texts))

    @Slot()
    def forget(self) -> None:
        """The chosen pairs may be offered together again."""
        commands = tuple(ForgetNotSame(first=a, second=b) for a, b in self.pairs.chosen())
        if commands and self._services.writable:
            title = plural(
                len(commands), tr("No longer keep {n} pair apart"), tr("No longer keep {n} pairs apart")
            )
            command = commands[0] if len(commands) == 1 else Several.of(title, commands)
            self._orders.do(tr("Keeping apart"), command)


class _Listing(QWidget):
    """A titled table with a button; what each line stands for is kept beside its words."""

    def __init__(
        self,
        title: str,
        text: str,
        heads: Sequence[str],
        empty: EmptyState,
        words: str,
        remove: Callable[[], None],
    ) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        head = QLabel(title)
        head.setProperty("look", "heading")
        layout.addWidget(head)
        self._title, self._head = title, head
        sub = QLabel(text)
        sub.setProperty("look", "muted")
        sub.setWordWrap(True)
        layout.addWidget(sub)
        self.table = _Lines(heads)
        self.table.setAccessibleName(title)
        self._stack = QStackedWidget()
        self._stack.addWidget(empty)
        self._stack.addWidget(self.table)
        layout.addWidget(self._stack, 1)
        self.foot = QHBoxLayout()
        self.button = QPushButton(words)
        self.button.clicked.connect(remove)
        self.foot.addWidget(self.button)
        layout.addLayout(self.foot)
        self._text = ""

    def show_lines(self, lines: Sequence[tuple[tuple[str, str], object]]) -> None:
        row, before = self.table.currentRow(), self.chosen()
        self.table.setUpdatesEnabled(False)
        self.table.setRowCount(len(lines))
        for number, (words, what) in enumerate(lines):
            for column, cell in enumerate(words):
                item = QTableWidgetItem(cell)
                item.setToolTip(cell)
                item.setData(Qt.ItemDataRole.UserRole, what)
                self.table.setItem(number, column, item)
        self.table.setUpdatesEnabled(True)
        self._head.setText(f"{self._title}  ({len(lines):,})")
        self._stack.setCurrentIndex(1 if lines else 0)
        self.button.setVisible(bool(lines))
        kept = [number for number, (_, what) in enumerate(lines) if what in before]
        if lines:
            self._select(kept or [min(max(0, row), len(lines) - 1)])
        self.search(self._text)

    def _select(self, rows: Sequence[int]) -> None:
        """These rows and no others, whatever keys are held."""
        flags = QItemSelectionModel.SelectionFlag
        model, chosen = self.table.model(), self.table.selectionModel()
        chosen.setCurrentIndex(model.index(rows[0], 0), flags.ClearAndSelect | flags.Rows)
        for row in rows[1:]:
            chosen.select(model.index(row, 0), flags.Select | flags.Rows)

    def choose(self, folded: str) -> None:
        """Goes to the line that reads so when folded."""
        for row in range(self.table.rowCount()):
            item = self.table.item(row, 0)
            if item is not None and fold_compact(item.text()) == folded:
                self._select([row])

    def search(self, text: str) -> None:
        self._text = text
        find = text.casefold()
        for row in range(self.table.rowCount()):
            cells = (self.table.item(row, c) for c in range(2))
            self.table.setRowHidden(row, not any(find in c.text().casefold() for c in cells if c is not None))

    def chosen(self) -> list[Any]:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        items = (self.table.item(row, 0) for row in rows if not self.table.isRowHidden(row))
        return [item.data(Qt.ItemDataRole.UserRole) for item in items if item is not None]


class _Lines(QTableWidget):
    def __init__(self, heads: Sequence[str]) -> None:
        super().__init__(0, len(heads))
        self.setProperty("reviewKeys", True)
        self.setHorizontalHeaderLabels(list(heads))
        show_rows(self)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here; the search field searches."""
