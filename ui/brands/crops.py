"""Crops of spellings for lists, cut off the main thread when they are first painted; the latest are kept."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from app.alias_workbench import Crop
from ui.crops import cut
from ui.text import tr
from ui.workspace import Services

KEPT = 500
WAITING = 60
BATCH = 8


class CropShelf(QObject):
    """`ready` is emitted after further crops are there."""

    ready = Signal()

    def __init__(self, services: Services, height: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._height = height
        self._kept: OrderedDict[Crop, QPixmap] = OrderedDict()
        self._waiting: OrderedDict[Crop, None] = OrderedDict()
        self._busy = False

    def get(self, crop: Crop) -> QPixmap | None:
        """The crop, None while it is being cut; a null pixmap where the picture is gone."""
        found = self._kept.get(crop)
        if found is not None:
            self._kept.move_to_end(crop)
            return found
        self._waiting[crop] = None
        self._waiting.move_to_end(crop)
        while len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)
        self._work()
        return None

    def _work(self) -> None:
        if self._busy or not self._waiting:
            return
        batch = list(reversed(self._waiting))[:BATCH]
        for crop in batch:
            del self._waiting[crop]
        self._busy = True
        container, height = self._services.container, self._height

        def made() -> list[QImage]:
            return [
                cut(
                    container.runs.get(c.job_id),
                    container.library.blobs.get,
                    c.place.seq,
                    c.place.polygon,
                    height,
                )
                for c in batch
            ]

        def done(images: list[QImage]) -> None:
            self._keep(batch, [QPixmap.fromImage(image) for image in images])

        self._services.tasks.call(
            tr("Cutting crops"), made, done, failed=lambda _: self._keep(batch, [QPixmap()] * len(batch))
        )

    def _keep(self, batch: list[Crop], pixmaps: list[QPixmap]) -> None:
        self._busy = False
        self._kept.update(zip(batch, pixmaps, strict=True))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.ready.emit()
        self._work()
