"""The accepted runs of all sources with what people decided on them: what totals, impact and the workbench read."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.brand_search import load_names
from app.overlay import Names, Overlay, build_overlay
from app.run_cache import MOST_SEEN, RUNS_AT_HAND, RunCache
from storage.library import Library


@dataclass(frozen=True, slots=True)
class _Known:
    job_id: str
    revision: int
    names: Names
    overlay: Overlay


class AcceptedRuns:
    """Overlays of the accepted runs, kept while neither decisions nor brands change. Thread-safe."""

    def __init__(self, library: Library, runs: RunCache) -> None:
        self._library = library
        self._runs = runs
        self._lock = threading.RLock()
        self._known: dict[str, _Known] = {}

    @property
    def runs(self) -> RunCache:
        return self._runs

    def overlays(self, source_ids: Sequence[str] = ()) -> Iterator[Overlay]:
        """One overlay for each source with an accepted run, in the sources' order; `source_ids` limits them."""
        names = load_names(self._library)
        accepted = self._library.jobs.accepted_ids()
        for source in self._library.sources.all():
            job_id = accepted.get(source.id)
            if job_id is not None and (not source_ids or source.id in source_ids):
                yield self.overlay(source.id, job_id, names)

    def overlay(self, source_id: str, job_id: str, names: Names) -> Overlay:
        """The overlay of one source's accepted run."""
        with self._lock:
            revision = self._library.decisions.revision(source_id)
            known = self._known.get(source_id)
            if (
                known is not None
                and (known.job_id, known.revision) == (job_id, revision)
                and known.names == names
                and known.overlay.run is self._runs.get(job_id)
            ):
                return known.overlay
            decisions = self._library.decisions.of_source(source_id)
            overlay = build_overlay(self._runs.get(job_id), decisions, names)
            self._known.pop(source_id, None)
            self._known[source_id] = _Known(job_id, revision, names, overlay)
            self._forget_some()
            return overlay

    def _forget_some(self) -> None:
        """Let the oldest go where all together hold too much (as the run cache does)."""
        sizes = {s: sum(len(a.seen) for a in k.overlay.appearances) for s, k in self._known.items()}
        total = sum(sizes.values())
        for source_id in list(self._known)[:-RUNS_AT_HAND]:
            if total <= MOST_SEEN:
                break
            del self._known[source_id]
            total -= sizes[source_id]
