"""Live thresholds: re-filter a run's stored results under other soft settings, at once and without saving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.frozen import frozen_book, frozen_sightings
from app.results import ResultLibrary, RunResult
from engine.appearances import decide, prepare
from engine.domain.records import Appearance, LookSeen, Record, RegionsPart, TextsPart, detections_of
from engine.domain.stages import StageName
from engine.exposure import exposure_figures
from engine.ports import JOB_CHUNK
from engine.signs import join_signs
from engine.stage import decode
from engine.stage_settings import MatchBrandsSettings
from engine.visual.chains import link_looks, shots_of


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """What the run would say: appearances, counts by verdict, seconds by brand name (scene only)."""

    appearances: tuple[Appearance, ...]
    counts: Mapping[str, int]
    seconds: Mapping[str, float]


class _Looks(Record, frozen=True):
    """Of a MatchPart only the finds by look: the rest isn't decoded."""

    looks: tuple[LookSeen, ...] = ()


class ThresholdPreview:
    """Joins the signs of a run once; `apply` is quick enough to follow a slider. Confined to one thread at a
    time. Models' answers of stages 5 and 6 are not previewed."""

    def __init__(self, library: ResultLibrary, run: RunResult) -> None:
        self._run = run
        chunks = sorted(chunk for stage, chunk in run.refs if stage == StageName.RUN_OCR)
        regions = [run.details.regions(c) or RegionsPart(c, (), ()) for c in chunks]
        texts = [run.details.texts(c) or TextsPart(c, (), ()) for c in chunks]
        scenes = [s for s in run.scenes if s.chunk in set(chunks)]
        book, cached = frozen_book(library.blobs, run.job), frozen_sightings(library.blobs, run.job)
        settings = run.settings[StageName.MATCH_BRANDS]
        assert isinstance(settings, MatchBrandsSettings)
        signs = join_signs(regions, scenes, texts, run.source.width)
        matched = run.refs.get((StageName.MATCH_BRANDS, JOB_CHUNK))
        looks = decode(library.parts.payload(matched.key), _Looks).looks if matched is not None else ()
        chains = link_looks(looks, shots_of(scenes), signs, run.source.width)
        self._prepared = prepare(signs, book, cached, settings.session_cache, chains, run.source.width)

    def apply(self, settings: MatchBrandsSettings) -> PreviewResult:
        """The result under these settings."""
        part = decide(self._prepared, settings)
        run = self._run
        figures = exposure_figures(
            run.kept.values(), detections_of(part.appearances), run.report_settings, run.picture
        )
        counts: dict[str, int] = {}
        for a in part.appearances:
            counts[a.verdict] = counts.get(a.verdict, 0) + 1
        seconds = {b.brand_name: b.seconds for b in figures.counted()}
        return PreviewResult(part.appearances, counts, seconds)
