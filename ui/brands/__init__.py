"""The brand book in the window: table, alias workbench, lists, answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ui.brands.page import BrandsPage
    from ui.workspace import Services


def build_brands(services: Services) -> BrandsPage:
    """The brands page of a window; it reads the book when it is first shown."""
    from ui.brands.page import BrandsPage

    return BrandsPage(services)
