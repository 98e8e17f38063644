"""What asking models would take in a run that is only planned: calls and money, as far as they can be foreseen."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.domain.records import EscalationPart, MatchPart, ScenesPart
from engine.domain.stages import StageName
from engine.escalation_settings import EscalateCloudSettings, EscalateVlmSettings
from engine.plan import Plan, RunSpec, StagePlan
from engine.ports import JOB_CHUNK, PartStore
from engine.stage import decode

if TYPE_CHECKING:
    from engine.escalation.budget import Price

Prices = Callable[[str, str, str], "Price | None"]

ASKED_AGAIN = 0.15
"""Share of signs that are doubtful and asked alone, from runs on the demo."""
TOKENS_ASKED = 2500
TOKENS_A_SIGN = 70
"""Tokens of a usual question and of the answer for one sign: for estimates only, never for the budget."""


def with_calls(plan: Plan, spec: RunSpec, parts: PartStore, prices: Prices) -> Plan:
    """The plan with calls and USD of the two escalation stages: counted over the parent run's open signs where
    there is one, else bounded by the settings in words."""
    rows = [_row(row, spec, parts, prices) for row in plan.stages]
    return dataclasses.replace(plan, stages=tuple(rows))


def _row(row: StagePlan, spec: RunSpec, parts: PartStore, prices: Prices) -> StagePlan:
    settings = spec.settings[row.stage]
    if row.action == "reuse" or not spec.escalation:
        return row
    if isinstance(settings, EscalateVlmSettings):
        asks = bool(settings.endpoint and settings.model)
        price, bound = None, f"at most {settings.max_calls} calls"
    elif isinstance(settings, EscalateCloudSettings):
        asks = bool(settings.consent and settings.provider and settings.model and settings.budget_usd)
        price = prices(settings.provider, settings.model, settings.endpoint) if asks else None
        bound = f"at most {settings.max_calls} calls and {settings.budget_usd:.2f} USD"
    else:
        return row
    if not asks:
        return row
    signs = open_signs(spec, row.stage, parts, settings.min_seconds)
    reason = f"{row.reason}; {bound}"
    if signs is None:
        return dataclasses.replace(row, reason=reason)
    calls = min(settings.max_calls, math.ceil(signs / settings.crops_per_sheet) + round(ASKED_AGAIN * signs))
    usd = 0.0
    if price is not None and isinstance(settings, EscalateCloudSettings):
        cost = price.cost(TOKENS_ASKED * calls, TOKENS_A_SIGN * signs)
        usd = min(settings.budget_usd, cost)
    return dataclasses.replace(row, reason=reason, calls=calls, usd=round(usd, 6))


def open_signs(spec: RunSpec, stage: StageName, parts: PartStore, min_seconds: float) -> int | None:
    """How many groups of open signs the parent run has before `stage`; None where there is no parent's result."""
    from engine.escalation.groups import open_groups

    before = StageName.MATCH_BRANDS if stage == StageName.ESCALATE_VLM else StageName.ESCALATE_VLM
    ref = spec.parent_parts.get((before, JOB_CHUNK))
    scenes = [r for (s, _), r in spec.parent_parts.items() if s == StageName.FILTER_SCENES]
    if ref is None or not scenes:
        return None
    payload = parts.payload(ref.key)
    if before == StageName.MATCH_BRANDS:
        appearances = decode(payload, MatchPart).appearances
    else:
        appearances = decode(payload, EscalationPart).appearances
    seconds = {
        kept.seq: kept.seconds for r in scenes for kept in decode(parts.payload(r.key), ScenesPart).kept
    }
    return len(open_groups(appearances, seconds, min_seconds))
