"""Decisions of the review on their way to the log: shown at once, stored in their order, none lost."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from storage.library import Library

KEY = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def test_a_decision_is_shown_before_it_is_stored(at):
    row = at.with_brand()
    QTest.keyClick(QApplication.focusWidget() or at.window, KEY.Key_X)
    assert at.desk.pending[row.key].state == "rejected"
    assert at.desk.key not in row.keys
    at.settle()
    assert not at.desk.pending and at.state(row.key) == "rejected"


def test_an_undone_decision_is_told_at_the_frame_and_moves_nothing(at):
    at.with_brand()
    at.press(KEY.Key_P)
    height = at.review.canvas.height()
    at.press(KEY.Key_Z, modifier=CTRL)
    assert at.review.canvas.frame.hud.notice.startswith("Taken back: Confirm")
    assert at.window.messages.isHidden() and at.review.canvas.height() == height
    at.press(KEY.Key_Z, modifier=CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert at.review.canvas.frame.hud.notice.startswith("Done again: Confirm")


def test_undo_takes_back_what_was_decided_last_however_quickly_it_is_asked_for(at):
    """Decisions wait for their turn on the way to the log: undo comes after those that were made before it."""
    at.with_brand()
    keys = []
    for _ in range(3):
        keys.append(at.desk.key)
        QTest.keyClick(QApplication.focusWidget() or at.window, KEY.Key_S)
    QTest.keyClick(QApplication.focusWidget() or at.window, KEY.Key_Z, CTRL)
    at.driver.until(lambda: [at.state(k) for k in keys] == ["unsure", "unsure", "undecided"])
    at.settle()
    at.driver.do("edit.redo")
    at.driver.until(lambda: [at.state(k) for k in keys] == ["unsure"] * 3)


def test_keys_pressed_right_after_undo_are_meant_for_what_it_leads_to(at):
    """Ctrl+Z, then S at once: what was taken back is what becomes unsure, and a second Ctrl+Z takes that back."""
    row = at.with_brand()
    at.press(KEY.Key_X)
    next_key = at.desk.key
    assert next_key not in row.keys
    at.press(KEY.Key_Z, modifier=CTRL)
    at.press(KEY.Key_Z, modifier=CTRL | SHIFT)
    at.desk.choose(next_key)
    at.settle()
    for key, modifier in ((KEY.Key_Z, CTRL), (KEY.Key_S, Qt.KeyboardModifier.NoModifier)):
        QTest.keyClick(QApplication.focusWidget() or at.window, key, modifier)
    at.driver.until(lambda: at.state(row.key) == "unsure")
    at.settle()
    assert at.state(next_key) == "undecided"
    at.desk.choose(next_key)
    for key, modifier in ((KEY.Key_Z, CTRL), (KEY.Key_X, Qt.KeyboardModifier.NoModifier), (KEY.Key_Z, CTRL)):
        QTest.keyClick(QApplication.focusWidget() or at.window, key, modifier)
    at.driver.until(lambda: at.undo_title == "")
    at.settle()
    assert at.state(row.key) == at.state(next_key) == "undecided"


def test_keys_after_an_undo_that_opens_a_list_are_no_commands(at):
    row = at.with_brand()
    at.press(KEY.Key_X)
    for key, modifier in (
        (KEY.Key_Z, CTRL),
        (KEY.Key_B, Qt.KeyboardModifier.NoModifier),
        (KEY.Key_X, Qt.KeyboardModifier.NoModifier),
    ):
        QTest.keyClick(QApplication.focusWidget() or at.window, key, modifier)
    at.driver.until(at.review.canvas.picker.isVisible)
    at.settle()
    assert at.state(row.key) == "undecided" and not at.undo_title


@pytest.mark.parametrize("leave", ["close the window", "close the run"])
def test_what_was_decided_just_before_leaving_is_stored(at, leave):
    at.with_brand()
    for _ in range(4):
        QTest.keyClick(QApplication.focusWidget() or at.window, KEY.Key_S)
    source, folder = at.desk.source.id, at.window.services.container.library.folder
    if leave == "close the run":
        at.review.close_run()
        at.driver.settle()
    at.driver.close()
    with Library.open(folder) as library:
        found = [d.kind for d in library.decisions.of_source(source) if d.active]
    assert found == ["unsure"] * 4
