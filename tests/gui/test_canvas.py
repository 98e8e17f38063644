"""The frame canvas: zoom and pan, labels, picking, drawing and correcting boxes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from engine.domain.geometry import hull, rectangle
from ui.canvas.box_tool import MOVE, Correction, Drawing
from ui.canvas.boxes import CanvasBox, hit
from ui.canvas.frame_canvas import FrameCanvas
from ui.canvas.labels import Wanted, place_labels
from ui.canvas.viewport import Viewport
from ui.theme import Theme
from ui.tokens import DATA, DataState

SIGN = rectangle(200, 100, 400, 160)


def shown(width: float = 900, height: float = 500) -> Viewport:
    view = Viewport()
    view.set_size(width, height)
    view.set_source(1280, 720)
    return view


@given(st.floats(0, 1280), st.floats(0, 720), st.lists(st.floats(1.0, 1.9), min_size=1, max_size=12))
def test_zooming_in_keeps_what_is_under_the_cursor(x, y, factors):
    view = shown()
    at = view.to_widget(x, y)
    for factor in factors:
        view.zoom_at(at, factor)
    after = view.to_source(at)
    assert (after.x(), after.y()) == pytest.approx((x, y), abs=1e-6)


def test_there_and_back_between_widget_and_source():
    view = shown()
    view.zoom_at(QPointF(100, 100), 3)
    point = view.to_source(view.to_widget(321.5, 87.25))
    assert (round(point.x(), 6), round(point.y(), 6)) == (321.5, 87.25)


def test_another_frame_keeps_the_place_another_size_does_not():
    view = shown()
    view.zoom_at(QPointF(300, 200), 4)
    place = view.place()
    view.set_source(1280, 720)
    assert view.place() == place
    view.set_source(1920, 1080)
    assert view.fitted


def test_fitted_frame_stays_whole_when_the_widget_changes():
    view = shown()
    view.set_size(400, 700)
    frame = view.frame_rect()
    assert frame.left() >= 0 and frame.right() <= 400 and frame.width() > 350


boxes_on_screen = st.lists(
    st.tuples(st.floats(0, 860), st.floats(0, 460), st.floats(5, 200), st.floats(5, 60), st.booleans()),
    max_size=25,
)


@given(boxes_on_screen)
def test_labels_never_overlap_and_stay_inside(places):
    bounds = QRectF(0, 0, 900, 500)
    wanted = [Wanted((x, y, x + w, y + h), 90, 18, must) for x, y, w, h, must in places]
    found = [
        QRectF(r[0], r[1], r[2] - r[0], r[3] - r[1]) if r is not None else None
        for r in place_labels(wanted, (0, 0, 900, 500))
    ]
    assert len(found) == len(wanted)
    free = [r for r, label in zip(found, wanted, strict=True) if r is not None and not label.must]
    assert all(bounds.contains(r) for r in found if r is not None)
    assert not any(a.intersects(b) for i, a in enumerate(free) for b in free[i + 1 :])
    assert all(r is not None for r, label in zip(found, wanted, strict=True) if label.must)


def test_states_differ_without_hue():
    marks = [(style.line, style.hatch, style.sign) for style in DATA.values()]
    assert len(set(marks)) == len(marks)


def test_the_smallest_box_under_the_cursor_is_hit():
    large = CanvasBox("large", rectangle(0, 0, 500, 500), DataState.MACHINE, "A")
    small = CanvasBox("small", SIGN, DataState.MACHINE, "B")
    assert hit([large, small], QPointF(300, 130), 2.0) is small
    assert hit([large, small], QPointF(20, 20), 2.0) is large
    assert hit([small], QPointF(900, 600), 2.0) is None


def test_words_of_a_label_tell_state_and_surface():
    box = CanvasBox("k", SIGN, DataState.PERSON, "Hexaline", caption=True)
    assert box.words == "✓ T Hexaline"
    assert CanvasBox("k", SIGN, DataState.MACHINE, "Hexaline", 97.6).words == "Hexaline 98"


def test_a_drag_too_small_is_no_box():
    drawing = Drawing(QPointF(10, 10), QPointF(11, 40))
    assert drawing.polygon(640, 360) is None
    drawing.end = QPointF(700, -5)
    assert drawing.polygon(640, 360) == rectangle(10, 0, 640, 10)


@given(st.integers(0, MOVE), st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_a_corrected_box_stays_in_the_frame(grip, dx, dy):
    tool = Correction("k", SIGN, SIGN)
    tool.drag(grip, dx, dy, 1280, 720)
    box = hull(tool.now)
    assert box.x0 >= 0 and box.x1 <= 1280 and box.y0 >= 0 and box.y1 <= 720
    assert box.width >= 3 and box.height >= 3
    if grip == MOVE:
        assert round(box.width, 1) == 200 and round(box.height, 1) == 60


class NoPan:
    """Space is up."""

    def __init__(self) -> None:
        self.down = False
        self.spoiled = False

    def is_down(self, id: str) -> bool:
        return self.down and id == "play.toggle"

    def spoil_tap(self) -> None:
        self.spoiled = True


@pytest.fixture
def canvas(qtbot, qapp):
    theme = Theme(qapp, "dark")
    made = FrameCanvas(theme, NoPan())
    qtbot.addWidget(made)
    made.resize(900, 500)
    made.show()
    picture = QImage(640, 360, QImage.Format.Format_RGB32)
    picture.fill(QColor("#336633"))
    made.set_picture(picture, 1280, 720)
    made.set_boxes([CanvasBox("sign", SIGN, DataState.MACHINE, "Hexaline", 98.0, chosen=True)])
    return made


def on_widget(canvas: FrameCanvas, x: float, y: float) -> QPoint:
    return canvas.view.to_widget(x, y).toPoint()


def test_a_click_picks_the_box(qtbot, canvas):
    with qtbot.waitSignal(canvas.box_clicked) as caught:
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=on_widget(canvas, 300, 130))
    assert caught.args == ["sign"]


def test_zoom_survives_the_next_frame_and_z_goes_there_and_back(canvas):
    canvas.fit()
    whole = canvas.view.place()
    canvas.zoom_to_box()
    close = canvas.view.place()
    assert close.zoom > whole.zoom and close.centre == (300.0, 130.0)
    canvas.set_picture(QImage(1280, 720, QImage.Format.Format_RGB32), 1280, 720)
    assert canvas.view.place() == close
    canvas.zoom_to_box()
    assert canvas.view.place() == whole


def test_hundred_percent_is_one_pixel_a_pixel(canvas):
    canvas.actual_size()
    assert canvas.view.zoom * canvas.devicePixelRatioF() == pytest.approx(1.0)


def test_hidden_boxes_are_neither_drawn_nor_hit(canvas):
    seen = canvas.grab().toImage()
    canvas.hide_boxes(True)
    assert canvas.box_at(canvas.view.to_widget(300, 130)) is None
    assert canvas.grab().toImage() != seen
    canvas.hide_boxes(False)
    assert canvas.box_at(canvas.view.to_widget(300, 130)).key == "sign"


def test_drawing_gives_source_pixels(qtbot, canvas):
    canvas.hand.draw()
    with qtbot.waitSignal(canvas.hand.drawn) as caught:
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=on_widget(canvas, 600, 300))
        QTest.mouseMove(canvas, on_widget(canvas, 800, 400))
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=on_widget(canvas, 800, 400))
    box = hull(caught.args[0])
    near = 2 / canvas.view.zoom
    assert all(abs(a - b) <= near for a, b in zip(box, (600, 300, 800, 400), strict=True))
    assert canvas.hand.tool is None


def test_a_new_box_is_set_by_arrow_keys_alone(qtbot, canvas):
    canvas.view.zoom_at(QPointF(450, 250), 2)
    canvas.hand.draw()
    with qtbot.assertNotEmitted(canvas.hand.drawn):
        qtbot.keyClick(canvas, Qt.Key.Key_Right)
    first = hull(canvas.hand.tool.now)
    seen = canvas.view.to_source(QPointF(0, 0)), canvas.view.to_source(QPointF(900, 500))
    assert seen[0].x() < first.x0 < first.x1 < seen[1].x() and seen[0].y() < first.y0 < first.y1 < seen[1].y()
    qtbot.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    qtbot.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    with qtbot.assertNotEmitted(canvas.hand.corrected), qtbot.waitSignal(canvas.hand.drawn) as caught:
        qtbot.keyClick(canvas, Qt.Key.Key_Return)
    box = hull(caught.args[0])
    moved = (first.x0 - 10, first.y0 + 1, first.x1 - 9, first.y1 + 1)
    assert all(abs(a - b) < 0.01 for a, b in zip(box, moved, strict=True))
    assert canvas.hand.tool is None


def test_escape_leaves_a_new_box_undrawn(qtbot, canvas):
    canvas.hand.draw()
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    with (
        qtbot.assertNotEmitted(canvas.hand.drawn),
        qtbot.waitSignals([canvas.hand.taken, canvas.hand.dropped]),
    ):
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.hand.tool is None


def test_a_new_box_in_hand_is_put_down_where_another_is_taken(qtbot, canvas):
    canvas.hand.draw()
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    new = canvas.hand.tool.now
    with qtbot.assertNotEmitted(canvas.hand.dropped), qtbot.waitSignal(canvas.hand.put_down) as caught:
        canvas.hand.correct("sign", SIGN)
    assert caught.args == [new] and canvas.hand.tool.key == "sign"


def test_correcting_by_arrows_and_keeping(qtbot, canvas):
    canvas.hand.correct("sign", SIGN)
    with qtbot.waitSignal(canvas.hand.corrected) as caught:
        qtbot.keyClick(canvas, Qt.Key.Key_Right)
        qtbot.keyClick(canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        qtbot.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
        qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert caught.args == ["sign", rectangle(201, 110, 402, 170)]
    assert canvas.hand.tool is None


def test_escape_leaves_the_box_as_it_was(qtbot, canvas):
    canvas.hand.correct("sign", SIGN)
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    with qtbot.assertNotEmitted(canvas.hand.corrected), qtbot.waitSignal(canvas.hand.taken):
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)


def test_space_with_a_drag_pans_and_spoils_the_tap(canvas):
    canvas.view.zoom_at(QPointF(450, 250), 3)
    before = canvas.view.centre
    canvas._pan_key.down = True
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    QTest.mouseMove(canvas, QPoint(360, 240))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(360, 240))
    moved = canvas.view.centre - before
    assert moved.x() < 0 and moved.y() < 0
    assert canvas._pan_key.spoiled
