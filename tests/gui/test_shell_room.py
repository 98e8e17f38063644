"""Panes that have nothing to go to, and windows that have little room."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtWidgets import QApplication, QWidget


def test_f6_passes_panes_that_have_nothing_to_go_to(demo_window):
    """With an empty queue, and where a video was never run, the keys always come to something that is seen."""
    window = demo_window.window
    window.review.want(text="zzzqq")
    demo_window.settle()
    demo_window.do("view.review")
    for id in ("view.next_pane", "view.previous_pane"):
        met = []
        for _ in range(5):
            demo_window.do(id)
            focus = QApplication.focusWidget()
            assert focus is not None and focus.isVisible()
            met.append(focus)
        assert len({*met}) == 5 and met[0] is not met[-1]


def test_f6_goes_to_what_to_do_where_there_is_no_run(open_window, library_dir, clips):
    driver = open_window(library_dir)
    driver.window.library.import_files(clips(1))
    driver.settle()
    driver.do("view.review")
    for _ in range(3):
        driver.do("view.next_pane")
        focus = QApplication.focusWidget()
        assert focus is not None and focus.isVisible()


def test_at_the_smallest_size_the_time_lies_over_nothing(demo_window):
    window = demo_window.window
    window.resize(window.minimumSize())
    demo_window.settle()
    transport = window.review.canvas.transport
    seen = [
        w for w in transport.findChildren(QWidget) if w.isVisible() and w.parent() is transport and w.width()
    ]
    row = sorted((w.geometry() for w in seen if w is not transport.bar), key=lambda r: r.left())
    assert all(a.right() <= b.left() for a, b in pairwise(row))
    assert transport.width() >= row[-1].right()
    window.resize(1600, 900)
    demo_window.settle()
    assert all(button.isVisible() for button in transport._view) and " / " in transport._time.text()
