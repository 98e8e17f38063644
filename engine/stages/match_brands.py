"""Stage 4: which brand a text or a mark is, with the reason; what stays open goes to the review queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from engine.appearances import decide, prepare
from engine.domain.records import (
    Appearance,
    FramesPart,
    LookSeen,
    MatchPart,
    Record,
    RegionsPart,
    ScenesPart,
    TextsPart,
)
from engine.domain.stages import StageName
from engine.keys import digest_of
from engine.signs import Sign, join_signs
from engine.stage import Context, View
from engine.stage_settings import MatchBrandsSettings
from engine.textfold import fold
from engine.visual.chains import LookChain, link_looks, shots_of
from engine.visual.looking import find_looks, references_of

LOOK_UNITS = 40.0
"""Searching one frame for one reference costs about as much as matching this many texts."""


class MatchBrands:
    """Joins tracks into signs over the whole video, matches their texts against the book, and searches the kept
    frames for the book's reference pictures."""

    name: ClassVar = StageName.MATCH_BRANDS
    version: ClassVar = 13
    settings_type: ClassVar = MatchBrandsSettings
    payload_type: ClassVar[type[Record]] = MatchPart
    reads: ClassVar = (
        StageName.EXTRACT_FRAMES,
        StageName.FILTER_SCENES,
        StageName.DETECT_REGIONS,
        StageName.RUN_OCR,
    )
    writes: ClassVar = ("detections", "unresolved_candidates")
    unit: ClassVar = "candidates"

    def units(self, view: View, settings: MatchBrandsSettings) -> float:
        return _texts(view) + (_searches(view) * LOOK_UNITS if settings.use_looks else 0.0) or 1.0

    def key_extras(self, settings: MatchBrandsSettings, view: View) -> tuple[str, ...]:
        cached = sorted(
            (fold(s.brand_name), sorted(s.texts))
            for s in view.sightings
            if settings.session_cache == "use" or (settings.session_cache != "ignore" and s.confirmed)
        )
        return (view.book.digest, digest_of(cached))

    def run(self, view: View, settings: MatchBrandsSettings, ctx: Context) -> MatchPart:
        ctx.tick(0)
        looks: tuple[LookSeen, ...] = ()
        if settings.use_looks:
            size = view.source.width, view.source.height
            frames = view.all_parts(StageName.EXTRACT_FRAMES, FramesPart)
            scenes = view.all_parts(StageName.FILTER_SCENES, ScenesPart)
            looks = find_looks(frames, scenes, view.book, size, ctx, LOOK_UNITS)
        signs = signs_of(view)
        chains = chains_of(view, looks, signs)
        prepared = prepare(
            signs, view.book, view.sightings, settings.session_cache, chains, view.source.width
        )
        ctx.tick()
        part = msgspec.structs.replace(decide(prepared, settings), looks=looks)
        ctx.tick(self.units(view, settings))
        return part

    def items(self, payload: MatchPart) -> int:
        return len(payload.appearances)

    def blobs(self, payload: MatchPart) -> tuple[str, ...]:
        return ()

    def canonical(self, payload: MatchPart) -> object:
        return [canonical_appearance(a) for a in payload.appearances]


def signs_of(view: View) -> list[Sign]:
    """The signs of the whole video from the frame stages' parts."""
    return join_signs(
        view.all_parts(StageName.DETECT_REGIONS, RegionsPart),
        view.all_parts(StageName.FILTER_SCENES, ScenesPart),
        view.all_parts(StageName.RUN_OCR, TextsPart),
        view.source.width,
    )


def chains_of(view: View, looks: Sequence[LookSeen], signs: Sequence[Sign]) -> tuple[LookChain, ...]:
    """The finds by look linked over the frames of each shot."""
    scenes = view.all_parts(StageName.FILTER_SCENES, ScenesPart)
    return link_looks(looks, shots_of(scenes), signs, view.source.width)


def _texts(view: View) -> float:
    return float(sum(len(p.texts) for p in view.all_parts(StageName.RUN_OCR, TextsPart)))


def _searches(view: View) -> int:
    """Searches of one frame for one reference, remembered or not."""
    kept = sum(len(p.kept) for p in view.all_parts(StageName.FILTER_SCENES, ScenesPart))
    return kept * len(references_of(view.book))


def canonical_appearance(a: Appearance) -> object:
    """An appearance as it enters digests: brands by folded name, scores to 1e-4, no ids of a library."""
    return [
        [
            (s.seq, s.polygon, round(s.box_score, 4), round(s.text_score, 4), s.mode, round(s.clarity, 4))
            for s in a.seen
        ],
        a.surface,
        a.text,
        a.verdict,
        fold(a.brand_name),
        round(a.confidence, 4),
        a.source,
        a.evidence,
        a.tier,
        [(fold(c.brand_name), round(c.match_score, 4), c.tier) for c in a.candidates],
    ]
