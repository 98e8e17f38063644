"""Prices, choices, consent and what is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models_service import ModelChoices, ModelsService, consent_sentence, list_price
from app.secrets import Secrets
from engine.domain.errors import UserFixable
from engine.ports import ChatTarget
from storage.library import Library

KEY = "sk-service-0123456789"


@pytest.fixture
def library(library_dir: Path) -> Iterator[Library]:
    with Library.open(library_dir) as opened:
        yield opened


@pytest.fixture
def models(library: Library, tmp_path: Path) -> ModelsService:
    environment = {"OPENAI_API_KEY": KEY, "SPONSIGHT_CUSTOM_API_KEY": KEY}
    return ModelsService(library, Secrets(environment=environment), tmp_path / "models.toml")


def test_listed_prices_carry_their_version_and_unknown_ones_are_none() -> None:
    price = list_price("openai", "gpt-4o-mini")
    assert price is not None and 0 < price.input_usd < price.output_usd
    assert price.source.startswith("genai-prices ")
    assert list_price("anthropic", "claude-haiku-4-5") is not None
    assert list_price("openai", "no-such-model") is None


def test_an_own_price_goes_first_and_survives_a_restart(models: ModelsService, library: Library) -> None:
    models.set_price("openai", "gpt-4o-mini", 9.0, 18.0)
    again = ModelsService(library, models.secrets, models.path)
    price = again.price("openai", "gpt-4o-mini")
    assert price is not None and (price.input_usd, price.output_usd) == (9.0, 18.0)
    assert "entered 20" in price.source
    again.clear_price("openai", "gpt-4o-mini")
    assert again.price("openai", "gpt-4o-mini") == list_price("openai", "gpt-4o-mini")
    with pytest.raises(UserFixable):
        again.set_price("openai", "m", -1.0, 1.0)


def test_only_what_runs_near_is_free(models: ModelsService) -> None:
    assert models.price("", "m", "http://127.0.0.1:1/v1").is_free  # type: ignore[union-attr]
    assert models.price("custom", "m", "http://gpu.lan/v1").is_free  # type: ignore[union-attr]
    assert models.price("custom", "m", "https://models.example.org/v1") is None
    assert models.price("", "m", "https://models.example.org/v1") is None


def test_a_test_at_an_unknown_price_sends_nothing(
    models: ModelsService, refused_connections: list[str]
) -> None:
    target = ChatTarget(
        protocol="openai", provider="custom", endpoint="https://m.example.org/v1", model="m", timeout=1.0
    )
    with pytest.raises(UserFixable, match="not known"):
        models.test(target)
    assert not refused_connections


def test_a_key_never_travels_in_the_clear(models: ModelsService) -> None:
    target = ChatTarget(
        protocol="openai", provider="custom", endpoint="http://m.example.org/v1", model="m", timeout=1.0
    )
    with pytest.raises(UserFixable, match="not encrypted"):
        models.connect(target)


def test_choices_become_settings_and_a_broken_file_means_no_consent(
    models: ModelsService, library: Library
) -> None:
    assert models.standing() == {}
    models.choose(
        ModelChoices(
            vlm_endpoint="http://127.0.0.1:11434/v1",
            vlm_model="v",
            provider="openai",
            model="gpt-4o-mini",
            budget_usd=0.5,
            consent=True,
        )
    )
    again = ModelsService(library, models.secrets, models.path)
    assert again.standing()["escalate_cloud"]["consent"] is True
    assert again.standing()["escalate_vlm"] == {"endpoint": "http://127.0.0.1:11434/v1", "model": "v"}
    models.path.write_text("[choices\nconsent = true")
    assert ModelsService(library, models.secrets, models.path).choices == ModelChoices()
    with pytest.raises(UserFixable):
        models.choose(ModelChoices(provider="nobody"))


def test_the_consent_names_number_receiver_and_limit() -> None:
    words = consent_sentence("anthropic", 41, 0.5)
    assert words.startswith("41 crops") and "Anthropic" in words and "0.50 USD" in words
    assert "at most 750 crops" in consent_sentence("openai", None, 1.0, most=750)
