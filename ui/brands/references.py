"""Reference pictures of a brand: shown small, added from files, removed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QIcon, QImage, QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.brand_book import BrandRow
from app.commands import AddReference
from engine.domain.errors import UserFixable
from ui.brands.orders import Orders
from ui.crops import picture_icon
from ui.icons import icon
from ui.text import tr
from ui.workspace import Services

PICTURE = QSize(92, 46)
LARGEST = 8_000_000
"""Bytes of a picture file that is taken."""


class References(QWidget):
    """One brand's pictures; Delete removes the chosen one."""

    def __init__(self, services: Services, orders: Orders) -> None:
        super().__init__()
        self._services = services
        self._orders = orders
        self._brand: BrandRow | None = None
        self._known: dict[str, QIcon] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        self.none = QLabel(tr("None yet. A box drawn on a frame leaves one here."))
        self.none.setProperty("look", "small")
        self.none.setWordWrap(True)
        layout.addWidget(self.none)
        self.list = _Pictures(self.remove)
        layout.addWidget(self.list)
        row = QHBoxLayout()
        self.add_button = QPushButton(icon("add"), tr("Add from file…"))
        self.add_button.clicked.connect(self._choose)
        self.remove_button = QPushButton(tr("Remove"))
        self.remove_button.setAccessibleName(tr("Remove the chosen picture"))
        self.remove_button.clicked.connect(self.remove)
        row.addWidget(self.add_button, 1)
        row.addWidget(self.remove_button)
        layout.addLayout(row)

    def show_brand(self, row: BrandRow) -> None:
        self._brand = row
        digests = [r.digest for r in row.references]
        there = [self.list.item(n).data(Qt.ItemDataRole.UserRole) for n in range(self.list.count())]
        writable = self._services.writable
        self.add_button.setEnabled(writable)
        self.remove_button.setVisible(bool(digests))
        self.remove_button.setEnabled(writable)
        self.none.setVisible(not digests)
        self.list.setVisible(bool(digests))
        if digests != there:
            self.list.clear()
            for number, reference in enumerate(row.references, 1):
                item = QListWidgetItem(self._known.get(reference.digest, QIcon()), "")
                item.setData(Qt.ItemDataRole.UserRole, reference.digest)
                words = tr("Picture {n} of {name}").format(n=number, name=row.name)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
                item.setToolTip(f"{words}\n{reference.origin}" if reference.origin else words)
                item.setSizeHint(PICTURE + QSize(12, 12))
                self.list.addItem(item)
            if digests:
                self.list.setCurrentRow(0)
            rows = -(-len(digests) // 3)
            self.list.setFixedHeight(min(3, rows) * (PICTURE.height() + 16) + 6)
        missing = [d for d in digests if d not in self._known]
        if missing:
            self._read(missing)

    def _read(self, digests: list[str]) -> None:
        blobs = self._services.container.library.blobs

        def read() -> dict[str, QImage]:
            return {d: _small(blobs.get(d)) for d in digests if blobs.has(d)}

        def show(images: dict[str, QImage]) -> None:
            for digest, image in images.items():
                self._known[digest] = picture_icon(image)
            for n in range(self.list.count()):
                item = self.list.item(n)
                found = self._known.get(item.data(Qt.ItemDataRole.UserRole))
                if found is not None:
                    item.setIcon(found)

        self._services.tasks.call(tr("Reading pictures"), read, show)

    @Slot()
    def _choose(self) -> None:
        dialog = QFileDialog(self, tr("Add a reference picture"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(tr("Pictures") + " (*.png *.jpg *.jpeg)")
        dialog.fileSelected.connect(lambda name: self.add(Path(name)))
        dialog.open()

    def add(self, path: Path) -> None:
        """Stores a picture file and makes it a reference of the brand."""
        brand = self._brand
        if brand is None:
            return
        blobs = self._services.container.library.blobs
        what = tr("Adding a reference picture")

        def store() -> str:
            return blobs.put(_checked(path))

        def stored(digest: str) -> None:
            self._orders.do(what, AddReference(brand_id=brand.id, digest=digest, origin=path.name))

        self._services.tasks.call(what, store, stored)

    @Slot()
    def remove(self) -> None:
        """Removes the chosen picture."""
        from app.commands import RemoveReference

        item = self.list.currentItem()
        if item is not None and self._brand is not None and self._services.writable:
            digest = item.data(Qt.ItemDataRole.UserRole)
            command = RemoveReference(brand_id=self._brand.id, digest=digest)
            self._orders.do(tr("Removing a reference picture"), command)


class _Pictures(QListWidget):
    def __init__(self, remove: object) -> None:
        super().__init__()
        self._remove = remove
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setMovement(QListWidget.Movement.Static)
        self.setIconSize(PICTURE)
        self.setAccessibleName(tr("Reference pictures"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and callable(self._remove):
            self._remove()
        else:
            super().keyPressEvent(event)


def _small(data: bytes) -> QImage:
    image = QImage.fromData(data)
    if image.isNull():
        return image
    mode = Qt.AspectRatioMode.KeepAspectRatio
    return image.scaled(PICTURE * 2, mode, Qt.TransformationMode.SmoothTransformation)


def _checked(path: Path) -> bytes:
    """The file's bytes where they are a picture; UserFixable else."""
    refused = {
        "still_works": tr("Nothing was changed."),
        "to_do": tr("Choose a PNG or JPEG picture of the mark."),
    }
    try:
        if path.stat().st_size > LARGEST:
            raise UserFixable(tr("{file} is larger than 8 MB.").format(file=path.name), **refused)
        data = path.read_bytes()
    except OSError as error:
        words = tr("{file} can’t be read: {reason}.").format(file=path.name, reason=error.strerror or error)
        raise UserFixable(words, **refused) from error
    if not data.startswith((b"\x89PNG", b"\xff\xd8")) or QImage.fromData(data).isNull():
        raise UserFixable(tr("{file} is no PNG or JPEG picture.").format(file=path.name), **refused)
    return data
