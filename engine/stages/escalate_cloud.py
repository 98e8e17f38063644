"""Stage 6: ask a cloud model, with consent and under a budget, about what is still open."""

from __future__ import annotations

from typing import ClassVar

from engine.domain.errors import SponsightError
from engine.domain.records import EscalationPart, Record
from engine.domain.stages import StageName
from engine.escalation.asking import Terms
from engine.escalation.ladder import Rung, blobs_of, groups_of
from engine.escalation.question import PROMPT_VERSION
from engine.escalation_settings import EscalateCloudSettings
from engine.ports import ChatTarget
from engine.stage import Context, View
from engine.stages.match_brands import canonical_appearance


class EscalateCloud:
    """Asks what the local model left open; hands everything on unchanged, with the reason, where no cloud model is
    configured, agreed to, paid for or within reach.

    Services: `chat` (ChatTarget → ChatClient), `prices` ((provider, model, endpoint) → Price or None), `budget`
    (SpendingLimit), `job_id`. See EscalateVlm for what is not `lasting`."""

    name: ClassVar = StageName.ESCALATE_CLOUD
    version: ClassVar = 3
    settings_type: ClassVar = EscalateCloudSettings
    payload_type: ClassVar[type[Record]] = EscalationPart
    reads: ClassVar = (StageName.EXTRACT_FRAMES, StageName.FILTER_SCENES, StageName.ESCALATE_VLM)
    writes: ClassVar = ("detections", "unresolved_candidates")
    unit: ClassVar = "calls"

    def units(self, view: View, settings: EscalateCloudSettings) -> float:
        if _not_asked(view, settings):
            return 1.0
        before = view.part(StageName.ESCALATE_VLM, EscalationPart)
        return float(len(groups_of(view, before.appearances, settings))) or 1.0

    def key_extras(self, settings: EscalateCloudSettings, view: View) -> tuple[str, ...]:
        return ("escalation" if view.escalation else "no escalation", PROMPT_VERSION, view.book.digest)

    def run(self, view: View, settings: EscalateCloudSettings, ctx: Context) -> EscalationPart:
        ctx.tick(0)
        before = view.part(StageName.ESCALATE_VLM, EscalationPart).appearances
        reason = _not_asked(view, settings)
        if reason:
            return EscalationPart(appearances=before, skipped=reason)
        if not groups_of(view, before, settings):
            return EscalationPart(appearances=before)
        services = ctx.services
        if not all(name in services for name in ("chat", "prices", "budget", "job_id")):
            return EscalationPart(appearances=before, skipped="models can't be asked here", lasting=False)
        price = services["prices"](settings.provider, settings.model, settings.endpoint)
        if price is None:
            reason = (
                f"the price of {settings.provider} {settings.model} is not known, so no budget could hold it; "
                "set it in the price table"
            )
            return EscalationPart(appearances=before, skipped=reason, lasting=False)
        target = ChatTarget(
            protocol="anthropic" if settings.provider == "anthropic" else "openai",
            provider=settings.provider,
            endpoint=settings.endpoint,
            model=settings.model,
            timeout=settings.timeout,
        )
        try:
            client = services["chat"](target)
        except SponsightError as error:
            return EscalationPart(appearances=before, skipped=str(error), lasting=False)
        terms = Terms(
            provider=settings.provider,
            model=settings.model,
            price=price,
            max_calls=settings.max_calls,
            parallel=settings.parallel,
            job_id=services["job_id"],
            cap_usd=settings.budget_usd,
            limit=services["budget"],
        )
        return Rung(view, before, settings, ctx, "cloud_llm", terms).run(client)

    def items(self, payload: EscalationPart) -> int:
        return payload.calls

    def blobs(self, payload: EscalationPart) -> tuple[str, ...]:
        return blobs_of(payload)

    def canonical(self, payload: EscalationPart) -> object:
        return [canonical_appearance(a) for a in payload.appearances]


def _not_asked(view: View, settings: EscalateCloudSettings) -> str:
    """Why these settings ask no model, '' where they do."""
    if not view.escalation:
        return "switched off for this run"
    if not settings.provider or not settings.model:
        return "no model configured"
    if not settings.consent:
        return "nobody has agreed to send crops to the provider"
    if settings.provider == "custom" and not settings.endpoint:
        return "a custom provider needs an endpoint"
    if settings.budget_usd == 0:
        return "the budget is 0 USD, so nothing is asked"
    if settings.max_calls == 0:
        return "the call limit is 0"
    return ""
