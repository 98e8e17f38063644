"""Makes the timeline's lanes from a run under review; what did not change since the last time is used again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ui.timeline.data import (
    CHANGED,
    DECIDED,
    REJECTED,
    UNDECIDED,
    Lane,
    TimelineData,
    Times,
    cut_times,
    running_sums,
)

if TYPE_CHECKING:
    from app.overlay import EffectiveAppearance, Names
    from app.results import RunResult

Group: TypeAlias = "list[EffectiveAppearance]"
LaneName: TypeAlias = tuple[str, str, bool]


class LaneBuilder:
    """Builds timelines of one run after another; used by one thread at a time."""

    def __init__(self) -> None:
        self._run: RunResult | None = None
        self._edges: Times = np.zeros((0, 2), np.int64)
        self._seconds: Any = np.zeros(0)
        self._lanes: dict[LaneName, tuple[Group, Lane]] = {}
        self._shown: tuple[EffectiveAppearance, ...] = ()
        self._places: list[LaneName | None] = []
        self._groups: dict[LaneName, Group] = {}
        self._grouped_by: tuple[Names, bool] | None = None
        self._ranks: dict[LaneName, int] = {}
        self._last: dict[LaneName, tuple[Lane, Lane]] = {}
        self._cuts: Times = np.zeros(0, np.int64)

    def build(
        self,
        run: RunResult,
        appearances: Iterable[EffectiveAppearance],
        names: Names,
        *,
        denied: bool = False,
        like: TimelineData | None = None,
    ) -> TimelineData:
        """The timeline of these appearances. Denied texts are left out unless `denied`. Lanes have the places and
        colours that they have in `like`, a timeline of the same source."""
        if run is not self._run:
            self._start(run)
        if like is not None:
            self._ranks = {(lane.brand_id, lane.name, lane.caption): lane.colour for lane in like.lanes}
        groups = self._group(tuple(appearances), names, denied)
        made = {name: self._lane(name, group) for name, group in groups.items()}
        self._lanes = {name: known for name, known in self._lanes.items() if name in groups}
        lanes = self._in_order(made)
        return TimelineData(
            duration=max(run.source.duration, 1),
            step=round(1_000_000 / run.fps),
            lanes=tuple(lanes),
            cuts=self._cuts,
            lost=tuple((lost.span.start, lost.span.end, lost.reason) for lost in run.lost),
            analysed=tuple((span.start, span.end) for span in run.analysed),
        )

    def _group(
        self, shown: tuple[EffectiveAppearance, ...], names: Names, denied: bool
    ) -> dict[LaneName, Group]:
        """The appearances by lane. Where only some are other objects than the last time, only their lanes are
        put together anew."""
        places, touched = self._places, set[LaneName | None]()
        if self._grouped_by != (names, denied) or len(shown) != len(self._shown):
            places = [_lane_of(a, names, denied) for a in shown]
            touched.update(places)
            self._groups = {}
        else:
            for number, (a, then) in enumerate(zip(shown, self._shown, strict=True)):
                if a is not then:
                    touched.add(places[number])
                    places[number] = _lane_of(a, names, denied)
                    touched.add(places[number])
        touched.discard(None)
        if touched:
            fresh: dict[LaneName, Group] = {}
            for place, a in zip(places, shown, strict=True):
                if place in touched:
                    fresh.setdefault(place, []).append(a)  # type: ignore[arg-type]
            kept = {name: group for name, group in self._groups.items() if name not in touched}
            self._groups = {**kept, **fresh}
        self._shown, self._places, self._grouped_by = shown, places, (names, denied)
        return self._groups

    def _in_order(self, made: dict[LaneName, Lane]) -> list[Lane]:
        """The longest first, as they stood when the source was opened; later ones come behind. Colours stay."""
        new = made.keys() - self._ranks.keys()
        for name in sorted(new, key=lambda name: (not name[1], name[2], -made[name].seconds, name)):
            self._ranks[name] = 1 + max(self._ranks.values(), default=-1)
        ordered = sorted(made, key=lambda name: (not name[1], name[2], self._ranks[name]))
        shown = {
            name: self._coloured(made[name], self._ranks[name], self._last.get(name)) for name in ordered
        }
        self._last = {name: (made[name], lane) for name, lane in shown.items()}
        return list(shown.values())

    @staticmethod
    def _coloured(lane: Lane, colour: int, last: tuple[Lane, Lane] | None) -> Lane:
        """The lane in its colour: the same object as the last time where it is the same."""
        if last is not None and last[0] is lane and last[1].colour == colour:
            return last[1]
        return replace(lane, colour=colour)

    def _start(self, run: RunResult) -> None:
        """Tables by seq: the stretch that each kept frame stands for, and its seconds."""
        if self._run is not None and self._run.source.id != run.source.id:
            self._ranks.clear()
        self._run = run
        self._lanes.clear()
        self._grouped_by = None
        self._cuts = cut_times(run)
        size = max(run.kept, default=-1) + 1
        self._edges = np.full((size, 2), -1, np.int64)
        self._seconds = np.zeros(size)
        for seq, frame in run.kept.items():
            if frame.spans:
                self._edges[seq] = frame.spans[0].start, frame.spans[-1].end
                self._seconds[seq] = frame.seconds

    def _lane(self, name: LaneName, group: Group) -> Lane:
        known = self._lanes.get(name)
        if known is not None and len(known[0]) == len(group) and all(map(_same, known[0], group)):
            return known[1]
        lane = self._made(name, group)
        self._lanes[name] = group, lane
        return lane

    def _made(self, name: LaneName, group: Sequence[EffectiveAppearance]) -> Lane:
        counted = [a.seen for a in group if a.state != "rejected"]
        every = chain.from_iterable(counted)
        seqs = np.fromiter(map(attrgetter("seq"), every), np.int64, sum(map(len, counted)))
        seqs = seqs[seqs < len(self._seconds)]
        edges = self._edges[seqs]
        edges = edges[edges[:, 0] >= 0]
        spans = np.array([(a.span.start, a.span.end) for a in group], np.int64).reshape(-1, 2)
        order = np.lexsort((spans[:, 1], spans[:, 0]))
        ordered, spans = [group[number] for number in order.tolist()], spans[order]
        marks = np.array([_mark(a) for a in ordered], np.uint8)
        starts, ends = np.sort(edges[:, 0]), np.sort(edges[:, 1])
        return Lane(
            brand_id=name[0] if name[1] else "",
            name=name[1],
            caption=name[2],
            seconds=float(self._seconds[np.unique(seqs)].sum()),
            starts=starts,
            ends=ends,
            spans=spans,
            marks=marks,
            keys=tuple(a.key for a in ordered),
            sums=(running_sums(starts), running_sums(ends)),
            marked_spans={
                mark: (np.sort(spans[marks == mark, 0]), np.sort(spans[marks == mark, 1]))
                for mark in (UNDECIDED, DECIDED, REJECTED, CHANGED)
            },
        )


def _lane_of(a: EffectiveAppearance, names: Names, denied: bool) -> LaneName | None:
    """The lane that an appearance is drawn in; None for a denied text that isn't shown."""
    machine = a.machine
    if machine is not None and machine.verdict == "denied" and not a.decided and not denied:
        return None
    brand_id, name = a.brand_id, a.brand_name
    if not name and machine is not None and machine.candidates and not a.decided:
        brand_id = names.resolve(machine.candidates[0].brand_id)
        name = names.name(brand_id, machine.candidates[0].brand_name)
    return brand_id or name, name, a.surface == "caption"


def _same(a: object, b: object) -> bool:
    return a is b


def _mark(a: EffectiveAppearance) -> int:
    if a.changed:
        return CHANGED
    if a.state == "rejected":
        return REJECTED
    return DECIDED if a.decided and a.state != "unsure" else UNDECIDED
