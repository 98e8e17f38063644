"""Snapshots that start from the one before them: always what one made from nothing would be."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from app.commands import Decide
from app.container import open_container
from app.review import ReviewService
from ui.review.snapshot import Snapshot, take_snapshot
from ui.review.wanted import Wanted
from ui.timeline.lanes import LaneBuilder


def told(snapshot: Snapshot) -> dict[str, object]:
    """All that the panes read of a snapshot."""
    keys = sorted(snapshot.every_row)
    return {
        "rows": snapshot.rows,
        "keys": snapshot.keys,
        "places": dict(snapshot.place),
        "left": (snapshot.left, snapshot.total),
        "brands": snapshot.brands,
        "flags": snapshot.flags,
        "row of": [(key, snapshot.row_at(key)) for key in keys],
        "marks": (snapshot.flagged_at.tolist(), snapshot.decided_at.tolist()),
        "boxes": (snapshot.boxes._starts.tolist(), snapshot.boxes._ends.tolist()),
        "lanes": [
            (lane.name, lane.caption, lane.colour, lane.keys, lane.marks.tolist(), lane.starts.tolist())
            for lane in snapshot.timeline.lanes
        ],
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_snapshot_from_the_one_before_is_what_a_new_one_is(demo_library: Path, seed: int) -> None:
    chance = random.Random(seed)
    with open_container(demo_library) as app:
        job = app.jobs.jobs()[0]
        session = ReviewService(app.library, app.runs).open(job.id)
        lanes, held, before = LaneBuilder(), frozenset[str](), None
        for _ in range(25):
            wanted = Wanted(
                undecided=chance.random() < 0.7,
                flagged=chance.random() < 0.2,
                denied=chance.random() < 0.2,
                surface=chance.choice(("", "", "", "scene")),
            ).to_filter()
            before = take_snapshot(session, wanted, held, lanes, before)
            fresh = LaneBuilder()
            fresh._ranks = dict(lanes._ranks)  # the order of lanes is that of their first appearance
            assert told(before) == told(take_snapshot(session, wanted, held, fresh))
            rows = [r for r in before.whole if r.keys]
            row = chance.choice([r for r in rows if not r.decided] or rows)
            keys = row.keys if chance.random() < 0.7 else row.keys[:1]
            kinds = ["reject", "unsure", *(["confirm"] if row.brand_id else [])]
            kind = chance.choice([k for k in kinds if not str(row.state).startswith(k)])
            if chance.random() < 0.15 and app.bus.undo_title:
                change = app.bus.undo()
            else:
                change = app.bus.do(
                    Decide(
                        source_id=job.source_asset_id,
                        job_id=job.id,
                        appearance_keys=keys,
                        kind=kind,  # type: ignore[arg-type]
                    )
                )
            session.refresh(change)
            held = (held | frozenset(keys)) if chance.random() < 0.8 else frozenset()
            if chance.random() < 0.1:
                session.split(row.key)
            elif chance.random() < 0.1:
                session.resort()
