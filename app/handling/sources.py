"""Taking a source out of the library, and bringing it back."""

from __future__ import annotations

from app.commands import RemoveSource, RestoreSource
from app.handling.work import Outcome, Work
from engine.domain.errors import UserFixable

SOURCES = frozenset({"sources", "jobs", "sightings"})
"""What changes with a source that goes or comes back; no decision does."""


def remove_source(cmd: RemoveSource, work: Work) -> Outcome:
    source = work.library.sources.get(cmd.source_id, conn=work.conn)
    work.library.removals.add(source.id, conn=work.conn)
    return Outcome(f"Remove {source.name}", SOURCES, (source.id,), f"library:{source.id}", (source.id,))


def restore_source(cmd: RestoreSource, work: Work) -> Outcome:
    removed = next(
        (r for r in work.library.removals.all(conn=work.conn) if r.source.id == cmd.source_id), None
    )
    if removed is None:
        source = work.library.sources.get(cmd.source_id, conn=work.conn)
        raise UserFixable(f"{source.name} is in this library.", still_works="Nothing was changed.", to_do="")
    work.library.removals.drop(cmd.source_id, conn=work.conn)
    source = removed.source
    return Outcome(f"Bring back {source.name}", SOURCES, (source.id,), f"library:{source.id}", (source.id,))
