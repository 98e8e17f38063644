"""Models are ready before the workers want them; what goes wrong on the way is left to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from engine.adapters import openvino
from engine.adapters.detection import TextDetector
from engine.adapters.inference import CPU, OPENVINO
from engine.adapters.model_sets import detector_model, model_set, reader_model
from engine.adapters.ocr import TextReader
from engine.domain.brands import BookSnapshot
from engine.domain.errors import EnvironmentProblem
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from engine.motion import Picture
from engine.plan import RunSpec
from engine.ports import ModelHub, PartRef, PartStore
from engine.regions import text_regions
from engine.settings import build_settings
from engine.stage import Chunk
from engine.stage_settings import SETTINGS_TYPES, DetectRegionsSettings, RunOcrSettings
from engine.stages import all_stages
from engine.warm_up import warm_up
from tests.engine_support import PlainModels, source_asset

needs_openvino = pytest.mark.skipif(
    not openvino.works(model_set("ppocr-v6-tiny").reader.path), reason="no OpenVINO for this machine"
)


class Hub(PlainModels):
    provider = OPENVINO


def spec_of(overrides: dict[str, dict[str, Any]] | None = None, **source: Any) -> RunSpec:
    return RunSpec(
        job_id="job",
        source=source_asset(**source),
        settings=build_settings(SETTINGS_TYPES, overrides or {}),
        chunks=(Chunk(0, Span(0, 2_000_000), 0, 4), Chunk(1, Span(2_000_000, 4_000_000), 4, 8)),
        fps=Fraction(2),
        book=BookSnapshot(()),
        sightings=(),
        escalation=False,
        replay_from=None,
        parent_parts={},
    )


class Store:
    """Parts of which these many are found."""

    def __init__(self, stored: int) -> None:
        self._left = stored

    def find(self, key: str) -> PartRef | None:
        self._left -= 1
        return PartRef(key, StageName.EXTRACT_FRAMES, 1, 0, "") if self._left >= 0 else None


def warmed(
    spec: RunSpec,
    hub: ModelHub | None = None,
    stored: int = 0,
    goes_on: Callable[[], bool] = lambda: True,
) -> list[object]:
    return warm_up(spec, all_stages(), hub or Hub(), cast(PartStore, Store(stored)), goes_on)


@needs_openvino
@pytest.mark.parametrize(
    ("size", "taken"), [((1280, 720), {}), ((640, 362), {}), ((1920, 1080), {"max_edge": 1000})]
)
def test_workers_find_everything_compiled(
    size: tuple[int, int], taken: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of({"extract_frames": taken}, width=size[0], height=size[1])
    kept = warmed(spec)
    assert len(kept) == 4, "two detectors and two readers"

    def compile_again(graph: Any) -> Any:
        raise AssertionError("a worker compiles what should be ready")

    monkeypatch.setattr(openvino, "_compiled", compile_again)
    looking, reading = spec.settings[StageName.DETECT_REGIONS], spec.settings[StageName.RUN_OCR]
    assert isinstance(looking, DetectRegionsSettings) and isinstance(reading, RunOcrSettings)
    edge = taken.get("max_edge", max(size))
    width, height = (round(n * edge / max(size)) for n in size)
    picture = Picture(lambda: np.zeros((height, width, 3), np.uint8))
    for name, search_edge in (
        (looking.detector, looking.search_edge),
        (looking.second_detector, looking.second_edge),
    ):
        detector = TextDetector(detector_model(name), OPENVINO)
        text_regions(detector, picture, None, search_edge=search_edge, min_height=0, floor=0.5, name=name)
    for name in (reading.quick_reader, reading.reader):
        TextReader(reader_model(name), OPENVINO).read([np.zeros((48, 160, 3), np.uint8)])


def test_where_workers_share_nothing_nothing_is_loaded() -> None:
    hub = Hub()
    hub.provider = CPU
    assert warmed(spec_of(), hub) == []


def test_what_goes_wrong_is_left_to_the_workers(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_text("not a model")
    own = {"detector": "custom", "detector_file": str(broken)}
    assert warmed(spec_of({"detect_regions": own})) == []
    assert warmed(spec_of({"detect_regions": {**own, "detector_file": str(tmp_path / "gone.onnx")}})) == []

    class NoModels(PlainModels):
        @property
        def provider(self) -> str:  # type: ignore[override]
            raise EnvironmentProblem("none", still_works="", to_do="")

    assert warmed(spec_of(), NoModels()) == []


@needs_openvino
def test_it_ends_when_nobody_waits_for_it_any_more() -> None:
    answers = iter([True, False])

    assert len(warmed(spec_of(), goes_on=lambda: next(answers))) == 1


@needs_openvino
@pytest.mark.parametrize(("stored", "loaded"), [(1, 4), (2, 0)])
def test_it_loads_while_pictures_are_to_be_taken_out(stored: int, loaded: int) -> None:
    assert len(warmed(spec_of(), stored=stored)) == loaded


@needs_openvino
def test_a_replay_of_later_stages_needs_none() -> None:
    parts = {
        (StageName.EXTRACT_FRAMES, n): PartRef(str(n), StageName.EXTRACT_FRAMES, 1, n, "") for n in range(2)
    }
    spec = replace(spec_of(), replay_from=StageName.DETECT_REGIONS, parent_parts=parts)
    assert warmed(spec) == []
