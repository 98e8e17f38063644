"""Screens of the brand book: each tab, its states and its dialogs."""

from __future__ import annotations

from tests.shots.registry import shot
from tests.shots.studio import Studio
from ui.brands.page import BrandsPage


def page_of(studio: Studio) -> BrandsPage:
    page = studio.window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    return page


@shot("brands-table")
def brands_table(studio: Studio) -> None:
    studio.window.messages.hide()
    studio.do("view.brands")
    studio.until(lambda: page_of(studio).loaded)
    studio.settle(1.0)
