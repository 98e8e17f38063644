"""The demo's truth file, its legibility rule, its brand book and cast."""

from __future__ import annotations

import csv
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.brands import KNOWN, SYMBOL_BRAND, UNKNOWN, choose_cast, demo_book_csv
from app.demo.truth import (
    LEGIBLE_HEIGHT,
    MARK_HEIGHT,
    DemoTruth,
    TruthRecorder,
    TruthShot,
    TruthSign,
    is_legible,
)


def folded(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def small_truth() -> DemoTruth:
    signs = (
        TruthSign(0, "Halvora", "Halvora", "brand", "scene", "far 1"),
        TruthSign(1, "Halvora", "halvora.com", "alias", "scene", "far 2"),
        TruthSign(2, None, "12:04", "caption", "caption", "clock"),
    )
    recorder = TruthRecorder()
    for frame in range(10):
        quad = [[10 + frame, 5], [60 + frame, 5], [60 + frame, 25], [10 + frame, 25]]
        if frame != 4:
            recorder.add(frame, 0, 0, quad, 15.04, 0.9, frame >= 2)
        if frame < 3:
            recorder.add(frame, 1, 0, quad, 13.0, 1.0, True)
        recorder.add(frame, 2, 0, [[1, 1], [9, 1], [9, 6], [1, 6]], 12.0, 1.0, True)
    shots = (TruthShot("wide", 0, 10, False, False, False),)
    return DemoTruth(7, 320, 180, Fraction(25), 10, signs, shots, recorder.runs())


def test_seconds_join_the_signs_of_a_brand_and_leave_gaps_out() -> None:
    truth = small_truth()
    assert truth.seconds("Halvora") == pytest.approx(9 / 25)
    assert truth.frames_of("Halvora").tolist() == [True] * 4 + [False] + [True] * 5
    assert truth.seconds("Halvora", surface="caption") == 0
    assert len([run for run in truth.runs if run.sign == 0]) == 2


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    truth = small_truth()
    back = DemoTruth.load(truth.save(tmp_path / "t.truth.json"))
    assert (back.fps, back.signs, back.shots, back.frame_count) == (
        truth.fps,
        truth.signs,
        truth.shots,
        truth.frame_count,
    )
    assert [back.at(n) for n in range(10)] == [truth.at(n) for n in range(10)]
    seen = back.at(3)[0]
    assert seen.polygon[0] == (13.0, 5.0) and seen.text_height == 15.0 and seen.visible == 0.9
    assert back.at_time(0.125) == back.at(3)


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"format": "something"}', encoding="utf-8")
    with pytest.raises(ValueError, match="not a demo truth file"):
        DemoTruth.load(other)


@given(
    st.sampled_from(["brand", "symbol"]),
    st.floats(1, 80),
    st.floats(0, 1),
    st.floats(0, 40),
    st.floats(0, 10),
    st.floats(0, 1.5),
)
def test_a_clearer_sign_is_never_less_legible(
    kind: str, height: float, visible: float, blur: float, defocus: float, squeeze: float
) -> None:
    if is_legible(kind, height, visible, blur, defocus, squeeze):
        assert height >= (MARK_HEIGHT if kind == "symbol" else LEGIBLE_HEIGHT)
        assert is_legible(kind, height + 1, min(1.0, visible + 0.1), blur / 2, defocus / 2, squeeze + 0.1)
    else:
        assert not is_legible(kind, height - 1, visible - 0.1, blur + 1, defocus + 1, squeeze - 0.1)


def test_the_book_names_each_writing_once(tmp_path: Path) -> None:
    with demo_book_csv(tmp_path / "book.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["name", "aliases", "category"] and len(rows) == len(KNOWN)
    names = [folded(n) for row in rows for n in {row["name"], *filter(None, row["aliases"].split("|"))}]
    assert len(names) == len(set(names))
    assert not {folded(n) for n in UNKNOWN} & set(names)


@pytest.mark.parametrize("seed", range(12))
def test_each_cast_has_every_kind_of_writing(seed: int) -> None:
    cast = choose_cast(seed)
    assert cast == choose_cast(seed)
    kinds = [writing.kind for writing in cast.boards]
    assert kinds.count("alias") == 2 and kinds.count("unknown") == 2 and kinds.count("brand") == 7
    assert cast.symbol.brand == SYMBOL_BRAND and cast.symbol.text == ""
    assert all(word.brand is None for word in cast.words)
    assert len({w.brand for w in (*cast.boards, *cast.shirts, cast.caption_sponsor)}) == 14
    for writing in cast.boards:
        if writing.kind == "alias":
            assert writing.text in next(b.aliases for b in KNOWN if b.name == writing.brand)


def test_casts_differ_between_seeds() -> None:
    assert len({choose_cast(seed).boards for seed in range(10)}) == 10


def test_the_package_itself_loads_nothing_heavy() -> None:
    code = "import sys, app.demo; print([m for m in ('cv2', 'av', 'numpy', 'PIL') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_long_runs_that_stay_the_same_are_stored_once(tmp_path: Path) -> None:
    recorder = TruthRecorder()
    for frame in range(4000):
        recorder.add(frame, 0, 0, np.array([[1, 1], [9, 1], [9, 6], [1, 6]]), 12.0, 1.0, True)
    truth = small_truth()
    long = DemoTruth(1, 320, 180, Fraction(25), 4000, truth.signs, (), recorder.runs())
    path = long.save(tmp_path / "long.json")
    assert path.stat().st_size < 2000
    assert DemoTruth.load(path).at(3999) == long.at(3999)
