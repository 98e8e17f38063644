"""Brand books that ship with Sponsight: the starter book of sport sponsors (name, aliases, category)."""

from __future__ import annotations

from importlib import resources


def starter_book() -> bytes:
    """The starter book as CSV (utf-8), as `app.book_csv.read_book_csv` reads it."""
    return resources.files(__name__).joinpath("starter.csv").read_bytes()
