"""Kept frames and detections as arrays: what exposure is computed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.domain.figures import Column
from engine.domain.records import Detection, KeptFrame
from engine.textfold import fold_compact

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

COLUMNS: tuple[Column, ...] = ("counted", "caption", "model")


@dataclass(frozen=True, slots=True)
class Picture:
    """What detections are measured against: picture size in source pixels, seconds between samples, and
    the analysed time in seconds with its excluded and unknown parts."""

    width: int
    height: int
    step: float
    analysed: float
    excluded: float = 0.0
    unknown: float = 0.0


@dataclass(frozen=True, slots=True)
class Moments:
    """The kept frames and their spans as arrays. `seq` is sorted; frame i has the spans
    `offsets[i]:offsets[i + 1]` of `start` and `end` (microseconds)."""

    seq: Ints
    offsets: Ints
    start: Ints
    end: Ints

    @classmethod
    def of(cls, kept: Iterable[KeptFrame]) -> Moments:
        """Arrays of the kept frames, whatever their order. Spans must not overlap one another."""
        frames = sorted(kept, key=lambda f: f.seq)
        counts = np.fromiter((len(f.spans) for f in frames), np.int64, len(frames))
        spans = [s for f in frames for s in f.spans]
        return cls(
            seq=np.fromiter((f.seq for f in frames), np.int64, len(frames)),
            offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            start=np.fromiter((s.start for s in spans), np.int64, len(spans)),
            end=np.fromiter((s.end for s in spans), np.int64, len(spans)),
        )


@dataclass(frozen=True, slots=True)
class DetectionTable:
    """Detections as arrays, one row each: `brand` indexes `ids` and `names`, `column` indexes COLUMNS,
    `points` has the shape (n, 4, 2) in source pixels, `height` is the text height in pixels."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    seq: Ints
    brand: Ints
    column: Ints
    caption: NDArray[np.bool_]
    points: Floats
    confidence: Floats
    variance: Floats
    visible: Floats

    @classmethod
    def of(cls, detections: Sequence[Detection], *, count_captions: bool = False) -> DetectionTable:
        """Arrays of the detections. A brand is known by its id, or by its name where it has none."""
        n = len(detections)
        names: dict[str, str] = {}
        for d in detections:
            key = d.brand_id or d.brand_name
            names[key] = min(names.get(key, d.brand_name), d.brand_name)
        ids = sorted(names, key=lambda key: (fold_compact(names[key]), key))
        index = {key: number for number, key in enumerate(ids)}
        brand = np.fromiter((index[d.brand_id or d.brand_name] for d in detections), np.int64, n)
        caption = np.fromiter((d.surface == "caption" for d in detections), np.bool_, n)
        confirmed = np.fromiter((d.confirmed for d in detections), np.bool_, n)
        column = np.where(~confirmed, 2, np.where(caption & (not count_captions), 1, 0))
        flat = chain.from_iterable(chain.from_iterable(d.polygon for d in detections))
        return cls(
            ids=tuple(ids),
            names=tuple(names[key] for key in ids),
            seq=np.fromiter((d.seq for d in detections), np.int64, n),
            brand=brand,
            column=column.astype(np.int64),
            caption=caption,
            points=np.fromiter(flat, np.float64, n * 8).reshape(n, 4, 2),
            confidence=np.fromiter((d.confidence for d in detections), np.float64, n),
            variance=np.fromiter((d.clarity for d in detections), np.float64, n),
            visible=np.fromiter((d.visible for d in detections), np.float64, n),
        )

    def in_order(self) -> DetectionTable:
        """The rows by brand, frame and place, so that sums don't depend on the order of the input."""
        p = self.points
        keys = (self.variance, p[:, 2, 1], p[:, 2, 0], p[:, 0, 1], p[:, 0, 0], self.seq, self.brand)
        return self.rows(np.lexsort(keys))

    def rows(self, mask: NDArray[np.bool_] | Ints) -> DetectionTable:
        """Only the rows where `mask` is true, or those with these numbers."""
        return DetectionTable(
            self.ids,
            self.names,
            self.seq[mask],
            self.brand[mask],
            self.column[mask],
            self.caption[mask],
            self.points[mask],
            self.confidence[mask],
            self.variance[mask],
            self.visible[mask],
        )

    @property
    def areas(self) -> Floats:
        """Polygon areas in square pixels (shoelace formula)."""
        x, y = self.points[:, :, 0], self.points[:, :, 1]
        return np.abs(np.sum(x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y, axis=1)) / 2

    @property
    def heights(self) -> Floats:
        """Mean length of the left and right sides in pixels."""
        p = self.points
        return (np.linalg.norm(p[:, 0] - p[:, 3], axis=1) + np.linalg.norm(p[:, 1] - p[:, 2], axis=1)) / 2
