"""Find it elsewhere: match sources again for a brand's reference pictures and list what was found by look."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.run_cache import RunCache
from engine.domain.brands import KnownBrand
from engine.domain.decisions import DecisionKind
from engine.domain.errors import DataDamage, UserFixable
from engine.domain.geometry import Polygon, hull
from engine.domain.jobs import DetectJob, JobStatus
from engine.domain.records import Appearance, Verdict
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from storage.library import Library

if TYPE_CHECKING:
    from app.jobs import JobService
    from app.results import RunResult

CROP_MARGIN = 0.25
"""Surroundings shown around a find, as a share of its sides."""


@dataclass(frozen=True, slots=True)
class FoundFrame:
    """One frame of a find: number, time (microseconds), the stored image's digest, polygon in source pixels, score
    0..1."""

    seq: int
    time: int
    image: str
    polygon: Polygon
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """One mark found by look in one run: what a yes (confirm) or no (reject) on `appearance_key` decides. `best` is
    the frame to show. `verdict` is the machine's: `accepted` counts already, `review` waits for a person."""

    source_id: str
    source_name: str
    job_id: str
    appearance_key: str
    brand_id: str
    brand_name: str
    verdict: Verdict
    reason: str
    span: Span
    frames: tuple[FoundFrame, ...]
    best: FoundFrame

    @property
    def score(self) -> float:
        return self.best.score


@dataclass(frozen=True, slots=True)
class Quest:
    """What a search takes: the run of each source that is matched again (job ids), the estimated seconds, and why
    sources are left out."""

    brand_id: str
    job_ids: tuple[str, ...]
    seconds: float
    notes: tuple[str, ...]


class FindElsewhere:
    """The use case after a drawn box: `quest` tells the cost, `start` replays from match_brands, `found` lists. Only
    searches that nobody made before take time. All of it may be called off the window's thread."""

    def __init__(self, library: Library, jobs: JobService, runs: RunCache) -> None:
        self._library = library
        self._jobs = jobs
        self._runs = runs

    def quest(self, brand_id: str, source_ids: Sequence[str] = ()) -> Quest:
        """What searching these sources (none given: all) for the brand's references would take. Raises UserFixable
        where the brand has no reference picture or no source can be searched."""
        brand = self._brand(brand_id)
        if not self._references(brand):
            raise UserFixable(
                f"{brand.canonical_name} has no reference picture to search for.",
                still_works="Nothing was changed.",
                to_do="Draw a box around its mark on a frame, or add a picture in the brand book.",
            )
        accepted = self._library.jobs.accepted_ids()
        chosen, notes, seconds = [], [], 0.0
        for source in self._library.sources.all():
            if source_ids and source.id not in source_ids:
                continue
            job = self._newest(source.id, accepted.get(source.id))
            if job is None:
                notes.append(f"{source.name} has no complete run yet.")
            elif job.books and not self._is_listed(brand, job.books):
                books = ", ".join(job.books)
                notes.append(
                    f"{source.name} is limited to {books}, which doesn't list {brand.canonical_name}."
                )
            else:
                chosen.append(job.id)
                seconds += self._jobs.plan_replay(job.id, StageName.MATCH_BRANDS, {}).seconds
        if not chosen:
            raise UserFixable(
                " ".join(notes) or "There is no source to search.",
                still_works="Nothing was changed.",
                to_do="Let a run finish first, or add the brand to the book that the run is limited to.",
            )
        return Quest(brand.id, tuple(chosen), seconds, tuple(notes))

    def sources_drawn(self, brand_id: str) -> list[str]:
        """Ids of the sources in which a person drew a box of this brand."""
        brand = self._brand(brand_id)
        return [
            source.id
            for source in self._library.sources.all()
            if any(
                d.active and d.kind is DecisionKind.DRAW and d.brand_id == brand.id
                for d in self._library.decisions.of_source(source.id)
            )
        ]

    def start(self, quest: Quest) -> dict[str, Future[DetectJob]]:
        """Queue a replay from match_brands for each run; its job's id to its future. They count when somebody
        accepts them."""
        replays = [self._jobs.replay(job_id, StageName.MATCH_BRANDS, {}) for job_id in quest.job_ids]
        return {job.id: self._jobs.start(job.id) for job in replays}

    def found(self, job_id: str, brand_id: str) -> list[Found]:
        """The brand's finds by look in a run, surest first."""
        run = self._runs.get(job_id)
        tops = self._library.brands.redirects()
        top = tops.get(brand_id, brand_id)
        finds = []
        for a in run.appearances:
            proposed = a.brand_id or (a.candidates[0].brand_id if a.candidates else "")
            if a.evidence == "look" and a.verdict != "denied" and tops.get(proposed, proposed) == top:
                finds.append(_found(run, a, proposed))
        finds.sort(key=lambda f: (-f.score, f.span, f.appearance_key))
        return finds

    def crop(self, find: Found) -> bytes:
        """The best frame's piece around the mark as PNG. Raises DataDamage where the stored frame is gone."""
        import numpy as np

        from engine.adapters.cv import cv2

        data = np.frombuffer(self._library.blobs.get(find.best.image), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if picture is None:
            raise DataDamage(
                f"The stored picture of frame {find.best.seq} can't be decoded.",
                still_works="The find can still be decided on.",
                to_do="Run `sponsight verify --repair`, then start a retry.",
            )
        run = self._runs.get(find.job_id)
        scale = picture.shape[1] / run.source.width
        box = hull(find.best.polygon)
        mx, my = CROP_MARGIN * box.width, CROP_MARGIN * box.height
        x0, y0 = max(0, int((box.x0 - mx) * scale)), max(0, int((box.y0 - my) * scale))
        x1, y1 = round((box.x1 + mx) * scale), round((box.y1 + my) * scale)
        _, png = cv2.imencode(".png", picture[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)])
        return png.tobytes()

    def _brand(self, brand_id: str) -> KnownBrand:
        tops = self._library.brands.redirects()
        return self._library.brands.get(tops.get(brand_id, brand_id))

    def _family(self, brand: KnownBrand) -> list[KnownBrand]:
        tops = self._library.brands.redirects()
        return [b for b in self._library.brands.all() if tops.get(b.id, b.id) == brand.id]

    def _references(self, brand: KnownBrand) -> bool:
        return any(b.references for b in self._family(brand))

    def _is_listed(self, brand: KnownBrand, books: Sequence[str]) -> bool:
        return any(set(books) & set(b.books) for b in self._family(brand))

    def _newest(self, source_id: str, accepted: str | None) -> DetectJob | None:
        """The accepted run, else the newest complete one."""
        if accepted is not None:
            return self._library.jobs.get(accepted)
        jobs = self._library.jobs.of_source(source_id)
        return next((j for j in jobs if j.status is JobStatus.COMPLETED), None)


def _found(run: RunResult, a: Appearance, brand_id: str) -> Found:
    frames = []
    for s in a.seen:
        stored = run.frames.get(s.seq)
        image = stored.image if stored is not None else ""
        frames.append(FoundFrame(s.seq, run.time_of(s.seq), image, s.polygon, s.box_score))
    spans = [span for s in a.seen if s.seq in run.kept for span in run.kept[s.seq].spans]
    start = min((s.start for s in spans), default=frames[0].time)
    end = max((s.end for s in spans), default=frames[-1].time)
    return Found(
        source_id=run.source.id,
        source_name=run.source.name,
        job_id=run.job.id,
        appearance_key=a.key,
        brand_id=brand_id,
        brand_name=a.brand_name or (a.candidates[0].brand_name if a.candidates else ""),
        verdict=a.verdict,
        reason=a.reason,
        span=Span(start, end),
        frames=tuple(frames),
        best=max(frames, key=lambda f: (f.score, -f.seq)),
    )
