"""Stages 2 and 3 with their real models on a short rendered pan: found, followed, read, and read once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from engine.adapters.cv import cv2
from engine.adapters.inference import CPU
from engine.adapters.model_hub import ThreadModelHub
from engine.domain.geometry import hull
from engine.domain.jobs import SourceAsset
from engine.domain.records import FrameRecord, FramesPart, KeptFrame, Record, ScenesPart
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from engine.stage import Chunk, View, encode
from engine.stage_settings import DetectRegionsSettings, RunOcrSettings
from engine.stages.detect_regions import DetectRegions
from engine.stages.run_ocr import RunOcr

STEP = 500_000


class Blobs:
    def __init__(self) -> None:
        self._stored: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        key = hashlib.sha256(data).hexdigest()
        self._stored[key] = data
        return key

    def get(self, digest: str) -> bytes:
        return self._stored[digest]

    def has(self, digest: str) -> bool:
        return digest in self._stored


class Memory:
    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], bytes] = {}
        self.written = 0

    def get_many(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        return {k: self.answers[space, k] for k in keys if (space, k) in self.answers}

    def put_many(self, space: str, items: Mapping[str, bytes]) -> None:
        self.written += len(items)
        self.answers.update({(space, k): v for k, v in items.items()})


class Doors:
    """A Context over memory."""

    def __init__(self) -> None:
        self.blobs = Blobs()
        self.memo = Memory()
        self.models = ThreadModelHub(lambda: CPU)
        self.services: dict[str, Any] = {}
        self.problems: list[str] = []

    def tick(self, done: float | None = None) -> None:
        pass

    def problem(self, where: str, what: str) -> None:
        self.problems.append(where)

    def image(self, frame: FrameRecord) -> np.ndarray:
        picture = cv2.imdecode(np.frombuffer(self.blobs.get(frame.image), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        return picture

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [function(i) for i in items]


SOURCE = SourceAsset("x", "digest", "pan.mp4", "pan.mp4", 1, 3_000_000, "25", "1/25", 1280, 720, "h264")


def pan() -> list[np.ndarray]:
    """Six frames of a camera that pans along a board; a clock stands still on top."""
    rng = np.random.default_rng(5)
    world = cv2.resize(
        rng.integers(60, 200, (60, 150, 3), np.uint8), (2400, 800), interpolation=cv2.INTER_CUBIC
    )
    world[360:] = (50, 140, 60)
    cv2.rectangle(world, (700, 300), (1180, 362), (250, 250, 250), -1)
    cv2.putText(
        world, "HANKOOK TYRES", (720, 346), cv2.FONT_HERSHEY_DUPLEX, 1.7, (150, 40, 10), 3, cv2.LINE_AA
    )
    frames = []
    for i in range(6):
        frame = world[40:760, 200 + 50 * i : 1480 + 50 * i].copy()
        cv2.rectangle(frame, (40, 30), (330, 84), (20, 20, 20), -1)
        cv2.putText(frame, f"ABC 0-0 {10 + i}", (50, 68), cv2.FONT_HERSHEY_DUPLEX, 1.1, (255, 255, 255), 2)
        frames.append(frame)
    return frames


def parts(doors: Doors) -> dict[StageName, tuple[Record]]:
    records = []
    for i, frame in enumerate(pan()):
        data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        records.append(FrameRecord(i, i * STEP, i, doors.blobs.put(data), 1280, 720))
    span = Span(0, 6 * STEP)
    kept = tuple(KeptFrame(i, (Span(i * STEP, (i + 1) * STEP),), 0) for i in range(6))
    return {
        StageName.EXTRACT_FRAMES: (FramesPart(0, span, tuple(records)),),
        StageName.FILTER_SCENES: (ScenesPart(0, span, kept),),
    }


def view(found: Mapping[StageName, tuple[Record]]) -> View:
    chunk = Chunk(0, Span(0, 6 * STEP), 0, 6)
    return View(SOURCE, Fraction(2), chunk, (chunk,), found)


@pytest.fixture(scope="module")
def result() -> tuple[Doors, dict[StageName, tuple[Record]], Any, Any]:
    doors = Doors()
    found = parts(doors)
    regions = DetectRegions().run(view(found), DetectRegionsSettings(search_edge=1280), doors)
    texts = RunOcr().run(view({**found, StageName.DETECT_REGIONS: (regions,)}), RunOcrSettings(), doors)
    return doors, found, regions, texts


def test_a_board_is_one_track_over_the_pan_and_the_clock_stands_still(result: Any) -> None:
    _, _, regions, texts = result
    words = {t.track: t.text for t in texts.texts}
    (board,) = [t for t in regions.tracks if "HANKOOK" in words.get(t.id, "")]
    assert (board.first_seq, board.last_seq) == (0, 5) and board.static == 0.0
    own = [b for b in regions.boxes if b.track == board.id]
    assert {b.seen for b in own} == {"detected", "carried"}
    for box in own:
        assert hull(box.polygon).x0 == pytest.approx(520 - 50 * box.seq, abs=25)
        assert box.clarity > 0 and box.visible == 1.0
    clocks = [t for t in regions.tracks if "ABC" in words.get(t.id, "")]
    assert clocks and all(t.static > 0.9 for t in clocks)


def test_the_text_is_read_on_some_boxes_and_inherited_by_the_others(result: Any) -> None:
    _, _, _, texts = result
    own = [c for c in texts.candidates if "HANKOOK" in c.text]
    assert [c.seq for c in own] == [0, 1, 2, 3, 4, 5]
    assert {c.mode for c in own} == {"read", "inherited"}
    assert len({c.text for c in own}) == 1 and own[0].text_score > 0.9


def test_equal_input_gives_equal_parts_and_nothing_is_read_twice(result: Any) -> None:
    doors, found, regions, texts = result
    again = DetectRegions().run(view(found), DetectRegionsSettings(search_edge=1280), doors)
    assert encode(again) == encode(regions)
    before = doors.memo.written
    second = RunOcr().run(view({**found, StageName.DETECT_REGIONS: (again,)}), RunOcrSettings(), doors)
    assert encode(second) == encode(texts) and doors.memo.written == before


def test_masked_areas_hold_no_boxes(result: Any) -> None:
    doors, found, regions, _ = result
    settings = DetectRegionsSettings(search_edge=1280, masks="0,0,40,15")
    masked = DetectRegions().run(view(found), settings, doors)
    assert all(hull(b.polygon).centre[1] > 108 or hull(b.polygon).centre[0] > 512 for b in masked.boxes)
    assert len(masked.boxes) < len(regions.boxes)


def test_a_broken_picture_is_reported_and_the_others_go_on() -> None:
    from engine.domain.errors import DataDamage

    class Damaged(Doors):
        def image(self, frame: FrameRecord) -> np.ndarray:
            if frame.seq == 2:
                raise DataDamage("The stored picture of frame 2 can't be decoded.")
            return super().image(frame)

    doors = Damaged()
    found = parts(doors)
    regions = DetectRegions().run(view(found), DetectRegionsSettings(search_edge=640), doors)
    assert doors.problems == ["frame 2"] and [p.where for p in regions.problems] == ["frame 2"]
    assert {b.seq for b in regions.boxes} == {0, 1, 3, 4, 5}


def test_keys_tell_model_files_apart(result: Any) -> None:
    _, found, _, _ = result
    stage = DetectRegions()
    one = stage.key_extras(DetectRegionsSettings(), view(found))
    other = stage.key_extras(DetectRegionsSettings(detector="ppocr-v4"), view(found))
    assert one != other and all(len(d) == 64 for d in one)
    assert len(RunOcr().key_extras(RunOcrSettings(), view(found))) == 2
