"""The action table: complete, free of conflicts, and keys stay with whom they belong to."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QSlider,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.action_keys import conflicts, effective
from ui.action_set import ActionSet
from ui.actions import action_table
from ui.icons import names

KEY_TABLE = {
    "R": "Space K J L Left Right Shift+Left Shift+Right Ctrl+Left Ctrl+Right , . Up Down Shift+Up Shift+Down P "
    "Return Enter X U S 1 2 3 4 5 6 7 8 9 B N E I O M F 0 Z + - H / G Ctrl+Return",
    "G": "Ctrl+Z Ctrl+Shift+Z Ctrl+F Ctrl+K ? F5 Shift+F5 Ctrl+. F6 Shift+F6 Esc Ctrl+O Ctrl+E Ctrl+,",
}


def test_every_key_of_the_brief_has_its_action_in_its_scope(qapp):
    table = action_table()
    for scope, keys in KEY_TABLE.items():
        have = {key for spec in table if spec.scope == scope for key in spec.all_keys}
        assert set(keys.split()) <= have


def test_table_is_complete_and_without_conflicts(qapp):
    table = action_table()
    assert conflicts(table) == {}
    assert len({spec.id for spec in table}) == len(table)
    for spec in table:
        assert spec.title and spec.help and spec.icon in names(), spec.id


def test_one_key_may_serve_review_and_brands_page_but_not_one_scope_twice(qapp):
    plain = {spec.id: spec for spec in action_table()}
    assert set(plain["brands.confirm"].all_keys) & set(plain["review.confirm"].all_keys)
    clash = effective(action_table(), {"brands.merge": ("P",), "brands.alias": ("Ctrl+Z",)})
    assert conflicts(clash) == {
        "P": ("brands.merge", "brands.confirm"),
        "Ctrl+Z": ("edit.undo", "brands.alias"),
    }


def test_own_keys_replace_and_conflicts_are_seen(qapp):
    table = effective(
        action_table(), {"review.confirm": ("Q",), "review.reject": ("Q",), "play.toggle": ("Space",)}
    )
    assert conflicts(table) == {"Q": ("review.confirm", "review.reject")}
    toggle = next(s for s in table if s.id == "play.toggle")
    assert toggle.taps == ("Space",) and toggle.keys == ()


class Stage(QMainWindow):
    """A window with a review area (a canvas, fields and buttons in it) and something outside."""

    fired: list[Any]
    inside: dict[str, Any]
    canvas: QWidget
    other: QWidget
    actions_of: ActionSet


@pytest.fixture
def window(qtbot):
    window = Stage()
    area, outside = QWidget(), QWidget()
    area_layout, outside_layout = QVBoxLayout(area), QVBoxLayout(outside)
    canvas = QWidget()
    canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    inside: dict[str, Any] = {
        "line": QLineEdit(),
        "spin": QSpinBox(),
        "combo": QComboBox(),
        "button": QPushButton("a"),
        "slider": QSlider(Qt.Orientation.Horizontal),
        "table": QTableWidget(2, 1),
    }
    inside["table"].setItem(0, 0, QTableWidgetItem("x"))
    for widget in (canvas, *inside.values()):
        area_layout.addWidget(widget)
    other = QWidget()
    other.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    outside_layout.addWidget(other)
    both = QWidget()
    both_layout = QVBoxLayout(both)
    both_layout.addWidget(area)
    both_layout.addWidget(outside)
    window.setCentralWidget(both)
    actions = ActionSet(window)
    actions.attach_window(window)
    actions.attach_review(area)
    window.fired = []
    actions.triggered.connect(window.fired.append)
    actions.held.connect(lambda id, down: window.fired.append((id, down)))
    window.inside, window.canvas, window.other, window.actions_of = inside, canvas, other, actions
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def press(qtbot, widget, key, modifiers=Qt.KeyboardModifier.NoModifier):
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)
    qtbot.keyClick(widget, key, modifiers)


def test_review_keys_act_in_the_review_area_only(qtbot, window):
    press(qtbot, window.canvas, Qt.Key.Key_P)
    press(qtbot, window.canvas, Qt.Key.Key_Return)
    press(qtbot, window.other, Qt.Key.Key_P)
    assert window.fired == ["review.confirm", "review.confirm"]


def test_space_taps_and_h_holds(qtbot, window):
    press(qtbot, window.canvas, Qt.Key.Key_Space)
    press(qtbot, window.canvas, Qt.Key.Key_H)
    assert window.fired == ["play.toggle", ("canvas.hide_boxes", True), ("canvas.hide_boxes", False)]
    window.fired.clear()
    qtbot.keyPress(window.canvas, Qt.Key.Key_Space)
    assert window.actions_of.guard.is_down("play.toggle")
    window.actions_of.guard.spoil_tap()
    qtbot.keyRelease(window.canvas, Qt.Key.Key_Space)
    assert window.fired == []


@pytest.mark.parametrize("name", ["line", "spin", "combo", "table"])
def test_no_review_key_fires_while_somebody_types(qtbot, window, name):
    widget = window.inside[name]
    for spec in window.actions_of:
        for text in spec.all_keys:
            if spec.scope == "R" and not text.startswith("Ctrl"):
                from PySide6.QtGui import QKeySequence

                combination = QKeySequence(text)[0]  # type: ignore[index]
                press(qtbot, widget, combination.key(), combination.keyboardModifiers())
    assert window.fired == []


def test_typing_reaches_the_field_and_ctrl_enter_does_not_decide(qtbot, window):
    line = window.inside["line"]
    press(qtbot, line, Qt.Key.Key_P)
    press(qtbot, line, Qt.Key.Key_Space)
    press(qtbot, line, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert line.text() == "p "
    assert window.fired == []


def test_buttons_and_sliders_keep_their_keys(qtbot, window):
    clicked = []
    window.inside["button"].clicked.connect(lambda: clicked.append(1))
    press(qtbot, window.inside["button"], Qt.Key.Key_Space)
    press(qtbot, window.inside["slider"], Qt.Key.Key_Right)
    assert clicked == [1]
    assert window.inside["slider"].value() == 1
    assert window.fired == []


def test_global_keys_act_everywhere(qtbot, window):
    for widget in (window.canvas, window.other, window.inside["line"], window.inside["spin"]):
        press(qtbot, widget, Qt.Key.Key_F5)
        press(qtbot, widget, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.fired == ["run.start", "help.palette"] * 4
