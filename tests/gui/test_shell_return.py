"""Coming back: to another video, and to the library after the window was closed."""

from __future__ import annotations

import shutil

from engine.domain.jobs import JobStatus


def _at(driver):
    """Where the person is: page, source, item, time of the frame."""
    window = driver.window
    review = window.review
    return window.pages.current, window.session.source.id, review.desk.key, review.player.time


def _rest(driver):
    """Until item and frame stand still."""
    review = driver.window.review
    driver.until(lambda: review.desk.snapshot is not None and review.desk.settled)
    driver.settle()
    driver.until(lambda: review.player._exact_up_to >= review.player._number)
    driver.settle()


def _to_the_third_item_and_on(driver):
    _rest(driver)
    for action in ("review.next", "review.next", "play.second_forward"):
        driver.do(action)
        _rest(driver)


def _second_video(driver, folder):
    """Imports and runs another video, which is the shown one then; its id."""
    window = driver.window
    second = folder / "second.mp4"
    shutil.copy(window.session.shelf.sources[0].path, second)
    with second.open("ab") as end:
        end.write(b"\0\0\0\x0cfreemore")
    window.library.import_files([second])
    driver.settle()
    driver.do("run.start")
    driver.until(lambda: window.session.job is not None and window.session.job.status is JobStatus.COMPLETED)
    return window.session.source.id


def test_the_window_opens_where_it_was_closed(open_window, demo_library):
    driver = open_window(demo_library)
    window = driver.window
    window.open_source(window.session.shelf.sources[0].id)
    _to_the_third_item_and_on(driver)
    driver.replay()
    _rest(driver)
    job, before = window.session.job.id, _at(driver)
    assert before[3] > 0
    driver.close()
    again = open_window(demo_library)
    _rest(again)
    assert again.window.session.job.id == job, "the run that was looked at, not the accepted one"
    assert _at(again) == before
    assert again.window.review.canvas.frame.hasFocus()
    assert again.window.review.queue.selected_keys() == (before[2],)


def test_a_window_closed_on_another_page_opens_there(open_window, demo_library):
    driver = open_window(demo_library)
    driver.window.open_source(driver.window.session.shelf.sources[0].id)
    driver.settle()
    driver.do("view.report")
    driver.close()
    again = open_window(demo_library)
    assert again.window.pages.current == "view.report"
    assert again.window.session.source is not None


def test_another_library_opens_on_its_own_place(open_window, demo_library, library_dir, tmp_path):
    driver = open_window(demo_library)
    driver.window.open_source(driver.window.session.shelf.sources[0].id)
    driver.settle()
    driver.close()
    other = open_window(tmp_path / "other")
    assert other.window.pages.current == "view.library"
    assert other.window.session.source is None


def test_another_video_and_back_finds_item_and_frame(open_window, demo_library, tmp_path):
    driver = open_window(demo_library)
    window = driver.window
    source = window.session.shelf.sources[0]
    other = _second_video(driver, tmp_path)
    driver.settle()
    window.open_source(source.id)
    _to_the_third_item_and_on(driver)
    before = _at(driver)
    window.open_source(other)
    driver.until(lambda: window.review.desk.source is not None and window.review.desk.source.id == other)
    _rest(driver)
    assert _at(driver) != before
    window.open_source(source.id)
    driver.until(lambda: window.review.desk.source is not None and window.review.desk.source.id == source.id)
    _rest(driver)
    assert _at(driver) == before


def test_a_step_of_another_video_is_shown_on_its_own_frame(open_window, demo_library, tmp_path):
    """Undo of a box in another video opens that video at the box, not the open one."""
    driver = open_window(demo_library)
    window = driver.window
    source = window.session.shelf.sources[0]
    _second_video(driver, tmp_path)
    window.show_page("view.review")
    _rest(driver)
    window.decisions.go_to(f"time:{source.id}:3000000")
    driver.until(lambda: window.review.desk.source is not None and window.review.desk.source.id == source.id)
    _rest(driver)
    assert window.session.source.id == source.id
    assert abs(window.review.player.time - 3_000_000) < 100_000
