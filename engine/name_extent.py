"""How much of a name is in the picture: a region that a side of the picture cuts shows a part of it only.

Following a sign tells how far its region goes on beyond the picture. What no frame shows, the letters tell: a name that
the picture cuts, or a longer spelling of it that the video shows in full elsewhere, goes on for as many letters as are
missing. A mark beside the name belongs to the region, not to the name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from engine.domain.geometry import Polygon, at_sides, text_height, text_width
from engine.domain.records import Candidate, TextCandidate
from engine.textfold import fold_compact

_ALIKE = 75.0
"""Similarity (0..100) from which letters count as the beginning or end of a spelling."""
_MARK = 3
"""So many letters beside a name may be a mark, which may be wider or may not be in the region at all."""
_MOSTLY = 0.5
"""A name whose region ends at the picture's side on this share of its frames is cut there."""


@dataclass(frozen=True, slots=True)
class NameExtents:
    """Tells what is visible of names. `width` is the picture's in pixels (0: unknown, so nothing is cut), `in_full` are
    by brand the spellings that the video shows away from the picture's sides."""

    width: int = 0
    in_full: Mapping[str, Collection[str]] = field(default_factory=dict)

    def visible(
        self,
        frames: Sequence[TextCandidate],
        text: str,
        span: tuple[int, int] | None,
        match: Candidate | None,
    ) -> list[float]:
        """On each frame the share (0..1) of the name that is in the picture and was read. `span` is the part of `text`
        that names the brand; None: all of it."""
        begin, end = span or (0, len(text))
        letters = fold_compact(text[begin:end])
        if match is None or not letters:
            return [c.visible for c in frames]
        ahead, behind = fold_compact(text[:begin]), fold_compact(text[end:])
        at = [self._at_sides(c.polygon) for c in frames]
        cut = _mostly(at)
        longer = self._longer(letters, match, ahead, behind)
        if longer is None:
            # Of a letter that the side cuts through, another one may have been read.
            crumbs = 1 if match.tier == "partial" else 0
            cut = cut[0] and len(ahead) <= crumbs, cut[1] and len(behind) <= crumbs
            longer = letters, self._missing(letters, match, cut)
        read, missing = longer
        others = max(len(ahead), len(behind))
        part = (begin / len(text), end / len(text)) if others > _MARK else (0.0, 1.0)
        if not any(missing) and part == (0.0, 1.0):
            return [c.visible for c in frames]
        return [
            self._on(c, part, len(read), missing, cut, sides) for c, sides in zip(frames, at, strict=True)
        ]

    def cut_ends(self, frames: Sequence[TextCandidate]) -> tuple[bool, bool]:
        """Whether the left end of a sign, and whether its right one, is at the picture's side on most frames."""
        return _mostly([self._at_sides(c.polygon) for c in frames])

    def _at_sides(self, poly: Polygon) -> tuple[bool, bool]:
        ends = at_sides(poly, self.width) if self.width > 0 else (False, False)
        return ends if any(ends) and text_width(poly) >= text_height(poly) else (False, False)

    def _missing(self, letters: str, match: Candidate, cut: tuple[bool, bool]) -> tuple[int, int]:
        """Characters of the name that are missing before and after the letters that were read."""
        form, count = fold_compact(match.matched), len(letters)
        if match.tier == "partial":
            place = fuzz.partial_ratio_alignment(letters, form)
            before = place.dest_start if place is not None else 0
            return before, max(0, len(form) - count - before)
        if not any(cut):
            return 0, 0
        before = after = 0
        for spelling in (match.matched, *self.in_full.get(match.brand_id, ())):
            whole = fold_compact(spelling)
            rest = len(spelling) - len(match.matched) + len(form) - count
            if cut[0] and whole.endswith(form) and _alike(whole[-count:], letters):
                before = max(before, rest)
            if cut[1] and whole.startswith(form) and _alike(whole[:count], letters):
                after = max(after, rest)
        return before, after

    def _longer(
        self, letters: str, match: Candidate, ahead: str, behind: str
    ) -> tuple[str, tuple[int, int]] | None:
        """What was read of a longer spelling, of which a few letters stand beside the match, and how many of its
        letters are missing; None where the rest of the line is no part of one."""
        if not (ahead or behind):
            return None
        form = fold_compact(match.matched)
        for spelling in self.in_full.get(match.brand_id, ()):
            whole = fold_compact(spelling)
            before, after = whole.removesuffix(form), whole.removeprefix(form)
            if behind and len(behind) < len(after) < len(whole) and after.startswith(behind):
                return letters + behind, (0, len(after) - len(behind))
            if ahead and len(ahead) < len(before) < len(whole) and before.endswith(ahead):
                return ahead + letters, (len(before) - len(ahead), 0)
        return None

    def _on(
        self,
        seen: TextCandidate,
        part: tuple[float, float],
        letters: int,
        missing: tuple[int, int],
        cut: tuple[bool, bool],
        at: tuple[bool, bool],
    ) -> float:
        """The share of the name that one frame shows; `at`: which of its ends are at the picture's sides there."""
        shown = _of_part(seen.visible, part, at)
        if not any(missing):
            return shown
        length = text_width(seen.polygon) * (part[1] - part[0]) / max(seen.visible, 1e-6) / letters
        there = sum(
            count * self._beyond(seen.polygon, count * length, side)
            for side, count in enumerate(missing)
            if count and cut[side] and not at[side]
        )
        return (shown * letters + there) / (letters + sum(missing))

    def _beyond(self, poly: Polygon, length: float, side: int) -> float:
        """Which share (0..1) of the `length` pixels that follow a region's left (0) or right (1) end is in the
        picture."""
        (ax, _), (bx, _), (cx, _), (dx, _) = poly
        across = length * abs(bx + cx - ax - dx) / 2 / max(text_width(poly), 1e-6)
        room = self.width - (bx + cx) / 2 if side else (ax + dx) / 2
        return min(1.0, max(0.0, room) / max(across, 1e-6))


def _mostly(at: Sequence[tuple[bool, bool]]) -> tuple[bool, bool]:
    left, right = (sum(ends) >= _MOSTLY * len(at) for ends in zip(*at, strict=True))
    return left, right


def _of_part(visible: float, part: tuple[float, float], at: tuple[bool, bool]) -> float:
    """The visible share of a part of a line (shares of its length) of which `visible` is in the picture, cut off at one
    side; as much as of the line where it is cut at neither or both."""
    if at[0] == at[1] or part[1] <= part[0]:
        return visible
    first, last = (1.0 - visible, 1.0) if at[0] else (0.0, visible)
    return max(0.0, min(last, part[1]) - max(first, part[0])) / (part[1] - part[0])


def _alike(piece: str, letters: str) -> bool:
    return piece == letters or fuzz.ratio(piece, letters) >= _ALIKE
