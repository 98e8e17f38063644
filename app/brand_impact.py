"""What an edit of the brand book would change in the accepted figures, before anybody agrees to it; no inference.

The command is carried out in a transaction that is taken back. Sources whose texts the edit can concern are matched
again from their stored texts; in the others only names and decisions can differ.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

from app.accepted_runs import AcceptedRuns
from app.brand_delta import EditDelta
from app.brand_search import load_names
from app.command_bus import CommandBus
from app.commands import Command
from app.frozen import frozen_sightings
from app.handling.work import several
from app.overlay import Names, Overlay, build_overlay
from app.results import RunResult
from app.run_book import Books, run_books
from engine.appearances import Answers, Prepared, decide
from engine.captions import surfaces
from engine.domain.brands import BookSnapshot
from engine.domain.decisions import Decision
from engine.domain.records import Appearance, LookSeen
from engine.domain.stages import StageName
from engine.matching import Book
from engine.stage_settings import MatchBrandsSettings
from engine.textfold import fold
from engine.visual.chains import link_looks, shots_of
from storage.library import Library

MODELS = ("local_vlm", "cloud_llm")
LOOKS = "New reference pictures are searched for when a run is matched again."
ONCE = "Moments that show several of these brands count once when they are one brand."
SMALLEST = 0.005
"""Seconds that count as a difference."""


@dataclass(frozen=True, slots=True)
class BrandDelta:
    """A brand's counted seconds in one source, as accepted now and as they would be."""

    brand_id: str
    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class SourceImpact:
    """What would change in one source: `gained` and `lost` sum the brands' differences in seconds. `rematch` says
    that its figures follow only when it is matched again and that run is accepted."""

    source_id: str
    source_name: str
    job_id: str
    brands: tuple[BrandDelta, ...]
    rematch: bool

    @property
    def gained(self) -> float:
        return sum(max(0.0, b.after - b.before) for b in self.brands)

    @property
    def lost(self) -> float:
        return sum(max(0.0, b.before - b.after) for b in self.brands)


@dataclass(frozen=True, slots=True)
class Impact:
    """The effect of one command on all accepted runs: sources with a difference, most seconds first. `looked_at` is
    the number of sources with an accepted run."""

    title: str
    sources: tuple[SourceImpact, ...]
    looked_at: int
    notes: tuple[str, ...] = ()

    @property
    def gained(self) -> float:
        return sum(s.gained for s in self.sources)

    @property
    def lost(self) -> float:
        return sum(s.lost for s in self.sources)

    @property
    def to_rematch(self) -> tuple[str, ...]:
        """Ids of the sources that have to be matched again."""
        return tuple(s.source_id for s in self.sources if s.rematch)


@dataclass(slots=True)
class _State:
    """The library as it is, or as it would be: `books` by what runs are limited to, decisions by source."""

    names: Names
    books: Mapping[Books, BookSnapshot]
    decisions: Mapping[str, Sequence[Decision]]

    def book(self, run: RunResult) -> BookSnapshot:
        """What the run would match against."""
        return self.books[tuple(run.job.books)]


@dataclass(slots=True)
class _Indexed:
    """Indexed books by content, each built once; the latest few stay. `answers` holds what one preview has
    matched: sources of one league read the same texts over and over."""

    held: dict[str, Book] = field(default_factory=dict)
    answers: dict[str, Answers] = field(default_factory=lambda: defaultdict(dict))

    def of(self, snapshot: BookSnapshot) -> tuple[Book, Answers]:
        place = f"{snapshot.digest}:{hash(tuple(e.brand_id for e in snapshot.entries))}"
        if place not in self.held:
            while len(self.held) > 3:
                self.held.pop(next(iter(self.held)))
            self.held[place] = Book.build(snapshot.entries, snapshot.deny)
        return self.held[place], self.answers[place]


class ImpactPreview:
    """Impacts over one library. Thread-safe as far as its parts are; a preview holds the writer while the command is
    tried (some 100 ms), not while figures are computed."""

    def __init__(self, library: Library, bus: CommandBus, accepted: AcceptedRuns) -> None:
        self._library = library
        self._bus = bus
        self._accepted = accepted
        self._indexed = _Indexed()

    def impact(self, command: Command) -> Impact:
        """Seconds gained and lost per source and brand. Raises what carrying out the command would raise."""
        accepted = self._library.jobs.accepted_ids()
        runs = {source: self._accepted.runs.get(job) for source, job in accepted.items()}
        before = self._look(runs)
        outcome, after = self._bus.preview(command, lambda outcome: (outcome, self._look(runs)))
        deltas = {b: EditDelta(before.books[b], after.books[b], after.names) for b in before.books}
        renamed = any(d.renames for d in deltas.values()) or before.names != after.names
        found = []
        with self._remembering():
            for source_id, run in runs.items():
                overlay = self._accepted.overlay(source_id, run.job.id, before.names)
                seen = self._source(overlay, before, after, deltas[tuple(run.job.books)], renamed)
                if seen is not None:
                    found.append(seen)
        notes = (
            *outcome.notes,
            *([LOOKS] if any(d.looks for d in deltas.values()) else []),
            *_unlisted(outcome.made, after, runs.values()),
        )
        merged = set(after.names.redirects) - set(before.names.redirects)
        if merged and sum(s.lost - s.gained for s in found) >= SMALLEST:
            notes = (*notes, ONCE)
        return _impact(outcome.title, found, len(accepted), notes)

    def outdated(self) -> Impact:
        """What matching again under the brand book of today would change: edits that nobody agreed to count yet."""
        accepted = self._library.jobs.accepted_ids()
        runs = {source: self._accepted.runs.get(job) for source, job in accepted.items()}
        now = self._look(runs)
        found = []
        with self._remembering():
            for source_id, run in runs.items():
                book = now.book(run)
                if run.job.book_digest == book.digest:
                    continue
                again = self._rematched(run, book)
                if _same(again, run.appearances, now.names):
                    continue
                overlay = self._accepted.overlay(source_id, run.job.id, now.names)
                seen = self._compare(overlay, again, now, rematch=True)
                if seen is not None:
                    found.append(seen)
        return _impact("Match all sources again", found, len(accepted))

    # Inside ----------------------------------------------------------------------------------------

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        """Answers are kept for the length of one preview."""
        try:
            yield
        finally:
            self._indexed.answers.clear()

    def _look(self, runs: Mapping[str, RunResult]) -> _State:
        """The library as this thread sees it: inside a preview, as it would be."""
        library = self._library
        return _State(
            load_names(library),
            run_books(library, {tuple(run.job.books) for run in runs.values()}),
            {source: library.decisions.of_source(source) for source in runs},
        )

    def _source(
        self, overlay: Overlay, before: _State, after: _State, delta: EditDelta, renamed: bool
    ) -> SourceImpact | None:
        run = overlay.run
        if not delta.concerns(run.appearances, self._accepted.runs.signs(run.job.id)):
            if not renamed and after.decisions[run.source.id] == before.decisions[run.source.id]:
                return None
            return self._compare(overlay, run.appearances, after, rematch=False)
        rematched = self._rematched(run, after.book(run))
        if _same(rematched, run.appearances, after.names):
            return self._compare(overlay, run.appearances, after, rematch=False)
        if run.job.book_digest != before.book(run).digest:
            # Older edits wait for a re-match too: what is shown is the effect of this one alone.
            base = self._rematched(run, before.book(run))
            if _same(rematched, base, after.names):
                return self._compare(overlay, run.appearances, after, rematch=False)
            decisions = before.decisions[run.source.id]
            overlay = build_overlay(dataclasses.replace(run, appearances=base), decisions, before.names)
        return self._compare(overlay, rematched, after, rematch=True)

    def _rematched(self, run: RunResult, snapshot: BookSnapshot) -> tuple[Appearance, ...]:
        """The run's appearances under another book; what a model answered stays answered."""
        settings = run.settings[StageName.MATCH_BRANDS]
        assert isinstance(settings, MatchBrandsSettings)
        signs = self._accepted.runs.signs(run.job.id)
        names = {e.brand_id: e.name for e in snapshot.entries}
        book, answers = self._indexed.of(snapshot)
        prepared = Prepared(
            signs=signs,
            surfaces=surfaces(signs),
            book=book,
            names=names,
            known=self._known(run, names, settings.session_cache),
            looks=link_looks(self._looks(run, snapshot), shots_of(run.scenes), signs, run.source.width),
            answers=answers,
        )
        asked = {a.key: a for a in run.appearances if a.source in MODELS}
        return tuple(
            asked.get(a.key, a) if a.verdict in ("unresolved", "review") else a
            for a in decide(prepared, settings).appearances
        )

    def _looks(self, run: RunResult, snapshot: BookSnapshot) -> list[LookSeen]:
        """What the run found by look, as finds of the brands that have these reference pictures now."""
        owners = {digest: e.brand_id for e in snapshot.entries for digest in e.references}
        return [
            msgspec.structs.replace(look, brand_id=owners[look.reference])
            for look in self._accepted.runs.looks(run.job.id)
            if look.reference in owners
        ]

    def _known(self, run: RunResult, names: Mapping[str, str], policy: str) -> dict[str, str]:
        if policy == "ignore" or not run.job.sightings_snapshot:
            return {}
        return {
            fold(text): s.brand_id
            for s in frozen_sightings(self._library.blobs, run.job)
            if s.brand_id in names and (policy == "use" or s.confirmed)
            for text in s.texts
            if fold(text)
        }

    def _compare(
        self, before: Overlay, appearances: Sequence[Appearance], after: _State, *, rematch: bool
    ) -> SourceImpact | None:
        run = before.run
        if appearances is not run.appearances:
            run = dataclasses.replace(run, appearances=tuple(appearances))
        later = build_overlay(run, after.decisions[run.source.id], after.names)
        was, will = _seconds(before), _seconds(later)
        brands = tuple(
            BrandDelta(brand, name, was.get((brand, name), 0.0), will.get((brand, name), 0.0))
            for brand, name in sorted({*was, *will}, key=lambda pair: (pair[1], pair[0]))
            if abs(was.get((brand, name), 0.0) - will.get((brand, name), 0.0)) >= SMALLEST
        )
        if not brands and not rematch:
            return None
        return SourceImpact(run.source.id, run.source.name, run.job.id, brands, rematch)


def _unlisted(made: Iterable[str], after: _State, runs: Iterable[RunResult]) -> list[str]:
    """Notes on new brands that runs can't find, since these are limited to books that don't list them."""
    new = {i: after.names.name(i) for i in made if i in after.names.names}
    found = []
    for books, count in sorted(Counter(tuple(run.job.books) for run in runs if run.job.books).items()):
        listed = {e.brand_id for e in after.books[books].entries}
        missing = [name for brand, name in new.items() if after.names.resolve(brand) not in listed]
        if missing:
            what = missing[0] if len(missing) == 1 else f"{len(missing)} of the new brands"
            found.append(
                f"{several(count, 'accepted run is', 'accepted runs are')} limited to {' and '.join(books)}, which "
                f"does not list {what}: add it to that book to have it found there."
            )
    return found


def _impact(title: str, found: Iterable[SourceImpact], looked_at: int, notes: tuple[str, ...] = ()) -> Impact:
    ordered = sorted(found, key=lambda s: (-(s.gained + s.lost), s.source_name))
    return Impact(title, tuple(ordered), looked_at, notes)


def _same(first: Sequence[Appearance], second: Sequence[Appearance], names: Names) -> bool:
    """Whether two matchings say the same of the same signs, once redirects are followed."""
    return len(first) == len(second) and all(
        (a.verdict, names.resolve(a.brand_id), a.text, a.seen)
        == (b.verdict, names.resolve(b.brand_id), b.text, b.seen)
        for a, b in zip(first, second, strict=True)
    )


def _seconds(overlay: Overlay) -> dict[tuple[str, str], float]:
    """Counted effective seconds by (brand id, name)."""
    return {(b.brand_id, b.brand_name): b.seconds for b in overlay.effective.counted()}
