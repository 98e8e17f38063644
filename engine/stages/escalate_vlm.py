"""Stage 5: ask a vision-language model on this machine about what matching left open."""

from __future__ import annotations

from typing import ClassVar

from engine.domain.records import EscalationPart, MatchPart, Record
from engine.domain.stages import StageName
from engine.stage import Context, View
from engine.escalation_settings import EscalateVlmSettings
from engine.stages.match_brands import canonical_appearance


class EscalateVlm:
    """Hands the appearances on unchanged, with the reason, where no local model is configured."""

    name: ClassVar = StageName.ESCALATE_VLM
    version: ClassVar = 1
    settings_type: ClassVar = EscalateVlmSettings
    payload_type: ClassVar[type[Record]] = EscalationPart
    reads: ClassVar = (StageName.MATCH_BRANDS,)
    writes: ClassVar = ("detections", "unresolved_candidates")
    unit: ClassVar = "crop groups"

    def units(self, view: View, settings: EscalateVlmSettings) -> float:
        return 1.0

    def key_extras(self, settings: EscalateVlmSettings, view: View) -> tuple[str, ...]:
        return ("escalation" if view.escalation else "no escalation",)

    def run(self, view: View, settings: EscalateVlmSettings, ctx: Context) -> EscalationPart:
        ctx.tick(0)
        before = view.part(StageName.MATCH_BRANDS, MatchPart)
        reason = "no model configured" if view.escalation else "switched off for this run"
        return EscalationPart(appearances=before.appearances, skipped=reason)

    def items(self, payload: EscalationPart) -> int:
        return payload.calls

    def blobs(self, payload: EscalationPart) -> tuple[str, ...]:
        return ()

    def canonical(self, payload: EscalationPart) -> object:
        return [canonical_appearance(a) for a in payload.appearances]
