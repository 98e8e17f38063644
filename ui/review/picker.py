"""Type-ahead for a brand: a small field over the frame; a name that no brand has makes one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ui.icons import icon
from ui.tasks import Tasks
from ui.text import tr

if TYPE_CHECKING:
    from app.brand_search import BrandHit

WIDTH = 380
MOST_ROWS, LEAST_ROWS, ROW_HEIGHT, EDGE = 8, 4, 26, 12
DELAY_MS = 40
SURE = 88.0
"""A typed name means a known brand from this likeness (0..100) on; below, it is offered after the new one."""


class BrandPicker(QFrame):
    """`picked` carries brand id ('' for a new one) and name; `closed` comes after every end."""

    picked = Signal(str, str)
    closed = Signal()

    def __init__(self, tasks: Tasks, parent: QWidget, chosen: Callable[[], QRect] = QRect) -> None:
        """`chosen` tells where over the parent what is to be named lies."""
        super().__init__(parent)
        self._tasks = tasks
        self._chosen = chosen
        self._over = parent
        self._search: Callable[[str], Sequence[BrandHit]] = lambda _text: ()
        self._new_allowed = True
        self._rows = MOST_ROWS
        self.setProperty("look", "panel")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(6)
        self._title = QLabel()
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setProperty("look", "strong")
        column.addWidget(self._title)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Type a brand’s name"))
        self.field.setAccessibleName(tr("Brand’s name"))
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._typed)
        column.addWidget(self.field)
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setAccessibleName(tr("Brands"))
        self.list.setIconSize(QSize(14, 14))
        self.list.itemClicked.connect(self._take)
        column.addWidget(self.list)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._ask)
        self.hide()

    def open(
        self,
        title: str,
        search: Callable[[str], Sequence[BrandHit]],
        start: Sequence[tuple[str, str]] = (),
        *,
        new: bool = True,
        marked: bool = True,
        offer: str = "",
        sure: bool = True,
        clear_of: QRect | None = None,
    ) -> None:
        """Asks for a brand. `search` runs off the main thread; `start` are (id, name) shown before anything is
        typed, with `offer` as a new brand's name, which comes first where the others are not `sure`; `new` allows
        names that no brand has. Without `marked` none of `start` is taken by a bare Enter. `clear_of`: a place over
        which it does not lie where there is room beside; by default that of what is chosen."""
        self._title.setText(title)
        self._search = search
        self._new_allowed = new
        self.field.clear()
        self._rows = MOST_ROWS
        self._fill([(id, name, "") for id, name in start], offer, sure=sure)
        if not marked:
            self.list.setCurrentRow(-1)
        parent = self._over
        self.setFixedWidth(min(WIDTH, parent.width() - 2 * EDGE))
        self.adjustSize()
        at, self._rows = self._place(self._chosen() if clear_of is None else clear_of)
        self.move(at)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def _place(self, clear_of: QRect) -> tuple[QPoint, int]:
        """Where it lies over its parent, and with how many rows at most: in the middle, or where it covers least of a
        place. It has fewer rows where that leaves the place free."""
        room, shown = self._over.size(), min(MOST_ROWS, self.list.count())
        right = room.width() - self.width() - EDGE
        middle = QPoint((room.width() - self.width()) // 2, max(EDGE, room.height() // 6))

        def covered(at: QPoint, height: int) -> int:
            both = QRect(at, QSize(self.width(), height)).intersected(clear_of)
            return both.width() * both.height() if both.isValid() else 0

        found: list[tuple[int, QPoint, int]] = []
        for rows in range(MOST_ROWS, max(LEAST_ROWS, shown) - 1, -1):
            height = self.height() + (rows - shown) * ROW_HEIGHT
            low = max(EDGE, room.height() - height - EDGE)
            places = [middle, *(QPoint(x, y) for y in (middle.y(), low, EDGE) for x in (EDGE, right))]
            found += [(covered(at, height), at, rows) for at in places]
        _, at, rows = min(found, key=lambda one: one[0])
        return at, rows

    def cancel(self) -> None:
        """Closes without a brand."""
        if self.isVisible():
            self._end()

    def _end(self) -> None:
        self._timer.stop()
        self.hide()
        self.closed.emit()

    def _typed(self) -> None:
        if self.isVisible():
            self._timer.start()

    def _ask(self) -> None:
        text = self.field.text().strip()
        search = self._search
        if not text:
            return

        def show(hits: Sequence[BrandHit]) -> None:
            if self.isVisible() and text == self.field.text().strip():
                self._fill_hits(hits, text)

        self._tasks.call(tr("Searching brands"), lambda: search(text), show, newest="brand-picker")

    def _fill_hits(self, hits: Sequence[BrandHit], text: str) -> None:
        found = [(h.brand_id, h.name, h.matched if h.matched != h.name else "") for h in hits]
        self._fill(found, text, sure=bool(hits) and hits[0].score >= SURE)

    def _fill(self, found: Sequence[tuple[str, str, str]], text: str, *, sure: bool = True) -> None:
        """Where no brand is alike enough to be `sure`, Enter makes the new one that was typed."""
        self.list.clear()
        for id, name, alias in found:
            words = tr("{name}  – also “{alias}”").format(name=name, alias=alias) if alias else name
            item = QListWidgetItem(icon("brands"), words)
            item.setData(Qt.ItemDataRole.UserRole, (id, name))
            self.list.addItem(item)
        known = {name.casefold() for _, name, _ in found}
        if text and self._new_allowed and text.casefold() not in known:
            item = QListWidgetItem(icon("add"), tr("New brand “{name}”").format(name=text))
            item.setData(Qt.ItemDataRole.UserRole, ("", text))
            self.list.insertItem(self.list.count() if sure else 0, item)
        if self.list.count():
            self.list.setCurrentRow(0)
        rows = min(self._rows, max(1, self.list.count()))
        height = self.list.sizeHintForRow(0) if self.list.count() else ROW_HEIGHT
        self.list.setFixedHeight(rows * max(24, height) + 6)
        self.list.setVisible(self.list.count() > 0)
        self.adjustSize()

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        id, name = item.data(Qt.ItemDataRole.UserRole)
        self._end()
        self.picked.emit(id, name)

    def _accept(self) -> None:
        """Enter: what is marked, unless a text was typed that hasn't been looked up yet."""
        text = self.field.text().strip()
        if self._timer.isActive() and text:
            self._timer.stop()
            hits = self._search(text)
            self._fill_hits(hits, text)
        self._take(self.list.currentItem())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                event.accept()
                return True
        elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._pressed(event)
        elif kind == QEvent.Type.FocusOut and self.isVisible():
            QTimer.singleShot(0, self._left)
        return super().eventFilter(watched, event)

    def _pressed(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self._end()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._accept()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            by = 1 if key == Qt.Key.Key_Down else -1
            count = self.list.count()
            here = self.list.currentRow()
            if count:
                self.list.setCurrentRow((here + by) % count if here >= 0 else (0 if by > 0 else count - 1))
        else:
            return False
        return True

    def _left(self) -> None:
        if self.isVisible() and not self.isAncestorOf(self.window().focusWidget() or self):
            self._end()
