"""The eight stages by name and index, and which of them work chunk by chunk."""

from __future__ import annotations

from enum import StrEnum


class StageName(StrEnum):
    """The eight stages in order; `number` is the stage_index 0..7."""

    EXTRACT_FRAMES = "extract_frames"
    FILTER_SCENES = "filter_scenes"
    DETECT_REGIONS = "detect_regions"
    RUN_OCR = "run_ocr"
    MATCH_BRANDS = "match_brands"
    ESCALATE_VLM = "escalate_vlm"
    ESCALATE_CLOUD = "escalate_cloud"
    COMPILE_REPORT = "compile_report"

    @property
    def number(self) -> int:
        return ORDER.index(self)

    @property
    def is_frame_stage(self) -> bool:
        """True for stages 0–3, whose unit of work is one chunk; stages 4–7 work on all parts of a job."""
        return self.number < 4


ORDER: tuple[StageName, ...] = tuple(StageName)
FRAME_STAGES: tuple[StageName, ...] = ORDER[:4]
JOB_STAGES: tuple[StageName, ...] = ORDER[4:]
