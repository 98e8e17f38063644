"""The report for people: rows of the exposure table and the data series of its plots."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.overlay import Overlay
from app.results import RunResult
from engine.domain.figures import BrandExposure, Column, ExposureFigures
from engine.domain.records import Detection, KeptFrame
from engine.domain.timebase import Span, format_time
from engine.exposure import counting, heat_map
from engine.exposure_factors import miss_probability
from engine.textfold import fold


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column of the exposure table: `text` makes the cell, `value` what it sorts by."""

    key: str
    title: str
    help: str
    text: Callable[[BrandExposure], str]
    value: Callable[[BrandExposure], float | str]
    numeric: bool = True


def _money(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


COLUMNS: tuple[ReportColumn, ...] = (
    ReportColumn(
        "brand", "Brand", "Display name", lambda b: b.brand_name, lambda b: fold(b.brand_name), False
    ),
    ReportColumn(
        "seconds",
        "Seconds",
        "Time on screen, once however many logos, with one sigma of sampling error",
        lambda b: seconds_text(b.seconds, b.error),
        lambda b: b.seconds,
    ),
    ReportColumn(
        "filled",
        "With gaps",
        "Seconds with the gaps inside exposures filled",
        lambda b: f"{b.filled:.1f}",
        lambda b: b.filled,
    ),
    ReportColumn(
        "exposures",
        "Exposures",
        "Sightings joined over short gaps",
        lambda b: str(len(b.exposures)),
        lambda b: len(b.exposures),
    ),
    ReportColumn("mean", "Mean", "Mean seconds of an exposure", lambda b: f"{b.mean:.1f}", lambda b: b.mean),
    ReportColumn(
        "longest", "Longest", "Seconds of the longest", lambda b: f"{b.longest:.1f}", lambda b: b.longest
    ),
    ReportColumn("first", "First", "First seen at", lambda b: format_time(b.first), lambda b: b.first),
    ReportColumn("last", "Last", "Last seen at", lambda b: format_time(b.last), lambda b: b.last),
    ReportColumn(
        "hits", "Hits", "Logo seconds: every logo counts", lambda b: f"{b.hits:.1f}", lambda b: b.hits
    ),
    ReportColumn(
        "solus",
        "Solus",
        "Seconds as the only brand on screen",
        lambda b: f"{b.solus:.1f}",
        lambda b: b.solus,
    ),
    ReportColumn(
        "share",
        "Share of voice",
        "Share of all brands' seconds",
        lambda b: f"{b.share * 100:.1f} %",
        lambda b: b.share,
    ),
    ReportColumn(
        "quality",
        "Quality",
        "Mean frame score of the scoring preset, 0 to 1",
        lambda b: f"{b.quality:.2f}",
        lambda b: b.quality,
    ),
    ReportColumn(
        "weighted",
        "Weighted seconds",
        "Seconds times quality",
        lambda b: f"{b.weighted_seconds:.1f}",
        lambda b: b.weighted_seconds,
    ),
    ReportColumn(
        "coverage",
        "Coverage",
        "Mean share of the picture over the analysed time",
        lambda b: f"{b.coverage * 100:.3f} %",
        lambda b: b.coverage,
    ),
    ReportColumn(
        "media",
        "Media equivalent (estimate)",
        "Full media equivalent; needs the price per 30 s",
        lambda b: _money(b.media.full_equivalent),
        lambda b: b.media.full_equivalent or 0.0,
    ),
    ReportColumn(
        "impressions",
        "Impressions (estimate)",
        "Needs the average viewers",
        lambda b: _money(b.media.impressions),
        lambda b: b.media.impressions or 0.0,
    ),
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One brand in one column: run + decisions, and the run alone; None where only the other one knows it."""

    brand_id: str
    brand_name: str
    column: Column
    effective: BrandExposure | None
    machine: BrandExposure | None

    @property
    def shown(self) -> BrandExposure:
        """The figures that the row shows: the effective ones, else the machine's."""
        found = self.effective or self.machine
        assert found is not None
        return found

    @property
    def seconds_by_people(self) -> float:
        """What decisions added to (or took from) the machine's seconds."""
        after = self.effective.seconds if self.effective else 0.0
        return after - (self.machine.seconds if self.machine else 0.0)


def report_rows(overlay: Overlay) -> tuple[ReportRow, ...]:
    """The rows of the exposure table: counted brands first, then captions, then models' brands, each with the
    most seconds first. A brand whose every sighting was rejected stays in the table with nothing effective."""
    effective = _by_brand(overlay.effective)
    machine = _by_brand(overlay.machine)
    rows = []
    for place in {**effective, **machine}:
        known = effective.get(place) or machine[place]
        rows.append(
            ReportRow(
                brand_id=known.brand_id,
                brand_name=known.brand_name,
                column=known.column,
                effective=effective.get(place),
                machine=machine.get(place),
            )
        )
    order = {"counted": 0, "caption": 1, "model": 2}
    return tuple(
        sorted(
            rows,
            key=lambda r: (
                order[r.column],
                -(r.effective.seconds if r.effective else 0.0),
                fold(r.brand_name),
            ),
        )
    )


def place_of(brand: BrandExposure) -> tuple[Column, str]:
    """A brand in its column: what stays the same from figures to figures."""
    return brand.column, brand.brand_id or brand.brand_name


def _by_brand(figures: ExposureFigures) -> dict[tuple[Column, str], BrandExposure]:
    return {place_of(b): b for b in figures.brands}


def seconds_text(seconds: float, error: float) -> str:
    """Seconds with one sigma of sampling error: `412 s ± 5 s`, tenths below a hundred seconds."""
    if seconds >= 100:
        return f"{seconds:.0f} s ± {error:.0f} s"
    return f"{seconds:.1f} s ± {error:.1f} s"


def sampling_note(figures: ExposureFigures) -> str:
    """What a reader must know of the figures' limits, in a sentence."""
    half = figures.step / 2
    return (
        f"Sampled every {figures.step:.3g} s: an appearance of {half:.3g} s is missed with a probability of "
        f"{miss_probability(half, figures.step) * 100:.0f} %. {figures.analysed:.1f} s were analysed; of these "
        f"{figures.excluded:.1f} s were left out and {figures.unknown:.1f} s could not be seen."
    )


@dataclass(frozen=True, slots=True)
class Lane:
    """A brand's row of the timeline: the share of each time step (0..1) in which it was on screen."""

    brand_id: str
    brand_name: str
    column: Column
    values: NDArray[np.float32]


def timeline(overlay: Overlay, steps: int = 600) -> tuple[Lane, ...]:
    """Heat rows over the analysed range, parted into `steps` equal steps, in the order of the report's rows.
    Values follow the exposures' moments: gaps inside an exposure stay empty."""
    spans = overlay.run.analysed
    if not spans or steps < 1:
        return ()
    start, end = spans[0].start, max(s.end for s in spans)
    edges = np.linspace(start, end, steps + 1)
    width = (end - start) / steps
    seen = _counting(overlay.run, overlay.detections, overlay.effective.brands)
    kept = overlay.run.kept
    lanes = []
    for row in report_rows(overlay):
        if row.effective is None:
            continue
        found = seen.get(place_of(row.effective), ())
        pieces = [piece for _, piece in _moments(found, row.effective, kept)]
        values = np.zeros(steps, np.float64)
        for piece in pieces:
            first = min(steps - 1, int((piece.start - start) // width))
            last = min(steps - 1, int((piece.end - start - 1) // width))
            for step in range(max(0, first), last + 1):
                inside = min(piece.end, edges[step + 1]) - max(piece.start, edges[step])
                values[step] += max(0.0, float(inside)) / width
        lanes.append(
            Lane(row.brand_id, row.brand_name, row.column, np.minimum(values, 1.0).astype(np.float32))
        )
    return tuple(lanes)


def share_of_voice(overlay: Overlay, most: int = 8) -> tuple[tuple[str, float], ...]:
    """Counted brands' shares of voice, largest first; what lies beyond `most` brands is one last entry with
    an empty name."""
    shares = [(b.brand_name, b.share) for b in overlay.effective.counted()]
    rest = sum(value for _, value in shares[most:])
    return (*shares[:most], ("", round(rest, 6))) if rest > 0 else tuple(shares)


def positions(
    overlay: Overlay,
    brand: BrandExposure | None = None,
    columns: int = 32,
    rows: int = 18,
    *,
    machine: bool = False,
) -> NDArray[np.float64]:
    """Seconds for which each cell of the picture was covered by the signs that one brand's figures count, or those of
    all counted brands, shape (rows, columns). `machine`: by the run alone."""
    run = overlay.run
    figures = overlay.machine if machine else overlay.effective
    detections = overlay.machine_detections if machine else overlay.detections
    brands = figures.counted() if brand is None else (brand,)
    seen = _counting(run, detections, brands)
    chosen = []
    for b in brands:
        found = seen.get(place_of(b), ())
        frames = {seq for seq, _ in _moments(found, b, run.kept)}
        chosen += [d for d in found if d.seq in frames]
    return heat_map(run.kept.values(), chosen, run.picture, columns, rows)


def _counting(
    run: RunResult, detections: Iterable[Detection], brands: Iterable[BrandExposure]
) -> dict[tuple[Column, str], list[Detection]]:
    """What counts of these brands on kept frames, by `place_of` each."""
    settings, places = run.report_settings, {place_of(b) for b in brands}

    def place(d: Detection) -> tuple[Column, str]:
        return _column(d, settings.count_captions), d.brand_id or d.brand_name

    found: dict[tuple[Column, str], list[Detection]] = defaultdict(list)
    of_brands = [d for d in detections if d.seq in run.kept and place(d) in places]
    for d in counting(of_brands, settings):
        found[place(d)].append(d)
    return found


def _moments(
    detections: Iterable[Detection], brand: BrandExposure, kept: Mapping[int, KeptFrame]
) -> list[tuple[int, Span]]:
    """The frames of these detections (seq) and the moments that they stand for, in order, as far as they lie in the
    brand's exposures: too short ones were dropped."""
    starts = [e.start for e in brand.exposures]
    found = []
    for seq in sorted({d.seq for d in detections}):
        for span in kept[seq].spans:
            at = bisect_right(starts, span.start) - 1
            if at >= 0 and span.end <= brand.exposures[at].end:
                found.append((seq, span))
    return found


def _column(d: Detection, count_captions: bool) -> Column:
    if not d.confirmed:
        return "model"
    return "caption" if d.surface == "caption" and not count_captions else "counted"
