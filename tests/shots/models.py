"""Screens of the models: the page of the preferences."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.models_service import ModelChoices
from tests.shots.registry import shot
from tests.shots.studio import Studio


@shot("preferences-models")
def preferences_models(studio: Studio) -> QWidget | None:
    models = studio.container.models
    models.path = studio.container.library.folder / "models.toml"
    models.choose(
        ModelChoices(
            vlm_endpoint="http://127.0.0.1:11434/v1",
            vlm_model="qwen2.5vl:7b",
            provider="openai",
            model="gpt-4o-mini",
            budget_usd=0.5,
        )
    )
    studio.do("file.preferences")
    dialog = studio.dialog()
    assert dialog is not None
    dialog.tabs.setCurrentIndex(dialog.tabs.count() - 1)  # type: ignore[attr-defined]
    dialog.resize(680, min(900, studio.window.height() - 40))
    studio.settle()
    models.choices = ModelChoices()
    return dialog
