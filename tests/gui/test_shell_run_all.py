"""Every source that still has to be run: told before, run one after the other, stopped, and told at the end."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from engine.domain.jobs import JobStatus
from storage.library import Library
from tests.storage_support import a_job, a_source
from ui.start.run_all_dialog import RunAllDialog


def imported(driver, paths) -> None:
    driver.window.library.import_files(paths)
    driver.until(lambda: len(driver.window.session.shelf.sources) == len(paths))
    driver.settle()


def ask(driver) -> RunAllDialog:
    driver.until(lambda: driver.app.actions["run.all"].isEnabled())
    driver.window.services.actions["run.all"].trigger()
    dialog = driver.dialog()
    assert isinstance(dialog, RunAllDialog)
    return dialog


def words_of(dialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(QLabel))


def test_it_says_which_will_run_and_nothing_starts_before(open_window, library_dir, clips):
    driver = open_window(library_dir)
    assert not driver.app.actions["run.all"].isEnabled(), "there is nothing to run"
    made = clips(3)
    imported(driver, made)
    made[1].unlink()
    dialog = ask(driver)
    assert dialog.windowTitle() == "Run 2 sources?" and dialog.start.text() == "Run 2 sources"
    said = words_of(dialog)
    assert "match 0.mp4" in said and "match 2.mp4" in said and "not run yet" in said
    assert "Left out" in said and "match 1.mp4" in said
    assert dialog.profile.currentText() == "soccer_broadcast"
    assert dialog.focusWidget() is dialog.start
    dialog.reject()
    driver.settle()
    assert driver.window.session.shelf.jobs == ()


@pytest.mark.full
def test_one_failure_stops_no_other_and_is_told_at_the_end(open_window, library_dir, clips):
    driver = open_window(library_dir)
    window = driver.window
    made = clips(3)
    imported(driver, made)
    dialog = ask(driver)
    made[1].unlink()
    dialog.start.click()
    driver.until(lambda: "run, one after the other" in window.messages.words)
    driver.until(lambda: "2 of 3 sources analysed" in window.messages.words, 240)
    assert "match 1.mp4" in window.messages.words
    driver.settle()
    states = {
        window.session.shelf.source(j.source_asset_id).name: j.status for j in window.session.shelf.jobs
    }
    assert states == {
        "match 0.mp4": JobStatus.COMPLETED,
        "match 1.mp4": JobStatus.FAILED,
        "match 2.mp4": JobStatus.COMPLETED,
    }
    driver.until(lambda: not driver.app.actions["run.stop_all"].isEnabled())


def test_all_are_stopped_at_once_and_go_on_later(open_window, library_dir, clips):
    driver = open_window(library_dir)
    window = driver.window
    imported(driver, clips(3))
    ask(driver).start.click()
    driver.until(lambda: any(j.status is JobStatus.RUNNING for j in window.session.shelf.jobs))
    driver.until(lambda: driver.app.actions["run.stop_all"].isEnabled())
    assert not driver.app.actions["run.all"].isEnabled(), "all of them wait for their turn"
    driver.do("run.stop_all")
    driver.until(lambda: "0 of 3 sources analysed" in window.messages.words, 60)
    assert "goes on with them" in window.messages.words
    driver.settle()
    assert {j.status for j in window.session.shelf.jobs} == {JobStatus.CANCELLED}
    dialog = ask(driver)
    assert dialog.windowTitle() == "Run 3 sources?" and "was stopped: goes on" in words_of(dialog)
    dialog.reject()


def test_what_a_closed_window_left_is_offered_again(open_window, library_dir, clips):
    driver = open_window(library_dir)
    imported(driver, clips(2))
    ask(driver).start.click()
    driver.until(lambda: any(j.status is JobStatus.RUNNING for j in driver.window.session.shelf.jobs))
    driver.close()
    again = open_window(library_dir)
    dialog = ask(again)
    assert dialog.windowTitle() == "Run 2 sources?"
    said = words_of(dialog)
    assert "has not begun yet" in said and "goes on" in said


def test_many_videos_are_told_as_a_number(open_window, library_dir, tmp_path):
    with Library.open(library_dir) as library:
        for number in range(12):
            path = tmp_path / f"match {number}.mp4"
            path.touch()
            a_job(library, a_source(library, f"match {number}", path=str(path)))
    driver = open_window(library_dir)
    dialog = ask(driver)
    assert "… and 5 more." in words_of(dialog) and dialog.windowTitle() == "Run 12 sources?"
    assert not dialog.profile.isVisible(), "they go on as they were made"
    dialog.reject()


def test_a_missing_file_alone_is_told_and_a_reading_window_runs_nothing(open_window, library_dir):
    with Library.open(library_dir) as library:
        a_source(library, "gone")
    driver = open_window(library_dir)
    driver.window.services.actions["run.all"].trigger()
    driver.until(lambda: "can't be run" in driver.window.messages.words)
    assert "gone.mp4" in driver.window.messages.words
    driver.close()
    reading = open_window(library_dir, read_only=True)
    assert not reading.app.actions["run.all"].isEnabled()
