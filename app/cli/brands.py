"""brands: the brand book from the command line, every edit through the command bus so that it can be undone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

import msgspec

from app.book_csv import BookRow, read_book_csv, write_book_csv
from app.brand_book import BrandRow
from app.cli.console import RunReporter, table
from app.cli.targets import find_job, find_source, is_completed
from app.commands import (
    AddAlias,
    AddBrand,
    BookLine,
    Command,
    Deny,
    ImportBook,
    MergeBrands,
    NotSame,
    RemoveAlias,
    SplitBrand,
    SplitSighting,
    Undeny,
    UnmergeBrand,
)
from app.container import Container, open_container
from app.handling.work import several
from engine.clustering import LEVELS
from engine.domain.brands import KnownBrand
from engine.domain.errors import Cancelled, UserFixable
from engine.domain.jobs import DetectJob, JobStatus
from engine.domain.timebase import format_time
from engine.textfold import fold_compact


def do_brands(given: argparse.Namespace) -> int:
    """Hand over to the action's function."""
    action = globals()[f"_{given.act.replace('-', '_')}"]
    code: int = action(given)
    return code


def _of_book(app: Container, book: str | None) -> list[BrandRow]:
    """The surviving brands that a run with this book knows, of all where none is given; UserFixable without such a
    book."""
    if book:
        app.library.brands.check_books((book,))
    return [b for b in app.brands.rows(quick=True) if not book or b.is_in(book)]


def _list(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        brands = _of_book(app, given.book)
        if given.json:
            chosen = {b.id for b in brands}
            print(msgspec.json.encode([b for b in app.library.brands.all() if b.id in chosen]).decode())
            return 0
        rows = [("brand", "aliases", "category", "books")]
        rows += [(b.name, ", ".join(b.spellings), b.category, ", ".join(b.books)) for b in brands]
        print(table(rows))
        print(f"{len(brands)} brands")
        return 0


def _import(given: argparse.Namespace) -> int:
    file = read_book_csv(given.file)
    lines = tuple(BookLine(r.name, r.aliases, r.category, r.origin) for r in file.rows)
    for note in (*file.notes, *map(str, file.clashes)):
        print(note)
    return _do(given, lambda app: ImportBook(book=given.book or "", lines=lines, origin=given.file.name))


def _export(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        brands = _of_book(app, given.book)
    rows = [BookRow(b.name, b.spellings, b.category, b.origin) for b in brands]
    write_book_csv(rows, given.file)
    print(f"Wrote {len(rows)} brands to {given.file}")
    return 0


def _do(given: argparse.Namespace, make: Callable[[Container], Command]) -> int:
    """Carry out one command and say what it did."""
    with open_container(given.library) as app:
        change = app.bus.do(make(app), initiator="cli")
        for note in change.notes:
            print(note)
        print(f"{change.title}. Take it back with: sponsight decisions undo")
        return 0


def _add(given: argparse.Namespace) -> int:
    books = (given.book,) if given.book else ()
    return _do(
        given,
        lambda app: AddBrand(
            name=given.name, aliases=tuple(given.aliases), category=given.category, books=books
        ),
    )


def _alias(given: argparse.Namespace) -> int:
    return _do(given, lambda app: alias_command(app, given.name, given.alias, remove=given.remove))


def alias_command(app: Container, name: str, alias: str, *, remove: bool = False) -> Command:
    """Add an alias to a brand (or remove it), by names."""
    brand = app.library.brands.one(name).id
    kind = RemoveAlias if remove else AddAlias
    return kind(brand_id=brand, aliases=(alias,))


def _merge(given: argparse.Namespace) -> int:
    return _do(given, lambda app: merge_command(app, given.names, given.into))


def merge_command(app: Container, names: list[str], into: str) -> Command:
    """Let brands lead on to another one, by names."""
    brands = app.library.brands
    return MergeBrands(brand_ids=tuple(brands.one(n).id for n in names), into=brands.one(into).id)


def _unmerge(given: argparse.Namespace) -> int:
    return _do(given, lambda app: unmerge_command(app, given.name))


def unmerge_command(app: Container, name: str) -> Command:
    """Let a merged brand stand for itself again, by name."""
    folded = fold_compact(name)
    found = [
        b
        for b in app.library.brands.all()
        if b.merged_into is not None and fold_compact(b.canonical_name) == folded
    ]
    if not found:
        raise UserFixable(
            f"No merged brand is called {name!r}.",
            still_works="Nothing was changed.",
            to_do="`sponsight decisions log merge` lists what was merged.",
        )
    return UnmergeBrand(brand_ids=tuple(b.id for b in found))


def _deny(given: argparse.Namespace) -> int:
    kind = Undeny if given.remove else Deny
    return _do(given, lambda app: kind(texts=(given.text,)))


def _not_same(given: argparse.Namespace) -> int:
    def thing(app: Container, word: str) -> str:
        found = app.library.brands.find(word)
        return found[0].id if found else word

    return _do(given, lambda app: NotSame(things=(thing(app, given.first), thing(app, given.second))))


def _split(given: argparse.Namespace) -> int:
    """The other brand (a new one where none is called so) gets all of the brand's appearances in one source's run."""

    def command(app: Container) -> Command:
        brand = app.library.brands.one(given.name).id
        there = app.library.brands.find(given.to)
        job = find_job(app, given.video, is_completed, "that is complete")
        tops = app.library.brands.redirects()
        keys = tuple(a.key for a in app.runs.get(job.id).appearances if tops.get(a.brand_id) == brand)
        sighting = SplitSighting(source_id=job.source_asset_id, job_id=job.id, appearance_keys=keys)
        return SplitBrand(
            brand_id=brand,
            new_name=given.to,
            into=app.library.brands.one(given.to).id if there else "",
            sightings=(sighting,) if keys else (),
        )

    return _do(given, command)


def _find(given: argparse.Namespace) -> int:
    """Match sources again for a brand's reference pictures and list the finds, surest first."""
    with open_container(given.library, workers=given.workers) as app:
        brand = app.library.brands.one(given.name)
        quest = app.elsewhere.quest(brand.id, _searched(app, brand, given))
        for note in quest.notes:
            print(note, file=sys.stderr)
        reporter = RunReporter(app, quiet=given.quiet or given.json)
        finds = []
        replays = app.elsewhere.start(quest)
        for future in replays.values():
            job: DetectJob = reporter.follow(future, lambda: _stop(app, replays))
            if job.status is not JobStatus.COMPLETED:
                raise Cancelled(job.status.value)
            finds += app.elsewhere.found(job.id, brand.id)
        if given.json:
            print(msgspec.json.encode(finds).decode())
            return 0
        rows = [("source", "from", "to", "frames", "score", "verdict", "run")]
        rows += [
            (
                f.source_name,
                format_time(f.span.start),
                format_time(f.span.end),
                str(len(f.frames)),
                f"{f.score:.2f}",
                f.verdict,
                f.job_id[:8],
            )
            for f in finds
        ]
        print(table(rows, right=frozenset({1, 2, 3, 4})))
        print(f"{brand.canonical_name} was found {len(finds)} times by look.")
        return 0


def _searched(app: Container, brand: KnownBrand, given: argparse.Namespace) -> list[str]:
    """Ids of the sources to search; none means all."""
    if given.everywhere:
        return []
    if given.video is not None:
        return [find_source(app, given.video).id]
    drawn = app.elsewhere.sources_drawn(brand.id)
    if not drawn:
        raise UserFixable(
            f"No box of {brand.canonical_name} was drawn in any source.",
            still_works="Nothing was changed.",
            to_do="Say where to search: --video VIDEO or --all.",
        )
    return drawn


def _stop(app: Container, job_ids: Iterable[str]) -> None:
    """Cancel what hasn't ended; answers found so far are remembered."""
    for job_id in job_ids:
        if app.jobs.job(job_id).status in (JobStatus.PENDING, JobStatus.RUNNING):
            app.jobs.cancel(job_id)


def _cluster(given: argparse.Namespace) -> int:
    """Clusters of look-alike spellings at one level, the one with most seconds first."""
    with open_container(given.library, read_only=True) as app:
        clusters = app.brands.clusters(given.level)
    for cluster in clusters:
        print(f"{cluster.lead}{'' if cluster.lead_brand else ' (no brand yet)'}")
        rows = [("  spelling", "kind", "on screen", "seen", "sources")]
        rows += [
            (f"  {m.text}", m.kind, f"{m.seconds:.1f} s", f"{m.appearances}×", str(m.sources))
            for m in cluster.members
        ]
        print(table(rows, right=frozenset({2, 3, 4})))
    print(f"{several(len(clusters), 'cluster')} at level {given.level}")
    if not clusters and given.level != LEVELS[-1]:
        print(f"Laxer levels find more: brands cluster --level {LEVELS[LEVELS.index(given.level) + 1]}")
    return 0


def _impact(given: argparse.Namespace) -> int:
    """Seconds gained and lost per source if this edit were made; nothing is written."""
    with open_container(given.library) as app:
        impact = app.brands.impact(_edit(app, given.edit, given.words))
    print(impact.title)
    for note in impact.notes:
        print(note)
    rows = [("source", "brand", "now", "then")]
    rows += [
        (s.source_name, b.name, f"{b.before:.1f} s", f"{b.after:.1f} s")
        for s in impact.sources
        for b in s.brands
    ]
    if len(rows) > 1:
        print(table(rows, right=frozenset({2, 3})))
    print(
        f"{impact.gained:.1f} s gained, {impact.lost:.1f} s lost in {len(impact.sources)} of {impact.looked_at} "
        f"sources; {len(impact.to_rematch)} to be matched again"
    )
    return 0


def _edit(app: Container, edit: str, words: list[str]) -> Command:
    """The command that `impact EDIT WORDS` speaks of: alias NAME ALIAS, merge NAME… INTO, unmerge NAME, deny TEXT."""
    if edit == "alias" and len(words) == 2:
        return alias_command(app, words[0], words[1])
    if edit == "merge" and len(words) > 1:
        return merge_command(app, words[:-1], words[-1])
    if edit == "unmerge" and len(words) == 1:
        return unmerge_command(app, words[0])
    if edit == "deny":
        return Deny(texts=tuple(words))
    raise UserFixable(
        f"`brands impact {edit}` takes another number of names than {len(words)}.",
        still_works="Nothing was changed.",
        to_do="Say: alias NAME ALIAS, merge NAME… INTO, unmerge NAME, or deny TEXT.",
    )
