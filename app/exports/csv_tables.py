"""The CSV export: one file each of brands, exposures and detections (UTF-8, comma, header row).

Brands and exposures hold both tables, told apart by `figures` (machine or effective); detections are the
effective ones. Times are seconds, polygons `x y` pairs in source pixels.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app.overlay import Overlay
from app.whole_file import write_whole
from engine.domain.figures import BrandExposure, ExposureFigures
from engine.domain.timebase import seconds

BRAND_COLUMNS = (
    "figures", "column", "brand", "seconds", "sampling_error", "seconds_with_gaps", "exposures",
    "mean_exposure", "longest_exposure", "first", "last", "hits", "solus_seconds", "share_of_voice",
    "weighted_seconds", "weighted_share_of_voice", "quality", "coverage", "seconds_below_2.5%",
    "seconds_2.5_to_5%", "seconds_5_to_10%", "seconds_above_10%", "detections", "mentions",
    "full_media_equivalent", "discounted_media_equivalent", "impressions", "cost_per_thousand", "currency",
    "decision_revision",
)  # fmt: skip
EXPOSURE_COLUMNS = ("figures", "column", "brand", "number", "start", "end", "seconds")
DETECTION_COLUMNS = (
    "time", "seconds", "brand", "text", "source", "evidence", "confidence", "match_score", "surface",
    "confirmed", "state", "track", "reason", "polygon",
)  # fmt: skip


def write_csv(overlay: Overlay, path: Path) -> tuple[Path, ...]:
    """Write `NAME-brands.csv`, `NAME-exposures.csv` and `NAME-detections.csv`, where NAME is `path` without
    the ending `.csv`; a folder gets `brands.csv` and so on. Each is written whole or not at all; raises UserFixable
    where that can't be. Returns the three paths."""
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        "brands": (BRAND_COLUMNS, _brands(overlay)),
        "exposures": (EXPOSURE_COLUMNS, _exposures(overlay)),
        "detections": (DETECTION_COLUMNS, _detections(overlay)),
    }
    written = []
    for name, (columns, rows) in tables.items():
        stem = path.stem if path.suffix.casefold() == ".csv" else path.name
        target = path / f"{name}.csv" if path.is_dir() else path.with_name(f"{stem}-{name}.csv")
        write_whole(target, _table(columns, rows))
        written.append(target)
    return tuple(written)


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_safe(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8")


def _safe(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe; it may come off a sign."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _both(overlay: Overlay) -> tuple[tuple[str, ExposureFigures], ...]:
    return (("effective", overlay.effective), ("machine", overlay.machine))


def _brands(overlay: Overlay) -> Iterable[Sequence[Any]]:
    for which, figures in _both(overlay):
        for b in figures.brands:
            yield (which, *_brand(b), figures.currency, overlay.revision if which == "effective" else "")


def _brand(b: BrandExposure) -> Sequence[Any]:
    m = b.media
    money = (m.full_equivalent, m.discounted_equivalent, m.impressions, m.cost_per_thousand)
    return (
        b.column, b.brand_name, b.seconds, b.error, b.filled, len(b.exposures), b.mean, b.longest,
        seconds(b.first), seconds(b.last), b.hits, b.solus, b.share, b.weighted_seconds, b.weighted_share,
        b.quality, b.coverage, *b.bands, b.detections, m.mentions, *("" if v is None else v for v in money),
    )  # fmt: skip


def _exposures(overlay: Overlay) -> Iterable[Sequence[Any]]:
    for which, figures in _both(overlay):
        for b in figures.brands:
            for number, e in enumerate(b.exposures, 1):
                yield (which, b.column, b.brand_name, number, seconds(e.start), seconds(e.end), e.seconds)


def _detections(overlay: Overlay) -> Iterable[Sequence[Any]]:
    run = overlay.run
    for d in sorted(overlay.detections, key=lambda d: (d.seq, d.brand_name, d.polygon)):
        kept = run.kept.get(d.seq)
        yield (
            seconds(run.time_of(d.seq)), kept.seconds if kept is not None else 0.0, d.brand_name, d.text,
            d.source, d.evidence, d.confidence, d.match_score, d.surface, int(d.confirmed),
            str(overlay.by_key[d.appearance].state), d.appearance, d.reason,
            " ".join(f"{x:g} {y:g}" for x, y in d.polygon),
        )  # fmt: skip
