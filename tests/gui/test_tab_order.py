"""Tab and Shift+Tab go through every control that is seen, on every page, and leave each again."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QWidget
from shiboken6 import isValid

from tests.gui.conftest import Driver
from tests.gui.reviewer import Reviewer

PAGES = ("view.library", "view.review", "view.brands", "view.report", "view.runs")
PLAIN, ALT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)
KINDS = (QAbstractButton, QComboBox, QLineEdit, QAbstractItemView)


def controls(window: QWidget) -> set[QWidget]:
    """The usual kinds of controls that a person sees and that take Tab; of choices that exclude each other the
    chosen one, from which arrow keys go on."""
    return {
        w
        for kind in KINDS
        for w in window.findChildren(kind)
        if w.isVisible()
        and w.isEnabled()
        and w.window() is window
        and w.focusPolicy() & Qt.FocusPolicy.TabFocus
        and w.focusProxy() is None
        and not (isinstance(w, QAbstractButton) and w.group() and w.group().exclusive() and not w.isChecked())
    }


def _named(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton | QLineEdit) else ""
    return widget.accessibleName() or text or type(widget).__name__


@pytest.mark.parametrize("page", PAGES)
def test_tab_reaches_every_control(demo_window: Driver, page: str) -> None:
    window = demo_window.window
    demo_window.do(page)
    wanted = controls(window)
    assert len(wanted) > 12
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        reached: list[QWidget] = []
        while (focus := window.focusWidget()) not in reached:
            reached.append(focus)
            QTest.keyClick(focus, key)
        left_out = [_named(w) for w in wanted - set(reached)]
        assert not left_out, key


def test_tab_leaves_the_frame_where_nothing_is_open(open_window, library_dir) -> None:
    driver = open_window(library_dir)
    driver.do("view.review")
    window = driver.window
    first = window.focusWidget()
    QTest.keyClick(first, Qt.Key.Key_Tab)
    assert window.focusWidget() is not first


def test_nothing_of_the_window_dies_with_a_panel_that_is_made_anew(at: Reviewer) -> None:
    """A page that is hidden passes the focus on, and the Brands page makes its chips anew after each change."""
    at.with_brand()
    for key, modifier in (
        (Qt.Key.Key_P, PLAIN), (Qt.Key.Key_3, ALT), (Qt.Key.Key_2, ALT), (Qt.Key.Key_Z, CTRL),
        (Qt.Key.Key_3, ALT), (Qt.Key.Key_2, ALT), (Qt.Key.Key_P, PLAIN),
    ):  # fmt: skip
        QTest.keyClick(at.window.windowHandle(), key, modifier)
        at.driver.settle()
        at.settle()
    assert isValid(at.window) and isValid(at.review.queue._denied)
    assert at.undo_title.startswith("Undo Confirm")
