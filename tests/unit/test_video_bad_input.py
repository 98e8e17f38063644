"""Files that are no videos, or only half of one: a clear sentence, and what is there is used."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.adapters.cv import cv2
from engine.adapters.probe import content_digest, probe
from engine.adapters.video import frames_at
from engine.domain.errors import UserFixable
from tests.video_support import make_sound, make_video, number_of, numbered


def folder(path: Path) -> None:
    path.mkdir()


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("This is a text.\n" * 400)


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(3).bytes(50_000))


def picture(path: Path) -> None:
    path.write_bytes(cv2.imencode(".png", numbered(3))[1].tobytes())


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n")


def sound(path: Path) -> None:
    make_sound(path)


def no_end(path: Path) -> None:
    whole = make_video(path.with_name("whole.mp4"), 50).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def header_only(path: Path) -> None:
    fragments = {"movflags": "frag_keyframe+delay_moov"}
    whole = make_video(path.with_name("whole.mp4"), 20, container_options=fragments).read_bytes()
    path.write_bytes(whole[: whole.index(b"moof") - 4])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "no file"),
        (folder, "folder"),
        (empty, "empty"),
        (text, "no video"),
        (noise, "no video"),
        (picture, "picture"),
        (playlist, "no video"),
        (sound, "sound only"),
        (no_end, "no video"),
        (header_only, "no pictures"),
        pytest.param(
            lambda path: os.mkfifo(path),
            "pipe",
            marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among the files here"),
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "match.mp4"
    make(path)
    with pytest.raises(UserFixable, match=words) as caught:
        probe(path)
    assert path.name in caught.value.message
    assert caught.value.still_works and caught.value.to_do


def test_a_missing_file_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(UserFixable, match="no file"):
        content_digest(tmp_path / "gone.mp4")


def test_a_truncated_file_is_used_up_to_the_break(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4", 250, container_options={"movflags": "faststart"})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    found = probe(cut)
    assert found.index.stopped == found.duration
    assert 2_000_000 < found.duration < 7_000_000
    assert "breaks off at 0:0" in found.note
    assert found.frame_rate == 25
    last = int(found.duration * 2 / 1_000_000)
    shown = list(frames_at(cut, range(last), Fraction(2), index=found.index))
    assert [number_of(p.image) for p in shown] == [int(k * 12.5) for k in range(last)]


def test_a_cut_matroska_file_is_as_long_as_its_packets(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mkv", 250)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    found = probe(cut)
    assert 4_000_000 < found.duration < 7_000_000
    assert found.index.stopped == found.duration and "breaks off at 0:0" in found.note
    assert probe(whole).note == ""


def test_a_matroska_file_whose_clock_starts_late_is_whole(tmp_path: Path) -> None:
    late = make_video(
        tmp_path / "late.mkv", 50, pts=[3_600_000 + 40 * n for n in range(50)], time_base=Fraction(1, 1000)
    )
    found = probe(late)
    assert found.note == "" and found.index.stopped is None
    assert found.start_time == 3_600_000_000 and found.duration == 2_000_000


def test_a_hole_in_the_middle_is_told_sample_by_sample(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4", 250, container_options={"movflags": "faststart"})
    data = bytearray(whole.read_bytes())
    start, end = len(data) // 2, len(data) * 7 // 10
    data[start:end] = bytes(end - start)
    whole.write_bytes(data)
    lost: list[int] = []
    shown = list(frames_at(whole, range(20), Fraction(2), on_damage=lost.append))
    assert 2 <= len(lost) <= 12
    assert lost == list(range(lost[0], lost[-1] + 1))
    good = [p for p in shown if p.seq < lost[0] - 1 or p.seq > lost[-1] + 1]
    assert len(good) >= 6
    assert all(number_of(p.image) == int(p.seq * 12.5) for p in good)


def test_joined_segments_whose_clocks_begin_anew_go_on(tmp_path: Path) -> None:
    segment = make_video(tmp_path / "a.ts", 150).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(segment * 3)
    found = probe(joined)
    assert found.duration == pytest.approx(3 * probe(tmp_path / "a.ts").duration, rel=0.02)
    assert found.frames == 450
