"""Join neighbouring open appearances into names that are split over boxes or lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from engine.appearance_making import candidates_of, key_of
from engine.domain.geometry import Polygon, hull, polygon, text_height
from engine.domain.records import Appearance, Candidate, Seen
from engine.matching import MatchSettings, TextBox, join_candidates
from engine.matching.joining import match_joined
from engine.matching.lookup import Finder
from engine.textfold import fold_compact

LEVEL = 0.7
"""Steepest line (pixels down per pixel to the right) that is levelled before its neighbours are looked for."""
SPEAKING_PART = 0.33
"""A line that holds this share of a joined name's letters stands for it where the other lines aren't found."""


def join_lines(
    found: list[Appearance], finder: Finder, names: Mapping[str, str], limits: MatchSettings
) -> list[Appearance]:
    """Names split over boxes or lines: neighbours that are read together on most of their common frames. What a
    joined name doesn't take of its parts stays open, and may be joined again."""
    found = list(found)
    open_ones = [i for i, a in enumerate(found) if a.verdict in ("unresolved", "review") and a.text]
    by_member: dict[int, list[int]] = defaultdict(list)
    for i in open_ones:
        for s in found[i].seen:
            by_member[s.seq].append(i)
    tried: set[tuple[int, ...]] = set()
    taken: set[int] = set()
    joined: list[Appearance] = []
    for seq in sorted(by_member):
        places = {i: s for i in by_member[seq] if i not in taken for s in found[i].seen if s.seq == seq}
        here = list(places)
        if len(here) < 2:
            continue
        boxes = [_text_box(found[i].text, places[i].polygon) for i in here]
        spoken_for: set[int] = set()
        for join in join_candidates(boxes):
            members = tuple(here[k] for k in join.indices)
            if members in tried or not spoken_for.isdisjoint(members):
                continue
            tried.add(members)
            result = match_joined([found[i].text for i in members], finder, limits, frozenset())
            if result is None or result.verdict != "accept" or result.best is None:
                continue
            made = _joined([found[i] for i in members], join.text, candidates_of(names, result.best, None))
            if made is not None:
                joined.append(made)
                spoken_for.update(members)
                frames = {s.seq for s in made.seen}
                for i in members:
                    left = tuple(s for s in found[i].seen if s.seq not in frames)
                    if left:
                        found[i] = replace(found[i], key=key_of(left, found[i].text, ""), seen=left)
                    else:
                        taken.add(i)
    return [a for i, a in enumerate(found) if i not in taken] + joined


def _text_box(text: str, poly: Polygon) -> TextBox:
    """A text's place as if its line lay level; lines steeper than LEVEL keep their hull."""
    place = hull(poly)
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = poly
    along, down = (bx + cx) - (ax + dx), (by + cy) - (ay + dy)
    if abs(down) > LEVEL * along:
        return TextBox(text, (place.x0, place.y0, place.x1, place.y1))
    middle, half = (ay + by + cy + dy) / 4, text_height(poly) / 2
    return TextBox(text, (place.x0, middle - half, place.x1, middle + half), down / along)


def _joined(parts: Sequence[Appearance], text: str, candidates: tuple[Candidate, ...]) -> Appearance | None:
    """One appearance over the frames that show all of `parts`, and over those that show only a part that
    holds much of the text: it is the same sign, so the rest of it is there, if not found."""
    common = set.intersection(*({s.seq for s in a.seen} for a in parts))
    if not common:
        return None
    letters = [len(fold_compact(a.text)) for a in parts]
    speaking = [a for a, own in zip(parts, letters, strict=True) if own >= SPEAKING_PART * sum(letters)]
    seen = []
    for seq in sorted(common.union(*({s.seq for s in a.seen} for a in speaking))):
        owners = parts if seq in common else speaking
        pieces = [s for a in owners for s in a.seen if s.seq == seq]
        hulls = [hull(p.polygon) for p in pieces]
        x0, y0 = min(h.x0 for h in hulls), min(h.y0 for h in hulls)
        x1, y1 = max(h.x1 for h in hulls), max(h.y1 for h in hulls)
        read = seq in common and all(p.mode == "read" for p in pieces)
        seen.append(
            Seen(
                seq=seq,
                polygon=polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]),
                box_score=min(p.box_score for p in pieces),
                text_score=min(p.text_score for p in pieces),
                mode="read" if read else "inherited",
                clarity=min(p.clarity for p in pieces),
                visible=min(p.visible for p in pieces),
            )
        )
    top = candidates[0]
    score = sum(s.text_score for s in seen) / len(seen)
    return Appearance(
        key=key_of(seen, text, top.brand_name),
        surface="caption" if all(a.surface == "caption" for a in parts) else "scene",
        text=text,
        text_score=round(score, 4),
        verdict="accepted",
        seen=tuple(seen),
        members=tuple(dict.fromkeys(m for a in parts for m in a.members)),
        brand_id=top.brand_id,
        brand_name=top.brand_name,
        confidence=round(score * top.match_score / 100, 4),
        tier="joined",
        reason=top.reason,
        candidates=candidates,
        look=parts[0].look,
    )
