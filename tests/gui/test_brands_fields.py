"""Fields and lists of the brands page keep what a person typed or chose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.commands import Deny
from tests.gui.bookkeeper import at_the_book, brands_of, choose, page_of, seen
from tests.gui.conftest import Driver


@pytest.fixture
def driver(open_window: Callable[..., Driver], demo_library: Path) -> Driver:
    return at_the_book(open_window(demo_library))


@pytest.mark.parametrize("which", ["name", "category"])
def test_esc_takes_back_what_was_typed_into_a_field(driver, which):
    row = choose(driver, seen(driver)[0])
    field = getattr(page_of(driver).table_tab.panel, which)
    before = field.text()
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "Zq half ty")
    for _ in range(2):
        QTest.keyClick(driver.window.windowHandle(), Qt.Key.Key_Escape)
        driver.settle()
        assert field.text() == before
    assert not field.hasFocus(), "the second one leaves the field"
    assert brands_of(driver).get(row.id).canonical_name == row.name and not _bus_title(driver)


def _bus_title(driver: Driver) -> str:
    return driver.app.container.bus.undo_title


def test_several_lines_stay_chosen_when_the_lists_change(driver):
    page = page_of(driver)
    driver.app.container.bus.do(Deny(texts=("Aardvark", "Half time", "Second half")))
    page.tabs.setCurrentWidget(page.lists_tab)
    listing = page.lists_tab.denied
    driver.until(lambda: listing.table.rowCount() == 3)
    listing.table.selectAll()
    driver.app.container.bus.do(Deny(texts=("Away end",)))
    driver.until(lambda: listing.table.rowCount() == 4)
    assert listing.chosen() == ["Aardvark", "Half time", "Second half"]


def test_esc_after_enter_leaves_the_new_name(driver):
    row = choose(driver, seen(driver)[0])
    field = page_of(driver).table_tab.panel.name
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "Zq new name")
    QTest.keyClick(field, Qt.Key.Key_Return)
    driver.until(lambda: brands_of(driver).get(row.id).canonical_name == "Zq new name")
    for _ in range(2):
        QTest.keyClick(driver.window.windowHandle(), Qt.Key.Key_Escape)
        driver.settle()
    assert not field.hasFocus() and brands_of(driver).get(row.id).canonical_name == "Zq new name"
