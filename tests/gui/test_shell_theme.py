"""The look: contrast of both themes, states told apart without hue, live switch."""

from __future__ import annotations

import pytest

from ui.tokens import DARK, DATA, LIGHT, SERIES, Colours, contrast


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda t: t.name)
def test_text_has_enough_contrast_on_every_ground(theme: Colours) -> None:
    words = ("text", "muted", "faint", "accent", "success", "warning", "danger")
    poor = {
        (word, ground): round(contrast(getattr(theme, word), ground), 2)
        for word in words
        for ground in theme.grounds
        if contrast(getattr(theme, word), ground) < 4.5
    }
    assert not poor
    assert contrast(theme.on_accent, theme.accent_fill) >= 4.5
    assert contrast(theme.on_danger, theme.danger_fill) >= 4.5
    for word, ground in (("accent", "accent_soft"), ("warning", "warning_soft"), ("danger", "danger_soft")):
        assert contrast(getattr(theme, word), getattr(theme, ground)) >= 4.5
        assert contrast(theme.text, getattr(theme, ground)) >= 4.5
    assert contrast(theme.success, theme.success_soft) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda t: t.name)
def test_outlines_of_controls_are_visible(theme: Colours) -> None:
    for ground in (theme.base, theme.surface, theme.sunken):
        assert contrast(theme.outline, ground) >= 3


def test_plot_colours_are_visible_on_their_ground() -> None:
    for on_dark, on_light in SERIES:
        assert contrast(on_dark, DARK.surface) >= 3
        assert contrast(on_light, LIGHT.surface) >= 3


def test_data_states_differ_without_hue() -> None:
    marks = [(style.line, style.hatch, style.width) for style in DATA.values()]
    assert len(set(marks)) == len(marks)
    signs = [style.sign for style in DATA.values()]
    assert len(set(signs)) == len(signs)
    for style in DATA.values():
        assert contrast(style.colour, "#000000") >= 4.5
