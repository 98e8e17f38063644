"""Bring a CSV brand book into a library: what each row makes of the brands that are there, and what clashes.

A row whose name is known joins that brand. Brands of the built-in book that nobody has confirmed give way:
a spelling that a person's own book claims is theirs. Every spelling that moved or was left out is reported.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from app.book_csv import BookFile, BookRow, read_book_csv
from engine.domain.brands import KnownBrand
from engine.textfold import fold_compact
from resources.brands import starter_book
from storage.brands import brand_id_of
from storage.library import Library

STARTER_BOOK = "starter"


class ImportReport(msgspec.Struct, frozen=True):
    """What an import did: brands made, brands that got new aliases or a new book, and sentences on clashes."""

    added: int
    joined: int
    notes: tuple[str, ...] = ()


def import_book(library: Library, file: BookFile, book: str, *, origin: str) -> ImportReport:
    """Put the file's brands into the library and into `book` ('' none), in one transaction."""
    with library.db.write() as conn:
        changed, report = plan_import(library.brands.all(conn=conn), file, book, origin=origin)
        library.brands.put(changed, conn=conn)
        if book:
            library.brands.add_book(book, conn=conn)
    return report


def fill_new_library(library: Library) -> None:
    """Put the built-in starter book into a library that has no brands yet."""
    if library.brands.books() or library.brands.all():
        return
    import_book(library, read_book_csv(starter_book()), STARTER_BOOK, origin=STARTER_BOOK)


def plan_import(
    known: Iterable[KnownBrand], file: BookFile, book: str, *, origin: str
) -> tuple[list[KnownBrand], ImportReport]:
    """The brands as they will be (only those that change), and the report. Pure."""
    return _Import(known, book, origin).run(file)


class _Import:
    """One import in the making: the brands by id and who owns which spelling."""

    def __init__(self, known: Iterable[KnownBrand], book: str, origin: str) -> None:
        self.brands = {b.id: b for b in known}
        self.book = book
        self.origin = origin
        self.by_name: dict[str, str] = {}
        self.by_alias: dict[str, str] = {}
        for b in self.brands.values():
            top = self._survivor(b).id
            self.by_name.setdefault(fold_compact(b.canonical_name), top)
            for alias in b.aliases:
                self.by_alias.setdefault(fold_compact(alias), top)
        self.yielding = {
            b.id
            for b in self.brands.values()
            if origin != STARTER_BOOK and b.origin == STARTER_BOOK and not b.confirmed
        }
        self.changed: dict[str, None] = {}
        self.notes: list[str] = []
        self.named_here: set[str] = set()

    def run(self, file: BookFile) -> tuple[list[KnownBrand], ImportReport]:
        self.notes += [str(c) for c in file.clashes]
        before = set(self.brands)
        self.named_here = {fold_compact(row.name) for row in file.rows}
        ids = [self._brand_of(row) for row in file.rows]
        for row, brand_id in zip(file.rows, ids, strict=True):
            self._add_aliases(row, brand_id)
        added = len(set(self.brands) - before)
        joined = len(set(self.changed) & before)
        changed = [self.brands[i] for i in self.changed]
        return changed, ImportReport(added, joined, tuple(self.notes))

    def _brand_of(self, row: BookRow) -> str:
        folded = fold_compact(row.name)
        found = self.by_name.get(folded)
        if found is None:
            owner = self.by_alias.get(folded)
            if owner is not None and owner not in self.yielding:
                self.notes.append(
                    f"“{row.name}” is an alias of “{self.brands[owner].canonical_name}” here: "
                    "the row was put to that brand."
                )
                found = owner
            else:
                if owner is not None:
                    self._drop_alias(owner, row.name)
                found = self._make(row)
        brand = self.brands[found]
        books = tuple(sorted({*brand.books, self.book} - {""}))
        category = brand.category or row.category
        confirmed = brand.confirmed or self.origin != STARTER_BOOK
        self._set(msgspec.structs.replace(brand, books=books, category=category, confirmed=confirmed))
        return found

    def _make(self, row: BookRow) -> str:
        brand_id = brand_id_of(row.name)
        self.brands[brand_id] = KnownBrand(
            id=brand_id,
            canonical_name=row.name,
            first_source="manual",
            origin=row.origin or self.origin,
            category=row.category,
        )
        self.by_name[fold_compact(row.name)] = brand_id
        return brand_id

    def _add_aliases(self, row: BookRow, brand_id: str) -> None:
        for alias in row.aliases:
            folded = fold_compact(alias)
            if not folded or self.by_name.get(folded) == brand_id or self.by_alias.get(folded) == brand_id:
                continue
            namesake, owner = self.by_name.get(folded), self.by_alias.get(folded)
            if namesake is not None:
                if folded in self.named_here or namesake not in self.yielding:
                    self._refuse(alias, brand_id, namesake)
                    continue
                self._set(msgspec.structs.replace(self.brands[namesake], merged_into=brand_id))
                self.by_name[folded] = brand_id
                self.notes.append(
                    f"“{self.brands[namesake].canonical_name}” of the built-in book now leads to "
                    f"“{self.brands[brand_id].canonical_name}”; un-merge it to take that back."
                )
                continue
            if owner is not None:
                if owner not in self.yielding:
                    self._refuse(alias, brand_id, owner)
                    continue
                self._drop_alias(owner, alias)
            brand = self.brands[brand_id]
            self._set(msgspec.structs.replace(brand, aliases=(*brand.aliases, alias)))
            self.by_alias[folded] = brand_id

    def _drop_alias(self, brand_id: str, alias: str) -> None:
        brand, folded = self.brands[brand_id], fold_compact(alias)
        self._set(
            msgspec.structs.replace(
                brand, aliases=tuple(a for a in brand.aliases if fold_compact(a) != folded)
            )
        )
        self.by_alias.pop(folded, None)
        self.notes.append(
            f"“{alias}” was an alias of “{brand.canonical_name}” in the built-in book; no longer."
        )

    def _refuse(self, alias: str, brand_id: str, owner: str) -> None:
        self.notes.append(
            f"“{alias}” belongs to “{self.brands[owner].canonical_name}” already: it was not made an alias of "
            f"“{self.brands[brand_id].canonical_name}”."
        )

    def _survivor(self, brand: KnownBrand) -> KnownBrand:
        while brand.merged_into is not None:
            brand = self.brands[brand.merged_into]
        return brand

    def _set(self, brand: KnownBrand) -> None:
        if self.brands.get(brand.id) != brand or brand.id not in self.changed:
            self.changed[brand.id] = None
        self.brands[brand.id] = brand
