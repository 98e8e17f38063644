"""Two runs side by side, and the report's rows and series."""

from __future__ import annotations

import msgspec
import pytest

from app.compare import Change, compare_runs
from app.overlay import Names, build_overlay
from app.report import positions, report_rows, sampling_note, seconds_text, share_of_voice, timeline
from engine.domain.decisions import DecisionKind
from engine.domain.stages import StageName
from tests.builders import BOX, appearance, decided, moved, run_result

UP, DOWN = moved(BOX, 0, -150), moved(BOX, 0, 150)
BEFORE = run_result(
    [
        appearance(range(10), "Acme", key="same"),
        appearance(range(10), "Bolt", key="label", poly=UP),
        appearance(range(20, 30), "Cord", key="gone", poly=DOWN),
        appearance(range(40, 50), "Dorn", key="weak", verdict="review"),
    ]
)
AFTER = run_result(
    [
        appearance(range(5), "Acme", key="first half"),
        appearance(range(5, 10), "Acme", key="second half"),
        appearance(range(10), "Bold", key="label 2", poly=UP),
        appearance(range(40, 50), "Dorn", key="weak"),
        appearance(range(50, 60), "Esk", key="new", poly=UP),
    ],
    settings={"match_brands": {"accept": 80.0}},
    part_key="part-b",
    job_id="job-2",
)


def test_sightings_added_removed_and_relabelled() -> None:
    found = compare_runs(BEFORE, AFTER).sightings
    assert [(d.change, d.brand_before, d.brand_after, d.seq, d.note) for d in found] == [
        (Change.RELABELLED, "Bolt", "Bold", 5, ""),
        (Change.REMOVED, "Cord", "", 25, "nothing is seen there now"),
        (Change.ADDED, "", "Dorn", 45, "was review"),
        (Change.ADDED, "", "Esk", 55, "nothing was seen there"),
    ]
    assert [d.time for d in found] == [2_500_000, 12_500_000, 22_500_000, 27_500_000]


def test_seconds_by_brand() -> None:
    change = {b.brand_name: b.seconds_change for b in compare_runs(BEFORE, AFTER).brands}
    assert change == {"Acme": 0.0, "Bolt": -4.75, "Bold": 4.75, "Cord": -5.0, "Dorn": 5.0, "Esk": 5.25}


def test_a_merge_makes_a_relabelled_sighting_no_change() -> None:
    names = Names({"id-bolt": "id-bold"}, {"id-bold": "Bold"})
    diff = compare_runs(BEFORE, AFTER, names)
    assert Change.RELABELLED not in {d.change for d in diff.sightings}
    assert [b.seconds_change for b in diff.brands if b.brand_name == "Bold"] == [0.0]


def test_settings_funnel_and_shared_parts() -> None:
    diff = compare_runs(BEFORE, AFTER)
    assert [(s.stage, s.key, s.before, s.after) for s in diff.settings] == [
        (StageName.MATCH_BRANDS, "accept", 90.0, 80.0)
    ]
    assert {c.name: (c.before, c.after) for c in diff.funnel}["review"] == (1, 0)
    assert not any(s.shared for s in diff.stages)
    again = compare_runs(BEFORE, BEFORE)
    assert again.sightings == () and again.settings == ()
    assert [s.stage for s in again.stages if s.shared] == [StageName.DETECT_REGIONS]


def test_report_rows_keep_what_people_rejected() -> None:
    said = [
        decided(BEFORE, DecisionKind.REJECT, "gone", revision=1),
        decided(BEFORE, DecisionKind.CONFIRM, "weak", revision=2),
    ]
    rows = report_rows(build_overlay(BEFORE, said))
    assert [(r.brand_name, r.seconds_by_people) for r in rows] == [
        ("Dorn", 5.0),
        ("Acme", 0.0),
        ("Bolt", 0.0),
        ("Cord", -5.0),
    ]
    assert rows[-1].effective is None and rows[-1].shown.seconds == 5.0


def test_series_of_the_plots() -> None:
    overlay = build_overlay(BEFORE, ())
    lanes = timeline(overlay, steps=30)
    assert [lane.brand_name for lane in lanes] == ["Cord", "Acme", "Bolt"]
    assert lanes[0].values.sum() == pytest.approx(5.0)
    assert lanes[0].values[10] == pytest.approx(1.0)
    shares = share_of_voice(overlay, most=1)
    assert [name for name, _ in shares] == ["Cord", ""]
    assert sum(value for _, value in shares) == pytest.approx(1.0, abs=1e-5)
    cord = next(b for b in overlay.effective.brands if b.brand_id == "id-cord")
    heat = positions(overlay, cord, columns=10, rows=10)
    assert heat.max() == pytest.approx(5.0) and heat[:5].max() == 0.0


def test_plots_show_what_the_figures_count() -> None:
    """Frames that are too blurred to count, and an exposure that is too short, are in no plot."""
    cord = appearance(range(10), "Cord", key="cord")
    dull = msgspec.structs.replace(
        cord, seen=tuple(msgspec.structs.replace(s, clarity=0.0) if s.seq > 5 else s for s in cord.seen)
    )
    short = appearance(range(40, 41), "Cord", key="short")
    run = run_result([dull, short], settings={"compile_report": {"minimum": 2.0}})
    overlay = build_overlay(run, ())
    (b,) = overlay.effective.counted()
    assert b.seconds == 2.75
    (lane,) = timeline(overlay, steps=60)
    assert lane.values.sum() / 60 * 30 == pytest.approx(b.seconds)
    assert positions(overlay).max() == pytest.approx(b.seconds)


def test_words() -> None:
    assert seconds_text(412.3, 5.2) == "412 s ± 5 s"
    assert seconds_text(9.75, 0.25) == "9.8 s ± 0.2 s"
    assert "missed with a probability of 50 %" in sampling_note(build_overlay(BEFORE, ()).machine)
