"""The brand book by keys only in the real window: cluster → merge → undo → redo → un-merge; split → undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.commands import AddBrand
from tests.e2e.conftest import Finished
from tests.e2e.keys import ALT, CONTROL, Keys
from ui.brands.page import BrandsPage
from ui.brands.split_dialog import SplitDialog


@pytest.fixture
def keys(qapp: QApplication, finished: Finished, tmp_path: Path) -> Iterator[Keys]:
    made = Keys(qapp, finished.library, tmp_path)
    yield made
    made.close()


def test_cluster_merge_undo_and_unmerge_by_keys(keys: Keys) -> None:
    window, container = keys.app.window, keys.app.container
    brands = container.library.brands
    seen = max(container.brands.rows(), key=lambda r: r.seconds)
    other = container.bus.do(AddBrand(name=f"{seen.name}x")).made[0]

    keys.press(Qt.Key.Key_3, ALT)
    assert window.pages.current == "view.brands"
    page = window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    keys.until(lambda: page.loaded and not page.table_tab.table.brands.quick)
    keys.rest()

    keys.press(Qt.Key.Key_Tab, CONTROL)
    tab = page.clusters_tab
    keys.until(lambda: page.tabs.currentWidget() is tab and tab.loaded_level is not None)
    keys.rest()
    keys.press(Qt.Key.Key_Escape)
    keys.press(Qt.Key.Key_4)
    keys.until(lambda: tab.loaded_level == "edit")
    keys.rest()
    keys.press(Qt.Key.Key_Escape)
    assert window.focusWidget() is tab.list

    def names() -> list[str]:
        return [m.text for m in tab.members.members]

    for _ in range(len(tab.clusters.clusters)):
        if f"{seen.name}x" in names():
            break
        keys.press(Qt.Key.Key_Down)
    assert f"{seen.name}x" in names() and seen.name in names()
    assert tab.names.currentText() == seen.name
    keys.until(lambda: tab._seen is not None)
    keys.press(Qt.Key.Key_M)
    keys.until(lambda: brands.get(other).merged_into == seen.id)
    keys.until(lambda: f"{seen.name}x" not in names())
    keys.rest()

    keys.press(Qt.Key.Key_Z, CONTROL)
    keys.until(lambda: brands.get(other).merged_into is None)
    keys.rest()
    keys.press(Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    keys.until(lambda: brands.get(other).merged_into == seen.id)
    keys.rest()

    assert page.tab is page.table_tab, "redo went to the brand"
    keys.until(lambda: any(b.id == other for r in page.table_tab.table.rows() for b in r.merged))
    for _ in range(40):
        focus = window.focusWidget()
        if focus is not None and focus.accessibleName().startswith("Un-merge"):
            break
        keys.press(Qt.Key.Key_Tab)
    keys.press(Qt.Key.Key_Space)
    keys.until(lambda: brands.get(other).merged_into is None)
    assert container.bus.undo_title.startswith("Undo")


def press_in(dialog: SplitDialog, key: Qt.Key) -> None:
    """Presses a key where the dialog has the focus."""
    QTest.keyClick(dialog.focusWidget() or dialog, key)


def test_split_by_keys_and_undo_from_another_page(keys: Keys) -> None:
    window, container = keys.app.window, keys.app.container
    brands = container.library.brands
    seen = max(container.brands.rows(), key=lambda r: r.seconds)
    count = len(container.brands.split_offer(seen.id).pieces)
    keys.press(Qt.Key.Key_3, ALT)
    page = window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    keys.until(lambda: page.loaded and not page.table_tab.table.brands.quick)
    keys.rest()
    assert [r.id for r in page.table_tab.table.rows()] == [seen.id], "most seconds first, and chosen"

    keys.press(Qt.Key.Key_S)
    dialog = keys.dialog()
    assert isinstance(dialog, SplitDialog)
    keys.until(lambda: len(dialog.pieces.pieces) == count)
    press_in(dialog, Qt.Key.Key_Space)
    press_in(dialog, Qt.Key.Key_Return)
    QTest.keyClicks(dialog.focusWidget(), "Split Off Company")
    keys.until(dialog.apply.isEnabled)
    press_in(dialog, Qt.Key.Key_Return)
    keys.until(lambda: brands.find("Split Off Company"))
    keys.rest()
    made = brands.one("Split Off Company").id
    assert len(container.brands.split_offer(made).pieces) == 1

    assert window.focusWidget() is page.table_tab.table, "the keys are where they were"
    keys.press(Qt.Key.Key_1, ALT)
    assert window.pages.current == "view.library"
    keys.until(lambda: container.bus.undo_title in window.services.actions["edit.undo"].text())
    keys.press(Qt.Key.Key_Z, CONTROL)
    keys.until(lambda: not brands.find("Split Off Company"))
    keys.until(lambda: window.pages.current == "view.brands")
    keys.until(lambda: [r.id for r in page.table_tab.table.rows()] == [seen.id])
    keys.rest()
    assert len(container.brands.split_offer(seen.id).pieces) == count
