"""Parts of the window by themselves: forms, palette, shortcut editor, crash reports, logs, single instance, words."""

from __future__ import annotations

import ast
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtGui import QIcon, QKeySequence

from engine.domain.stages import ORDER, StageName
from engine.settings import describe
from engine.stage_settings import SETTINGS_TYPES, MatchBrandsSettings
from ui.dialogs.palette import Entry, ranked
from ui.text import clock, duration, signed, usd

UI = Path(__file__).resolve().parents[2] / "ui"


def test_only_literals_are_given_to_tr():
    """A name in tr() can't be translated: it goes in afterwards with str.format."""
    wrong = []
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                literal = (
                    node.args
                    and isinstance(node.args[0], ast.Constant)
                    and isinstance(node.args[0].value, str)
                )
                if not literal:
                    wrong.append(f"{path.name}:{node.lineno}")
    assert not wrong


def test_nothing_blocks_the_window():
    """No processEvents, no terminate, no exec of a dialog but the one before there is a window."""
    found = []
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = node.func.attr
                if name in ("processEvents", "terminate", "exec", "exec_", "waitForFinished"):
                    found.append(f"{path.name}: {name}")
    assert found == ["application.py: exec"]


@pytest.mark.parametrize("stage", ORDER, ids=str)
def test_forms_hold_every_setting_of_a_stage(qtbot, stage):
    from ui.runs.settings_form import SettingsForm

    base = SETTINGS_TYPES[stage]()
    form = SettingsForm(stage, base, advanced=True)
    qtbot.addWidget(form)
    assert form.values() == base.values(), "showing a value must not change it"
    assert form.delta() == {}
    for info in describe(type(base)):
        control = form._fields[info.key]._control
        assert control.accessibleName() == info.label and control.accessibleDescription() == info.help


def test_edits_are_marked_reset_and_checked(qtbot):
    from ui.runs.settings_form import SettingsForm

    form = SettingsForm(StageName.MATCH_BRANDS, MatchBrandsSettings(accept=90.0))
    qtbot.addWidget(form)
    form.set_value("accept", 82.5)
    assert form.delta() == {"accept": 82.5}
    assert form._fields["accept"]._control.property("look") == "changed"
    form.reset()
    assert form.delta() == {}


def test_figures_finer_than_a_field_shows_are_kept(qtbot):
    from ui.runs.settings_form import SettingsForm

    form = SettingsForm(StageName.MATCH_BRANDS, MatchBrandsSettings(min_text_score=0.43219))
    qtbot.addWidget(form)
    assert form.delta() == {}


def entries(*titles: str) -> list[Entry]:
    return [Entry(title, "", "", QIcon(), lambda: None) for title in titles]


def test_palette_finds_by_beginning_part_and_typo():
    offered = entries("Import video…", "Export…", "Run as replay…", "Reject", "Report")
    assert [e.title for e in ranked("", offered)] == [e.title for e in offered]
    assert ranked("re", offered)[0].title == "Reject"
    assert ranked("replay", offered)[0].title == "Run as replay…"
    assert ranked("improt", offered)[0].title == "Import video…"
    assert ranked("zzzzqq", offered) == []


def test_shortcut_editor_refuses_a_key_that_is_taken(open_window, library_dir):
    from ui.dialogs.shortcuts import ShortcutEditor

    driver = open_window(library_dir)
    driver.app.actions["help.edit_keys"].trigger()
    editor = driver.dialog()
    assert isinstance(editor, ShortcutEditor)
    editor.choose("review.reject")
    editor.give(QKeySequence("P"))
    assert not editor.save.isEnabled() and "Confirm" in editor.problem.text()
    editor.choose("review.reject")
    editor.give(QKeySequence("Ctrl+Shift+X"))
    assert editor.save.isEnabled()
    editor.save.click()
    driver.settle()
    assert driver.app.actions.key_text("review.reject") == "Ctrl+Shift+X"
    assert driver.app.preferences.values.keys == {"review.reject": ("Ctrl+Shift+X",)}


def test_unforeseen_errors_of_all_threads_are_shown(qtbot, qapp):
    from ui.dialogs.crash import CrashReports, report_text

    reports = CrashReports()
    reports.install()
    try:
        try:
            raise RuntimeError("first")
        except RuntimeError:
            sys.excepthook(*sys.exc_info())
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(reports.shown) == 2, timeout=30000)
    finally:
        reports.remove()
        for widget in qapp.topLevelWidgets():
            widget.close()
    assert "RuntimeError: first" in reports.shown[0] and "ZeroDivisionError" in reports.shown[1]
    assert "PySide6" in report_text(reports.shown[0])


def test_logs_rotate_without_secrets(tmp_path):
    from ui.logs import LogFiles, files_in

    files = LogFiles(tmp_path / "logs")
    log = logging.getLogger("sponsight.test")
    log.warning("Authorization: Bearer abc.def-ghi and key sk-1234567890abcdefXYZ, api_key=topsecretvalue")
    files.close()
    text = files_in(tmp_path / "logs")[0].read_text("utf-8")
    assert "[removed]" in text
    for secret in ("abc.def-ghi", "1234567890abcdef", "topsecretvalue"):
        assert secret not in text


def test_a_second_start_hands_its_videos_over(qtbot, tmp_path):
    from ui.single_instance import SingleInstance, hand_over

    assert not hand_over(tmp_path, []), "nobody is there yet"
    first = SingleInstance(tmp_path)
    heard: list[list[Path]] = []
    first.called.connect(heard.append)
    code = "import sys; from pathlib import Path; from ui.single_instance import hand_over\n"
    code += f"sys.exit(not hand_over(Path({str(tmp_path)!r}), [Path({str(tmp_path / 'a.mp4')!r})]))"
    second = subprocess.Popen([sys.executable, "-c", code])
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=60000)
    assert heard == [[(tmp_path / "a.mp4").resolve()]] and second.returncode == 0
    first.close()
    assert not hand_over(tmp_path, [])


def test_who_gets_the_command_line(tmp_path):
    from ui.__main__ import _is_for_command_line

    for words in (["run", "a.mp4"], ["--library", "x", "jobs"], ["--help"], ["--library", "x", "run", "-h"]):
        assert _is_for_command_line(words), words
    for words in (
        [],
        ["match.mp4"],
        ["--library", "run"],
        ["--read-only"],
        ["--library", "x", "a.mp4", "b.mp4"],
    ):
        assert not _is_for_command_line(words), words


def test_preferences_survive_nonsense(tmp_path):
    from app.preferences import Preferences
    from engine.domain.errors import UserFixable

    path = tmp_path / "preferences.toml"
    path.write_text('theme = "purple"\ntext_scale = 1.5\nunknown = 1\n')
    read = Preferences(path)
    assert read.values.theme == "system" and read.values.text_scale == 1.5
    assert len(read.problems) == 1
    with pytest.raises(UserFixable):
        read.change(workers=-1)
    read.change(theme="dark", keys={"play.toggle": ()})
    assert Preferences(path).values == read.values
    path.write_text("not toml = = =")
    assert Preferences(path).values.theme == "system"


def test_times_and_money_in_words():
    assert [clock(t) for t in (0, 61_000_000, 3_661_000_000)] == ["0:00", "1:01", "1:01:01"]
    assert [duration(s) for s in (None, 0, 0.01, 4.25, 59, 200, 7500)] == [
        "–", "0.0 s", "< 0.1 s", "4.2 s", "59 s", "3 min 20 s", "2 h 05 min",
    ]  # fmt: skip
    assert (usd(0), usd(0.0042), usd(12.5)) == ("0.00 USD", "0.0042 USD", "12.50 USD")
    assert [signed(n) for n in (3, -1, 1234)] == ["+3", "−1", "+1,234"] and signed(-0.5, 1) == "−0.5"


def test_icons_are_tinted_when_painted(qapp):
    from PySide6.QtCore import QSize

    from ui.icons import icon, names

    for name in names():
        image = icon(name, "#FF0000").pixmap(QSize(48, 48)).toImage()
        seen = {image.pixelColor(x, y).name() for x in range(0, 48, 3) for y in range(0, 48, 3)
                if image.pixelColor(x, y).alpha() == 255}  # fmt: skip
        assert name == "sponsight" or not seen or seen == {"#ff0000"}, name
    with pytest.raises(KeyError):
        icon("no such icon")


def test_a_badge_has_room_around_its_words(qtbot, qapp):
    """A label whose words came first kept the size that it had without the look."""
    from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

    from ui.looks import set_look
    from ui.theme import Theme

    theme = Theme(qapp, "light", 1.0)
    holder = QWidget()
    qtbot.addWidget(holder)
    row = QHBoxLayout(holder)
    bare, badge = QLabel("undecided"), QLabel("undecided")
    for label in (bare, badge):
        row.addWidget(label)
    holder.show()
    qapp.processEvents()
    bare.sizeHint(), badge.sizeHint()
    set_look(badge, "badge")
    qapp.processEvents()
    room = badge.fontMetrics().horizontalAdvance("undecided")
    assert badge.width() >= room + 12
    theme.close()


def test_a_task_that_ends_after_the_window_is_gone_says_nothing(qapp):
    import asyncio

    from shiboken6 import delete

    from ui.tasks import Tasks

    loop = asyncio.new_event_loop()
    wrong: list[object] = []
    loop.set_exception_handler(lambda _loop, context: wrong.append(context))
    tasks = Tasks(loop)
    tasks.start(asyncio.sleep(60))
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(tasks.close())
    delete(tasks)
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    assert wrong == []


def test_reset_stands_beside_its_field_on_a_wide_screen(qtbot):
    from ui.runs.settings_form import SettingsForm

    form = SettingsForm(StageName.MATCH_BRANDS, MatchBrandsSettings(accept=90.0))
    qtbot.addWidget(form)
    form.resize(1400, 600)
    form.set_value("accept", 80.0)
    form.show()
    qtbot.waitExposed(form)
    field = form._fields["accept"]
    control, reset = field._control.geometry(), field._reset.geometry()
    assert reset.isValid() and 0 <= reset.left() - control.right() <= 24
