"""With the text size at 150 % nothing that matters is cut or lies on something else."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from ui.fields import NumberField
from ui.start.card import SourceCard


def _enlarge(driver):
    driver.app.theme.choose("light", 1.5)
    driver.window.resize(1280, 800)
    driver.settle()


def _brands_page(driver):
    driver.do("view.brands")
    page = driver.window.pages.page("view.brands")
    driver.until(lambda: page.loaded)
    return page


def test_stages_are_written_whole(demo_window):
    _enlarge(demo_window)
    rows = demo_window.window.run_panel.stages._rows.values()
    for row in rows:
        for label in (row._name, row._outcome):
            assert label.width() >= label.sizeHint().width(), label.text()
            assert label.height() >= label.sizeHint().height(), label.text()
    assert len({row._outcome.x() for row in rows}) == 1, "they stand in columns"


def test_icons_of_buttons_grow_with_their_words(demo_window):
    window, actions = demo_window.window, demo_window.app.actions
    demo_window.do("view.library")
    undo = next(b for b in window.findChildren(QToolButton) if b.defaultAction() is actions["edit.undo"])
    demo = next(b for b in window.findChildren(QPushButton) if b.text() == actions["file.demo"].text())
    usual = [button.iconSize().width() for button in (undo, demo)]
    _enlarge(demo_window)
    assert [button.iconSize().width() for button in (undo, demo)] == [1.5 * width for width in usual]


def test_the_kind_of_frame_makes_way_for_the_time(demo_window):
    _enlarge(demo_window)
    transport = demo_window.window.review.canvas.transport
    time, words = transport._time.geometry(), transport._frame.geometry()
    assert QRect(time).intersected(words).isEmpty()
    assert time.width() >= transport._time.sizeHint().width()


def test_words_of_a_card_stay_in_it(demo_window):
    demo_window.do("view.library")
    _enlarge(demo_window)
    card = demo_window.window.findChild(SourceCard)
    room = card.contentsRect().width() - 24
    card._counts.setText("Finished parts can be reviewed already, and some more words")
    demo_window.settle()
    assert card._counts.minimumSizeHint().width() <= card._counts.width() <= room
    assert card._counts.height() >= card._counts.heightForWidth(card._counts.width())


def test_the_plan_tells_its_reasons_whole(demo_window):
    _enlarge(demo_window)
    demo_window.window.run_panel.plan_replay()
    dialog = demo_window.dialog()
    demo_window.settle()
    reasons = [label for label in dialog.findChildren(QLabel) if label.wordWrap() and label.isVisible()]
    assert len(reasons) >= 8
    for label in reasons:
        assert label.height() >= label.heightForWidth(label.width()), label.text()


def test_a_long_name_leaves_room_for_the_figures_of_the_report(demo_window, monkeypatch):
    import msgspec

    session = demo_window.window.session
    long = msgspec.structs.replace(session.source, name="Donaudampfschiff_" * 12 + ".mp4")
    monkeypatch.setattr(session, "source", long)
    demo_window.do("view.report")
    page = demo_window.window.pages.currentWidget()
    demo_window.until(lambda: "decided" in page._of.text())
    demo_window.window.resize(1280, 800)
    demo_window.settle()
    assert page._of.fontMetrics().horizontalAdvance(page._of.text()) <= page._of.width()
    assert "Donaudampfschiff_" * 12 in page._of.toolTip()


def test_the_offer_to_resume_stands_once(demo_window):
    back, messages = demo_window.window.back, demo_window.window.messages
    back._words = "The run of a.mp4 stopped. Resume?"
    messages.tell(back._words, action="Resume")
    demo_window.do("view.report")
    assert messages.words == back._words
    demo_window.do("view.library")
    assert messages.isHidden()


def test_the_timeline_keeps_its_room_beside_wide_settings(demo_window):
    window = demo_window.window
    window.run_panel.tabs.setCurrentIndex(1)
    _enlarge(demo_window)
    demo_window.app.theme.choose("light", 1.0)
    demo_window.settle()
    page = window.pages.page("view.review")
    assert window.width() == 1280, "no pane makes the window wider"
    timeline, run = page.docks["timeline"].width(), page.docks["run"].width()
    assert timeline > window.width() // 4, (timeline, run)


def test_states_of_brands_are_written_whole(demo_window):
    from ui.brands.table_model import ALIASES, CATEGORY, STATE

    page = _brands_page(demo_window)
    table = page.table_tab.table
    header = table.horizontalHeader()
    demo_window.window.resize(1280, 800)
    demo_window.settle()
    usual = [header.sectionSize(column) for column in range(header.count())]
    _enlarge(demo_window)
    metrics = QFontMetricsF(demo_window.app.theme.font())
    for words in ("confirmed", "unconfirmed"):
        assert metrics.horizontalAdvance(words) + 12 <= header.sectionSize(STATE)
    for number, column in enumerate(table.brands.columns):
        title = header.fontMetrics().horizontalAdvance(column.title)
        assert title + 14 <= header.sectionSize(number), column.title
    header.resizeSection(STATE, 60)
    demo_window.app.theme.choose("light", 1.0)
    demo_window.settle()
    now = [header.sectionSize(column) for column in range(header.count())]
    assert now[STATE] == 60, "a width that a person chose stays"
    assert [w for c, w in enumerate(now) if c not in (STATE, CATEGORY, ALIASES)] == [
        w for c, w in enumerate(usual) if c not in (STATE, CATEGORY, ALIASES)
    ]


@pytest.mark.full
def test_states_of_brands_are_seen_without_scrolling(demo_window):
    from ui.brands.table_model import ALIASES, BRAND, STATE

    page = _brands_page(demo_window)
    table = page.table_tab.table
    header = table.horizontalHeader()

    def end_of(column: int) -> int:
        return header.sectionViewportPosition(column) + header.sectionSize(column)

    _enlarge(demo_window)
    assert end_of(STATE) == table.viewport().width(), "no sliver of the next column is left over"
    page.table_tab.panel.setMinimumWidth(page.table_tab.panel.width() + 40)
    demo_window.settle()
    assert end_of(STATE) == table.viewport().width(), "the names give way"
    assert header.sectionSize(BRAND) > header.sectionSize(STATE)
    demo_window.app.theme.choose("light", 1.1)
    demo_window.settle()
    assert end_of(STATE) <= end_of(ALIASES) == table.viewport().width(), "aliases end in …"
    header.resizeSection(BRAND, 420)
    demo_window.app.theme.choose("light", 1.5)
    demo_window.settle()
    assert header.sectionSize(BRAND) == 420, "a width that a person chose stays"


def test_names_of_the_timeline_have_their_room(demo_window):
    timeline = demo_window.window.review.timeline
    theme = demo_window.app.theme

    def letters() -> float:
        """How many letters of mean width fit beside the longest time."""
        name, amount = QFontMetricsF(theme.font(12)), QFontMetricsF(theme.figures(11))
        return (timeline.gutter - 43 - amount.horizontalAdvance("1:02:03")) / name.averageCharWidth()

    usual = letters()
    _enlarge(demo_window)
    assert letters() == pytest.approx(usual, abs=0.3) and usual > 12
    assert timeline.minimumWidth() > timeline.gutter


def test_numbers_of_the_thresholds_are_seen_whole(demo_window):
    panel = demo_window.window.run_panel
    panel.show_thresholds(True)
    _enlarge(demo_window)
    demo_window.until(lambda: panel.thresholds.table.rowCount() > 0)
    scroll = panel.thresholds._scroll
    for field in panel.findChildren(NumberField):
        if field.isVisible():
            assert field.width() >= field.fontMetrics().horizontalAdvance("100.00") + 24
            assert field.mapTo(scroll.viewport(), field.rect().topRight()).x() < scroll.viewport().width()
    header, metrics = panel.thresholds.table.horizontalHeader(), panel.thresholds.table.fontMetrics()
    assert header.sectionSize(1) >= metrics.horizontalAdvance("123.4 s") + 10
    assert header.length() <= panel.thresholds.table.viewport().width(), (
        "what changes is seen beside the brands"
    )


def test_states_of_runs_and_names_of_actions_are_written_whole(demo_window):
    from ui.dialogs.shortcuts import ShortcutEditor

    demo_window.do("view.runs")
    _enlarge(demo_window)
    page = demo_window.window.pages.currentWidget()
    demo_window.until(lambda: page.tree.topLevelItemCount() == 1)
    metrics = page.tree.fontMetrics()
    for column in (0, 3, 5):
        words = page.tree.topLevelItem(0).text(column)
        assert metrics.horizontalAdvance(words) + 12 <= page.tree.columnWidth(column), words
    demo_window.window.dialogs.edit_keys()
    editor = demo_window.dialog()
    assert isinstance(editor, ShortcutEditor)
    demo_window.settle()
    titles = [spec.title for spec in demo_window.app.actions]
    longest = max(titles, key=metrics.horizontalAdvance)
    assert metrics.horizontalAdvance(longest) + 30 <= editor.view.columnWidth(0), longest


def test_a_split_shows_what_was_read_and_whose_figures_change(demo_window):
    from ui.brands.split_dialog import CROP_WIDTH, SplitDialog

    page = _brands_page(demo_window)
    demo_window.until(lambda: page.table_tab.table.rows())
    _enlarge(demo_window)
    page.trigger("brands.split")
    dialog = demo_window.dialog()
    assert isinstance(dialog, SplitDialog)
    demo_window.until(lambda: dialog.pieces.pieces)
    dialog.pieces.tick((0,), True)
    dialog.target.setText("Another Company")
    demo_window.until(lambda: dialog.impact.tree.topLevelItemCount() > 0)
    demo_window.settle()
    letter = dialog.fontMetrics().averageCharWidth()
    assert dialog.list.columnWidth(0) >= CROP_WIDTH + 8 * letter
    assert dialog.impact.tree.columnWidth(0) >= 9 * letter
