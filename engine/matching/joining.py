"""Names that a sign splits over lines or boxes: which boxes may be read together, and what they then say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from engine.matching.line import match_line
from engine.matching.lookup import Finder
from engine.matching.result import MatchResult, MatchSettings

Hull = tuple[float, float, float, float]


class TextBox(NamedTuple):
    """A text with its hull (x0, y0, x1, y1) in source pixels; of a slanted line, as if it lay level about its
    middle, with its `slope` (pixels down per pixel to the right)."""

    text: str
    hull: Hull
    slope: float = 0.0


class Join(NamedTuple):
    """Boxes to read together: their indices in reading order, and the text joined by spaces."""

    indices: tuple[int, ...]
    text: str


def join_candidates(boxes: Sequence[TextBox], most: int = 3) -> list[Join]:
    """Pairs and chains (up to `most`) of neighbouring boxes that may hold one name; heights within a factor of 2.5.
    Side by side on a line with a gap under 1.2 letter heights (detectors grow boxes, so they may overlap by 0.6), or
    stacked with a gap under 0.9 and overlapping sides. Deterministic: by index."""
    following: dict[int, list[int]] = {
        a: [b for b in range(len(boxes)) if a != b and _follows(boxes[a].hull, _beside(boxes[a], boxes[b]))]
        for a in range(len(boxes))
    }
    chains: list[tuple[int, ...]] = [(a, b) for a in range(len(boxes)) for b in following[a]]
    out = list(chains)
    for _ in range(2, most):
        chains = [(*chain, b) for chain in chains for b in following[chain[-1]] if b not in chain]
        out += chains
    return [Join(chain, " ".join(boxes[index].text for index in chain)) for chain in out]


def _beside(a: TextBox, b: TextBox) -> Hull:
    """The hull of `b` as it lies to `a` once the line that `a` is on is level."""
    x0, y0, x1, y1 = b.hull
    rise = (a.slope + b.slope) / 2 * ((x0 + x1) - (a.hull[0] + a.hull[2])) / 2
    return x0, y0 - rise, x1, y1 - rise


def _follows(a: Hull, b: Hull) -> bool:
    """True where box `b` is read right after box `a`."""
    height_a, height_b = a[3] - a[1], b[3] - b[1]
    low, high = sorted((height_a, height_b))
    if low <= 0 or high > 2.5 * low:
        return False
    same_line = min(a[3], b[3]) - max(a[1], b[1]) >= 0.6 * low
    if same_line:
        return -0.6 * low <= b[0] - a[2] <= 1.2 * high
    overlap = min(a[2], b[2]) - max(a[0], b[0])
    touch = -0.15 * (low + high)
    return overlap >= 0.4 * min(a[2] - a[0], b[2] - b[0]) and touch <= b[1] - a[3] <= 0.9 * high


def match_joined(
    parts: Sequence[str], finder: Finder, settings: MatchSettings, context: Collection[str] = ()
) -> MatchResult | None:
    """The result for `parts` read as one line, where a match needs letters of every part; None where each part
    speaks for itself just as well."""
    text = " ".join(parts)
    result = match_line(text, finder, settings, context)
    if result.best is None:
        return None
    borders, at = [], 0
    for part in parts:
        borders.append((at, at + len(part)))
        at += len(part) + 1
    start, end = result.best.span
    if not all(start < high and low < end for low, high in borders):
        return None
    alone = [match_line(part, finder, settings, context).best for part in parts]
    if any(one is not None and one.score >= result.best.score for one in alone):
        return None
    return result
