"""The brands page on the finished demo: table, panel, workbench, lists, answers, agreement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLineEdit

from app.book_csv import read_book_csv
from app.commands import AddAlias, AddBrand, Decide, Deny, MergeBrands, UnmergeBrand
from app.demo_run import DEMO_BOOK
from tests.gui.bookkeeper import at_the_book, brands_of, choose, page_of, seen
from tests.gui.conftest import Driver
from ui.brands.chips import Chip


@pytest.fixture
def driver(open_window: Callable[..., Driver], demo_library: Path) -> Driver:
    return at_the_book(open_window(demo_library))


def key(qtbot, driver: Driver, pressed: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.keyClick(driver.window.focusWidget(), pressed, modifier)
    driver.settle()


def test_the_table_shows_the_book_and_takes_the_keys(driver):
    page = page_of(driver)
    table = page.table_tab.table
    assert len(table.brands.shown) == len(brands_of(driver).all(merged=False))
    assert table.hasFocus() or driver.window.focusWidget() is table
    seconds = [r.seconds for r in table.brands.shown]
    assert seconds == sorted(seconds, reverse=True) and seconds[0] > 0
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    names = [r.name.casefold() for r in table.brands.shown]
    assert names == sorted(names)


def test_room_of_a_wide_window_goes_to_category_and_aliases(driver):
    from ui.brands.table_model import ALIASES, CATEGORY

    table = page_of(driver).table_tab.table
    header = table.horizontalHeader()
    driver.window.resize(1000, 800)
    driver.settle()
    narrow = header.sectionSize(CATEGORY), header.sectionSize(ALIASES)
    driver.window.resize(2400, 1300)
    driver.settle()
    longest = max((row.category for row in table.brands.shown), key=len)
    assert header.sectionSize(CATEGORY) >= table.fontMetrics().horizontalAdvance(longest) + 12
    assert header.sectionSize(ALIASES) > narrow[1] and header.length() == table.viewport().width()
    driver.window.resize(1000, 800)
    driver.settle()
    assert (header.sectionSize(CATEGORY), header.sectionSize(ALIASES)) == narrow
    header.resizeSection(CATEGORY, 60)
    driver.window.resize(2400, 1300)
    driver.settle()
    assert header.sectionSize(CATEGORY) == 60, "a width that a person chose stays"


def test_escape_leaves_a_filter_that_nothing_fits(qtbot, driver):
    tab = page_of(driver).table_tab
    tab.filter.setFocus()
    qtbot.keyClicks(tab.filter, "zzzz")
    driver.until(lambda: not tab.table.brands.shown)
    key(qtbot, driver, Qt.Key.Key_Escape)
    assert driver.window.focusWidget() is not tab.filter
    key(qtbot, driver, Qt.Key.Key_Slash)
    assert driver.window.focusWidget() is tab.filter
    key(qtbot, driver, Qt.Key.Key_Return)
    assert driver.window.focusWidget() is not tab.filter
    tab.filter.clear()
    driver.until(lambda: tab.table.brands.shown)
    key(qtbot, driver, Qt.Key.Key_Slash)
    key(qtbot, driver, Qt.Key.Key_Escape)
    assert tab.table.isAncestorOf(driver.window.focusWidget()) or driver.window.focusWidget() is tab.table


def test_a_name_that_looks_like_markup_is_shown_as_it_is(driver):
    driver.app.container.bus.do(AddBrand(name="<b>Bold</b> & Co"))
    rows = page_of(driver).table_tab.table.brands
    driver.until(lambda: any(r.name.startswith("<b>") for r in rows.rows))
    choose(driver, "<b>Bold</b> & Co")
    head = page_of(driver).table_tab.panel.head
    assert head.text() == "<b>Bold</b> & Co" and head.textFormat() is Qt.TextFormat.PlainText


def test_filter_books_and_kinds(driver):
    tab = page_of(driver).table_tab
    model = tab.table.brands
    name = seen(driver)[0]
    page_of(driver).search(name.lower())
    driver.until(lambda: len(model.shown) < len(model.rows))
    assert name in [r.name for r in model.shown]
    tab.clear_filter()
    tab.book.setCurrentIndex(tab.book.findData(DEMO_BOOK))
    assert model.shown and all(DEMO_BOOK in r.books for r in model.shown)
    tab.clear_filter()
    tab._kinds.button(2).click()
    assert model.shown and not any(r.confirmed for r in model.shown)
    page_of(driver).search("no such brand at all")
    driver.until(lambda: not model.shown)
    assert tab._stack.currentIndex() == 1


def test_the_chosen_brand_stays_chosen_when_the_book_changes(driver):
    name = seen(driver)[1]
    row = choose(driver, name)
    driver.app.container.bus.do(AddBrand(name="Brand From Elsewhere"))
    model = page_of(driver).table_tab.table.brands
    driver.until(lambda: any(r.name == "Brand From Elsewhere" for r in model.rows))
    assert [r.id for r in page_of(driver).table_tab.table.rows()] == [row.id]


def test_confirm_and_undo_by_keys(qtbot, driver):
    page = page_of(driver)
    open_one = next(r for r in page.table_tab.table.brands.shown if not r.confirmed)
    choose(driver, open_one.name)
    page.setFocus()
    key(qtbot, driver, Qt.Key.Key_P)
    assert brands_of(driver).get(open_one.id).confirmed
    driver.do("edit.undo")
    assert not brands_of(driver).get(open_one.id).confirmed


def test_no_key_of_the_page_fires_while_somebody_types(qtbot, driver):
    page, actions = page_of(driver), driver.window.services.actions
    choose(driver, seen(driver)[0])
    fired: list[str] = []
    actions.triggered.connect(fired.append)
    for tab, field in (
        (page.table_tab, page.table_tab.filter),
        (page.table_tab, page.table_tab.panel.alias),
        (page.clusters_tab, page.clusters_tab.names),
        (page.lists_tab, page.lists_tab.field),
    ):
        page.tabs.setCurrentWidget(tab)
        driver.settle()
        field.setFocus()
        driver.settle()
        for spec in actions:
            if spec.scope == "B":
                actions[spec.id].setEnabled(True)
                for text in spec.all_keys:
                    combination = QKeySequence(text)[0]  # type: ignore[index]
                    typed = driver.window.focusWidget()
                    qtbot.keyClick(typed, combination.key(), combination.keyboardModifiers())
    assert fired == []


def test_every_action_of_the_page_is_answered_by_a_tab(driver):
    page, actions = page_of(driver), driver.window.services.actions
    answered = {id for tab in page.all_tabs for id in tab.commands}
    assert answered == {spec.id for spec in actions.table if spec.scope == "B"}


def test_actions_are_on_only_where_they_can_be_done(driver):
    page, actions = page_of(driver), driver.window.services.actions

    def on() -> set[str]:
        return {s.id for s in actions.table if s.scope == "B" and actions[s.id].isEnabled()}

    choose(driver, seen(driver)[0])
    assert {"brands.merge", "brands.split", "brands.new"} <= on() and "brands.level_1" not in on()
    page.tabs.setCurrentWidget(page.clusters_tab)
    driver.settle()
    assert "brands.level_1" in on() and "brands.split" not in on()
    driver.do("view.library")
    assert on() == set()


def test_own_keys_of_the_page_are_in_force_at_once(qtbot, driver):
    page, services = page_of(driver), driver.window.services
    open_one = next(r for r in page.table_tab.table.brands.shown if not r.confirmed)
    choose(driver, open_one.name)
    page.setFocus()
    services.preferences.change(keys={"brands.confirm": ("Q",)})
    driver.settle()
    key(qtbot, driver, Qt.Key.Key_P)
    assert not brands_of(driver).get(open_one.id).confirmed
    key(qtbot, driver, Qt.Key.Key_Q)
    assert brands_of(driver).get(open_one.id).confirmed
    assert "(Q)" in services.actions["brands.confirm"].toolTip()


def test_the_box_pressed_twice_at_once_ends_where_it_was(qtbot, driver):
    page = page_of(driver)
    open_one = next(r for r in page.table_tab.table.brands.shown if not r.confirmed)
    choose(driver, open_one.name)
    box = page.table_tab.panel.confirmed
    box.setFocus()
    for _ in range(2):
        qtbot.keyClick(box, Qt.Key.Key_Space)
    driver.settle()
    assert not brands_of(driver).get(open_one.id).confirmed
    assert not box.isChecked()


def undo(driver: Driver, title: str) -> None:
    """Takes back the step of this name, once the window offers it."""
    action = driver.window.services.actions["edit.undo"]
    driver.until(lambda: action.isEnabled() and action.text() == f"Undo {title}")
    driver.do("edit.undo")


def test_undo_goes_to_the_brand_that_changed(driver):
    page, bus = page_of(driver), driver.app.container.bus
    tab = page.table_tab
    first, second = (r for r in tab.table.brands.rows if r.name in seen(driver)[:2])
    elsewhere = next(r for r in tab.table.brands.rows if not r.sources)

    def look_away() -> None:
        choose(driver, elsewhere.name)
        page.tabs.setCurrentWidget(page.answers_tab)
        driver.do("view.library")

    def at() -> list[str]:
        return [r.id for r in tab.table.rows()]

    bus.do(MergeBrands(brand_ids=(second.id,), into=first.id))
    driver.settle()
    look_away()
    undo(driver, f"Merge {second.name} into {first.name}")
    driver.until(lambda: driver.window.pages.current == "view.brands" and page.tab is tab)
    driver.until(lambda: at() == [first.id] and not tab.table.rows()[0].merged)
    look_away()
    driver.do("edit.redo")
    driver.until(lambda: at() == [first.id] and bool(tab.table.rows()[0].merged))
    bus.do(UnmergeBrand(brand_ids=(second.id,)))
    driver.until(lambda: any(r.id == second.id for r in tab.table.brands.rows))
    look_away()
    undo(driver, f"Un-merge {second.name} from {first.name}")
    driver.until(lambda: at() == [first.id])
    for command in (
        AddAlias(brand_id=first.id, aliases=("Wholly Another Spelling",)),
        Deny(texts=(first.name,)),
    ):
        title = bus.do(command).title
        look_away()
        undo(driver, title)
        driver.until(lambda: at() == [first.id] and driver.window.pages.current == "view.brands")


def test_undo_of_a_denied_text_goes_to_the_list_and_back(driver):
    page, bus = page_of(driver), driver.app.container.bus
    title = bus.do(Deny(texts=("Half time", "Aardvark"))).title
    driver.do("view.library")
    undo(driver, title)
    driver.until(lambda: driver.window.pages.current == "view.brands" and page.tab is page.lists_tab)
    driver.do("view.library")
    driver.do("edit.redo")
    driver.until(lambda: page.lists_tab.denied.chosen() == ["Half time"])


def test_undo_of_a_verdict_goes_to_the_appearance(driver):
    container = driver.app.container
    source_id, job_id = next(iter(container.library.jobs.accepted_ids().items()))
    found = container.runs.get(job_id).appearances[-1]
    command = Decide(source_id=source_id, job_id=job_id, appearance_keys=(found.key,), kind="reject")
    undo(driver, container.bus.do(command).title)
    driver.until(lambda: driver.window.pages.current == "view.review")
    desk = driver.window.review.desk
    driver.until(lambda: desk.key == found.key)


def test_a_new_brand_by_keys(qtbot, driver):
    page = page_of(driver)
    page.setFocus()
    qtbot.keyClick(driver.window.focusWidget(), Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    dialog = driver.dialog()
    qtbot.keyClicks(dialog.name, seen(driver)[0])
    driver.until(lambda: bool(dialog.note.text()))
    assert not dialog.make.isEnabled()
    dialog.name.setText("\U0001f642")
    driver.until(lambda: "no letter or digit" in dialog.note.text())
    assert not dialog.make.isEnabled()
    dialog.name.clear()
    qtbot.keyClicks(dialog.name, "Quite New")
    dialog.aliases.setText("QN Works|Q New|Q\\|N")
    driver.until(lambda: dialog.make.isEnabled() and not dialog.note.text())
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    driver.until(lambda: bool(brands_of(driver).find("Quite New")))
    driver.until(lambda: [r.name for r in page.table_tab.table.rows()] == ["Quite New"])
    made = brands_of(driver).one("Q New")
    assert made.confirmed and made.aliases == ("QN Works", "Q New", "Q|N")


def test_rename_category_and_aliases_in_the_panel(qtbot, driver):
    page = page_of(driver)
    panel = page.table_tab.panel
    row = choose(driver, next(r.name for r in page.table_tab.table.brands.shown if not r.sources))
    page.setFocus()
    key(qtbot, driver, Qt.Key.Key_F2)
    assert panel.name.hasFocus() or driver.window.focusWidget() is panel.name
    qtbot.keyClicks(panel.name, "Renamed Thing")
    qtbot.keyClick(panel.name, Qt.Key.Key_Return)
    driver.until(lambda: brands_of(driver).get(row.id).canonical_name == "Renamed Thing")
    panel.category.setFocus()
    panel.category.clear()
    qtbot.keyClicks(panel.category, "testing")
    qtbot.keyClick(panel.category, Qt.Key.Key_Return)
    driver.until(lambda: brands_of(driver).get(row.id).category == "testing")
    qtbot.keyClicks(panel.alias, "Renamed Thingy")
    qtbot.keyClick(panel.alias, Qt.Key.Key_Return)
    driver.until(lambda: "Renamed Thingy" in brands_of(driver).get(row.id).aliases)
    driver.settle()
    driver.until(lambda: any(c.word == "Renamed Thingy" for c in panel.aliases.findChildren(Chip)))
    chip = next(c for c in panel.aliases.findChildren(Chip) if c.word == "Renamed Thingy")
    qtbot.keyClick(chip, Qt.Key.Key_Delete)
    driver.until(lambda: "Renamed Thingy" not in brands_of(driver).get(row.id).aliases)


def test_a_clash_is_told_at_the_field_and_can_be_shared(qtbot, driver):
    first, second = seen(driver)[:2]
    row = choose(driver, first)
    panel = page_of(driver).table_tab.panel
    qtbot.keyClicks(panel.alias, second)
    qtbot.keyClick(panel.alias, Qt.Key.Key_Return)
    driver.until(lambda: not panel.clash.isHidden())
    assert second in panel.clash.text()
    assert second not in brands_of(driver).get(row.id).aliases
    panel.share.click()
    driver.until(lambda: second in brands_of(driver).get(row.id).aliases or _open(driver))
    if second not in brands_of(driver).get(row.id).aliases:
        driver.dialog().apply.click()
        driver.until(lambda: second in brands_of(driver).get(row.id).aliases)


def _open(driver: Driver) -> bool:
    from PySide6.QtWidgets import QApplication, QDialog

    return any(isinstance(w, QDialog) and w.isVisible() for w in QApplication.topLevelWidgets())


def test_reference_pictures_come_from_files_and_go(driver, tmp_path):
    row = choose(driver, seen(driver)[0])
    references = page_of(driver).table_tab.panel.references
    wrong = tmp_path / "notes.png"
    wrong.write_text("no picture")
    references.add(wrong)
    driver.settle()
    assert "notes.png" in driver.window.messages.words
    picture = QImage(80, 40, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))
    path = tmp_path / "mark.png"
    assert picture.save(str(path))
    references.add(path)
    driver.until(lambda: references.list.count() == 1)
    assert [r.origin for r in brands_of(driver).get(row.id).references] == ["mark.png"]
    references.remove()
    driver.until(lambda: references.list.count() == 0)
    assert not brands_of(driver).get(row.id).references


def test_books_of_several_brands_at_once(driver):
    tab = page_of(driver).table_tab
    tab.table.selectRow(0)
    flags = tab.table.selectionModel().SelectionFlag
    tab.table.selectionModel().select(tab.table.brands.index(1, 0), flags.Select | flags.Rows)
    ids = {r.id for r in tab.table.rows()}
    assert len(ids) == 2
    tab.panel.book.setEditText("Contract")
    tab.panel._join_book()
    driver.until(lambda: brands_of(driver).books().get("Contract") == 2)
    driver.until(lambda: "Contract" in tab.panel.books.words)
    assert {r.id for r in tab.table.rows()} == ids


def test_csv_out_and_in_again(driver, tmp_path):
    tab = page_of(driver).table_tab
    path = tmp_path / "contract.csv"
    tab.files.export(tab.table.brands.shown[:3], path)
    driver.settle()
    assert len(read_book_csv(path).rows) == 3
    path.write_text("name,aliases\nWholly New Brand,WNB Sports\n", encoding="utf-8")
    tab.files.look_at(path)
    dialog = driver.dialog()
    driver.until(lambda: dialog.outcome.text().startswith("1 new"))
    dialog.take.click()
    driver.until(lambda: bool(brands_of(driver).find("WNB Sports")))
    assert brands_of(driver).books()["contract"] == 1


def test_read_only_offers_nothing_that_writes(open_window, demo_library):
    driver = open_window(demo_library, read_only=True)
    driver.do("view.brands")
    tab = page_of(driver).table_tab
    driver.until(lambda: page_of(driver).loaded)
    driver.settle()
    for id in ("new", "merge", "split", "confirm", "deny", "find", "import"):
        assert not driver.window.services.actions[f"brands.{id}"].isEnabled()
    assert not tab.panel.name.isEnabled()


def test_lists_take_and_give_back(qtbot, driver):
    page = page_of(driver)
    page.tabs.setCurrentWidget(page.lists_tab)
    driver.until(lambda: page.lists_tab.loaded)
    tab = page.lists_tab
    qtbot.keyClicks(tab.field, "Half time")
    qtbot.keyClick(tab.field, Qt.Key.Key_Return)
    driver.until(lambda: tab.denied.table.rowCount() == 1)
    shown = tab.denied.table.item(0, 0)
    assert shown is not None and shown.text() == "Half time"
    qtbot.keyClick(tab.denied.table, Qt.Key.Key_Delete)
    driver.until(lambda: not brands_of(driver).denied())
    driver.until(lambda: tab.denied._stack.currentIndex() == 0)


def test_answers_suggest_nothing_before_there_are_verdicts(driver):
    page = page_of(driver)
    page.tabs.setCurrentWidget(page.answers_tab)
    driver.until(lambda: page.answers_tab.loaded)
    driver.settle()
    assert page.answers_tab._stack.currentIndex() == 0
    container = driver.app.container
    source_id, job_id = next(iter(container.library.jobs.accepted_ids().items()))
    run = container.runs.get(job_id)
    found = next(a for a in run.appearances if a.candidates)
    container.bus.do(Decide(source_id=source_id, job_id=job_id, appearance_keys=(found.key,), kind="confirm"))
    driver.until(lambda: page.answers_tab._stack.currentIndex() == 1)


def test_figures_change_only_when_the_person_agrees(driver):
    """A brand made of an unresolved text is counted after matching again and agreeing, and not before."""
    page, container = page_of(driver), driver.app.container
    text = container.brands.workbench.unresolved()[0].text
    page.orders.weigh("Making a brand", AddBrand(name=text, books=(DEMO_BOOK,)))
    dialog = driver.dialog()
    assert dialog.again.isChecked() and not brands_of(driver).find(text)
    dialog.apply.click()
    driver.until(lambda: not page.agreement.agree.isHidden(), 60)
    driver.settle()
    before = container.library.jobs.accepted_ids()
    brand = brands_of(driver).one(text)
    assert next(r for r in container.brands.rows() if r.id == brand.id).seconds == 0
    page.agreement.agree.click()
    driver.until(lambda: container.library.jobs.accepted_ids() != before)
    driver.settle()
    assert next(r for r in container.brands.rows() if r.id == brand.id).seconds > 0
    driver.until(lambda: page.agreement.isHidden())
    driver.do("edit.undo")
    assert container.library.jobs.accepted_ids() == before


def test_every_control_has_a_name(driver):
    page = page_of(driver)
    for number in range(page.tabs.count()):
        page.tabs.setCurrentIndex(number)
        driver.settle()
        for kind in (QAbstractButton, QLineEdit, QComboBox, QAbstractItemView):
            for widget in page.findChildren(kind):
                if not widget.isVisibleTo(page) or widget.objectName().startswith("qt_"):
                    continue
                if isinstance(widget.parent(), QComboBox | QLineEdit | QAbstractItemView):
                    continue
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                assert widget.accessibleName() or text, f"{type(widget).__name__} has no name"
