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


@shot("brands-clusters")
def brands_clusters(studio: Studio) -> None:
    page = page_of(studio)
    page.tabs.setCurrentWidget(page.clusters_tab)
    page.clusters_tab._level.button(3).click()
    studio.until(lambda: page.clusters_tab.loaded_level == "edit")
    studio.settle(1.0)


@shot("brands-lists")
def brands_lists(studio: Studio) -> None:
    page = page_of(studio)
    page.tabs.setCurrentWidget(page.lists_tab)
    studio.until(lambda: page.lists_tab.loaded)
    studio.settle()


@shot("brands-answers-empty")
def brands_answers_empty(studio: Studio) -> None:
    page = page_of(studio)
    page.tabs.setCurrentWidget(page.answers_tab)
    studio.until(lambda: page.answers_tab.loaded)
    studio.settle()
