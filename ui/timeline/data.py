"""What the timeline draws, as sorted arrays: built off the main thread, so that 200,000 boxes paint at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from app.results import RunResult

Times = NDArray[np.int64]
_NONE: Times = np.zeros(0, np.int64)
UNDECIDED, DECIDED, REJECTED, CHANGED = 0, 1, 2, 3
"""What people said about an appearance, as the timeline's marks tell it."""


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One row: a brand in scene or captions, or all texts that nobody knows (`brand_id` and `name` empty).

    `starts` and `ends` are the stretches (microseconds, each sorted) that single detections stand for;
    `spans` (n, 2) the appearances' first and last moment sorted by start, `marks` what people said of each
    and `keys` their keys. `colour` numbers the series colour, which stays with the brand."""

    brand_id: str
    name: str
    caption: bool
    seconds: float
    starts: Times
    ends: Times
    spans: Times
    marks: NDArray[np.uint8]
    keys: tuple[str, ...]
    sums: tuple[Times, Times]
    """Running sums of starts and ends, so that a bin's covered time is two look-ups."""
    marked_spans: Mapping[int, tuple[Times, Times]]
    """By mark the starts and the ends of its appearances, each sorted."""
    colour: int = 0

    def heat(self, edges: Times) -> NDArray[np.float32]:
        """Mean number of boxes of this lane on screen in each bin between `edges`."""
        covered = _covered(self.starts, self.sums[0], edges) - _covered(self.ends, self.sums[1], edges)
        return (np.diff(covered) / np.maximum(1, np.diff(edges))).astype(np.float32)

    def marked(self, edges: Times, mark: int) -> NDArray[np.bool_]:
        """Bins that an appearance with this mark reaches into."""
        starts, ends = self.marked_spans.get(mark, (_NONE, _NONE))
        covering = np.searchsorted(starts, edges[1:]) - np.searchsorted(ends, edges[:-1], "right")
        found: NDArray[np.bool_] = covering > 0
        return found

    def key_at(self, time: int, slack: int) -> str:
        """The appearance at (or within `slack` microseconds of) a time; '' where there is none."""
        if not len(self.spans):
            return ""
        inside = (self.spans[:, 0] <= time) & (time < self.spans[:, 1])
        if inside.any():
            lengths = np.where(inside, self.spans[:, 1] - self.spans[:, 0], np.iinfo(np.int64).max)
            return self.keys[int(lengths.argmin())]
        gaps = np.maximum(self.spans[:, 0] - time, time - self.spans[:, 1])
        nearest = int(gaps.argmin())
        return self.keys[nearest] if gaps[nearest] <= slack else ""


@dataclass(frozen=True, slots=True, eq=False)
class TimelineData:
    """All lanes, what counts most first, and what the ruler shows. Times in microseconds."""

    duration: int
    step: int
    lanes: tuple[Lane, ...]
    cuts: Times
    lost: tuple[tuple[int, int, str], ...]
    analysed: tuple[tuple[int, int], ...]

    def same_frame(self, other: TimelineData) -> bool:
        """Whether all but the lanes is as in another one."""
        return (
            (self.duration, self.step, self.lost, self.analysed)
            == (other.duration, other.step, other.lost, other.analysed)
            and np.array_equal(self.cuts, other.cuts)
            and (self is EMPTY) == (other is EMPTY)
        )

    def changed_lanes(self, other: TimelineData) -> list[int] | None:
        """Numbers of the lanes that aren't the same objects as in another one; None where more than these differs."""
        if len(self.lanes) != len(other.lanes) or not self.same_frame(other):
            return None
        return [n for n, (a, b) in enumerate(zip(self.lanes, other.lanes, strict=True)) if a is not b]


EMPTY = TimelineData(1, 500_000, (), _NONE, (), ())


def running_sums(times: Times) -> Times:
    """0, the first, the first two together and so on."""
    found: Times = np.concatenate(([0], np.cumsum(times)))
    return found


def _covered(starts: Times, sums: Times, until: Times) -> Times:
    """For each time the sum of how long ago each earlier start was: covered time grows with it."""
    number = np.searchsorted(starts, until, "right")
    found: Times = number * until - sums[number]
    return found


def cut_times(run: RunResult) -> Times:
    """Shot cuts over all chunks, sorted."""
    found = {cut for part in run.scenes for cut in part.cuts}
    found |= {part.span.start for part in run.scenes if part.opens_with_cut and part.span.start > 0}
    return np.array(sorted(found), np.int64)
