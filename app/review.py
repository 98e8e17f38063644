"""Reviewing one run: its overlay, the queue in a stable order, filters, what is left, candidates, next undecided."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.brand_search import BrandHit, BrandSearch, load_names
from app.effective import whole_of
from app.handling.standing import held_decisions
from app.learning import Choices
from app.overlay import FRAME_MARK, EffectiveAppearance, Overlay, State, build_overlay, redecided
from app.results import RunResult
from app.review_order import Group, QueueOrder, Unit
from app.review_rows import (
    EVERYTHING,
    Facts,
    Flag,
    QueueFilter,
    QueueRow,
    flags_of,
    orphan_row,
    proposal,
    uncertainty,
)
from app.run_cache import RunCache
from engine.domain.decisions import DRAWN_MARK, AuditEntry
from storage.library import Library
from storage.review_queries import ReviewQueries

MOST_CANDIDATES = 9


class Changed(Protocol):
    """A Change of the command bus or a LibraryChanged of the mailbox."""

    @property
    def kinds(self) -> frozenset[str]: ...

    @property
    def ids(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One brand to choose for an appearance (keys 1 to 9), with the reason in words; `score` 0..100."""

    brand_id: str
    brand_name: str
    score: float
    reason: str


class ReviewService:
    """Opens review sessions over one library."""

    def __init__(self, library: Library, runs: RunCache | None = None) -> None:
        self._library = library
        self._runs = runs or RunCache(library)

    @property
    def runs(self) -> RunCache:
        return self._runs

    def open(self, job_id: str) -> ReviewSession:
        """A session over a run (one that is still going too). UserFixable where there is no such run."""
        return ReviewSession(self._library, self._runs, job_id)


class ReviewSession:
    """One run under review. Methods may be called from any thread, one at a time does its work.

    The order of the rows stays as it is until `resort`; what a run finds meanwhile is put at the end."""

    def __init__(self, library: Library, runs: RunCache, job_id: str) -> None:
        self.job_id = job_id
        self._library = library
        self._runs = runs
        self._queries = ReviewQueries(library.db)
        self._lock = threading.RLock()
        self._order = QueueOrder(self._row)
        self._search: BrandSearch | None = None
        self._choices: Choices | None = None
        self._facts = Facts(runs.get(job_id))
        self._first_seen = self._new_brands(self._facts.run)
        self._alike: set[str] = set()
        self._overlay = self._load()
        self.resort()

    # What is shown ---------------------------------------------------------------------------------

    @property
    def overlay(self) -> Overlay:
        """Run output + decisions as they are now."""
        return self._overlay

    @property
    def run(self) -> RunResult:
        return self._overlay.run

    def queue(self, filters: QueueFilter = EVERYTHING) -> list[QueueRow]:
        """The rows that pass, in the stable order."""
        with self._lock:
            return filters.lets(self._order.rows())

    def row_of(self, key: str) -> QueueRow | None:
        """The row that an appearance's key (or a row's) stands in."""
        with self._lock:
            return self._order.row_of(key)

    def counts(self, filters: QueueFilter = EVERYTHING) -> tuple[int, int]:
        """(left to decide, all) of the rows that pass but for `undecided`: "128 of 512 left"."""
        rows = self.queue(replace(filters, undecided=False))
        return sum(not r.decided for r in rows), len(rows)

    def next_undecided(
        self, after: str = "", filters: QueueFilter = EVERYTHING, *, backwards: bool = False
    ) -> QueueRow | None:
        """The next row with something to decide after the row that holds `after` ('' the first), going round once;
        None where nothing is left."""
        rows = self.queue(replace(filters, undecided=False))
        here = next((i for i, r in enumerate(rows) if r.key == after or after in r.keys), None)
        if backwards:
            rows = rows[::-1]
            here = None if here is None else len(rows) - 1 - here
        start = 0 if here is None else here + 1
        return next((r for r in (*rows[start:], *rows[:start]) if not r.decided and r.key != after), None)

    # Order and groups ------------------------------------------------------------------------------

    def resort(self) -> None:
        """Put what matters most first: exposure seconds × uncertainty. Only on demand, never while one works."""
        with self._lock:
            self._order.resort()

    def split(self, key: str) -> None:
        """Take the row's look-alikes apart: each becomes a row of its own."""
        with self._lock:
            row = self._order.row_of(key)
            if row is not None:
                self._order.split(row.keys)

    def join(self, key: str) -> None:
        """Put what was taken apart by `split` together again."""
        with self._lock:
            unit = self._order.units.get(key)
            if unit is not None:
                self._order.join(unit.group)

    # Keeping up ------------------------------------------------------------------------------------

    def refresh(self, change: Changed | None = None) -> set[str]:
        """Bring the overlay up to date after a change (None: everything may have changed). Returns the keys of the
        appearances that may look different; the order of the rows stays."""
        with self._lock:
            kinds = change.kinds if change is not None else frozenset({"decisions"})
            if kinds and kinds.isdisjoint({"brands", "decisions", "jobs", "sightings"}):
                return set()
            if change is not None and "brands" in kinds:
                self._search = None
            if "decisions" in kinds:
                self._choices = None
            keys = self._patchable(change)
            if keys:
                self._patch(keys)
                return keys
            if change is not None and kinds <= {"jobs"} and self.run.final:
                return set()
            self._overlay = self._load()
            return set(self._order.units)

    def _patchable(self, change: Changed | None) -> set[str]:
        """The appearances' keys where only decisions on appearances changed, else nothing."""
        if change is None or "decisions" not in change.kinds or any(DRAWN_MARK in i for i in change.ids):
            return set()
        known = self._overlay.by_key
        keys = {whole_of(i) for i in change.ids if not _is_decision(i)}
        if not all(k in known and known[k].machine is not None for k in keys):
            return set()
        touched = {d.id for k in keys for d in known[k].history}
        keys |= {
            whole_of(a.key)
            for a in self._overlay.appearances
            if a.machine is not None and a.history and not touched.isdisjoint(d.id for d in a.history)
        }
        return keys

    def _patch(self, keys: set[str]) -> None:
        names = load_names(self._library)
        held = held_decisions(self._library, self._runs, self.run, sorted(keys))
        self._overlay = redecided(self._overlay, held, names)
        shown = [a for a in self._overlay.appearances if whole_of(a.key) in keys]
        there = {a.key for a in shown}
        for key in [k for k in self._order.units if whole_of(k) in keys and k not in there]:
            self._order.drop(key)
        for a in shown:
            self._order.put(self._unit(a))

    def _load(self) -> Overlay:
        run = self._runs.get(self.job_id)
        decisions = self._library.decisions.of_source(run.source.id)
        overlay = self._overlay = build_overlay(run, decisions, load_names(self._library))
        if self._facts.run is not run:
            self._facts = Facts(run)
            self._first_seen = self._new_brands(run)
        self._alike = {s.target for s in overlay.suggestions}
        # What has no place yet may have one as soon as the rest is read.
        over = self._library.jobs.get(self.job_id).status.is_final
        orphans = [orphan_row(o, run, overlay.names) for o in overlay.orphans] if over else []
        self._order.load((self._unit(a) for a in overlay.appearances), orphans)
        return overlay

    def _new_brands(self, run: RunResult) -> set[str]:
        """Of every brand that no other run has seen, its longest appearance's key."""
        best: dict[str, tuple[int, str]] = {}
        for a in run.appearances:
            if a.verdict == "accepted" and a.brand_id:
                best[a.brand_id] = max(best.get(a.brand_id, (0, "")), (len(a.seen), a.key))
        known = self._queries.seen_before(best, self.job_id)
        return {key for brand, (_, key) in best.items() if brand not in known}

    # Rows ------------------------------------------------------------------------------------------

    def _unit(self, a: EffectiveAppearance) -> Unit:
        seconds, _, _ = self._facts.of(a)
        flags = flags_of(a, seconds, self._facts, self._first_seen, self._alike)
        return Unit(a, self._group_of(a), flags, uncertainty(a, a.machine, flags, self._facts), seconds)

    def _group_of(self, a: EffectiveAppearance) -> Group:
        """Look-alikes are those with the same folded text, brand, surface and standing; a split frame, a drawn box
        and what has no text stand alone."""
        folded = self._facts.of(a)[2]
        if a.machine is None or not folded or FRAME_MARK in a.key:
            return (a.key,)
        brand_id, name, proposed = proposal(a, self._overlay)
        standing = (a.state, a.decision.id if a.decision is not None else "", a.changed, a.machine.verdict)
        return (folded, brand_id or name, proposed, a.surface, *standing)

    def _row(self, units: Sequence[Unit]) -> QueueRow:
        first = units[0].shown
        best = units[0] if len(units) == 1 else max(units, key=lambda u: u.seconds)
        brand_id, brand_name, proposed = proposal(first, self._overlay)
        machine = first.machine
        span = first.span
        if len(units) > 1:
            span = type(span)(min(u.shown.span.start for u in units), max(u.shown.span.end for u in units))
        return QueueRow(
            key=first.key,
            keys=(first.key,) if len(units) == 1 else tuple(u.shown.key for u in units),
            text=first.text,
            brand_id=brand_id,
            brand_name=brand_name,
            proposed=proposed,
            state=first.state,
            surface=first.surface,
            flags=units[0].flags if len(units) == 1 else frozenset().union(*(u.flags for u in units)),
            score=machine.candidates[0].match_score if machine is not None and machine.candidates else 0.0,
            seconds=units[0].seconds if len(units) == 1 else sum(u.seconds for u in units),
            uncertainty=units[0].uncertainty if len(units) == 1 else max(u.uncertainty for u in units),
            span=span,
            crop=self._facts.of(best.shown)[1],
            verdict=machine.verdict if machine is not None else "",
            evidence=machine.evidence if machine is not None else "person",
        )

    # For the inspector -----------------------------------------------------------------------------

    def candidates(self, key: str, limit: int = MOST_CANDIDATES) -> list[CandidateRow]:
        """Brands to choose for an appearance, best first: what the machine proposes, what people chose for this text
        before, and names that read alike. What people chose raises a brand, what they refused lowers it."""
        with self._lock:
            unit = self._order.units.get(key)
            if unit is None:
                return []
            names, machine = self._overlay.names, unit.shown.machine
            found: dict[str, CandidateRow] = {}
            for c in machine.candidates if machine is not None else ():
                brand = names.resolve(c.brand_id)
                found.setdefault(
                    brand, CandidateRow(brand, names.name(brand, c.brand_name), c.match_score, c.reason)
                )
            if unit.shown.brand_id and unit.shown.brand_id not in found:
                shown = unit.shown
                found[shown.brand_id] = CandidateRow(shown.brand_id, shown.brand_name, 100.0, "decided so")
            past = self._past()
            for hit in self.search_brands(unit.shown.text, limit):
                found.setdefault(
                    hit.brand_id,
                    CandidateRow(hit.brand_id, hit.name, hit.score * 0.8, f"reads like {hit.matched}"),
                )
            for brand_id in past.brands_of(unit.shown.text):
                top = names.resolve(brand_id)
                if top not in found and names.name(top):
                    found[top] = CandidateRow(top, names.name(top), 60.0, "")
            ranked = [past.weigh(row, unit.shown.text, names) for row in found.values()]
        ranked.sort(key=lambda r: (-r.score, r.brand_name))
        return ranked[:limit]

    def search_brands(self, text: str, limit: int = MOST_CANDIDATES) -> list[BrandHit]:
        """Type-ahead over names and aliases."""
        if self._search is None:
            self._search = BrandSearch.of(self._library)
        return self._search.search(text, limit)

    def history(self, key: str) -> list[AuditEntry]:
        """Rows of the log that speak of this appearance, newest first."""
        return self._library.audit.search(whole_of(key), source_id=self.run.source.id)

    def _past(self) -> Choices:
        if self._choices is None:
            self._choices = Choices(self._queries.choices())
        return self._choices


def _is_decision(id_: str) -> bool:
    """Decisions and brands have UUIDs, appearances keys without dashes."""
    return "-" in id_


def undecided(rows: Iterable[QueueRow]) -> list[QueueRow]:
    """Those with something left to decide."""
    return [r for r in rows if not r.decided]


__all__ = [
    "CandidateRow", "Flag", "QueueFilter", "QueueRow", "ReviewService", "ReviewSession", "State", "undecided",
]  # fmt: skip
