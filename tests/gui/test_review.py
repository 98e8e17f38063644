"""Reviewing the finished demo in the real window, by keys: decisions, queue, frames."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest

from engine.domain.stages import StageName
from tests.gui.reviewer import Reviewer

KEY = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def test_p_confirms_stores_and_goes_on(at):
    row = at.with_brand()
    left = at.desk.snapshot.left
    at.press(KEY.Key_P)
    assert all(at.state(k) == "confirmed" for k in row.keys)
    assert at.desk.key not in row.keys
    assert at.desk.snapshot.left == left - 1
    assert [str(d.kind) for d in at.decisions()] == ["confirm"]
    assert row.brand_name in at.undo_title


def test_the_same_word_again_takes_it_back_and_u_clears(at):
    row = at.with_brand()
    at.press(KEY.Key_S)
    at.desk.choose(row.key)
    at.press(KEY.Key_S)
    assert at.state(row.key) == "undecided" and at.desk.key in row.keys
    at.press(KEY.Key_X)
    at.desk.choose(row.key)
    at.press(KEY.Key_U)
    assert at.state(row.key) == "undecided" and not at.decisions()


def test_order_stays_and_what_was_decided_stays_in_the_list(at):
    assert at.desk.wanted.undecided
    before = [r.key for r in at.desk.snapshot.rows]
    row = at.with_brand()
    at.press(KEY.Key_P)
    at.press(KEY.Key_X)
    assert [r.key for r in at.desk.snapshot.rows] == before
    at.review.want(undecided=False)
    at.settle()
    at.review.want(undecided=True)
    at.settle()
    assert row.key not in [r.key for r in at.desk.snapshot.rows]


def test_undo_takes_back_and_jumps_to_it(at):
    row = at.with_brand()
    at.press(KEY.Key_P)
    at.press(KEY.Key_Down, KEY.Key_Down)
    at.press(KEY.Key_Z, modifier=CTRL)
    at.driver.until(lambda: at.state(row.key) == "undecided")
    at.driver.until(lambda: at.desk.key in row.keys)
    at.settle()
    item = at.desk.snapshot.appearances[at.desk.key]
    assert item.span.start <= at.review.player.time < item.span.end


def test_number_keys_choose_candidates(at):
    row = at.with_brand()
    at.press(KEY.Key_1)
    assert at.state(row.key) in ("confirmed", "reassigned")
    assert at.desk.snapshot.appearances[row.key].brand_name == row.brand_name


def test_b_names_another_brand_with_type_ahead(at):
    row = at.with_brand()
    at.press(KEY.Key_B)
    assert at.review.canvas.picker.isVisible()
    at.type("Zyxwal Drinks")
    assert at.review.canvas.picker.list.item(0).text().startswith("New brand")
    at.press(KEY.Key_Return)
    assert at.state(row.key) == "reassigned"
    assert at.desk.snapshot.appearances[row.key].brand_name == "Zyxwal Drinks"
    assert at.review.canvas.frame.hasFocus()


def test_escape_closes_the_picker_and_decides_nothing(at):
    row = at.with_brand()
    at.press(KEY.Key_B)
    at.type("xps")
    at.press(KEY.Key_Escape)
    assert not at.review.canvas.picker.isVisible()
    assert at.state(row.key) == "undecided" and not at.decisions()


def test_confirming_an_unknown_text_asks_for_its_brand(at):
    row = next(r for r in at.desk.snapshot.rows if not r.brand_name)
    at.desk.choose(row.key)
    at.press(KEY.Key_P)
    assert at.review.canvas.picker.isVisible()
    at.type("Qorvex")
    at.press(KEY.Key_Return)
    assert at.desk.snapshot.appearances[row.key].brand_name == "Qorvex"


def test_letters_in_a_field_decide_nothing(at):
    at.with_brand()
    at.press(KEY.Key_F, modifier=CTRL)
    at.type("pxsu1")
    assert not at.decisions()
    at.press(KEY.Key_Escape)
    at.press(KEY.Key_G)
    at.type("0:02")
    at.press(KEY.Key_Return)
    assert not at.decisions() and at.review.player.time == 2_000_000
    assert at.review.canvas.frame.hasFocus()


def test_all_selected_are_confirmed_in_one_step(at):
    rows = [n for n, r in enumerate(at.desk.snapshot.rows) if r.brand_name][:3]
    view = at.review.queue.view
    view.setFocus()
    selection = view.selectionModel()
    selection.clearSelection()
    for n in rows:
        selection.select(view.model().index(n, 0), QItemSelectionModel.SelectionFlag.Select)
    keys = [k for n in rows for k in at.desk.snapshot.rows[n].keys]
    at.press(KEY.Key_Return, modifier=CTRL)
    assert all(at.state(k) == "confirmed" for k in keys)
    at.press(KEY.Key_Z, modifier=CTRL)
    at.driver.until(lambda: all(at.state(k) == "undecided" for k in keys))


def test_keys_of_the_queue_work_with_the_focus_in_it(at):
    at.review.queue.view.setFocus()
    rows = at.desk.snapshot.rows
    at.desk.choose(rows[0].key)
    at.press(KEY.Key_Down)
    assert at.desk.key == rows[1].key
    at.press(KEY.Key_X)
    assert at.state(rows[1].key) == "rejected"
    at.press(KEY.Key_Up, modifier=SHIFT)
    assert at.desk.key == rows[0].key


def test_boxes_lie_where_the_run_saw_them(at):
    run = at.desk.snapshot.overlay.run
    frame = sorted(run.frames.values(), key=lambda f: f.time)[4]
    at.review.player.seek(frame.time)
    at.settle()
    stored = {
        a.key: s.polygon
        for a in at.desk.snapshot.overlay.appearances
        for s in a.seen
        if s.seq == frame.seq and a.machine.verdict != "denied"
    }
    drawn = {b.key: b.polygon for b in at.review.canvas.frame.boxes}
    assert stored and all(drawn[key] == polygon for key, polygon in stored.items())


def test_zoom_survives_the_next_item(at):
    at.with_brand()
    frame = at.review.canvas.frame
    at.press(KEY.Key_Plus, KEY.Key_Plus)
    place = frame.view.place()
    at.press(KEY.Key_Down)
    assert frame.view.place() == place
    at.press(KEY.Key_F)
    assert frame.view.fitted


def test_h_hides_boxes_while_it_is_down(at):
    frame = at.review.canvas.frame
    QTest.keyPress(frame, KEY.Key_H)
    assert frame.boxes_hidden
    QTest.keyRelease(frame, KEY.Key_H)
    assert not frame.boxes_hidden


def test_play_moves_on_and_space_stops(at):
    at.review.player.seek(0)
    at.settle()
    QTest.keyClick(at.review.canvas.frame, KEY.Key_K)
    at.driver.until(lambda: at.review.player.time > 300_000)
    QTest.keyClick(at.review.canvas.frame, KEY.Key_Space)
    at.settle()
    assert at.review.player.speed == 0
    QTest.keyClick(at.review.canvas.frame, KEY.Key_L)
    QTest.keyClick(at.review.canvas.frame, KEY.Key_L)
    assert at.review.player.speed == 2
    at.review.player.stop()
    at.settle()


def test_one_frame_is_split_off(at):
    row = next(r for r in at.desk.snapshot.rows if r.brand_name and len(r.keys) == 1 and r.seconds > 1.5)
    at.desk.choose(row.key)
    at.settle()
    at.review.inspector.frame_only.emit("reject")
    at.settle()
    split = [k for k in at.desk.snapshot.appearances if k.startswith(f"{row.key}@")]
    assert len(split) == 1 and at.state(split[0]) == "rejected" and at.state(row.key) == "undecided"


def test_inspector_tells_candidates_and_history(at):
    row = at.with_brand()
    inspector = at.review.inspector
    assert inspector.candidates[0].isVisible() and inspector.candidates[0].brand_name
    at.press(KEY.Key_X)
    at.desk.choose(row.key)
    at.settle()
    assert "Reject" in inspector._history.text()


def test_search_and_brand_filter(at):
    row = at.with_brand()
    at.review.search(row.brand_name)
    at.settle()
    assert at.desk.snapshot.rows
    assert all(
        row.brand_name.casefold() in f"{r.brand_name} {r.text}".casefold() for r in at.desk.snapshot.rows
    )
    at.review.search("")
    at.review.want(brand=row.brand_id, brand_name=row.brand_name)
    at.settle()
    assert {r.brand_id for r in at.desk.snapshot.rows} == {row.brand_id}


def test_finished_chunks_come_in_without_moving_what_is_looked_at(at):
    at.with_brand()
    key, time = at.desk.key, at.review.player.time
    place = at.review.canvas.frame.view.place()
    at.review.parts_done(())
    at.driver.until(lambda: at.desk.settled)
    at.settle()
    assert (at.desk.key, at.review.player.time, at.review.canvas.frame.view.place()) == (key, time, place)


def test_a_library_for_reading_decides_nothing(open_window, demo_library):
    driver = open_window(demo_library, read_only=True)
    driver.window.open_source(driver.window.session.shelf.sources[0].id)
    at = Reviewer(driver)
    row = at.with_brand()
    at.press(KEY.Key_P, KEY.Key_N, KEY.Key_E)
    assert at.state(row.key) == "undecided" and at.review.canvas.frame.hand.tool is None
    assert at.review.canvas.frame.hud.notice


def test_a_replay_keeps_the_item_that_is_looked_at(at):
    """While the replay has nothing to show yet no item is looked at; then the same one again."""
    rows = at.desk.snapshot.rows
    row = next(r for r in rows[2:] if r.brand_name and not r.decided)
    at.desk.choose(row.key)
    at.settle()
    time, jobs = at.review.player.time, at.window.services.container.jobs
    again = jobs.replay(at.desk.job.id, StageName.MATCH_BRANDS, {"match_brands": {"accept": 80.0}})
    at.window.session.open_job(again.id)
    at.driver.until(lambda: at.desk.job.id == again.id)
    at.settle()
    assert not at.desk.snapshot.rows and at.desk.row is None
    jobs.start(again.id)
    at.driver.until(lambda: at.desk.snapshot.rows)
    at.settle()
    now = at.desk.row
    assert now is not None
    assert (now.brand_name, now.text) == (row.brand_name, row.text)
    assert now.span.overlap(row.span) > 0 and at.review.player.time == time


def test_clicking_a_box_chooses_its_item_and_stays_on_the_frame(at):
    at.with_brand()
    frame = at.review.canvas.frame
    other = next(b for b in frame.boxes if not b.chosen)
    time = at.review.player.time
    frame.box_clicked.emit(other.key)
    at.settle()
    assert at.desk.key == other.key and at.review.player.time == time
    assert next(b for b in frame.boxes if b.chosen).key == other.key


def test_an_item_outside_the_filter_can_be_decided(at):
    row = at.with_brand()
    at.press(KEY.Key_P)
    at.review.want(undecided=False)
    at.settle()
    at.review.want(undecided=True)
    at.settle()
    assert row.key not in at.desk.snapshot.place
    at.desk.choose(row.key)
    at.settle()
    at.press(KEY.Key_X)
    assert at.state(row.key) == "rejected"


def test_every_control_of_the_panes_has_a_name(at):
    from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLineEdit, QProgressBar

    at.with_brand()
    kinds = (QAbstractButton, QLineEdit, QAbstractItemView, QProgressBar)
    for pane in (at.review.queue, at.review.canvas, at.review.inspector, at.review.timeline):
        for kind in kinds:
            for widget in (w for w in pane.findChildren(kind) if w.isVisibleTo(pane)):
                text = getattr(widget, "text", str)()
                assert widget.accessibleName() or text, (type(pane).__name__, type(widget).__name__)


def test_a_source_opens_on_the_first_row_that_nobody_has_decided(open_window, demo_library, tmp_path):
    """Also where decided rows stand before it: unsure ones keep their place in a list that shows everything."""
    from app.commands import Decide
    from app.review import ReviewService

    driver = open_window(demo_library)
    container, source = driver.app.container, driver.window.session.shelf.sources[0].id
    job = next(j for j in driver.window.session.shelf.jobs if j.accepted).id
    rows = ReviewService(container.library, container.runs).open(job).queue()
    for row in rows[:-1]:
        container.bus.do(Decide(source_id=source, job_id=job, appearance_keys=row.keys, kind="unsure"))
    driver.window.review.want(undecided=False)
    driver.window.open_source(source)
    at = Reviewer(driver)
    assert at.desk.key == rows[-1].key
    assert at.desk.snapshot.place[at.desk.key] > 0


def test_updates_of_a_run_that_is_going_take_a_small_part_of_the_time():
    from ui.review.desk import REFRESH_MS, SHARE, pause_ms

    assert pause_ms(0.0) == REFRESH_MS
    for took in (0.5, 2.0, 7.0):
        assert took / (took + pause_ms(took) / 1000) <= SHARE + 1e-9


def test_only_chunks_whose_texts_are_read_bring_the_queue_up_to_date(at):
    from engine.events import PartDone

    def done(stage: StageName) -> tuple[PartDone, ...]:
        return (PartDone(at.desk.job.id, stage, 0, False, "", 1, 0, 2_000_000),)

    at.review.parts_done(done(StageName.DETECT_REGIONS))
    assert at.desk.settled
    at.review.parts_done(done(StageName.RUN_OCR))
    assert not at.desk.settled
    at.settle()


def test_the_time_field_opens_without_the_look_of_the_last_mistake(at):
    transport = at.review.canvas.transport

    def edge() -> str:
        image = transport.field.grab().toImage()
        return image.pixelColor(0, image.height() // 2).name()

    transport.ask_time()
    fresh = edge()
    QTest.keyClicks(transport.field, "soon")
    QTest.keyClick(transport.field, KEY.Key_Return)
    assert edge() != fresh, "a mistake is seen"
    transport.ask_time()
    assert edge() == fresh


def test_escape_leads_to_the_frame_and_from_there_closes_the_message(at):
    messages = at.window.messages
    at.review.queue.view.setFocus()
    messages.tell("Something that stays")
    at.press(KEY.Key_Escape)
    assert at.window.focusWidget() is at.review.canvas.frame and not messages.isHidden()
    at.press(KEY.Key_Escape)
    assert at.window.focusWidget() is at.review.canvas.frame and messages.isHidden()


def test_clearing_stays_on_the_item_where_decisions_do(at):
    at.window.services.preferences.change(advance_after_decision=False)
    row = at.with_brand()
    at.press(KEY.Key_P)
    assert at.desk.key in row.keys
    at.press(KEY.Key_U)
    assert at.desk.key in row.keys and at.state(row.key) == "undecided"
