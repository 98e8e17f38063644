"""Brand books as CSV: encodings, separators, clear refusals, clashes told; the starter book is clean."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest

from app.book_csv import BookRow, read_book_csv, write_book_csv
from engine.brand_names import LONGEST_NAME
from engine.domain.errors import UserFixable
from engine.textfold import fold_compact
from resources.brands import starter_book
from resources.denylist import default_words

TABLE = "name,aliases,category\nMüller Milch,Müller|Müllermilch,dairy\nNorvik,Fly Norvik,airline\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_common_encoding_and_separator(encoding: str, separator: str) -> None:
    book = read_book_csv(TABLE.replace(",", separator).encode(encoding))
    assert [(row.name, row.aliases, row.category) for row in book.rows] == [
        ("Müller Milch", ("Müller",), "dairy"),
        ("Norvik", ("Fly Norvik",), "airline"),
    ]
    assert not book.clashes


def test_other_headers_orders_and_line_ends() -> None:
    book = read_book_csv(
        b"\xef\xbb\xbf\r\nCategory;Brand Name\r\n beer ; Halvora  Pils \r\n;\r\n\r\ncars;Norvik\r\n"
    )
    assert [(row.name, row.category, row.line) for row in book.rows] == [
        ("Halvora Pils", "beer", 3),
        ("Norvik", "cars", 6),
    ]
    assert book.notes in (("1 row without a name left out.",), ("2 rows without a name left out.",))


@pytest.mark.parametrize("told", [b"sep=;", b'"sep=;"', b"SEP=;;;"])
def test_a_spreadsheets_line_that_tells_the_separator(told: bytes) -> None:
    book = read_book_csv(told + b"\r\nname;aliases\r\nNorvik, Ltd;Nor|Vik\r\n")
    assert [(r.name, r.aliases, r.line) for r in book.rows] == [("Norvik, Ltd", ("Nor", "Vik"), 3)]
    assert book.separator == ";"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n,,\n", "empty"),
        (b"company,slogan\nHalvora,x\n", "company, slogan"),
        (b"name,aliases\n,\n", "no brands"),
        (b"PK\x03\x04\x00\x00\x00\x81\x8d\x90\x00\x9d\x00\x01", "utf-8"),
        (b'name,aliases\nNorvik,\n"Halvora,x\n', "Line 3"),
        (b'name,aliases\nHalvora,"Halv', "cut off"),
    ],
)
def test_a_file_that_is_no_brand_book_is_refused_with_the_way_out(data: bytes, words: str) -> None:
    with pytest.raises(UserFixable) as caught:
        read_book_csv(data)
    assert words in str(caught.value)
    assert caught.value.to_do and caught.value.still_works


def test_a_wrong_header_names_the_expected_one() -> None:
    with pytest.raises(UserFixable) as caught:
        read_book_csv(b"firm;nick\nHalvora;x\n")
    assert "firm" in caught.value.message and "name, aliases" in caught.value.to_do


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UserFixable) as caught:
            read_book_csv(path)
        assert str(path) in caught.value.message


def test_doubles_are_joined_and_clashes_are_told() -> None:
    book = read_book_csv(b"name,aliases\nHalvora,HV\nNORVIK,Nor|halvora\nhalvora,Hal|HV\nQuell,HV|Norvik|Q\n")
    assert [(row.name, row.aliases) for row in book.rows] == [
        ("Halvora", ("HV", "Hal")),
        ("NORVIK", ("Nor",)),
        ("Quell", ("Q",)),
    ]
    assert [(c.text, c.kept, c.dropped, c.dropped_line) for c in book.clashes] == [
        ("halvora", "Halvora", "NORVIK", 3),
        ("HV", "Halvora", "Quell", 5),
        ("Norvik", "NORVIK", "Quell", 5),
    ]
    assert "line 5" in str(book.clashes[1])
    assert len(book.notes) == 1 and "line 4" in book.notes[0]


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    rows = [BookRow('Hal "vora", Ltd', ("万达", "a;b"), "beer", "mine"), BookRow("Norvik")]
    data = write_book_csv(rows, tmp_path / "book.csv")
    assert (tmp_path / "book.csv").read_bytes() == data
    book = read_book_csv(tmp_path / "book.csv")
    assert [(r.name, r.aliases, r.category, r.origin) for r in book.rows] == [
        (r.name, r.aliases, r.category, r.origin) for r in rows
    ]
    with pytest.raises(UserFixable):
        write_book_csv(rows, tmp_path / "none" / "book.csv")


@pytest.mark.parametrize(
    "aliases",
    [
        ("A|B",),
        ("A|B", "C"),
        ("A\\", "B"),
        ("A\\|B", "|C", "D|", "E\\\\F"),
        ("back\\slash",),
    ],
)
def test_a_bar_within_an_alias_comes_back(aliases: tuple[str, ...]) -> None:
    (row,) = read_book_csv(write_book_csv([BookRow("Norvik", aliases)])).rows
    assert row.aliases == aliases


def test_files_of_before_the_escape_read_as_ever() -> None:
    (row,) = read_book_csv(b"name,aliases\nNorvik,Nor | Vik||back\\slash|\n").rows
    assert row.aliases == ("Nor", "Vik", "back\\slash")


def test_what_can_not_be_a_name_is_left_out_and_told_with_its_line() -> None:
    long = "x" * (LONGEST_NAME + 1)
    fits = "y" * LONGEST_NAME
    table = f"name,aliases,category\nNorvik,\U0001f642|{long}|{fits},{long}\n\U0001f642,\n{long},\nHalvora,,beer\n"
    book = read_book_csv(table.encode())
    assert [(r.name, r.aliases, r.category) for r in book.rows] == [
        ("Norvik", (fits,), ""),
        ("Halvora", (), "beer"),
    ]
    assert [n.split(":")[0] for n in book.notes] == ["Line 2", "Line 2", "Line 2", "Line 3", "Line 4"]
    assert any("no letter or digit" in n and "\U0001f642" in n for n in book.notes)
    assert any(str(LONGEST_NAME) in n and f"{LONGEST_NAME + 1} characters" in n for n in book.notes)
    assert all(len(n) < 200 for n in book.notes)
    with pytest.raises(UserFixable, match="no letter or digit"):
        read_book_csv("name\n\U0001f642\n".encode())


def test_the_starter_book_is_large_and_no_spelling_belongs_to_two_brands() -> None:
    book = read_book_csv(starter_book())
    assert len(book.rows) >= 550
    assert book.clashes == () and book.notes == ()
    owners = Counter(fold_compact(text) for row in book.rows for text in {row.name, *row.aliases})
    assert [key for key, count in owners.items() if count > 1] == []
    assert all(len(fold_compact(text)) >= 2 for row in book.rows for text in (row.name, *row.aliases))


def test_the_starter_book_s_categories_are_few_and_written_alike() -> None:
    rows = list(csv.DictReader(io.StringIO(starter_book().decode("utf-8"))))
    counts = Counter(row["category"] for row in rows)
    assert all(category == category.strip().lower() and category for category in counts)
    assert min(counts.values()) >= 10 and len(counts) <= 40


def test_default_denied_texts_are_no_brands_of_the_starter_book() -> None:
    named = {fold_compact(t) for row in read_book_csv(starter_book()).rows for t in (row.name, *row.aliases)}
    words = default_words()
    assert len(words) > 200
    assert [word for word in words if fold_compact(word) in named] == []
