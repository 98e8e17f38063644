"""The panel beside the table: everything of the chosen brand, and where it is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QStringListModel, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.book_csv import split_aliases
from app.brand_book import BrandRow
from app.commands import (
    AddAlias,
    AddToBook,
    ConfirmBrand,
    RemoveAlias,
    RemoveFromBook,
    RenameBrand,
    SetCategory,
    UnmergeBrand,
)
from engine.domain.decisions import AuditEntry
from engine.domain.errors import Conflict, SponsightError
from ui.brands.action_button import ActionButton
from ui.brands.chips import Chips
from ui.brands.orders import Orders
from ui.brands.references import References
from ui.brands.words import origin_words, seconds_words
from ui.fields import KeptField
from ui.icons import icon
from ui.text import local_time, plural, tr
from ui.workspace import Services

HISTORY = 12
WIDTH = 372


class BrandPanel(QScrollArea):
    """Shows one brand or several; every change goes through `orders`."""

    def __init__(self, services: Services, orders: Orders) -> None:
        super().__init__()
        self._services = services
        self._orders = orders
        self._rows: list[BrandRow] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumWidth(320)
        self.setAccessibleName(tr("The chosen brand"))
        self._inside = inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(16, 4, 12, 16)
        self._column.setSpacing(6)
        self.setWidget(inside)
        self._build()

    # --- building -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = self._column
        self.head = QLabel(tr("No brand chosen"))
        self.head.setTextFormat(Qt.TextFormat.PlainText)
        self.head.setProperty("look", "heading")
        self.head.setWordWrap(True)
        column.addWidget(self.head)
        self.sub = QLabel()
        self.sub.setProperty("look", "small")
        self.sub.setWordWrap(True)
        column.addWidget(self.sub)
        self.single: list[QWidget] = []
        self.shared: list[QWidget] = []
        self.name = self._field(tr("Name"), self._rename)
        self._caption(tr("Name"), self.name)
        self.category = self._field(tr("Category"), self._categorize)
        self._categories = QStringListModel(self)
        completer = QCompleter(self._categories, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.category.setCompleter(completer)
        self._caption(tr("Category"), self.category, single=False)
        self.confirmed = QCheckBox(tr("Confirmed: counts in totals"))
        self.confirmed.clicked.connect(self._confirm)
        column.addWidget(self.confirmed)
        self.shared.append(self.confirmed)
        self._build_aliases()
        self._build_references()
        self.merged_box, self._merged = self._group(tr("Merged into it"))
        self._build_books()
        self.history_box, self._history = self._group(tr("History"))
        column.addStretch(1)

    def _field(self, name: str, done: Callable[[], None]) -> QLineEdit:
        field = KeptField()
        field.setAccessibleName(name)
        field.editingFinished.connect(done)
        return field

    def _caption(self, words: str, field: QWidget, *, single: bool = True) -> None:
        label = QLabel(words)
        label.setProperty("look", "caps")
        label.setBuddy(field)
        self._column.addSpacing(4)
        self._column.addWidget(label)
        self._column.addWidget(field)
        (self.single if single else self.shared).extend((label, field))

    def _group(self, title: str) -> tuple[QWidget, QVBoxLayout]:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 10, 0, 0)
        layout.setSpacing(5)
        label = QLabel(title)
        label.setProperty("look", "caps")
        layout.addWidget(label)
        inside = QVBoxLayout()
        inside.setSpacing(4)
        layout.addLayout(inside)
        self._column.addWidget(box)
        self.single.append(box)
        return box, inside

    def _build_aliases(self) -> None:
        _, layout = self._group(tr("Aliases"))
        self.aliases = Chips(tr("Remove alias “{word}”"), tr("No further spelling yet."))
        self.aliases.taken.connect(self._remove_alias)
        layout.addWidget(self.aliases)
        self.alias = QLineEdit()
        self.alias.setPlaceholderText(tr("Add aliases, separated by |"))
        self.alias.setAccessibleName(tr("New alias"))
        self.alias.returnPressed.connect(self._add_alias)
        self.alias.textEdited.connect(lambda _: self._clash(None))
        layout.addWidget(self.alias)
        self.clash = QLabel()
        self.clash.setProperty("look", "error")
        self.clash.setWordWrap(True)
        self.clash.hide()
        layout.addWidget(self.clash)
        self.share = QPushButton(tr("Let both brands have it"))
        self.share.setProperty("look", "link")
        self.share.setToolTip(tr("What reads so goes to review instead of to one of them."))
        self.share.clicked.connect(lambda: self._add_alias(share=True))
        self.share.hide()
        layout.addWidget(self.share, 0, Qt.AlignmentFlag.AlignLeft)
        self.offered_head = QLabel(tr("People gave these texts to it:"))
        self.offered_head.setProperty("look", "small")
        layout.addWidget(self.offered_head)
        self.offered = Chips(tr("Add alias “{word}”"), "", "add")
        self.offered.taken.connect(lambda text: self._add_texts((text,), share=False))
        layout.addWidget(self.offered)

    def _build_references(self) -> None:
        _, layout = self._group(tr("Reference pictures"))
        self.references = References(self._services, self._orders)
        layout.addWidget(self.references)
        find = self._services.actions["brands.find"]
        layout.addWidget(ActionButton(find, tr("Find it elsewhere…"), "search"))

    def _build_books(self) -> None:
        box, layout = self._group(tr("Books"))
        self.single.remove(box)
        self.shared.append(box)
        self.books = Chips(tr("Take it out of book “{word}”"), tr("In no book."))
        self.books.taken.connect(self._leave_book)
        layout.addWidget(self.books)
        self.book = QComboBox()
        self.book.setEditable(True)
        self.book.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.book.setAccessibleName(tr("Add to a book"))
        edit = self.book.lineEdit()
        assert edit is not None
        edit.setPlaceholderText(tr("Add to a book (a new name makes one)"))
        edit.returnPressed.connect(self._join_book)
        self.book.activated.connect(lambda _: self._join_book())
        layout.addWidget(self.book)

    # --- showing ------------------------------------------------------------------------------------------------

    def show_lists(self, categories: Iterable[str], books: Iterable[str]) -> None:
        """What the fields offer."""
        self._categories.setStringList(sorted(categories, key=str.casefold))
        typed = self.book.currentText()
        self.book.clear()
        self.book.addItems(sorted(books, key=str.casefold))
        self.book.setCurrentIndex(-1)
        self.book.setEditText(typed)

    def show_rows(self, rows: Sequence[BrandRow]) -> None:
        """Shows what is chosen; a field that is being typed in keeps its text while its brand is the same."""
        same = [r.id for r in rows] == [r.id for r in self._rows]
        self._rows = list(rows)
        one = self._rows[0] if len(self._rows) == 1 else None
        for widget in self.single:
            widget.setVisible(one is not None)
        for widget in self.shared:
            widget.setVisible(bool(self._rows))
        self._inside.setEnabled(bool(self._rows))
        if not same:
            self.alias.clear()
            self._clash(None)
        if not self._rows:
            self.head.setText(tr("No brand chosen"))
            self.sub.setText(tr("Choose a brand in the table; Shift and Ctrl choose several."))
            return
        writable = self._services.writable
        categories = {r.category for r in self._rows}
        if not (same and self.category.hasFocus()):
            self.category.setText(categories.pop() if len(categories) == 1 else "")
        self.category.setPlaceholderText(tr("several") if categories else tr("none"))
        self.confirmed.setChecked(all(r.confirmed for r in self._rows))
        common = set(self._rows[0].books).intersection(*(r.books for r in self._rows))
        self.books.show_words(sorted(common), enabled=writable)
        for widget in (self.name, self.category, self.confirmed, self.alias, self.book):
            widget.setEnabled(writable)
        if one is None:
            self._show_several()
        else:
            self._show_one(one, same)

    def _show_several(self) -> None:
        count = len(self._rows)
        self.head.setText(plural(count, tr("{n} brand chosen"), tr("{n} brands chosen")))
        seconds = sum(r.seconds for r in self._rows)
        undecided = sum(r.undecided for r in self._rows)
        self.sub.setText(
            tr("{seconds} counted · {undecided} undecided. What you do here holds for all of them.").format(
                seconds=seconds_words(seconds), undecided=f"{undecided:,}"
            )
        )

    def _show_one(self, row: BrandRow, same: bool) -> None:
        self.head.setText(row.name)
        sources = plural(row.sources, tr("{n} source"), tr("{n} sources"))
        self.sub.setText(
            tr("{seconds} in {sources} · {undecided} undecided · from: {origin}").format(
                seconds=seconds_words(row.seconds),
                sources=sources,
                undecided=f"{row.undecided:,}",
                origin=origin_words(row),
            )
        )
        if not (same and self.name.hasFocus()):
            self.name.setText(row.name)
        self.aliases.show_words(row.aliases, enabled=self._services.writable)
        if not same:
            self._offer(())
        self.references.show_brand(row)
        self._show_merged(row)
        self._read_more(row)

    def _show_merged(self, row: BrandRow) -> None:
        _clear(self._merged)
        self.merged_box.setVisible(bool(row.merged))
        for brand in row.merged:
            line = QHBoxLayout()
            words = brand.canonical_name
            if brand.aliases:
                words += plural(len(brand.aliases), tr("  (+{n} alias)"), tr("  (+{n} aliases)"))
            label = QLabel(words)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setToolTip(", ".join((brand.canonical_name, *brand.aliases)))
            line.addWidget(label, 1)
            button = QPushButton(icon("unmerge"), tr("Un-merge"))
            button.setAccessibleName(tr("Un-merge {name}").format(name=brand.canonical_name))
            button.setEnabled(self._services.writable)
            button.clicked.connect(lambda _=False, id=brand.id: self.unmerge(id))
            line.addWidget(button)
            holder = QWidget()
            line.setContentsMargins(0, 0, 0, 0)
            holder.setLayout(line)
            self._merged.addWidget(holder)

    def _read_more(self, row: BrandRow) -> None:
        container = self._services.container

        def read() -> tuple[list[tuple[str, int]], list[AuditEntry]]:
            found = {e.id: e for e in container.bus.history(row.id, limit=HISTORY)}
            name = row.name.casefold()
            for entry in container.bus.history(row.name, limit=HISTORY):
                if name in f"{entry.title} {entry.payload.get('brand_name', '')}".casefold():
                    found[entry.id] = entry
            newest = sorted(found.values(), key=lambda e: -e.id)[:HISTORY]
            return container.brands.alias_candidates(row.id), newest

        def show(found: tuple[list[tuple[str, int]], list[AuditEntry]]) -> None:
            if [r.id for r in self._rows] != [row.id]:
                return
            offered, entries = found
            self._offer([text for text, _ in offered[:8]])
            self._show_history(entries)

        self._services.tasks.call(tr("Reading the log"), read, show, newest="brand-more")

    def _offer(self, texts: Sequence[str]) -> None:
        self.offered_head.setVisible(bool(texts))
        self.offered.setVisible(bool(texts))
        self.offered.show_words(texts, enabled=self._services.writable)

    def _show_history(self, entries: Sequence[AuditEntry]) -> None:
        _clear(self._history)
        for entry in entries:
            label = QLabel(f"{local_time(entry.at)}  {entry.title}")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setProperty("look", "small")
            label.setWordWrap(True)
            label.setToolTip(tr("by {actor}").format(actor=entry.actor))
            self._history.addWidget(label)
        self.history_box.setVisible(bool(entries) and len(self._rows) == 1)

    # --- changing -----------------------------------------------------------------------------------------------

    @property
    def _ids(self) -> tuple[str, ...]:
        return tuple(r.id for r in self._rows)

    @Slot()
    def _rename(self) -> None:
        if len(self._rows) != 1:
            return
        row, name = self._rows[0], self.name.text().strip()
        if not name:
            self.name.setText(row.name)
        elif name != row.name:
            self._orders.do(tr("Renaming"), RenameBrand(brand_id=row.id, name=name), failed=self._not_renamed)

    @Slot()
    def _categorize(self) -> None:
        category = self.category.text().strip()
        if not self._rows or not self.category.isModified():
            return
        self.category.setModified(False)
        if any(r.category != category for r in self._rows):
            self._orders.do(tr("Setting the category"), SetCategory(brand_ids=self._ids, category=category))

    @Slot()
    def _confirm(self) -> None:
        # All of them: what the rows say may be older than the last press.
        self._orders.do(
            tr("Confirming"), ConfirmBrand(brand_ids=self._ids, confirmed=self.confirmed.isChecked())
        )

    def _add_alias(self, share: bool = False) -> None:
        texts = split_aliases(self.alias.text())
        if texts:
            self._add_texts(texts, share=share)

    def _add_texts(self, texts: tuple[str, ...], *, share: bool) -> None:
        if len(self._rows) != 1:
            return
        self._clash(None)
        command = AddAlias(brand_id=self._rows[0].id, aliases=texts, share=share)
        self._orders.weigh(tr("Adding an alias"), command, lambda _: self.alias.clear(), failed=self._clash)

    def _remove_alias(self, text: str) -> None:
        if len(self._rows) == 1:
            command = RemoveAlias(brand_id=self._rows[0].id, aliases=(text,))
            self._orders.weigh(tr("Removing an alias"), command)

    def _clash(self, error: Exception | None) -> None:
        """Says under the field why an alias was refused, and offers what can be done."""
        message = error.message if isinstance(error, SponsightError) else str(error or "")
        self.clash.setText(message)
        self.clash.setVisible(error is not None)
        self.share.setVisible(isinstance(error, Conflict))

    def unmerge(self, brand_id: str) -> None:
        self._orders.weigh(tr("Un-merging"), UnmergeBrand(brand_ids=(brand_id,)))

    def _leave_book(self, book: str) -> None:
        self._orders.do(tr("Changing a book"), RemoveFromBook(book=book, brand_ids=self._ids))

    def _join_book(self) -> None:
        book = self.book.currentText().strip()
        if book and self._rows:
            command = AddToBook(book=book, brand_ids=self._ids)
            self._orders.do(tr("Changing a book"), command, lambda _: self.book.setEditText(""))

    def _not_renamed(self, error: Exception) -> None:
        if len(self._rows) == 1:
            self.name.setText(self._rows[0].name)
        self._services.messages.tell_error(tr("Renaming"), error)


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
