"""The brand book as people work with it: the table, clusters, impact of an edit, matching again when they agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.accepted_runs import AcceptedRuns
from app.alias_workbench import AliasWorkbench, MergePreview, WorkCluster
from app.brand_impact import Impact, ImpactPreview
from app.brand_search import BrandHit, BrandSearch, load_names
from app.brand_split import SplitOffer, split_offer
from app.command_bus import Change, CommandBus
from app.commands import AcceptRun, Command, Several, SplitSighting
from app.learning import Choices, Reliability, reliability, verdicts_on
from app.overlay import State, build_overlay
from app.review_rows import CropRef, Facts
from app.run_cache import RunCache
from engine.clustering import Level
from engine.domain.brands import KnownBrand, ReferenceCrop
from engine.domain.jobs import DetectJob, JobStatus
from engine.domain.records import DetectionSource
from engine.domain.stages import StageName
from engine.textfold import fold_compact
from storage.library import Library
from storage.review_queries import ReviewQueries
from storage.sightings import Usage

if TYPE_CHECKING:
    from app.jobs import JobService


@dataclass(frozen=True, slots=True)
class BrandRow:
    """One surviving brand. `aliases` are its own, `merged` the brands that lead on to it. `seconds` and `sources`
    count accepted runs with what people decided, `machine_seconds` and `occurrences` the runs alone; `undecided`
    are appearances of it that nobody has judged."""

    id: str
    name: str
    aliases: tuple[str, ...]
    merged: tuple[KnownBrand, ...]
    category: str
    confirmed: bool
    first_source: DetectionSource
    origin: str
    books: tuple[str, ...]
    references: tuple[ReferenceCrop, ...]
    seconds: float
    sources: int
    occurrences: int
    machine_seconds: float
    undecided: int

    @property
    def spellings(self) -> tuple[str, ...]:
        """Its aliases, then names and aliases of what was merged into it, each once: what leads to it by text."""
        merged = (text for b in self.merged for text in (b.canonical_name, *b.aliases))
        return tuple(dict.fromkeys((*self.aliases, *merged)))

    def is_in(self, book: str) -> bool:
        """Whether a run that is limited to this book knows the brand: it, or what was merged into it, stands there."""
        return book in self.books or any(book in b.books for b in self.merged)


@dataclass(frozen=True, slots=True)
class Counted:
    """What overlays say of one brand: effective seconds, in how many sources, undecided appearances."""

    seconds: float = 0.0
    sources: int = 0
    undecided: int = 0


@dataclass(frozen=True, slots=True)
class FoundByLook:
    """An appearance that was found by a reference picture: `score` 0..100; `counts` says whether it enters the
    figures as it is."""

    source_id: str
    job_id: str
    key: str
    seconds: float
    score: float
    counts: bool
    crop: CropRef | None


class BrandBook:
    """The brand book's use cases. Everything but `search` may take a moment: call it off the window's thread."""

    def __init__(
        self, library: Library, bus: CommandBus, runs: RunCache, jobs: JobService | None = None
    ) -> None:
        self._library = library
        self._bus = bus
        self._jobs = jobs
        self.accepted = AcceptedRuns(library, runs)
        self.workbench = AliasWorkbench(library, self.accepted)
        self._impact = ImpactPreview(library, bus, self.accepted)
        self._search: tuple[int, BrandSearch] | None = None

    # The table -------------------------------------------------------------------------------------

    def rows(self, *, quick: bool = False) -> list[BrandRow]:
        """All surviving brands by name. `quick` leaves out what needs the runs' results: `seconds` are then the
        machine's, `undecided` 0."""
        counted = {} if quick else self.counted()
        with self._library.db.read() as conn:
            usage = self._library.sightings.usage(conn=conn)
            tops = self._library.brands.redirects(conn=conn)
            brands = self._library.brands.all(conn=conn)
        merged: dict[str, list[KnownBrand]] = defaultdict(list)
        for brand in brands:
            if brand.merged_into is not None:
                merged[tops[brand.id]].append(brand)
        rows = []
        for brand in brands:
            if brand.merged_into is not None:
                continue
            used = usage.get(brand.id, Usage())
            seen = Counted(used.seconds, used.sources) if quick else counted.get(brand.id, Counted())
            rows.append(
                BrandRow(
                    id=brand.id,
                    name=brand.canonical_name,
                    aliases=brand.aliases,
                    merged=tuple(merged[brand.id]),
                    category=brand.category,
                    confirmed=brand.confirmed,
                    first_source=brand.first_source,
                    origin=brand.origin,
                    books=brand.books,
                    references=brand.references,
                    seconds=seen.seconds,
                    sources=seen.sources,
                    occurrences=used.occurrences,
                    machine_seconds=used.seconds,
                    undecided=seen.undecided,
                )
            )
        return rows

    def counted(self) -> dict[str, Counted]:
        """By surviving brand's id, over all accepted runs with what people decided."""
        seconds: dict[str, float] = defaultdict(float)
        sources: dict[str, int] = defaultdict(int)
        undecided: dict[str, int] = defaultdict(int)
        for overlay in self.accepted.overlays():
            for b in overlay.effective.counted():
                seconds[b.brand_id] += b.seconds
                sources[b.brand_id] += 1
            for a in overlay.appearances:
                if a.state is State.UNDECIDED and a.machine is not None:
                    proposed = a.brand_id or (
                        a.machine.candidates[0].brand_id if a.machine.candidates else ""
                    )
                    if proposed:
                        undecided[overlay.names.resolve(proposed)] += 1
        every = {*seconds, *undecided}
        return {b: Counted(seconds[b], sources[b], undecided[b]) for b in every}

    def search(self, text: str, limit: int = 9) -> list[BrandHit]:
        """Type-ahead over names and aliases."""
        newest = self._library.audit.last_id()
        if self._search is None or self._search[0] != newest:
            self._search = newest, BrandSearch.of(self._library)
        return self._search[1].search(text, limit)

    def sightings_of(self, brand_id: str, source_ids: Sequence[str] = ()) -> list[SplitSighting]:
        """A brand's appearances in the accepted runs of these sources (none given: all), for a split by sightings."""
        found = []
        for overlay in self.accepted.overlays(source_ids):
            top = overlay.names.resolve(brand_id)
            keys = tuple(a.key for a in overlay.appearances if a.brand_id == top and a.machine is not None)
            if keys:
                found.append(SplitSighting(overlay.run.source.id, overlay.run.job.id, keys))
        return found

    def split_offer(self, brand_id: str) -> SplitOffer:
        """What of a brand can be given to another one (see app.brand_split)."""
        return split_offer(self._library, self.accepted, brand_id)

    # Workbench and impact --------------------------------------------------------------------------

    def clusters(self, level: Level) -> list[WorkCluster]:
        """See AliasWorkbench.clusters."""
        return self.workbench.clusters(level)

    def merge_preview(self, brand_ids: Sequence[str], into: str, texts: Sequence[str] = ()) -> MergePreview:
        """See AliasWorkbench.merge_preview."""
        return self.workbench.merge_preview(brand_ids, into, texts)

    def impact(self, command: Command) -> Impact:
        """Seconds gained and lost in each source if this command were carried out and what it concerns matched again;
        nothing is written. Raises what carrying it out would raise."""
        return self._impact.impact(command)

    def outdated(self) -> Impact:
        """What matching all sources again under the book of today would change."""
        return self._impact.outdated()

    def rematch(self, source_ids: Iterable[str]) -> list[Future[DetectJob]]:
        """Match the accepted runs of these sources again from their stored texts, under the book of today: a replay
        from match_brands each, without inference. They count when `agree` is called."""
        assert self._jobs is not None, "built without the job service"
        accepted = self._library.jobs.accepted_ids()
        futures = []
        for source_id in source_ids:
            if source_id in accepted:
                job = self._jobs.replay(accepted[source_id], StageName.MATCH_BRANDS, {})
                futures.append(self._jobs.start(job.id))
        return futures

    def agree(self, job_ids: Sequence[str], *, initiator: str = "") -> Change:
        """Let these completed runs count, as one step that can be undone."""
        jobs = [self._library.jobs.get(j) for j in job_ids]
        commands = tuple(
            AcceptRun(job_id=j.id) for j in jobs if j.status is JobStatus.COMPLETED and not j.accepted
        )
        title = f"Accept {len(commands)} re-matched run{'' if len(commands) == 1 else 's'}"
        return self._bus.do(Several.of(title, commands), initiator=initiator)

    def found_by_look(self, brand_id: str, job_ids: Sequence[str]) -> list[FoundByLook]:
        """Where these runs found a brand by its reference pictures and nobody has judged it yet, most seconds first:
        for quick yes (confirm) or no (reject)."""
        names = load_names(self._library)
        top, found = names.resolve(brand_id), []
        for job_id in job_ids:
            run = self.accepted.runs.get(job_id)
            overlay = build_overlay(run, self._library.decisions.of_source(run.source.id), names)
            facts = Facts(run)
            for a in overlay.appearances:
                if a.state is not State.UNDECIDED or a.machine is None or a.machine.evidence != "look":
                    continue
                best = a.machine.candidates[0] if a.machine.candidates else None
                if best is not None and names.resolve(best.brand_id) == top:
                    seconds, crop, _ = facts.of(a)
                    found.append(
                        FoundByLook(run.source.id, job_id, a.key, seconds, best.match_score, a.counts, crop)
                    )
        return sorted(found, key=lambda f: (-f.seconds, f.key))

    # Learning --------------------------------------------------------------------------------------

    def alias_candidates(self, brand_id: str) -> list[tuple[str, int]]:
        """Texts that people gave to a brand and that are no spelling of it yet, with how often, most often first."""
        with self._library.db.read() as conn:
            tops = self._library.brands.redirects(conn=conn)
            family = [b for b in self._library.brands.all(conn=conn) if tops[b.id] == tops.get(brand_id)]
            choices = Choices(ReviewQueries(self._library.db).choices(conn=conn))
        spelt = {fold_compact(t) for b in family for t in (b.canonical_name, *b.aliases)}
        texts = choices.texts_of({b.id for b in family})
        open_ones = [(choices.spelling(t), n) for t, n in texts.items() if t not in spelt]
        return sorted(open_ones, key=lambda pair: (-pair[1], pair[0]))

    def reliability(self) -> list[Reliability]:
        """How far each answer source is to be trusted, from all verdicts on accepted runs."""
        return reliability(
            judged for o in self.accepted.overlays() for judged in verdicts_on(o.appearances, o.names)
        )
