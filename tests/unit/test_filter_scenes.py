"""Stage 1: cuts, pans, wipes, near-duplicates, black and blurred frames; spans that lose no microsecond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.cv import cv2
from engine.domain.errors import UserFixable
from engine.domain.records import FramesPart, ItemProblem, ScenesPart
from engine.domain.stages import StageName
from engine.domain.timebase import Span, parse_time
from engine.shots import block_difference, cut_score, is_black, look_at
from engine.stage import Chunk, Image, decode, encode
from engine.stage_settings import DetectRegionsSettings, FilterScenesSettings
from engine.stages.filter_scenes import FilterScenes, Point, tile
from engine.written import dropped_spans
from tests.engine_support import MemoryContext, source_asset, store_image, view_of

FPS = Fraction(2)
SECOND = 1_000_000
PLAIN = FilterScenesSettings()


def stadium(seed: int, width: int = 3200, height: int = 720) -> Image:
    """A wide drawn scene: stand, boards with letters, mown pitch, lines and players."""
    rng = np.random.default_rng(seed)
    scene = np.empty((height, width, 3), np.uint8)
    stand, boards = height // 4, height // 4 + 48
    crowd = rng.integers(20, 200, (stand // 6 + 1, width // 6 + 1, 3), np.uint8)
    scene[:stand] = cv2.resize(crowd, (width, stand), interpolation=cv2.INTER_NEAREST)
    scene[stand:boards] = (120, 40, 20)
    for x in range(0, width, 180):
        word = "".join(chr(65 + c) for c in rng.integers(0, 26, 5))
        cv2.putText(scene, word, (x + 8, boards - 12), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (240, 240, 240), 3)
    for x in range(0, width, 160):
        scene[boards:, x : x + 160] = (50, 150 + (x // 160 % 2) * 14, 60)
    for _ in range(12):
        x, y = int(rng.integers(0, width)), int(rng.integers(boards + 40, height - 20))
        cv2.line(scene, (x, y), (x + 400, y + int(rng.integers(-60, 60))), (235, 235, 235), 4)
    for _ in range(40):
        x, y = int(rng.integers(0, width)), int(rng.integers(boards + 20, height - 60))
        shirt = tuple(int(c) for c in rng.integers(0, 255, 3))
        cv2.rectangle(scene, (x, y), (x + 18, y + 44), shirt, -1)
    noise = rng.integers(-4, 5, scene.shape)
    return np.clip(scene + noise, 0, 255).astype(np.uint8)


def seen(scene: Image, x: int, zoom: float = 1.0, tilt: float = 0.0) -> Image:
    """What a camera sees from `x` on, 1280 × 720, zoomed and tilted by degrees."""
    w, h = round(1280 / zoom), round(720 / zoom)
    if tilt:
        scene = cv2.warpAffine(
            scene, cv2.getRotationMatrix2D((x + w / 2, 360.0), tilt, 1.0), (scene.shape[1], 720)
        )
    return cv2.resize(scene[(720 - h) // 3 : (720 - h) // 3 + h, x : x + w], (1280, 720))


def scorebug(picture: Image) -> Image:
    drawn = picture.copy()
    cv2.rectangle(drawn, (60, 40), (420, 90), (60, 10, 10), -1)
    cv2.putText(drawn, "ABC 1 - 0 DEF 23:45", (70, 75), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 255), 2)
    cv2.rectangle(drawn, (0, 650), (1280, 720), (30, 30, 90), -1)
    cv2.putText(
        drawn, "LOWER THIRD WITH MANY LETTERS IN IT", (40, 700), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (255,) * 3, 3
    )
    return drawn


def part_of(
    ctx: MemoryContext, images: Sequence[Image], first: int = 0, context: Image | None = None
) -> FramesPart:
    start, end = first * SECOND // 2, (first + len(images)) * SECOND // 2
    return FramesPart(
        chunk=1,
        span=Span(start, end),
        frames=tuple(store_image(ctx, first + k, image) for k, image in enumerate(images)),
        context=None if context is None else store_image(ctx, first - 1, context),
    )


def filtered(ctx: MemoryContext, part: FramesPart, options: FilterScenesSettings = PLAIN) -> ScenesPart:
    chunk = Chunk(1, part.span, part.frames[0].seq, part.frames[-1].seq + 1)
    view = view_of(source_asset(), (chunk,), chunk, {StageName.EXTRACT_FRAMES: (part,)})
    scenes = FilterScenes().run(view, options, ctx)
    check_tiling(scenes)
    return scenes


def check_tiling(scenes: ScenesPart) -> None:
    """Kept, excluded and unknown spans cover the chunk exactly once; none crosses a cut."""
    pieces = [s for k in scenes.kept for s in k.spans]
    pieces += [lost.span for lost in (*scenes.excluded, *scenes.unknown)]
    pieces.sort()
    at = scenes.span.start
    for piece in pieces:
        assert piece.start == at and piece.length > 0
        at = piece.end
    assert at == scenes.span.end
    for kept in scenes.kept:
        for span in kept.spans:
            assert not any(span.start < cut < span.end for cut in scenes.cuts)


@pytest.fixture(scope="module")
def scenes() -> list[Image]:
    return [stadium(seed) for seed in range(4)]


# --- cuts -------------------------------------------------------------------------------------------------------


def test_a_cut_is_found_at_the_middle_between_samples(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    shown = [seen(scenes[0], 20 * k) for k in range(4)] + [
        seen(scenes[1], 900 + 20 * k, 1.6, -2) for k in range(4)
    ]
    found = filtered(ctx, part_of(ctx, shown))
    assert found.cuts == (1_750_000,)
    assert [k.shot for k in found.kept] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert found.opens_with_cut


@pytest.mark.parametrize("overlay", [lambda p: p, scorebug], ids=["plain", "overlays"])
def test_a_cut_between_two_like_wide_shots_is_found(
    scenes: list[Image], overlay: Callable[[Image], Image]
) -> None:
    a, b = look_at(overlay(seen(scenes[0], 100))), look_at(overlay(seen(scenes[2], 1500, 1.25, 3)))
    assert cut_score(a, b, PLAIN.cut_threshold) >= PLAIN.cut_threshold


@pytest.mark.parametrize("overlay", [lambda p: p, scorebug], ids=["plain", "overlays"])
@pytest.mark.parametrize("step", [0, 40, 200, 450])
def test_pans_are_no_cuts(scenes: list[Image], step: int, overlay: Callable[[Image], Image]) -> None:
    looks = [look_at(overlay(seen(scenes[0], 100 + step * k))) for k in range(4)]
    assert all(cut_score(a, b) < PLAIN.cut_threshold for a, b in pairwise(looks))


def test_a_fast_pan_blurred_by_motion_is_no_cut(scenes: list[Image]) -> None:
    looks = [look_at(cv2.blur(seen(scenes[0], 100 + 500 * k), (61, 1))) for k in range(4)]
    assert all(cut_score(a, b) < PLAIN.cut_threshold for a, b in pairwise(looks))


def test_zooms_and_flashes_are_no_cuts(scenes: list[Image]) -> None:
    wide, near = seen(scenes[0], 400), seen(scenes[0], 500, 1.3)
    bright = cv2.convertScaleAbs(wide, alpha=1.0, beta=45)
    for other in (near, bright):
        assert cut_score(look_at(wide), look_at(other)) < PLAIN.cut_threshold


def test_a_wipe_ends_the_shot(scenes: list[Image]) -> None:
    before, after = seen(scenes[0], 100), seen(scenes[3], 1500, 1.8)
    wiping = before.copy()
    wiping[:, :640] = (200, 30, 160)
    wiping[:, 640:] = after[:, 640:]
    ctx = MemoryContext()
    found = filtered(
        ctx, part_of(ctx, [before, seen(scenes[0], 110), wiping, after, seen(scenes[3], 1510, 1.8)])
    )
    assert found.kept[0].shot == found.kept[1].shot
    assert found.kept[-1].shot == found.kept[-2].shot
    assert found.kept[-1].shot > found.kept[0].shot


def test_the_context_tells_whether_a_chunk_opens_with_a_cut(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    shown = [seen(scenes[0], 100 + 30 * k) for k in range(3)]
    goes_on = filtered(ctx, part_of(ctx, shown, 8, seen(scenes[0], 70)))
    anew = filtered(ctx, part_of(ctx, shown, 8, seen(scenes[3], 1500, 1.7)))
    assert not goes_on.opens_with_cut and anew.opens_with_cut
    assert goes_on.cuts == anew.cuts == ()
    assert replace_flag(goes_on) == replace_flag(anew)


def replace_flag(part: ScenesPart) -> tuple[object, ...]:
    return part.kept, part.excluded, part.unknown, part.twins


def test_the_score_needs_no_corners_where_it_cannot_reach_the_threshold(scenes: list[Image]) -> None:
    a, b = look_at(seen(scenes[0], 100)), look_at(seen(scenes[0], 120))
    assert cut_score(a, b, 0.38) < 0.38
    assert a._corners is None


# --- near-duplicates --------------------------------------------------------------------------------------------


def noisy(picture: Image, seed: int) -> Image:
    noise = np.random.default_rng(seed).normal(0, 1.5, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_a_still_picture_passes_its_time_to_its_twin(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    still = seen(scenes[0], 100)
    found = filtered(ctx, part_of(ctx, [noisy(still, k) for k in range(12)]))
    assert [k.seq for k in found.kept] == [0, 8]
    assert found.kept[0].spans == (Span(0, 3_750_000),)
    assert dict(found.twins) == {**dict.fromkeys(range(1, 8), 0), **dict.fromkeys(range(9, 12), 8)}
    assert filtered(ctx, part_of(ctx, [still] * 4), replace(PLAIN, duplicate_distance=0)).twins == ()


def test_a_board_that_turns_over_in_a_still_picture_is_kept(scenes: list[Image]) -> None:
    still = seen(scenes[0], 100)
    turned = still.copy()
    cv2.rectangle(turned, (400, 182), (520, 226), (120, 40, 20), -1)
    cv2.putText(turned, "OTHER", (408, 216), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (240, 240, 240), 3)
    ctx = MemoryContext()
    found = filtered(ctx, part_of(ctx, [still, noisy(still, 1), noisy(turned, 2), turned]))
    assert [k.seq for k in found.kept] == [0, 2]
    tinted = still.copy()
    tinted[190:210, 600:660] = (120, 60, 20)
    assert block_difference(look_at(still), look_at(tinted)) > 2 * PLAIN.duplicate_distance


def test_twins_do_not_reach_over_a_cut(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    a, b = seen(scenes[0], 100), seen(scenes[3], 1500, 1.8)
    found = filtered(ctx, part_of(ctx, [a, a, b, b, a, a]))
    assert [k.seq for k in found.kept] == [0, 2, 4]
    assert found.cuts == (750_000, 1_750_000)


# --- black, blurred, dropped, damaged ---------------------------------------------------------------------------


def test_black_frames_are_excluded_and_end_the_shot(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    dark = np.full((720, 1280, 3), 5, np.uint8)
    found = filtered(ctx, part_of(ctx, [seen(scenes[0], 100), dark, dark, seen(scenes[0], 110)]))
    assert [(s.span, s.reason) for s in found.excluded] == [(Span(250_000, 1_250_000), "black")]
    assert [(k.seq, k.shot) for k in found.kept] == [(0, 0), (3, 2)]
    assert found.cuts == (250_000, 1_250_000)
    night = dark.copy()
    night[300:400, 200:1000] = 230
    assert is_black(look_at(dark), PLAIN.black_level) and not is_black(look_at(night), PLAIN.black_level)


def test_a_chunk_that_opens_black_keeps_its_first_picture(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    dark = np.zeros((720, 1280, 3), np.uint8)
    smeared = cv2.GaussianBlur(seen(scenes[0], 100), (0, 0), 40)
    found = filtered(ctx, part_of(ctx, [dark, smeared, smeared, seen(scenes[0], 100)], 8, dark))
    assert [k.seq for k in found.kept] == [9, 11]
    assert not found.opens_with_cut
    assert [s.reason for s in found.unknown] == ["blurred"]
    assert found.unknown[0].span == Span(4_750_000, 5_250_000)


def test_dropped_ranges_are_cut_out_exactly(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    shown = [seen(scenes[0], 100 + 30 * k) for k in range(8)]
    options = replace(PLAIN, dropped_ranges="0:00.9-0:02.1, 1:00-2:00")
    found = filtered(ctx, part_of(ctx, shown), options)
    assert [(s.span, s.reason) for s in found.excluded] == [(Span(900_000, 2_100_000), "dropped_range")]
    assert [k.seq for k in found.kept] == [0, 1, 5, 6, 7]
    whole = filtered(ctx, part_of(ctx, shown), replace(PLAIN, dropped_ranges="0-1:00"))
    assert whole.kept == () and whole.excluded[0].span == whole.span


@pytest.mark.parametrize("text", ["abc", "1-", "5-4", "1:00", "3-3", "-", "1/0-2", "1e9-1e999999999"])
def test_a_wrong_range_is_told(text: str) -> None:
    with pytest.raises(UserFixable, match="range of time"):
        dropped_spans(text)
    with pytest.raises(UserFixable, match="range of time"):
        replace(PLAIN, dropped_ranges=text)


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "0,0,20",
        "0,0,nan,10",
        "0,0,inf,10",
        "1;2",
        "0,0,-60,100",
        "0,0,0,10",
        "1200,0,80,40",
        "100,100,-9,-9",
    ],
)
def test_a_wrong_mask_is_told_before_a_run_is_made(text: str) -> None:
    with pytest.raises(UserFixable, match="no masked area"):
        DetectRegionsSettings(masks=text)


@pytest.mark.parametrize(
    "text", ["1/0", "1e5", "nan", "inf", "-1", "1_0", "1:60", "9" * 5000, ".", "1:", "٣"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_time(text)
    assert parse_time(" 1:02:03.5 ") == 3_723_500_000 and parse_time("1: 30") == parse_time("90.")


def test_ranges_are_read_as_people_write_them() -> None:
    assert dropped_spans("") == ()
    assert dropped_spans(" 0:10-0:20 ; 15–30,1:00:00-1:00:01") == (
        Span(10 * SECOND, 30 * SECOND),
        Span(3600 * SECOND, 3601 * SECOND),
    )


def test_lost_samples_are_unknown_time(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    frames = part_of(ctx, [seen(scenes[0], 100 + 30 * k) for k in range(8)])
    holes = FramesPart(
        chunk=1,
        span=frames.span,
        frames=frames.frames[:3] + frames.frames[5:],
        problems=tuple(ItemProblem(f"sample {k}", "can't be decoded") for k in (3, 4)),
    )
    found = filtered(ctx, holes)
    assert [(s.span, s.reason) for s in found.unknown] == [(Span(1_250_000, 2_250_000), "damaged")]
    empty = FramesPart(chunk=1, span=frames.span, frames=())
    chunk = Chunk(1, frames.span, 0, 8)
    view = view_of(source_asset(), (chunk,), chunk, {StageName.EXTRACT_FRAMES: (empty,)})
    nothing = FilterScenes().run(view, PLAIN, ctx)
    check_tiling(nothing)
    assert [s.reason for s in nothing.unknown] == ["damaged"]


def test_a_frame_shown_for_long_keeps_its_time(scenes: list[Image]) -> None:
    ctx = MemoryContext()
    one, two = store_image(ctx, 0, seen(scenes[0], 100)), store_image(ctx, 7, seen(scenes[0], 400))
    part = FramesPart(chunk=1, span=Span(0, 4 * SECOND), frames=(one, two))
    found = filtered(ctx, part)
    assert [k.spans for k in found.kept] == [(Span(0, 3_250_000),), (Span(3_250_000, 4_000_000),)]


# --- the stage --------------------------------------------------------------------------------------------------


def test_it_depends_on_the_images_alone_and_survives_storing(scenes: list[Image]) -> None:
    shown = [seen(scenes[0], 100 + 30 * k) for k in range(4)] + [seen(scenes[3], 1500, 1.8)] * 3
    first, second = MemoryContext(), MemoryContext()
    a, b = filtered(first, part_of(first, shown)), filtered(second, part_of(second, shown))
    stage = FilterScenes()
    assert encode(a) == encode(b) and stage.canonical(a) == stage.canonical(b)
    assert decode(encode(a), ScenesPart) == a
    assert first.progress == sorted(first.progress) and first.progress[-1] == 7.0
    assert stage.items(a) == len(a.kept) == 5


FATES = st.sampled_from(["", "", "", "twin", "black", "blurred", "damaged"])


@settings(max_examples=200, deadline=None)
@given(
    fates=st.lists(st.tuples(FATES, st.booleans(), st.integers(-240_000, 0), st.booleans()), max_size=24),
    holes=st.lists(st.tuples(st.integers(0, 14_000_000), st.integers(1, 3_000_000)), max_size=3),
    start=st.integers(0, 900_000),
)
def test_spans_tile_the_chunk_whatever_happens(
    fates: list[tuple[str, bool, int, bool]], holes: list[tuple[int, int]], start: int
) -> None:
    span = Span(start, max(start + 1, len(fates) * 500_000))
    text = ", ".join(f"{a / 1e6:.6f}-{(a + n) / 1e6:.6f}" for a, n in holes)
    dropped = dropped_spans(text)
    points: list[Point] = []
    twin = -1
    for seq, (fate, cut, early, there) in enumerate(fates):
        if not there:
            continue
        point = Point(seq, min(max(seq * 500_000 + early, span.start), span.end - 1), cut, fate)
        if any(d.holds(point.time) for d in dropped):
            point.fate = "dropped_range"
        if cut or point.fate in ("black", "dropped_range", "blurred", "damaged"):
            twin = twin if not cut else -1
        if point.fate == "twin":
            point.twin = twin
            point.fate = "twin" if twin >= 0 else ""
        if not point.fate:
            twin = seq
        points.append(point)
    scenes = tile(0, span, points, dropped, FPS)
    check_tiling(scenes)
    shots = [k.shot for k in scenes.kept]
    assert shots == sorted(shots)
    assert {k.seq for k in scenes.kept} == {p.seq for p in points if not p.fate}


def test_frames_of_any_size_are_looked_at() -> None:
    for size in ((97, 161), (720, 1280), (1280, 720), (2, 2), (40, 3000)):
        look = look_at(np.full((*size, 3), 90, np.uint8))
        assert look.brightness == pytest.approx(90, abs=1)
        assert cut_score(look, look) == 0.0
