"""A field for a brand: names that fit what is typed are offered below it; a name of none makes a new one."""

from __future__ import annotations

from PySide6.QtCore import QStringListModel, Qt, Slot
from PySide6.QtWidgets import QCompleter, QLineEdit

from app.brand_search import BrandHit
from ui.brands.alive import while_alive
from ui.text import tr
from ui.workspace import Services

OFFERED = 7


class BrandField(QLineEdit):
    """Looks names up off the main thread while somebody types."""

    def __init__(self, services: Services, *, without: str = "") -> None:
        super().__init__()
        self._services = services
        self._without = without
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompleter(completer)
        self.textEdited.connect(self._look)

    @Slot(str)
    def _look(self, text: str) -> None:
        brands = self._services.container.brands
        self._services.tasks.call(
            tr("Looking for the name"),
            lambda: brands.search(text, OFFERED),
            while_alive(self, self._offer),
            newest="brand-field",
        )

    def _offer(self, hits: list[BrandHit]) -> None:
        names = [hit.name for hit in hits if hit.brand_id != self._without]
        completer = self.completer()
        self._names.setStringList(names)
        if names and names != [self.text()] and self.hasFocus() and completer is not None:
            completer.complete()
