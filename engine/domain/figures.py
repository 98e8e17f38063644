"""Exposure figures: frozen records of who was seen for how long, how large, where and how clearly.

Seconds are floats, times whole microseconds, shares and quality 0..1, money in the settings' currency.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from engine.domain.records import DetectionSource, ItemProblem, Record
from engine.domain.timebase import Span

Column: TypeAlias = Literal["counted", "caption", "model"]
"""Which table a figure belongs to: the totals, captions apart, or brands that a model made and nobody
confirmed. Only `counted` enters totals, solus seconds and shares of voice."""


class ExposureSpan(Record, frozen=True, array_like=True):
    """One exposure: from first to last countable moment, and the countable seconds between (without gaps)."""

    start: int
    end: int
    seconds: float


class Factors(Record, frozen=True, array_like=True):
    """Time-weighted means of the quality factors, each 0..1 (formulas: engine/exposure_factors.py)."""

    size: float = 0.0
    position: float = 0.0
    clarity: float = 0.0
    visibility: float = 0.0
    prominence: float = 0.0
    share: float = 0.0
    duration: float = 0.0
    band: float = 0.0


class MediaFigures(Record, frozen=True):
    """Estimates in money and reach; None where the price, viewers or fee were not given. `mentions` are
    verbal mentions, each worth ten seconds."""

    mentions: int = 0
    full_equivalent: float | None = None
    discounted_equivalent: float | None = None
    impressions: float | None = None
    cost_per_thousand: float | None = None


class BrandExposure(Record, frozen=True):
    """All figures of one brand in one column.

    `error` is one sigma of `seconds` from sampling. `filled` is seconds with joined gaps filled. `hits`
    counts every logo, `solus` the seconds in which no other brand of the column was on screen. `coverage`
    is the mean share of the picture over the analysed time. `bands` are seconds by size (< 2.5, 2.5–5,
    5–10, > 10 % of the picture), `grid` logo seconds in a 3×3 grid, row by row from the top left."""

    brand_id: str
    brand_name: str
    column: Column
    seconds: float
    error: float
    filled: float
    exposures: tuple[ExposureSpan, ...]
    mean: float
    longest: float
    first: int
    last: int
    hits: float
    solus: float
    share: float
    weighted_seconds: float
    weighted_share: float
    quality: float
    coverage: float
    bands: tuple[float, float, float, float]
    grid: tuple[float, float, float, float, float, float, float, float, float]
    factors: Factors
    detections: int
    media: MediaFigures = MediaFigures()


class ExposureFigures(Record, frozen=True):
    """The figures of one run or overlay: brands in the order of column and seconds, and what they are
    measured over. `analysed` is the span's seconds, `excluded` (black, dropped ranges) and `unknown`
    (blurred, damaged) the parts of it that no frame stands for. `step` is the sampling step in seconds."""

    brands: tuple[BrandExposure, ...]
    analysed: float
    excluded: float
    unknown: float
    step: float
    preset: str
    currency: str = ""

    def counted(self) -> tuple[BrandExposure, ...]:
        """The brands of the totals, most seconds first."""
        return tuple(b for b in self.brands if b.column == "counted")


class SightingFigure(Record, frozen=True):
    """A brand's roll-up in one source (see SourceBrandSighting): times of the first and last frame that
    shows it, detections (`occurrences`), appearances, mean confidence 0..1, the texts read, most frequent
    first."""

    brand_id: str
    brand_name: str
    first_seen: int
    last_seen: int
    occurrences: int
    appearances: int
    detection_source: DetectionSource
    avg_confidence: float
    confirmed: bool
    texts: tuple[str, ...] = ()


class ReportPart(Record, frozen=True):
    """Stage 7: machine figures, roll-ups and the funnel (counts by name, seconds as microseconds)."""

    figures: ExposureFigures
    sightings: tuple[SightingFigure, ...]
    stats: dict[str, int]
    span: Span
    stopped_at: int | None = None
    problems: tuple[ItemProblem, ...] = ()
