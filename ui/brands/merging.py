"""Merge brands of the table into another one: which one is typed, what it touches is shown, then it is done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.brand_book import BrandRow
from app.commands import AddBrand, Command, MergeBrands, Several
from engine.brand_ids import brand_id_of
from ui.brands.edit_dialog import EditDialog, MergeAsked
from ui.brands.orders import Orders
from ui.review.picker import BrandPicker
from ui.text import plural, tr
from ui.workspace import Services


class MergeInto(QObject):
    """One at a time."""

    def __init__(self, services: Services, orders: Orders, over: QWidget) -> None:
        super().__init__(over)
        self._services = services
        self._orders = orders
        self._over = over
        self._rows: list[BrandRow] = []
        self.picker = BrandPicker(services.tasks, over)
        self.picker.picked.connect(self._picked)
        self.picker.closed.connect(over.setFocus)

    def ask(self, rows: Sequence[BrandRow]) -> None:
        """Asks which brand these become part of; several may become part of one of them."""
        self._rows = list(rows)
        if not self._rows:
            return
        names = self._rows[0].name if len(rows) == 1 else plural(len(rows), tr("{n} brand"), tr("{n} brands"))
        start = []
        if len(rows) > 1:
            start = [(r.id, r.name) for r in sorted(rows, key=lambda r: -r.seconds)[:8]]
        title = tr("Merge {names} into").format(names=names)
        self.picker.open(title, self._services.container.brands.search, start)

    def _picked(self, brand_id: str, name: str) -> None:
        ids = tuple(r.id for r in self._rows if r.id != brand_id)
        if not ids:
            words = tr("{name} can’t be merged into itself: choose another brand.").format(name=name)
            self._services.messages.tell(words, "warning", seconds=6)
            return
        command: Command = MergeBrands(brand_ids=ids, into=brand_id)
        if not brand_id:
            title = tr("Merge {n} brands into {name}").format(n=len(ids), name=name)
            made = AddBrand(name=name)
            command = Several.of(title, (made, MergeBrands(brand_ids=ids, into=brand_id_of(name))))
        title = tr("Merge {what} into {name}").format(
            what=self._rows[0].name if len(ids) == 1 and len(self._rows) == 1
            else plural(len(ids), tr("{n} brand"), tr("{n} brands")),
            name=name,
        )  # fmt: skip
        dialog = EditDialog(
            self._over,
            self._services,
            title,
            command,
            merges=(MergeAsked(ids, brand_id or name),),
            verb=tr("Merge"),
        )
        dialog.agreed.connect(lambda again: self._orders.apply(tr("Merging"), command, again))
        dialog.open()
