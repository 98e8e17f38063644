"""Decisions of a library as a file (JSON, `sponsight.decisions/1`) that another library can take in."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from app.command_bus import Change, CommandBus
from app.commands import ImportDecisions
from app.handling.transfer import (
    FORMAT,
    Document,
    ForeignBrand,
    ForeignReference,
    ForeignSource,
    read_document,
)
from app.whole_file import write_whole
from engine.domain.brands import KnownBrand
from engine.domain.errors import UserFixable
from storage.library import Library


def export_decisions(library: Library, source_ids: Sequence[str] = ()) -> dict[str, Any]:
    """All decisions in force of these sources, with the brands that they name, as plain data; where none is given, of
    all of them, and the deny list. Sources are named by the digest of their bytes, so that a moved or renamed video is
    the same one."""
    with library.db.read() as conn:
        chosen = [library.sources.get(s) for s in source_ids] or library.sources.all()
        sources = []
        for source in chosen:
            decisions = library.decisions.of_source(source.id, conn=conn)
            if decisions:
                sources.append(
                    ForeignSource(
                        content_digest=source.content_digest,
                        name=source.name,
                        duration=source.duration,
                        decisions=tuple(decisions),
                    )
                )
        named = {d.brand_id for s in sources for d in s.decisions if d.brand_id}
        brands = _with_targets({b.id: b for b in library.brands.all(conn=conn)}, named)
        denied = () if source_ids else tuple(library.brands.denied(conn=conn).values())
    document = Document(
        format=FORMAT,
        brands=tuple(_foreign(b, library) for b in brands),
        sources=tuple(sources),
        denied=denied,
    )
    data: dict[str, Any] = msgspec.to_builtins(document)
    return data


def write_decisions(library: Library, path: Path, source_ids: Sequence[str] = ()) -> int:
    """Write `export_decisions` to a file in one step; returns how many decisions that were."""
    data = export_decisions(library, source_ids)
    write_whole(path, msgspec.json.format(msgspec.json.encode(data), indent=1))
    return sum(len(s["decisions"]) for s in data["sources"])


def load_decisions(bus: CommandBus, path: Path, *, initiator: str = "") -> Change:
    """Take a file of decisions into the library, as one step that can be undone. The Change's notes say what was
    left out. UserFixable where the file is none, or brings nothing new."""
    try:
        data = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise UserFixable(
            f"{path} could not be read: {error.strerror or error}.",
            still_works="Nothing was imported.",
            to_do="Check the path and the rights of the file.",
        ) from error
    except msgspec.DecodeError as error:
        raise UserFixable(
            f"{path} is no JSON file: {error}.",
            still_works="Nothing was imported.",
            to_do="Choose a file that `sponsight decisions export` wrote.",
        ) from error
    read_document(data)
    return bus.do(ImportDecisions(document=data), initiator=initiator)


def _with_targets(known: dict[str, KnownBrand], named: Iterable[str]) -> list[KnownBrand]:
    """The named brands and all that they lead on to, by id."""
    found: dict[str, KnownBrand] = {}
    for brand_id in named:
        at: str | None = brand_id
        while at is not None and at in known and at not in found:
            found[at] = known[at]
            at = known[at].merged_into
    return [found[b] for b in sorted(found)]


def _foreign(brand: KnownBrand, library: Library) -> ForeignBrand:
    return ForeignBrand(
        id=brand.id,
        name=brand.canonical_name,
        aliases=brand.aliases,
        category=brand.category,
        confirmed=brand.confirmed,
        first_source=brand.first_source,
        merged_into=brand.merged_into,
        references=tuple(
            ForeignReference(base64.b64encode(library.blobs.get(r.digest)).decode(), r.origin)
            for r in brand.references
            if library.blobs.has(r.digest)
        ),
    )
