"""The brand book by keys only in the real window: merge, split, new brand, aliases, lists, files, history, finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.book_csv import read_book_csv
from app.commands import AddBrand
from app.demo.truth import DemoTruth
from app.handling.members import crop_of
from engine.domain.geometry import hull, rectangle
from tests.e2e.conftest import Finished
from tests.e2e.keys import ALT, CONTROL, SHIFT, Keys
from ui.brands.chips import Chip
from ui.brands.clusters_tab import ClustersTab
from ui.brands.elsewhere import ElsewhereDialog
from ui.brands.files import ImportDialog
from ui.brands.new_dialog import NewBrandDialog
from ui.brands.page import BrandsPage
from ui.brands.split_dialog import SplitDialog
from ui.dialogs.history import HistoryDialog


@pytest.fixture
def keys(qapp: QApplication, finished: Finished, tmp_path: Path) -> Iterator[Keys]:
    made = Keys(qapp, finished.library, tmp_path)
    yield made
    made.close()


def brands_page(keys: Keys) -> BrandsPage:
    """Goes to the brands page and waits for its figures."""
    keys.press(Qt.Key.Key_3, ALT)
    page = keys.app.window.pages.page("view.brands")
    assert isinstance(page, BrandsPage)
    keys.until(lambda: page.loaded and not page.table_tab.table.brands.quick)
    keys.rest()
    return page


def follows(tab: ClustersTab) -> bool:
    """Whether the spellings are those of the cluster that the list stands on."""
    return tab.members.cluster is tab.clusters.clusters[tab.list.currentIndex().row()]


def to_cluster(keys: Keys, tab: ClustersTab, wanted: Callable[[], bool]) -> None:
    """Down to the first cluster that is the wanted one (else to the last), from the top: another level leaves the list
    on the cluster that it stood on."""
    for _ in tab.clusters.clusters:
        keys.press(Qt.Key.Key_Up)
    keys.until(lambda: tab.list.currentIndex().row() == 0 and follows(tab))
    for _ in range(len(tab.clusters.clusters)):
        if wanted():
            break
        keys.press(Qt.Key.Key_Down)
        keys.until(partial(follows, tab))


def test_cluster_merge_undo_and_unmerge_by_keys(keys: Keys) -> None:
    window, container = keys.app.window, keys.app.container
    brands = container.library.brands
    seen = max(container.brands.rows(), key=lambda r: r.seconds)
    other = container.bus.do(AddBrand(name=f"{seen.name}x")).made[0]

    page = brands_page(keys)
    assert window.pages.current == "view.brands"

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

    to_cluster(keys, tab, lambda: f"{seen.name}x" in names())
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
    keys.tab_to("Un-merge")
    keys.press(Qt.Key.Key_Space)
    keys.until(lambda: brands.get(other).merged_into is None)
    assert container.bus.undo_title.startswith("Undo")


def test_split_by_keys_and_undo_from_another_page(keys: Keys) -> None:
    window, container = keys.app.window, keys.app.container
    brands = container.library.brands
    seen = max(container.brands.rows(), key=lambda r: r.seconds)
    count = len(container.brands.split_offer(seen.id).pieces)
    page = brands_page(keys)
    assert [r.id for r in page.table_tab.table.rows()] == [seen.id], "most seconds first, and chosen"

    keys.press(Qt.Key.Key_S)
    dialog = keys.dialog(SplitDialog)
    keys.until(lambda: len(dialog.pieces.pieces) == count)
    keys.press_in(dialog, Qt.Key.Key_Space)
    keys.press_in(dialog, Qt.Key.Key_Return)
    keys.write_in(dialog, "Split Off Company")
    keys.until(dialog.apply.isEnabled)
    keys.press_in(dialog, Qt.Key.Key_Return)
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


def test_a_brand_is_made_named_and_confirmed_by_keys(keys: Keys) -> None:
    container = keys.app.container
    brands = container.library.brands
    page = brands_page(keys)
    table = page.table_tab.table
    keys.press(Qt.Key.Key_N, CONTROL)
    dialog = keys.dialog(NewBrandDialog)
    keys.write_in(dialog, "Typed Company")
    keys.press_in(dialog, Qt.Key.Key_Tab)
    keys.write_in(dialog, "Typd Co")
    keys.press_in(dialog, Qt.Key.Key_Tab)
    keys.write_in(dialog, "tyres")
    keys.until(dialog.make.isEnabled)
    keys.press_in(dialog, Qt.Key.Key_Return)
    keys.until(lambda: brands.find("Typed Company"))
    made = brands.one("Typed Company")
    assert (made.aliases, made.category, made.confirmed) == (("Typd Co",), "tyres", True)
    keys.until(lambda: [r.id for r in table.rows()] == [made.id])
    keys.rest()
    assert keys.app.window.focusWidget() is table, "the keys are in the table, at the new brand"

    keys.press(Qt.Key.Key_A)
    assert keys.app.window.focusWidget() is page.table_tab.panel.alias
    keys.write("Typed & Sons|Typedco")
    keys.press(Qt.Key.Key_Return)
    keys.until(lambda: set(brands.get(made.id).aliases) == {"Typd Co", "Typed & Sons", "Typedco"})
    keys.until(lambda: len(page.table_tab.panel.aliases.words) == 3)
    keys.rest()
    keys.press(Qt.Key.Key_Backtab, SHIFT)
    focus = keys.app.window.focusWidget()
    assert isinstance(focus, Chip)
    keys.press(Qt.Key.Key_Delete)
    keys.until(lambda: focus.word not in brands.get(made.id).aliases)
    keys.until(lambda: focus.word not in page.table_tab.panel.aliases.words)
    keys.rest()
    assert len(brands.get(made.id).aliases) == 2
    assert isinstance(keys.app.window.focusWidget(), Chip), "the focus stays with a neighbour"

    keys.press(Qt.Key.Key_Escape)

    def is_confirmed(on: bool) -> bool:
        return brands.get(made.id).confirmed is on

    def shows_confirmed(on: bool) -> bool:
        return [r.confirmed for r in table.rows()] == [on]

    for on in (False, True):
        assert keys.tab_to("Confirmed") is page.table_tab.panel.confirmed
        keys.press(Qt.Key.Key_Space)
        keys.until(partial(is_confirmed, on))
        keys.until(partial(shows_confirmed, on))
        keys.rest()
    keys.press(Qt.Key.Key_Escape)
    assert keys.app.window.focusWidget() is table
    keys.press(Qt.Key.Key_P)
    keys.until(lambda: not brands.get(made.id).confirmed)
    for _ in range(5):
        keys.rest()
        keys.press(Qt.Key.Key_Z, CONTROL)
    keys.until(lambda: brands.find("Typed Company") and brands.get(made.id).aliases == ("Typd Co",))


def test_deny_list_and_not_the_same_by_keys(keys: Keys) -> None:
    window, container = keys.app.window, keys.app.container
    brands = container.library.brands
    seen = max(container.brands.rows(), key=lambda r: r.seconds)
    other = container.bus.do(AddBrand(name=f"{seen.name}x")).made[0]
    page = brands_page(keys)
    keys.press(Qt.Key.Key_Tab, CONTROL)
    tab = page.clusters_tab
    keys.until(lambda: page.tab is tab and tab.loaded_level is not None)
    keys.press(Qt.Key.Key_4)
    keys.until(lambda: tab.loaded_level == "edit")
    keys.rest()
    keys.press(Qt.Key.Key_Escape)
    to_cluster(keys, tab, lambda: other in [m.brand_id for m in tab.members.members])
    kept_apart = {m.brand_id or m.text for m in tab.members.chosen()}
    assert {other, seen.id} <= kept_apart
    keys.press(Qt.Key.Key_N)
    keys.until(brands.not_same)
    keys.rest()
    both = {other, seen.id}
    keys.until(lambda: not any(both <= {m.brand_id for m in c.members} for c in tab.clusters.clusters))
    keys.rest()

    keys.press(Qt.Key.Key_Tab, CONTROL)
    lists = page.lists_tab
    keys.until(lambda: page.tab is lists and lists.loaded)
    keys.rest()
    count = len(brands.not_same())
    assert lists.pairs.table.rowCount() == count
    keys.tab_to("New text for the deny list")
    keys.write("Row 12 Seat 9")
    keys.press(Qt.Key.Key_Return)
    keys.until(lambda: "Row 12 Seat 9" in brands.denied().values())
    keys.until(lambda: lists.denied.table.rowCount() == len(brands.denied()))
    keys.rest()
    assert lists.field.text() == ""
    keys.tab_to("Deny list")
    for _ in range(lists.denied.table.rowCount()):
        if lists.denied.chosen() == ["Row 12 Seat 9"]:
            break
        keys.press(Qt.Key.Key_Down)
    keys.press(Qt.Key.Key_Delete)
    keys.until(lambda: "Row 12 Seat 9" not in brands.denied().values())
    keys.rest()
    keys.tab_to("Not the same")
    keys.press(Qt.Key.Key_Delete)
    keys.until(lambda: len(brands.not_same()) == count - 1)
    keys.rest()

    keys.press(Qt.Key.Key_Tab, CONTROL)
    keys.until(lambda: page.tab is page.answers_tab and page.answers_tab.loaded)
    keys.rest()
    keys.press(Qt.Key.Key_Tab, CONTROL)
    assert page.tab is page.table_tab, "the keys go on from the answers"
    assert window.focusWidget() is not None


def test_a_book_is_imported_and_exported_by_keys(keys: Keys, tmp_path: Path) -> None:
    brands = keys.app.container.library.brands
    page = brands_page(keys)
    book = tmp_path / "contract.csv"
    book.write_text("name,aliases,category\nFirst Deal,First|1st Deal,bank\nSecond Deal,,\n", "utf-8")
    keys.command("Import a brand book")
    keys.choose_file(book)
    dialog = keys.dialog(ImportDialog)
    keys.until(lambda: "2 new" in dialog.outcome.text())
    keys.press_in(dialog, Qt.Key.Key_Return)
    keys.until(lambda: brands.find("First Deal") and brands.find("Second Deal"))
    assert brands.books()["contract"] == 2
    keys.until(lambda: len(page.table_tab.table.brands.shown) == len(brands.all()))
    keys.rest()

    keys.press(Qt.Key.Key_Slash)
    keys.write("First Deal")
    keys.until(lambda: [r.name for r in page.table_tab.table.brands.shown] == ["First Deal"])
    out = tmp_path / "shown.csv"
    keys.command("Export the shown brands")
    keys.choose_file(out)
    keys.until(out.exists)
    keys.rest()
    (row,) = read_book_csv(out).rows
    assert (row.name, set(row.aliases), row.category) == ("First Deal", {"First", "1st Deal"}, "bank")


def test_the_history_is_searched_gone_to_and_exported_by_keys(keys: Keys, tmp_path: Path) -> None:
    window, container = keys.app.window, keys.app.container
    made = [container.bus.do(AddBrand(name=name)).made[0] for name in ("Older Step", "Newer Step")]
    page = brands_page(keys)
    keys.press(Qt.Key.Key_1, ALT)
    keys.press(Qt.Key.Key_H, CONTROL)
    dialog = keys.dialog(HistoryDialog)
    keys.until(lambda: dialog.table.rowCount() > 1)
    keys.write_in(dialog, "older step")
    keys.until(lambda: dialog.table.rowCount() == 1)
    out = tmp_path / "log.jsonl"
    keys.tab_to("Export the log", dialog)
    keys.press_in(dialog, Qt.Key.Key_Space)
    keys.choose_file(out)
    keys.until(out.exists)
    keys.rest()
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert any("Older Step" in line["title"] for line in lines)
    assert any("Newer Step" in line["title"] for line in lines)

    keys.tab_to("Search the history", dialog)
    keys.press_in(dialog, Qt.Key.Key_Return)
    keys.until(lambda: window.pages.current == "view.brands")
    keys.until(lambda: [r.id for r in page.table_tab.table.rows()] == [made[0]])
    keys.rest()
    assert window.focusWidget() is page.table_tab.table


def picture_of_the_mark(keys: Keys, video: Path, out: Path) -> Path:
    """Cuts the symbol-only board out of a stored frame that shows it whole."""
    app = keys.app.container
    truth = DemoTruth.load(video.with_suffix(".truth.json"))
    run = app.runs.get(next(iter(app.library.jobs.accepted_ids().values())))
    shown = [
        (seq, i)
        for seq in run.kept
        for i in truth.at_time(run.frames[seq].time / 1e6)
        if i.sign.kind == "symbol" and i.legible and i.visible >= 0.95
    ]
    seq, instance = shown[4]
    box = hull(instance.polygon)
    polygon = rectangle(max(0.0, box.x0), max(0.0, box.y0), box.x1, box.y1)
    out.write_bytes(app.library.blobs.get(crop_of(run, app.library.blobs, run.frames[seq].time, polygon)))
    return out


@pytest.mark.timeout(240)
def test_a_mark_is_found_elsewhere_and_judged_by_keys(keys: Keys, finished: Finished, tmp_path: Path) -> None:
    container = keys.app.container
    brands, decisions = container.library.brands, container.library.decisions
    picture = picture_of_the_mark(keys, finished.video, tmp_path / "mark.png")
    (source_id,) = container.library.jobs.accepted_ids()
    page = brands_page(keys)
    keys.press(Qt.Key.Key_N, CONTROL)
    dialog = keys.dialog(NewBrandDialog)
    keys.write_in(dialog, "Sought Mark")
    keys.tab_to("Book", dialog)
    keys.press_in(dialog, Qt.Key.Key_A, CONTROL)
    keys.write_in(dialog, "demo")
    keys.until(dialog.make.isEnabled)
    keys.press_in(dialog, Qt.Key.Key_Return)
    keys.until(lambda: brands.find("Sought Mark"))
    brand = brands.one("Sought Mark").id
    keys.until(lambda: [r.id for r in page.table_tab.table.rows()] == [brand])
    keys.rest()
    keys.tab_to("Add from file")
    keys.press(Qt.Key.Key_Space)
    keys.choose_file(picture)
    keys.until(lambda: any(r.references for r in page.table_tab.table.rows()))
    keys.rest()

    keys.press(Qt.Key.Key_Escape)
    keys.press(Qt.Key.Key_F)
    search = keys.dialog(ElsewhereDialog)
    keys.until(search.start.isEnabled)
    keys.press_in(search, Qt.Key.Key_Return)
    keys.until(lambda: search.list.count(), 120)
    before = len(decisions.of_source(source_id))

    def decided(count: int) -> bool:
        return len(decisions.of_source(source_id)) == count

    for number, (key, kind) in enumerate(((Qt.Key.Key_P, "confirm"), (Qt.Key.Key_X, "reject")), 1):
        left = search.list.count()
        assert left, "a find to say yes to, and one to say no to"
        keys.press_in(search, key)
        keys.until(partial(decided, before + number))
        assert search.list.count() == left - 1
        assert [str(d.kind) for d in decisions.of_source(source_id)].count(kind) == 1
    keys.press_in(search, Qt.Key.Key_Escape)
    keys.rest()
    assert keys.app.window.focusWidget() is page.table_tab.table, "the keys are where they were"
