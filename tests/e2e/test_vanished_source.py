"""A video that is gone is reviewed from stored frames, and found again by “Locate…”: by keys in the real window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.container import open_container
from engine.domain.jobs import JobStatus
from tests.e2e.conftest import Finished
from tests.e2e.keys import Keys
from ui.review.area import Review


@pytest.fixture
def gone(finished: Finished, tmp_path: Path) -> tuple[Path, Path]:
    """The finished library whose video has been moved away; gives the library and where the video is now."""
    here = tmp_path / "before" / finished.video.name
    here.parent.mkdir()
    here.write_bytes(finished.video.read_bytes())
    with open_container(finished.library) as app:
        app.jobs.locate(app.jobs.sources()[0].id, here)
    now = tmp_path / "archive" / "renamed.mp4"
    now.parent.mkdir()
    here.rename(now)
    return finished.library, now


@pytest.fixture
def window(qapp: QApplication, tmp_path: Path) -> Iterator[Callable[[Path], Keys]]:
    opened: list[Keys] = []

    def open_on(folder: Path) -> Keys:
        keys = Keys(qapp, folder, tmp_path)
        opened.append(keys)
        keys.app.window.open_source(keys.app.window.session.shelf.sources[0].id)
        review = cast(Review, keys.app.window.review)
        keys.until(lambda: review.desk.snapshot is not None and review.player.picture is not None)
        keys.rest()
        return keys

    yield open_on
    for keys in opened:
        keys.close()


def test_a_vanished_video_is_reviewed_from_its_stored_frames(window, gone: tuple[Path, Path]) -> None:
    keys = window(gone[0])
    review = cast(Review, keys.app.window.review)
    desk, player, frame = review.desk, review.player, review.canvas.frame
    keys.until(lambda: player.video_problem)
    assert "Locate" in player.video_problem and player.picture is not None
    assert desk.source is not None
    count = len(keys.app.container.library.decisions.of_source(desk.source.id))
    for key in (Qt.Key.Key_X, Qt.Key.Key_S):
        before = desk.key
        keys.press(key)
        keys.until(lambda b=before: desk.settled and desk.key != b)
    assert len(keys.app.container.library.decisions.of_source(desk.source.id)) == count + 2
    for key in (Qt.Key.Key_Period, Qt.Key.Key_Comma, Qt.Key.Key_Right):
        keys.rest()
        assert player.picture is not None
        last = player.picture.time
        keys.press(key)
        keys.until(lambda t=last: player.picture is not None and player.picture.time != t)
        assert not player.picture.exact, "one goes from stored frame to stored frame"
    row = next(r for r in desk.snapshot.rows if r.crop is not None and r.crop.image)  # type: ignore[union-attr]
    desk.choose(row.key)
    keys.rest()
    keys.until(lambda: any(b.chosen for b in frame.boxes))
    assert frame.has_picture and frame.hud.notice


def test_locate_brings_the_exact_frames_back(window, gone: tuple[Path, Path], tmp_path: Path) -> None:
    keys = window(gone[0])
    main, container = keys.app.window, keys.app.container
    review = cast(Review, main.review)
    player = review.player
    keys.until(lambda: player.video_problem)

    other = tmp_path / "other.mp4"
    other.write_bytes(gone[1].read_bytes()[:-1000])
    keys.command("Locate the video")
    keys.choose_file(other)
    keys.until(lambda: not main.messages.isHidden())
    keys.rest()
    assert "not the same video" in f"{main.messages._text.text()} {main.messages._detail.text()}"
    assert player.video_problem, "another video is refused"

    time = player.time
    keys.command("Locate the video")
    keys.choose_file(gone[1])
    keys.until(lambda: main.session.source is not None and main.session.source.path == str(gone[1]))
    keys.until(lambda: not player.video_problem and player.picture is not None and player.picture.exact)
    assert abs(player.time - time) < 1_000_000, "the place in the video stays"
    keys.rest()
    keys.until(lambda: not review.canvas.frame.hud.notice)
    before = player.picture.time  # type: ignore[union-attr]
    main.to_page()
    keys.press(Qt.Key.Key_Right)
    keys.until(lambda: player.picture is not None and player.picture.exact and player.picture.time > before)
    assert player.picture is not None and player.picture.time - before < 60_000, "frame by frame again"
    assert container.library.sources.all()[0].path == str(gone[1])


@pytest.mark.full
def test_after_locate_a_run_can_be_made_again(window, gone: tuple[Path, Path]) -> None:
    keys = window(gone[0])
    main = keys.app.window
    keys.command("Locate the video")
    keys.choose_file(gone[1])
    keys.until(lambda: main.session.source is not None and main.session.source.path == str(gone[1]))
    keys.rest()
    before = len(main.session.jobs)
    main.runs.create({"extract_frames": {"sample_fps": 1.0}}, "soccer_broadcast")
    keys.until(lambda: len(main.session.jobs) > before, 60)
    keys.until(lambda: main.session.job is not None and main.session.job.status is JobStatus.COMPLETED, 120)
