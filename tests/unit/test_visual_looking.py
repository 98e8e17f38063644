"""The look part of stage 4: answers are remembered by image and reference, and a stopped search goes on."""

from __future__ import annotations

import numpy as np
import pytest

from app.demo.boards import mark
from engine.adapters.cv import cv2
from engine.domain.brands import BookEntry, BookSnapshot
from engine.domain.errors import Cancelled
from engine.domain.records import FrameRecord, FramesPart, KeptFrame, LookSeen, ScenesPart
from engine.domain.timebase import Span
from engine.visual import looking
from engine.visual.looking import find_looks, kept_frames, missing
from tests.engine_support import MemoryBlobs, MemoryContext, MemoryMemo, store_image

WIDTH, HEIGHT = 640, 360
FRAMES = 12


class Case:
    """A chunk of frames over which the mark moves, half of them kept, and a book with its picture."""

    def __init__(self) -> None:
        self.blobs = MemoryBlobs()
        self.memo = MemoryMemo()
        rng = np.random.default_rng(3)
        ground = cv2.resize(rng.integers(0, 255, (9, 16, 3), np.uint8), (WIDTH, HEIGHT))
        own = mark(40)
        stored: list[FrameRecord] = []
        for seq in range(FRAMES):
            picture = ground.copy()
            x = 40 + 30 * seq
            picture[150 : 150 + own.shape[0], x : x + own.shape[1]] = own
            stored.append(store_image(self.context(), seq, picture))
        span = Span(0, FRAMES * 500_000)
        self.frames = [FramesPart(0, span, tuple(stored))]
        kept = tuple(KeptFrame(s, (Span(s * 500_000, s * 500_000 + 1),), 0) for s in range(0, FRAMES, 2))
        self.scenes = [ScenesPart(0, span, kept)]
        self.reference = self.blobs.put(cv2.imencode(".png", mark(60))[1].tobytes())
        self.book = BookSnapshot((BookEntry("brand", "Brand", (), (self.reference,)),))

    def context(self) -> MemoryContext:
        return MemoryContext(self.blobs, self.memo)

    def find(self, ctx: MemoryContext, book: BookSnapshot | None = None) -> tuple[LookSeen, ...]:
        size = 2 * WIDTH, 2 * HEIGHT
        return find_looks(self.frames, self.scenes, book or self.book, size, ctx, 1.0)

    def missing(self) -> int:
        images = [f.image for chunk in kept_frames(self.frames, self.scenes) for f in chunk]
        return missing(self.memo, images, [self.reference])


@pytest.fixture
def case() -> Case:
    return Case()


def test_only_kept_frames_are_searched_and_polygons_are_in_source_pixels(case: Case) -> None:
    ctx = case.context()
    found = [f for f in case.find(ctx) if f.score >= 0.5]
    assert [f.seq for f in found] == list(range(0, FRAMES, 2))
    for f in found:
        x, y = f.polygon[0]
        assert abs(x - 2 * (40 + 30 * f.seq)) < 8 and abs(y - 300) < 8
        assert f.visible == 1.0 and f.clarity > 0 and f.reference == case.reference
    assert ctx.progress == [6.0] and not ctx.problems


def test_what_was_answered_is_not_searched_again(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    first = case.find(case.context())
    assert case.missing() == 0
    monkeypatch.setattr(looking, "search_frame", lambda *_: pytest.fail("searched again"))
    monkeypatch.setattr(looking, "chance", lambda *_: pytest.fail("measured again"))
    assert case.find(case.context()) == first


def test_a_stopped_search_keeps_what_is_finished_and_goes_on(case: Case) -> None:
    whole = case.missing()
    ctx = case.context()

    def stop() -> None:
        if ctx.ticks > 6:
            raise Cancelled("pause")

    ctx.on_tick = stop
    with pytest.raises(Cancelled):
        case.find(ctx)
    assert 0 < case.missing() < whole
    resumed = case.find(case.context())
    assert case.missing() == 0
    case.memo = MemoryMemo()
    assert case.find(case.context()) == resumed


def test_a_book_without_pictures_costs_nothing(case: Case) -> None:
    ctx = case.context()
    assert case.find(ctx, BookSnapshot((BookEntry("brand", "Brand"),))) == ()
    assert ctx.ticks == 0


def test_a_picture_that_is_gone_or_plain_is_told_and_the_others_are_found(case: Case) -> None:
    plain = case.blobs.put(cv2.imencode(".png", np.full((30, 30, 3), 80, np.uint8))[1].tobytes())
    book = BookSnapshot((BookEntry("brand", "Brand", (), (case.reference, "0" * 64, plain)),))
    ctx = case.context()
    found = case.find(ctx, book)
    assert {f.reference for f in found} == {case.reference}
    assert len(ctx.problems) == 2


def test_a_stored_frame_that_is_gone_is_told_and_not_remembered(case: Case) -> None:
    lost = case.frames[0].frames[4].image
    del case.blobs.data[lost]
    ctx = case.context()
    assert {f.seq for f in case.find(ctx) if f.score >= 0.5} == {0, 2, 6, 8, 10}
    assert len(ctx.problems) == 1 and case.missing() == 1
