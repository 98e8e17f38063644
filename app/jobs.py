"""Runs as people start them: import, plan, start, pause, resume, cancel, replay, retry, accept.

Owns the threads of the engine: one that conducts runs, one after the other, and a pool of workers.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.mailbox import LibraryChanged, Mailbox
from app.paths import without_links
from app.profiles import DEFAULT_PROFILE
from app.run_making import RunMaker
from app.run_record import RunRecorder
from app.thread_priority import IN_THE_BACKGROUND, lower_priority
from engine.control import Control
from engine.domain.errors import Cancelled, Conflict, SponsightError, UserFixable
from engine.domain.jobs import DetectJob, JobStatus, Overrides, SourceAsset
from engine.domain.stages import StageName
from engine.events import JobChanged
from storage.library import Library

if TYPE_CHECKING:
    from engine.runner import Doors, RunOutcome

log = logging.getLogger(__name__)

MOST_WORKERS = 8


class JobService:
    """The use cases around runs. Thread-safe; every method but `start` and `resume` returns when it is done.
    `polite` lets workers run at a lower priority, so that a window stays quick. `standing` are settings that a
    person chose for all new runs (which models are asked); what is given for a run goes before them. `bring_back`
    undoes the removal of a source (its id) whose video is imported again."""

    def __init__(
        self,
        library: Library,
        mailbox: Mailbox,
        *,
        workers: int | None = None,
        own_profiles: Path | None = None,
        services: Mapping[str, Any] | None = None,
        standing: Callable[[], Overrides] = dict,
        bring_back: Callable[[str], object] | None = None,
        polite: bool = False,
    ) -> None:
        self._library = library
        self._mailbox = mailbox
        self._services = dict(services or {})
        self._bring_back = bring_back or library.removals.drop
        self._step_back = partial(lower_priority, IN_THE_BACKGROUND) if polite else None
        self.workers = max(1, min(workers or os.cpu_count() or 1, MOST_WORKERS if workers is None else 64))
        self.maker = RunMaker(
            library,
            own_profiles,
            self.workers,
            standing,
            self._services.get("prices", lambda provider, model, endpoint: None),
        )
        self.plan_initial = self.maker.plan_initial
        self.plan_replay = self.maker.plan_replay
        self.settings_of = self.maker.settings_of
        self.effective_settings = self.maker.effective_settings
        self._conductor = ThreadPoolExecutor(
            1, thread_name_prefix="run-conductor", initializer=self._step_back
        )
        self._pool: ThreadPoolExecutor | None = None
        self._doors: Doors | None = None
        self._controls: dict[str, Control] = {}
        self._futures: dict[str, Future[DetectJob]] = {}
        self._lock = threading.Lock()
        self._provider = ""
        self._looking = threading.Lock()

    # Sources ---------------------------------------------------------------------------------------

    def import_source(self, path: Path) -> SourceAsset:
        """Take a video into the library; the same bytes are found again, never taken twice, and come back with
        what was decided about them where they had been removed. Raises UserFixable where the file can't be used."""
        from engine.adapters.probe import content_digest, probe

        resolved = without_links(path)
        found = probe(resolved)
        digest = content_digest(resolved)
        removed = self._library.removals.by_digest(digest)
        if removed is not None:
            self._bring_back(removed)
        asset = self._library.sources.add(
            found.asset(
                id=str(uuid.uuid4()),
                content_digest=digest,
                path=str(resolved),
                imported_at=datetime.now(UTC),
            )
        )
        if asset.path != str(resolved) and not _is_same(asset):
            asset = self._library.sources.locate(asset.id, resolved)
        self._changed("sources", asset.id)
        return asset

    def locate(self, source_id: str, path: Path) -> SourceAsset:
        """Tell where a moved file is now; Conflict where it is another file."""
        from engine.adapters.probe import content_digest

        asset = self._library.sources.get(source_id)
        resolved = without_links(path)
        if not resolved.is_file():
            raise UserFixable(
                f"{resolved} is no file.", still_works="Nothing was changed.", to_do="Choose the video."
            )
        if content_digest(resolved) != asset.content_digest:
            raise Conflict(
                f"{resolved.name} is not the same video as {asset.name}: its content differs.",
                still_works="The stored frames and all decisions can still be reviewed.",
                to_do="Choose the original file, or import this one as a new source.",
            )
        asset = self._library.sources.locate(source_id, resolved)
        self._changed("sources", source_id)
        return asset

    def sources(self) -> list[SourceAsset]:
        return self._library.sources.all()

    def jobs(self, source_id: str | None = None) -> list[DetectJob]:
        """Runs, newest first."""
        jobs = self._library.jobs
        return jobs.all() if source_id is None else jobs.of_source(source_id)

    def job(self, job_id: str) -> DetectJob:
        return self._library.jobs.get(job_id)

    # Making runs -----------------------------------------------------------------------------------

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
        return self._made(
            self.maker.create(
                source_id, profile=profile, overrides=overrides, books=books, escalation=escalation
            )
        )

    def replay(
        self, job_id: str, from_stage: StageName, overrides: Overrides, *, books: Sequence[str] | None = None
    ) -> DetectJob:
        """Make a replay of a run from a stage with edited settings, pending. Raises UserFixable where an edit
        belongs to an earlier stage."""
        return self._made(self.maker.replay(job_id, from_stage, overrides, books=books))

    def retry(self, job_id: str) -> DetectJob:
        """Make a new run with the same settings that goes on from the first incomplete stage; Conflict unless
        the run failed or was cancelled."""
        return self._made(self.maker.retry(job_id))

    def _made(self, job: DetectJob) -> DetectJob:
        self._changed("jobs", job.id)
        return job

    # Working ---------------------------------------------------------------------------------------

    def start(self, job_id: str) -> Future[DetectJob]:
        """Queue a pending or paused run; the future gives the job as it ended (completed or paused or
        cancelled) and raises what made it fail."""
        job = self.job(job_id)
        if job.status not in (JobStatus.PENDING, JobStatus.PAUSED):
            raise Conflict(
                f"A {job.status.value} run can't be started.",
                still_works="Nothing was changed.",
                to_do="Replay a completed run; retry a failed or cancelled one.",
            )
        with self._lock:
            running = self._futures.get(job_id)
            if running is not None and not running.done():
                return running
            self._library.control.clear(job_id)
            self._controls[job_id] = Control(lambda: self._library.control.asked(job_id) or "")
            future = self._conductor.submit(self._conduct, job_id)
            self._futures[job_id] = future
            return future

    resume = start

    def pause(self, job_id: str) -> None:
        """Ask a run to pause, wherever it runs; finished parts are kept."""
        self._ask(job_id, "pause")

    def cancel(self, job_id: str) -> None:
        """Ask a run to stop for good; a run that waits or is paused is cancelled at once."""
        self._ask(job_id, "cancel")

    def _ask(self, job_id: str, what: str) -> None:
        job = self.job(job_id)
        if self._take_off_queue(job_id):
            if what == "cancel":
                self._library.jobs.move(job_id, JobStatus.CANCELLED)
                self._tell(job_id, JobStatus.CANCELLED, "")
        elif job.status is JobStatus.RUNNING or self.is_queued(job_id):
            control = self._controls.get(job_id)
            if control is not None:
                control.ask(what)
            else:
                self._library.control.ask(job_id, "cancel" if what == "cancel" else "pause")
        elif what == "cancel":
            self._library.jobs.move(job_id, JobStatus.CANCELLED)
            self._tell(job_id, JobStatus.CANCELLED, "")
        else:
            raise Conflict(
                f"A {job.status.value} run can't be paused.", still_works="Nothing was changed.", to_do=""
            )

    def hear(self) -> list[str]:
        """Carry out what other processes asked of runs that wait for their turn or are paused (one that is going
        listens itself). Returns the ids of those that are cancelled now."""
        cancelled = []
        control = self._library.control
        for job_id in control.wishes():
            future, found = self._futures.get(job_id), self._library.jobs.find(job_id)
            if (future is not None and future.running()) or (found and found[0].status is JobStatus.RUNNING):
                continue
            wish = control.asked(job_id)
            control.clear(job_id)
            if wish == "cancel" and found and found[0].status in (JobStatus.PENDING, JobStatus.PAUSED):
                self.cancel(job_id)
                cancelled.append(job_id)
        return cancelled

    def _take_off_queue(self, job_id: str) -> bool:
        """Whether a run that waited for its turn waits no longer; False where it has begun, or never waited."""
        future = self._futures.get(job_id)
        return future is not None and future.cancel()

    def is_queued(self, job_id: str) -> bool:
        """Whether a run is going here or waits here for its turn."""
        future = self._futures.get(job_id)
        return future is not None and not future.done()

    def stop_all(self) -> int:
        """Stop what is running here and what waits for its turn; returns how many runs that were. A paused run that
        was to go on is paused as before; the others are cancelled, and what they finished is kept."""
        queued = [job_id for job_id in self._futures if self.is_queued(job_id)]
        for job_id in reversed(queued):  # the running one last: else the next would begin meanwhile
            paused = self.job(job_id).status is JobStatus.PAUSED
            with contextlib.suppress(Conflict):  # it has just ended by itself
                self._ask(job_id, "pause" if paused else "cancel")
        return len(queued)

    def delete(self, job_id: str) -> None:
        """Remove a run that isn't running; only what no other run refers to is freed, on the disk too."""
        job = self.job(job_id)
        if job.status is JobStatus.RUNNING or self.is_queued(job_id):
            raise Conflict(
                "A running run can't be deleted.", still_works="It goes on.", to_do="Cancel it first."
            )
        self._library.jobs.delete(job_id)
        self._changed("jobs", job_id)
        self._library.sweep()

    def _conduct(self, job_id: str) -> DetectJob:
        """Run a job to its end on the conductor's thread."""
        from engine.runner import Runner
        from engine.stages import all_stages

        job, control = self.job(job_id), self._controls[job_id]
        recorder = RunRecorder(self._library, self._mailbox, job)
        asked = control.asked or self._library.control.asked(job_id)
        if asked:
            self._library.control.clear(job_id)
            if asked == "cancel":
                recorder.move(JobStatus.CANCELLED)
            return self.job(job_id)
        recorder.move(JobStatus.RUNNING)
        try:
            source = self._library.sources.get(job.source_asset_id)
            spec = self.maker.spec(job, source)
            doors = replace(self._ready_doors(), services={**self._services, "job_id": job.id})
            assert self._pool is not None
            runner = Runner(
                spec, all_stages(), doors, control, recorder, self._pool, self._library.parts.rates()
            )
            outcome: RunOutcome = runner.run()
            recorder.complete(outcome, spec)
        except Cancelled as stop:
            recorder.flush()
            recorder.move(JobStatus.PAUSED if stop.reason == "pause" else JobStatus.CANCELLED)
        except SponsightError as error:
            recorder.flush()
            recorder.move(JobStatus.FAILED, str(error))
            raise
        except BaseException as error:
            log.exception("run %s ended on an unforeseen error", job_id)
            recorder.flush()
            recorder.move(JobStatus.FAILED, f"An unforeseen error ended the run: {error!r}")
            raise
        finally:
            self._library.control.clear(job_id)
        return self.job(job_id)

    def _ready_doors(self) -> Doors:
        """The engine's doors and the worker pool, made when the first run starts."""
        if self._doors is None:
            from engine.adapters.memory import few_heaps
            from engine.adapters.model_hub import ThreadModelHub
            from engine.runner import Doors

            few_heaps()
            self._pool = ThreadPoolExecutor(
                self.workers,
                thread_name_prefix="engine-worker",
                initializer=self._step_back,
            )
            self._doors = Doors(
                parts=self._library.parts,
                blobs=self._library.blobs,
                memo=self._library.memo,
                models=ThreadModelHub(self._look_for_provider),
                services=self._services,
            )
        return self._doors

    @property
    def provider(self) -> str:
        """Where models run on this machine (engine.adapters.inference); '' until that was found out. Costs nothing."""
        return self._provider

    def find_provider(self) -> Future[str]:
        """Find out where models run, in the background: loads the libraries that run them."""
        return self._conductor.submit(self._look_for_provider)

    def _look_for_provider(self) -> str:
        from engine.adapters.inference import choose_provider

        with self._looking:
            if not self._provider:
                self._provider = choose_provider()
            return self._provider

    def close(self) -> None:
        """Pause what runs, wait for the threads to end."""
        for job_id, future in list(self._futures.items()):
            if not future.done():
                self._controls[job_id].ask("pause")
        self._conductor.shutdown(wait=True, cancel_futures=True)
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _tell(self, job_id: str, status: JobStatus, message: str) -> None:
        self._mailbox.post(JobChanged(job_id, status, message))

    def _changed(self, kind: str, *ids: str) -> None:
        self._mailbox.post(LibraryChanged(frozenset({kind}), ids))


def _is_same(asset: SourceAsset) -> bool:
    """Whether the source's file is still where it was, and still the same."""
    from engine.adapters.probe import check_same

    try:
        check_same(asset.path, asset.content_digest)
    except UserFixable:
        return False
    return True
