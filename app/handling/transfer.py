"""Decisions from another library: whose source is here comes in, nothing that people said here is overruled."""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from app.commands import ImportDecisions
from app.handling.work import BRANDS, DECISIONS, Outcome, Work, several
from engine.anchoring import Target, anchor
from engine.domain.brands import ReferenceCrop
from engine.domain.decisions import Decision, Member
from engine.domain.errors import Conflict, UserFixable
from engine.domain.records import DetectionSource
from engine.domain.timebase import Span
from storage.review_queries import VERDICTS

FORMAT = "sponsight.decisions/1"


class ForeignReference(msgspec.Struct, frozen=True):
    """A reference picture as base64."""

    data: str
    origin: str = ""


class ForeignBrand(msgspec.Struct, frozen=True, kw_only=True):
    """A brand that the decisions name, as the other library knows it."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    category: str = ""
    confirmed: bool = False
    first_source: DetectionSource = "manual"
    merged_into: str | None = None
    references: tuple[ForeignReference, ...] = ()


class ForeignSource(msgspec.Struct, frozen=True, kw_only=True):
    """One source's decisions; the source is known by its bytes."""

    content_digest: str
    name: str
    duration: int = 0
    decisions: tuple[Decision, ...] = ()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file of format `sponsight.decisions/1`."""

    format: str
    brands: tuple[ForeignBrand, ...] = ()
    sources: tuple[ForeignSource, ...] = ()


def read_document(data: Any) -> Document:
    """The document of plain data; UserFixable where it is none or of another format."""
    try:
        document = msgspec.convert(data, Document)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error)) from error
    if document.format != FORMAT:
        raise _unreadable(f"its format is {document.format!r}")
    if not all(d.members for s in document.sources for d in s.decisions):
        raise _unreadable("one of its decisions covers no appearance")
    return document


def _unreadable(why: str) -> UserFixable:
    return UserFixable(
        f"This is no file of decisions ({FORMAT}): {why}.",
        still_works="Nothing was imported.",
        to_do="Choose a file that `sponsight decisions export` wrote.",
    )


def import_decisions(cmd: ImportDecisions, work: Work) -> Outcome:
    """New decisions come in as they were. One that says something else of an appearance than people said here
    comes in switched off, and is told; one that is here already is passed over."""
    document = read_document(cmd.document)
    library, notes = work.library, []
    here = {s.content_digest: s for s in library.sources.all(conn=work.conn)}
    removed = {r.source.content_digest: r.source.name for r in library.removals.all(conn=work.conn)}
    found = [s for s in document.sources if s.content_digest in here]
    for source in document.sources:
        name = removed.get(source.content_digest)
        if name is not None:
            notes.append(
                f"“{name}” was removed from this library: its decisions were left out. Bring it back with "
                f"`sponsight sources restore {shlex.quote(name)}`, then import them again."
            )
        elif source.content_digest not in here:
            notes.append(f"“{source.name}” is not in this library: its decisions were left out.")
    named = {d.brand_id for s in found for d in s.decisions if d.brand_id}
    ids = _take_brands(document.brands, named, work, notes)
    made: list[str] = []
    source_ids = []
    for source in found:
        local = here[source.content_digest]
        source_ids.append(local.id)
        known = library.decisions.of_source(local.id, active=None, conn=work.conn)
        there = {d.id for d in known}
        new = [
            msgspec.structs.replace(
                d,
                source_asset_id=local.id,
                brand_id=ids.get(d.brand_id, d.brand_id),
                members=tuple(msgspec.structs.replace(m, job_id="", appearance="") for m in d.members),
            )
            for d in source.decisions
            if d.id not in there
        ]
        overruled = _contradicting(new, [d for d in known if d.active])
        for decision in new:
            if decision.id in overruled:
                decision = msgspec.structs.replace(decision, active=False)
            made.append(library.decisions.add(decision, conn=work.conn).id)
        if overruled:
            notes.append(
                f"{several(len(overruled), 'decision')} of “{source.name}” said something else than was decided "
                "here: what was decided here stands."
            )
    return Outcome(
        f"Import {several(len(made), 'decision')}",
        DECISIONS | BRANDS if work.made_brands else DECISIONS,
        (*made, *work.made_brands),
        f"source:{source_ids[0]}" if source_ids else "",
        tuple(source_ids),
        tuple(notes),
        (*made, *work.made_brands),
        idle=" ".join(notes) or "All of these decisions are here already.",
    )


def _take_brands(
    brands: Iterable[ForeignBrand], named: set[str], work: Work, notes: list[str]
) -> dict[str, str]:
    """Ids of the other library to ids here; brands that are not here are made, with their redirects."""
    foreign = {b.id: b for b in brands}
    wanted = dict.fromkeys(sorted(named))
    for brand_id in list(wanted):
        while (brand := foreign.get(brand_id)) is not None and brand.merged_into:
            brand_id = brand.merged_into
            wanted[brand_id] = None
    ids: dict[str, str] = {}
    fresh: list[ForeignBrand] = []
    library = work.library
    for brand_id in wanted:
        brand = foreign.get(brand_id)
        if brand is None:
            continue
        same = library.brands.find(brand.name, conn=work.conn)
        if work.has_brand(brand.id) and work.brand(brand.id).canonical_name == brand.name:
            ids[brand.id] = brand.id
        elif same:
            ids[brand.id] = same[0].id
        else:
            added = library.brands.add(
                brand.name,
                first_source=brand.first_source,
                origin="imported decisions",
                confirmed=brand.confirmed,
                category=brand.category,
                brand_id=brand.id,
                conn=work.conn,
            )
            ids[brand.id] = added.id
            work.made_brands.append(added.id)
            fresh.append(brand)
        for alias in brand.aliases:
            try:
                library.brands.add_alias(ids[brand.id], alias, conn=work.conn)
            except (Conflict, UserFixable) as refused:
                notes.append(f"{refused.message} It was not made an alias of {brand.name}.")
        for reference in brand.references:
            library.brands.add_reference(
                ids[brand.id], ReferenceCrop(_stored(reference, work), reference.origin), conn=work.conn
            )
    for brand in fresh:
        if brand.merged_into and brand.merged_into in ids and ids[brand.merged_into] != ids[brand.id]:
            library.brands.set_merged_into(ids[brand.id], ids[brand.merged_into], conn=work.conn)
    return ids


def _stored(reference: ForeignReference, work: Work) -> str:
    try:
        return work.library.blobs.put(base64.b64decode(reference.data, validate=True))
    except binascii.Error as error:
        raise _unreadable("a reference picture is damaged") from error


def _contradicting(new: Sequence[Decision], standing: Sequence[Decision]) -> set[str]:
    """Ids of new verdicts that cover what a standing verdict covers and say something else."""
    targets: list[Target] = []
    said: dict[str, Decision] = {}
    for decision in standing:
        if decision.kind not in VERDICTS:
            continue
        for number, member in enumerate(decision.members):
            key = f"{decision.id}:{number}"
            said[key] = decision
            targets.append(_target(key, member))
    if not targets:
        return set()
    verdicts = [d for d in new if d.active and d.kind in VERDICTS]
    whole = Span(0, max(t.span.end for t in targets) + 1)
    anchors = anchor(verdicts, targets, analysed=(whole,), suggest=False).anchors
    by_id = {d.id: d for d in verdicts}
    return {
        a.decision
        for a in anchors
        if (by_id[a.decision].kind, by_id[a.decision].brand_id)
        != (said[a.target].kind, said[a.target].brand_id)
    }


def _target(key: str, member: Member) -> Target:
    return Target(key, member.span, member.samples, member.text, member.look, member.parts)
