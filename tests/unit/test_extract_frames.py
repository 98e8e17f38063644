"""Stage 0: stored frames, contexts, damage, memory of the index, and what it costs on disk."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from engine.adapters.probe import content_digest, probe
from engine.domain.errors import Cancelled, UserFixable
from engine.domain.jobs import SourceAsset
from engine.domain.records import FramesPart
from engine.domain.stages import StageName
from engine.grid import chunk_grid
from engine.stage import decode, encode
from engine.stage_settings import ExtractFramesSettings, FilterScenesSettings
from engine.stages.extract_frames import INDEX_SPACE, ExtractFrames, estimate_store_bytes, lost_samples
from engine.stages.filter_scenes import FilterScenes
from tests.engine_support import MemoryBlobs, MemoryContext, source_asset, view_of
from tests.video_support import make_video, number_of

SETTINGS = ExtractFramesSettings()
FPS = Fraction(2)


def source_of(path: Path) -> SourceAsset:
    return probe(path).asset(id="s", content_digest=content_digest(path))


def extract(
    source: SourceAsset, ctx: MemoryContext, settings: ExtractFramesSettings = SETTINGS
) -> list[FramesPart]:
    chunks = chunk_grid(source.duration, FPS, settings.start, settings.end, settings.chunk_seconds)
    return [ExtractFrames().run(view_of(source, chunks, c), settings, ctx) for c in chunks]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("extract") / "a.mp4", 250)


def test_each_chunk_holds_its_samples_and_the_one_before(video: Path) -> None:
    ctx = MemoryContext()
    parts = extract(source_of(video), ctx)
    assert [len(p.frames) for p in parts] == [4, 4, 8, 4]
    assert [p.context.seq if p.context else None for p in parts] == [None, 3, 7, 15]
    for part in parts:
        for frame in part.frames:
            assert number_of(ctx.image(frame)) == int(frame.seq * 12.5)
            assert frame.time == int(frame.seq * 12.5) * 40_000
    # The context is the very picture that the chunk before has stored: it costs nothing.
    assert parts[1].context == parts[0].frames[-1]
    assert set(ExtractFrames().blobs(parts[1])) == {
        parts[0].frames[-1].image,
        *(f.image for f in parts[1].frames),
    }
    assert ExtractFrames().items(parts[1]) == 4
    assert decode(encode(parts[1]), FramesPart) == parts[1]


def test_the_same_input_gives_the_same_bytes_in_any_order(video: Path) -> None:
    source = source_of(video)
    chunks = chunk_grid(source.duration, FPS)
    forward = extract(source, MemoryContext())
    stage, ctx = ExtractFrames(), MemoryContext()
    backward = [stage.run(view_of(source, chunks, c), SETTINGS, ctx) for c in reversed(chunks)]
    assert [stage.canonical(p) for p in forward] == [stage.canonical(p) for p in reversed(backward)]


def test_progress_counts_seconds_and_never_goes_back(video: Path) -> None:
    source, ctx = source_of(video), MemoryContext()
    chunk = chunk_grid(source.duration, FPS)[2]
    view = view_of(source, (chunk,), chunk)
    ExtractFrames().run(view, SETTINGS, ctx)
    assert ctx.progress == sorted(ctx.progress)
    assert ctx.progress[-1] == ExtractFrames().units(view, SETTINGS) == 4.0
    assert ctx.ticks > 16


def test_a_pause_ends_it_at_once(video: Path) -> None:
    source, ctx = source_of(video), MemoryContext()
    chunk = chunk_grid(source.duration, FPS)[2]

    def stop() -> None:
        if ctx.ticks > 5:
            raise Cancelled("pause")

    ctx.on_tick = stop
    with pytest.raises(Cancelled):
        ExtractFrames().run(view_of(source, (chunk,), chunk), SETTINGS, ctx)
    assert ctx.ticks == 6


def test_the_index_is_read_once_and_remembered(video: Path) -> None:
    source, first = source_of(video), MemoryContext()
    extract(source, first)
    memo = first.memo
    assert list(memo.get_many(INDEX_SPACE, [source.content_digest])) == [source.content_digest]
    second = MemoryContext(memo=memo)  # type: ignore[arg-type]
    assert extract(source, second) == extract(source, MemoryContext())


def test_a_frame_that_stays_on_display_opens_each_chunk(tmp_path: Path) -> None:
    pts = [0, 1, 2, 30, 31, 500]
    path = make_video(tmp_path / "v.mp4", 6, pts=pts, time_base=Fraction(1, 50), rate=50)
    ctx = MemoryContext()
    parts = extract(source_of(path), ctx)
    numbers = [[(f.seq, number_of(ctx.image(f))) for f in p.frames] for p in parts]
    assert numbers == [[(0, 0), (1, 2), (2, 4)], [(4, 4)], [(8, 4)], [(16, 4), (20, 5)]]
    assert [f.time for f in parts[3].frames] == [620_000, 10_000_000]


def test_a_hole_in_the_video_is_lost_and_no_frame_stands_for_it(tmp_path: Path) -> None:
    pts = [*range(100), *range(2000, 2100)]
    path = make_video(tmp_path / "v.mp4", 200, pts=pts, time_base=Fraction(1, 50), rate=50)
    source, ctx = source_of(path), MemoryContext()
    parts = extract(source, ctx)
    assert source.duration == 42_000_000
    assert [f.seq for p in parts for f in p.frames] == [0, 1, 2, 3, 80, 81, 82, 83]
    assert set().union(*map(lost_samples, parts)) == set(range(4, 80))
    assert 1 <= len(ctx.problems) <= len(parts), "one word for each chunk"
    scenes = [
        FilterScenes().run(
            view_of(source, (c,), c, {StageName.EXTRACT_FRAMES: [p]}), FilterScenesSettings(), ctx
        )
        for c, p in zip(chunk_grid(source.duration, FPS), parts, strict=True)
    ]
    assert sum(s.span.seconds for part in scenes for s in part.unknown) == pytest.approx(38.0, abs=0.5)
    assert sum(s.seconds for part in scenes for k in part.kept for s in k.spans) == pytest.approx(
        4.0, abs=0.5
    )


def test_max_edge_and_quality_act(video: Path) -> None:
    small, fine = MemoryBlobs(), MemoryBlobs()
    source = source_of(video)
    plain = extract(source, MemoryContext(small), ExtractFramesSettings(jpeg_quality=60))
    extract(source, MemoryContext(fine), ExtractFramesSettings(jpeg_quality=98))
    assert sum(map(len, fine.data.values())) > sum(map(len, small.data.values()))
    assert (plain[0].frames[0].width, plain[0].frames[0].height) == (160, 96)


def test_the_break_of_a_file_is_told_by_its_last_chunk(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4", 250, container_options={"movflags": "faststart"})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    source = source_of(cut)
    assert "breaks off" in source.note
    parts = extract(source, MemoryContext())
    assert [p.stopped_at for p in parts] == [None] * (len(parts) - 1) + [source.duration]


def test_lost_samples_are_reported_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", 250, container_options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) * 7 // 10] = bytes(len(data) * 7 // 10 - len(data) // 2)
    path.write_bytes(data)
    ctx = MemoryContext()
    parts = extract(source_of(path), ctx)
    lost = set().union(*(lost_samples(p) for p in parts))
    assert lost and len(ctx.problems) == len(lost)
    stored = {f.seq for p in parts for f in p.frames}
    assert stored | lost == set(range(20)) and not stored & lost


def test_a_file_that_is_gone_is_said(video: Path) -> None:
    source = source_asset(path=str(video.with_name("gone.mp4")), content_digest="x")
    with pytest.raises(UserFixable, match="no file") as caught:
        extract(source, MemoryContext())
    assert "finished" in caught.value.still_works and "imported" not in caught.value.still_works
    assert "again" in caught.value.to_do


@pytest.mark.parametrize("warm", [False, True])
def test_another_video_of_the_same_name_is_never_taken_for_the_source(tmp_path: Path, warm: bool) -> None:
    path = make_video(tmp_path / "match.mp4", 50)
    source, ctx = source_of(path), MemoryContext()
    if warm:
        extract(source, ctx)
    make_video(path, 60, size=(96, 160))
    with pytest.raises(UserFixable, match="another video now"):
        extract(source, ctx)


def test_the_need_on_disk_is_told_beforehand(video: Path) -> None:
    source = source_asset(duration=5_400_000_000, width=1920, height=1080)
    whole = estimate_store_bytes(source, SETTINGS)
    assert 2e9 < whole < 8e9
    half = estimate_store_bytes(source, ExtractFramesSettings(start=0, end=2700))
    assert half == pytest.approx(whole / 2, rel=0.01)
    assert estimate_store_bytes(source, ExtractFramesSettings(max_edge=960)) < whole / 3
    assert estimate_store_bytes(source, ExtractFramesSettings(jpeg_quality=60)) < whole
    # Never more frames than the video has.
    slow = source_asset(duration=10_000_000, frame_rate="1")
    assert estimate_store_bytes(slow, ExtractFramesSettings(sample_fps=30)) <= estimate_store_bytes(
        slow, ExtractFramesSettings(sample_fps=1.2)
    )
