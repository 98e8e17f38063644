"""How runs are made: initial, replay and retry, their frozen inputs, their spec and their plan.

A run freezes what it depends on when it is made: settings, brand book and session cache, so that nothing that
people change meanwhile can drift into it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from app.escalation_plan import Prices, with_calls
from app.frozen import frozen_book, frozen_sightings
from app.profiles import DEFAULT_PROFILE, effective_settings
from app.run_book import run_book
from app.session_cache import session_cache
from engine.domain.brands import BookSnapshot, SourceBrandSighting
from engine.domain.errors import Conflict, DataDamage
from engine.domain.jobs import DetectJob, JobStatus, Overrides, RunType, SourceAsset
from engine.domain.records import FramesPart, Record, ScenesPart
from engine.domain.stages import ORDER, StageName
from engine.plan import LookWork, Plan, RunSpec, check_replay, make_plan
from engine.settings import AllSettings, build_settings, snapshot
from engine.stage import Chunk
from engine.stage_settings import SETTINGS_TYPES, ExtractFramesSettings, MatchBrandsSettings
from storage.library import Library

R = TypeVar("R", bound=Record)

MOST_ASKED = 4000
"""Remembered answers that a plan asks for at most, frames times references."""


class RunMaker:
    """Makes runs and plans over one library. Nothing here starts a run. `workers` is for the plan's times."""

    def __init__(
        self,
        library: Library,
        own_profiles: Path | None,
        workers: int,
        standing: Callable[[], Overrides] = dict,
        prices: Prices = lambda provider, model, endpoint: None,
    ) -> None:
        self._library = library
        self._own_profiles = own_profiles
        self._workers = workers
        self._standing = standing
        self._prices = prices

    def effective_settings(self, profile: str, overrides: Overrides) -> AllSettings:
        return effective_settings(profile, overrides, self._own_profiles)

    def settings_of(self, job: DetectJob) -> AllSettings:
        """The settings a run was made with; those that are newer than the run have their defaults."""
        known = {
            stage: {k: v for k, v in values.items() if k in SETTINGS_TYPES[StageName(stage)]().values()}
            for stage, values in job.settings.items()
        }
        return build_settings(SETTINGS_TYPES, known)

    def create(
        self,
        source_id: str,
        *,
        profile: str = DEFAULT_PROFILE,
        overrides: Overrides | None = None,
        books: Sequence[str] = (),
        escalation: bool = True,
    ) -> DetectJob:
        """Make an initial run of a source, pending. Raises UserFixable for settings or books that can't be."""
        source = self._library.sources.get(source_id)
        overrides = self._with_standing(overrides or {})
        settings = self.effective_settings(profile, overrides)
        job = DetectJob(
            id=str(uuid.uuid4()),
            source_asset_id=source.id,
            video_path=source.path,
            profile_name=profile,
            config_overrides=overrides,
            settings=snapshot(settings),
            books=tuple(books),
            escalation=escalation,
            created_at=datetime.now(UTC),
            **self._frozen_inputs(source.id, books),
        )
        return self._store(job)

    def plan_initial(
        self,
        source_id: str,
        *,
        profile: str = DEFAULT_PROFILE,
        overrides: Overrides | None = None,
        books: Sequence[str] = (),
        escalation: bool = True,
    ) -> Plan:
        """What an initial run would reuse and compute; makes no run."""
        source = self._library.sources.get(source_id)
        overrides = self._with_standing(overrides or {})
        settings = self.effective_settings(profile, overrides)
        job = DetectJob(
            id="",
            source_asset_id=source.id,
            video_path=source.path,
            settings=snapshot(settings),
            escalation=escalation,
            **self._frozen_inputs(source.id, books),
        )
        return self._plan(self.spec(job, source), None)

    def _with_standing(self, overrides: Overrides) -> Overrides:
        """What was chosen for this run, on top of what was chosen for all."""
        standing = self._standing()
        return {s: {**standing.get(s, {}), **overrides.get(s, {})} for s in {**standing, **overrides}}

    def replay(
        self, job_id: str, from_stage: StageName, overrides: Overrides, *, books: Sequence[str] | None = None
    ) -> DetectJob:
        """Make a replay of a run from a stage with edited settings, pending. Raises UserFixable where an edit
        belongs to an earlier stage."""
        return self._store(self._replay_job(job_id, from_stage, overrides, books))

    def plan_replay(
        self, job_id: str, from_stage: StageName, overrides: Overrides, *, books: Sequence[str] | None = None
    ) -> Plan:
        """What that replay would reuse and compute; makes no run."""
        parent = self._library.jobs.get(job_id)
        job = self._replay_job(job_id, from_stage, overrides, books)
        source = self._library.sources.get(parent.source_asset_id)
        return self._plan(self.spec(job, source), self.settings_of(parent))

    def retry(self, job_id: str) -> DetectJob:
        """Make a new run with the same settings that goes on from the first incomplete stage; Conflict unless
        the run failed or was cancelled."""
        parent = self._library.jobs.get(job_id)
        if parent.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
            raise Conflict(
                f"A {parent.status.value} run can't be retried.",
                still_works="The run is unchanged.",
                to_do="Resume a paused run; replay a completed one.",
            )
        done = self._library.parts.attached(parent.id)
        chunks = self.spec(parent, self._library.sources.get(parent.source_asset_id)).chunks
        first = next((s for s in ORDER if not _is_complete(s, done, len(chunks))), ORDER[-1])
        job = DetectJob(
            id=str(uuid.uuid4()),
            source_asset_id=parent.source_asset_id,
            video_path=parent.video_path,
            profile_name=parent.profile_name,
            parent_job_id=parent.id,
            run_type=RunType.RETRY,
            replay_from_stage=first,
            config_overrides=parent.config_overrides,
            settings=parent.settings,
            books=parent.books,
            escalation=parent.escalation,
            book_snapshot=parent.book_snapshot,
            book_digest=parent.book_digest,
            sightings_snapshot=parent.sightings_snapshot,
            created_at=datetime.now(UTC),
        )
        return self._store(job)

    def _replay_job(
        self, job_id: str, from_stage: StageName, overrides: Overrides, books: Sequence[str] | None
    ) -> DetectJob:
        parent = self._library.jobs.get(job_id)
        if parent.status is not JobStatus.COMPLETED:
            raise Conflict(
                f"This run is {parent.status.value}; only a completed run can be replayed.",
                still_works="The run is unchanged.",
                to_do="Let it finish (resume or retry it) first.",
            )
        before = self.settings_of(parent)
        merged: dict[str, dict[str, Any]] = {k: dict(v) for k, v in snapshot(before).items()}
        for stage, values in overrides.items():
            merged.setdefault(stage, {}).update(values)
        after = build_settings(SETTINGS_TYPES, merged)
        delta = check_replay(from_stage, before, after)
        chosen = parent.books if books is None else tuple(books)
        if from_stage.number <= StageName.MATCH_BRANDS.number:
            frozen = self._frozen_inputs(parent.source_asset_id, chosen)
            frozen["sightings_snapshot"] = parent.sightings_snapshot
        else:
            frozen = {
                "book_snapshot": parent.book_snapshot,
                "book_digest": parent.book_digest,
                "sightings_snapshot": parent.sightings_snapshot,
            }
        source = self._library.sources.get(parent.source_asset_id)
        return DetectJob(
            id=str(uuid.uuid4()),
            source_asset_id=parent.source_asset_id,
            video_path=source.path,
            profile_name=parent.profile_name,
            parent_job_id=parent.id,
            run_type=RunType.REPLAY,
            replay_from_stage=from_stage,
            config_overrides=delta,
            settings=snapshot(after),
            books=chosen,
            escalation=parent.escalation,
            created_at=datetime.now(UTC),
            **frozen,
        )

    def _frozen_inputs(self, source_id: str, books: Sequence[str]) -> dict[str, Any]:
        """The brand book and the session cache as they are now, stored as blobs so that a run can't drift."""
        book = run_book(self._library, books)
        cached = session_cache(self._library, source_id)
        return {
            "book_snapshot": self._library.blobs.put(msgspec.msgpack.encode(book)),
            "book_digest": book.digest,
            "sightings_snapshot": self._library.blobs.put(msgspec.msgpack.encode(cached)),
        }

    def _frozen(self, job: DetectJob) -> tuple[BookSnapshot, tuple[SourceBrandSighting, ...]]:
        """The brand book and the session cache that a run was made with; DataDamage where they are lost."""
        blobs = self._library.blobs
        try:
            return frozen_book(blobs, job), frozen_sightings(blobs, job)
        except DataDamage as error:
            raise DataDamage(
                "What this run was to be made with is lost (its brand book, or what was known of the source). "
                f"{error.message}",
                still_works="What was found and decided so far is kept.",
                to_do="Start a new run of the source; it uses again what is stored.",
            ) from error

    def _store(self, job: DetectJob) -> DetectJob:
        """Keep a run that was made; UserFixable, with nothing kept, for an empty range."""
        _grid(self.settings_of(job), self._library.sources.get(job.source_asset_id))
        return self._library.jobs.create(job)

    def spec(self, job: DetectJob, source: SourceAsset) -> RunSpec:
        """All that a run is determined by, from its record. Raises UserFixable for an empty range."""
        settings = self.settings_of(job)
        fps, chunks = _grid(settings, source)
        book, cached = self._frozen(job)
        parent = self._library.parts.attached(job.parent_job_id) if job.parent_job_id else {}
        matching = settings[StageName.MATCH_BRANDS]
        assert isinstance(matching, MatchBrandsSettings)
        return RunSpec(
            job_id=job.id,
            source=source,
            settings=settings,
            chunks=chunks,
            fps=fps,
            book=book,
            sightings=cached if matching.session_cache != "ignore" else (),
            escalation=job.escalation,
            replay_from=job.replay_from_stage,
            parent_parts=parent,
        )

    def _plan(self, spec: RunSpec, before: AllSettings | None) -> Plan:
        from engine.stages import all_stages

        plan = make_plan(
            spec,
            all_stages(),
            self._library.parts,
            workers=self._workers,
            rates=self._library.parts.rates(),
            before=before,
            looks=self._looks_ahead(spec),
        )
        plan = replace(plan, store_bytes=_bytes_to_store(plan, spec))
        return with_calls(plan, spec, self._library.parts, self._prices)

    def _looks_ahead(self, spec: RunSpec) -> LookWork:
        """What look search has ahead: exactly where the frames are stored, from their expected number otherwise.
        Of many frames some are asked, evenly, and the rest is taken to be like them."""
        from engine.visual.looking import missing, references_of

        matching = spec.settings[StageName.MATCH_BRANDS]
        assert isinstance(matching, MatchBrandsSettings)
        references = list(references_of(spec.book)) if matching.use_looks else []
        if not references:
            return LookWork()
        images = self._kept_images(spec)
        if images is None:
            frames = sum(c.last - c.first for c in spec.chunks)
            return LookWork(len(references), frames * len(references))
        asked = images[:: max(1, len(images) * len(references) // MOST_ASKED)]
        open_ones = [n for r in references if (n := missing(self._library.memo, asked, [r]))]
        share = len(images) / max(1, len(asked))
        return LookWork(len(open_ones), round(sum(open_ones) * share))

    def _kept_images(self, spec: RunSpec) -> list[str] | None:
        """Digests of the stored frames that the parent run kept; None where this run makes its own."""
        if spec.replay_from is None or spec.replay_from.number < StageName.MATCH_BRANDS.number:
            return None

        from engine.stage import decode
        from engine.visual.looking import kept_frames

        def parts(stage: StageName, kind: type[R]) -> list[R]:
            refs = [spec.parent_parts.get((stage, c.index)) for c in spec.chunks]
            return [decode(self._library.parts.payload(r.key), kind) for r in refs if r is not None]

        frames = parts(StageName.EXTRACT_FRAMES, FramesPart)
        scenes = parts(StageName.FILTER_SCENES, ScenesPart)
        if len(frames) != len(scenes):
            return None
        return [f.image for chunk in kept_frames(frames, scenes) for f in chunk]


def _is_complete(stage: StageName, done: Mapping[tuple[StageName, int], object], chunks: int) -> bool:
    return sum(1 for s, _ in done if s == stage) == (chunks if stage.is_frame_stage else 1)


def _grid(settings: AllSettings, source: SourceAsset) -> tuple[Fraction, tuple[Chunk, ...]]:
    """Samples a second and the chunks of a source under these settings; UserFixable for an empty range."""
    from engine.grid import chunk_grid

    sampling = settings[StageName.EXTRACT_FRAMES]
    assert isinstance(sampling, ExtractFramesSettings)
    fps = Fraction(sampling.sample_fps).limit_denominator(1000)
    return fps, chunk_grid(source.duration, fps, sampling.start, sampling.end, sampling.chunk_seconds)


def _bytes_to_store(plan: Plan, spec: RunSpec) -> int:
    """What the frames that are not stored yet will take on disk."""
    from engine.stages.extract_frames import estimate_store_bytes

    frames = plan.stages[StageName.EXTRACT_FRAMES.number]
    settings = spec.settings[StageName.EXTRACT_FRAMES]
    assert isinstance(settings, ExtractFramesSettings)
    missing = frames.parts_total - frames.parts_reused
    return estimate_store_bytes(spec.source, settings) * missing // max(1, frames.parts_total)
