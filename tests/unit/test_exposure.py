"""Exposure figures: golden cases, and what must hold for any input."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.errors import UserFixable
from engine.domain.figures import BrandExposure, ExposureFigures
from engine.domain.geometry import rectangle
from engine.domain.records import Detection, KeptFrame
from engine.exposure import exposure_figures, heat_map
from engine.exposure_tables import Picture
from engine.stage_settings import CompileReportSettings
from tests.builders import HEIGHT, WIDTH, detection, kept_frames, moved, span, tiled

ANALYSED = 60.0


def figures(
    kept: list[KeptFrame], detections: list[Detection], step: float = 0.5, **settings: Any
) -> ExposureFigures:
    picture = Picture(WIDTH, HEIGHT, step, ANALYSED)
    return exposure_figures(kept, detections, CompileReportSettings(**settings), picture)


def only(found: ExposureFigures) -> BrandExposure:
    (brand,) = found.brands
    return brand


# Golden cases -------------------------------------------------------------------------------------------


def test_full_media_equivalent_of_43_seconds_and_two_mentions() -> None:
    kept = tiled(43)
    found = only(figures(kept, [detection(k.seq) for k in kept], price_per_30s=45_000.0, mentions="ACME=2"))
    assert found.seconds == 43.0
    assert found.media.mentions == 2
    assert found.media.full_equivalent == 94_500.0


def test_two_logos_of_one_brand_for_ten_seconds() -> None:
    kept = tiled(10)
    other = rectangle(0, 0, 100, 50)
    found = only(figures(kept, [detection(k.seq, poly=p) for k in kept for p in (other, rectangle(*BOX2))]))
    assert (found.seconds, found.hits, found.solus) == (10.0, 20.0, 10.0)


BOX2 = (300, 300, 400, 340)


def test_two_brands_for_ten_seconds() -> None:
    kept = tiled(10)
    found = figures(kept, [detection(k.seq, name) for k in kept for name in ("Acme", "Bolt")])
    assert [(b.brand_name, b.solus, b.share) for b in found.brands] == [
        ("Acme", 0.0, 0.5),
        ("Bolt", 0.0, 0.5),
    ]


@pytest.mark.parametrize(("gap", "exposures"), [(1.9, 1), (2.0, 2), (2.1, 2)])
def test_a_gap_shorter_than_two_seconds_joins(gap: float, exposures: int) -> None:
    kept = kept_frames([span(0, 1), span(1, 1 + gap), span(1 + gap, 2 + gap)])
    found = only(figures(kept, [detection(0), detection(2)]))
    assert len(found.exposures) == exposures
    assert found.seconds == 2.0
    assert found.filled == pytest.approx(2 + gap if exposures == 1 else 2.0)


def test_dropped_near_duplicates_change_no_second() -> None:
    apart = kept_frames([span(0, 0.5), span(0.5, 1), span(1, 1.5), span(1.5, 2)])
    listed = kept_frames([span(0, 0.5), [span(0.5, 1), span(1, 1.5), span(1.5, 2)]])
    joined = kept_frames([span(0, 0.5), span(0.5, 2)])
    settings: dict[str, Any] = {"preset": "qi_like", "duration_weight": "decaying"}
    whole = only(figures(apart, [detection(s) for s in range(1, 4)], **settings))
    assert whole.seconds == 1.5
    for kept in (listed, joined):
        found = only(figures(kept, [detection(1)], **settings))
        for key in ("seconds", "error", "filled", "exposures", "hits", "solus", "weighted_seconds", "grid"):
            assert getattr(found, key) == getattr(whole, key), key


# Definitions --------------------------------------------------------------------------------------------


def test_a_single_sample_at_two_a_second_counts_even_cut_short() -> None:
    assert only(figures(kept_frames([span(0, 0.5)]), [detection(0)])).seconds == 0.5
    assert only(figures(kept_frames([span(0, 0.25)]), [detection(0)])).seconds == 0.25


def test_exposures_too_short_for_the_minimum_are_dropped_with_all_their_figures() -> None:
    kept = tiled(4, fps=Fraction(5))
    found = figures(kept, [detection(0), *(detection(s) for s in range(15, 20))], step=0.2, gap=1.0)
    assert [(e.start, e.seconds) for e in only(found).exposures] == [(2_900_000, 1.1)]
    assert only(found).hits == 1.1
    alone = figures(kept, [detection(9), *(detection(s, "Bolt") for s in range(5, 15))], step=0.2)
    assert [(b.brand_name, b.solus) for b in alone.brands] == [("Bolt", 2.0)]


def test_sampling_error_grows_with_the_root_of_the_number_of_exposures() -> None:
    kept = tiled(30)
    found = only(figures(kept, [detection(s) for s in (0, 1, 20, 21, 40, 41, 58)]))
    assert len(found.exposures) == 4
    assert found.error == pytest.approx(0.5 * math.sqrt(4) / 2)


def test_captions_and_unconfirmed_brands_have_columns_of_their_own() -> None:
    kept = tiled(10)
    seen = [detection(k.seq) for k in kept]
    seen += [detection(k.seq, "Clock", surface="caption") for k in kept]
    seen += [detection(k.seq, "Ghost", source="local_vlm", confirmed=False) for k in kept]
    found = figures(kept, seen)
    assert [(b.brand_name, b.column) for b in found.brands] == [
        ("Acme", "counted"), ("Clock", "caption"), ("Ghost", "model"),
    ]  # fmt: skip
    assert (found.counted()[0].share, found.counted()[0].solus) == (1.0, 10.0)
    with_captions = figures(kept, seen, count_captions=True)
    assert [(b.brand_name, b.share) for b in with_captions.counted()] == [("Acme", 0.5), ("Clock", 0.5)]


@pytest.mark.parametrize(
    ("limit", "seen"),
    [
        ({"min_confidence": 0.8}, {"confidence": 0.79}),
        ({"min_height": 60.0}, {}),
        ({"min_clarity": 0.6}, {"clarity": 300.0}),
        ({"min_visible": 0.95}, {"visible": 0.9}),
    ],
)
def test_what_is_not_countable_counts_for_nothing(limit: dict[str, Any], seen: dict[str, Any]) -> None:
    kept = tiled(2)
    assert figures(kept, [detection(0, **seen)]).brands
    assert not figures(kept, [detection(0, **seen)], **limit).brands


def test_size_bands_coverage_and_grid() -> None:
    kept = kept_frames([span(0, 1), span(1, 3)])
    large = rectangle(0, 0, 500, 250)
    found = only(figures(kept, [detection(0), detection(1, poly=large)]))
    assert found.bands == (1.0, 0.0, 0.0, 2.0)
    assert found.coverage == pytest.approx((1 * 0.02 + 2 * 0.25) / ANALYSED, abs=1e-6)
    assert found.grid == (2.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)


def test_quality_weighs_seconds() -> None:
    kept = tiled(10)
    seen = [detection(k.seq, clarity=300.0) for k in kept]
    plain = only(figures(kept, seen))
    assert (plain.quality, plain.weighted_seconds) == (1.0, 10.0)
    clear = only(figures(kept, seen, factor_weights="C=1"))
    assert (clear.factors.clarity, clear.quality, clear.weighted_seconds) == (0.5, 0.5, 5.0)
    squared = only(figures(kept, seen, factor_weights="C=2"))
    assert squared.quality == 0.25
    mean = only(figures(kept, seen, preset="six_factor_like", factor_weights="C=1 V=3"))
    assert mean.quality == pytest.approx((0.5 + 3) / 4)


def test_decaying_duration_is_the_exact_integral() -> None:
    kept = tiled(10)
    found = only(figures(kept, [detection(k.seq) for k in kept], duration_weight="decaying"))
    assert found.weighted_seconds == pytest.approx(10 / math.log(2) * 0.5, abs=1e-5)


def test_money_is_left_out_without_a_price() -> None:
    kept = tiled(30)
    media = only(figures(kept, [detection(k.seq) for k in kept])).media
    assert (media.full_equivalent, media.impressions, media.cost_per_thousand) == (None, None, None)
    media = only(
        figures(kept, [detection(k.seq) for k in kept], price_per_30s=600.0, viewers=5000, fee=1000.0)
    ).media
    assert (media.discounted_equivalent, media.impressions, media.cost_per_thousand) == (600.0, 5000.0, 200.0)


def test_heat_map_covers_the_cells_under_the_box() -> None:
    kept = kept_frames([span(0, 1), [span(1, 2), span(3, 4)]])
    picture = Picture(WIDTH, HEIGHT, 0.5, ANALYSED)
    heat = heat_map(kept, [detection(0), detection(1)], picture, columns=10, rows=10)
    assert heat.sum() == pytest.approx(3.0 * 2)
    assert heat[4, 4] == heat[4, 5] == 3.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"position_grid": "1 2 3"},
        {"factor_weights": "Q=1"},
        {"mentions": "Acme"},
        {"placements": "shirt=1"},
        {"preset": "secret"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserFixable):
        CompileReportSettings(**wrong)


def test_nothing_seen_gives_no_rows() -> None:
    assert figures(tiled(5), []).brands == ()
    assert figures([], [detection(0)]).brands == ()


# What holds for any input -------------------------------------------------------------------------------

sightings = st.lists(
    st.tuples(
        st.integers(0, 59), st.sampled_from(["Acme", "Bolt", "Cord"]), st.integers(0, 380), st.booleans()
    ),
    max_size=60,
)


def _detections(drawn: list[tuple[int, str, int, bool]]) -> list[Detection]:
    box = rectangle(0, 0, 130, 41)
    return [
        detection(seq, name, moved(box, x, x), clarity=100.0 + x, surface="caption" if caption else "scene")
        for seq, name, x, caption in drawn
    ]


@given(sightings, st.randoms(use_true_random=False), st.sampled_from(["qi_like", "six_factor_like"]))
def test_order_of_input_does_not_matter(
    drawn: list[tuple[int, str, int, bool]], shuffler: random.Random, preset: str
) -> None:
    kept, seen = tiled(30), _detections(drawn)
    first = figures(kept, seen, preset=preset, share_of_voice="area")
    shuffler.shuffle(kept)
    shuffler.shuffle(seen)
    assert figures(kept, seen, preset=preset, share_of_voice="area") == first


@given(sightings)
def test_figures_are_consistent(drawn: list[tuple[int, str, int, bool]]) -> None:
    found = figures(tiled(30), _detections(drawn), preset="brand_matrix_like")
    counted = found.counted()
    if counted:
        assert sum(b.share for b in counted) == pytest.approx(1.0, abs=1e-5)
    for b in found.brands:
        assert b.solus <= b.seconds <= b.hits + 1e-6
        assert b.seconds <= b.filled + 1e-6 <= 30.0 + 2e-6
        assert sum(e.seconds for e in b.exposures) == pytest.approx(b.seconds)
        assert sum(b.bands) == pytest.approx(b.seconds)
        assert sum(b.grid) == pytest.approx(b.hits)
        assert 0 <= b.quality <= 1
        assert all(x.end <= y.start for x, y in pairwise(b.exposures))


@given(sightings, st.lists(st.integers(1, 59), max_size=20))
def test_a_twin_takes_over_the_time_of_what_it_stands_for(
    drawn: list[tuple[int, str, int, bool]], dropped: list[int]
) -> None:
    full = tiled(30)
    seen = _detections(drawn)
    gone = set(dropped)
    keeper = {k.seq: k.seq for k in full}
    for seq in range(1, 60):
        keeper[seq] = keeper[seq - 1] if seq in gone else seq
    copied = [
        detection(seq, d.brand_name, d.polygon, clarity=d.clarity, surface=d.surface)
        for seq in range(60)
        for d in seen
        if d.seq == keeper[seq]
    ]
    thinned = [
        KeptFrame(k.seq, tuple(o.spans[0] for o in full if keeper[o.seq] == k.seq), 0)
        for k in full
        if keeper[k.seq] == k.seq
    ]
    few = figures(thinned, [d for d in seen if d.seq not in gone])
    many = figures(full, copied)
    assert [(b.brand_name, b.column, b.exposures, b.solus, b.hits) for b in few.brands] == [
        (b.brand_name, b.column, b.exposures, b.solus, b.hits) for b in many.brands
    ]
