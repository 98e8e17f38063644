"""Words as chips that can be removed: aliases, books."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QToolButton, QWidget

from ui.flow_layout import in_rows
from ui.icons import icon
from ui.text import tr

SHOWN = 60
LONGEST = 34


class Chip(QToolButton):
    """One word; Enter, Space, Delete or a click remove (or take) it."""

    def __init__(self, text: str, tip: str, symbol: str) -> None:
        super().__init__()
        self.word = text
        short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        self.setText(short.replace("&", "&&"))
        self.setIcon(icon(symbol))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setProperty("look", "chip")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(tip)
        self.setAccessibleName(tip)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class Chips(QWidget):
    """`taken` carries the word of the chip that was pressed. `tip` holds {word}."""

    taken = Signal(str)

    def __init__(self, tip: str, none: str, symbol: str = "close") -> None:
        super().__init__()
        self._tip, self._none, self._symbol = tip, none, symbol
        self._flow = in_rows(self, 5)
        self._flow.setContentsMargins(0, 0, 0, 8)
        self.words: tuple[str, ...] = ()

    def show_words(self, words: Sequence[str], *, enabled: bool = True) -> None:
        """Replaces the chips; the focus stays with the neighbour of a chip that went."""
        focus = next((c for c in self.findChildren(Chip) if c.hasFocus()), None)
        at = self.words.index(focus.word) if focus is not None and focus.word in self.words else -1
        self.words = tuple(words)
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        for word in self.words[:SHOWN]:
            chip = Chip(word, self._tip.format(word=word), self._symbol)
            chip.setEnabled(enabled)
            chip.clicked.connect(lambda _=False, w=word: self.taken.emit(w))
            self._flow.addWidget(chip)
        rest = len(self.words) - SHOWN
        if rest > 0 or not self.words:
            label = QLabel(tr("and {n} more").format(n=rest) if rest > 0 else self._none)
            label.setProperty("look", "small")
            self._flow.addWidget(label)
        chips = self.findChildren(Chip)
        if at >= 0 and chips:
            chips[min(at, len(chips) - 1)].setFocus(Qt.FocusReason.OtherFocusReason)
        self.updateGeometry()
