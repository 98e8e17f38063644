"""Brands given in the review of the finished demo: merged with a look at what follows, made of a text that was read."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.gui.reviewer import Reviewer

KEY = Qt.Key
ANYWHERE = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive


def asked_to_merge(at: Reviewer, name: str):
    """M, a brand's name, Enter: the dialog with what follows, as soon as that is known."""
    at.press(KEY.Key_M)
    at.type(name)
    at.press(KEY.Key_Return)
    dialog = at.driver.dialog()
    at.driver.until(lambda: dialog.apply.isEnabled())
    return dialog


def test_m_shows_what_follows_before_an_unknown_text_is_an_alias(at):
    row = next(r for r in at.desk.snapshot.rows if not r.brand_name and len(r.text) > 3)
    brand = next(r for r in at.desk.snapshot.rows if r.brand_name)
    aliases = at.window.services.container.library.brands.get
    at.desk.choose(row.key)
    at.settle()
    dialog = asked_to_merge(at, brand.brand_name)
    assert row.text in dialog.windowTitle() and brand.brand_name in dialog.windowTitle()
    tree = dialog.merge_view.tree
    assert tree.findItems(row.text, ANYWHERE), "the new alias is named"
    assert row.text not in aliases(brand.brand_id).aliases and not at.undo_title, "nothing is done yet"
    dialog.reject()
    at.settle()
    assert not at.undo_title
    assert at.window.focusWidget() is at.review.canvas.frame
    at.window.activateWindow()
    at.driver.until(QApplication.activeWindow)
    dialog = asked_to_merge(at, brand.brand_name)
    dialog.apply.click()
    at.settle()
    assert row.text in aliases(brand.brand_id).aliases
    assert at.undo_title


def test_an_unknown_text_is_offered_as_the_name_of_a_new_brand(at):
    """Nobody types again what was read."""
    row = next(r for r in at.desk.snapshot.rows if not r.brand_name and len(r.text) > 3)
    at.desk.choose(row.key)
    at.settle()
    picker = at.review.canvas.picker
    at.press(KEY.Key_P)
    offered = [picker.list.item(i).text() for i in range(picker.list.count())]
    assert sum(row.text in words for words in offered) == 1
    while f"“{row.text}”" not in picker.list.currentItem().text():
        at.press(KEY.Key_Down)
    at.press(KEY.Key_Return)
    assert all(at.state(k) == "reassigned" for k in row.keys)
    (made,) = at.window.services.container.library.brands.find(row.text)
    assert made.canonical_name == row.text and made.confirmed


def test_what_m_merged_is_matched_again_where_that_is_ticked(at):
    """An unknown text that becomes an alias counts only once its source is matched again."""
    row = next(r for r in at.desk.snapshot.rows if not r.brand_name and len(r.text) > 3)
    brand = next(r for r in at.desk.snapshot.rows if r.brand_name)
    jobs = at.window.services.container.jobs.jobs
    before = len(jobs())
    at.desk.choose(row.key)
    at.settle()
    dialog = asked_to_merge(at, brand.brand_name)
    assert not dialog.again.isHidden() and dialog.again.isChecked()
    dialog.apply.click()
    at.driver.until(lambda: len(jobs()) > before and jobs()[0].status == "completed")
    at.settle()
    again = jobs()[0]
    assert again.replay_from_stage == "match_brands" and not again.accepted
    page = at.window.pages.page("view.brands")
    at.driver.until(lambda: not page.agreement.agree.isHidden())
    session, time = at.window.session, at.review.player.time
    page.agreement.agree.click()
    at.driver.until(lambda: session.job.id == again.id and session.job.accepted)
    at.driver.until(lambda: at.desk.job.id == again.id)
    at.settle()
    assert at.review.player.time == time, "who looks at what counts goes on doing so, at the same frame"


def test_m_shows_what_a_merge_touches_and_a_bare_enter_merges_nothing(at):
    row = at.with_brand()
    rows = at.desk.snapshot.rows
    other = next(r.brand_name for r in rows if r.brand_name and r.brand_id != row.brand_id)
    picker = at.review.canvas.picker
    at.press(KEY.Key_M)
    names = [picker.list.item(i).text() for i in range(picker.list.count())]
    assert row.brand_name not in names, "a brand is not offered to itself"
    at.press(KEY.Key_Return)
    assert picker.isVisible() and not at.undo_title
    at.type(other)
    at.press(KEY.Key_Return)
    dialog = at.driver.dialog()
    at.driver.until(lambda: dialog.apply.isEnabled())
    assert other in dialog.windowTitle() and not at.undo_title, "nothing is merged before it was seen"
    dialog.apply.click()
    at.settle()
    assert "Merge" in at.undo_title
    at.driver.do("edit.undo")
    at.settle()
    assert at.desk.row.brand_name == row.brand_name
