"""Brand books as CSV files: read with a look at what they bring, and written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QFileDialog, QLabel, QLineEdit, QListWidget, QWidget

from app.book_csv import BookFile, BookRow, read_book_csv, write_book_csv
from app.book_import import ImportReport, plan_import
from app.brand_book import BrandRow
from app.commands import BookLine, ImportBook
from ui.brands.alive import while_alive
from ui.brands.orders import Orders
from ui.dialogs.base import Dialog
from ui.text import plural, tr
from ui.workspace import Services


class BookFiles(QObject):
    """Asks for files and carries the import or export out."""

    def __init__(self, services: Services, orders: Orders, over: QWidget) -> None:
        super().__init__(over)
        self._services = services
        self._orders = orders
        self._over = over

    @Slot()
    def choose_import(self) -> None:
        dialog = QFileDialog(self._over, tr("Import a brand book"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(tr("Tables") + " (*.csv *.tsv *.txt)")
        dialog.fileSelected.connect(lambda name: self.look_at(Path(name)))
        dialog.open()

    def look_at(self, path: Path) -> None:
        """Reads a file and shows what it would bring before anything is taken."""

        def show(file: BookFile) -> None:
            dialog = ImportDialog(self._over, self._services, path, file)
            dialog.agreed.connect(lambda command: self._orders.weigh(tr("Importing a brand book"), command))
            dialog.open()

        self._services.tasks.call(
            tr("Reading {file}").format(file=path.name), lambda: read_book_csv(path), show
        )

    def choose_export(self, rows: Sequence[BrandRow], book: str) -> None:
        shown = list(rows)
        dialog = QFileDialog(self._over, tr("Export brands"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(tr("Tables") + " (*.csv)")
        dialog.setDefaultSuffix("csv")
        dialog.selectFile(f"{book or 'brands'}.csv")
        dialog.fileSelected.connect(lambda name: self.export(shown, Path(name)))
        dialog.open()

    def export(self, rows: Sequence[BrandRow], path: Path) -> None:
        """Writes brands with what was merged into them as a CSV that can be imported again."""
        lines = [BookRow(r.name, r.spellings, r.category, r.origin) for r in rows]
        words = plural(len(lines), tr("{n} brand was written to"), tr("{n} brands were written to"))
        self._services.tasks.call(
            tr("Exporting brands"),
            lambda: write_book_csv(lines, path),
            lambda _: self._services.messages.tell(f"{words} {path}.", "success", seconds=8),
        )


class ImportDialog(Dialog):
    """What a file holds, into which book it goes, and what clashes. `agreed` carries the ImportBook."""

    agreed = Signal(object)

    def __init__(self, parent: QWidget, services: Services, path: Path, file: BookFile) -> None:
        count = plural(len(file.rows), tr("{n} brand"), tr("{n} brands"))
        text = tr("{file} holds {count}. Brands that are known get what they lack.")
        super().__init__(
            parent, tr("Import a brand book"), text.format(file=path.name, count=count), width=640
        )
        self._services = services
        self._path, self._file = path, file
        label = QLabel(tr("List them in the book"))
        label.setProperty("look", "caps")
        self.body.addWidget(label)
        self.book = QLineEdit(path.stem)
        self.book.setPlaceholderText(tr("in no book"))
        self.book.setAccessibleName(tr("Book"))
        label.setBuddy(self.book)
        self.body.addWidget(self.book)
        self.outcome = QLabel(tr("Comparing with the brands that are there…"))
        self.outcome.setWordWrap(True)
        self.body.addWidget(self.outcome)
        self.notes = QListWidget()
        self.notes.setAccessibleName(tr("Notes on the import"))
        self.notes.setWordWrap(True)
        self.notes.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.notes.hide()
        self.body.addWidget(self.notes, 1)
        self.body.addStretch(0)
        self.close_button(tr("Cancel"))
        self.take = self.button(tr("Import {count}").format(count=count), primary=True)
        self.take.setEnabled(bool(file.rows))
        self.take.clicked.connect(self._agree)
        brands = services.container.library.brands

        def plan() -> ImportReport:
            return plan_import(brands.all(), file, path.stem, origin=path.name)[1]

        services.tasks.call(
            tr("Comparing with the brands that are there"), plan, while_alive(self, self._show)
        )
        self.book.setFocus()

    def _show(self, report: ImportReport) -> None:
        known = len(self._file.rows) - report.added
        self.outcome.setText(
            plural(report.added, tr("{n} new brand"), tr("{n} new brands"))
            + ", "
            + plural(known, tr("{n} that is there already."), tr("{n} that are there already."))
        )
        notes = [*self._file.notes, *report.notes]
        self.notes.addItems(notes)
        self.notes.setVisible(bool(notes))

    @Slot()
    def _agree(self) -> None:
        lines = tuple(BookLine(r.name, r.aliases, r.category, r.origin) for r in self._file.rows)
        self.accept()
        self.agreed.emit(ImportBook(book=self.book.text().strip(), lines=lines, origin=self._path.name))
