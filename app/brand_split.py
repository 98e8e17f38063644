"""What of a brand can be given to another one: its aliases, and its appearances in the accepted runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.accepted_runs import AcceptedRuns
from app.alias_workbench import Crop
from app.commands import SplitBrand, SplitSighting
from app.effective import FRAME_MARK, State
from app.review_rows import Facts
from engine.domain.timebase import Span
from engine.textfold import fold_compact
from storage.library import Library


@dataclass(frozen=True, slots=True)
class SplitPiece:
    """One appearance. `text` is what was read ('' where it was found by its look), `alias` the folded spelling of
    the brand that it matched by, `seconds` what of it was on screen."""

    source_id: str
    source_name: str
    job_id: str
    key: str
    text: str
    alias: str
    span: Span
    seconds: float
    state: State
    crop: Crop | None


@dataclass(frozen=True, slots=True)
class SplitOffer:
    """A surviving brand with the aliases of it and of what was merged into it, and its appearances by source and
    time. `drawn` counts boxes that people drew for it: these stay, each can be reassigned in the review."""

    brand_id: str
    name: str
    aliases: tuple[str, ...]
    pieces: tuple[SplitPiece, ...]
    drawn: int = 0


def split_offer(library: Library, accepted: AcceptedRuns, brand_id: str) -> SplitOffer:
    """What can be split off a brand (its survivor's, where it was merged). UserFixable for an unknown brand."""
    with library.db.read() as conn:
        tops = library.brands.redirects(conn=conn)
        brand = library.brands.get(tops.get(brand_id, brand_id), conn=conn)
        family = [b for b in library.brands.all(conn=conn) if tops[b.id] == brand.id]
    spelt = {fold_compact(brand.canonical_name): ""}
    for alias in (a for b in family for a in b.aliases):
        spelt.setdefault(fold_compact(alias), alias)
    pieces: list[SplitPiece] = []
    drawn = 0
    for overlay in accepted.overlays():
        run, facts = overlay.run, Facts(overlay.run)
        for a in overlay.appearances:
            if a.brand_id != brand.id or not a.counts:
                continue
            if a.machine is None or FRAME_MARK in a.key:
                drawn += 1
                continue
            seconds, crop, _ = facts.of(a)
            best = a.machine.candidates[0] if a.machine.candidates else None
            pieces.append(
                SplitPiece(
                    source_id=run.source.id,
                    source_name=run.source.name,
                    job_id=run.job.id,
                    key=a.key,
                    text=a.text,
                    alias=fold_compact(best.matched) if best is not None else "",
                    span=a.span,
                    seconds=seconds,
                    state=a.state,
                    crop=Crop(run.source.id, run.job.id, crop) if crop is not None else None,
                )
            )
    pieces.sort(key=lambda p: (p.source_name.casefold(), p.source_id, p.span, p.key))
    return SplitOffer(
        brand.id, brand.canonical_name, tuple(sorted(filter(None, spelt.values()))), tuple(pieces), drawn
    )


def split_command(
    offer: SplitOffer,
    pieces: Iterable[SplitPiece],
    aliases: Sequence[str],
    *,
    into: str = "",
    new_name: str = "",
) -> SplitBrand:
    """The split of these pieces and aliases off a brand, to the brand `into` or to a new one."""
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for piece in pieces:
        keys[piece.source_id, piece.job_id].append(piece.key)
    sightings = tuple(SplitSighting(source, job, tuple(found)) for (source, job), found in keys.items())
    return SplitBrand(
        brand_id=offer.brand_id,
        into=into,
        new_name="" if into else new_name,
        aliases=tuple(aliases),
        sightings=sightings,
    )
