"""What exposure is measured from: the last appearances of a job, its detections, its analysed time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

import msgspec

from engine.domain.records import (
    Appearance,
    Detection,
    EscalationPart,
    MatchPart,
    NewBrand,
    Record,
    ScenesPart,
    detections_of,
)
from engine.domain.stages import StageName
from engine.exposure import tiled_seconds
from engine.exposure_tables import Picture


def final_appearances(parts: Mapping[StageName, Sequence[Record]]) -> tuple[Appearance, ...]:
    """The appearances after the last matching or escalation stage that is there."""
    for stage in (StageName.ESCALATE_CLOUD, StageName.ESCALATE_VLM):
        for part in parts.get(stage, ()):
            if isinstance(part, EscalationPart):
                return part.appearances
    for part in parts.get(StageName.MATCH_BRANDS, ()):
        if isinstance(part, MatchPart):
            return part.appearances
    return ()


def new_brands(parts: Mapping[StageName, Sequence[Record]]) -> tuple[NewBrand, ...]:
    """The brands that models named and no book knows."""
    return tuple(
        brand
        for stage in (StageName.ESCALATE_VLM, StageName.ESCALATE_CLOUD)
        for part in parts.get(stage, ())
        if isinstance(part, EscalationPart)
        for brand in part.new_brands
    )


def machine_detections(appearances: tuple[Appearance, ...], made: Collection[NewBrand]) -> list[Detection]:
    """Detections of the accepted appearances. What a model answered is unconfirmed, and so is every
    detection of a brand that a model made."""
    unknown = {brand.brand_id for brand in made}
    found = detections_of(appearances)
    if not unknown:
        return found
    return [msgspec.structs.replace(d, confirmed=False) if d.brand_id in unknown else d for d in found]


def picture_of(width: int, height: int, fps: Fraction, scenes: Sequence[ScenesPart]) -> Picture:
    """What figures are measured over: the chunks' spans with their excluded and unknown parts."""
    kept = tiled_seconds(s for part in scenes for k in part.kept for s in k.spans)
    excluded = tiled_seconds(lost.span for part in scenes for lost in part.excluded)
    unknown = tiled_seconds(lost.span for part in scenes for lost in part.unknown)
    return Picture(
        width=width,
        height=height,
        step=float(1 / fps),
        analysed=round(kept + excluded + unknown, 6),
        excluded=round(excluded, 6),
        unknown=round(unknown, 6),
    )
