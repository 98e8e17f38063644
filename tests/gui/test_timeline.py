"""The timeline: heat and marks as arrays, the ruler, and what wheel and clicks do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip

from ui.theme import Theme
from ui.timeline.data import DECIDED, UNDECIDED, Lane, TimelineData, running_sums
from ui.timeline.painting import ROW, RULER
from ui.timeline.ruler import tick_text, ticks
from ui.timeline.timeline import Timeline, lane_mark

SECOND = 1_000_000


def lane(stretches, spans=(), name="Hexaline", caption=False) -> Lane:
    boxes = np.array(stretches, np.int64).reshape(-1, 2)
    starts, ends = np.sort(boxes[:, 0]), np.sort(boxes[:, 1])
    marked = np.array([s[:2] for s in spans], np.int64).reshape(-1, 2)
    marks = np.array([s[2] for s in spans], np.uint8)
    return Lane(
        brand_id=name.lower(),
        name=name,
        caption=caption,
        seconds=1.0,
        starts=starts,
        ends=ends,
        spans=marked,
        marks=marks,
        keys=tuple(f"key{i}" for i in range(len(spans))),
        sums=(running_sums(starts), running_sums(ends)),
        marked_spans={
            mark: (np.sort(marked[marks == mark, 0]), np.sort(marked[marks == mark, 1])) for mark in range(4)
        },
    )


stretches = st.lists(
    st.tuples(st.integers(0, 5_000), st.integers(1, 900)).map(lambda t: (t[0], t[0] + t[1])), max_size=30
)


@given(stretches, st.integers(1, 40))
def test_heat_is_the_mean_number_of_boxes_in_each_bin(boxes, bins):
    edges = np.linspace(0, 6_000, bins + 1).astype(np.int64)
    heat = lane(boxes).heat(edges)
    for a, b, got in zip(edges[:-1], edges[1:], heat, strict=True):
        covered = sum(max(0, min(b, end) - max(a, start)) for start, end in boxes)
        assert got == pytest.approx(covered / (b - a), abs=1e-3)


def test_marks_reach_over_the_bins_of_their_appearances():
    edges = np.arange(0, 11, dtype=np.int64) * SECOND
    made = lane([], [(2 * SECOND, 4 * SECOND, DECIDED), (6 * SECOND, 7 * SECOND, UNDECIDED)])
    assert np.flatnonzero(made.marked(edges, DECIDED)).tolist() == [2, 3]
    assert np.flatnonzero(made.marked(edges, UNDECIDED)).tolist() == [6]


def test_the_shortest_appearance_at_a_time_is_picked_then_the_nearest():
    made = lane([], [(0, 10 * SECOND, 0), (4 * SECOND, 5 * SECOND, 0), (20 * SECOND, 21 * SECOND, 0)])
    assert made.key_at(round(4.5 * SECOND), 0) == "key1"
    assert made.key_at(8 * SECOND, 0) == "key0"
    assert made.key_at(19 * SECOND, 0) == ""
    assert made.key_at(19 * SECOND, 2 * SECOND) == "key2"


@given(st.integers(0, 10**10), st.integers(SECOND // 2, 10**10), st.floats(100, 2500))
def test_ruler_has_room_for_its_labels(start, length, width):
    step, times = ticks(start, start + length, width)
    assert all(start <= t <= start + length and t % step == 0 for t in times)
    if len(times) > 1 and step < 3_600_000_000:
        assert step / length * width >= 84.0 * 0.99


def test_tick_text_is_as_fine_as_its_step():
    assert tick_text(83_500_000, 500_000) == "1:23.5"
    assert tick_text(3_723_000_000, 60_000_000) == "1:02:03"


@pytest.fixture
def timeline(qtbot, qapp):
    made = Timeline(Theme(qapp, "dark"))
    qtbot.addWidget(made)
    made.resize(made.gutter + 1000, RULER + 4 * ROW)
    lanes = tuple(
        lane([(n * SECOND, (n + 5) * SECOND)], [(n * SECOND, (n + 5) * SECOND, 0)], f"Brand {n}")
        for n in range(12)
    )
    made.show()
    data = TimelineData(5_400 * SECOND, SECOND // 2, lanes, np.array([60 * SECOND]), (), ((0, 90 * SECOND),))
    made.set_data(data)
    return made


def test_a_click_goes_to_its_time_even_late_in_a_long_video(qtbot, timeline):
    width = timeline.viewport().width() - timeline.gutter
    with qtbot.waitSignal(timeline.sought) as caught:
        at = QPoint(timeline.gutter + width // 2, RULER - 5)
        qtbot.mouseClick(timeline.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert caught.args[0] == pytest.approx(2_700 * SECOND, rel=0.01)


def test_a_click_on_a_brand_chooses_it(qtbot, timeline):
    with qtbot.waitSignal(timeline.brand_chosen) as caught:
        at = QPoint(20, RULER + ROW + 4)
        qtbot.mouseClick(timeline.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert caught.args == [lane_mark("brand 1", False)]


def test_a_brand_tells_its_time_and_that_the_report_may_count_less(timeline):
    at = QPoint(20, RULER + ROW // 2)
    help_event = QHelpEvent(QEvent.Type.ToolTip, at, timeline.viewport().mapToGlobal(at))
    QApplication.sendEvent(timeline.viewport(), help_event)
    words = QToolTip.text()
    assert " on screen in 1 appearance\n" in words and "The report may count less" in words


def test_the_wheel_zooms_about_the_cursor(timeline):
    x = timeline.gutter + 300.0
    before = timeline._time_at(x)
    wheel(timeline, QPointF(x, 60), 600)
    start, end = timeline.range
    assert end - start < 5_400 * SECOND
    assert abs(timeline._time_at(x) - before) < 2 * (end - start) / 1000
    for _ in range(80):
        wheel(timeline, QPointF(x, 60), 600)
    assert timeline.range[1] - timeline.range[0] >= SECOND


def test_the_view_follows_the_playhead_when_zoomed(timeline):
    wheel(timeline, QPointF(timeline.gutter + 10, 60), 1200)
    timeline.set_time(4_000 * SECOND)
    start, end = timeline.range
    assert start <= 4_000 * SECOND <= end


def test_the_row_of_the_item_is_scrolled_into_view(timeline):
    timeline.set_item("brand 11", ((11 * SECOND, 16 * SECOND),))
    assert timeline.verticalScrollBar().value() >= 8 * ROW
    timeline.set_item("brand 0", ())
    assert timeline.verticalScrollBar().value() == 0


def wheel(timeline: Timeline, at: QPointF, turn: int) -> None:
    event = QWheelEvent(
        at,
        timeline.viewport().mapToGlobal(at),
        QPoint(),
        QPoint(0, turn),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(timeline.viewport(), event)


def test_rows_that_changed_alone_are_drawn_as_all_rows_would_be(qtbot, qapp):
    """What is under the playhead is the same whether a decision redrew one row or everything."""
    theme = Theme(qapp)
    lanes = [
        lane([(n * SECOND, (n + 3) * SECOND)], [(n * SECOND, (n + 2) * SECOND, UNDECIDED)], f"Brand {n}")
        for n in range(12)
    ]
    cuts = np.array([2 * SECOND, 5 * SECOND], np.int64)
    lost = ((7 * SECOND, 8 * SECOND, "black"),)
    before = TimelineData(20 * SECOND, 500_000, tuple(lanes), cuts, lost, ((0, 20 * SECOND),))
    lanes[3] = lane([(0, 9 * SECOND)], [(0, 9 * SECOND, DECIDED)], "Brand 3")
    lanes[9] = lane([(0, 4 * SECOND)], [(0, 4 * SECOND, DECIDED)], "Brand 9")
    after = TimelineData(20 * SECOND, 500_000, tuple(lanes), cuts, lost, ((0, 20 * SECOND),))
    pictures = []
    for first in (before, after):
        timeline = Timeline(theme)
        qtbot.addWidget(timeline)
        timeline.resize(700, RULER + 6 * ROW)
        timeline.set_data(first)
        timeline.show()
        timeline.verticalScrollBar().setValue(2 * ROW)
        plain = timeline.grab().toImage()
        timeline.set_data(after)
        pictures.append(timeline.grab().toImage())
        assert (plain == pictures[-1]) == (first is after), "only a change shows"
    assert pictures[0] == pictures[1]
    theme.close()
