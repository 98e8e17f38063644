"""A brand made by hand: name, aliases, category, book."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QWidget

from app.book_csv import split_aliases
from app.commands import AddBrand
from engine.brand_names import fault_of_name
from ui.brands.alive import while_alive
from ui.dialogs.base import Dialog
from ui.text import tr
from ui.workspace import Services

DELAY_MS = 150


class NewBrandDialog(Dialog):
    """`agreed` carries the AddBrand. Says while typing which brand has the name already."""

    agreed = Signal(object)

    def __init__(self, parent: QWidget, services: Services, book: str, *, name: str = "") -> None:
        text = tr("It is confirmed at once. Runs find it from their next match on.")
        super().__init__(parent, tr("New brand"), text, width=520)
        self.resize(520, 360)
        self._services = services
        form = QFormLayout()
        form.setSpacing(8)
        self.name = QLineEdit(name)
        self.aliases = QLineEdit()
        self.aliases.setPlaceholderText(tr("further spellings, separated by |"))
        self.category = QLineEdit()
        self.book = QLineEdit(book)
        self.book.setPlaceholderText(tr("none"))
        for words, field in (
            (tr("Name"), self.name),
            (tr("Aliases"), self.aliases),
            (tr("Category"), self.category),
            (tr("Book"), self.book),
        ):
            field.setAccessibleName(words)
            form.addRow(words, field)
        self.body.addLayout(form)
        self.note = QLabel()
        self.note.setProperty("look", "warning")
        self.note.setWordWrap(True)
        self.body.addWidget(self.note)
        self.body.addStretch(1)
        self.close_button(tr("Cancel"))
        self.make = self.button(tr("Make the brand"), primary=True)
        self.make.clicked.connect(self._agree)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._look)
        self.name.textChanged.connect(self._timer.start)
        self.name.selectAll()
        self.name.setFocus()
        self._look()

    @Slot()
    def _look(self) -> None:
        name = self.name.text().strip()
        fault = fault_of_name(name) if name else ""
        self.make.setEnabled(bool(name) and not fault)
        self.note.setText(fault)
        brands = self._services.container.library.brands

        def show(owners: dict[str, str]) -> None:
            if name != self.name.text().strip():
                return
            words = tr("{name} has this spelling already: add an alias there, or choose another name.")
            self.note.setText(words.format(name=", ".join(owners.values())) if owners else "")
            self.make.setEnabled(bool(name) and not owners)

        if name and not fault:
            self._services.tasks.call(
                tr("Looking for the name"),
                lambda: brands.owners(name),
                while_alive(self, show),
                newest="brand-new-name",
            )

    @Slot()
    def _agree(self) -> None:
        book = self.book.text().strip()
        command = AddBrand(
            name=self.name.text().strip(),
            aliases=split_aliases(self.aliases.text()),
            category=self.category.text().strip(),
            books=(book,) if book else (),
        )
        self.accept()
        self.agreed.emit(command)
