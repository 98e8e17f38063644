"""A person at the review page of a window under test."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ui.review.area import Review


class Reviewer:
    """Presses keys in the review area and waits until what they did is stored and shown."""

    def __init__(self, driver) -> None:
        self.driver = driver
        self.window = driver.window
        self.review: Review = driver.window.review
        self.desk = self.review.desk
        self.driver.until(lambda: self.desk.snapshot is not None and self.review.player.picture is not None)
        self.review.canvas.frame.setFocus()
        self.settle()

    def settle(self) -> None:
        player = self.review.player
        picker = self.review.canvas.picker
        details = self.review.display._details
        self.driver.until(lambda: not picker._timer.isActive() and not details.isActive())
        self.driver.until(lambda: self.desk.settled and player._exact_up_to >= player._number)
        self.driver.settle()

    def press(self, *keys, modifier=Qt.KeyboardModifier.NoModifier) -> None:
        for key in keys:
            QTest.keyClick(QApplication.focusWidget() or self.window, key, modifier)
        self.settle()

    def type(self, words: str) -> None:
        QTest.keyClicks(QApplication.focusWidget() or self.window, words)
        self.settle()

    def with_brand(self):
        """Goes to the first undecided row that has a brand, and gives it."""
        row = next(r for r in self.desk.snapshot.rows if r.brand_name and not r.decided)
        self.desk.choose(row.key)
        self.settle()
        return row

    def state(self, key: str) -> str:
        return str(self.desk.snapshot.appearances[key].state)

    @property
    def undo_title(self) -> str:
        return self.window.services.container.bus.undo_title

    def decisions(self):
        library = self.window.services.container.library
        return [d for d in library.decisions.of_source(self.desk.source.id) if d.active]
