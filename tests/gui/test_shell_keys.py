"""Every key of the table: fires its action in its scope, once, is found in palette and sheet, never while typing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QListWidget,
    QMainWindow,
    QPlainTextEdit,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.action_keys import normal, shown
from ui.action_set import ActionSet, is_typing
from ui.actions import ActionSpec, action_table

COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
KEYS = [(spec, key) for spec in action_table() for key in spec.all_keys]
names = [f"{spec.id} {key}" for spec, key in KEYS]


def combination(key: str) -> tuple[Qt.Key, Qt.KeyboardModifier]:
    made = QKeySequence(key)[0]  # type: ignore[index]
    return made.key(), made.keyboardModifiers()


def is_text(key: str) -> bool:
    """Whether a person who presses this key in a field means a character or a move in it."""
    pressed, modifiers = combination(key)
    return not modifiers & COMMANDS and not (
        Qt.Key.Key_F1 <= pressed <= Qt.Key.Key_F35 or pressed == Qt.Key.Key_Escape
    )


def table(rows: type[QTableWidget] = QTableWidget) -> QTableWidget:
    made = rows(2, 2)
    for row in range(2):
        for column in range(2):
            made.setItem(row, column, QTableWidgetItem("x"))
    made.setCurrentCell(0, 0)
    return made


def editing_table() -> QTableWidget:
    made = table()
    made.setProperty("edits", True)
    return made


def tree() -> QTreeWidget:
    made = QTreeWidget()
    made.addTopLevelItems([QTreeWidgetItem(["a"]), QTreeWidgetItem(["b"])])
    return made


def editable_combo() -> QComboBox:
    made = QComboBox()
    made.setEditable(True)
    made.addItems(["one", "two"])
    return made


def plain_combo() -> QComboBox:
    made = QComboBox()
    made.addItems(["one", "two"])
    return made


def editable_list() -> QListWidget:
    made = QListWidget()
    made.addItems(["one", "two"])
    return made


FIELDS: dict[str, Callable[[], QWidget]] = {
    "line": QLineEdit,
    "spin": QSpinBox,
    "decimal": QDoubleSpinBox,
    "combo": plain_combo,
    "editable combo": editable_combo,
    "text": QPlainTextEdit,
    "keys": QKeySequenceEdit,
    "table": table,
    "cell that is edited": editing_table,
    "list": editable_list,
    "tree": tree,
}


class Stage(QMainWindow):
    """A review area, a brands page and a library with one frame each, one of them with a field, and something outside
    of them all."""

    def __init__(self, field: QWidget, scope: str = "R") -> None:
        super().__init__()
        self.field, self.frame, self.brands = field, QWidget(), QWidget()
        self.library, self.outside = QWidget(), QWidget()
        all_of_it = QWidget()
        whole = QVBoxLayout(all_of_it)
        areas = {}
        for name, frame in (("R", self.frame), ("B", self.brands), ("L", self.library), ("", self.outside)):
            frame.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            areas[name] = QWidget()
            inside = QVBoxLayout(areas[name])
            inside.addWidget(frame)
            whole.addWidget(areas[name])
            if name == scope:
                inside.addWidget(field)
        self.setCentralWidget(all_of_it)
        self.keys = ActionSet(self)
        self.keys.attach_window(self)
        self.keys.attach_review(areas["R"])
        self.keys.attach_brands(areas["B"])
        self.keys.attach_library(areas["L"])
        self.fired: list[str] = []
        self.keys.triggered.connect(self.fired.append)
        self.keys.held.connect(lambda id, down: self.fired.append(id) if down else None)


@pytest.fixture
def stage(qtbot) -> Callable[..., Stage]:
    def make(field: Callable[[], QWidget] = QLineEdit, scope: str = "R") -> Stage:
        made = Stage(field(), scope)
        qtbot.addWidget(made)
        made.show()
        made.activateWindow()
        qtbot.waitUntil(made.isActiveWindow)
        return made

    return make


def press(qtbot: Any, widget: QWidget, key: str) -> None:
    if QApplication.focusWidget() is not widget:
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus)
    qtbot.keyClick(widget, *combination(key))


def answering(key: str, scope: str) -> list[str]:
    """The action that has this key in an area of this scope, or everywhere."""
    return [spec.id for spec, other in KEYS if normal(other) == normal(key) and spec.scope in (scope, "G")]


def test_each_key_fires_its_action_once_in_its_scope_and_nowhere_else(qtbot, stage):
    window = stage()
    places = {"R": window.frame, "B": window.brands, "L": window.library, "": window.outside}
    for spec, key in KEYS:
        assert answering(key, spec.scope) == [spec.id]
        for scope, place in places.items():
            press(qtbot, place, key)
            assert window.fired == answering(key, scope), f"{key} in scope {scope!r}"
            window.fired.clear()


@pytest.mark.parametrize("scope", ["R", "B", "L"])
@pytest.mark.parametrize("name", FIELDS)
def test_no_key_that_a_field_needs_fires_anything(qtbot, stage, name, scope):
    window = stage(FIELDS[name], scope)
    field = window.field
    for spec, key in KEYS:
        target = field
        if field.property("edits"):
            if not isinstance(QApplication.focusWidget(), QLineEdit):
                field.setFocus()
                field.editItem(field.item(0, 0))
                qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QLineEdit))
            target = QApplication.focusWidget()
            assert target is not None and field.isAncestorOf(target)
        if is_text(key):
            press(qtbot, target, key)
            assert window.fired == [], f"{key} in {name}"
        elif spec.scope != "G" and is_typing(target):
            press(qtbot, target, key)
            assert window.fired == [], f"{key} decides nothing while somebody types"


def test_what_is_typed_arrives(qtbot, stage):
    window = stage(FIELDS["cell that is edited"])
    window.field.setFocus()
    window.field.editItem(window.field.item(0, 0))
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QLineEdit))
    cell = QApplication.focusWidget()
    assert isinstance(cell, QLineEdit)
    qtbot.keyClicks(cell, "pxusnkh/?1")
    assert cell.text() == "pxusnkh/?1" and window.fired == []
    window = stage(QSpinBox)
    window.field.setMaximum(9999)
    window.field.setFocus()
    window.field.selectAll()
    qtbot.keyClicks(window.field, "123")
    assert window.field.value() == 123 and window.fired == []


# --- the real window --------------------------------------------------------------------------------------------


def test_every_action_is_in_the_palette_and_does_something_there(demo_window):
    driver = demo_window
    driver.do("help.palette")
    palette = driver.window.dialogs._palette
    shown_there = {entry.title: entry for entry in palette._entries}
    assert set(shown_there) >= {spec.title for spec in driver.app.actions}
    palette.close()
    known = set(driver.window._handlers) | set(driver.window.review._handlers)
    known |= {id for tab in driver.window._brands().all_tabs for id in tab.commands}
    assert {spec.id for spec in driver.app.actions} <= known, "nothing is offered that nobody carries out"


def test_boxes_are_hidden_and_shown_by_name_too(demo_window):
    frame = demo_window.window.review.canvas.frame
    demo_window.do("canvas.hide_boxes")
    assert frame.boxes_hidden
    demo_window.do("canvas.hide_boxes")
    assert not frame.boxes_hidden


def test_every_key_stands_on_the_sheet(demo_window):
    demo_window.do("help.sheet")
    sheet = demo_window.dialog()
    words = [label.text() for label in sheet.findChildren(QLabel)]

    def stands(spec: ActionSpec) -> bool:
        if spec.id.startswith("review.candidate_"):
            return "1–9" in words
        return spec.title in words and all(shown(key) in words for key in spec.all_keys)

    missing = [spec.id for spec in demo_window.app.actions if spec.all_keys and not stands(spec)]
    assert missing == []
    sheet.reject()


def test_no_field_of_the_real_window_lets_a_review_key_through(qtbot, demo_window):
    """Every field, spin box and table that can be seen on any page keeps the letters that are typed into it."""
    driver = demo_window
    library = driver.app.container.library
    source = driver.window.session.source.id
    fired: list[str] = []
    driver.app.actions.triggered.connect(fired.append)
    driver.window.activateWindow()
    qtbot.waitUntil(driver.window.isActiveWindow)
    seen: set[tuple[str, str]] = set()
    for page in ("view.review", "view.runs", "view.brands", "view.report", "view.library"):
        driver.do(page)
        if page == "view.review":
            driver.window.run_panel.show_thresholds(True)
            driver.settle()
        fired.clear()
        for widget in driver.window.findChildren(QWidget):
            own = isinstance(widget, QAbstractItemView) and not widget.property("reviewKeys")
            kind = page, type(widget).__name__
            if not (is_typing(widget) or own) or kind in seen:
                continue
            if (
                not (widget.isVisible() and widget.isEnabled())
                or widget.focusPolicy() == Qt.FocusPolicy.NoFocus
            ):
                continue
            if isinstance(widget.parentWidget(), QAbstractSpinBox | QComboBox):
                continue
            widget.setFocus()
            if QApplication.focusWidget() not in (widget, widget.focusProxy()):
                continue
            seen.add(kind)
            for key in "PXSUNBMKGF0123":
                qtbot.keyClick(QApplication.focusWidget(), getattr(Qt.Key, f"Key_{key}"))
            for popup in filter(None, [QApplication.activePopupWidget()]):
                popup.close()
        driver.settle()
        assert not [id for id in fired if id.startswith(("review.", "play.", "canvas.", "brands."))], page
    assert {name for _, name in seen} & {"QLineEdit", "QDoubleSpinBox", "QSpinBox"}
    assert len(seen) >= 6
    assert not [d for d in library.decisions.of_source(source) if d.active]
    driver.do("view.review")
    driver.window.review.canvas.frame.setFocus()
    fired.clear()
    qtbot.keyClick(driver.window.review.canvas.frame, Qt.Key.Key_F)
    assert fired == ["canvas.fit"], "the same keys act on the frame"
