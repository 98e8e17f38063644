"""Importing brand books: nothing is shadowed silently, the built-in book gives way to a person's own."""

from __future__ import annotations

from app.book_csv import read_book_csv
from app.book_import import STARTER_BOOK, fill_new_library, import_book, plan_import
from engine.domain.brands import KnownBrand
from storage.library import Library


def book(*lines: str):
    return read_book_csv(("name,aliases,category\n" + "\n".join(lines) + "\n").encode())


def starter(name: str, *aliases: str) -> KnownBrand:
    return KnownBrand(
        id=name, canonical_name=name, aliases=aliases, origin=STARTER_BOOK, books=(STARTER_BOOK,)
    )


def test_a_known_name_joins_the_book_and_gains_aliases() -> None:
    changed, report = plan_import(
        [starter("Halvora", "halvora.com")], book("HALVORA,Halvora Bank,bank"), "mine", origin="f"
    )
    (brand,) = changed
    assert brand.canonical_name == "Halvora" and brand.aliases == ("halvora.com", "Halvora Bank")
    assert brand.books == ("mine", STARTER_BOOK) and brand.confirmed
    assert (report.added, report.joined, report.notes) == (0, 1, ())


def test_a_name_that_was_a_built_in_alias_becomes_its_own_brand_even_if_the_owner_is_in_the_file() -> None:
    known = [starter("Halvora Labs", "Heliosun")]
    changed, report = plan_import(known, book("Halvora Labs,,x", "Heliosun,,x"), "mine", origin="f")
    by_name = {b.canonical_name: b for b in changed}
    assert by_name["Halvora Labs"].aliases == ()
    assert by_name["Heliosun"].books == ("mine",)
    assert len(report.notes) == 1 and "Heliosun" in report.notes[0]


def test_an_alias_that_is_a_built_in_brand_redirects_it() -> None:
    changed, report = plan_import([starter("Nylo")], book("Marten,Nylo,tyres"), "mine", origin="f")
    by_name = {b.canonical_name: b for b in changed}
    assert by_name["Nylo"].merged_into == by_name["Marten"].id
    assert "un-merge" in report.notes[0]


def test_a_persons_own_alias_is_never_taken() -> None:
    own = KnownBrand(id="1", canonical_name="Marten", aliases=("Nylo",), confirmed=True, origin="me")
    changed, report = plan_import([own], book("Other,Nylo,x"), "mine", origin="f")
    (other,) = changed
    assert other.canonical_name == "Other" and other.aliases == ()
    assert "belongs to “Marten”" in report.notes[0]


def test_a_new_library_holds_the_starter_book_once(library_dir) -> None:
    with Library.open(library_dir) as library:
        fill_new_library(library)
        count = library.brands.books()[STARTER_BOOK]
        assert count >= 500
        fill_new_library(library)
        assert library.brands.books()[STARTER_BOOK] == count
        report = import_book(library, book("Zzyzx Tools,zzyzx.example,tools"), "mine", origin="mine.csv")
        assert report.added == 1 and library.brands.books()["mine"] == 1
        assert [e.name for e in library.brands.snapshot(("mine",)).entries] == ["Zzyzx Tools"]
