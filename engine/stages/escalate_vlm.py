"""Stage 5: ask a vision-language model on this machine about what matching left open."""

from __future__ import annotations

from typing import ClassVar

from engine.domain.errors import SponsightError
from engine.domain.records import EscalationPart, MatchPart, Record
from engine.domain.stages import StageName
from engine.escalation.asking import Terms
from engine.escalation.budget import FREE
from engine.escalation.ladder import Rung, blobs_of, groups_of
from engine.escalation.places import is_local
from engine.escalation.question import PROMPT_VERSION
from engine.escalation_settings import EscalateVlmSettings
from engine.ports import ChatTarget
from engine.stage import Context, View
from engine.stages.match_brands import canonical_appearance


class EscalateVlm:
    """Asks groups of look-alike crops on contact sheets; hands everything on unchanged, with the reason, where no
    local model is configured or within reach.

    Services: `chat` (ChatTarget → ChatClient). What is skipped for reasons of the moment is not `lasting`: the
    runner stores it for this run only, so that the next run asks again."""

    name: ClassVar = StageName.ESCALATE_VLM
    version: ClassVar = 3
    settings_type: ClassVar = EscalateVlmSettings
    payload_type: ClassVar[type[Record]] = EscalationPart
    reads: ClassVar = (StageName.EXTRACT_FRAMES, StageName.FILTER_SCENES, StageName.MATCH_BRANDS)
    writes: ClassVar = ("detections", "unresolved_candidates")
    unit: ClassVar = "crop groups"

    def units(self, view: View, settings: EscalateVlmSettings) -> float:
        if _not_asked(view, settings):
            return 1.0
        before = view.part(StageName.MATCH_BRANDS, MatchPart)
        return float(len(groups_of(view, before.appearances, settings))) or 1.0

    def key_extras(self, settings: EscalateVlmSettings, view: View) -> tuple[str, ...]:
        return ("escalation" if view.escalation else "no escalation", PROMPT_VERSION, view.book.digest)

    def run(self, view: View, settings: EscalateVlmSettings, ctx: Context) -> EscalationPart:
        ctx.tick(0)
        before = view.part(StageName.MATCH_BRANDS, MatchPart).appearances
        reason = _not_asked(view, settings)
        if reason:
            return EscalationPart(appearances=before, skipped=reason)
        if not groups_of(view, before, settings):
            return EscalationPart(appearances=before)
        connect = ctx.services.get("chat")
        if connect is None:
            return EscalationPart(appearances=before, skipped="models can't be asked here", lasting=False)
        target = ChatTarget(
            protocol="openai",
            provider="",
            endpoint=settings.endpoint,
            model=settings.model,
            timeout=settings.timeout,
        )
        try:
            client = connect(target)
        except SponsightError as error:
            return EscalationPart(appearances=before, skipped=str(error), lasting=False)
        terms = Terms("", settings.model, FREE, settings.max_calls, settings.parallel)
        return Rung(view, before, settings, ctx, "local_vlm", terms).run(client)

    def items(self, payload: EscalationPart) -> int:
        return payload.calls

    def blobs(self, payload: EscalationPart) -> tuple[str, ...]:
        return blobs_of(payload)

    def canonical(self, payload: EscalationPart) -> object:
        return [canonical_appearance(a) for a in payload.appearances]


def _not_asked(view: View, settings: EscalateVlmSettings) -> str:
    """Why these settings ask no model, '' where they do."""
    if not view.escalation:
        return "switched off for this run"
    if not settings.endpoint or not settings.model:
        return "no model configured"
    if settings.max_calls == 0:
        return "the call limit is 0"
    if not is_local(settings.endpoint):
        return f"{settings.endpoint} is not on this machine or network; the cloud stage asks such models"
    return ""
