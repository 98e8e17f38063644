"""What the review area shows of a run at one moment: made off the main thread, frozen, swapped in as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ui.review.scene import BoxIndex
from ui.timeline.data import TimelineData
from ui.timeline.lanes import LaneBuilder

if TYPE_CHECKING:
    from app.overlay import EffectiveAppearance, Overlay
    from app.review import ReviewSession
    from app.review_rows import QueueFilter, QueueRow


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Rows that pass the filter (and those that were decided while it stood), what is left, boxes by time."""

    overlay: Overlay
    rows: tuple[QueueRow, ...]
    place: Mapping[str, int]
    """Number of the row that holds an appearance's key."""
    left: int
    total: int
    brands: tuple[tuple[str, str, int], ...]
    """(id, name, rows) of all brands in the queue, the most frequent first."""
    flags: Mapping[str, int]
    boxes: BoxIndex
    timeline: TimelineData
    appearances: Mapping[str, EffectiveAppearance]
    every_row: Mapping[str, QueueRow]
    """The row of each appearance, filtered out or not."""

    def row_at(self, key: str) -> QueueRow | None:
        """The row that holds an appearance, whether it passes the filter or not."""
        return self.every_row.get(key)


def take_snapshot(
    session: ReviewSession, wanted: QueueFilter, held: frozenset[str], lanes: LaneBuilder
) -> Snapshot:
    """The session as it is now. `held` are keys that stay in the list though they no longer pass the filter."""
    base = replace(wanted, undecided=False, flagged=False, flags=frozenset(), states=frozenset())
    every = session.queue(base)
    passing = {id(row) for row in wanted.lets(every)}
    rows = tuple(r for r in every if id(r) in passing or (held and not held.isdisjoint(r.keys)))
    place: dict[str, int] = {}
    for number, row in enumerate(rows):
        place[row.key] = number
        for key in row.keys:
            place[key] = number
    overlay = session.overlay
    whole = session.queue(type(wanted)(denied=True))
    return Snapshot(
        overlay=overlay,
        rows=rows,
        place=place,
        left=sum(not r.decided for r in every),
        total=len(every),
        brands=_brands(whole),
        flags=_flags(every),
        boxes=BoxIndex(overlay.run, overlay.appearances),
        timeline=lanes.build(overlay.run, overlay.appearances, overlay.names, denied=wanted.denied),
        appearances=overlay.by_key,
        every_row={key: row for row in whole for key in (*row.keys, row.key)},
    )


def _brands(rows: list[Any]) -> tuple[tuple[str, str, int], ...]:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.brand_name:
            place = row.brand_id, row.brand_name
            counts[place] = counts.get(place, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][1]))
    return tuple((brand, name, n) for (brand, name), n in ordered)


def _flags(rows: list[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        for flag in row.flags:
            counts[str(flag)] = counts.get(str(flag), 0) + 1
    return counts
