"""The brand book by keys only in the real window: cluster → merge → undo → redo → un-merge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import qasync
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.commands import AddBrand
from app.container import open_container
from app.preferences import Preferences
from tests.e2e.conftest import Finished
from ui.application import WindowApp
from ui.brands.page import BrandsPage
from ui.window_state import WindowState

CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
PLAIN = Qt.KeyboardModifier.NoModifier


class Keys:
    """A person at the keyboard of one window."""

    def __init__(self, qapp: QApplication, folder: Path, scratch: Path) -> None:
        self._qapp = qapp
        self.loop = qasync.QEventLoop(qapp)
        asyncio.set_event_loop(self.loop)
        settings = QSettings(str(scratch / "window.ini"), QSettings.Format.IniFormat)
        container = open_container(folder, polite=True)
        preferences = Preferences(scratch / "preferences.toml")
        self.app = WindowApp(self.loop, container, preferences, state=WindowState(settings))
        self.app.start()
        self.until(lambda: self.app.window.session.loaded)

    def until(self, holds: Callable[[], object], seconds: float = 40.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "what the test waits for did not come"
            self._qapp.processEvents()
            time.sleep(0.003)

    def rest(self) -> None:
        self.until(lambda: not self.app.tasks.is_busy)

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = PLAIN) -> None:
        """Presses a key where the focus is."""
        QTest.keyClick(self.app.window.focusWidget() or self.app.window, key, modifier)
        self._qapp.processEvents()

    def type(self, text: str) -> None:
        QTest.keyClicks(self.app.window.focusWidget(), text)

    def close(self) -> None:
        self.rest()
        self.app.begin_close()
        self.until(self.app.closed.is_set)
        self.loop.close()
        asyncio.set_event_loop(None)


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

    page.show_brand(seen.id)
    keys.rest()
    keys.until(lambda: any(b.id == other for r in page.table_tab.table.rows() for b in r.merged))
    for _ in range(40):
        focus = window.focusWidget()
        if focus is not None and focus.accessibleName().startswith("Un-merge"):
            break
        keys.press(Qt.Key.Key_Tab)
    keys.press(Qt.Key.Key_Space)
    keys.until(lambda: brands.get(other).merged_into is None)
    assert container.bus.undo_title.startswith("Undo")
