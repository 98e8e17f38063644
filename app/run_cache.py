"""The few runs that people are looking at, loaded once, with what anchoring needs of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from app.overlay import target_of
from app.results import RunResult, load_run
from engine.anchoring import Target, anchor
from storage.library import Library

RUNS_AT_HAND = 3


@dataclass(slots=True)
class _Held:
    parts: int
    run: RunResult
    targets: tuple[Target, ...] | None = None
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
                    decisions, self.targets(job_id), analysed=run.analysed, lost=run.lost, suggest=False
                )
                found = {}
                for a in result.anchors:
                    found.setdefault(a.target, []).append((a.decision, a.member))
                held.anchored = {decision_ids: found}
            return found

    def _hold(self, job_id: str) -> _Held:
        with self._lock:
            held = self._held.get(job_id)
            if held is not None and not held.run.final and self._parts(job_id) != held.parts:
                held = None
            if held is None:
                parts = self._parts(job_id)
                held = self._held[job_id] = _Held(parts, load_run(self._library, job_id))
            self._held.move_to_end(job_id)
            while len(self._held) > RUNS_AT_HAND:
                self._held.popitem(last=False)
            return held

    def _parts(self, job_id: str) -> int:
        return len(self._library.parts.attached(job_id))
