"""Find it elsewhere from the brand's panel: what it takes, the search, a quick yes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.commands import AddToBook, DrawBox
from app.demo_run import DEMO_BOOK
from engine.domain.geometry import hull, rectangle
from ui.brands.elsewhere import ElsewhereDialog
from ui.brands.page import BrandsPage


@pytest.mark.full
def test_a_drawn_mark_is_searched_and_judged_by_keys(qtbot, open_window, demo_library):
    driver = open_window(demo_library)
    container = driver.app.container
    source_id, job_id = next(iter(container.library.jobs.accepted_ids().items()))
    run = container.runs.get(job_id)
    seen = max((s for a in run.appearances for s in a.seen), key=lambda s: hull(s.polygon).area)
    box = hull(seen.polygon)
    container.bus.do(
        DrawBox(
            source_id=source_id,
            job_id=job_id,
            time=run.time_of(seen.seq),
            polygon=rectangle(box.x0, box.y0, box.x1, box.y1),
            brand_name="Drawn Mark",
        )
    )
    brand = container.library.brands.one("Drawn Mark")
    container.bus.do(AddToBook(book=DEMO_BOOK, brand_ids=(brand.id,)))
    driver.do("view.brands")
    page = driver.window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    driver.until(lambda: page.loaded)
    page.show_brand(brand.id)
    driver.settle()
    qtbot.keyClick(driver.window.focusWidget(), Qt.Key.Key_F)
    dialog = driver.dialog()
    assert isinstance(dialog, ElsewhereDialog)
    driver.until(lambda: dialog.start.isEnabled())
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    driver.until(lambda: dialog._stack.currentIndex() == 1, 90)
    found = dialog.list.count()
    if found:
        decisions = len(container.library.decisions.of_source(source_id))
        qtbot.keyClick(dialog.list, Qt.Key.Key_P)
        driver.until(lambda: len(container.library.decisions.of_source(source_id)) > decisions)
        assert dialog.list.count() == found - 1
    assert container.library.jobs.accepted_ids()[source_id] == job_id, "nothing counts by itself"
    dialog.count_in.click()
    driver.until(lambda: container.library.jobs.accepted_ids()[source_id] != job_id)
    driver.settle()


def test_closing_a_dialog_early_is_no_trouble(qtbot, open_window, demo_library):
    driver = open_window(demo_library)
    driver.do("view.brands")
    page = driver.window.pages.page("view.brands")
    driver.until(lambda: page.loaded)
    page.setFocus()
    page.table_tab.merging.ask(page.table_tab.table.rows())
    page.table_tab.merging.picker.cancel()
    shown = page.table_tab.table.brands.shown
    page.table_tab.merging._picked(shown[1].id, shown[1].name)
    driver.dialog().reject()
    driver.settle()
    assert not driver.window.messages.words
