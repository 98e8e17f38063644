"""From frames with detections to exposure figures: pure functions over arrays (formulas: exposure.md).

A kept frame stands for one or more spans; each span is one sampled moment. Brand b is on screen at a moment
where its frame has a countable detection of b. Moments of a brand join into exposures where the gap between
them is shorter than the setting; too short exposures are dropped, and everything else is summed over the
moments of the exposures that stay.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine import exposure_factors as factor
from engine.domain.figures import (
    BrandExposure,
    Column,
    ExposureFigures,
    ExposureSpan,
    Factors,
    MediaFigures,
)
from engine.domain.records import Detection, KeptFrame
from engine.domain.timebase import Span
from engine.exposure_tables import COLUMNS, DetectionTable, Floats, Ints, Moments, Picture
from engine.stage_settings import CompileReportSettings
from engine.textfold import fold_compact


def countable(table: DetectionTable, settings: CompileReportSettings) -> NDArray[np.bool_]:
    """Which detections count: sure, tall, clear and visible enough (all limits inclusive)."""
    return (
        (table.confidence >= settings.min_confidence)
        & (table.heights >= settings.min_height)
        & (factor.clarity(table.variance) >= settings.min_clarity)
        & (table.visible >= settings.min_visible)
    )


def counting(detections: Sequence[Detection], settings: CompileReportSettings) -> list[Detection]:
    """The detections that are sure, tall, clear and visible enough to count, in their order."""
    table = DetectionTable.of(detections, count_captions=settings.count_captions)
    return [d for d, counts in zip(detections, countable(table, settings), strict=True) if counts]


def exposure_figures(
    kept: Iterable[KeptFrame],
    detections: Sequence[Detection],
    settings: CompileReportSettings,
    picture: Picture,
) -> ExposureFigures:
    """All figures of all brands, by column and most seconds first. Neither the order of `kept` nor that of
    `detections` matters; detections on frames that were not kept count for nothing. Raises UserFixable for
    settings that can't be read (grid, weights, mentions)."""
    moments = Moments.of(kept)
    table = DetectionTable.of(detections, count_captions=settings.count_captions)
    table = table.rows(countable(table, settings) & np.isin(table.seq, moments.seq)).in_order()
    mentions = {fold_compact(name): count for name, count in factor.parse_mentions(settings.mentions).items()}
    brands: list[BrandExposure] = []
    for number in range(len(COLUMNS)):
        rows = table.rows(table.column == number)
        if len(rows.seq):
            brands.extend(_column(COLUMNS[number], moments, rows, settings, picture, mentions))
    return ExposureFigures(
        brands=tuple(brands),
        analysed=picture.analysed,
        excluded=picture.excluded,
        unknown=picture.unknown,
        step=picture.step,
        preset=settings.preset,
        currency=settings.currency,
    )


def _column(
    column: Column,
    moments: Moments,
    table: DetectionTable,
    settings: CompileReportSettings,
    picture: Picture,
    mentions: Mapping[str, int],
) -> list[BrandExposure]:
    pairs = _Pairs.of(moments, table, settings, picture)
    moment = _moments_on_screen(moments, pairs, settings, picture.step)
    nb = len(table.ids)
    start, end, w = moments.start[moment.slot], moments.end[moment.slot], moment.seconds
    pair, brand = moment.pair, pairs.brand[moment.pair]

    def total(values: Floats) -> Floats:
        return _sums(brand, w * values, nb)

    seconds = _sums(brand, w, nb)
    on_screen = np.bincount(moment.slot, minlength=len(moments.start))[moment.slot]
    area = pairs.area[pair]
    if settings.share_of_voice == "area":
        around = np.bincount(moment.slot, area, len(moments.start))[moment.slot]
        share = np.divide(area, around, out=1.0 / on_screen, where=around > 0)
    else:
        share = 1.0 / on_screen
    preset = factor.PRESETS[settings.preset]
    weights = factor.parse_weights(settings.factor_weights) or preset.weights
    kind = preset.duration if settings.duration_weight == "preset" else settings.duration_weight
    since, until = (start - moment.opened) / 1e6, (end - moment.opened) / 1e6
    power = weights.get("D", 1.0) if preset.combine == "product" else 1.0
    parts = {
        "S": factor.size(area, settings.size_reference),
        "P": pairs.position[pair],
        "C": pairs.clarity[pair],
        "V": pairs.visible[pair],
        "M": pairs.prominence[pair],
        "B": share,
        "D": factor.duration(kind, since, until, settings.growing_full, power),
        "Z": np.asarray(factor.BAND_VALUES)[factor.band(area)],
    }
    if kind != "none" and "D" not in weights:
        weights = {**weights, "D": 1.0}
    weighted = total(factor.frame_score(parts, weights, preset.combine))
    plain_duration = factor.duration(kind, since, until, settings.growing_full)
    means = [total(plain_duration if name == "D" else values) for name, values in parts.items()]
    hits = total(pairs.count[pair].astype(np.float64))
    solus = total((on_screen == 1).astype(np.float64))
    covered = total(np.minimum(area, 1.0))
    bands = _sums(brand * 4 + factor.band(area), w, nb * 4).reshape(nb, 4)
    grid = _grid(pairs, _sums(pair, w, len(pairs.brand)), nb)
    counts = np.bincount(brand[moment.first_of_pair], pairs.count[pair[moment.first_of_pair]], nb)
    all_seconds, all_weighted = math.fsum(seconds), math.fsum(weighted)

    found: list[BrandExposure] = []
    for b in range(nb):
        spans = moment.exposures.get(b)
        if not spans:
            continue
        t, name = float(seconds[b]), table.names[b]
        found.append(
            BrandExposure(
                brand_id=table.ids[b],
                brand_name=name,
                column=column,
                seconds=_round(t),
                error=_round(factor.sampling_error(len(spans), picture.step)),
                filled=_round(sum(s.end - s.start for s in spans) / 1e6),
                exposures=spans,
                mean=_round(t / len(spans)),
                longest=max(s.seconds for s in spans),
                first=spans[0].start,
                last=spans[-1].end,
                hits=_round(hits[b]),
                solus=_round(solus[b]),
                share=_round(t / all_seconds) if all_seconds else 0.0,
                weighted_seconds=_round(weighted[b]),
                weighted_share=_round(weighted[b] / all_weighted) if all_weighted else 0.0,
                quality=_round(weighted[b] / t) if t else 0.0,
                coverage=_round(covered[b] / picture.analysed) if picture.analysed else 0.0,
                bands=_quad(bands[b]),
                grid=_nine(grid[b]),
                factors=Factors(*(_round(m[b] / t) if t else 0.0 for m in means)),
                detections=int(counts[b]),
                media=_media(t, weighted[b] / t if t else 0.0, mentions.get(fold_compact(name), 0), settings),
            )
        )
    return sorted(found, key=lambda f: (-f.seconds, fold_compact(f.brand_name), f.brand_id))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """One row per (brand, frame) with at least one detection: logo count, summed area share (at most the
    picture), and means of the factors over its logos, weighted by area."""

    brand: Ints
    frame: Ints
    count: Ints
    area: Floats
    position: Floats
    clarity: Floats
    visible: Floats
    prominence: Floats
    detection_pair: Ints
    detection_cell: Ints

    @classmethod
    def of(
        cls, moments: Moments, table: DetectionTable, settings: CompileReportSettings, picture: Picture
    ) -> _Pairs:
        n_frames = len(moments.seq)
        frame = np.searchsorted(moments.seq, table.seq)
        keys, inverse, counts = np.unique(
            table.brand * n_frames + frame, return_inverse=True, return_counts=True
        )
        area = table.areas / (picture.width * picture.height)
        x = table.points[:, :, 0].mean(axis=1) / picture.width
        y = table.points[:, :, 1].mean(axis=1) / picture.height
        cell = factor.cell(x, y)
        if settings.position == "grid":
            position = np.asarray(factor.parse_grid(settings.position_grid))[cell]
        else:
            position = factor.centre_position(x, y)
        placements = factor.parse_placements(settings.placements)
        prominence = np.where(table.caption, placements["caption"], placements["scene"])
        weight = area + 1e-12
        sums = np.bincount(inverse, weight, len(keys))

        def mean(values: Floats) -> Floats:
            return np.clip(np.bincount(inverse, weight * values, len(keys)) / sums, 0.0, 1.0)

        return cls(
            brand=keys // n_frames,
            frame=keys % n_frames,
            count=counts.astype(np.int64),
            area=np.minimum(np.bincount(inverse, area, len(keys)), 1.0),
            position=mean(position),
            clarity=mean(factor.clarity(table.variance)),
            visible=mean(table.visible),
            prominence=mean(prominence),
            detection_pair=inverse,
            detection_cell=cell,
        )


@dataclass(frozen=True, slots=True)
class _OnScreen:
    """One row per (pair, moment) that counts, in the order of brand and time. `opened` is the start of the
    row's exposure; `first_of_pair` marks the first row of every pair."""

    pair: Ints
    slot: Ints
    seconds: Floats
    opened: Ints
    first_of_pair: NDArray[np.bool_]
    exposures: dict[int, tuple[ExposureSpan, ...]]


def _moments_on_screen(
    moments: Moments, pairs: _Pairs, settings: CompileReportSettings, step: float
) -> _OnScreen:
    per_frame = np.diff(moments.offsets)
    repeats = per_frame[pairs.frame]
    pair = np.repeat(np.arange(len(pairs.brand)), repeats)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    slot = moments.offsets[pairs.frame[pair]] + within
    order = np.lexsort((moments.start[slot], pairs.brand[pair]))
    pair, slot = pair[order], slot[order]
    start, end, brand = moments.start[slot], moments.end[slot], pairs.brand[pair]
    gap = np.empty(len(slot), np.int64)
    gap[:1] = 0
    gap[1:] = start[1:] - end[:-1]
    opens = np.ones(len(slot), np.bool_)
    opens[1:] = (brand[1:] != brand[:-1]) | ((gap[1:] > 0) & (gap[1:] >= round(settings.gap * 1e6)))
    number = np.cumsum(opens) - 1
    firsts = np.flatnonzero(opens)
    lasts = np.append(firsts[1:] - 1, len(slot) - 1) if len(slot) else firsts
    opened, closed = start[firsts], end[lasts]
    seconds = (end - start) / 1e6
    long_enough = closed - opened + round(step * 1e6) >= round(settings.minimum * 1e6)
    summed = np.bincount(number, seconds, len(firsts))
    exposures: dict[int, list[ExposureSpan]] = {}
    for i in np.flatnonzero(long_enough & (closed > opened)):
        exposures.setdefault(int(brand[firsts[i]]), []).append(
            ExposureSpan(int(opened[i]), int(closed[i]), _round(summed[i]))
        )
    stay = (long_enough & (closed > opened))[number]
    pair_left = pair[stay]
    first_of_pair = np.zeros(len(pair_left), np.bool_)
    first_of_pair[np.unique(pair_left, return_index=True)[1]] = True
    return _OnScreen(
        pair=pair_left,
        slot=slot[stay],
        seconds=seconds[stay],
        opened=opened[number][stay],
        first_of_pair=first_of_pair,
        exposures={b: tuple(spans) for b, spans in exposures.items()},
    )


def _grid(pairs: _Pairs, pair_seconds: Floats, brands: int) -> Floats:
    brand = pairs.brand[pairs.detection_pair]
    values = pair_seconds[pairs.detection_pair]
    return _sums(brand * 9 + pairs.detection_cell, values, brands * 9).reshape(brands, 9)


def _media(seconds: float, quality: float, mentions: int, settings: CompileReportSettings) -> MediaFigures:
    price, viewers, fee = settings.price_per_30s, settings.viewers, settings.fee
    cost = factor.cost_per_thousand(fee, viewers, seconds) if fee and viewers else None
    return MediaFigures(
        mentions=mentions,
        full_equivalent=_round(factor.full_media_equivalent(seconds, mentions, price)) if price else None,
        discounted_equivalent=(
            _round(factor.discounted_equivalent(seconds, quality, price)) if price else None
        ),
        impressions=_round(factor.impressions(seconds, viewers)) if viewers else None,
        cost_per_thousand=None if cost is None else _round(cost),
    )


def heat_map(
    kept: Iterable[KeptFrame],
    detections: Sequence[Detection],
    picture: Picture,
    columns: int = 32,
    rows: int = 18,
) -> Floats:
    """Seconds for which each cell of the picture was covered by a detection's hull, shape (rows, columns).
    Logos that lie over each other add up. Nothing is filtered: give the detections to be shown."""
    moments = Moments.of(kept)
    table = DetectionTable.of(detections)
    table = table.rows(np.isin(table.seq, moments.seq))
    lengths = np.concatenate(([0], np.cumsum(moments.end - moments.start)))
    per_frame = (lengths[moments.offsets[1:]] - lengths[moments.offsets[:-1]]) / 1e6
    w = per_frame[np.searchsorted(moments.seq, table.seq)]
    x, y = table.points[:, :, 0] / picture.width * columns, table.points[:, :, 1] / picture.height * rows
    x0 = np.clip(np.floor(x.min(1)), 0, columns - 1).astype(np.int64)
    x1 = np.clip(np.ceil(x.max(1)), x0 + 1, columns).astype(np.int64)
    y0 = np.clip(np.floor(y.min(1)), 0, rows - 1).astype(np.int64)
    y1 = np.clip(np.ceil(y.max(1)), y0 + 1, rows).astype(np.int64)
    corners = np.zeros((rows + 1, columns + 1))
    for ys, xs, sign in ((y0, x0, 1.0), (y0, x1, -1.0), (y1, x0, -1.0), (y1, x1, 1.0)):
        np.add.at(corners, (ys, xs), sign * w)
    return np.maximum(corners.cumsum(0).cumsum(1)[:rows, :columns], 0.0)


def tiled_seconds(spans: Iterable[Span]) -> float:
    """Summed length of spans in seconds."""
    return sum(s.length for s in spans) / 1_000_000


def _sums(index: Ints, values: Floats, size: int) -> Floats:
    """Sums of `values` by `index`, shape (size,)."""
    return np.bincount(index, values, size).astype(np.float64, copy=False)


def _round(value: float) -> float:
    return round(float(value), 6)


def _quad(values: Floats) -> tuple[float, float, float, float]:
    a, b, c, d = (_round(v) for v in values)
    return a, b, c, d


def _nine(values: Floats) -> tuple[float, float, float, float, float, float, float, float, float]:
    a, b, c, d, e, f, g, h, i = (_round(v) for v in values)
    return a, b, c, d, e, f, g, h, i
