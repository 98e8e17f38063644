"""The window's words for the domain's names: stages, outcomes, settings' choices."""

from __future__ import annotations

from engine.domain.stages import StageName
from ui.text import tr


def stage_title(stage: StageName | str) -> str:
    """A stage's name for people."""
    return {
        StageName.EXTRACT_FRAMES: tr("Extract frames"),
        StageName.FILTER_SCENES: tr("Filter scenes"),
        StageName.DETECT_REGIONS: tr("Detect regions"),
        StageName.RUN_OCR: tr("Read texts"),
        StageName.MATCH_BRANDS: tr("Match brands"),
        StageName.ESCALATE_VLM: tr("Ask local model"),
        StageName.ESCALATE_CLOUD: tr("Ask cloud model"),
        StageName.COMPILE_REPORT: tr("Compile report"),
    }[StageName(stage)]


def outcome_words(outcome: str) -> str:
    """How a stage ended, for people."""
    return {
        "reused": tr("reused"),
        "ran": tr("computed"),
        "skipped": tr("skipped"),
        "failed": tr("failed"),
        "running": tr("running"),
        "paused": tr("paused"),
        "stopped": tr("stopped"),
        "waiting": tr("waiting"),
    }.get(outcome, outcome)


def outcome_icon(outcome: str) -> str:
    return {
        "reused": "reuse",
        "ran": "confirm",
        "skipped": "skip",
        "failed": "error",
        "running": "run",
        "paused": "pause",
        "stopped": "stop",
    }.get(outcome, "more")


def action_words(action: str) -> str:
    """What a plan means to do with a stage, for people."""
    return {
        "reuse": tr("reuse"),
        "run": tr("run"),
        "run-unless-unchanged": tr("run unless unchanged"),
        "skip": tr("skip"),
    }.get(action, action)
