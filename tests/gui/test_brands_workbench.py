"""The alias workbench on the finished demo: kept apart for good, merged in one step, denied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.commands import AddBrand
from tests.gui.conftest import Driver
from ui.brands.clusters_tab import ClustersTab
from ui.brands.page import BrandsPage


@pytest.fixture
def driver(open_window: Callable[..., Driver], demo_library: Path) -> Driver:
    """On the workbench at its laxest level, with two seen brands that have a twin each."""
    made = open_window(demo_library)
    container = made.app.container
    for row in sorted(container.brands.rows(), key=lambda r: -r.seconds)[:2]:
        container.bus.do(AddBrand(name=f"{row.name}x"))
    made.do("view.brands")
    page = made.window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    page.tabs.setCurrentWidget(page.clusters_tab)
    page.clusters_tab.levels.choose(3)
    made.until(lambda: page.loaded and page.clusters_tab.loaded_level == "edit")
    made.settle()
    return made


def tab_of(driver: Driver) -> ClustersTab:
    page = driver.window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    return page.clusters_tab


def twins(driver: Driver) -> list[int]:
    """Rows of the clusters of a brand and its twin."""
    shown = tab_of(driver).clusters.clusters
    return [n for n, c in enumerate(shown) if any(m.text.endswith("x") for m in c.members)]


def merged(driver: Driver) -> list[str]:
    brands = driver.app.container.library.brands.all()
    return [b.canonical_name for b in brands if b.merged_into is not None]


def test_not_the_same_is_never_offered_again(qtbot, driver):
    tab = tab_of(driver)
    rows = twins(driver)
    assert len(rows) == 2
    tab.list.setFocus()
    tab.list.selectRow(rows[0])
    names = [m.text for m in tab.members.members]
    qtbot.keyClick(tab.list, Qt.Key.Key_N)
    driver.until(lambda: driver.app.container.library.brands.not_same())
    driver.until(lambda: len(twins(driver)) == 1)
    assert names not in [[m.text for m in c.members] for c in tab.clusters.clusters]


def test_all_ticked_are_merged_as_one_step(qtbot, driver):
    tab = tab_of(driver)
    tab.list.setFocus()
    for row in twins(driver):
        tab.list.selectRow(row)
        qtbot.keyClick(tab.list, Qt.Key.Key_Space)
    assert len(tab.clusters.chosen()) == 2
    qtbot.keyClick(tab.list, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    dialog = driver.dialog()
    driver.until(lambda: dialog.apply.isEnabled())
    assert dialog.merge_view.tree.topLevelItemCount() == 2
    assert not merged(driver), "nothing is done before the person agrees"
    dialog.again.setChecked(False)
    dialog.apply.click()
    driver.until(lambda: len(merged(driver)) == 2)
    driver.settle()
    driver.do("edit.undo")
    driver.until(lambda: not merged(driver))


def test_only_ticked_members_take_part(qtbot, driver):
    tab = tab_of(driver)
    tab.list.selectRow(twins(driver)[0])
    for row in range(tab.members.rowCount() - 1):
        tab.table.selectRow(row)
        qtbot.keyClick(tab.table, Qt.Key.Key_Space)
    assert len(tab.members.chosen()) == 1
    assert (
        not tab.merge_button.isEnabled() and not driver.window.services.actions["brands.not_same"].isEnabled()
    )
