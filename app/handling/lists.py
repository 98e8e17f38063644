"""Commands on the lists beside the brands: deny list, "not the same", books and their import."""

from __future__ import annotations

from itertools import combinations

from app.book_csv import BookFile, BookRow
from app.book_import import plan_import
from app.commands import (
    AcceptRun,
    AddToBook,
    Deny,
    ForgetNotSame,
    ImportBook,
    NotSame,
    RemoveFromBook,
    Undeny,
)
from app.handling.work import BRANDS, Outcome, Work, several
from engine.brand_names import checked_length, checked_name
from engine.domain.errors import UserFixable
from engine.textfold import fold_compact


def deny(cmd: Deny, work: Work) -> Outcome:
    new = work.library.brands.deny(cmd.texts, origin=cmd.origin or "review", conn=work.conn)
    what = new[0] if len(new) == 1 else several(len(new), "text")
    return Outcome(
        f"Deny {what}", BRANDS, tuple(new), _denied(new, work), idle="They are on the deny list already."
    )


def undeny(cmd: Undeny, work: Work) -> Outcome:
    gone = work.library.brands.undeny(cmd.texts, conn=work.conn)
    what = gone[0] if len(gone) == 1 else several(len(gone), "text")
    return Outcome(
        f"Take {what} off the deny list", BRANDS, tuple(gone), _denied(gone, work),
        idle="They are not on the deny list.",
    )  # fmt: skip


def _denied(texts: list[str], work: Work) -> str:
    """Where to look: the brand whose name or alias this concerns, else the list."""
    for text in texts:
        for brand in work.library.brands.find(text, conn=work.conn):
            return f"brand:{brand.id}"
    return f"deny-list:{texts[0]}" if texts else "deny-list"


def not_same(cmd: NotSame, work: Work) -> Outcome:
    things = _things(cmd.things, work)
    if len(things) < 2:
        raise UserFixable(
            "Two different brands or texts are needed to keep apart.",
            still_works="Nothing was changed.",
            to_do="Choose at least two.",
        )
    work.library.brands.add_not_same(combinations(things, 2), conn=work.conn)
    names = list(things.values())
    what = f"{names[0]} and {names[1]}" if len(names) == 2 else several(len(names), "name")
    return Outcome(
        f"Keep {what} apart", BRANDS, tuple(things), "not-same", idle="They are kept apart already."
    )


def forget_not_same(cmd: ForgetNotSame, work: Work) -> Outcome:
    things = _things((cmd.first, cmd.second), work)
    if len(things) == 2:
        first, second = things
        work.library.brands.remove_not_same([(first, second)], conn=work.conn)
    return Outcome(
        f"No longer keep {' and '.join(things.values())} apart", BRANDS, tuple(things), "not-same",
        idle="They are not kept apart.",
    )  # fmt: skip


def _things(things: tuple[str, ...], work: Work) -> dict[str, str]:
    """Brand ids as they are and texts folded, each with what a person calls it."""
    tops = work.library.brands.redirects(conn=work.conn)
    found = {}
    for thing in things:
        if thing in tops:
            found[thing] = work.brand(thing).canonical_name
        elif fold_compact(thing):
            found[fold_compact(thing)] = thing
    return found


def add_to_book(cmd: AddToBook, work: Work) -> Outcome:
    count = work.library.brands.list_in_book(cmd.book, cmd.brand_ids, conn=work.conn)
    return Outcome(
        f"List {several(count, 'brand')} in {cmd.book}" if cmd.brand_ids else f"Make the book {cmd.book}",
        BRANDS, cmd.brand_ids, f"book:{cmd.book}", idle=f"{cmd.book} lists them already.",
    )  # fmt: skip


def remove_from_book(cmd: RemoveFromBook, work: Work) -> Outcome:
    work.library.brands.check_books((cmd.book,), conn=work.conn)
    work.library.brands.unlist_from_book(cmd.book, cmd.brand_ids, conn=work.conn)
    return Outcome(
        f"Take {several(len(cmd.brand_ids), 'brand')} out of {cmd.book}", BRANDS, cmd.brand_ids,
        f"book:{cmd.book}", idle=f"{cmd.book} doesn't list them.",
    )  # fmt: skip


def import_book(cmd: ImportBook, work: Work) -> Outcome:
    """As app.book_import settles it: known names join their brands, clashes are told, never shadowed."""
    brands = work.library.brands
    for line in cmd.lines:
        for text in (line.name, *line.aliases):
            checked_name(text)
        checked_length(line.category)
    rows = tuple(BookRow(line.name, line.aliases, line.category, line.origin) for line in cmd.lines)
    changed, report = plan_import(
        brands.all(conn=work.conn), BookFile(rows), cmd.book, origin=cmd.origin or cmd.book
    )
    brands.put(changed, conn=work.conn)
    if cmd.book:
        brands.add_book(cmd.book, origin=cmd.origin, conn=work.conn)
    return Outcome(
        f"Import {several(len(rows), 'brand')}" + (f" into {cmd.book}" if cmd.book else ""),
        BRANDS,
        tuple(b.id for b in changed),
        f"book:{cmd.book}",
        notes=report.notes,
        idle=" ".join(report.notes) or "The library holds all of this already.",
    )


def accept_run(cmd: AcceptRun, work: Work) -> Outcome:
    job = work.library.jobs.get(cmd.job_id, conn=work.conn)
    source = work.library.sources.get(job.source_asset_id)
    work.library.jobs.set_accepted(job.id, job.source_asset_id, conn=work.conn)
    return Outcome(
        f"Accept a run of {source.name}",
        frozenset({"jobs", "sightings"}),
        (job.id,),
        f"run:{job.id}",
        (source.id,),
        idle="This run counts already.",
    )
