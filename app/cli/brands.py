"""brands: list, import, export, add, alias, merge, unmerge, deny."""

from __future__ import annotations

import argparse

import msgspec

from app.book_csv import BookRow, read_book_csv, write_book_csv
from app.book_import import import_book
from app.cli.console import table
from app.container import open_container
from engine.domain.brands import KnownBrand


def do_brands(given: argparse.Namespace) -> int:
    """Hand over to the action's function."""
    action = globals()[f"_{given.act.replace('-', '_')}"]
    code: int = action(given)
    return code


def _listed(brands: list[KnownBrand], book: str | None) -> list[KnownBrand]:
    return [b for b in brands if b.merged_into is None and (book is None or book in b.books)]


def _list(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        if given.book:
            app.library.brands.check_books((given.book,))
        brands = _listed(app.library.brands.all(), given.book)
        if given.json:
            print(msgspec.json.encode(brands).decode())
            return 0
        rows = [("brand", "aliases", "category", "books")]
        rows += [(b.canonical_name, ", ".join(b.aliases), b.category, ", ".join(b.books)) for b in brands]
        print(table(rows))
        print(f"{len(brands)} brands")
        return 0


def _import(given: argparse.Namespace) -> int:
    file = read_book_csv(given.file)
    with open_container(given.library) as app:
        report = import_book(app.library, file, given.book or "", origin=given.file.name)
    for note in (*file.notes, *report.notes):
        print(note)
    where = f" into the book {given.book}" if given.book else ""
    print(f"{len(file.rows)} brands imported{where}: {report.added} new, {report.joined} known before.")
    return 0


def _export(given: argparse.Namespace) -> int:
    with open_container(given.library, read_only=True) as app:
        brands = _listed(app.library.brands.all(), given.book)
    rows = [BookRow(b.canonical_name, b.aliases, b.category, b.origin) for b in brands]
    write_book_csv(rows, given.file)
    print(f"Wrote {len(rows)} brands to {given.file}")
    return 0
