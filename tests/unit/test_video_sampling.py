"""Sampling real files: exact frames and times, whatever the container does with its clock."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.adapters.probe import Probe, content_digest, probe
from engine.adapters.tonemap import to_sdr
from engine.adapters.video import Picture, frames_at
from engine.adapters.video_index import pack_index, unpack_index
from tests.video_support import (
    HEIGHT,
    WIDTH,
    comb,
    make_video,
    number_of,
    numbered,
    rotate_header,
    stripes,
)

WRAP = 1 << 33
TICKS = Fraction(1, 90_000)
VARIABLE = [0, 1, 2, 10, 11, 40, 41, 42, 90, 91, 92, 93, 94, 200]


def sample(path: Path, found: Probe, fps: Fraction, grid: range | None = None) -> list[Picture]:
    points = grid if grid is not None else range(int(found.duration * fps / 1_000_000) + 1)
    return list(
        frames_at(path, points, fps, index=found.index, rotation=found.rotation, interlaced=found.interlaced)
    )


FILES = {
    "constant.mp4": {},
    "matroska.mkv": {},
    "stream.ts": {},
    "wrapped.ts": {"pts": [WRAP - 90_000 + 3600 * n for n in range(60)], "time_base": TICKS},
    "late.mkv": {"pts": [250 + n for n in range(60)]},
    "late.mp4": {"pts": [250 + n for n in range(60)]},
    "ten_bit.mp4": {"pixels": "yuv420p10le"},
    "odd.mp4": {"size": (161, 97), "pixels": "yuv444p"},
    "grey.mkv": {"codec": "ffv1", "pixels": "gray"},
    "alpha.mov": {"codec": "prores_ks", "pixels": "yuva444p10le"},
    "programme.mpg": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "reordered.avi": {},
    "bare.h264": {},
    "web.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime"}},
    "hevc.mp4": {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none"}},
}


@pytest.mark.parametrize("name", FILES)
def test_each_grid_point_takes_the_frame_on_display(tmp_path: Path, name: str) -> None:
    path = make_video(tmp_path / name, 60, **FILES[name])  # type: ignore[arg-type]
    found = probe(path)
    assert found.duration == 2_400_000
    assert float(found.frame_rate) == pytest.approx(25, abs=0.01)
    fps = Fraction(2)
    pictures = sample(path, found, fps)
    assert [p.seq for p in pictures] == [0, 1, 2, 3, 4]
    for picture in pictures:
        expected = int(Fraction(picture.seq) / fps * 25)
        assert number_of(picture.image) == expected
        assert picture.time == pytest.approx(expected * 40_000, abs=500)
        assert picture.image.shape[:2] == (found.height, found.width)


@pytest.mark.parametrize("name", ["constant.mp4", "stream.ts", "wrapped.ts", "programme.mpg", "hevc.mp4"])
def test_any_piece_gives_what_the_whole_gives(tmp_path: Path, name: str) -> None:
    path = make_video(tmp_path / name, 60, **FILES[name])  # type: ignore[arg-type]
    found, fps = probe(path), Fraction(5)
    whole = {p.seq: p for p in sample(path, found, fps)}
    for first in whole:
        for picture in sample(path, found, fps, range(first, min(first + 2, 12))):
            assert np.array_equal(picture.image, whole[picture.seq].image)
            assert (picture.pts, picture.time) == (whole[picture.seq].pts, whole[picture.seq].time)


def test_a_clock_that_starts_again_goes_on(tmp_path: Path) -> None:
    later = make_video(
        tmp_path / "b.ts",
        50,
        pts=[3600 * n + 2_000_000 for n in range(50)],
        time_base=TICKS,
        picture=lambda n: numbered(n + 500),
    )
    first = make_video(tmp_path / "a.ts", 50)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(later.read_bytes() + first.read_bytes())
    found = probe(joined)
    assert found.duration == pytest.approx(4_000_000, abs=100_000)
    numbers = [number_of(p.image) for p in sample(joined, found, Fraction(2))]
    assert numbers == [500, 512, 525, 537, 0, 12, 25, 37, 49]


@pytest.mark.parametrize("name", ["variable.mp4", "variable.mkv"])
def test_variable_rate_takes_each_frame_once_at_its_own_time(tmp_path: Path, name: str) -> None:
    base = Fraction(1, 50)
    path = make_video(tmp_path / name, len(VARIABLE), pts=VARIABLE, time_base=base, rate=50)
    found = probe(path)
    assert found.variable_rate
    shown = [(p.seq, number_of(p.image), p.time) for p in sample(path, found, Fraction(2))]
    assert shown == [(0, 0, 0), (1, 4, 220_000), (2, 7, 840_000), (4, 12, 1_880_000), (8, 13, 4_000_000)]


@pytest.mark.parametrize(("turn", "corner"), [(90, "left"), (180, "top"), (270, "right")])
def test_rotation_is_applied(tmp_path: Path, turn: int, corner: str) -> None:
    path = rotate_header(make_video(tmp_path / "turned.mp4", 3), turn)
    found = probe(path)
    assert found.rotation == turn
    assert (found.width, found.height) == ((WIDTH, HEIGHT) if turn == 180 else (HEIGHT, WIDTH))
    (picture, *_) = sample(path, found, Fraction(2))
    image = picture.image
    assert image.shape[:2] == (found.height, found.width)
    red = {"left": image[:, :20], "top": image[:20], "right": image[:, -20:]}[corner]
    assert red[..., 2].mean() > 150 > red[..., 0].mean()


@pytest.mark.parametrize("name", ["x264.mp4", "mpeg2.ts"])
def test_interlaced_pictures_are_made_whole(tmp_path: Path, name: str) -> None:
    options = {"x264-params": "tff=1"} if name == "x264.mp4" else {"flags": "+ildct+ilme", "top": "1"}
    codec = "libx264" if name == "x264.mp4" else "mpeg2video"
    path = make_video(tmp_path / name, 15, codec=codec, picture=stripes, options=options)
    found = probe(path)
    assert found.interlaced
    raw = list(frames_at(path, [0, 1, 2], Fraction(5), index=found.index))
    clean = sample(path, found, Fraction(5), range(3))
    assert [p.pts for p in clean] == [p.pts for p in raw]
    assert comb(stripes(5)) > 5
    assert all(comb(p.image) < 1 for p in clean)


def test_pictures_are_scaled_to_the_longest_edge(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", 3)
    (picture,) = frames_at(path, [0], Fraction(2), max_edge=80)
    assert picture.image.shape == (48, 80, 3)


def test_colours_follow_the_matrix_of_the_file(tmp_path: Path) -> None:
    flat = np.full((HEIGHT, WIDTH, 3), (40, 180, 60), np.uint8)
    path = make_video(tmp_path / "a.mp4", 2, pixels="yuv444p", picture=lambda n: flat)
    (picture,) = frames_at(path, [0], Fraction(2))
    assert np.abs(picture.image.astype(int) - flat).max() <= 4


def test_hdr_is_told_and_toned_down(tmp_path: Path) -> None:
    context = {"color_trc": 16, "color_primaries": 9, "colorspace": 9}
    options = {"preset": "ultrafast", "x265-params": "log-level=none"}
    path = make_video(
        tmp_path / "hdr.mp4", 13, codec="libx265", pixels="yuv420p10le", options=options, context=context
    )
    found = probe(path)
    assert found.hdr
    pictures = sample(path, found, Fraction(2))
    assert [number_of(p.image) for p in pictures] == [0, 12]
    assert pictures[0].image.dtype == np.uint8


@pytest.mark.parametrize("transfer", [16, 18])
def test_tone_mapping_rises_and_keeps_greys_grey(transfer: int) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    picture = np.repeat(ramp[None, :, None], 3, axis=2)
    out = to_sdr(picture, transfer)[0].astype(int)
    assert (np.diff(out[:, 1]) >= 0).all()
    assert np.abs(out - out[:, 1:2]).max() <= 2
    assert out[0, 1] == 0 and out[-1, 1] >= 250
    if transfer == 16:
        # Diffuse white (203 cd/m², code value 0.58 by ST 2084) ends up bright, but leaves room above.
        assert 190 < out[round(0.58 * 255), 1] < 245


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    found = probe(make_video(tmp_path / "one.mp4", 1))
    assert (found.duration, found.frames) == (40_000, 1)


def test_the_index_survives_packing(tmp_path: Path) -> None:
    index = probe(make_video(tmp_path / "a.ts", 60)).index
    again = unpack_index(pack_index(index))
    assert again is not None
    for name in ("raw", "pts", "pos", "key", "display"):
        assert np.array_equal(getattr(index, name), getattr(again, name))
    assert (again.time_base, again.end, again.stopped) == (index.time_base, index.end, index.stopped)
    assert len(pack_index(index)) < 2000
    assert unpack_index(b"something else") is None


def test_a_frames_rounded_time_finds_it(tmp_path: Path) -> None:
    index = probe(make_video(tmp_path / "a.mkv", 60, rate=Fraction(30000, 1001))).index
    for pts in index.display.tolist():
        assert index.at_time(index.time(pts)) == pts


def test_the_digest_tells_bytes_and_not_names(tmp_path: Path) -> None:
    data = np.random.default_rng(1).integers(0, 256, 12 << 20, np.uint8)
    paths = [tmp_path / n for n in ("a.mp4", "b.mp4", "c.mp4", "d.mp4")]
    paths[0].write_bytes(data.tobytes())
    paths[1].write_bytes(data.tobytes())
    paths[2].write_bytes(data.tobytes()[:-1])
    data[-1] ^= 1
    paths[3].write_bytes(data.tobytes())
    first, same, shorter, other = (content_digest(p) for p in paths)
    assert first == same
    assert len({first, shorter, other}) == 3
