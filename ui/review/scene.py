"""Which boxes lie on the frame at a moment, and in which state each is drawn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.effective import FRAME_MARK, whole_of
from engine.domain.geometry import Polygon, interpolate
from ui.canvas.boxes import CanvasBox
from ui.text import tr
from ui.timeline.data import cut_times
from ui.tokens import DataState

if TYPE_CHECKING:
    from app.overlay import EffectiveAppearance
    from app.results import RunResult

BRIDGED_STEPS = 2.2
"""Between two sampled frames no further apart than so many steps, a box is drawn on its way."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A decision that was made but isn't stored yet: how the appearance is shown until then."""

    state: str
    brand_name: str = ""


class BoxIndex:
    """All appearances by time. Built off the main thread; asking costs well under a millisecond."""

    def __init__(
        self, run: RunResult, appearances: Sequence[EffectiveAppearance], before: BoxIndex | None = None
    ) -> None:
        """`before` is an earlier index: of the same run, only what is another object now is looked at."""
        self._run = run
        self._all = [a for a in appearances if a.seen]
        self._times: dict[int, list[int]] = {}
        self._split = {(whole_of(a.key), s.seq) for a in self._all if FRAME_MARK in a.key for s in a.seen}
        self._starts: NDArray[np.int64]
        self._ends: NDArray[np.int64]
        self._step: int
        self._cuts: NDArray[np.int64]
        if before is not None and before._run is run and len(before._all) == len(self._all):
            self._starts, self._ends = before._starts.copy(), before._ends.copy()
            self._step, self._cuts = before._step, before._cuts
            for number, (a, then) in enumerate(zip(self._all, before._all, strict=True)):
                if a is not then:
                    self._starts[number], self._ends[number] = a.span.start, a.span.end
            return
        self._starts = np.array([a.span.start for a in self._all], np.int64)
        self._ends = np.array([a.span.end for a in self._all], np.int64)
        self._step = round(1_000_000 / run.fps)
        self._cuts = cut_times(run)

    def at(self, time: int) -> list[tuple[EffectiveAppearance, Polygon]]:
        """Appearances on screen at a time (microseconds) and where each is."""
        active = np.flatnonzero((self._starts <= time) & (time < self._ends))
        kept = self._kept_at(time)
        found = []
        for number in active.tolist():
            polygon = self._polygon(number, time, kept)
            if polygon is not None:
                found.append((self._all[number], polygon))
        return found

    def _kept_at(self, time: int) -> int | None:
        seq = self._run.frame_at(time)
        return self._run.stands_for.get(seq) if seq is not None else None

    def _polygon(self, number: int, time: int, kept: int | None) -> Polygon | None:
        seen = self._all[number].seen
        times = self._times.get(number)
        if times is None:
            frames = self._run.frames
            times = [frames[s.seq].time if s.seq in frames else s.seq * self._step for s in seen]
            self._times[number] = times
        place = bisect_right(times, time) - 1
        if place >= 0 and times[place] == time:
            return seen[place].polygon
        if kept is not None and (self._all[number].key, kept) in self._split:
            return None
        if 0 <= place < len(seen) - 1 and self._bridged(times[place], times[place + 1]):
            share = (time - times[place]) / (times[place + 1] - times[place])
            return interpolate(seen[place].polygon, seen[place + 1].polygon, share)
        for near in (place, place + 1):
            if 0 <= near < len(seen) and seen[near].seq == kept:
                return seen[near].polygon
        return None

    def _bridged(self, before: int, after: int) -> bool:
        if after - before > BRIDGED_STEPS * self._step:
            return False
        return bool(
            np.searchsorted(self._cuts, before, "right") == np.searchsorted(self._cuts, after, "right")
        )


def boxes_for(
    found: Sequence[tuple[EffectiveAppearance, Polygon]],
    chosen: frozenset[str],
    pending: Mapping[str, Pending],
    *,
    denied: bool,
) -> list[CanvasBox]:
    """The boxes as the canvas draws them; denied texts only where they are chosen or wanted."""
    made = []
    for a, polygon in found:
        wait = pending.get(a.key)
        is_denied = a.machine is not None and a.machine.verdict == "denied" and not a.decided
        if is_denied and not denied and a.key not in chosen and wait is None:
            continue
        made.append(
            CanvasBox(
                key=a.key,
                polygon=polygon,
                state=box_state(a, wait),
                label=label_of(a, wait),
                score=score_of(a) if wait is None else None,
                caption=a.surface == "caption",
                chosen=a.key in chosen,
            )
        )
    return made


def box_state(a: EffectiveAppearance, wait: Pending | None = None) -> DataState:
    """How an appearance is drawn: what a person said first, then what the machine is sure of."""
    state = wait.state if wait is not None else str(a.state)
    if wait is None and a.changed:
        return DataState.CHANGED
    if state == "rejected":
        return DataState.REJECTED
    if state in ("confirmed", "reassigned", "manual"):
        return DataState.PERSON
    if state == "unsure":
        return DataState.REVIEW
    machine = a.machine
    if machine is None:
        return DataState.PERSON
    if machine.verdict == "review":
        return DataState.REVIEW
    if machine.verdict in ("unresolved", "denied"):
        return DataState.UNRESOLVED
    if machine.source in ("local_vlm", "cloud_llm"):
        return DataState.MODEL
    return DataState.CAPTION if a.surface == "caption" else DataState.MACHINE


def label_of(a: EffectiveAppearance, wait: Pending | None = None) -> str:
    """Brand, else the machine's proposal, else the text as it was read."""
    if wait is not None and wait.brand_name:
        return wait.brand_name
    if a.brand_name:
        return a.brand_name
    if a.machine is not None and a.machine.candidates and a.machine.verdict == "review":
        return a.machine.candidates[0].brand_name
    return f"“{a.text}”" if a.text else tr("unread")


def score_of(a: EffectiveAppearance) -> float | None:
    """The machine's match score 0..100 where it stands; None where a person decided or nothing matched."""
    if a.machine is None or a.decided or not a.machine.candidates:
        return None
    return a.machine.candidates[0].match_score
