"""Screens of the window around the review area."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from engine.domain.errors import UserFixable
from tests.shots.registry import shot
from tests.shots.review import key_of, opened, ready
from tests.shots.studio import Studio


@shot("start-empty", library="empty")
def start_empty(studio: Studio) -> None:
    studio.window.show_page("view.library")
    studio.settle()


@shot("review-empty", library="empty")
def review_empty(studio: Studio) -> None:
    studio.do("view.review")


@shot("report-empty", library="empty")
def report_empty(studio: Studio) -> None:
    studio.do("view.report")


@shot("first-run", library="fresh")
def first_run(studio: Studio) -> None:
    studio.open_first_source()


@shot("run-all", library="fresh")
def run_all(studio: Studio) -> QWidget | None:
    studio.window.run_all.ask()
    studio.until(lambda: studio.dialog() is not None)
    studio.settle()
    return studio.dialog()


@shot("running", library="fresh")
def running(studio: Studio) -> None:
    studio.do("run.start", 0.0)
    session = studio.window.session
    studio.until(lambda: studio.running)
    studio.until(lambda: studio.window.status._bar.value() >= 400 or not studio.running)
    assert session.job is not None


@shot("paused", library="fresh")
def paused(studio: Studio) -> None:
    studio.window.runs.pause()
    studio.until(lambda: not studio.running)
    studio.window.show_page("view.library")
    studio.settle()


@shot("start")
def start(studio: Studio) -> None:
    studio.window.show_page("view.library")
    studio.settle(0.8)


@shot("remove")
def remove(studio: Studio) -> QWidget | None:
    from ui.start.page import StartPage

    page = studio.window.pages.currentWidget()
    assert isinstance(page, StartPage)
    studio.window.removal.ask(page.chosen)
    studio.until(lambda: studio.dialog() is not None)
    studio.settle()
    return studio.dialog()


@shot("stages")
def stages(studio: Studio) -> None:
    found = opened(studio)
    found.want(undecided=True, surface="", text="")
    found.trigger("canvas.fit")
    ready(studio, found)
    found.desk.choose(key_of(found))
    ready(studio, found)
    studio.window.run_panel.tabs.setCurrentIndex(0)
    studio.settle()


@shot("settings")
def settings(studio: Studio) -> None:
    studio.window.run_panel.tabs.setCurrentIndex(1)
    studio.window.run_panel.settings.set_values({"match_brands": {"accept": 80.0}})
    studio.settle()


@shot("plan")
def plan(studio: Studio) -> QWidget | None:
    studio.window.run_panel.plan_replay()
    studio.until(lambda: studio.dialog() is not None)
    studio.settle()
    return studio.dialog()


@shot("thresholds")
def thresholds(studio: Studio) -> None:
    studio.window.run_panel.settings.reset()
    studio.window.run_panel.show_thresholds(True)
    panel = studio.window.run_panel.thresholds
    studio.settle(1.0)
    panel.try_value("accept", 99.0)
    studio.settle(0.8)


@shot("report-table")
def report_table(studio: Studio) -> None:
    studio.window.run_panel.thresholds.reset()
    studio.window.run_panel.show_thresholds(False)
    studio.do("view.report", 1.0)


@shot("report-plots")
def report_plots(studio: Studio) -> None:
    from ui.report.page import ReportPage

    page = studio.window.pages.currentWidget()
    assert isinstance(page, ReportPage)
    page.tabs.setCurrentIndex(1)
    studio.settle(0.8)


@shot("lineage")
def lineage(studio: Studio) -> None:
    studio.do("view.review")
    studio.replay()
    studio.do("view.runs", 0.8)


@shot("diff")
def diff(studio: Studio) -> None:
    from ui.runs.page import RunsPage

    page = studio.window.pages.currentWidget()
    assert isinstance(page, RunsPage)
    jobs = studio.window.session.jobs
    page.tree.select_only(jobs[0].id, jobs[-1].id)
    studio.settle(1.0)


@shot("diff-sightings")
def diff_sightings(studio: Studio) -> None:
    from ui.runs.page import RunsPage

    page = studio.window.pages.currentWidget()
    assert isinstance(page, RunsPage)
    page.diff.tabs.setCurrentIndex(1)
    studio.settle()


@shot("error")
def error(studio: Studio) -> None:
    studio.window.show_page("view.library")
    trouble = UserFixable(
        "final.mp4 is not a video that can be read.",
        still_works="Nothing was imported; the library is as it was.",
        to_do="Convert it to MP4 or Matroska and import that.",
    )
    studio.window.messages.tell_error("Importing final.mp4", trouble)
    studio.settle()


@shot("palette")
def palette(studio: Studio) -> QWidget | None:
    studio.window.messages.hide()
    studio.do("help.palette")
    found = studio.window.dialogs._palette
    assert found is not None
    found.field.setText("re")
    studio.settle()
    return found


@shot("shortcuts")
def shortcuts(studio: Studio) -> QWidget | None:
    studio.do("help.sheet")
    return studio.dialog()


@shot("shortcut-editor")
def shortcut_editor(studio: Studio) -> QWidget | None:
    from PySide6.QtGui import QKeySequence

    from ui.dialogs.shortcuts import ShortcutEditor

    studio.do("help.edit_keys")
    editor = studio.dialog()
    assert isinstance(editor, ShortcutEditor)
    editor.choose("review.reject")
    editor.give(QKeySequence("P"))
    studio.settle()
    return editor


@shot("preferences")
def preferences(studio: Studio) -> QWidget | None:
    studio.do("file.preferences")
    return studio.dialog()


@shot("history")
def history(studio: Studio) -> QWidget | None:
    studio.do("edit.history")
    return studio.dialog()


@shot("logs")
def logs(studio: Studio) -> QWidget | None:
    studio.do("help.logs")
    return studio.dialog()


@shot("about")
def about(studio: Studio) -> QWidget | None:
    studio.do("help.about")
    return studio.dialog()


@shot("crash")
def crash(studio: Studio) -> QWidget | None:
    from ui.dialogs.crash import CrashDialog

    trace = (
        'Traceback (most recent call last):\n  File "ui/main_window.py", line 1, in do\nRuntimeError: example'
    )
    CrashDialog(studio.window, trace).open()
    studio.settle()
    return studio.dialog()
