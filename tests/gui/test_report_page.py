"""The report keeps what is chosen and how it is sorted, whatever changes below it."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Qt

from app.commands import Decide, RenameBrand
from engine.domain.figures import ExposureFigures
from tests.gui.conftest import Driver
from ui.report.page import ReportPage


def page_of(driver: Driver) -> ReportPage:
    page = driver.window.pages.page("view.report")
    assert isinstance(page, ReportPage)
    return page


def report(driver: Driver) -> ReportPage:
    driver.do("view.report")
    page = page_of(driver)
    driver.until(lambda: page.table.figures_model.rowCount() > 3)
    driver.settle()
    return page


def figures_of(page: ReportPage) -> ExposureFigures:
    assert page._data is not None
    return page._data.figures(False)


def changed(driver: Driver, command) -> None:
    driver.app.container.bus.do(command)
    driver.app.window.services.bridge.drain()
    driver.until(lambda: not page_of(driver)._timer.isActive())
    driver.settle()


def test_what_is_chosen_stays_chosen(demo_window):
    page = report(demo_window)
    table = page.table
    table.selectRow(2)
    brand = table.chosen()
    assert brand is not None

    def chosen() -> str:
        shown = table.chosen()
        return shown.brand_name if shown is not None else ""

    demo_window.window.services.theme.toggle()
    demo_window.settle()
    assert chosen() == brand.brand_name and table.currentIndex().row() == 2
    page._kinds.button(1).click()
    assert chosen() == brand.brand_name
    page._kinds.button(0).click()
    changed(demo_window, RenameBrand(brand_id=brand.brand_id, name="Another Name"))
    demo_window.until(lambda: chosen() == "Another Name")
    assert page._brand == table.chosen(), "the heat map shows what is chosen"
    session = demo_window.window.session
    keys = tuple(
        a.key
        for a in demo_window.window.review.desk.snapshot.appearances.values()
        if a.brand_id == brand.brand_id and a.machine is not None
    )
    changed(
        demo_window,
        Decide(source_id=session.source.id, job_id=session.job.id, appearance_keys=keys, kind="reject"),
    )
    demo_window.until(lambda: all(b.brand_id != brand.brand_id for b in table.figures_model.brands))
    assert table.chosen() is None and page._brand is None


def test_the_sorted_column_stays_where_another_one_comes_in(demo_window):
    page = report(demo_window)
    model, header = page.table.figures_model, page.table.horizontalHeader()
    page.table.sortByColumn(model.keys.index("exposures"), Qt.SortOrder.AscendingOrder)
    was = list(model.keys)
    figures = figures_of(page)
    brands = list(figures.brands)
    brands[-1] = replace(brands[-1], column="caption")
    page.table.show_figures(replace(figures, brands=tuple(brands)))
    assert ("column" in model.keys) is not ("column" in was)
    assert model.keys[header.sortIndicatorSection()] == "exposures"
    assert header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder


def test_a_long_name_leaves_the_figures_in_sight(demo_window):
    window = demo_window.window
    window.resize(1280, 800)
    page = report(demo_window)
    brand = figures_of(page).brands[0]
    changed(demo_window, RenameBrand(brand_id=brand.brand_id, name="Long Name " * 19))
    demo_window.until(lambda: page.table.figures_model.brands[0].brand_name.startswith("Long"))
    width = page.table.viewport().width()
    assert page.table.columnWidth(0) <= width * 0.4 + 1
    index = page.table.model().index(0, 0)
    assert "Long Name Long" in index.data(Qt.ItemDataRole.ToolTipRole)
