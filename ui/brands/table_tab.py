"""The tab with the brand table: filter, books, actions and the panel of what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, SignalInstance, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.brand_book import BrandRow
from app.command_bus import Change
from app.commands import ConfirmBrand, Deny
from ui.brands.files import BookFiles
from ui.brands.merging import MergeInto
from ui.brands.orders import Orders
from ui.brands.panel import BrandPanel
from ui.brands.table import BrandTable
from ui.brands.table_model import Only
from ui.empty import EmptyState
from ui.flow_layout import in_rows
from ui.icons import icon
from ui.text import plural, tr
from ui.workspace import Services

FILTER_DELAY_MS = 120


class TableTab(QWidget):
    """`commands` are what it answers to of the actions of the brands page, by id; `able` tells that what `can` says
    changed. `find_wanted` carries the brand to search for by its pictures, `split_wanted` the one to part in two."""

    able = Signal()
    find_wanted = Signal(object)
    split_wanted = Signal(object)

    def __init__(self, services: Services, orders: Orders) -> None:
        super().__init__()
        self._services = services
        self._orders = orders
        self._wanted = ""
        self.files = BookFiles(services, orders, self)
        self.merging = MergeInto(services, orders, self)
        self.table = BrandTable(services.theme)
        self.panel = BrandPanel(services, orders)
        self.transfer = self._transfer()
        self.commands: dict[str, Callable[[], None]] = {
            "brands.new": self._new,
            "brands.merge": self._merge,
            "brands.split": partial(self._one, self.split_wanted),
            "brands.confirm": self._confirm,
            "brands.deny": self._deny,
            "brands.find": partial(self._one, self.find_wanted),
            "brands.rename": lambda: self._to(self.panel.name),
            "brands.alias": lambda: self._to(self.panel.alias),
            "brands.category": lambda: self._to(self.panel.category),
            "brands.filter": lambda: self._to(self.filter),
            "brands.import": self.files.choose_import,
            "brands.export": lambda: self.files.choose_export(self.table.brands.shown, self._book),
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 10, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(self._filters())
        layout.addWidget(self._buttons())
        self._stack = QStackedWidget()
        buttons = [(tr("Show all brands"), self.clear_filter)]
        if services.writable:
            buttons.append((tr("New brand…"), self._new))
        self._none = EmptyState("brands", "", "", buttons, framed=True)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._none)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(8)
        parts.addWidget(self._stack)
        parts.addWidget(self.panel)
        parts.setStretchFactor(0, 1)
        parts.setSizes([900, 372])
        layout.addWidget(parts, 1)
        self._none.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.table)
        self.table.chosen.connect(self._chosen)
        self.table.wanted.connect(lambda _: self._to(self.panel.alias))
        self.table.brands.changed.connect(self._count)
        self._chosen([])

    def _filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(tr("Filter by name, alias or category"))
        self.filter.setAccessibleName(tr("Filter brands"))
        self.filter.setClearButtonEnabled(True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FILTER_DELAY_MS)
        self._timer.timeout.connect(self._apply_filter)
        self.filter.textChanged.connect(self._timer.start)
        self.filter.returnPressed.connect(lambda: self.setFocus(Qt.FocusReason.OtherFocusReason))
        row.addWidget(self.filter, 1)
        self.book = QComboBox()
        self.book.setAccessibleName(tr("Show brands of a book"))
        self.book.addItem(tr("All books"), "")
        self.book.setMinimumWidth(150)
        self.book.currentIndexChanged.connect(lambda _: self._apply_filter())
        row.addWidget(self.book)
        self._kinds = QButtonGroup(self)
        for number, (words, tip) in enumerate(
            (
                (tr("All"), tr("Every brand of the book.")),
                (tr("Seen"), tr("Brands that accepted runs show.")),
                (tr("Unconfirmed"), tr("Brands that nobody has confirmed: they stay outside the totals.")),
                (tr("Undecided"), tr("Brands with appearances that nobody has judged.")),
            )
        ):
            chip = QToolButton()
            chip.setText(words)
            chip.setToolTip(tip)
            chip.setProperty("look", "chip")
            chip.setCheckable(True)
            chip.setChecked(number == 0)
            chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self._kinds.addButton(chip, number)
            row.addWidget(chip)
        self._kinds.idToggled.connect(lambda _id, on: self._apply_filter() if on else None)
        self.count = QLabel()
        self.count.setProperty("look", "small")
        self.count.setMinimumWidth(110)
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.count)
        return row

    def _buttons(self) -> QWidget:
        whole = QWidget()
        row = in_rows(whole)
        for id, words in (
            ("brands.new", tr("New brand…")),
            ("brands.merge", tr("Merge into…")),
            ("brands.split", tr("Split…")),
            ("brands.confirm", tr("Confirm")),
            ("brands.deny", tr("To the deny list")),
            ("brands.find", tr("Find it elsewhere…")),
        ):
            row.addWidget(self._button(id, words))
        return whole

    def _transfer(self) -> QToolButton:
        """Import and export of books; the page shows it beside its title, where there is room in any size of text."""
        more = QToolButton()
        more.setText(tr("Import and export"))
        more.setIcon(icon("import"))
        more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        more.setProperty("look", "selector")
        more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        menu.addActions([self._services.actions[f"brands.{id}"] for id in ("import", "export")])
        more.setMenu(menu)
        return more

    def _button(self, id: str, words: str) -> QToolButton:
        """A button for an action; its words are shorter than the action's title."""
        action = self._services.actions[id]
        action.setIconText(words)
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setProperty("look", "decide")
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setAccessibleName(words)
        return button

    def _to(self, field: QLineEdit) -> None:
        if field.isVisible() and field.isEnabled():
            self.panel.ensureWidgetVisible(field)
            field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            field.selectAll()

    # --- showing ------------------------------------------------------------------------------------------------

    def show_rows(self, rows: Sequence[BrandRow], books: dict[str, int], *, quick: bool) -> None:
        """`books`: name → number of brands."""
        self._show_books(books)
        self.panel.show_lists({r.category for r in rows if r.category}, books)
        self.table.brands.set_rows(rows, quick=quick)
        if self._wanted and self.choose(self._wanted):
            self._wanted = ""

    def choose(self, brand_id: str) -> bool:
        """Goes to a brand; taken up when it is there where it isn't yet."""
        if self.table.choose(brand_id):
            return True
        if any(r.id == brand_id for r in self.table.brands.rows):
            self.clear_filter()
            return self.table.choose(brand_id)
        self._wanted = brand_id
        return False

    def expect(self, brand_id: str) -> None:
        """Goes to a brand when the book has been read anew."""
        self._wanted = brand_id

    def show_book(self, name: str) -> None:
        """Shows the brands of one book (all where there is none of this name)."""
        self.clear_filter()
        self.book.setCurrentIndex(max(0, self.book.findData(name)))

    def search(self, text: str) -> None:
        self.filter.setText(text)

    def clear_filter(self) -> None:
        self.filter.clear()
        self.book.setCurrentIndex(0)
        self._kinds.button(0).setChecked(True)
        self._apply_filter()

    @property
    def _book(self) -> str:
        return str(self.book.currentData() or "")

    def _show_books(self, books: dict[str, int]) -> None:
        chosen = self._book
        self.book.blockSignals(True)
        self.book.clear()
        self.book.addItem(tr("All books"), "")
        for name, count in sorted(books.items(), key=lambda b: b[0].casefold()):
            self.book.addItem(f"{name}  ({count:,})", name)
        self.book.setCurrentIndex(max(0, self.book.findData(chosen)))
        self.book.blockSignals(False)

    def _apply_filter(self) -> None:
        self._timer.stop()
        only: Sequence[Only] = ("", "seen", "unconfirmed", "undecided")
        self.table.brands.set_filter(self.filter.text(), self._book, only[self._kinds.checkedId()])

    @Slot()
    def _count(self) -> None:
        model = self.table.brands
        shown, total = len(model.shown), len(model.rows)
        words = plural(total, tr("{n} brand"), tr("{n} brands"))
        if shown != total:
            words = tr("{shown} of {all}").format(shown=f"{shown:,}", all=words)
        self.count.setText(words)
        self._stack.setCurrentIndex(0 if shown else 1)
        self.setFocusProxy(self.table if shown else self._none)
        if not total:
            self._none.say(tr("The book is empty"), tr("Make a brand by hand or import a CSV file."))
        elif not shown:
            self._none.say(tr("No brand fits"), tr("Nothing in the book fits the filter."))

    @Slot(object)
    def _chosen(self, rows: Sequence[BrandRow]) -> None:
        self.panel.show_rows(rows)
        confirmed = bool(rows) and all(r.confirmed for r in rows)
        words = tr("Unconfirm") if confirmed else tr("Confirm")
        self._services.actions["brands.confirm"].setIconText(words)
        self.able.emit()

    def can(self, id: str) -> bool:
        """Whether an action would do something now."""
        chosen, writable = len(self.table.rows()), self._services.writable
        if id in ("brands.merge", "brands.confirm", "brands.deny", "brands.category"):
            return writable and chosen > 0
        if id in ("brands.split", "brands.find", "brands.rename", "brands.alias"):
            return writable and chosen == 1
        return writable or id in ("brands.filter", "brands.export")

    # --- actions ------------------------------------------------------------------------------------------------

    @Slot()
    def _new(self) -> None:
        from ui.brands.new_dialog import NewBrandDialog

        dialog = NewBrandDialog(self, self._services, self._book, name=self.filter.text().strip())
        dialog.agreed.connect(lambda command: self._orders.weigh(tr("Making a brand"), command, self._made))
        dialog.open()

    def _made(self, change: Change) -> None:
        if change.made:
            self.choose(change.made[0])

    @Slot()
    def _merge(self) -> None:
        self.merging.ask(self.table.rows())

    @Slot()
    def _confirm(self) -> None:
        rows = self.table.rows()
        on = not all(r.confirmed for r in rows)
        command = ConfirmBrand(brand_ids=tuple(r.id for r in rows if r.confirmed != on), confirmed=on)
        self._orders.do(tr("Confirming"), command)

    @Slot()
    def _deny(self) -> None:
        texts = tuple(dict.fromkeys(t for r in self.table.rows() for t in (r.name, *r.aliases)))
        if texts:
            self._orders.weigh(tr("Writing the deny list"), Deny(texts=texts))

    def _one(self, wanted: SignalInstance) -> None:
        rows = self.table.rows()
        if len(rows) == 1:
            wanted.emit(rows[0])
