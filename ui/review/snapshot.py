"""What the review area shows of a run at one moment: made off the main thread, frozen, swapped in as a whole.

Between two snapshots of a run a few rows of many thousand change, so a snapshot starts from the one before it: what
is the same object is not looked at again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ui.review.scene import BoxIndex
from ui.timeline.data import TimelineData
from ui.timeline.lanes import LaneBuilder

if TYPE_CHECKING:
    from app.overlay import EffectiveAppearance, Overlay
    from app.review import ReviewSession
    from app.review_rows import Flag, QueueFilter, QueueRow

_key = attrgetter("key")


class Places(Mapping[str, int]):
    """Where the row stands that holds an appearance's (or a row's) key."""

    def __init__(
        self, keys: tuple[str, ...], every_row: Mapping[str, QueueRow], before: Snapshot | None = None
    ) -> None:
        """`keys` are the shown rows' in their order."""
        self._row_of = every_row
        self._number: dict[str, int]
        if before is not None and isinstance(before.place, Places) and before.keys == keys:
            self._number = before.place._number
        else:
            self._number = dict(zip(keys, range(len(keys)), strict=True))

    def __getitem__(self, key: str) -> int:
        row = self._row_of.get(key)
        return self._number[key if row is None else row.key]

    def __iter__(self) -> Iterator[str]:
        return (key for key, row in self._row_of.items() if row.key in self._number)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What is counted over rows: all brands, and flags of those that pass the filter's lasting part."""

    brands: Counter[tuple[str, str]]
    flags: Counter[frozenset[Flag]]
    left: int

    def moved(self, gone: Sequence[QueueRow], fresh: Sequence[QueueRow], base: QueueFilter) -> Tally:
        """The counts once some rows are others."""
        less, more = tally(gone, base), tally(fresh, base)
        brands, flags = self.brands.copy(), self.flags.copy()
        brands.subtract(less.brands)
        brands.update(more.brands)
        flags.subtract(less.flags)
        flags.update(more.flags)
        return Tally(brands, flags, self.left - less.left + more.left)


def tally(rows: Sequence[QueueRow], base: QueueFilter) -> Tally:
    """Counts over rows, one by one."""
    every = base.lets(rows)
    return Tally(
        brands=Counter(map(attrgetter("brand_id", "brand_name"), rows)),
        flags=Counter(map(attrgetter("flags"), every)),
        left=sum(not r.decided for r in every),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Rows that pass the filter (and those that were decided while it stood), what is left, boxes by time."""

    overlay: Overlay
    rows: tuple[QueueRow, ...]
    keys: tuple[str, ...]
    """The rows' keys, in their order."""
    place: Mapping[str, int]
    """Number of the row that holds an appearance's key."""
    total: int
    tally: Tally
    boxes: BoxIndex
    timeline: TimelineData
    appearances: Mapping[str, EffectiveAppearance]
    every_row: Mapping[str, QueueRow]
    """The row of each appearance, filtered out or not."""
    whole: tuple[QueueRow, ...]
    """All rows, whatever the filter says."""
    base: QueueFilter
    """The filter without what decisions change."""
    flagged_at: NDArray[np.int64]
    """Starts (microseconds) of the shown rows that are flagged and not decided."""
    decided_at: NDArray[np.int64]
    """Starts of the appearances that people decided on."""

    def row_at(self, key: str) -> QueueRow | None:
        """The row that holds an appearance, whether it passes the filter or not."""
        return self.every_row.get(key)

    @property
    def left(self) -> int:
        """Rows that nobody has decided."""
        return self.tally.left

    @property
    def brands(self) -> tuple[tuple[str, str, int], ...]:
        """(id, name, rows) of all brands in the queue, the most frequent first."""
        named = [(brand, name, n) for (brand, name), n in self.tally.brands.items() if name and n]
        return tuple(sorted(named, key=lambda item: (-item[2], item[1])))

    @property
    def flags(self) -> Mapping[str, int]:
        """Rows by the name of a flag that they have."""
        counts: Counter[str] = Counter()
        for flags, n in self.tally.flags.items():
            counts.update({str(flag): n for flag in flags})
        return dict(counts)


def take_snapshot(
    session: ReviewSession,
    wanted: QueueFilter,
    held: frozenset[str],
    lanes: LaneBuilder,
    before: Snapshot | None = None,
) -> Snapshot:
    """The session as it is now. `held` are keys that stay in the list though they no longer pass the filter;
    `before` is an earlier snapshot, of whichever run."""
    whole = tuple(session.queue(type(wanted)(denied=True)))
    overlay = session.overlay
    base = replace(wanted, undecided=False, flagged=False, flags=frozenset(), states=frozenset())
    every = base.lets(whole)
    gone, fresh = _others(whole, before)
    every_row = _by_appearance(gone, fresh, before)
    rows = _shown(every, wanted, [every_row[key] for key in held if key in every_row])
    keys = tuple(map(_key, rows))
    if before is not None and gone is not None and before.base == base:
        counts = before.tally.moved(gone, fresh, base)
    else:
        counts = tally(whole, base)
    return Snapshot(
        overlay=overlay,
        rows=rows,
        keys=keys,
        place=Places(keys, every_row, before),
        total=len(every),
        tally=counts,
        boxes=BoxIndex(overlay.run, overlay.appearances, before.boxes if before is not None else None),
        timeline=lanes.build(overlay.run, overlay.appearances, overlay.names, denied=wanted.denied),
        appearances=overlay.by_key,
        every_row=every_row,
        whole=whole,
        base=base,
        flagged_at=_starts([r for r in rows if r.flags and not r.decided]),
        decided_at=_starts([a for a in overlay.appearances if a.decided]),
    )


def _others(
    whole: tuple[QueueRow, ...], before: Snapshot | None
) -> tuple[list[QueueRow] | None, Sequence[QueueRow]]:
    """The rows of the snapshot before that are there no longer, and those that weren't there; (None, all rows)
    where the two have nothing in common."""
    if before is not None:
        now, then = set(map(id, whole)), set(map(id, before.whole))
        if not now.isdisjoint(then):
            return [r for r in before.whole if id(r) not in now], [r for r in whole if id(r) not in then]
    return None, whole


def _by_appearance(
    gone: list[QueueRow] | None, fresh: Iterable[QueueRow], before: Snapshot | None
) -> dict[str, QueueRow]:
    """The row of each key."""
    found: dict[str, QueueRow] = {}
    if before is not None and gone is not None:
        found = dict(before.every_row)
        for row in gone:
            for key in (*row.keys, row.key):
                found.pop(key, None)
    for row in fresh:
        found[row.key] = row
        for key in row.keys:
            found[key] = row
    return found


def _shown(every: list[QueueRow], wanted: QueueFilter, held: Iterable[QueueRow]) -> tuple[QueueRow, ...]:
    """The rows that pass, and those that are held in the list, in the queue's order."""
    passing = wanted.lets(every)
    if len(passing) == len(every):
        return tuple(every)
    there = set(map(id, passing))
    there.update(map(id, held))
    return tuple(r for r in every if id(r) in there)


def _starts(things: Sequence[QueueRow] | Sequence[EffectiveAppearance]) -> NDArray[np.int64]:
    return np.fromiter((thing.span.start for thing in things), np.int64, len(things))
