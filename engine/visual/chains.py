"""From finds on single frames to marks on screen: rivals at one place settled, frames of a shot linked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.domain.geometry import Hull, hull, hull_overlap
from engine.domain.records import LookSeen, ScenesPart, Surface
from engine.signs import Sign, shot_numbers

SAME_MARK = 0.3
"""Overlap (0..1) of two finds that are one place."""
GAP = 2
"""Kept frames that a mark may be missed on and still go on."""
REACH = 0.15
"""Farthest from where it is expected that a mark may be on the next frame, as a share of the picture's width."""
LEAST_RATIO = 0.6
"""Ratio of a mark's sizes on two neighbouring frames."""
STILL_PIXELS = 2.0 / 1280
"""A mark that moves less than this share of the picture's width stands still."""
MOVED_PIXELS = 12.0 / 1280
"""Other signs that move at least this far show that the camera moves."""
STILL_FRAMES, STILL_SHOTS = 3, 3
"""Frames of one shot, or shots, over which an overlay stands still."""


@dataclass(frozen=True, slots=True)
class LookChain:
    """One mark over neighbouring frames of a shot. `rivals`: for each frame the other brand that fits the same
    place next best, with its score, or None."""

    brand_id: str
    seen: tuple[LookSeen, ...]
    rivals: tuple[tuple[str, float] | None, ...]
    surface: Surface


@dataclass(frozen=True, slots=True)
class _Find:
    seen: LookSeen
    rival: tuple[str, float] | None
    hull: Hull


def link_looks(
    looks: Sequence[LookSeen], shots: Mapping[int, int], signs: Sequence[Sign], width: int
) -> tuple[LookChain, ...]:
    """Chains of all finds. `shots` gives the shot of each kept frame (seq) in order of time; `signs` tell whether
    the camera moves; `width` is the picture's in source pixels."""
    if not looks:
        return ()
    by_frame: dict[int, list[LookSeen]] = defaultdict(list)
    for look in looks:
        by_frame[look.seq].append(look)
    place_of = {seq: i for i, seq in enumerate(shots)}
    chains: list[list[_Find]] = []
    going: list[list[_Find]] = []
    for seq in sorted(by_frame):
        finds = _settled(by_frame[seq])
        going = [
            c
            for c in going
            if shots[c[-1].seen.seq] == shots[seq] and place_of[seq] - place_of[c[-1].seen.seq] <= GAP + 1
        ]
        taken: set[int] = set()
        for _, k, i in sorted(
            (far, k, i)
            for k, chain in enumerate(going)
            for i, find in enumerate(finds)
            if (far := _far(chain, find, place_of, width)) is not None
        ):
            if i in taken or going[k][-1].seen.seq == seq:
                continue
            going[k].append(finds[i])
            taken.add(i)
        fresh = [[find] for i, find in enumerate(finds) if i not in taken]
        chains += fresh
        going += fresh
    surfaces = _surfaces(chains, shots, signs, width)
    return tuple(
        LookChain(c[0].seen.brand_id, tuple(f.seen for f in c), tuple(f.rival for f in c), surface)
        for c, surface in zip(chains, surfaces, strict=True)
    )


def shots_of(scenes: Sequence[ScenesPart]) -> dict[int, int]:
    """The job's shot number of each kept frame (seq), in order of time."""
    numbers = shot_numbers(scenes)
    return {frame.seq: numbers[part.chunk, frame.shot] for part in scenes for frame in part.kept}


def _settled(looks: Sequence[LookSeen]) -> list[_Find]:
    """One find for each place of a frame: the best, with the best of another brand as its rival."""
    kept: list[tuple[LookSeen, Hull]] = []
    rivals: dict[int, tuple[str, float]] = {}
    for look in sorted(looks, key=lambda f: (-f.score, f.brand_id, f.polygon)):
        place = hull(look.polygon)
        at = next((i for i, (_, h) in enumerate(kept) if hull_overlap(h, place) >= SAME_MARK), None)
        if at is None:
            kept.append((look, place))
        elif kept[at][0].brand_id != look.brand_id:
            rivals.setdefault(at, (look.brand_id, look.score))
    return [_Find(look, rivals.get(i), place) for i, (look, place) in enumerate(kept)]


def _far(chain: list[_Find], find: _Find, place_of: Mapping[int, int], width: int) -> float | None:
    """Distance (share of the width) of a find from where the chain is expected; None where it can't go on."""
    last = chain[-1]
    if last.seen.brand_id != find.seen.brand_id:
        return None
    a, b = last.hull, find.hull
    ratio = (a.width * a.height / (b.width * b.height)) ** 0.5
    if not LEAST_RATIO < ratio < 1 / LEAST_RATIO:
        return None
    x, y = a.centre
    steps = place_of[find.seen.seq] - place_of[last.seen.seq]
    if len(chain) > 1:
        before = chain[-2]
        since = max(1, place_of[last.seen.seq] - place_of[before.seen.seq])
        x += (x - before.hull.centre[0]) * steps / since
        y += (y - before.hull.centre[1]) * steps / since
    far = ((b.centre[0] - x) ** 2 + (b.centre[1] - y) ** 2) ** 0.5 / width
    return far if far <= REACH * steps else None


def _surfaces(
    chains: Sequence[list[_Find]], shots: Mapping[int, int], signs: Sequence[Sign], width: int
) -> list[Surface]:
    """`caption` for marks that stand still while the picture moves, or at one place in several shots."""
    still = [_stands_still(c, width) for c in chains]
    found: list[Surface] = []
    for chain, stands in zip(chains, still, strict=True):
        if not stands:
            found.append("scene")
            continue
        first, last = chain[0].seen.seq, chain[-1].seen.seq
        moves = len(chain) >= STILL_FRAMES and any(_moved(s, first, last, width) for s in signs)
        here = chain[0].hull
        seen_in = {
            shots[c[0].seen.seq]
            for c, other in zip(chains, still, strict=True)
            if other and _near(c[0].hull, here, width)
        }
        found.append("caption" if moves or len(seen_in) >= STILL_SHOTS else "scene")
    return found


def _stands_still(chain: Sequence[_Find], width: int) -> bool:
    return all(_near(f.hull, chain[0].hull, width) for f in chain)


def _near(a: Hull, b: Hull, width: int) -> bool:
    return max(abs(p - q) for p, q in zip(a.centre, b.centre, strict=True)) <= STILL_PIXELS * width


def _moved(sign: Sign, first: int, last: int, width: int) -> bool:
    """Whether a text sign moved between these two frames while it was seen throughout."""
    inside = [c for c in sign.seen if first <= c.seq <= last]
    if len(inside) < STILL_FRAMES:
        return False
    a, b = hull(inside[0].polygon).centre, hull(inside[-1].polygon).centre
    return max(abs(p - q) for p, q in zip(a, b, strict=True)) >= MOVED_PIXELS * width
