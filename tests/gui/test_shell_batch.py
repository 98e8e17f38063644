"""Several videos at once: imports told together, runs that wait for another, what a closed window left waiting."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton

from app.cli import main
from engine.domain.jobs import JobStatus


def test_a_refused_video_among_others_is_told(open_window, library_dir, clips, tmp_path):
    driver = open_window(library_dir)
    good = clips(2)
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    driver.window.library.import_files([good[0], broken, good[1]])
    driver.settle()
    words = driver.window.messages.words
    assert "2 of 3 videos" in words and "broken.mp4" in words
    assert driver.window.session.source.name == "match 1.mp4"


def test_the_last_good_video_is_opened_where_the_last_one_is_refused(
    open_window, library_dir, clips, tmp_path
):
    driver = open_window(library_dir)
    (good,) = clips(1)
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    driver.window.library.import_files([good, broken])
    driver.settle()
    assert "broken.mp4" in driver.window.messages.words
    assert driver.window.session.source.name == "match 0.mp4"
    assert driver.app.actions["run.start"].isEnabled()


def _two_going(driver, clips):
    """A run of one video that is going, and the run of another that waits for it; both jobs' ids."""
    window = driver.window
    window.library.import_files(clips(2))
    driver.settle()
    ids = []
    for source in sorted(window.session.shelf.sources, key=lambda s: s.name):
        window.open_source(source.id)
        driver.until(lambda s=source: window.session.source is not None and window.session.source.id == s.id)
        window.runs.create({"extract_frames": {"sample_fps": 12.0}}, "soccer_broadcast")
        driver.until(lambda: window.session.job is not None and window.session.job.id not in ids)
        ids.append(window.session.job.id)
        driver.until(lambda: driver.app.container.jobs.is_queued(ids[-1]))
    driver.until(lambda: window.session.shelf.job(ids[0]).status is JobStatus.RUNNING)
    return ids


def test_a_run_that_waits_says_for_what_and_can_be_stopped(open_window, library_dir, clips):
    driver = open_window(library_dir)
    window = driver.window
    first, second = _two_going(driver, clips)
    driver.until(lambda: "match 0.mp4" in window.messages.words)
    assert window.session.job.id == second and window.session.job.status is JobStatus.PENDING
    assert not driver.app.actions["run.start"].isEnabled(), "it is on its turn already"
    assert driver.app.actions["run.cancel"].isEnabled()
    driver.until(lambda: "match 0.mp4" in window.status.words)
    window.runs.cancel()
    driver.until(lambda: window.session.shelf.job(second).status is JobStatus.CANCELLED)
    assert window.session.shelf.job(first).status is JobStatus.RUNNING, "nobody waits for the one before"
    window.session.open_job(first)
    window.runs.cancel()
    driver.until(lambda: window.session.shelf.job(first).status is JobStatus.CANCELLED)


def test_a_run_that_waits_is_cancelled_from_the_command_line(open_window, library_dir, clips, capsys):
    driver = open_window(library_dir)
    window = driver.window
    first, second = _two_going(driver, clips)
    assert main(["--library", str(library_dir), "cancel", second]) == 0
    assert "pending" in capsys.readouterr().out
    driver.until(lambda: window.session.shelf.job(second).status is JobStatus.CANCELLED)
    driver.until(lambda: "match 1.mp4 was cancelled" in window.messages.words)
    assert window.session.job.id == second and driver.app.actions["run.retry"].isEnabled()
    assert window.session.shelf.job(first).status is JobStatus.RUNNING, "nobody waits for the one before"
    assert driver.app.container.library.control.wishes() == ()
    window.session.open_job(first)
    window.runs.cancel()
    driver.until(lambda: window.session.shelf.job(first).status is JobStatus.CANCELLED)


@pytest.mark.full
def test_what_a_closed_window_left_waiting_is_offered_and_goes_on(open_window, library_dir, clips):
    driver = open_window(library_dir)
    ids = _two_going(driver, clips)
    driver.window.close()
    driver.until(driver.app.closed.is_set)
    again = open_window(library_dir)
    again.do("view.library")
    banner = again.window.pages.currentWidget()._banner
    again.until(lambda: not banner.isHidden())
    assert "match 0.mp4" in banner.words and "match 1.mp4" in banner.words
    banner.findChild(QPushButton).click()
    jobs = again.app.container.jobs
    again.until(lambda: all(jobs.job(id).status is JobStatus.COMPLETED for id in ids), 120)
    again.settle()
    assert banner.isHidden()


@pytest.mark.full
def test_the_end_of_another_run_is_told_with_its_name(open_window, library_dir, clips):
    driver = open_window(library_dir)
    window = driver.window
    _two_going(driver, clips)
    driver.until(lambda: "match 0.mp4 is analysed" in window.messages.words, 120)
    driver.until(lambda: window.session.job.status is JobStatus.COMPLETED, 120)
    driver.settle()
    assert window.status.words == "", "nothing is going any more"


def test_a_run_is_deleted_only_after_asking(demo_window):
    window = demo_window.window
    second = demo_window.replay()
    demo_window.settle()
    window.runs.ask_delete(second)
    dialog = demo_window.dialog()
    assert "decisions stay" in dialog.words.text()
    dialog.reject()
    demo_window.settle()
    assert window.session.shelf.job(second.id) is not None
    window.runs.ask_delete(second)
    demo_window.dialog().delete.click()
    demo_window.until(lambda: window.session.shelf.job(second.id) is None)


def test_an_untouched_time_field_closes_on_escape(qtbot, demo_window):
    transport = demo_window.window.review.canvas.transport
    demo_window.window.review.canvas.frame.setFocus()
    demo_window.do("play.go_to")
    assert transport.field.isVisible()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    demo_window.settle()
    assert not transport.field.isVisible() and transport._time.isVisible()


def test_a_window_for_reading_offers_no_run_that_another_one_may_have_going(open_window, demo_library):
    from app.container import open_container

    with open_container(demo_library) as app:
        app.jobs.create(app.jobs.sources()[0].id)
    reading = open_window(demo_library, read_only=True)
    reading.until(lambda: reading.window.session.shelf.jobs)
    assert reading.window.pages.currentWidget()._banner.isHidden()
    reading.close()
    writing = open_window(demo_library)
    writing.until(lambda: not writing.window.pages.currentWidget()._banner.isHidden())
