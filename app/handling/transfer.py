"""Decisions from another library: whose source is here comes in, nothing that people said here is overruled."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from app.commands import ImportDecisions
from app.effective import FRAME_NOTE
from app.handling.work import BRANDS, DECISIONS, Outcome, Work, several
from engine.anchoring import Target, anchor
from engine.brand_names import fault_of_length, fault_of_name, shortened
from engine.decoding import looked_through
from engine.domain.brands import ReferenceCrop
from engine.domain.decisions import Decision, DecisionKind, Member
from engine.domain.errors import Conflict, UserFixable
from engine.domain.records import DetectionSource
from engine.domain.timebase import Span, format_time
from engine.textfold import fold_compact
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
    """A file of format `sponsight.decisions/1`. `denied` are texts of the deny list."""

    format: str
    brands: tuple[ForeignBrand, ...] = ()
    sources: tuple[ForeignSource, ...] = ()
    denied: tuple[str, ...] = ()


def read_document(data: Any) -> Document:
    """The document of plain data; UserFixable where it is none or of another format."""
    try:
        document = msgspec.convert(data, looked_through(Document))
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
    """New decisions come in as they were. What one of them says of an appearance of which people said something else
    here comes in switched off, and is told; the rest of it holds. One that is here already is passed over. A brand that
    can't be one is left out with the decisions that name it; each of them is told. Denied texts join the deny list,
    but those that are a brand's here."""
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
    brands = _Brands(document.brands, named, work, notes)
    tops = library.brands.redirects(conn=work.conn)
    made: list[str] = []
    source_ids = []
    passed = imported = 0
    for source in found:
        local = here[source.content_digest]
        source_ids.append(local.id)
        known = library.decisions.of_source(local.id, active=None, conn=work.conn)
        there = {d.id for d in known}
        fresh = sorted((d for d in source.decisions if d.id not in there), key=lambda d: d.revision)
        passed += len(source.decisions) - len(fresh)
        imported += len(fresh)
        new = []
        for decision in fresh:
            if unfit := brands.refused(decision.brand_id):
                notes.append(_left_out(decision, local.name, unfit))
                imported -= 1
                continue
            members = tuple(msgspec.structs.replace(m, job_id="", appearance="") for m in decision.members)
            brand_id = brands.ids.get(decision.brand_id, decision.brand_id)
            new.append(
                msgspec.structs.replace(
                    decision, source_asset_id=local.id, brand_id=brand_id, members=members
                )
            )
        overruled = _contradicting(new, [d for d in known if d.active], tops)
        for decision in new:
            against = overruled.get(decision.id, set())
            whole = msgspec.structs.replace(decision, active=decision.active and not against)
            made.append(library.decisions.add(whole, conn=work.conn).id)
            rest = tuple(m for number, m in enumerate(decision.members) if number not in against)
            if against and rest:
                kept = msgspec.structs.replace(decision, id="", members=rest)
                made.append(library.decisions.add(kept, conn=work.conn).id)
        if overruled:
            many = several(sum(map(len, overruled.values())), "appearance")
            notes.append(
                f"{several(len(overruled), 'decision')} of “{source.name}” said something else on {many} than was "
                "decided here: what was decided here stands."
            )
    denied = _denied(document.denied, work, notes)
    what = [several(imported, "decision")] if imported or not denied else []
    what += [several(len(denied), "denied text")] if denied else []
    return Outcome(
        f"Import {' and '.join(what)}",
        DECISIONS | BRANDS if work.made_brands or denied else DECISIONS,
        (*made, *work.made_brands, *denied),
        f"source:{source_ids[0]}" if source_ids else "",
        tuple(source_ids),
        tuple(notes),
        (*made, *work.made_brands),
        idle=" ".join(
            notes + ([f"All {'others' if notes else 'of these'} are here already."] if passed else [])
        ),
    )


def _denied(texts: Iterable[str], work: Work, notes: list[str]) -> list[str]:
    """The texts that were not on the deny list here; what is a brand's name or alias here is told and stays one."""
    brands, wanted = work.library.brands, []
    for text in texts:
        owners = brands.find(text, conn=work.conn) if not fault_of_name(text) else []
        if owners:
            notes.append(
                f"“{text}” belongs to {owners[0].canonical_name} here: it was not put on the deny list."
            )
        elif not fault_of_name(text):
            wanted.append(text)
    return brands.deny(wanted, origin="imported decisions", conn=work.conn) if wanted else []


def _left_out(decision: Decision, source: str, brand: str) -> str:
    start = min(m.span.start for m in decision.members)
    end = max(m.span.end for m in decision.members)
    return (
        f"“{source}”, {format_time(start)} to {format_time(end)}: the decision “{decision.kind.value}” names {brand} "
        "and was left out."
    )


class _Brands:
    """Takes the brands in that decisions name. `ids`: ids of the other library to ids here. What can't be taken is
    told in `notes`."""

    def __init__(self, brands: Iterable[ForeignBrand], named: set[str], work: Work, notes: list[str]) -> None:
        self._foreign = {b.id: b for b in brands}
        self._work = work
        self._notes = notes
        self.ids: dict[str, str] = {}
        fresh: list[ForeignBrand] = []
        unfit: list[ForeignBrand] = []
        for brand in self._wanted(named):
            here = self._here(brand)
            if here:
                self.ids[brand.id] = here
            elif fault_of_name(brand.name):
                unfit.append(brand)
                continue
            else:
                self.ids[brand.id] = self._make(brand)
                fresh.append(brand)
            self._add_to(self.ids[brand.id], brand)
        for brand in unfit:
            self._refuse(brand)
        for brand in fresh:
            self._lead_on(brand)

    def refused(self, brand_id: str) -> str:
        """The name, in quotes, of a brand of the file that could not be taken; '' for any other."""
        brand = self._foreign.get(brand_id)
        if brand is None or brand_id in self.ids:
            return ""
        return f"“{shortened(brand.name)}”" if brand.name.strip() else "a brand without a name"

    def _wanted(self, named: set[str]) -> list[ForeignBrand]:
        """The named brands and all that they lead on to."""
        wanted: dict[str, ForeignBrand] = {}
        for brand_id in sorted(named):
            onward: str | None = brand_id
            while onward in self._foreign and onward not in wanted:
                wanted[onward] = self._foreign[onward]
                onward = wanted[onward].merged_into
        return list(wanted.values())

    def _here(self, brand: ForeignBrand) -> str:
        """Id of the brand that is this one here; '' where there is none: the same brand of the same name, else the one
        that is called so here, else the same brand under a name that it had there before or has here since."""
        work = self._work
        twin = work.brand(brand.id) if work.has_brand(brand.id) else None
        if twin is not None and twin.canonical_name == brand.name:
            return twin.id
        same = work.library.brands.find(brand.name, conn=work.conn) if not fault_of_name(brand.name) else []
        if same:
            return same[0].id
        if twin is not None and fold_compact(twin.canonical_name) in map(fold_compact, brand.aliases):
            self._notes.append(f"“{brand.name}” is called “{twin.canonical_name}” here.")
            return twin.id
        return ""

    def _make(self, brand: ForeignBrand) -> str:
        category = brand.category
        if fault := fault_of_length(category):
            self._notes.append(f"{fault} “{brand.name}” was given no category.")
            category = ""
        added = self._work.library.brands.add(
            brand.name,
            first_source=brand.first_source,
            origin="imported decisions",
            confirmed=brand.confirmed,
            category=category,
            brand_id=brand.id,
            conn=self._work.conn,
        )
        self._work.made_brands.append(added.id)
        return added.id

    def _add_to(self, here: str, brand: ForeignBrand) -> None:
        """Give a brand here the other one's spellings and reference pictures."""
        brands, conn = self._work.library.brands, self._work.conn
        is_known = bool(brands.find(brand.name, conn=conn))
        for alias in brand.aliases if is_known else (brand.name, *brand.aliases):
            try:
                brands.add_alias(here, alias, conn=conn)
            except (Conflict, UserFixable) as refused:
                self._notes.append(f"{refused.message} It was not made an alias of {brand.name}.")
        for reference in brand.references:
            try:
                data = base64.b64decode(reference.data, validate=True)
            except ValueError:
                self._notes.append(f"A reference picture of “{brand.name}” is damaged and was left out.")
                continue
            crop = ReferenceCrop(self._work.library.blobs.put(data), reference.origin)
            brands.add_reference(here, crop, conn=conn)

    def _refuse(self, brand: ForeignBrand) -> None:
        """Leave a brand out; where it leads on to one that was taken, that one stands for it."""
        onward, met = brand.merged_into, {brand.id}
        while onward in self._foreign and onward not in self.ids and onward not in met:
            met.add(onward)
            onward = self._foreign[onward].merged_into
        parts = [several(len(brand.aliases), "alias", "aliases")] if brand.aliases else []
        parts += [several(len(brand.references), "picture")] if brand.references else []
        note = f"{fault_of_name(brand.name)} The brand was left out"
        if parts:
            note += f", with {' and '.join(parts)}"
        if onward in self.ids:
            self.ids[brand.id] = self.ids[onward]
            name = self._work.brand(self.ids[onward]).canonical_name
            note += f": what was decided about it names “{name}”, into which it was merged"
        self._notes.append(f"{note}.")

    def _lead_on(self, brand: ForeignBrand) -> None:
        """Merge a new brand into the one that it was merged into."""
        into = brand.merged_into
        if into in self.ids and self.ids[into] != self.ids[brand.id]:
            self._work.library.brands.set_merged_into(
                self.ids[brand.id], self.ids[into], conn=self._work.conn
            )
        elif into in self._foreign and into not in self.ids:
            self._notes.append(
                f"“{brand.name}” was merged into {self.refused(into)} there, which was left out: it is a brand of its "
                "own here."
            )


def _contradicting(
    new: Sequence[Decision], standing: Sequence[Decision], tops: Mapping[str, str]
) -> dict[str, set[int]]:
    """Of new verdicts the members that a standing verdict covers and says something else of: decision id → numbers.
    A word on one frame and a word on the whole appearance stand beside each other."""
    found: dict[str, set[int]] = {}
    for on_frame in (False, True):
        targets: list[Target] = []
        said: dict[str, tuple[str, str]] = {}
        for decision in standing:
            if decision.kind in VERDICTS and (decision.note == FRAME_NOTE) is on_frame:
                for number, member in enumerate(decision.members):
                    key = f"{decision.id}:{number}"
                    said[key] = _word(decision, tops)
                    targets.append(_target(key, member))
        if not targets:
            continue
        verdicts = {
            d.id: d for d in new if d.active and d.kind in VERDICTS and (d.note == FRAME_NOTE) is on_frame
        }
        whole = Span(0, max(t.span.end for t in targets) + 1)
        for a in anchor(verdicts.values(), targets, analysed=(whole,), suggest=False).anchors:
            if _word(verdicts[a.decision], tops) != said[a.target]:
                found.setdefault(a.decision, set()).add(a.member)
    return found


def _word(decision: Decision, tops: Mapping[str, str]) -> tuple[str, str]:
    """What a verdict comes to: confirming a brand and giving a sign to it are the same, and so are brands of which
    `tops` says that they lead to the same one."""
    if decision.kind not in (DecisionKind.CONFIRM, DecisionKind.REASSIGN):
        return decision.kind, ""
    return DecisionKind.CONFIRM, tops.get(decision.brand_id, decision.brand_id) or decision.brand_name


def _target(key: str, member: Member) -> Target:
    return Target(key, member.span, member.samples, member.text, member.look, member.parts)
