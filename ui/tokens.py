"""The look of the window as data: colours of both themes, spacing, type scale, and the data states' marks.

Colours are sRGB hex. Text colours have a contrast of at least 4.5:1 on every ground they are used on and
outlines of controls at least 3:1 (held by a test). Data states differ in dash, hatch and sign, not in hue alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

SPACE = (0, 2, 4, 8, 12, 16, 24, 32, 48)
"""Spacing scale in device-independent pixels; use it by step: SPACE[3] is 8 px."""
RADIUS = 6
CONTROL_HEIGHT = 30
ROW_HEIGHT = 28
TOP_BAR_HEIGHT = 48
RAIL_WIDTH = 76


@dataclass(frozen=True, slots=True)
class TypeScale:
    """Font sizes in device-independent pixels at a text scale of 1."""

    small: int = 11
    base: int = 13
    large: int = 15
    title: int = 19
    display: int = 26


TYPE = TypeScale()


@dataclass(frozen=True, slots=True)
class Colours:
    """One theme. Grounds from back to front: `base`, `surface`, `raised`; `sunken` is for fields."""

    name: Literal["light", "dark"]
    base: str
    surface: str
    raised: str
    sunken: str
    hover: str
    border: str
    outline: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_fill: str
    on_accent: str
    accent_soft: str
    success: str
    warning: str
    danger: str
    danger_fill: str
    on_danger: str
    warning_soft: str
    danger_soft: str
    success_soft: str
    picture: str
    """Ground behind video frames: near black in both themes, so that pictures look alike."""

    @property
    def grounds(self) -> tuple[str, ...]:
        """All grounds that running text stands on."""
        return (self.base, self.surface, self.raised, self.sunken, self.hover)


LIGHT = Colours(
    name="light",
    base="#F3F4F7",
    surface="#FFFFFF",
    raised="#FFFFFF",
    sunken="#F7F8FA",
    hover="#EDF0F5",
    border="#DCE0E7",
    outline="#838C9A",
    text="#171C26",
    muted="#515B6B",
    faint="#626C7C",
    accent="#1F53CF",
    accent_fill="#2459DB",
    on_accent="#FFFFFF",
    accent_soft="#E3EBFD",
    success="#116932",
    warning="#7A4A00",
    danger="#AF1F18",
    danger_fill="#BC2A22",
    on_danger="#FFFFFF",
    warning_soft="#FDF0D5",
    danger_soft="#FCE6E4",
    success_soft="#DFF3E5",
    picture="#0B0D10",
)

DARK = Colours(
    name="dark",
    base="#111419",
    surface="#191D24",
    raised="#20252E",
    sunken="#13161B",
    hover="#272D38",
    border="#2D343F",
    outline="#717C8D",
    text="#E9ECF1",
    muted="#AAB3C0",
    faint="#98A2B1",
    accent="#8AB0FF",
    accent_fill="#3A6BE0",
    on_accent="#FFFFFF",
    accent_soft="#1E2D4F",
    success="#6FD394",
    warning="#F0BE63",
    danger="#FF9A91",
    danger_fill="#C93A32",
    on_danger="#FFFFFF",
    warning_soft="#3A2E15",
    danger_soft="#42201E",
    success_soft="#173424",
    picture="#0B0D10",
)


class DataState(StrEnum):
    """What a box, a row or a mark on the timeline says about an appearance."""

    MACHINE = "machine"
    REVIEW = "review"
    UNRESOLVED = "unresolved"
    PERSON = "person"
    REJECTED = "rejected"
    MODEL = "model"
    CHANGED = "changed"
    CAPTION = "caption"


Line = Literal["solid", "dash", "dot", "dashdot", "long"]
Hatch = Literal["none", "diagonal", "cross", "dots", "horizontal"]


@dataclass(frozen=True, slots=True)
class DataStyle:
    """How a data state is drawn. The colours are the same in both themes: they lie over video frames.

    `line` and `hatch` tell the states apart without hue, `sign` stands before the label.
    """

    colour: str
    line: Line
    hatch: Hatch
    sign: str
    width: float = 2.0


DATA: dict[DataState, DataStyle] = {
    DataState.MACHINE: DataStyle("#5AA9FF", "dash", "none", ""),
    DataState.REVIEW: DataStyle("#FFC533", "dashdot", "none", "?"),
    DataState.UNRESOLVED: DataStyle("#FF9F5A", "dot", "none", "…"),
    DataState.PERSON: DataStyle("#43D17A", "solid", "none", "✓", 2.5),
    DataState.REJECTED: DataStyle("#B9BEC7", "solid", "diagonal", "×"),
    DataState.MODEL: DataStyle("#C79BFF", "long", "dots", "~"),
    DataState.CHANGED: DataStyle("#FF6FB5", "solid", "none", "!", 3.0),
    DataState.CAPTION: DataStyle("#4FD8D0", "dot", "horizontal", "T"),
}

SERIES: tuple[tuple[str, str], ...] = (
    ("#4C8DFF", "#1F5FD6"),
    ("#F2A93B", "#A86500"),
    ("#3CC08E", "#0B7A52"),
    ("#E8739B", "#B02A60"),
    ("#A78BFA", "#6A44D6"),
    ("#5BC8E8", "#0E7490"),
    ("#E58A5B", "#B4481A"),
    ("#B4C94B", "#5F7000"),
)
"""Colours of brands in plots, (dark theme, light theme); beyond the eighth they repeat with a hatch."""


def luminance(colour: str) -> float:
    """Relative luminance 0..1 of a hex colour (WCAG 2.2)."""

    def linear(channel: int) -> float:
        c = channel / 255
        return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)

    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)


def contrast(a: str, b: str) -> float:
    """Contrast ratio 1..21 of two hex colours (WCAG 2.2)."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
