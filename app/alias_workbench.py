"""The alias workbench: clusters of spellings that may be one brand, what a merge would touch, the command for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from app.accepted_runs import AcceptedRuns
from app.commands import AddBrand, Command, MergeBrands, Several
from app.overlay import EffectiveAppearance, Overlay, State
from app.review_rows import CropRef, Facts
from engine.clustering import LEVELS, Cluster, ClusterItem, Level, cluster_texts
from engine.domain.brands import KnownBrand
from engine.domain.errors import UserFixable
from engine.textfold import fold_compact
from storage.brands import brand_id_of
from storage.library import Library

__all__ = [
    "LEVELS",
    "AliasWorkbench",
    "Crop",
    "Level",
    "MergePreview",
    "Touched",
    "WorkCluster",
    "WorkMember",
]

SHORTEST = 3
"""Unresolved texts with fewer letters and digits are not offered."""


@dataclass(frozen=True, slots=True)
class Crop:
    """Where a text is seen best: the source, the run, and the place."""

    source_id: str
    job_id: str
    place: CropRef


@dataclass(frozen=True, slots=True)
class WorkMember:
    """One spelling: of a brand (`brand_id`) or unresolved. `appearances` and `seconds` on screen over the accepted runs
    with what people decided, `sources` how many show it, `crop` where it is seen best. A brand's own name stands for
    the whole brand, an alias for what matched by it."""

    kind: Literal["brand", "alias", "text"]
    text: str
    brand_id: str = ""
    brand_name: str = ""
    appearances: int = 0
    seconds: float = 0.0
    sources: int = 0
    crop: Crop | None = None


@dataclass(frozen=True, slots=True)
class WorkCluster:
    """Spellings that may be one brand, the heaviest first. `lead` is the proposed surviving name: the brand with
    most seconds where there is one."""

    level: Level
    lead: str
    lead_brand: str
    members: tuple[WorkMember, ...]

    @property
    def seconds(self) -> float:
        """Seconds of all members; an alias's are its brand's where that is a member too."""
        whole = {m.brand_id for m in self.members if m.kind == "brand"}
        return sum(m.seconds for m in self.members if m.kind != "alias" or m.brand_id not in whole)

    def things(self) -> tuple[str, ...]:
        """What "not the same" remembers: brand ids and texts."""
        return tuple(dict.fromkeys(m.brand_id or m.text for m in self.members))


@dataclass(frozen=True, slots=True)
class Touched:
    """A source that a merge touches: what the accepted run saw of the brands, and how many decisions name them."""

    source_id: str
    source_name: str
    occurrences: int
    seconds: float
    decisions: int


@dataclass(frozen=True, slots=True)
class MergePreview:
    """Everything that a merge touches: the survivor, (brand, spelling) that will lead to it, unresolved texts that
    become aliases, sightings as (brand, source, occurrences, seconds), sources, decisions by their ids."""

    survivor: str
    aliases: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]
    sightings: tuple[tuple[str, str, int, float], ...]
    sources: tuple[Touched, ...]
    decisions: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    """What the accepted runs show of one spelling: appearances, the kept frames by source with the seconds each stands
    for (two boards at a time count once), and the crop of the appearance that is seen longest."""

    appearances: int = 0
    frames: dict[str, dict[int, float]] = field(default_factory=dict)
    crop: Crop | None = None
    longest: float = -1.0

    def add(self, a: EffectiveAppearance, facts: Facts) -> None:
        run = facts.run
        seconds, crop, _ = facts.of(a)
        self.appearances += 1
        frames = self.frames.setdefault(run.source.id, {})
        for s in a.seen:
            frames[s.seq] = facts.seconds_of.get(s.seq, 0.0)
        if crop is not None and seconds > self.longest:
            self.longest = seconds
            self.crop = Crop(run.source.id, run.job.id, crop)

    @property
    def seconds(self) -> float:
        return sum(sum(frames.values()) for frames in self.frames.values())


class AliasWorkbench:
    """Clusters over one library. Everything is computed on the caller's thread: call it off the window's."""

    def __init__(self, library: Library, accepted: AcceptedRuns) -> None:
        self._library = library
        self._accepted = accepted

    def clusters(self, level: Level, *, brands_too: bool = True) -> list[WorkCluster]:
        """Clusters of unresolved texts and brands at a level, heaviest first. What was kept apart with "not the same"
        never meets; the spellings of one brand alone, or of brands that nobody saw, make no cluster. `brands_too`
        False: only unresolved texts."""
        members = self._members(brands_too)
        items = [
            ClusterItem(m.text, max(m.seconds, 0.01) + (1000.0 if m.brand_id else 0.0))
            for m in members.values()
        ]
        found = []
        for cluster in cluster_texts(items, level, self._apart(members)):
            made = self._made(cluster, members)
            if made is not None:
                found.append(made)
        found.sort(key=lambda c: (-c.seconds, c.lead))
        return found

    def unresolved(self) -> list[WorkMember]:
        """Every unresolved text of the accepted runs, most seconds first."""
        return sorted(_unresolved(self._shown()).values(), key=lambda m: (-m.seconds, m.text))

    def merge_command(
        self, members: Iterable[WorkMember], *, into: str = "", name: str = "", title: str = ""
    ) -> Command:
        """The command that lets all these be one brand: `into` (a brand's id), else one of this `name`, which is made
        where no brand has it. UserFixable where neither is given."""
        chosen = list(members)
        brands = tuple(dict.fromkeys(m.brand_id for m in chosen if m.brand_id))
        texts = tuple(dict.fromkeys(m.text for m in chosen if not m.brand_id))
        if not into and name:
            known = self._library.brands.find(name)
            into = known[0].id if known else ""
        if into:
            others = tuple(b for b in brands if b != into)
            return MergeBrands(
                brand_ids=others, into=into, texts=_without(texts, self._spellings(into, others))
            )
        if not name.strip():
            raise UserFixable(
                "No surviving name was chosen.",
                still_works="Nothing was changed.",
                to_do="Choose or type one.",
            )
        made = AddBrand(name=name, aliases=_without(texts, [name]))
        if not brands:
            return made
        title = title or f"Merge {len(brands) + len(made.aliases)} names into {name}"
        return Several.of(title, (made, MergeBrands(brand_ids=brands, into=brand_id_of(name))))

    def merge_preview(self, brand_ids: Sequence[str], into: str, texts: Sequence[str] = ()) -> MergePreview:
        """Names every alias, sighting, source and decision that merging these brands into `into` touches."""
        library = self._library
        with library.db.read() as conn:
            tops = library.brands.redirects(conn=conn)
            every = {b.id: b for b in library.brands.all(conn=conn)}
            gone = {tops[b] for b in brand_ids if b in tops} - {tops.get(into, into)}
            family = [b for b in every.values() if tops[b.id] in gone]
            kept = [b for b in every.values() if tops[b.id] == tops.get(into, into)]
            decisions = library.decisions.of_brand([b.id for b in (*family, *kept)], conn=conn)
            accepted = library.jobs.accepted_ids(conn=conn)
            names = {s.id: s.name for s in library.sources.all()}
            seconds = library.sightings.sources_of([b.id for b in family], conn=conn)
            sightings: list[tuple[str, str, int, float]] = []
            seen: dict[str, list[tuple[int, float]]] = defaultdict(list)
            ids = {b.id for b in family}
            for source_id, job_id in accepted.items():
                for s in library.sightings.of_job(job_id, conn=conn):
                    if s.brand_id in ids:
                        spent = seconds.get(s.brand_id, {}).get(source_id, 0.0)
                        sightings.append((s.brand_name, names[source_id], s.occurrences, spent))
                        seen[source_id].append((s.occurrences, spent))
        touched = [d for d in decisions if d.brand_id in ids]
        by_source: dict[str, int] = defaultdict(int)
        for d in touched:
            by_source[d.source_asset_id] += 1
        sources = tuple(
            Touched(
                source_id,
                names[source_id],
                sum(n for n, _ in seen.get(source_id, ())),
                sum(t for _, t in seen.get(source_id, ())),
                by_source.get(source_id, 0),
            )
            for source_id in names
            if source_id in seen or source_id in by_source
        )
        spellings = tuple((b.canonical_name, t) for b in family for t in (b.canonical_name, *b.aliases))
        survivor = every[tops[into]].canonical_name if into in tops else into
        return MergePreview(
            survivor, spellings, tuple(texts), tuple(sightings), sources, tuple(d.id for d in touched)
        )

    # Inside ----------------------------------------------------------------------------------------

    def _members(self, brands_too: bool) -> dict[str, WorkMember]:
        """By spelling: unresolved texts, and names and aliases of all brands."""
        shown = self._shown()
        members = _unresolved(shown)
        if not brands_too:
            return members
        with self._library.db.read() as conn:
            brands = self._library.brands.all(conn=conn)
            tops = self._library.brands.redirects(conn=conn)
        names = {b.id: b.canonical_name for b in brands}
        seen = _of_brands(shown)
        for brand in sorted(brands, key=lambda b: b.merged_into is not None):
            for text, member in _spelt(brand, tops[brand.id], names[tops[brand.id]], seen):
                if text not in members or not members[text].brand_id:
                    members[text] = member
        return members

    def _shown(self) -> list[tuple[Overlay, Facts]]:
        """The accepted runs with what people decided, read once for all that is told of them."""
        return [(overlay, Facts(overlay.run)) for overlay in self._accepted.overlays()]

    def _apart(self, members: dict[str, WorkMember]) -> set[frozenset[str]]:
        """Remembered "not the same" pairs as pairs of spellings."""
        texts: dict[str, list[str]] = defaultdict(list)
        for text, member in members.items():
            texts[member.brand_id or fold_compact(text)].append(text)
            if member.brand_id:
                texts[fold_compact(text)].append(text)
        pairs = set()
        for first, second in self._library.brands.not_same():
            for a, b in product(texts.get(first, ()), texts.get(second, ())):
                if a != b:
                    pairs.add(frozenset((a, b)))
        return pairs

    def _made(self, cluster: Cluster, members: dict[str, WorkMember]) -> WorkCluster | None:
        inside = [members[item.text] for item in cluster.items]
        brands = {m.brand_id for m in inside if m.brand_id}
        only_brands = all(m.brand_id for m in inside)
        if only_brands and (len(brands) < 2 or not any(m.seconds for m in inside)):
            return None
        inside.sort(key=lambda m: (m.kind == "text", -m.seconds, m.text))
        leads = [m for m in inside if m.brand_id]
        lead = max(leads, key=lambda m: m.seconds) if leads else inside[0]
        return WorkCluster(cluster.level, lead.brand_name or lead.text, lead.brand_id, tuple(inside))

    def _spellings(self, into: str, others: Sequence[str]) -> list[str]:
        found = [self._library.brands.get(b) for b in (into, *others)]
        return [t for b in found for t in (b.canonical_name, *b.aliases)]


def _open(a: EffectiveAppearance) -> bool:
    """Unresolved and nobody has said anything yet."""
    return (
        a.state is State.UNDECIDED
        and a.machine is not None
        and a.machine.verdict in ("unresolved", "review")
        and a.surface == "scene"
        and len(fold_compact(a.text)) >= SHORTEST
    )


def _unresolved(shown: Iterable[tuple[Overlay, Facts]]) -> dict[str, WorkMember]:
    found: dict[str, _Tally] = defaultdict(_Tally)
    for overlay, facts in shown:
        for a in overlay.appearances:
            if _open(a):
                found[a.text].add(a, facts)
    return {text: _member("text", text, "", "", tally) for text, tally in found.items()}


def _of_brands(shown: Iterable[tuple[Overlay, Facts]]) -> dict[tuple[str, str], _Tally]:
    """What counts for each brand, under (surviving brand's id, ''), and what of it matched by one of its
    spellings, under (id, folded spelling)."""
    found: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    for overlay, facts in shown:
        for a in overlay.appearances:
            if not a.counts or a.surface != "scene":
                continue
            found[a.brand_id, ""].add(a, facts)
            best = a.machine.candidates[0] if a.machine is not None and a.machine.candidates else None
            if best is not None and best.matched and overlay.names.resolve(best.brand_id) == a.brand_id:
                found[a.brand_id, fold_compact(best.matched)].add(a, facts)
    return found


def _spelt(
    brand: KnownBrand, top: str, top_name: str, seen: Mapping[tuple[str, str], _Tally]
) -> Iterable[tuple[str, WorkMember]]:
    """A brand's name and aliases; a merged brand's are all aliases of the one it leads to."""
    own = brand.id == top
    for number, text in enumerate((brand.canonical_name, *brand.aliases)):
        whole = own and number == 0
        tally = seen.get((top, "" if whole else fold_compact(text)), _Tally())
        yield text, _member("brand" if whole else "alias", text, top, top_name, tally)


def _member(
    kind: Literal["brand", "alias", "text"], text: str, brand_id: str, name: str, tally: _Tally
) -> WorkMember:
    return WorkMember(
        kind, text, brand_id, name, tally.appearances, tally.seconds, len(tally.frames), tally.crop
    )


def _without(texts: Iterable[str], there: Collection[str]) -> tuple[str, ...]:
    """The texts that are spelt (folded) like none of `there`, each spelling once."""
    seen = {fold_compact(t) for t in there}
    found = []
    for text in texts:
        folded = fold_compact(text)
        if folded and folded not in seen:
            seen.add(folded)
            found.append(text)
    return tuple(found)
