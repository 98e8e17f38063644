"""Scrub bar, transport buttons, the time, and the zoom: the strip under the frame."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from engine.domain.timebase import format_time, parse_time
from ui.action_set import ActionSet
from ui.elided import ElidedLabel
from ui.icons import icon
from ui.looks import set_look
from ui.review.scrub_bar import ScrubBar
from ui.text import tr
from ui.theme import Theme
from ui.tokens import TYPE

BUTTONS = (
    "play.previous_analysed", "play.frame_back", "play.toggle", "play.frame_forward", "play.next_analysed",
)  # fmt: skip
LONGEST = "0:00:00.000 / 0:00:00.000"
SIDES = 48
"""Pixels of margins and of the room between the parts."""
VIEW = ("review.new_box", "review.edit_box", "canvas.zoom_out", "canvas.zoom_in", "canvas.fit")


class Transport(QWidget):
    """`time_typed` carries a time that was typed into the field (G)."""

    time_typed = Signal(object)
    left = Signal()

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setProperty("look", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(0)
        self.bar = ScrubBar(theme)
        column.addWidget(self.bar)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(2)
        for id in BUTTONS:
            row.addWidget(self._button(id))
        row.addSpacing(8)
        self._time = QLabel()
        self._time.setAccessibleName(tr("Time"))
        row.addWidget(self._time)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("m:ss.mmm"))
        self.field.setAccessibleName(tr("Go to time"))
        self.field.setFixedWidth(120)
        self.field.returnPressed.connect(self._typed)
        self.field.installEventFilter(self)
        self.field.hide()
        row.addWidget(self.field)
        self._speed = QLabel()
        self._speed.setProperty("look", "badge-info")
        self._speed.hide()
        row.addSpacing(6)
        row.addWidget(self._speed)
        self._frame = ElidedLabel(whole=True)
        self._frame.setAccessibleName(tr("Kind of frame"))
        self._frame.setProperty("look", "small")
        self._frame.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._frame, 1)
        row.addSpacing(8)
        self._view = [self._button(id) for id in VIEW]
        for button in self._view:
            row.addWidget(button)
        column.addLayout(row)
        self.setMinimumWidth(1)
        self._theme = theme
        self._is_short = False
        self._shown = 0, 0
        theme.changed.connect(self._fonts)
        self._fonts()

    def _button(self, id: str) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(self._actions[id])
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(self._actions[id].text())
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Where there isn't room for all, first what has keys and a menu goes, then the video's length."""
        each = self._view[0].sizeHint().width() + 2
        whole, short = (self._time.fontMetrics().horizontalAdvance(text) for text in (LONGEST, LONGEST[:11]))
        left = self.width() - SIDES - len(BUTTONS) * each
        for button in self._view:
            button.setVisible(left >= whole + len(VIEW) * each)
        self._is_short = left < whole
        self._time.setMinimumWidth(short if self._is_short else whole)
        self.show_time(*self._shown)

    def _fonts(self) -> None:
        self._time.setFont(self._theme.figures(TYPE.base))
        self._make_room()

    def show_time(self, time: int, duration: int) -> None:
        """The playhead's time and the video's length (microseconds)."""
        self._shown = time, duration
        self._time.setText(format_time(time) + ("" if self._is_short else f" / {format_time(duration)}"))
        self.bar.set_time(time)

    def show_frame(self, words: str) -> None:
        """What kind of frame is shown: analysed, between, stored."""
        self._frame.setText(words)
        self._frame.setToolTip(words)

    def show_speed(self, speed: int) -> None:
        """0 is stopped; negative is backwards."""
        toggle = self._actions["play.toggle"]
        toggle.setIcon(icon("pause" if speed else "play"))
        self._speed.setVisible(speed not in (0, 1))
        arrow = "◀" if speed < 0 else "▶"
        self._speed.setText(f"{arrow} {abs(speed)}×")

    def ask_time(self) -> None:
        """Opens the field for a time to go to."""
        self._time.hide()
        self.field.show()
        self.field.clear()
        set_look(self.field, "")
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Without the focus the field makes way for the time again, also where nothing was typed."""
        if isinstance(event, QFocusEvent) and event.lostFocus() and self.field.isVisible():
            elsewhere = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
            if event.reason() not in elsewhere:
                self._close_field()
        return super().eventFilter(watched, event)

    def _close_field(self) -> None:
        self.field.hide()
        self._time.show()

    def _typed(self) -> None:
        try:
            time = parse_time(self.field.text().replace(",", "."))
        except ValueError:
            set_look(self.field, "wrong")
            self.field.setToolTip(tr("A time like 90, 1:30 or 1:02:03.5"))
            return
        self._close_field()
        self.time_typed.emit(time)
        self.left.emit()
