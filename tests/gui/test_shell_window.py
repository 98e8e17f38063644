"""The window on real libraries: pages, runs, plan, thresholds, difference, undo, drop, closing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QSlider,
    QTableView,
)

from app.container import open_container
from engine.domain.errors import UserFixable
from engine.domain.jobs import JobStatus
from engine.domain.stages import ORDER, StageName


def test_an_empty_library_says_what_to_do(open_window, library_dir):
    driver = open_window(library_dir)
    page = driver.window.pages.currentWidget()
    words = [button.text() for button in page.findChildren(QAbstractButton) if button.isVisible()]
    assert "Import video…" in words and "Open the demo" in words
    for id in ("run.start", "run.pause", "run.cancel", "run.replay", "file.export"):
        assert not driver.app.actions[id].isEnabled()


def test_the_card_opens_its_source(qtbot, open_window, demo_library):
    from ui.start.card import SourceCard

    driver = open_window(demo_library)
    card = driver.window.findChild(SourceCard)
    assert "completed" in card.accessibleName()
    driver.until(lambda: "decided" in card.accessibleName())
    card.setFocus()
    qtbot.keyClick(card, Qt.Key.Key_Return)
    driver.settle()
    assert driver.window.pages.current == "view.review"
    assert driver.window.session.job.accepted
    assert driver.window.windowTitle().startswith("demo-1")


def test_decisions_are_counted_when_the_library_is_looked_at(demo_window, monkeypatch):
    """A source that is being opened and a run that goes on aren't slowed by figures that nobody sees."""
    from ui.start.card import SourceCard
    from ui.start.overview import Overview

    counted = []
    count = Overview.counts

    def noted(self, shelf, *wanted):
        found = count(self, shelf, *wanted)
        counted.append(found)
        return found

    monkeypatch.setattr(Overview, "counts", noted)
    driver = demo_window
    card = driver.window.findChild(SourceCard)
    desk = driver.window.review.desk
    desk.choose(next(row.key for row in desk.snapshot.rows if row.brand_name))
    driver.do("review.confirm")
    driver.until(lambda: desk.settled)
    driver.window.session.refresh()
    driver.settle()
    assert not counted
    driver.do("view.library")
    driver.until(lambda: counted)
    driver.settle()
    assert next(iter(counted[-1].values()))[0] > 0 and "0 decided" not in card.accessibleName()


def test_pages_by_keys(qtbot, demo_window):
    window = demo_window.window
    for number, id in enumerate(("view.library", "view.review"), 1):
        qtbot.keyClick(window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.AltModifier)
        demo_window.settle()
        assert window.pages.current == id
    for id in ("view.report", "view.runs"):
        demo_window.do(id)
        assert window.pages.current == id and demo_window.app.actions[id].isChecked()


def test_panes_by_f6_and_back_to_the_frame(qtbot, demo_window):
    window = demo_window.window
    demo_window.do("view.review")
    canvas = window.review.canvas
    qtbot.waitUntil(lambda: canvas.hasFocus() or canvas.isAncestorOf(window.focusWidget() or window))
    seen: list[str] = []
    for _ in range(5):
        assert window.focusWidget() is not None, seen
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_F6)
        focus = window.focusWidget()
        panes = {
            "queue": window.review.queue,
            "canvas": canvas,
            "inspector": window.review.inspector,
            "timeline": window.review.timeline,
            "run": window.run_panel,
        }
        seen.append(next(name for name, pane in panes.items() if pane is focus or pane.isAncestorOf(focus)))
    assert seen == ["inspector", "timeline", "run", "queue", "canvas"]
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert canvas is window.focusWidget() or canvas.isAncestorOf(window.focusWidget())


def test_stages_tell_what_was_done(demo_window):
    states = demo_window.window.run_panel._states
    demo_window.until(lambda: all(states.rows[s].share == 1.0 for s in ORDER))
    assert states.rows[StageName.RUN_OCR].outcome == "ran"
    assert states.rows[StageName.ESCALATE_CLOUD].outcome == "skipped"
    assert states.rows[StageName.ESCALATE_CLOUD].reason


def test_replay_shows_its_plan_first_and_then_runs(demo_window):
    window = demo_window.window
    first = window.session.job
    window.run_panel.settings.set_values({"match_brands": {"accept": 80.0}})
    assert window.run_panel.settings.delta() == {"match_brands": {"accept": 80.0}}
    demo_window.app.actions["run.replay"].trigger()
    dialog = demo_window.dialog()
    assert len(window.session.jobs) == 1, "nothing is started before the person agrees"
    dialog.start.click()
    demo_window.until(lambda: window.session.job.id != first.id)
    demo_window.until(lambda: window.session.job.status is JobStatus.COMPLETED)
    demo_window.settle()
    job = window.session.job
    assert job.parent_job_id == first.id and job.replay_from_stage is StageName.MATCH_BRANDS
    assert not job.accepted and demo_window.app.actions["run.accept"].isEnabled()
    assert window.run_panel._states.rows[StageName.RUN_OCR].outcome == "reused"

    demo_window.do("view.runs")
    page = window.pages.currentWidget()
    demo_window.until(lambda: page.tree.topLevelItemCount() == 1)
    page.tree.select_only(first.id, job.id)
    demo_window.until(lambda: page.diff.brands.rowCount() > 0)
    assert page.diff.settings.item(0, 1).text() == "accept"

    demo_window.do("run.accept")
    demo_window.until(lambda: window.session.job.accepted)
    demo_window.until(lambda: demo_window.app.actions["edit.undo"].isEnabled())
    demo_window.do("edit.undo")
    demo_window.until(lambda: not window.session.job.accepted)


def test_live_thresholds_save_nothing(demo_window):
    window = demo_window.window
    demo_window.do("run.thresholds")
    panel = window.run_panel.thresholds
    demo_window.until(lambda: panel.table.rowCount() > 0)
    before = panel._counts.text()
    panel.try_value("accept", 100.0)
    panel.try_value("min_text_score", 0.99)
    demo_window.until(lambda: panel._counts.text() != before)
    assert panel.delta() == {"accept": 100.0, "min_text_score": 0.99}
    assert len(window.session.jobs) == 1
    panel.reset()
    demo_window.until(lambda: panel._counts.text() == before)


def test_brands_keep_place_and_colour_while_thresholds_are_tried(demo_window):
    review = demo_window.window.review
    desk = review.desk
    longest = desk.snapshot.timeline.lanes[0]
    for key in longest.keys:
        if not desk.snapshot.appearances[key].decided:
            desk.choose(key)
            demo_window.do("review.reject")
            demo_window.until(lambda: desk.settled)
    assert desk.snapshot.timeline.lanes[0].seconds < desk.snapshot.timeline.lanes[1].seconds
    stored = {(lane.name, lane.caption): lane.colour for lane in desk.snapshot.timeline.lanes}
    demo_window.do("run.thresholds")
    panel = demo_window.window.run_panel.thresholds
    demo_window.until(lambda: panel.table.rowCount() > 0)
    panel.try_value("min_text_score", 0.99)
    demo_window.until(lambda: review.previewed.boxes is not None)
    demo_window.settle()
    tried = {(lane.name, lane.caption): lane.colour for lane in review.timeline.data.lanes}
    kept = [place for place in tried if place in stored]
    assert len(kept) > 2 and [tried[place] for place in kept] == [stored[place] for place in kept]
    assert kept == [place for place in stored if place in tried]


def test_a_setting_out_of_place_is_refused_with_words(demo_window):
    window = demo_window.window
    window.services.tasks.call(
        "Trying", lambda: window.services.container.jobs.plan_replay(
            window.session.job.id, StageName.MATCH_BRANDS, {"run_ocr": {"nonsense": 1}}
        )
    )  # fmt: skip
    demo_window.settle()
    assert "nonsense" in window.messages.words


def test_report_follows_the_run(demo_window):
    demo_window.do("view.report")
    page = demo_window.window.pages.currentWidget()
    demo_window.until(lambda: page.table.model().rowCount() > 0)
    total = page.table.model().rowCount()
    page.search("no such brand at all")
    assert page.table.model().rowCount() == 0
    page.search("")
    page.tabs.setCurrentIndex(1)
    assert page.table.model().rowCount() == total


def test_the_report_fills_a_wide_window_and_cuts_nothing_in_a_narrow_one(demo_window):
    demo_window.do("view.report")
    table = demo_window.window.pages.currentWidget().table
    demo_window.until(lambda: table.model().rowCount() > 0)
    header = table.horizontalHeader()
    for width in (2560, 1000):
        demo_window.window.resize(width, 800)
        demo_window.settle()
        needed = [max(table.sizeHintForColumn(c), header.sectionSizeHint(c)) for c in range(header.count())]
        assert all(header.sectionSize(c) >= least for c, least in enumerate(needed))
        assert header.length() >= table.viewport().width()
        assert width < 2560 or header.length() == table.viewport().width()


def test_the_difference_fills_a_wide_window(demo_window):
    window = demo_window.window
    first = window.session.job
    demo_window.replay()
    demo_window.do("view.runs")
    window.resize(2560, 1000)
    page = window.pages.currentWidget()
    page.tree.select_only(first.id, window.session.job.id)
    demo_window.until(lambda: page.diff.brands.rowCount() > 0)
    demo_window.settle()
    header = page.diff.brands.horizontalHeader()
    assert header.length() == page.diff.brands.viewport().width()
    sizes = [header.sectionSize(c) for c in range(header.count())]
    assert max(sizes) < header.length() / 2, "no column takes what is left over for itself"


def test_export_writes_json_and_csv(demo_window, tmp_path):
    """Each run of each video into files of its own, however its name is dotted."""
    window = demo_window.window
    first = window.session.job.id
    second = demo_window.replay().id
    for job, name in ((first, "Match 05.01.mp4"), (first, "Match 05.02.mp4"), (second, "Match 05.01.mp4")):
        window.library.export(job, name, tmp_path)
        demo_window.settle()
        assert "written" in window.messages.words
    written = sorted(p.name for p in tmp_path.glob("Match*"))
    assert len(written) == 12 and written.count(f"Match 05.02-{first[:8]}.json") == 1
    assert f"Match 05.01-{second[:8]}-brands.csv" in written


def test_a_deleted_run_leaves_its_place_to_the_one_that_counts(demo_window):
    window = demo_window.window
    first = window.session.job.id
    second = demo_window.replay().id
    demo_window.do("view.runs")
    page = window.pages.currentWidget()
    page.tree.select_only(first, second)
    demo_window.until(lambda: page.diff.isVisible())
    window.runs.delete(window.session.job)
    demo_window.until(lambda: window.session.job is not None and window.session.job.id == first)
    demo_window.settle()
    assert [job.id for job in page.tree.selected()] == [first]
    assert not page.diff.isVisible(), "there is nothing to compare any more"
    assert demo_window.app.actions["file.export"].isEnabled()


def test_dropping_a_video_imports_it_once(open_window, demo_library, library_dir):
    from ui.drop import videos_in

    driver = open_window(library_dir.parent / "other")
    video = next((demo_library / "demo").glob("*.mp4"))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(video)), QUrl.fromLocalFile(str(video.with_suffix(".txt")))])
    assert videos_in(data) == [video]
    for _ in range(2):
        driver.window.library.import_files(videos_in(data))
        driver.until(lambda: driver.window.session.source is not None)
        driver.settle()
    assert len(driver.window.session.shelf.sources) == 1


def test_a_file_that_is_no_video_is_told_without_a_dialog(open_window, library_dir, tmp_path):
    driver = open_window(library_dir)
    wrong = tmp_path / "notes.mp4"
    wrong.write_text("no video")
    driver.window.library.import_files([wrong])
    driver.settle()
    assert "notes.mp4" in driver.window.messages.words


def test_a_moved_file_is_located(open_window, demo_library):
    driver = open_window(demo_library)
    source = driver.window.session.shelf.sources[0]
    moved = demo_library / "moved.mp4"
    moved.write_bytes(Path(source.path).read_bytes())
    driver.window.library.locate(source, moved)
    driver.settle()
    driver.until(lambda: driver.window.session.shelf.sources[0].path == str(moved))


def test_reading_only_disables_what_writes(open_window, demo_library):
    driver = open_window(demo_library, read_only=True)
    driver.window.open_source(driver.window.session.shelf.sources[0].id)
    driver.settle()
    for id in ("run.start", "run.replay", "run.accept", "edit.undo", "file.import", "file.demo"):
        assert not driver.app.actions[id].isEnabled()


def test_every_control_has_a_name(demo_window):
    window = demo_window.window
    for id in ("view.library", "view.review", "view.report", "view.runs"):
        demo_window.do(id)
        for kind in (QAbstractButton, QLineEdit, QComboBox, QSlider, QAbstractSpinBox, QAbstractItemView):
            for widget in window.findChildren(kind):
                if not widget.isVisibleTo(window) or widget.objectName().startswith("qt_"):
                    continue
                inner = isinstance(widget.parent(), QComboBox | QAbstractSpinBox | QLineEdit | QTableView)
                if inner or isinstance(widget, QHeaderView):
                    continue
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                assert widget.accessibleName() or text, f"{type(widget).__name__} on {id} has no name"


def test_preferences_hold_at_once_and_survive(demo_window):
    theme, preferences = demo_window.app.theme, demo_window.app.preferences
    demo_window.do("view.theme")
    assert theme.is_dark and preferences.values.theme == "dark"
    demo_window.do("view.theme")
    assert not theme.is_dark
    preferences.change(keys={"review.reject": ("Q",)})
    assert demo_window.app.actions.key_text("review.reject") == "Q"


def test_layout_is_kept_and_reset(demo_window):
    window = demo_window.window
    page = window.pages.page("view.review")
    page.docks["inspector"].hide()
    page.save()
    assert window.state.restore_docks(page)
    demo_window.do("view.reset_layout")
    assert page.docks["inspector"].isVisibleTo(page)


def test_dialogs_open_and_close_by_keys(qtbot, open_window, library_dir):
    driver = open_window(library_dir)
    for id in ("help.sheet", "help.edit_keys", "file.preferences", "edit.history", "help.logs", "help.about"):
        driver.app.actions[id].trigger()
        dialog = driver.dialog()
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        driver.until(lambda d=dialog: not shiboken6.isValid(d) or not d.isVisible())


def test_errors_tell_what_still_works(open_window, library_dir):
    driver = open_window(library_dir)
    trouble = UserFixable("The disk is full.", still_works="Nothing is lost.", to_do="Free some space.")
    driver.window.messages.tell_error("Importing", trouble)
    assert driver.window.messages.words == "Importing: The disk is full. Nothing is lost. Free some space."


def test_closing_while_a_run_goes_pauses_it(open_window, demo_library):
    driver = open_window(demo_library)
    window = driver.window
    window.open_source(window.session.shelf.sources[0].id)
    driver.settle()
    window.runs.create({"extract_frames": {"sample_fps": 8.0}}, "soccer_broadcast")
    driver.until(lambda: window.session.job.status is JobStatus.RUNNING)
    job = window.session.job.id
    window.close()
    driver.until(driver.app.closed.is_set)
    with open_container(demo_library) as app:
        assert app.jobs.job(job).status in (JobStatus.PAUSED, JobStatus.PENDING)


def test_a_preferred_profile_that_is_not_in_this_library_keeps_no_window_shut(open_window, tmp_path):
    (tmp_path / "preferences.toml").write_text('profile = "mine"\n')
    with open_container(tmp_path / "fresh"):
        pass
    (tmp_path / "fresh" / "profiles").mkdir()
    (tmp_path / "fresh" / "profiles" / "bad.toml").write_bytes(b"\xff")
    driver = open_window(tmp_path / "fresh")
    assert driver.window.isVisible()


def test_the_provider_is_told_before_anything_has_run(open_window, library_dir, monkeypatch):
    from engine.adapters import inference

    asked_in = []

    def choose() -> str:
        asked_in.append(threading.current_thread())
        return inference.CUDA

    monkeypatch.setattr(inference, "choose_provider", choose)
    driver = open_window(library_dir)
    provider = driver.window.status._provider
    assert provider.text() == "provider …" and "being found out" in provider.toolTip()
    driver.until(lambda: provider.text() == "provider CUDA")
    assert "NVIDIA" in provider.toolTip() and driver.app.container.jobs.jobs() == []
    driver.window.session.job_updated.emit()
    assert len(asked_in) == 1 and asked_in[0] is not threading.main_thread()


def test_a_provider_that_can_not_be_found_is_told(open_window, library_dir, monkeypatch):
    from engine.adapters import inference

    def choose() -> str:
        raise ImportError("no onnxruntime here")

    monkeypatch.setattr(inference, "choose_provider", choose)
    driver = open_window(library_dir)
    provider = driver.window.status._provider
    driver.until(lambda: provider.text() == "provider unknown")
    assert "doctor" in provider.toolTip()


def test_a_window_for_reading_looks_for_no_provider(open_window, demo_library, monkeypatch):
    from engine.adapters import inference

    asked = []

    def choose() -> str:
        asked.append(True)
        return inference.CPU

    monkeypatch.setattr(inference, "choose_provider", choose)
    driver = open_window(demo_library, read_only=True)
    driver.app._warm()
    driver.settle()
    assert driver.window.status._provider.text() == "" and not asked


def test_gains_and_losses_are_readable_after_the_theme_was_switched(demo_window):
    window = demo_window.window
    first = window.session.job
    session = window.session
    window.runs.replay(first, StageName.MATCH_BRANDS, {"match_brands": {"accept": 99.9, "review": 99.0}})
    demo_window.until(lambda: session.job.id != first.id and session.job.status is JobStatus.COMPLETED)
    demo_window.do("view.runs")
    page = window.pages.currentWidget()
    page.tree.select_only(first.id, session.job.id)
    demo_window.until(lambda: page.diff.brands.rowCount() > 0)
    demo_window.settle()

    def tints() -> set[str]:
        cells = (page.diff.brands.item(row, 3) for row in range(page.diff.brands.rowCount()))
        return {cell.foreground().color().name() for cell in cells if cell.text() != "–"}

    before = tints()
    window.services.theme.toggle()
    c = window.services.theme.colours
    assert tints() and not tints() & before
    assert tints() <= {QColor(c.danger).name(), QColor(c.success).name()}


@pytest.mark.full
def test_a_difference_leads_to_the_sign_in_the_run_that_has_it(demo_window):
    """Also where another run of the video is open, which doesn't have that sign."""
    window = demo_window.window
    first = window.session.job
    parted = {"filter_scenes": {"dropped_ranges": "0-0:03"}}
    window.runs.replay(first, StageName.FILTER_SCENES, parted)
    session = window.session
    demo_window.until(
        lambda: session.job.id != first.id and session.job.status is JobStatus.COMPLETED, seconds=120
    )
    demo_window.settle()
    desk = window.review.desk
    demo_window.until(lambda: desk.job.id == session.job.id and desk.idle and not desk.is_opening)
    there = window.services.container.runs.get(first.id)
    sign = next(a for a in there.appearances if a.key not in desk.snapshot.appearances)
    demo_window.do("view.runs")
    page = window.pages.currentWidget()
    page.diff.jumped.emit(first.id, there.span_of(sign).start, sign.key)
    demo_window.until(lambda: desk.job.id == first.id and desk.key == sign.key)
