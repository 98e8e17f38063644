"""Make appearances of signs: which part of a line a match covers, how much of the name shows, what it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.domain.geometry import Polygon, sub_polygon
from engine.domain.records import Appearance, Candidate, Seen, Surface, TextCandidate, Verdict
from engine.keys import digest_of
from engine.matching import Match
from engine.name_extent import NameExtents
from engine.signs import Sign
from engine.textfold import fold

WHOLE_LINE = 0.8
"""A match that covers this share of the text gets the whole polygon."""


def candidates_of(names: Mapping[str, str], best: Match, second: Match | None) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(m.brand_id, names.get(m.brand_id, m.name), round(m.score, 2), m.tier, m.reason, m.name)
        for m in (best, second)
        if m is not None
    )


def appearance_of(
    sign: Sign,
    surface: Surface,
    frames: Sequence[TextCandidate],
    text: str,
    verdict: Verdict,
    candidates: tuple[Candidate, ...],
    span: tuple[int, int] | None,
    extents: NameExtents,
) -> Appearance:
    top = candidates[0] if candidates else None
    accepted = verdict == "accepted" and top is not None
    visible = extents.visible(frames, text, span, top)
    seen = tuple(
        Seen(
            seq=c.seq,
            polygon=_cut(c.polygon, span, len(text)),
            box_score=c.box_score,
            text_score=c.text_score,
            mode=c.mode,
            clarity=c.clarity,
            visible=round(share, 4),
        )
        for c, share in zip(frames, visible, strict=True)
    )
    score = sum(s.text_score for s in seen) / len(seen)
    return Appearance(
        key=key_of(seen, text, top.brand_name if accepted and top else ""),
        surface=surface,
        text=text,
        text_score=round(score, 4),
        verdict=verdict,
        seen=seen,
        members=sign.members,
        brand_id=top.brand_id if accepted and top else "",
        brand_name=top.brand_name if accepted and top else "",
        confidence=round(score * top.match_score / 100, 4) if accepted and top else 0.0,
        evidence="alias" if top is not None and top.tier == "alias" else "text",
        tier=top.tier if top is not None else "",
        reason=top.reason if top is not None else "",
        candidates=candidates,
        look=sign.look,
    )


def key_of(seen: Sequence[Seen], text: str, brand: str) -> str:
    """Names an appearance by where it begins and what it says, so that equal runs give equal keys."""
    return digest_of([seen[0].seq, seen[-1].seq, seen[0].polygon, fold(text), fold(brand)])[:20]


def _cut(poly: Polygon, span: tuple[int, int] | None, length: int) -> Polygon:
    """The part of a line's polygon that a match covers; the whole where it covers nearly all."""
    if span is None or length == 0 or (span[1] - span[0]) / length >= WHOLE_LINE:
        return poly
    return sub_polygon(poly, span[0] / length, span[1] / length)
