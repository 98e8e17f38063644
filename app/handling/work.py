"""What a command's handler gets and gives: the open transaction, the library, and the outcome in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.domain.brands import KnownBrand
from engine.domain.errors import UserFixable
from engine.domain.records import DetectionSource

if TYPE_CHECKING:
    from app.run_cache import RunCache
    from storage.changes import Transaction
    from storage.library import Library

BRANDS = frozenset({"brands"})
DECISIONS = frozenset({"decisions"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler did. `title` is the step in words; `idle` says why nothing changed, where nothing did."""

    title: str
    kinds: frozenset[str]
    ids: tuple[str, ...] = ()
    subject: str = ""
    source_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    idle: str = ""


@dataclass(slots=True)
class Work:
    """One command's transaction."""

    library: Library
    conn: Transaction
    runs: RunCache
    actor: str = ""
    made_brands: list[str] = field(default_factory=list)

    def brand(self, brand_id: str) -> KnownBrand:
        """The brand of this id; UserFixable where there is none."""
        return self.library.brands.get(brand_id, conn=self.conn)

    def root(self, brand_id: str) -> str:
        """The surviving brand's id (itself where the library doesn't know it)."""
        return self.library.brands.redirects(conn=self.conn).get(brand_id, brand_id)

    def has_brand(self, brand_id: str) -> bool:
        return self.library.brands.exists(brand_id, conn=self.conn)

    def brand_for(
        self, brand_id: str, name: str, *, first_source: DetectionSource = "manual", origin: str = "review"
    ) -> KnownBrand:
        """The brand of this id; else the one of this name or alias; else a new, confirmed one of this name.

        Conflict where two brands share the name, UserFixable where neither id nor name says anything."""
        brands = self.library.brands
        if brand_id and self.has_brand(brand_id):
            return brands.get(brand_id, conn=self.conn)
        if not name.strip():
            raise UserFixable(
                "No brand was named.", still_works="Nothing was changed.", to_do="Type or choose a brand."
            )
        if brands.find(name, conn=self.conn):
            return brands.one(name, conn=self.conn)
        made = brands.add(
            name, first_source=first_source, origin=origin, confirmed=True, brand_id=brand_id, conn=self.conn
        )
        self.made_brands.append(made.id)
        return made


def several(count: int, one: str, many: str = "") -> str:
    """ "1 alias", "12 aliases"."""
    return f"{count} {one if count == 1 else many or one + 's'}"
