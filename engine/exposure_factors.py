"""Quality factors of a moment on screen, each 0..1, and the presets that weigh them.

S size, P position, C clarity, V visibility, M prominence, B share of voice, D duration, Z size band.
Sources: Relo Metrics glossary (visibility, size, clarity, prominence, placement, share of voice), Repucom QI
(size, duration, position, frequency), Brand Matrix data notes (hits, solus, size bands), Joyce Julius
subscriber notes. No vendor publishes weights: each preset is only "-like".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.domain.errors import UserFixable

Floats = NDArray[np.float64]

FACTORS = "SPCVMBDZ"
BAND_EDGES = (0.025, 0.05, 0.10)
BAND_VALUES = (0.25, 0.5, 0.75, 1.0)
CLARITY_ZERO = 50.0
CLARITY_RANGE = 500.0
DECAY_HALF_LIFE = 10.0
DECAY_FLOOR = 0.3
MENTION_SECONDS = 10.0
SPOT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Preset:
    """How factors make a frame score: a product of powers or a weighted mean. `duration` is how D runs
    where the settings leave it to the preset."""

    title: str
    combine: Literal["product", "mean"]
    weights: Mapping[str, float]
    duration: Literal["none", "decaying", "growing"] = "none"


PRESETS: dict[str, Preset] = {
    "plain_seconds": Preset("Plain seconds", "product", {}),
    "joyce_julius_like": Preset(
        "Joyce Julius-like: clear, in-focus time by size, place and clutter",
        "product",
        {"C": 1.0, "S": 0.5, "P": 0.5, "B": 0.5},
    ),
    "qi_like": Preset(
        "QI-like: size, duration, position, exclusiveness",
        "mean",
        {"S": 0.4, "D": 0.2, "P": 0.2, "B": 0.2},
        "decaying",
    ),
    "six_factor_like": Preset(
        "Six-factor-like: visibility, size, clarity, prominence, placement, share of voice",
        "mean",
        {"V": 1.0, "S": 1.0, "C": 1.0, "M": 1.0, "P": 1.0, "B": 1.0},
    ),
    "brand_matrix_like": Preset(
        "Brand Matrix-like: size bands and exclusiveness", "product", {"Z": 1.0, "B": 1.0}
    ),
}


def size(area_share: Floats, reference: float) -> Floats:
    """S = min(1, (a/A) / s_ref)."""
    return np.minimum(1.0, area_share / reference)


def band(area_share: Floats) -> NDArray[np.int64]:
    """Size band 0..3: below 2.5 %, 2.5–5 %, 5–10 %, above 10 % of the picture."""
    return np.digitize(area_share, BAND_EDGES).astype(np.int64)


def centre_position(x: Floats, y: Floats) -> Floats:
    """P = 1 − distance from the picture's centre / distance of a corner; x and y are shares 0..1 of width
    and height, and distance is measured in these."""
    return np.clip(1.0 - np.hypot(x - 0.5, y - 0.5) / math.hypot(0.5, 0.5), 0.0, 1.0)


def cell(x: Floats, y: Floats, columns: int = 3, rows: int = 3) -> NDArray[np.int64]:
    """Number of the grid cell, row by row from the top left; what lies outside counts for the edge cell."""
    column = np.clip((x * columns).astype(np.int64), 0, columns - 1)
    row = np.clip((y * rows).astype(np.int64), 0, rows - 1)
    return row * columns + column


def clarity(variance: Floats) -> Floats:
    """C = clip((var(Laplacian) − 50) / 500, 0, 1) on a crop of 32 px height."""
    return np.clip((variance - CLARITY_ZERO) / CLARITY_RANGE, 0.0, 1.0)


def duration(kind: str, start: Floats, end: Floats, full: float, power: float = 1.0) -> Floats:
    """Mean of D^power over each stretch [start, end), seconds from the start of its exposure.

    Decaying D = max(0.3, 2^(−τ/10 s)), growing D = min(1, τ/`full`). The integral is exact, so that a
    stretch and its pieces weigh the same."""
    if kind == "none" or power == 0:
        return np.ones_like(start)
    integral = _decaying if kind == "decaying" else _growing
    length = end - start
    safe = np.where(length > 0, length, 1.0)
    mean = (integral(end, full, power) - integral(start, full, power)) / safe
    return np.where(length > 0, mean, 1.0)


def _decaying(tau: Floats, full: float, power: float) -> Floats:
    turn = -DECAY_HALF_LIFE * math.log2(DECAY_FLOOR)
    rate = power * math.log(2) / DECAY_HALF_LIFE
    before = (1.0 - np.exp(-rate * np.minimum(tau, turn))) / rate
    return before + np.maximum(tau - turn, 0.0) * DECAY_FLOOR**power


def _growing(tau: Floats, full: float, power: float) -> Floats:
    inside = np.minimum(tau, full)
    before = full / (power + 1.0) * (inside / full) ** (power + 1.0)
    return before + np.maximum(tau - full, 0.0)


def frame_score(factors: Mapping[str, Floats], weights: Mapping[str, float], combine: str) -> Floats:
    """q = Π factor^exponent, or the weighted mean. With no weights at all: 1. D comes already raised to its
    power where `combine` is `product`."""
    some = next(iter(factors.values()))
    used = {name: w for name, w in weights.items() if w > 0}
    if not used:
        return np.ones_like(some)
    if combine == "mean":
        return sum((factors[n] * w for n, w in used.items()), np.zeros_like(some)) / sum(used.values())
    score = np.ones_like(some)
    for name, power in used.items():
        score = score * (factors[name] if name == "D" else factors[name] ** power)
    return score


def sampling_error(intervals: int, step: float) -> float:
    """One sigma of seconds on screen in seconds, at most Δ·√k/2 for k intervals sampled every Δ seconds."""
    return step * math.sqrt(intervals) / 2


def miss_probability(length: float, step: float) -> float:
    """Chance that an appearance of `length` seconds falls between samples `step` seconds apart."""
    return max(0.0, 1.0 - length / step)


def full_media_equivalent(seconds: float, mentions: int, price: float) -> float:
    """(T + 10·mentions)·CP30/30, in the price's currency."""
    return (seconds + MENTION_SECONDS * mentions) * price / SPOT_SECONDS


def discounted_equivalent(seconds: float, quality: float, price: float) -> float:
    """T/30·CP30·q̄."""
    return seconds / SPOT_SECONDS * price * quality


def impressions(seconds: float, viewers: float) -> float:
    """T/30·average viewers."""
    return seconds / SPOT_SECONDS * viewers


def cost_per_thousand(fee: float, viewers: float, seconds: float) -> float | None:
    """fee/(viewers/1000·T/30); None where nothing was seen."""
    reach = viewers / 1000 * seconds / SPOT_SECONDS
    return fee / reach if reach > 0 else None


def parse_grid(text: str) -> tuple[float, ...]:
    """Nine weights 0..1 from text, row by row from the top left; raises UserFixable."""
    try:
        values = tuple(float(v) for v in text.replace(",", " ").split())
    except ValueError:
        values = ()
    if len(values) != 9 or not all(0 <= v <= 1 for v in values):
        raise _unusable(
            "position_grid", text, "nine numbers from 0 to 1", "0.6 0.8 0.6 0.8 1 0.8 0.6 0.8 0.6"
        )
    return values


def parse_weights(text: str) -> dict[str, float]:
    """Weights by factor letter, as `S=1 P=0.5`; raises UserFixable."""
    found: dict[str, float] = {}
    for item in text.replace(",", " ").split():
        name, _, value = item.partition("=")
        name = name.upper()
        number = _number(value)
        if len(name) != 1 or name not in FACTORS or number is None or not 0 <= number <= 10:
            raise _unusable(
                "factor_weights", text, f"a letter of {FACTORS} and a number 0 to 10", "S=1 P=0.5"
            )
        found[name] = number
    return found


def parse_placements(text: str) -> dict[str, float]:
    """Prominence by placement (`scene`, `caption`), as `scene=1 caption=0.6`; raises UserFixable."""
    found = {"scene": 1.0, "caption": 1.0}
    for item in text.replace(",", " ").split():
        name, _, value = item.partition("=")
        number = _number(value)
        if name not in found or number is None or not 0 <= number <= 1:
            raise _unusable(
                "placements", text, "scene and caption with numbers 0 to 1", "scene=1 caption=0.6"
            )
        found[name] = number
    return found


def parse_mentions(text: str) -> dict[str, int]:
    """Mentions by brand name as written, from `brand=count, brand=count`; raises UserFixable."""
    found: dict[str, int] = {}
    for item in text.split(","):
        if not item.strip():
            continue
        name, _, value = item.rpartition("=")
        if not name.strip() or not value.strip().isdecimal():
            raise _unusable("mentions", text, "a brand, = and a whole number", "Acme=2, Bolt=1")
        found[name.strip()] = int(value)
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _unusable(key: str, text: str, wanted: str, example: str) -> UserFixable:
    return UserFixable(
        f"compile_report.{key} can't be {text!r}: it needs {wanted}.",
        still_works="Nothing was started or changed.",
        to_do=f"Write it like this: {example}.",
    )
