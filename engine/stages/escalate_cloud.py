"""Stage 6: ask a cloud model, with consent and under a budget, about what is still open."""

from __future__ import annotations

from typing import ClassVar

from engine.domain.records import EscalationPart, Record
from engine.domain.stages import StageName
from engine.stage import Context, View
from engine.escalation_settings import EscalateCloudSettings
from engine.stages.match_brands import canonical_appearance


class EscalateCloud:
    """Hands the appearances on unchanged, with the reason, where no cloud model is configured or agreed to."""

    name: ClassVar = StageName.ESCALATE_CLOUD
    version: ClassVar = 1
    settings_type: ClassVar = EscalateCloudSettings
    payload_type: ClassVar[type[Record]] = EscalationPart
    reads: ClassVar = (StageName.ESCALATE_VLM,)
    writes: ClassVar = ("detections", "unresolved_candidates")
    unit: ClassVar = "calls"

    def units(self, view: View, settings: EscalateCloudSettings) -> float:
        return 1.0

    def key_extras(self, settings: EscalateCloudSettings, view: View) -> tuple[str, ...]:
        return ("escalation" if view.escalation else "no escalation",)

    def run(self, view: View, settings: EscalateCloudSettings, ctx: Context) -> EscalationPart:
        ctx.tick(0)
        before = view.part(StageName.ESCALATE_VLM, EscalationPart)
        reason = "no model configured" if view.escalation else "switched off for this run"
        return EscalationPart(appearances=before.appearances, skipped=reason)

    def items(self, payload: EscalationPart) -> int:
        return payload.calls

    def blobs(self, payload: EscalationPart) -> tuple[str, ...]:
        return ()

    def canonical(self, payload: EscalationPart) -> object:
        return [canonical_appearance(a) for a in payload.appearances]
