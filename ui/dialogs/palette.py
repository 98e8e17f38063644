"""The command palette: type a few letters of what you want, Enter does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Slot
from PySide6.QtGui import QHideEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)
from rapidfuzz import fuzz, process, utils
from shiboken6 import isValid

from ui.action_keys import shown_keys
from ui.action_set import ActionSet
from ui.text import tr

MOST_ROWS = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the palette offers."""

    title: str
    hint: str
    keys: str
    icon: QIcon
    act: Callable[[], None]
    enabled: bool = True


def ranked(query: str, entries: Sequence[Entry]) -> list[Entry]:
    """Entries that fit the query, best first; all in their order where the query is empty."""
    if not query.strip():
        return list(entries)[:MOST_ROWS]
    titles = [entry.title for entry in entries]
    scores = process.cdist(
        [query], titles, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=55
    )[0]
    wanted = query.casefold().strip()

    def rank(index: int) -> tuple[bool, int, float, int]:
        title = titles[index].casefold()
        place = 0 if title.startswith(wanted) else 1 if wanted in title else 2
        return not entries[index].enabled, place, -float(scores[index]), index

    fitting = [i for i in range(len(entries)) if scores[i] > 0 or wanted in titles[i].casefold()]
    return [entries[i] for i in sorted(fitting, key=rank)][:MOST_ROWS]


class CommandPalette(QFrame):
    """A pop-up over the window; closes when something is chosen, with Esc, or when the focus goes elsewhere."""

    def __init__(
        self, window: QWidget, actions: ActionSet, more: Callable[[], Sequence[Entry]] | None = None
    ) -> None:
        super().__init__(window, Qt.WindowType.Popup)
        self.setProperty("look", "panel")
        self.setAccessibleName(tr("Command palette"))
        self._window = window
        self._actions = actions
        self._more = more
        self._entries: list[Entry] = []
        self._shown: list[Entry] = []
        self._before: QWidget | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(8)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("What do you want to do?"))
        self.field.setAccessibleName(tr("Command"))
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        layout.addWidget(self.field)
        self.rows = QListWidget()
        self.rows.setAccessibleName(tr("Commands"))
        self.rows.setUniformItemSizes(True)
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.itemClicked.connect(lambda _: self._choose())
        layout.addWidget(self.rows)
        self._none = QLabel(tr("Nothing of that name. Try another word."))
        self._none.setProperty("look", "muted")
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._none.setMinimumHeight(80)
        layout.addWidget(self._none)

    def open(self) -> None:
        """Shows the palette over the upper middle of the window."""
        self._before = QApplication.focusWidget()
        self._entries = [
            Entry(
                spec.title,
                spec.help,
                shown_keys(spec.all_keys[:2]),
                self._actions[spec.id].icon(),
                self._actions[spec.id].trigger,
                self._actions[spec.id].isEnabled(),
            )
            for spec in self._actions
        ]
        self._entries.extend(self._more() if self._more is not None else ())
        self.field.clear()
        self._search("")
        width = min(620, self._window.width() - 40)
        self.setFixedSize(width, min(480, self._window.height() - 80))
        corner = self._window.mapToGlobal(QPoint((self._window.width() - width) // 2, 64))
        self.move(corner)
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        """The focus goes back to where it was, so that keys act there again."""
        super().hideEvent(event)
        self._window.activateWindow()
        if self._before is not None and isValid(self._before):
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot(str)
    def _search(self, text: str) -> None:
        self._shown = ranked(text, self._entries)
        self.rows.clear()
        for entry in self._shown:
            item = QListWidgetItem(entry.icon, entry.title)
            item.setToolTip(entry.hint)
            if not entry.enabled:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.rows.addItem(item)
            self.rows.setItemWidget(item, _keys_label(entry.keys))
        first = next((i for i, e in enumerate(self._shown) if e.enabled), -1)
        self.rows.setCurrentRow(first)
        self.rows.setVisible(bool(self._shown))
        self._none.setVisible(not self._shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            key = Qt.Key(event.key())
            if key in moves:
                self._move(moves[key])
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose()
                return True
        return super().eventFilter(watched, event)

    def _move(self, by: int) -> None:
        usable = [i for i, entry in enumerate(self._shown) if entry.enabled]
        if not usable:
            return
        here = self.rows.currentRow()
        place = usable.index(here) + by if here in usable else 0
        self.rows.setCurrentRow(usable[max(0, min(place, len(usable) - 1))])

    def _choose(self) -> None:
        row = self.rows.currentRow()
        if 0 <= row < len(self._shown) and self._shown[row].enabled:
            act = self._shown[row].act
            self.close()
            act()


def _keys_label(keys: str) -> QLabel:
    label = QLabel(keys)
    label.setProperty("look", "small")
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    label.setContentsMargins(0, 0, 10, 0)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return label
