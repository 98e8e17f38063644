"""The brand book as a run freezes it: limited to the run's books, the built-in deny list added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from engine.domain.brands import BookSnapshot
from engine.matching import deny_defaults
from resources.denylist import default_words
from storage.book_snapshot import content_digest
from storage.library import Library

Books: TypeAlias = tuple[str, ...]
"""Names of the books that a run is limited to; () for the whole brand book."""


def run_book(library: Library, books: Sequence[str] = ()) -> BookSnapshot:
    """What a run that is made now and limited to these books matches against; UserFixable for an unknown book."""
    return run_books(library, [tuple(books)])[tuple(books)]


def run_books(library: Library, wanted: Iterable[Books]) -> dict[Books, BookSnapshot]:
    """`run_book` for several limits, from one reading of the library. Inside a transaction of this thread it sees
    what was written so far."""
    found = library.brands.snapshots(wanted)
    return {books: _with_default_words(snapshot) for books, snapshot in found.items()}


def _with_default_words(book: BookSnapshot) -> BookSnapshot:
    """The book with the built-in deny list added, save for words that the book itself names."""
    deny = tuple(sorted({*book.deny, *deny_defaults(default_words(), book.entries)}))
    return BookSnapshot(book.entries, deny, content_digest(book.entries, deny))
