"""Which decisions stand on an appearance of a run: those made on it, and those of other runs that anchor there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from engine.domain.decisions import Decision
from storage.review_queries import ReviewQueries

if TYPE_CHECKING:
    from app.results import RunResult
    from app.run_cache import RunCache
    from storage.changes import Transaction
    from storage.library import Library


def held_decisions(
    library: Library, runs: RunCache, run: RunResult, keys: Sequence[str], *, conn: Transaction | None = None
) -> dict[str, list[tuple[Decision, int]]]:
    """Active decisions that hold each of these appearances of a run, with the member by which they do: those made
    on this run, and those of other runs where they are anchored. Oldest first."""
    queries = ReviewQueries(library.db)
    with library.db.reading(conn) as conn:
        here = queries.on_appearances(run.job.id, keys, conn=conn)
        others = queries.made_elsewhere(run.source.id, run.job.id, run.by_key, conn=conn)
        elsewhere = runs.anchored(run.job.id, others)
        places = {key: dict.fromkeys([*here.get(key, ()), *elsewhere.get(key, ())]) for key in keys}
        ids = {decision for found in places.values() for decision, _ in found}
        known = {d.id: d for d in library.decisions.get_many(ids, conn=conn)}
    held = {}
    for key, found in places.items():
        pairs = [(known[d], member) for d, member in found if d in known and known[d].active]
        held[key] = sorted(pairs, key=lambda pair: pair[0].revision)
    return held


def other_pieces(
    library: Library,
    runs: RunCache,
    run: RunResult,
    keys: Collection[str],
    *,
    conn: Transaction | None = None,
) -> dict[tuple[str, int], list[str]]:
    """By decision and member: which other appearances than `keys` it holds in this run. A decision made on another run
    holds several where that run saw one sign and this one sees it in pieces."""
    with library.db.reading(conn) as conn:
        others = ReviewQueries(library.db).made_elsewhere(run.source.id, run.job.id, run.by_key, conn=conn)
    found: dict[tuple[str, int], list[str]] = {}
    keys = set(keys)
    for key, places in runs.anchored(run.job.id, others).items():
        if key not in keys and key in run.by_key:
            for place in places:
                found.setdefault(place, []).append(key)
    return found
