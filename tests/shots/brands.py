"""Screens of the brand book: each tab, its states and its dialogs."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.commands import AddToBook, DrawBox, MergeBrands
from app.demo_run import DEMO_BOOK
from engine.domain.geometry import hull, rectangle
from tests.shots.registry import shot
from tests.shots.studio import Studio
from ui.brands.page import BrandsPage
from ui.brands.split_dialog import SplitDialog


def page_of(studio: Studio) -> BrandsPage:
    page = studio.window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    return page


def open_page(studio: Studio, number: int) -> BrandsPage:
    """The page on a tab, without what other screens left over it."""
    studio.window.messages.hide()
    studio.do("view.brands")
    page = page_of(studio)
    page.tabs.setCurrentIndex(number)
    studio.until(lambda: page.loaded)
    studio.settle(1.0)
    return page


def choose(studio: Studio, number: int, count: int = 1) -> BrandsPage:
    """The page with some brands chosen."""
    page = open_page(studio, 0)
    table = page.table_tab.table
    table.selectRow(number)
    for more in range(1, count):
        table.selectionModel().select(
            table.brands.index(number + more, 0),
            table.selectionModel().SelectionFlag.Select | table.selectionModel().SelectionFlag.Rows,
        )
    studio.settle()
    return page


def see_impact(studio: Studio) -> QWidget | None:
    from ui.brands.edit_dialog import EditDialog

    studio.until(lambda: isinstance(studio.dialog(), EditDialog))
    dialog = studio.dialog()
    assert isinstance(dialog, EditDialog)
    studio.until(lambda: dialog._impact is not None)
    studio.settle()
    return dialog


@shot("brands-empty", library="empty")
def brands_empty(studio: Studio) -> None:
    page = open_page(studio, 0)
    page.table_tab.search("no such brand")
    studio.settle()


@shot("brands-clusters-empty", library="empty")
def brands_clusters_empty(studio: Studio) -> None:
    page = open_page(studio, 1)
    studio.until(lambda: page.clusters_tab.loaded_level is not None)
    studio.settle()


@shot("brands-lists-empty", library="empty")
def brands_lists_empty(studio: Studio) -> None:
    page = open_page(studio, 2)
    studio.until(lambda: page.lists_tab.loaded)
    studio.settle()


@shot("brands-answers-empty", library="empty")
def brands_answers_empty(studio: Studio) -> None:
    page = open_page(studio, 3)
    studio.until(lambda: page.answers_tab.loaded)
    studio.settle()


@shot("brands-table")
def brands_table(studio: Studio) -> None:
    open_page(studio, 0)


@shot("brands-several")
def brands_several(studio: Studio) -> None:
    choose(studio, 2, 3)


@shot("brands-clusters")
def brands_clusters(studio: Studio) -> None:
    page = open_page(studio, 1)
    tab = page.clusters_tab
    tab.levels.choose(3)
    studio.until(lambda: tab.loaded_level == "edit")
    studio.until(lambda: tab._seen is not None)
    studio.settle()


@shot("brands-clusters-touches")
def brands_clusters_touches(studio: Studio) -> None:
    page_of(studio).clusters_tab.views.setCurrentIndex(1)
    studio.settle()


@shot("brands-merge-ticked")
def brands_merge_ticked(studio: Studio) -> QWidget | None:
    tab = page_of(studio).clusters_tab
    tab.clusters.tick_all(True)
    tab.merge_all.click()
    return see_impact(studio)


@shot("brands-split")
def brands_split(studio: Studio) -> QWidget | None:
    """Two appearances ticked, a new brand named, the effect shown."""
    dialog = open_split(studio)
    if len(dialog.pieces.pieces) > 1:
        dialog.pieces.tick((0, 1), True)
    dialog.target.setText("Another Company")
    studio.until(dialog.apply.isEnabled)
    studio.settle()
    return dialog


@shot("brands-split-refused")
def brands_split_refused(studio: Studio) -> QWidget | None:
    dialog = open_split(studio)
    dialog.pieces.tick((0,), True)
    dialog.target.setText(dialog._brand.name)
    studio.until(lambda: "itself" in dialog.note.text())
    studio.settle()
    return dialog


def open_split(studio: Studio) -> SplitDialog:
    page = open_page(studio, 0)
    brands = studio.container.brands
    seen = [r for r in page.table_tab.table.brands.shown if r.sources]
    most = max(seen, key=lambda r: (len(r.aliases), len(brands.split_offer(r.id).pieces)))
    page.show_brand(most.id)
    studio.settle()
    page.trigger("brands.split")
    studio.until(lambda: isinstance(studio.dialog(), SplitDialog))
    dialog = studio.dialog()
    assert isinstance(dialog, SplitDialog)
    studio.until(lambda: bool(dialog.pieces.pieces))
    studio.settle()
    return dialog


@shot("brands-merge-picker")
def brands_merge_picker(studio: Studio) -> None:
    page = choose(studio, 1)
    page.trigger("brands.merge")
    page.table_tab.merging.picker.field.setText("luma")
    studio.settle()


@shot("brands-merge")
def brands_merge(studio: Studio) -> QWidget | None:
    page = page_of(studio)
    page.table_tab.merging.picker.cancel()
    rows = page.table_tab.table.brands.shown
    page.table_tab.merging.ask([rows[1]])
    page.table_tab.merging.picker.cancel()
    page.table_tab.merging._picked(rows[0].id, rows[0].name)
    return see_impact(studio)


@shot("brands-merged")
def brands_merged(studio: Studio) -> None:
    page = page_of(studio)
    rows = page.table_tab.table.brands.shown
    kept = rows[0].id
    page.orders.do("Merging", MergeBrands(brand_ids=(rows[5].id,), into=kept))
    studio.settle(1.5)
    page.show_brand(kept)
    studio.settle(1.0)


@shot("brands-clash")
def brands_clash(studio: Studio) -> None:
    page = page_of(studio)
    studio.window.messages.hide()
    other = page.table_tab.table.brands.shown[2].name
    page.table_tab.panel.alias.setText(other)
    page.table_tab.panel.alias.returnPressed.emit()
    studio.until(lambda: not page.table_tab.panel.clash.isHidden())
    studio.settle()


@shot("brands-agree")
def brands_agree(studio: Studio) -> None:
    page = open_page(studio, 0)
    first = next(m for m in studio.container.brands.workbench.unresolved())
    from app.commands import AddBrand

    page.orders.apply(
        "Making a brand",
        AddBrand(name=first.text, books=(DEMO_BOOK,)),
        studio.container.library.jobs.accepted_ids(),
    )
    studio.until(lambda: page.agreement.agree.isVisible())
    studio.window.messages.hide()
    studio.settle()


@shot("brands-new")
def brands_new(studio: Studio) -> QWidget | None:
    page = open_page(studio, 0)
    page.trigger("brands.new")
    studio.until(lambda: studio.dialog() is not None)
    dialog = studio.dialog()
    assert dialog is not None
    dialog.name.setText(page.table_tab.table.brands.shown[3].name)  # type: ignore[attr-defined]
    studio.settle(0.8)
    return dialog


@shot("brands-import")
def brands_import(studio: Studio) -> QWidget | None:
    page = page_of(studio)
    path = studio.container.library.folder / "contract.csv"
    rows = page.table_tab.table.brands.shown
    path.write_text(
        f"name,aliases,category\n{rows[0].name},One more spelling,\nNorthgate Tyres,{rows[1].name}|Northgate,tyres\n",
        encoding="utf-8",
    )
    page.table_tab.files.look_at(path)
    studio.until(lambda: studio.dialog() is not None)
    studio.settle()
    return studio.dialog()


@shot("brands-references")
def brands_references(studio: Studio) -> None:
    """A drawn box leaves a reference picture of its brand."""
    source_id, job_id = next(iter(studio.container.library.jobs.accepted_ids().items()))
    run = studio.container.runs.get(job_id)
    seen = max((s for a in run.appearances for s in a.seen), key=lambda s: hull(s.polygon).area)
    box = hull(seen.polygon)
    page = open_page(studio, 0)
    page.orders.do(
        "Drawing",
        DrawBox(
            source_id=source_id,
            job_id=job_id,
            time=run.time_of(seen.seq),
            polygon=rectangle(box.x0, box.y0, box.x1, box.y1),
            brand_name="Drawn Mark",
        ),
        lambda change: list_it(studio, next(i for i in change.made if i in brand_ids(studio))),
    )
    studio.settle(2.0)
    studio.window.messages.hide()
    studio.settle()


def list_it(studio: Studio, brand_id: str) -> None:
    page = page_of(studio)
    page.orders.do("Listing", AddToBook(book=DEMO_BOOK, brand_ids=(brand_id,)))
    page.show_brand(brand_id)


def brand_ids(studio: Studio) -> set[str]:
    return {b.id for b in studio.container.library.brands.all()}


@shot("brands-elsewhere")
def brands_elsewhere(studio: Studio) -> QWidget | None:
    page = page_of(studio)
    page.trigger("brands.find")
    studio.until(lambda: studio.dialog() is not None)
    studio.settle(0.8)
    return studio.dialog()


@shot("brands-elsewhere-found")
def brands_elsewhere_found(studio: Studio) -> QWidget | None:
    from ui.brands.elsewhere import ElsewhereDialog

    page = page_of(studio)
    page.trigger("brands.find")
    studio.until(lambda: isinstance(studio.dialog(), ElsewhereDialog))
    dialog = studio.dialog()
    assert isinstance(dialog, ElsewhereDialog)
    studio.until(lambda: dialog.start.isEnabled())
    dialog.start.click()
    studio.until(lambda: dialog._stack.currentIndex() == 1, 120)
    studio.settle()
    return dialog


@shot("brands-lists")
def brands_lists(studio: Studio) -> None:
    page = open_page(studio, 2)
    from app.commands import Deny, NotSame

    shown = page.table_tab.table.brands.shown
    page.orders.do("Denying", Deny(texts=("Half time", "Extra time", "Goal", "Replay")))
    page.orders.do("Keeping apart", NotSame(things=(shown[0].id, shown[3].id, "Lumina")))
    studio.settle(1.0)
    studio.window.messages.hide()
    studio.settle()
