"""Look-alikes put together into rows, in an order that stays while one works; only what changed is made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from app.overlay import EffectiveAppearance
from app.review_rows import Flag, QueueRow

Group = tuple[object, ...]


class Unit(msgspec.Struct, frozen=True, gc=False):
    """One appearance as the queue sees it, before look-alikes are put together: those of one `group` share a row."""

    shown: EffectiveAppearance
    group: Group
    flags: frozenset[Flag]
    uncertainty: float
    seconds: float


class QueueOrder:
    """The rows of a queue. `make` makes a row of the units of one group. Confined to one thread at a time."""

    def __init__(self, make: Callable[[Sequence[Unit]], QueueRow]) -> None:
        self._make = make
        self.units: dict[str, Unit] = {}
        self._split: set[str] = set()
        self._groups: dict[Group, dict[str, Unit]] = {}
        self._made: dict[Group, tuple[int, QueueRow]] = {}
        self._loose: dict[str, QueueRow] = {}
        self._rank: dict[str, int] = {}
        self._rows: list[QueueRow] | None = None

    def load(self, units: Iterable[Unit], loose: Iterable[QueueRow]) -> None:
        """Start from all units anew; `loose` rows (orphans) belong to no unit. The order of what was there stays."""
        self.units = {u.shown.key: u for u in units}
        self._loose = {r.key: r for r in loose}
        self._regroup()

    def put(self, unit: Unit) -> None:
        """Take a changed unit."""
        key = unit.shown.key
        self.drop(key)
        self.units[key] = unit
        group = self._place(unit)
        self._groups.setdefault(group, {})[key] = unit
        self._made.pop(group, None)
        self._rows = None

    def drop(self, key: str) -> None:
        """Forget a unit."""
        unit = self.units.pop(key, None)
        if unit is None:
            return
        group = self._place(unit)
        members = self._groups[group]
        del members[key]
        if not members:
            del self._groups[group]
        self._made.pop(group, None)
        self._rows = None

    def split(self, keys: Iterable[str]) -> None:
        """Let each of these stand in a row of its own."""
        self._split.update(keys)
        self._regroup()

    def join(self, group: Group) -> None:
        """Put what was split off a group together again."""
        self._split -= {k for k, u in self.units.items() if u.group == group}
        self._regroup()

    def rows(self) -> list[QueueRow]:
        """All rows in order; new ones are last."""
        if self._rows is None:
            late = len(self._rank)
            self._make_rows()
            ranked = [*self._made.values(), *((self._rank.get(k, late), r) for k, r in self._loose.items())]
            ranked.sort(key=_rank_of)
            rows = [row for _, row in ranked]
            if ranked and ranked[-1][0] >= late:
                self._rank_new(rows)
            self._rows = rows
        return self._rows

    def _make_rows(self) -> None:
        """Makes the rows of groups that have none, with the places that their members have by now."""
        late = len(self._rank)
        for group, members in self._groups.items():
            if group not in self._made:
                rank = min([self._rank.get(key, late) for key in members])
                self._made[group] = rank, self._make(_in_order(members))

    def row_of(self, key: str) -> QueueRow | None:
        """The row that holds an appearance's or an orphan's key."""
        self.rows()
        unit = self.units.get(key)
        return self._made[self._place(unit)][1] if unit is not None else self._loose.get(key)

    def resort(self) -> None:
        """Order by what is at stake, then by time."""
        self._make_rows()
        rows = [*(row for _, row in self._made.values()), *self._loose.values()]
        rows.sort(key=lambda r: (-r.stake, r.span.start, r.key))
        self._rank = {}
        self._rank_new(rows)
        self._made = {
            group: (min([self._rank[key] for key in self._groups[group]]), row)
            for group, (_, row) in self._made.items()
        }
        self._rows = None

    def _rank_new(self, rows: Iterable[QueueRow]) -> None:
        for row in rows:
            for key in row.keys or (row.key,):
                if key not in self._rank:
                    self._rank[key] = len(self._rank)

    def _place(self, unit: Unit) -> Group:
        return (unit.shown.key,) if unit.shown.key in self._split else unit.group

    def _regroup(self) -> None:
        self._groups = {}
        for key, unit in self.units.items():
            self._groups.setdefault(self._place(unit), {})[key] = unit
        self._made = {}
        self._rows = None


def _in_order(members: dict[str, Unit]) -> list[Unit]:
    """The units of a row by time, whichever of them changed last: a row keeps its key."""
    if len(members) == 1:
        return list(members.values())
    return sorted(members.values(), key=lambda u: (u.shown.span, u.shown.key))


def _rank_of(pair: tuple[int, QueueRow]) -> int:
    return pair[0]
