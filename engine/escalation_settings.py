"""The settings of stages 5 and 6: which models are asked, how sure they must be, what they may cost."""

from __future__ import annotations

from dataclasses import dataclass

from engine.settings import StageSettings, setting


@dataclass(frozen=True, slots=True)
class EscalateVlmSettings(StageSettings):
    """Stage 5: a vision-language model on this machine."""

    endpoint: str = setting(
        "",
        "Endpoint",
        "Base URL of an OpenAI-shaped server, for instance http://127.0.0.1:11434/v1. Empty: no local model.",
    )
    model: str = setting("", "Model", "Name of the model at the endpoint.")
    crops_per_sheet: int = setting(
        15, "Crops per sheet", "How many signs are asked on one contact sheet.", low=1, high=15
    )
    min_confidence: float = setting(
        0.6, "Minimum confidence", "Less certain answers stay unresolved.", low=0, high=1
    )
    max_calls: int = setting(200, "Call limit", "No more calls than this in one run.", low=0, high=100000)
    timeout: float = setting(
        60.0, "Time-out", "Seconds to wait for an answer.", unit="s", low=1, high=600, affects_output=False
    )
    min_seconds: float = setting(
        1.0, "Minimum on screen", "Only what is seen at least this long is asked.", unit="s", low=0, high=600
    )
    parallel: int = setting(
        2,
        "Calls at a time",
        "How many questions are under way at once.",
        low=1,
        high=16,
        affects_output=False,
        advanced=True,
    )


@dataclass(frozen=True, slots=True)
class EscalateCloudSettings(StageSettings):
    """Stage 6: a cloud model, only with consent and under a budget."""

    consent: bool = setting(False, "Consent", "Crops of unresolved signs may be sent to the provider.")
    provider: str = setting(
        "",
        "Provider",
        "openai, anthropic, google, or empty for none.",
        choices=("", "openai", "anthropic", "google", "custom"),
    )
    endpoint: str = setting("", "Endpoint", "Base URL; empty: the provider's own.")
    model: str = setting("", "Model", "Name of the model.")
    budget_usd: float = setting(
        0.0,
        "Budget",
        "Never spend more than this in one run; 0 means no calls.",
        unit="USD",
        low=0,
        high=100000,
    )
    crops_per_sheet: int = setting(
        15, "Crops per sheet", "How many signs are asked on one contact sheet.", low=1, high=15
    )
    min_confidence: float = setting(
        0.6, "Minimum confidence", "Less certain answers stay unresolved.", low=0, high=1
    )
    max_calls: int = setting(50, "Call limit", "No more calls than this in one run.", low=0, high=100000)
    timeout: float = setting(
        60.0, "Time-out", "Seconds to wait for an answer.", unit="s", low=1, high=600, affects_output=False
    )
    min_seconds: float = setting(
        1.0, "Minimum on screen", "Only what is seen at least this long is asked.", unit="s", low=0, high=600
    )
    parallel: int = setting(
        4,
        "Calls at a time",
        "How many questions are under way at once.",
        low=1,
        high=16,
        affects_output=False,
        advanced=True,
    )
