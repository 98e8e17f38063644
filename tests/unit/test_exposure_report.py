"""Stage 7 on made-up parts: figures, roll-ups, funnel, digests without ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
import pytest

from engine.domain.errors import Cancelled
from engine.domain.figures import ReportPart
from engine.domain.records import (
    Appearance,
    EscalationPart,
    FrameRecord,
    FramesPart,
    LostSpan,
    MatchPart,
    NewBrand,
    ScenesPart,
)
from engine.domain.stages import StageName
from engine.domain.timebase import Span, grid_time
from engine.keys import digest_of
from engine.stage import Chunk, View, decode, encode
from engine.stage_settings import CompileReportSettings
from engine.stages.compile_report import CompileReport
from tests.builders import BOX, FPS, HEIGHT, SECOND, WIDTH, appearance, moved, source, span, tiled

T = TypeVar("T")
R = TypeVar("R")
STAGE = CompileReport()


class Ctx:
    """The little that stage 7 asks of its context."""

    blobs: Any = None
    memo: Any = None
    models: Any = None
    services: Any = MappingProxyType({})

    def __init__(self, cancelled: bool = False) -> None:
        self.cancelled = cancelled
        self.done: list[float] = []

    def tick(self, done: float | None = None) -> None:
        if self.cancelled:
            raise Cancelled
        if done is not None:
            self.done.append(done)

    def problem(self, where: str, what: str) -> None: ...

    def image(self, frame: FrameRecord) -> Any:
        raise AssertionError("stage 7 reads no pixels")

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        return [function(item) for item in items]


def view(appearances: list[Appearance], made: tuple[NewBrand, ...] = (), fps: Fraction = FPS) -> View:
    """Two chunks of two seconds; the last half second is black, and the file is damaged from 3.9 s."""
    kept = tiled(4, fps)
    half = int(2 * fps)
    frames = [FrameRecord(k.seq, grid_time(k.seq, fps), k.seq, "", WIDTH, HEIGHT) for k in kept]
    black = LostSpan(Span(3_250_000, 4_000_000), "black")
    return View(
        source=source(4),
        fps=fps,
        chunk=None,
        chunks=(Chunk(0, span(0, 2), 0, half), Chunk(1, span(2, 4), half, 2 * half)),
        parts={
            StageName.EXTRACT_FRAMES: [
                FramesPart(0, span(0, 2), tuple(frames[:half])),
                FramesPart(1, span(2, 4), tuple(frames[half:]), stopped_at=3_900_000),
            ],
            StageName.FILTER_SCENES: [
                ScenesPart(0, span(0, 2), tuple(kept[:half])),
                ScenesPart(1, span(2, 4), tuple(k for k in kept[half:-1]), (black,)),
            ],
            StageName.MATCH_BRANDS: [MatchPart((), {"signs": 9, "below_scores": 2})],
            StageName.ESCALATE_VLM: [EscalationPart(tuple(appearances), new_brands=made)],
            StageName.ESCALATE_CLOUD: [EscalationPart(tuple(appearances), skipped="no consent")],
        },
    )


SEEN = [
    appearance(range(4), "Acme", key="a", text="ACME"),
    appearance(range(4, 7), "Acme", key="b", text="acme.com", poly=moved(BOX, 0, 60)),
    appearance(range(2, 5), "Bolt", key="c", verdict="review"),
    appearance(range(2, 5), "Clock", key="d", verdict="unresolved", surface="caption"),
    appearance(range(3), "Ghost", key="e", source="local_vlm", evidence="model"),
]
GHOST = (NewBrand("id-ghost", "Ghost", "local_vlm"),)


def report(appearances: list[Appearance], made: tuple[NewBrand, ...] = GHOST) -> ReportPart:
    return STAGE.run(view(appearances, made), CompileReportSettings(), Ctx())


def test_figures_span_and_roll_ups() -> None:
    found = report(SEEN)
    assert [(b.brand_name, b.column, b.seconds) for b in found.figures.brands] == [
        ("Acme", "counted", 3.25),
        ("Ghost", "model", 1.25),
    ]
    assert (found.figures.analysed, found.figures.excluded) == (4.0, 0.75)
    assert (found.span, found.stopped_at) == (Span(0, 4 * SECOND), 3_900_000)
    acme, ghost = found.sightings
    assert (acme.first_seen, acme.last_seen, acme.occurrences, acme.appearances) == (0, 3 * SECOND, 7, 2)
    assert (acme.texts, acme.avg_confidence, acme.confirmed) == (("ACME", "acme.com"), 0.95, True)
    assert (ghost.detection_source, ghost.confirmed) == ("local_vlm", False)


def test_the_funnel() -> None:
    stats = report(SEEN).stats
    wanted = {
        "frames": 8, "kept": 7, "signs": 9, "below_scores": 2, "appearances": 5, "accepted": 3, "review": 1,
        "unresolved": 1, "denied": 0, "captions": 1, "detections": 10, "brands": 2, "excluded_us": 750_000,
    }  # fmt: skip
    assert {name: stats[name] for name in wanted} == wanted


def test_the_digest_knows_no_ids_and_no_order() -> None:
    other_ids = [
        msgspec.structs.replace(a, brand_id=f"other {a.brand_id}") if a.brand_id else a for a in SEEN
    ]
    made = (NewBrand("other id-ghost", "Ghost", "local_vlm"),)
    wanted = digest_of(STAGE.canonical(report(SEEN)))
    assert digest_of(STAGE.canonical(report(other_ids, made))) == wanted
    assert digest_of(STAGE.canonical(report(SEEN[::-1]))) == wanted
    assert digest_of(STAGE.canonical(report(SEEN[:1]))) != wanted


def test_the_part_survives_storing() -> None:
    found = report(SEEN)
    assert decode(encode(found), ReportPart) == found


def test_progress_and_cancel() -> None:
    ctx = Ctx()
    STAGE.run(view(SEEN), CompileReportSettings(), ctx)
    assert ctx.done == sorted(ctx.done)
    assert ctx.done[-1] == STAGE.units(view(SEEN), CompileReportSettings())
    with pytest.raises(Cancelled):
        STAGE.run(view(SEEN), CompileReportSettings(), Ctx(cancelled=True))


def test_nothing_found_is_a_report_too() -> None:
    found = report([], ())
    assert found.figures.brands == () and found.sightings == ()
    assert found.figures.analysed == 4.0
