"""A person at the brands page of a window under test."""

from __future__ import annotations

from tests.gui.conftest import Driver
from ui.brands.page import BrandsPage


def at_the_book(driver: Driver) -> Driver:
    """Goes to the brands page and waits until it has counted."""
    driver.do("view.brands")
    page = page_of(driver)
    driver.until(lambda: page.loaded and not page.table_tab.table.brands.quick)
    driver.settle()
    return driver


def page_of(driver: Driver) -> BrandsPage:
    page = driver.window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    return page


def brands_of(driver: Driver):
    return driver.app.container.library.brands


def choose(driver: Driver, name: str):
    """The row of a brand, chosen in the table."""
    tab = page_of(driver).table_tab
    row = next(r for r in tab.table.brands.rows if r.name == name)
    assert tab.choose(row.id)
    driver.settle()
    return row


def seen(driver: Driver) -> list[str]:
    return [r.name for r in page_of(driver).table_tab.table.brands.shown if r.sources]
