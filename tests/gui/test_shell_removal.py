"""A source leaves the library from its card: asked, told, brought back; a run under way stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from app.commands import AcceptRun
from engine.domain.jobs import JobStatus
from storage.library import Library
from tests.storage_support import a_source
from ui.start.card import SourceCard
from ui.start.page import StartPage


def start_page(driver) -> StartPage:
    driver.do("view.library")
    page = driver.window.pages.currentWidget()
    assert isinstance(page, StartPage)
    driver.until(lambda: page.findChildren(SourceCard))
    driver.until(lambda: isinstance(driver.window.focusWidget(), SourceCard))
    return page


def ask(qtbot, driver):
    """Delete on the chosen card, and the dialog that it opens."""
    qtbot.keyClick(driver.window.focusWidget(), Qt.Key.Key_Delete)
    return driver.dialog()


def test_delete_asks_and_enter_keeps_the_video(qtbot, demo_window):
    page = start_page(demo_window)
    dialog = ask(qtbot, demo_window)
    assert "1 run" in dialog.words.text() and "accepted run" in dialog.words.text()
    assert "not touched" in dialog.words.text()
    assert dialog.focusWidget() is dialog.keep
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
    demo_window.settle()
    assert page.findChildren(SourceCard) and demo_window.window.session.source is not None


def test_a_removed_video_leaves_every_page_and_undo_brings_it_back(qtbot, demo_window, at):
    window = demo_window.window
    for id in ("view.report", "view.runs", "view.brands"):
        demo_window.do(id)
    source, job = window.session.source, window.session.job
    video = Path(source.path)
    page = start_page(demo_window)
    ask(qtbot, demo_window).remove.click()
    demo_window.until(lambda: window.session.source is None)
    demo_window.settle()
    assert page.findChildren(SourceCard) == [] or all(c.isHidden() for c in page.findChildren(SourceCard))
    assert "was removed" in window.messages.words and video.exists()
    assert window.session.job is None and window.session.shelf.jobs == ()
    assert list(demo_window.app.container.brands.accepted.overlays()) == []
    for id in ("view.review", "view.report", "view.runs", "view.brands"):
        demo_window.do(id)
    assert "was removed" in window.messages.words, "no page fails on what is gone"
    assert window.services.actions["edit.undo"].text().startswith("Undo Remove")
    demo_window.do("edit.undo")
    demo_window.until(lambda: window.session.shelf.job(job.id) is not None)
    demo_window.settle()
    assert window.pages.current == "view.library"
    focus = window.focusWidget()
    assert isinstance(focus, SourceCard) and focus.source_id == source.id
    qtbot.keyClick(focus, Qt.Key.Key_Return)
    demo_window.until(lambda: window.session.job is not None and window.session.job.id == job.id)
    demo_window.settle()
    assert window.review.desk.session is not None


def test_the_word_after_a_removal_brings_the_video_back(qtbot, demo_window):
    window = demo_window.window
    start_page(demo_window)
    ask(qtbot, demo_window).remove.click()
    demo_window.until(lambda: "was removed" in window.messages.words)
    assert window.messages._button.text() == "Bring it back"
    window.messages._button.click()
    demo_window.until(lambda: window.session.shelf.sources)
    demo_window.until(lambda: "in the library again" in window.messages.words)


def test_undo_after_a_restart_and_a_new_import_bring_the_video_back(qtbot, open_window, demo_library):
    first = open_window(demo_library)
    source = first.window.session.shelf.sources[0]
    start_page(first)
    ask(qtbot, first).remove.click()
    first.until(lambda: first.window.session.shelf.sources == ())
    first.close()
    second = open_window(demo_library)
    assert second.window.session.shelf.sources == ()
    second.do("edit.undo")
    second.until(lambda: second.window.session.shelf.sources)
    second.settle()
    ask_for = start_page(second)
    assert ask_for.chosen == source.id
    ask(qtbot, second).remove.click()
    second.until(lambda: second.window.session.shelf.sources == ())
    second.window.library.import_files([Path(source.path)])
    second.until(lambda: second.window.session.source is not None)
    second.settle()
    assert second.window.session.source.id == source.id and len(second.window.session.jobs) == 1


def test_freeing_takes_the_runs_and_leaves_the_decisions(qtbot, demo_window, at):
    window = demo_window.window
    at.with_brand()
    at.press(Qt.Key.Key_P)
    library = demo_window.app.container.library
    source_id = window.session.source.id
    assert library.decisions.counts() == {source_id: 1}
    before = sum(1 for _ in library.blobs.digests())
    start_page(demo_window)
    dialog = ask(qtbot, demo_window)
    assert "1 decision," in dialog.words.text()
    dialog.free.setChecked(True)
    dialog.remove.click()
    demo_window.until(lambda: window.session.source is None)
    demo_window.settle()
    assert library.jobs.of_source(source_id) == []
    assert sum(1 for _ in library.blobs.digests()) < before
    demo_window.do("edit.undo")
    demo_window.until(lambda: window.session.shelf.sources)
    demo_window.settle()
    assert library.decisions.counts() == {source_id: 1} and window.session.shelf.jobs == ()


def test_what_was_decided_a_moment_before_is_stored_first(qtbot, demo_window, at):
    window = demo_window.window
    library = demo_window.app.container.library
    source = window.session.source
    at.with_brand()
    qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_P)
    assert window.review.desk.pending, "it is on its way"
    window.removal.remove(source, False)
    demo_window.until(lambda: window.session.source is None)
    demo_window.settle()
    assert library.decisions.counts() == {source.id: 1} and "was removed" in window.messages.words


def test_a_video_whose_run_is_going_is_not_even_asked_about(qtbot, demo_window):
    window = demo_window.window
    job = window.session.job
    library = demo_window.app.container.library
    made = demo_window.app.container.jobs.create(window.session.source.id)
    library.jobs.move(made.id, JobStatus.RUNNING)
    start_page(demo_window)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Delete)
    demo_window.until(lambda: "is running" in window.messages.words)
    assert "Stop the run" in window.messages.words
    assert QApplication.activeModalWidget() is None
    library.jobs.move(made.id, JobStatus.CANCELLED)
    assert window.session.shelf.job(job.id) is not None


def test_the_menu_of_a_card_offers_it_and_a_reading_window_does_not(qtbot, open_window, demo_library):
    driver = open_window(demo_library)
    page = start_page(driver)
    card = driver.window.focusWidget()
    middle = card.rect().center()
    QApplication.sendEvent(
        card, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, middle, card.mapToGlobal(middle))
    )
    driver.until(lambda: QApplication.activePopupWidget() is not None)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [a.text() for a in menu.actions() if a.text()] == [
        "Open",
        "Locate the video…",
        "Remove from the library…",
    ]
    menu.close()
    assert page.chosen
    driver.close()
    reading = open_window(demo_library, read_only=True)
    assert not reading.app.actions["library.remove"].isEnabled()


def test_a_second_window_that_still_shows_the_video_says_what_became_of_it(open_window, demo_library):
    reading = open_window(demo_library, read_only=True)
    source = reading.window.session.shelf.sources[0]
    with Library.open(demo_library) as library:
        library.removals.add(source.id)
    reading.window.open_source(source.id)
    reading.until(lambda: "was removed from this library" in reading.window.messages.words)
    reading.window.session.refresh()
    reading.until(lambda: reading.window.session.source is None)
    reading.settle()


def test_the_focus_goes_to_the_next_card(qtbot, open_window, demo_library):
    driver = open_window(demo_library)
    library = driver.app.container.library
    for name in ("one", "two"):
        a_source(library, name)
    driver.window.session.refresh()
    page = start_page(driver)
    driver.until(lambda: len(page._shown()) == 3)
    shown = page._shown()
    shown[1].setFocus()
    ask(qtbot, driver).remove.click()
    driver.until(lambda: len(page._shown()) == 2)
    driver.settle()
    assert driver.window.focusWidget() is shown[2]


def test_the_history_says_that_what_a_step_was_about_is_removed(demo_window, at):
    window, container = demo_window.window, demo_window.app.container
    source = window.session.source
    at.with_brand()
    at.press(Qt.Key.Key_P)
    (decided,) = container.bus.history("Confirm")
    container.removal.remove([source.id])
    demo_window.until(lambda: window.session.source is None)
    demo_window.do("view.brands")
    for subject in (decided.subject, f"time:{source.id}:0", f"source:{source.id}"):
        window.messages.hide()
        window.decisions.go_to(subject)
        demo_window.until(lambda: "was removed from this library" in window.messages.words)
        assert window.pages.current == "view.brands", "nobody is taken to where nothing is"
    window.decisions.go_to("appearance:no-such-run:key")
    demo_window.until(lambda: "There is no run" in window.messages.words)


@pytest.mark.parametrize("title", ["Remove", "Accept"])
def test_the_history_goes_to_the_card_of_a_removed_and_restored_video(qtbot, demo_window, title):
    window = demo_window.window
    second = demo_window.replay()
    demo_window.app.container.bus.do(AcceptRun(job_id=second.id))
    demo_window.app.container.removal.remove([window.session.source.id])
    demo_window.until(lambda: window.session.source is None)
    demo_window.settle()
    dialog_subject = "library:" if title == "Remove" else "run:"
    entry = demo_window.app.container.bus.history(title)[0]
    assert entry.subject.startswith(dialog_subject)
    window.decisions.go_to(entry.subject)
    demo_window.settle()
    assert window.session.source is None
