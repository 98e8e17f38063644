"""F5 and the button of the run panel's settings do the same, and neither loses what was edited."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from engine.domain.jobs import JobStatus
from engine.domain.stages import StageName
from tests.gui.conftest import Driver
from ui.runs.settings_panel import SettingsPanel

EDITS = {"extract_frames": {"sample_fps": 1.0, "end": 2.0}}


def imported(driver: Driver, clips) -> SettingsPanel:
    driver.window.library.import_files(clips(1))
    driver.settle()
    driver.do("view.review")
    driver.window.run_panel.tabs.setCurrentWidget(driver.window.run_panel.settings)
    return driver.window.run_panel.settings


def agree(driver: Driver) -> None:
    """F5, and Enter on the plan."""
    QTest.keyClick(driver.window, Qt.Key.Key_F5)
    plan: QDialog = driver.dialog()
    QTest.keyClick(plan, Qt.Key.Key_Return)
    driver.settle()


def test_f5_runs_with_what_was_edited(open_window, library_dir, clips):
    driver = open_window(library_dir)
    settings = imported(driver, clips)
    assert settings._go.text() == "Run (F5)" and settings._go.isEnabled()
    settings.set_values(EDITS)
    assert settings._go.text() == "Run… (F5)"
    agree(driver)
    driver.until(lambda: driver.window.session.job is not None)
    job = driver.window.session.job
    assert job.config_overrides == EDITS
    driver.until(lambda: driver.window.session.job.status is JobStatus.COMPLETED, 120)
    assert settings._go.text() == "Run as replay… (Shift+F5)" and not settings._go.isEnabled()


def test_a_stopped_run_is_made_anew_with_its_settings_and_the_edits(open_window, library_dir, clips):
    driver = open_window(library_dir)
    settings = imported(driver, clips)
    jobs = driver.app.container.jobs
    made = jobs.create(driver.window.session.source.id, overrides={"extract_frames": {"sample_fps": 1.0}})
    driver.until(lambda: driver.window.session.shelf.job(made.id) is not None)
    driver.window.session.open_job(made.id)
    jobs.cancel(made.id)
    driver.until(lambda: driver.window.session.job.status is JobStatus.CANCELLED)
    driver.settle()
    assert settings._go.text() == "Run (F5)"
    settings.form(StageName.EXTRACT_FRAMES).set_value("end", 2.0)
    agree(driver)
    driver.until(lambda: driver.window.session.job.id != made.id)
    assert driver.window.session.job.config_overrides == EDITS


@pytest.mark.full
def test_the_button_says_what_f5_does_with_a_paused_run(open_window, library_dir, clips):
    driver = open_window(library_dir)
    settings = imported(driver, clips)
    window = driver.window
    window.runs.create({"extract_frames": {"sample_fps": 12.0}}, "soccer_broadcast")
    driver.until(lambda: window.session.job is not None and window.session.job.status is JobStatus.RUNNING)
    assert not settings._go.isEnabled()
    window.runs.pause()
    driver.until(lambda: window.session.job.status is JobStatus.PAUSED, 120)
    driver.settle()
    assert settings._go.text() == "Resume (F5)" and settings._go.isEnabled()
    settings._go.click()
    driver.until(lambda: window.session.job.status is JobStatus.COMPLETED, 120)
    assert len(window.session.jobs) == 1


@pytest.mark.full
def test_a_stopped_replay_is_made_anew_with_what_the_panel_shows(open_window, library_dir, clips):
    """What a replay took over from the run before it isn't among its own edits."""
    driver = open_window(library_dir)
    settings = imported(driver, clips)
    window, jobs = driver.window, driver.app.container.jobs
    window.runs.create({"match_brands": {"accept": 85.0}}, "soccer_broadcast")
    driver.until(
        lambda: window.session.job is not None and window.session.job.status is JobStatus.COMPLETED, 120
    )
    driver.settle()
    replay = jobs.replay(window.session.job.id, StageName.MATCH_BRANDS, {"match_brands": {"review": 70.0}})
    driver.until(lambda: window.session.shelf.job(replay.id) is not None)
    window.session.open_job(replay.id)
    jobs.cancel(replay.id)
    driver.until(lambda: window.session.job.status is JobStatus.CANCELLED)
    driver.settle()
    settings.form(StageName.MATCH_BRANDS).set_value("margin", 6.0)
    name, overrides = settings.wanted()
    assert name == "soccer_broadcast"
    assert overrides == {"match_brands": {"accept": 85.0, "review": 70.0, "margin": 6.0}}


def test_a_chosen_profile_is_used_for_the_next_video_too(open_window, library_dir, clips):
    driver = open_window(library_dir)
    settings = imported(driver, clips)
    other = next(
        i for i in range(settings._profiles.count()) if settings._profiles.itemData(i) != settings.profile
    )
    settings._profiles.setCurrentIndex(other)
    settings._profiles.activated.emit(other)
    driver.window.session.job_updated.emit()
    driver.settle()
    assert settings.is_changed and settings._go.text() == "Run… (F5)"
    assert settings.wanted()[0] == settings._profiles.itemData(other)
