"""Crops for queue and inspector: decoded off the main thread when they are first needed, the latest kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage, QPixmap

from engine.domain.geometry import Polygon
from ui.review.pictures import crop, from_jpeg
from ui.tasks import Tasks
from ui.text import tr

KEPT = 600
BATCH = 6
"""Crops cut in one go; between two goes newer wishes come first."""
WAITING = 120
"""Wishes beyond so many are dropped: what was scrolled past is asked for again when it comes back."""


@dataclass(frozen=True, slots=True)
class CropWish:
    """A crop of a stored frame at a size in physical pixels."""

    image: str
    polygon: Polygon
    width: int
    height: int
    margin: float = 0.3


class Thumbnails(QObject):
    """`ready` is emitted after further crops are there."""

    ready = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._read: Callable[[str], bytes] = lambda _digest: b""
        self.source = QSize(16, 9)
        self._crops: OrderedDict[CropWish, QPixmap] = OrderedDict()
        self._waiting: OrderedDict[CropWish, None] = OrderedDict()
        self._busy = False

    def open(self, read: Callable[[str], bytes], source: QSize) -> None:
        """Another source; `read` gives a stored picture's bytes by digest (b'' where it is gone), on any thread."""
        self._read, self.source = read, source
        self._crops.clear()
        self._waiting.clear()

    def clear(self) -> None:
        """Forgets all crops; what is under way is dropped."""
        self._read = lambda _digest: b""
        self._crops.clear()
        self._waiting.clear()

    def get(self, wish: CropWish) -> QPixmap | None:
        """The crop, or None while it is being cut (empty where the picture is gone)."""
        found = self._crops.get(wish)
        if found is not None:
            self._crops.move_to_end(wish)
            return found
        self._waiting[wish] = None
        self._waiting.move_to_end(wish)
        while len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)
        self._work()
        return None

    def _work(self) -> None:
        if self._busy or not self._waiting:
            return
        newest = next(reversed(self._waiting))
        batch = [w for w in self._waiting if w.image == newest.image][-BATCH:]
        for wish in reversed(list(self._waiting)):
            if len(batch) < BATCH and wish not in batch:
                batch.append(wish)
        for wish in batch:
            del self._waiting[wish]
        self._busy = True
        read, source = self._read, self.source

        def done(made: list[tuple[CropWish, QImage]]) -> None:
            self._busy = False
            if read is self._read:
                for wish, image in made:
                    self._crops[wish] = QPixmap.fromImage(image)
                while len(self._crops) > KEPT:
                    self._crops.popitem(last=False)
                self.ready.emit()
            self._work()

        def failed(_error: Exception) -> None:
            self._busy = False
            if read is self._read:
                self._crops.update((wish, QPixmap()) for wish in batch)
            self._work()

        self._tasks.call(tr("Cutting crops"), lambda: _cut(read, batch, source), done, failed=failed)


def _cut(read: Callable[[str], bytes], batch: list[CropWish], source: QSize) -> list[tuple[CropWish, QImage]]:
    made: list[tuple[CropWish, QImage]] = []
    images: dict[str, QImage] = {}
    for wish in batch:
        if wish.image not in images:
            data = read(wish.image)
            images[wish.image] = from_jpeg(data) if data else QImage()
        image = images[wish.image]
        if image.isNull():
            made.append((wish, QImage()))
        else:
            size = QSize(wish.width, wish.height)
            made.append((wish, crop(image, wish.polygon, source, size, wish.margin)))
    return made
