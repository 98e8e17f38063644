"""Stage 4: which brand a text is, with the reason; what stays open goes to the review queue."""

from __future__ import annotations

from typing import ClassVar

from engine.appearances import decide, prepare
from engine.domain.records import Appearance, MatchPart, Record, RegionsPart, ScenesPart, TextsPart
from engine.domain.stages import StageName
from engine.keys import digest_of
from engine.signs import Sign, join_signs
from engine.stage import Context, View
from engine.stage_settings import MatchBrandsSettings
from engine.textfold import fold


class MatchBrands:
    """Joins tracks into signs over the whole video and matches their texts against the book."""

    name: ClassVar = StageName.MATCH_BRANDS
    version: ClassVar = 1
    settings_type: ClassVar = MatchBrandsSettings
    payload_type: ClassVar[type[Record]] = MatchPart
    reads: ClassVar = (StageName.FILTER_SCENES, StageName.DETECT_REGIONS, StageName.RUN_OCR)
    writes: ClassVar = ("detections", "unresolved_candidates")
    unit: ClassVar = "candidates"

    def units(self, view: View, settings: MatchBrandsSettings) -> float:
        return float(sum(len(p.texts) for p in view.all_parts(StageName.RUN_OCR, TextsPart))) or 1.0

    def key_extras(self, settings: MatchBrandsSettings, view: View) -> tuple[str, ...]:
        cached = sorted(
            (fold(s.brand_name), sorted(s.texts))
            for s in view.sightings
            if settings.session_cache == "use" or (settings.session_cache != "ignore" and s.confirmed)
        )
        return (view.book.digest, digest_of(cached))

    def run(self, view: View, settings: MatchBrandsSettings, ctx: Context) -> MatchPart:
        ctx.tick(0)
        prepared = prepare(signs_of(view), view.book, view.sightings, settings.session_cache)
        ctx.tick()
        part = decide(prepared, settings)
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
