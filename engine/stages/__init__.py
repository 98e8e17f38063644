"""The eight stages, a file each, in order; `all_stages` makes them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.domain.stages import StageName
from engine.stage import Stage
from engine.stages.compile_report import CompileReport
from engine.stages.detect_regions import DetectRegions
from engine.stages.escalate_cloud import EscalateCloud
from engine.stages.escalate_vlm import EscalateVlm
from engine.stages.extract_frames import ExtractFrames
from engine.stages.filter_scenes import FilterScenes
from engine.stages.match_brands import MatchBrands
from engine.stages.run_ocr import RunOcr


def all_stages() -> Mapping[StageName, Stage]:
    """A fresh set of the eight stages by name, in order."""
    stages: tuple[Stage, ...] = (
        ExtractFrames(),
        FilterScenes(),
        DetectRegions(),
        RunOcr(),
        MatchBrands(),
        EscalateVlm(),
        EscalateCloud(),
        CompileReport(),
    )
    return {stage.name: stage for stage in stages}
