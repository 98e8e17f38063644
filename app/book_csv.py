"""Read and write brand books as CSV: any common encoding and separator, duplicates told, nothing shadowed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.whole_file import write_whole
from engine.brand_names import fault_of_length, fault_of_name
from engine.domain.errors import UserFixable
from engine.textfold import fold, fold_compact

HEADER = ("name", "aliases", "category", "origin")
_SYNONYMS = {
    "name": ("name", "brand", "brand name", "brand_name", "canonical name", "canonical_name"),
    "aliases": ("aliases", "alias", "also known as", "synonyms"),
    "category": ("category", "sector", "industry"),
    "origin": ("origin", "source", "book"),
}
_END = "\x03"
"""Put after the last line: what takes it in is a cell whose quotes are never closed."""
_TOLD_SEPARATOR = re.compile(r'"?sep=([,;\t])"?[,;\t ]*(?=[\r\n])', re.IGNORECASE)
"""The first line by which spreadsheets tell each other the separator."""
_ALIAS_PARTS = re.compile(r"\\[\\|]|\||[^\\|]+|\\")
_EXPECTED = "name, aliases (separated by |, a | itself written \\|), category, origin; only name is needed"


@dataclass(frozen=True, slots=True)
class BookRow:
    """One brand of a book file; `line` is the line in the file (1 is the header), 0 for rows made in memory."""

    name: str
    aliases: tuple[str, ...] = ()
    category: str = ""
    origin: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Clash:
    """One spelling that two brands claim. It stays with `kept` and was left out of `dropped`."""

    text: str
    kept: str
    kept_line: int
    dropped: str
    dropped_line: int

    def __str__(self) -> str:
        return (
            f"“{self.text}” belongs to “{self.kept}” (line {self.kept_line}) and to “{self.dropped}” "
            f"(line {self.dropped_line}): it stays with “{self.kept}” until the file is corrected."
        )


@dataclass(frozen=True, slots=True)
class BookFile:
    """What a book file holds. `clashes`: spellings of two brands; `notes`: what was tidied (doubles, empty rows)."""

    rows: tuple[BookRow, ...]
    clashes: tuple[Clash, ...] = ()
    notes: tuple[str, ...] = ()
    encoding: str = "utf-8"
    separator: str = ","


def read_book_csv(source: bytes | str | Path) -> BookFile:
    """Read a brand book from bytes or a file (utf-8 with or without BOM, utf-16, Windows-1252; `,` `;` or tab).

    Rows of the same name are made one; what can't be a name or alias (engine.brand_names) is left out with a note;
    a spelling that two brands claim is reported and stays with the first (a name before an alias). Raises UserFixable
    where the file can't be read, is empty or has no name column."""
    data, label = _load(source)
    text, encoding = _decode(data, label)
    told = _TOLD_SEPARATOR.match(text)
    if told is not None:
        text = text[told.end() :]
    lines = text.splitlines()
    head = next((line for line in lines if line.strip(" \t,;")), "")
    if not head:
        raise UserFixable(
            f"The brand book {label} is empty.",
            still_works="Nothing was imported.",
            to_do=f"Give a CSV file with the header {_EXPECTED}.",
        )
    separator = told[1] if told else max(",;\t", key=lambda mark: (head.count(mark), mark == ","))
    ended = text if text.endswith(("\n", "\r")) else text + "\n"
    table = csv.reader(io.StringIO(ended + _END, newline=""), delimiter=separator)
    columns: dict[str, int] | None = None
    raw: list[BookRow] = []
    empty = before = 0
    try:
        for cells in table:
            if cells == [_END]:
                break
            if cells and cells[-1].endswith(_END):
                raise csv.Error("its quotes are never closed; the file may have been cut off", before + 1)
            before = table.line_num
            if columns is None:
                if any(cell.strip() for cell in cells):
                    columns = _columns(cells, label)
                continue
            row = _row(cells, columns, table.line_num)
            if row is None:
                empty += 1
            else:
                raw.append(row)
    except csv.Error as error:
        why, line = error.args if len(error.args) == 2 else (error, table.line_num)
        raise UserFixable(
            f"Line {line} of the brand book {label} is no valid CSV: {why}.",
            still_works="Nothing was imported.",
            to_do="Close the quotes on that line, or save the table as CSV again.",
        ) from error
    raw, faults = _named(raw)
    if not raw:
        raise UserFixable(
            " ".join((f"The brand book {label} has a header but no brands.", *faults[:3])),
            still_works="Nothing was imported.",
            to_do="Add one brand per line below the header.",
        )
    rows, notes = _united(raw)
    rows, clashes = _without_clashes(rows)
    notes += faults
    if empty:
        notes.append(f"{empty} row{'s' if empty > 1 else ''} without a name left out.")
    return BookFile(tuple(rows), tuple(clashes), tuple(notes), encoding, separator)


def write_book_csv(rows: Iterable[BookRow], path: Path | None = None) -> bytes:
    """The rows as CSV (utf-8, comma, aliases as `join_aliases` puts them together), written whole to `path` too where
    one is given (UserFixable where that can't be).

    Reading it back gives the same names, aliases, categories and origins, in the same order."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEADER)
    for row in rows:
        table.writerow((row.name, join_aliases(row.aliases), row.category, row.origin))
    data = out.getvalue().encode("utf-8")
    if path is not None:
        write_whole(path, data)
    return data


def join_aliases(aliases: Iterable[str]) -> str:
    """Aliases as one text: `|` between them; within one, `|` and a backslash have a backslash before them."""
    return "|".join(alias.replace("\\", "\\\\").replace("|", "\\|") for alias in aliases)


def split_aliases(text: str) -> tuple[str, ...]:
    """The aliases that `join_aliases` put together, each trimmed and none empty. A backslash before anything else
    than `|` or a backslash stands for itself, as in files of before there was an escape."""
    found = [""]
    for part in _ALIAS_PARTS.findall(text):
        if part == "|":
            found.append("")
        else:
            found[-1] += part[1:] if len(part) == 2 and part[0] == "\\" else part
    return tuple(alias.strip() for alias in found if alias.strip())


def _load(source: bytes | str | Path) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, "file"
    path = Path(source)
    try:
        return path.read_bytes(), str(path)
    except OSError as error:
        raise UserFixable(
            f"The brand book {path} could not be read: {error.strerror or error}.",
            still_works="Nothing was imported.",
            to_do="Check the path and the rights of the file.",
        ) from error


def _decode(data: bytes, label: str) -> tuple[str, str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif len(data) > 3 and data[:200:2].count(0) > len(data[:200]) // 4:
        encodings = ["utf-16-be"]
    elif len(data) > 3 and data[1:200:2].count(0) > len(data[:200]) // 4:
        encodings = ["utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, "utf-8" if encoding == "utf-8-sig" else encoding
    raise UserFixable(
        f"The brand book {label} is no text in utf-8, utf-16 or Windows-1252.",
        still_works="Nothing was imported.",
        to_do="Save the table as “CSV UTF-8” and import it again (a spreadsheet file is not a CSV file).",
    )


def _columns(cells: Sequence[str], label: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, cell in enumerate(cells):
        title = " ".join(cell.strip().casefold().split())
        for column, names in _SYNONYMS.items():
            if title in names and column not in found:
                found[column] = index
    if "name" not in found:
        shown = ", ".join(cell.strip() for cell in cells)[:120]
        raise UserFixable(
            f"The brand book {label} has the header “{shown}”, in which no column is called name.",
            still_works="Nothing was imported.",
            to_do=f"The expected header is: {_EXPECTED}.",
        )
    return found


def _row(cells: Sequence[str], columns: dict[str, int], line: int) -> BookRow | None:
    def cell(column: str) -> str:
        index = columns.get(column, -1)
        return " ".join(cells[index].split()) if 0 <= index < len(cells) else ""

    name = cell("name")
    if not name:
        return None
    return BookRow(name, split_aliases(cell("aliases")), cell("category"), cell("origin"), line)


def _named(raw: list[BookRow]) -> tuple[list[BookRow], list[str]]:
    """The rows without what can't be a name, alias or category, and a note on each of those."""
    rows, notes = [], []
    for row in raw:
        fault = fault_of_name(row.name)
        if fault:
            notes.append(f"Line {row.line}: {fault} The row was left out.")
            continue
        category = row.category
        if fault := fault_of_length(category):
            notes.append(f"Line {row.line}: {fault} “{row.name}” was given no category.")
            category = ""
        seen = {fold_compact(row.name)}
        aliases = []
        for alias in row.aliases:
            if fault := fault_of_name(alias):
                notes.append(f"Line {row.line}: {fault} It was not made an alias of “{row.name}”.")
            elif (key := fold_compact(alias)) not in seen:
                seen.add(key)
                aliases.append(alias)
        rows.append(BookRow(row.name, tuple(aliases), category, row.origin, row.line))
    return rows, notes


def _united(raw: list[BookRow]) -> tuple[list[BookRow], list[str]]:
    """Rows of the same folded name made one: aliases united, the first row's category and origin kept."""
    by_name: dict[str, BookRow] = {}
    notes = []
    for row in raw:
        key = fold(row.name)
        first = by_name.get(key)
        if first is None:
            by_name[key] = row
            continue
        known = {fold_compact(text) for text in (first.name, *first.aliases)}
        more = tuple(alias for alias in row.aliases if fold_compact(alias) not in known)
        by_name[key] = BookRow(
            first.name, (*first.aliases, *more), first.category or row.category, first.origin or row.origin,
            first.line,
        )  # fmt: skip
        notes.append(f"“{row.name}” on line {row.line} was joined with line {first.line}.")
    return list(by_name.values()), notes


def _without_clashes(rows: list[BookRow]) -> tuple[list[BookRow], list[Clash]]:
    owner: dict[str, BookRow] = {}
    clashes: list[Clash] = []
    named: list[BookRow] = []
    for row in rows:
        key = fold_compact(row.name)
        if key in owner:
            first = owner[key]
            clashes.append(Clash(row.name, first.name, first.line, row.name, row.line))
            continue
        owner[key] = row
        named.append(row)
    out = []
    for row in named:
        aliases = []
        for alias in row.aliases:
            key = fold_compact(alias)
            first = owner.setdefault(key, row)
            if first is row:
                aliases.append(alias)
            else:
                clashes.append(Clash(alias, first.name, first.line, row.name, row.line))
        out.append(BookRow(row.name, tuple(aliases), row.category, row.origin, row.line))
    return out, clashes
