"""Turns the action table into QActions in their scope, and keeps keys from whom they don't belong to.

A key that a focused field, button, slider or table needs for itself never fires an action: the guard claims it
for the widget. Item views of the review area and of the brands page that want these keys set the property
`reviewKeys`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from ui.action_keys import effective, normal, shown, shown_keys
from ui.actions import ActionSpec, Scope, action_table
from ui.icons import icon

_COMMAND_KEYS = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)
_EDITING = (
    QKeySequence.StandardKey.Undo,
    QKeySequence.StandardKey.Redo,
    QKeySequence.StandardKey.Copy,
    QKeySequence.StandardKey.Cut,
    QKeySequence.StandardKey.Paste,
    QKeySequence.StandardKey.SelectAll,
    QKeySequence.StandardKey.MoveToNextWord,
    QKeySequence.StandardKey.MoveToPreviousWord,
    QKeySequence.StandardKey.SelectNextWord,
    QKeySequence.StandardKey.SelectPreviousWord,
    QKeySequence.StandardKey.DeleteStartOfWord,
    QKeySequence.StandardKey.DeleteEndOfWord,
)
_PRESSES = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_MOVES = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
)


class ActionSet(QObject):
    """All actions of one window. `triggered` carries the id; `held` the id and whether the key is down."""

    triggered = Signal(str)
    held = Signal(str, bool)
    keys_changed = Signal()

    def __init__(self, parent: QObject, overrides: Mapping[str, tuple[str, ...]] | None = None) -> None:
        super().__init__(parent)
        self.table = action_table()
        self.specs: dict[str, ActionSpec] = {}
        self._actions: dict[str, QAction] = {}
        for spec in self.table:
            action = QAction(spec.title, self)
            action.setObjectName(spec.id)
            action.setIcon(icon(spec.icon))
            action.setCheckable(spec.checkable)
            context = Qt.ShortcutContext.WidgetWithChildrenShortcut
            if spec.scope == "G":
                context = Qt.ShortcutContext.WindowShortcut
            action.setShortcutContext(context)
            action.setAutoRepeat(
                spec.id.startswith(("play.", "review.next", "review.previous", "canvas.zoom"))
            )
            action.triggered.connect(self._fired)
            self._actions[spec.id] = action
        self._review_roots: list[QWidget] = []
        self.guard = KeyGuard(self)
        self.set_overrides(overrides or {})

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    def __iter__(self) -> Iterator[ActionSpec]:
        return iter(self.specs.values())

    def set_overrides(self, overrides: Mapping[str, tuple[str, ...]]) -> None:
        """Puts a person's own keys in force."""
        self.specs = {spec.id: spec for spec in effective(self.table, overrides)}
        for spec in self.specs.values():
            action = self._actions[spec.id]
            action.setShortcuts([QKeySequence(key) for key in spec.keys])
            keys = shown_keys(spec.all_keys)
            action.setToolTip(f"{spec.title} ({keys})\n{spec.help}" if keys else f"{spec.title}\n{spec.help}")
            action.setStatusTip(spec.help)
        self.keys_changed.emit()

    def attach_window(self, window: QWidget) -> None:
        """Gives a window the actions of scope G."""
        window.addActions(self._of("G"))

    def attach_review(self, *areas: QWidget) -> None:
        """Gives the panes of the review area the actions of scope R, taps and holds."""
        for area in areas:
            area.addActions(self._of("R"))
            self._review_roots.append(area)

    def attach_brands(self, page: QWidget) -> None:
        """Gives the brands page the actions of scope B."""
        page.addActions(self._of("B"))

    def attach_library(self, page: QWidget) -> None:
        """Gives the library's page the actions of scope L."""
        page.addActions(self._of("L"))

    def _of(self, scope: Scope) -> list[QAction]:
        return [self._actions[s.id] for s in self.table if s.scope == scope]

    def in_review(self, widget: QWidget | None) -> bool:
        """Whether a widget belongs to the review area."""
        return widget is not None and any(a is widget or a.isAncestorOf(widget) for a in self._review_roots)

    def key_text(self, id: str) -> str:
        """The first key of an action as this platform writes it, '' where it has none."""
        keys = self.specs[id].all_keys
        return shown(keys[0]) if keys else ""

    @Slot()
    def _fired(self) -> None:
        sender = self.sender()
        if isinstance(sender, QAction):
            self.triggered.emit(sender.objectName())


class KeyGuard(QObject):
    """Watches the focused widget only: claims its own keys, and turns taps and holds into actions."""

    def __init__(self, actions: ActionSet) -> None:
        super().__init__(actions)
        self._set = actions
        self._watched: QWidget | None = None
        self._down: dict[str, str] = {}
        self._spoiled = False
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._focus_changed)

    def close(self) -> None:
        """Stops watching."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.disconnect(self._focus_changed)
        self._focus_changed(None, None)

    def is_down(self, id: str) -> bool:
        """Whether the tap or hold key of this action is down at the moment."""
        return id in self._down.values()

    def spoil_tap(self) -> None:
        """The key that is down was used for something else (a drag): letting it go does nothing."""
        self._spoiled = True

    @Slot("QWidget*", "QWidget*")
    def _focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self._watched is not None:
            with contextlib.suppress(RuntimeError):  # the widget may be gone already
                self._watched.removeEventFilter(self)
        self._release_all()
        self._watched = new
        if new is not None:
            new.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if isinstance(watched, QWidget) and claims(watched, event, self._local_keys()):
                event.accept()
                return True
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and isinstance(event, QKeyEvent):
            return isinstance(watched, QWidget) and self._tap_or_hold(watched, event)
        return False

    def _local_keys(self) -> set[str]:
        """Keys of the actions that belong to a part of the window: typing is never interrupted by them."""
        return {normal(key) for spec in self._set for key in spec.all_keys if spec.scope != "G"}

    def _tap_or_hold(self, widget: QWidget, event: QKeyEvent) -> bool:
        key = normal(QKeySequence(event.keyCombination()).toString())
        if event.type() == QEvent.Type.KeyRelease:
            if key not in self._down or event.isAutoRepeat():
                return key in self._down
            self._let_go(key)
            return True
        if not self._set.in_review(widget) or claims(widget, event, set()):
            return False
        for spec in self._set:
            if key in map(normal, spec.taps) or key in map(normal, spec.holds):
                if not event.isAutoRepeat() and key not in self._down:
                    self._down[key] = spec.id
                    self._spoiled = False
                    if spec.holds:
                        self._set[spec.id].setChecked(True)
                        self._set.held.emit(spec.id, True)
                return True
        return False

    def _let_go(self, key: str) -> None:
        id = self._down.pop(key)
        if self._set.specs[id].holds:
            self._set[id].setChecked(False)
            self._set.held.emit(id, False)
        elif not self._spoiled and self._set[id].isEnabled():
            self._set[id].trigger()

    def _release_all(self) -> None:
        self._spoiled = True
        for key in tuple(self._down):
            self._let_go(key)


def is_typing(widget: QWidget | None) -> bool:
    """Whether keys that reach this widget are text."""
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit):
        return not widget.isReadOnly()
    return isinstance(widget, QAbstractSpinBox | QKeySequenceEdit)


def claims(widget: QWidget, event: QKeyEvent, local_keys: set[str]) -> bool:
    """Whether a widget needs this key for itself, so that no action may take it."""
    key = event.key()
    commands = bool(event.modifiers() & _COMMAND_KEYS)
    function_key = Qt.Key.Key_F1 <= key <= Qt.Key.Key_F35 or key == Qt.Key.Key_Escape
    if is_typing(widget):
        if commands or function_key:
            sequence = normal(QKeySequence(event.keyCombination()).toString())
            return sequence in local_keys or any(event.matches(standard) for standard in _EDITING)
        return True
    if commands or function_key:
        return False
    if isinstance(widget, QAbstractButton):
        return key in _PRESSES
    if isinstance(widget, QComboBox):
        return True
    if isinstance(widget, QAbstractSlider | QTabBar):
        return key in _MOVES
    if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit):
        return key in _MOVES
    if isinstance(widget, QAbstractItemView):
        return not widget.property("reviewKeys")
    return False
