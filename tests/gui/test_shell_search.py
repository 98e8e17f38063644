"""The search field belongs to the shown page, and Enter goes to what was found; pages give the keys to their lists."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ui.start.card import SourceCard


def _focused():
    focus = QApplication.focusWidget()
    assert focus is not None
    return focus


def _type(driver, words):
    driver.do("edit.search")
    QTest.keyClicks(_focused(), words)


def test_enter_goes_to_the_rows_that_were_found(demo_window):
    window = demo_window.window
    desk = window.review.desk
    name = next(row.brand_name for row in desk.snapshot.rows if row.brand_name)
    _type(demo_window, name[:4])
    QTest.keyClick(_focused(), Qt.Key.Key_Return)
    demo_window.until(lambda: desk.wanted.text == name[:4] and desk.settled)
    demo_window.settle()
    assert window.review.queue.isAncestorOf(QApplication.focusWidget())
    QTest.keyClick(_focused(), Qt.Key.Key_Down)
    demo_window.settle()
    assert desk.key in desk.snapshot.place


def test_the_field_holds_what_the_shown_page_is_searched_for(demo_window):
    window = demo_window.window
    field = window.top_bar.search
    _type(demo_window, "abc")
    demo_window.until(lambda: window.review.desk.wanted.text == "abc")
    demo_window.do("view.library")
    assert field.text() == ""
    _type(demo_window, "zzz")
    page = window.pages.currentWidget()
    demo_window.until(lambda: page._none.isVisible())
    demo_window.do("view.review")
    assert field.text() == "abc" and window.review.desk.wanted.text == "abc"
    window.review.queue._want(text="")
    demo_window.settle()
    assert field.text() == "", "the search was ended at the queue"
    demo_window.do("view.library")
    assert field.text() == "zzz"
    page.search_ended.emit()
    demo_window.settle()
    assert field.text() == "" and demo_window.window.findChild(SourceCard).isVisible()


def test_pages_give_the_keys_to_their_lists(demo_window):
    window = demo_window.window
    demo_window.do("view.report")
    assert window.pages.currentWidget().table.hasFocus()
    demo_window.do("view.runs")
    assert window.pages.currentWidget().tree.hasFocus()
    demo_window.do("view.library")
    assert window.findChild(SourceCard).hasFocus(), "Enter opens the video that was looked at"
    demo_window.do("view.review")
    assert window.review.canvas.frame.hasFocus()


def test_the_brands_page_and_the_field_say_the_same(demo_window):
    window = demo_window.window
    field = window.top_bar.search
    demo_window.do("view.brands")
    page = window.pages.currentWidget()
    demo_window.until(lambda: page.loaded)
    _type(demo_window, "quanta")
    demo_window.until(lambda: page.table_tab.filter.text() == "quanta")
    page.tabs.setCurrentWidget(page.lists_tab)
    demo_window.settle()
    assert page.lists_tab.denied._text == "quanta", "a tab lists what the field says"
    page.tabs.setCurrentWidget(page.table_tab)
    page.table_tab.clear_filter()
    assert field.text() == ""
    page.table_tab.filter.setText("nike")
    assert field.text() == "nike"


def test_arrows_go_from_card_to_card(open_window, library_dir, clips):
    driver = open_window(library_dir)
    driver.window.library.import_files(clips(3))
    driver.settle()
    driver.do("view.library")
    cards = driver.window.pages.currentWidget()._shown()
    assert len(cards) == 3
    cards[0].setFocus()
    for key, at in ((Qt.Key.Key_Right, 1), (Qt.Key.Key_Down, 2), (Qt.Key.Key_Right, 2), (Qt.Key.Key_Left, 1)):
        QTest.keyClick(driver.window.windowHandle(), key)
        assert cards[at].hasFocus()
