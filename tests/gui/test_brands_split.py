"""Splitting a brand by sightings: ticked by keys, the effect shown first, one step back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLineEdit

from app.brand_book import BrandRow
from app.commands import AddAlias
from app.overlay import State
from tests.gui.conftest import Driver
from ui.brands.page import BrandsPage
from ui.brands.split_dialog import SplitDialog


@pytest.fixture
def driver(open_window: Callable[..., Driver], demo_library: Path) -> Driver:
    """On the table with the brand of most appearances chosen; it has an alias."""
    made = open_window(demo_library)
    container = made.app.container
    brand = most_seen(made)
    container.bus.do(AddAlias(brand_id=brand.id, aliases=("Nowhere Seen",)))
    made.do("view.brands")
    page = made.window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    made.until(lambda: page.loaded and not page.table_tab.table.brands.quick)
    made.settle()
    page.show_brand(brand.id)
    made.settle()
    return made


def most_seen(driver: Driver) -> BrandRow:
    brands = driver.app.container.brands
    seen = (r for r in brands.rows() if r.sources)
    return max(seen, key=lambda r: r.occurrences)


def open_dialog(qtbot, driver: Driver) -> SplitDialog:
    qtbot.keyClick(driver.window.focusWidget(), Qt.Key.Key_S)
    dialog = driver.dialog()
    assert isinstance(dialog, SplitDialog)
    driver.until(lambda: dialog.pieces.pieces)
    driver.settle()
    return dialog


def states(driver: Driver, brand_id: str) -> list[State]:
    return [p.state for p in driver.app.container.brands.split_offer(brand_id).pieces]


def test_ticked_appearances_become_a_new_brand_by_keys(qtbot, driver):
    brand, container = most_seen(driver), driver.app.container
    before = len(container.brands.split_offer(brand.id).pieces)
    assert before > 1
    dialog = open_dialog(qtbot, driver)
    assert dialog.focusWidget() is dialog.list and not dialog.apply.isEnabled()
    piece = dialog.pieces.pieces[0]
    qtbot.keyClick(dialog.list, Qt.Key.Key_Space)
    assert dialog.pieces.chosen() == [piece]
    qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    assert dialog.focusWidget() is dialog.target
    qtbot.keyClicks(dialog.target, "Other Company")
    driver.until(dialog.apply.isEnabled)
    assert "new brand" in dialog.note.text()
    source = dialog.impact.tree.topLevelItem(0)
    assert source is not None and source.text(0) == piece.source_name
    shown = [source.child(n) for n in range(source.childCount())]
    assert "Other Company" in [line.text(0) for line in shown if line is not None]
    assert not container.library.brands.find("Other Company"), "nothing is done before the person agrees"
    qtbot.keyClick(dialog.target, Qt.Key.Key_Return)
    driver.until(lambda: container.library.brands.find("Other Company"))
    driver.settle()
    made = container.library.brands.one("Other Company")
    assert states(driver, made.id) == [State.REASSIGNED]
    assert len(container.brands.split_offer(brand.id).pieces) == before - 1
    assert container.bus.undo_title == f"Undo Split Other Company off {brand.name}"
    driver.do("edit.undo")
    assert not container.library.brands.find("Other Company")
    assert len(container.brands.split_offer(brand.id).pieces) == before
    page = driver.window.pages.page("view.brands")
    driver.until(lambda: [r.id for r in page.table_tab.table.rows()] == [brand.id])


def test_several_rows_an_alias_and_a_brand_that_is_there(qtbot, driver):
    brand, container = most_seen(driver), driver.app.container
    other = next(r for r in container.brands.rows() if r.sources and r.id != brand.id)
    dialog = open_dialog(qtbot, driver)
    qtbot.keyClick(dialog.list, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Space)
    assert len(dialog.pieces.chosen()) == len(dialog.pieces.pieces)
    dialog.tick_none()
    dialog.tick_source()
    qtbot.keyClick(dialog.alias_list, Qt.Key.Key_Space)
    assert dialog.aliases.chosen() == ("Nowhere Seen",) and dialog.target.text() == "Nowhere Seen"
    dialog.target.selectAll()
    qtbot.keyClicks(dialog.target, other.name)
    driver.until(dialog.apply.isEnabled)
    assert other.name in dialog.note.text()
    count = len(dialog.pieces.chosen())
    dialog.apply.click()
    driver.until(lambda: "Nowhere Seen" in container.library.brands.get(other.id).aliases)
    driver.settle()
    given = [s for s in states(driver, other.id) if s is State.REASSIGNED]
    assert len(given) == count
    assert f"of {brand.name} to {other.name}" in container.bus.undo_title


def test_an_alias_takes_what_matched_by_it_along(qtbot, driver):
    dialog = open_dialog(qtbot, driver)
    by_alias = [p for p in dialog.pieces.pieces if p.alias == "nowhereseen"]
    assert by_alias == []
    first = dialog.pieces.pieces[0]
    dialog.pieces.pieces[0] = type(first)(
        **{f: getattr(first, f) for f in first.__slots__} | {"alias": "nowhereseen"}
    )
    qtbot.keyClick(dialog.alias_list, Qt.Key.Key_Space)
    assert [p.key for p in dialog.pieces.chosen()] == [first.key]
    qtbot.keyClick(dialog.alias_list, Qt.Key.Key_Space)
    assert dialog.pieces.chosen() == []


def test_what_can_not_be_is_said_in_the_dialog(qtbot, driver):
    brand = most_seen(driver)
    dialog = open_dialog(qtbot, driver)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Space)
    for name, words in ((brand.name, "itself"), ("Nowhere Seen", "Tick this alias")):
        dialog.target.setText(name)
        driver.until(lambda words=words: words in dialog.note.text())
        assert not dialog.apply.isEnabled()


def test_ticks_stay_with_their_rows_in_another_order(qtbot, driver):
    dialog = open_dialog(qtbot, driver)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Space)
    chosen = dialog.pieces.chosen()
    dialog.list.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    assert dialog.pieces.chosen() == chosen
    seconds = [p.seconds for p in dialog.pieces.pieces]
    assert seconds == sorted(seconds)


def test_every_control_of_the_dialog_has_a_name(qtbot, driver):
    dialog = open_dialog(qtbot, driver)
    for kind in (QAbstractButton, QLineEdit, QAbstractItemView):
        for widget in dialog.findChildren(kind):
            if widget.isVisibleTo(dialog) and not isinstance(widget.parent(), QLineEdit | QAbstractItemView):
                assert widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text())
