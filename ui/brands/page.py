"""The brands page: table, alias workbench, lists, answers; reads the book off the main thread as it changes."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QTabWidget, QVBoxLayout, QWidget

from app.brand_book import BrandRow
from app.mailbox import LibraryChanged
from ui.brands.agreement import AgreementBar
from ui.brands.answers_tab import AnswersTab
from ui.brands.clusters_tab import ClustersTab
from ui.brands.lists_tab import ListsTab
from ui.brands.orders import Orders
from ui.brands.table_tab import TableTab
from ui.text import plural, tr
from ui.workspace import Services

REFRESH_MS = 150


Tab = TableTab | ClustersTab | ListsTab | AnswersTab


class BrandsPage(QWidget):
    """The book is read when the page is shown and whenever it changes while it is. Actions of scope B go to the tab
    that is shown; they can be done only while the page is."""

    searched = Signal(str)
    """What is searched for from now on, where that was said here and not in the search field."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._stale = True
        self.loaded = False
        self.orders = Orders(services, self)
        self.agreement = AgreementBar(services, self.orders, self)
        self.orders.rematch_wanted.connect(self.agreement.rematch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(10)
        self.table_tab = TableTab(services, self.orders)
        layout.addLayout(self._head())
        layout.addWidget(self.agreement)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.table_tab.find_wanted.connect(self._find)
        self.table_tab.split_wanted.connect(self._split)
        self.clusters_tab = ClustersTab(services, self.orders)
        self.lists_tab = ListsTab(services, self.orders)
        self.answers_tab = AnswersTab(services)
        self.tabs.addTab(self.table_tab, tr("Brands"))
        self.tabs.addTab(self.clusters_tab, tr("Alias workbench"))
        self.tabs.addTab(self.lists_tab, tr("Deny list · not the same"))
        self.tabs.addTab(self.answers_tab, tr("Answers"))
        layout.addWidget(self.tabs, 1)
        self._others = (self.clusters_tab, self.lists_tab, self.answers_tab)
        self.all_tabs: tuple[Tab, ...] = (self.table_tab, *self._others)
        for tab in self.all_tabs:
            tab.able.connect(self._enable)
        services.actions.attach_brands(self)
        self.tabs.currentChanged.connect(self._tab_changed)
        self._text = ""
        self.table_tab.filter.textChanged.connect(self._filtered)
        self.setFocusProxy(self.table_tab)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        services.bridge.library.connect(self._library_changed)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(0)
        title = QLabel(tr("Brands"))
        title.setProperty("look", "title")
        self._of = QLabel(tr("Reading the book…"))
        self._of.setProperty("look", "muted")
        words.addWidget(title)
        words.addWidget(self._of)
        row.addLayout(words, 1)
        row.addWidget(self.table_tab.transfer)
        return row

    # --- reading ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()
        self._enable()
        QTimer.singleShot(0, self, self._focus_in)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._enable()

    @Slot()
    def _focus_in(self) -> None:
        """What had the focus went away with its page: the keys go to the list, not to the tabs."""
        focus = self.window().focusWidget()
        if self.isVisible() and (focus is None or focus is self.tabs.tabBar()):
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(object)
    def _library_changed(self, events: tuple[object, ...]) -> None:
        kinds = {kind for event in events if isinstance(event, LibraryChanged) for kind in event.kinds}
        if kinds & {"brands", "decisions", "jobs", "sources"}:
            self._stale = True
            if self.isVisible():
                self._timer.start()

    @Slot()
    def refresh(self) -> None:
        """Reads the book anew: names and the machine's figures first, then what people's decisions make of them."""
        self._stale = False
        if self.loaded:
            for tab in self._others:
                tab.stale()
        container = self._services.container
        first = not self.loaded

        def read(quick: bool) -> tuple[list[BrandRow], dict[str, int], bool]:
            return container.brands.rows(quick=quick), container.library.brands.books(), quick

        def take(found: tuple[list[BrandRow], dict[str, int], bool]) -> None:
            rows, books, quick = found
            self.loaded = self.loaded or not quick
            self._show(rows, books, quick=quick)
            if quick:
                full()
            else:
                self.agreement.check()

        def full() -> None:
            self._services.tasks.call(tr("Counting brands"), lambda: read(False), take, newest="brands")

        if first:
            self._services.tasks.call(tr("Reading the book"), lambda: read(True), take, newest="brands")
        else:
            full()

    def _show(self, rows: list[BrandRow], books: dict[str, int], *, quick: bool) -> None:
        self.table_tab.show_rows(rows, books, quick=quick)
        parts = [
            plural(len(rows), tr("{n} brand"), tr("{n} brands")),
            plural(len(books), tr("{n} book"), tr("{n} books")),
            plural(sum(r.sources > 0 for r in rows), tr("{n} seen"), tr("{n} seen")),
        ]
        if not quick:
            open_ones = sum(r.undecided for r in rows)
            parts.append(plural(open_ones, tr("{n} appearance undecided"), tr("{n} appearances undecided")))
        self._of.setText(" · ".join(parts))

    # --- actions ------------------------------------------------------------------------------------------------

    @property
    def tab(self) -> Tab:
        """The tab that is shown."""
        return self.all_tabs[self.tabs.currentIndex()]

    def trigger(self, id: str) -> None:
        """An action of scope B was asked for."""
        command = self.tab.commands.get(id)
        if command is not None:
            command()

    @Slot()
    def _enable(self) -> None:
        """Actions can be done where the shown tab answers to them."""
        shown, tab, actions = self.isVisible(), self.tab, self._services.actions
        for spec in actions.table:
            if spec.scope == "B":
                actions[spec.id].setEnabled(shown and spec.id in tab.commands and tab.can(spec.id))

    # --- going about --------------------------------------------------------------------------------------------

    @Slot(int)
    def _tab_changed(self, _number: int) -> None:
        tab = self.tabs.currentWidget()
        if tab is not None:
            self.setFocusProxy(tab)
        self.table_tab.transfer.setVisible(tab is self.table_tab)
        for each in self._others:
            if each is tab:
                each.shown()
        self.search(self._text)
        self._enable()

    def search(self, text: str) -> None:
        """The search field of the top bar: filters what the shown tab lists."""
        self._text = text
        found = getattr(self.tabs.currentWidget(), "search", None)
        if callable(found):
            found(text)

    @Slot(str)
    def _filtered(self, text: str) -> None:
        """The table was filtered at its own field, or is no longer."""
        if text.strip() != self._text and self.tabs.currentWidget() is self.table_tab:
            self._text = text.strip()
            self.searched.emit(self._text)

    def show_subject(self, kind: str, what: str) -> None:
        """Shows what a step of the log was about: `brand`, `book`, `deny-list` or `not-same`, and which."""
        if kind == "brand":
            self.show_brand(what)
        elif kind == "book":
            self.tabs.setCurrentWidget(self.table_tab)
            self.table_tab.show_book(what)
        else:
            self.tabs.setCurrentWidget(self.lists_tab)
            self.lists_tab.show_denied(what if kind == "deny-list" else "")

    def show_brand(self, brand_id: str) -> None:
        """Goes to a brand in the table, as the book is after what was done just now."""
        self.tabs.setCurrentWidget(self.table_tab)
        self.table_tab.choose(brand_id)
        self.table_tab.setFocus(Qt.FocusReason.OtherFocusReason)
        self.table_tab.expect(brand_id)
        self.refresh()

    def _find(self, row: BrandRow) -> None:
        from ui.brands.elsewhere import ElsewhereDialog

        ElsewhereDialog(self, self._services, self.orders, row).open()

    def _split(self, row: BrandRow) -> None:
        from ui.brands.split_dialog import SplitDialog

        SplitDialog(self, self._services, self.orders, row).open()
