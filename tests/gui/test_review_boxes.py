"""Boxes of the finished demo in the real window: drawn, corrected, previewed, over stored frames."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest

from app.brand_search import BrandHit
from engine.domain.geometry import rectangle
from tests.gui.reviewer import Reviewer
from ui.canvas.box_tool import Correction, Drawing

KEY = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def drag_a_box(at: Reviewer) -> None:
    """N and a drag from the middle of the frame; the brand picker is open afterwards."""
    frame = at.review.canvas.frame
    at.press(KEY.Key_N)
    centre = frame.rect().center()
    QTest.mousePress(frame, Qt.MouseButton.LeftButton, pos=centre)
    QTest.mouseMove(frame, centre + QPoint(60, 24))
    QTest.mouseRelease(frame, Qt.MouseButton.LeftButton, pos=centre + QPoint(60, 24))
    at.settle()
    assert at.review.canvas.picker.isVisible()


def box_corrected_at_once(at: Reviewer, name: str) -> None:
    """By keys alone a box is drawn and named, and moved by ten pixels without a pause."""
    at.press(KEY.Key_N, KEY.Key_Up, KEY.Key_Return)
    at.type(name)
    at.press(KEY.Key_Return, KEY.Key_E)
    QTest.keyClick(at.review.canvas.frame, KEY.Key_Right, SHIFT)
    QTest.keyClick(at.review.canvas.frame, KEY.Key_Return)
    at.settle()


def test_arrows_step_one_frame_exactly(at):
    at.review.player.seek(1_000_000)
    at.settle()
    at.press(KEY.Key_Right)
    assert at.review.player.picture.exact and at.review.player.time == 1_040_000
    at.press(KEY.Key_Right, KEY.Key_Right)
    assert at.review.player.time == 1_120_000
    at.press(KEY.Key_Left)
    assert at.review.player.time == 1_080_000
    at.press(KEY.Key_Right, modifier=SHIFT)
    assert at.review.player.time == 2_080_000
    at.press(KEY.Key_Period)
    run = at.desk.snapshot.overlay.run
    assert at.review.player.time in {f.time for f in run.frames.values()}


def test_a_box_is_corrected_by_keys(at):
    row = at.with_brand()
    key, before = at.review.display.active()
    assert before is not None and key in row.keys
    at.press(KEY.Key_E)
    assert at.review.canvas.frame.hand.tool is not None
    QTest.keyClick(at.review.canvas.frame, KEY.Key_Right, SHIFT)
    QTest.keyClick(at.review.canvas.frame, KEY.Key_Return)
    at.settle()
    assert at.desk.snapshot.appearances[key].edited
    after = next(b.polygon for b in at.review.canvas.frame.boxes if b.key == key)
    assert after[0][0] == pytest.approx(before[0][0] + 10, abs=0.02)
    assert at.review.player.time == at.review.player.picture.time


def test_a_missed_sign_is_drawn_and_named(at):
    at.with_brand()
    frame = at.review.canvas.frame
    drag_a_box(at)
    at.type("Handmade Sign")
    at.press(KEY.Key_Return)
    drawn = [b for b in frame.boxes if b.label == "Handmade Sign"]
    assert len(drawn) == 1 and drawn[0].chosen
    assert [str(d.kind) for d in at.decisions()] == ["draw"]
    at.press(KEY.Key_X)
    assert not at.decisions()


def test_an_undone_correction_of_a_drawn_box_leads_to_the_box(at):
    at.with_brand()
    box_corrected_at_once(at, "Handmade Sign")
    assert "Correct" in at.undo_title
    (drawn,) = at.decisions()
    for words in ("edit.undo", "edit.redo", "edit.undo"):
        at.desk.choose(next(r.key for r in at.desk.snapshot.rows if r.brand_name != "Handmade Sign"))
        at.settle()
        at.driver.do(words)
        at.driver.until(lambda before=drawn.id: [d.id for d in at.decisions()] != [before])
        at.settle()
        (drawn,) = at.decisions()
        assert at.desk.row is not None and at.desk.row.brand_name == "Handmade Sign"
        assert at.desk.row.span.holds(at.review.player.time)


def test_a_missed_sign_is_boxed_and_named_by_keys_alone(at):
    at.with_brand()
    frame = at.review.canvas.frame
    at.press(KEY.Key_N, KEY.Key_Up)
    at.press(KEY.Key_Up, modifier=SHIFT)
    at.press(KEY.Key_Return)
    at.type("Keyed Sign")
    at.press(KEY.Key_Return)
    assert [b.label for b in frame.boxes if b.chosen] == ["Keyed Sign"]
    assert [str(d.kind) for d in at.decisions()] == ["draw"]


def test_a_drawn_box_stays_the_item_when_it_is_corrected(at):
    assert at.desk.wanted.undecided, "a drawn box is decided, so the queue leaves it out"
    at.with_brand()
    box_corrected_at_once(at, "Keyed Sign")
    corrected = at.desk.row
    assert corrected is not None and corrected.brand_name == "Keyed Sign"
    at.press(KEY.Key_X)
    assert not at.decisions()


def test_start_and_end_of_a_sighting(at):
    row = next(r for r in at.desk.snapshot.rows if r.brand_name and r.span.seconds > 1.5 and len(r.keys) == 1)
    at.desk.choose(row.key)
    at.review.player.seek(row.span.start + 1_000_000)
    at.settle()
    at.press(KEY.Key_I)
    item = at.desk.snapshot.appearances[row.key]
    assert item.edited and item.span.start == at.review.player.time and item.span.end == row.span.end


@pytest.mark.parametrize(("accept", "review"), [(75.0, 75.0), (99.5, 75.0), (100.0, 100.0)])
def test_a_preview_finds_the_signs_whose_verdict_changes(at, accept, review):
    """What a sign is called is part of its key: under other thresholds it is still the same sign."""
    from app.preview import ThresholdPreview
    from engine.domain.stages import StageName
    from engine.stage_settings import MatchBrandsSettings
    from ui.review.preview import previewed

    overlay = at.desk.snapshot.overlay
    library = at.window.services.container.library
    base = overlay.run.settings[StageName.MATCH_BRANDS]
    settings = MatchBrandsSettings(**{**base.values(), "accept": accept, "review": review})
    answer = ThresholdPreview(library, overlay.run).apply(settings)
    shown, changed = previewed(overlay, answer)
    before = {a.key: a.machine.verdict for a in overlay.appearances if a.machine is not None}
    would = {a.key: a for a in answer.appearances}

    def stands(a) -> bool:
        """Whether the preview says of this sign what is shown."""
        same = [would[a.key]] if a.key in would else list(answer.appearances)
        return any(
            (b.verdict, b.brand_id) == (a.verdict, a.brand_id) and set(a.members) & set(b.members)
            for b in same
        )

    assert all(stands(a.machine) for a in shown if a.machine)
    then = {verdict: list(before.values()).count(verdict) for verdict in before.values()}
    assert bool(changed) == (then != dict(answer.counts))
    assert set(changed) == {a.key for a in shown if a.machine and a.machine.verdict != before[a.key]}


def test_a_preview_is_shown_and_leaves_nothing(at):
    import msgspec

    from app.preview import PreviewResult

    run = at.desk.snapshot.overlay.run
    accepted = next(a for a in run.appearances if a.verdict == "accepted" and a.surface == "scene")
    would = tuple(
        msgspec.structs.replace(a, verdict="unresolved", brand_id="", brand_name="") if a is accepted else a
        for a in run.appearances
    )
    at.review.preview(PreviewResult(would, {}, {}))
    at.settle()
    frame = at.review.canvas.frame
    assert frame.hud.banner and at.review.queue.model._tried == {accepted.key: "unresolved"}
    at.review.preview(None)
    at.settle()
    assert not frame.hud.banner and at.review.queue.model._tried == {}


def test_a_vanished_video_is_reviewed_from_stored_frames(open_window, demo_library, tmp_path):
    from app.container import open_container

    with open_container(demo_library) as app:
        source = app.jobs.sources()[0]
        gone = tmp_path / "gone.mp4"
        os.link(source.path, gone)
        app.library.sources.locate(source.id, gone)
    gone.unlink()
    driver = open_window(demo_library)
    driver.window.open_source(driver.window.session.shelf.sources[0].id)
    at = Reviewer(driver)
    at.driver.until(lambda: at.review.canvas.frame.hud.notice)
    assert Path(gone).name in at.review.canvas.frame.hud.notice
    before = at.review.player.time
    at.press(KEY.Key_Right)
    picture = at.review.player.picture
    assert at.review.player.time != before and picture is not None and not picture.exact
    row = at.with_brand()
    at.press(KEY.Key_P)
    assert at.state(row.key) == "confirmed"


def test_leaving_the_frame_leaves_the_box_in_hand(at):
    at.with_brand()
    at.press(KEY.Key_E)
    assert at.review.canvas.frame.hand.tool is not None
    at.review.player.seek(at.review.player.time + 500_000)
    at.settle()
    assert at.review.canvas.frame.hand.tool is None and not at.decisions()


def test_escape_in_the_brand_picker_keeps_the_box_that_was_drawn(at):
    at.with_brand()
    frame, picker = at.review.canvas.frame, at.review.canvas.picker
    drag_a_box(at)
    drawn = frame.hand.tool.now
    at.press(KEY.Key_Escape)
    assert not picker.isVisible() and not at.decisions()
    assert frame.hand.tool.now == drawn
    at.press(KEY.Key_Right, KEY.Key_Return)
    assert picker.isVisible()
    at.type("Second Thought")
    at.press(KEY.Key_Return)
    (decision,) = at.decisions()
    assert str(decision.kind) == "draw"
    box = next(b for b in frame.boxes if b.label == "Second Thought")
    assert box.polygon[0][0] == pytest.approx(drawn[0][0] + 1, abs=0.02)
    assert frame.hand.tool is None and frame.hand.draft is None


def test_a_new_box_is_no_brand_before_one_was_typed_or_gone_to(at):
    """It has nothing to do with the item that was looked at: what was seen in the run is offered."""
    at.with_brand()
    picker = at.review.canvas.picker
    drag_a_box(at)
    offered = [picker.list.item(i).text() for i in range(picker.list.count())]
    assert offered == [name for _, name, _ in at.desk.snapshot.brands][:6]
    at.press(KEY.Key_Return)
    assert picker.isVisible() and not at.decisions()
    at.press(KEY.Key_Down, KEY.Key_Return)
    assert [d.brand_id for d in at.decisions()] == [at.desk.snapshot.brands[0][0]]


@pytest.mark.parametrize("corner", [(0.02, 0.05), (0.8, 0.9), (0.22, 0.3), (0.66, 0.3)])
def test_the_picker_leaves_the_box_free_that_it_asks_about(at, corner):
    at.window.resize(1280, 800)
    at.with_brand()
    frame, picker = at.review.canvas.frame, at.review.canvas.picker
    width, height = frame.view.source.width(), frame.view.source.height()
    x, y = corner[0] * width, corner[1] * height
    frame.hand.drawn.emit(rectangle(x, y, x + 0.1 * width, y + 0.06 * height))
    at.settle()
    QTest.keyClicks(picker.field, "a")
    at.settle()
    box = [frame.mapTo(at.review.canvas, frame.view.to_widget(*p).toPoint()) for p in frame.hand.tool.now]
    assert picker.isVisible() and not any(picker.geometry().contains(p) for p in box)


def test_the_picker_leaves_the_box_free_of_the_item_that_it_asks_about(at):
    at.window.resize(1280, 800)
    at.with_brand()
    pane, picker = at.review.canvas, at.review.canvas.picker
    for _ in range(6):
        at.press(KEY.Key_B)
        (chosen,) = [b for b in pane.frame.boxes if b.chosen]
        box = pane.seen_at(chosen.polygon)
        assert pane.rect().contains(box.center()) and picker.isVisible()
        QTest.keyClicks(picker.field, "a")
        at.settle()
        assert not picker.geometry().contains(box.center())
        at.press(KEY.Key_Escape)
        at.press(KEY.Key_Down)


def test_the_picker_is_lower_where_a_box_in_the_middle_leaves_no_room_for_all_rows(at):
    at.window.resize(1280, 800)
    at.with_brand()
    pane, picker = at.review.canvas, at.review.canvas.picker
    middle = QRect(QPoint(0, 0), QSize(70, 40))
    middle.moveCenter(pane.rect().center())
    found = [BrandHit(str(i), f"Brand {i}", "", 90.0) for i in range(8)]
    picker.open("Brand", lambda _: found, clear_of=middle)
    QTest.keyClicks(picker.field, "br")
    at.driver.until(lambda: picker.list.count() >= 8)
    assert not picker.geometry().intersects(middle) and pane.rect().contains(picker.geometry())
    assert picker.list.verticalScrollBar().isVisible()
    picker.cancel()


def test_a_second_escape_drops_the_box(at):
    at.with_brand()
    frame = at.review.canvas.frame
    drag_a_box(at)
    at.press(KEY.Key_Escape, KEY.Key_Escape)
    assert frame.hand.tool is None and frame.hand.draft is None and not at.decisions()
    assert "dropped" in frame.hud.notice
    at.press(KEY.Key_N)
    assert isinstance(frame.hand.tool, Drawing), "N begins a new box"


def test_a_box_without_a_brand_waits_on_its_frame_and_n_goes_back_to_it(at):
    at.with_brand()
    frame, player = at.review.canvas.frame, at.review.player
    drag_a_box(at)
    drawn, time = frame.hand.tool.now, player.time
    at.press(KEY.Key_Escape)
    player.seek(time + 1_000_000)
    at.settle()
    assert frame.hand.tool is None and frame.hand.draft is None
    player.seek(time)
    at.settle()
    assert frame.hand.tool is None and frame.hand.draft == drawn, "shown, and the arrow keys step frames"
    player.seek(time + 1_000_000)
    at.settle()
    at.press(KEY.Key_N)
    assert player.time == time and frame.hand.draft is None
    assert isinstance(frame.hand.tool, Correction) and frame.hand.tool.now == drawn


def test_a_box_whose_brand_is_refused_is_not_lost(at, monkeypatch):
    from app.command_bus import CommandBus
    from engine.domain.errors import UserFixable

    def refuse(*_args, **_options):
        raise UserFixable("No.", still_works="", to_do="")

    at.with_brand()
    frame = at.review.canvas.frame
    drag_a_box(at)
    drawn = frame.hand.tool.now
    at.type("Refused Sign")
    with monkeypatch.context() as patch:
        patch.setattr(CommandBus, "do", refuse)
        at.press(KEY.Key_Return)
    assert not at.decisions() and frame.hand.tool.now == drawn


def test_another_source_takes_no_box_along(at):
    at.with_brand()
    frame = at.review.canvas.frame
    drag_a_box(at)
    at.press(KEY.Key_Escape)
    source, job = at.desk.source, at.desk.job
    at.review.close_run()
    at.review.open_run(source, job)
    at.driver.until(lambda: at.desk.snapshot is not None and at.review.player.picture is not None)
    at.settle()
    assert frame.hand.tool is None and frame.hand.draft is None and not at.review.draft.waits


def test_a_corrected_look_alike_is_what_is_looked_at(at):
    """One of a group leaves it with a correction of its own."""
    snapshot, best_time = at.desk.snapshot, at.review.display.best_time
    row, time = next(
        (r, time)
        for r in snapshot.rows
        for k in r.keys[1:]
        for time in (best_time(snapshot.appearances[k]),)
        if r.key not in {a.key for a, _ in snapshot.boxes.at(time)}
    )
    at.desk.choose(row.key)
    at.review.player.seek(time)
    at.settle()
    key, _ = at.review.display.active()
    assert key in row.keys and key != row.key
    at.press(KEY.Key_E)
    QTest.keyClick(at.review.canvas.frame, KEY.Key_Right, SHIFT)
    QTest.keyClick(at.review.canvas.frame, KEY.Key_Return)
    at.settle()
    assert at.desk.key == key and at.desk.row.keys == (key,)


def test_down_goes_on_from_where_one_was_before_a_box_was_drawn(at):
    rows = at.desk.snapshot.rows
    at.desk.choose(rows[3].key)
    at.settle()
    at.press(KEY.Key_N, KEY.Key_Up, KEY.Key_Return)
    at.type("Keyed Sign")
    at.press(KEY.Key_Return)
    assert at.desk.key not in at.desk.snapshot.place
    at.press(KEY.Key_X)
    assert at.desk.key == at.desk.snapshot.rows[4].key


def test_a_frame_that_was_split_off_shows_one_box(at):
    """The rest of the sighting isn't drawn across the frame that it is no longer seen on."""
    row = next(r for r in at.desk.snapshot.rows if r.brand_name and r.span.seconds > 2 and len(r.keys) == 1)
    at.desk.choose(row.key)
    item = at.desk.snapshot.appearances[row.key]
    run = at.desk.snapshot.overlay.run
    seq = item.seen[len(item.seen) // 2].seq
    at.review.player.seek(run.time_of(seq))
    at.settle()
    at.review.verdicts.frame_only("reject", row.key, run.time_of(seq))
    at.settle()
    there = [a.key for a, _ in at.desk.snapshot.boxes.at(run.time_of(seq))]
    assert f"{row.key}@{seq}" in there and row.key not in there


def test_what_is_decided_during_a_preview_is_shown(at):
    from app.preview import PreviewResult

    row = at.with_brand()
    run = at.desk.snapshot.overlay.run
    at.review.preview(PreviewResult(run.appearances, {}, {}))
    at.driver.until(lambda: at.review.previewed.boxes is not None)
    before = at.review.previewed.boxes
    at.press(KEY.Key_P)
    at.driver.until(lambda: at.review.previewed.boxes is not before)
    time = at.review.display.best_time(at.desk.snapshot.appearances[row.key])
    shown = {a.key: a for a, _ in at.review.previewed.boxes.at(time)}
    assert str(shown[row.key].state) == "confirmed"
