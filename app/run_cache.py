"""The few runs that people are looking at, loaded once, with what anchoring needs of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from app.overlay import target_of
from app.results import RunResult, load_run
from engine.anchoring import Target, anchor
from engine.domain.records import LookSeen, MatchPart, RegionsPart, TextsPart
from engine.domain.stages import StageName
from engine.ports import JOB_CHUNK
from engine.signs import Sign, join_signs
from engine.stage import decode
from storage.library import Library

RUNS_AT_HAND = 3
"""So many runs are kept however large they are."""
MOST_SEEN = 400_000
"""More runs are kept while all of them together show no more boxes than this."""


@dataclass(slots=True)
class _Held:
    parts: int
    run: RunResult
    size: int = 0
    older: RunResult | None = None
    targets: tuple[Target, ...] | None = None
    signs: list[Sign] | None = None
    looks: tuple[LookSeen, ...] | None = None
    anchored: dict[frozenset[str], dict[str, list[tuple[str, int]]]] = field(default_factory=dict)


class RunCache:
    """Results of the latest runs that were asked for. Thread-safe. A run that is still going is loaded anew when
    it has stored more."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.RLock()
        self._held: OrderedDict[str, _Held] = OrderedDict()

    def get(self, job_id: str) -> RunResult:
        """The run's results that are there by now; UserFixable where there is no such run."""
        return self._hold(job_id).run

    def older(self, job_id: str) -> RunResult | None:
        """What `get` gave before a run that is still going stored more: somebody may be looking at it."""
        with self._lock:
            held = self._held.get(job_id)
            return held.older if held is not None else None

    def forget(self, job_id: str) -> None:
        """Load the run anew when it is asked for next."""
        with self._lock:
            self._held.pop(job_id, None)

    def targets(self, job_id: str) -> tuple[Target, ...]:
        """The run's appearances as anchoring compares them."""
        with self._lock:
            held = self._hold(job_id)
            if held.targets is None:
                held.targets = tuple(target_of(held.run, a) for a in held.run.appearances)
            return held.targets

    def signs(self, job_id: str) -> list[Sign]:
        """The run's signs, joined from its stored texts: what matching reads. No inference."""
        with self._lock:
            held = self._hold(job_id)
            if held.signs is None:
                run = held.run
                chunks = sorted(chunk for stage, chunk in run.refs if stage == StageName.RUN_OCR)
                regions = [run.details.regions(c) or RegionsPart(c, (), ()) for c in chunks]
                texts = [run.details.texts(c) or TextsPart(c, (), ()) for c in chunks]
                there = set(chunks)
                scenes = [s for s in run.scenes if s.chunk in there]
                held.signs = join_signs(regions, scenes, texts, run.source.width)
            return held.signs

    def looks(self, job_id: str) -> tuple[LookSeen, ...]:
        """What the run found by look, before any threshold; empty while matching isn't done."""
        with self._lock:
            held = self._hold(job_id)
            if held.looks is None:
                ref = held.run.refs.get((StageName.MATCH_BRANDS, JOB_CHUNK))
                held.looks = decode(self._library.parts.payload(ref.key), MatchPart).looks if ref else ()
            return held.looks

    def anchored(self, job_id: str, decision_ids: frozenset[str]) -> dict[str, list[tuple[str, int]]]:
        """Where decisions that were made on other runs stand in this one: appearance key → (decision, member).
        Remembered for the set of decisions that was asked for last."""
        if not decision_ids:
            return {}
        with self._lock:
            held = self._hold(job_id)
            found = held.anchored.get(decision_ids)
            if found is None:
                decisions = self._library.decisions.get_many(decision_ids)
                run = held.run
                result = anchor(
                    decisions,
                    self.targets(job_id),
                    analysed=run.analysed,
                    lost=run.lost,
                    suggest=False,
                    job_id=job_id,
                )
                found = {}
                for a in result.anchors:
                    found.setdefault(a.target, []).append((a.decision, a.member))
                held.anchored = {decision_ids: found}
            return found

    def _hold(self, job_id: str) -> _Held:
        with self._lock:
            held = self._held.get(job_id)
            stale = held is not None and not held.run.final and self._parts(job_id) != held.parts
            if held is None or stale:
                run = load_run(self._library, job_id)
                size = sum(len(a.seen) for a in run.appearances)
                older = None if held is None else held.run
                held = self._held[job_id] = _Held(len(run.refs), run, size, older)
            self._held.move_to_end(job_id)
            total = sum(h.size for h in self._held.values())
            while len(self._held) > RUNS_AT_HAND and total > MOST_SEEN:
                _, gone = self._held.popitem(last=False)
                total -= gone.size
            return held

    def _parts(self, job_id: str) -> int:
        return len(self._library.parts.attached(job_id))
