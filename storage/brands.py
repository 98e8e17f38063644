"""Known brands: names, aliases, reference pictures, redirects; each edit is small and can be taken back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from engine.brand_ids import brand_id_of as brand_id_of
from engine.brand_names import checked_length, checked_name
from engine.domain.brands import BookSnapshot, KnownBrand, ReferenceCrop
from engine.domain.errors import Conflict, UserFixable
from engine.domain.records import DetectionSource
from engine.textfold import fold_compact
from storage.blobs import FolderBlobStore
from storage.book_snapshot import Clash, find_clashes, make_snapshot, roots
from storage.brand_lists import BrandLists
from storage.columns import now
from storage.database import Database
from storage.schema import AliasRow, BlobRow, BookBrandRow, BrandRow, ReferenceRow

COLUMNS = tuple(c for c in BrandRow.__table__.columns if c.name != "folded")


class Brands(BrandLists):
    """KnownBrands. Methods that change something take the caller's open transaction or open their own.

    A name or alias that belongs to another brand is refused with Conflict, naming both, unless `shared=True`."""

    def __init__(self, db: Database, blobs: FolderBlobStore) -> None:
        super().__init__(db)
        self._blobs = blobs

    # Looking up ------------------------------------------------------------------------------------

    def get(self, brand_id: str, *, conn: Connection | None = None) -> KnownBrand:
        """The brand itself, redirect or not; UserFixable where there is none of this id."""
        found = self._many([BrandRow.id == brand_id], conn)
        if not found:
            raise UserFixable(
                f"There is no brand {brand_id} in this library.",
                still_works="Nothing was changed.",
                to_do="`sponsight brands list` shows all brands.",
            )
        return found[0]

    def exists(self, brand_id: str, *, conn: Connection | None = None) -> bool:
        """True where a brand has this id, merged into another or not."""
        with self._db.reading(conn) as conn:
            return conn.execute(select(BrandRow.id).where(BrandRow.id == brand_id)).first() is not None

    def all(self, *, merged: bool = True, conn: Connection | None = None) -> list[KnownBrand]:
        """All brands by name; without those that were merged into others where `merged` is False."""
        return self._many([] if merged else [BrandRow.merged_into.is_(None)], conn)

    def find(self, text: str, *, conn: Connection | None = None) -> list[KnownBrand]:
        """The surviving brands that have this name or alias (compared folded), those by name first."""
        folded = fold_compact(text)
        with self._db.reading(conn) as conn:
            by_name = conn.execute(select(BrandRow.id).where(BrandRow.folded == folded)).scalars()
            by_alias = conn.execute(select(AliasRow.brand_id).where(AliasRow.folded == folded)).scalars()
            ids = list(dict.fromkeys(self._top(b, conn) for b in (*by_name, *by_alias)))
            found = {b.id: b for b in self._many([BrandRow.id.in_(ids)], conn)}
        return [found[b] for b in ids]

    def one(self, text: str, *, conn: Connection | None = None) -> KnownBrand:
        """The one surviving brand of this id, name or alias; UserFixable where there is none, Conflict where two
        brands share the text."""
        with self._db.reading(conn) as conn:
            found = self.find(text, conn=conn)
            if not found:
                found = self._many([BrandRow.id == self._top(text, conn)], conn)
        if not found:
            raise UserFixable(
                f"No brand is called {text!r}.",
                still_works="Nothing was changed.",
                to_do="`sponsight brands list` shows all brands; `brands add` makes a new one.",
            )
        if len(found) > 1:
            raise _clash_error(
                Clash(fold_compact(text), tuple((b.id, b.canonical_name, text) for b in found))
            )
        return found[0]

    def redirects(self, *, conn: Connection | None = None) -> dict[str, str]:
        """Brand id → id of the brand that survives (itself where it was not merged), for all brands."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(select(BrandRow.id, BrandRow.merged_into))
            return roots(dict(rows.all()))

    def snapshot(self, books: Sequence[str] = (), *, conn: Connection | None = None) -> BookSnapshot:
        """The book as matching reads it (see storage.book_snapshot); UserFixable for an unknown book."""
        return self.snapshots([tuple(books)], conn=conn)[tuple(books)]

    def snapshots(
        self, wanted: Iterable[tuple[str, ...]], *, conn: Connection | None = None
    ) -> dict[tuple[str, ...], BookSnapshot]:
        """`snapshot` for several limits, from one reading of the brands."""
        with self._db.reading(conn) as conn:
            brands, denied = self.all(conn=conn), self.denied(conn=conn)
            found = {}
            for books in wanted:
                self.check_books(books, conn=conn)
                found[books] = make_snapshot(brands, denied, books)
        return found

    def clashes(self, *, conn: Connection | None = None) -> list[Clash]:
        """Names and aliases that belong to two or more brands."""
        return find_clashes(self.all(conn=conn))

    def owners(self, text: str, *, conn: Connection | None = None) -> dict[str, str]:
        """Surviving brand's id → its name, of all brands with this name or alias."""
        return {b.id: b.canonical_name for b in self.find(text, conn=conn)}

    # Adding and restoring --------------------------------------------------------------------------

    def add(
        self,
        name: str,
        *,
        aliases: Sequence[str] = (),
        first_source: DetectionSource = "manual",
        origin: str = "",
        confirmed: bool = False,
        category: str = "",
        books: Sequence[str] = (),
        brand_id: str = "",
        shared: bool = False,
        conn: Connection | None = None,
    ) -> KnownBrand:
        """A new brand. UserFixable for a name or alias that can't be one (see engine.brand_names)."""
        name = checked_name(name)
        aliases = [checked_name(alias) for alias in aliases if alias.strip()]
        checked_length(category)
        with self._db.writing(conn) as conn:
            if not shared:
                for text in (name, *aliases):
                    self._refuse_clash(text, "", conn)
            brand_id = brand_id or brand_id_of(name)
            if conn.execute(select(BrandRow.id).where(BrandRow.id == brand_id)).first():
                brand_id = str(uuid.uuid4())
            moment = now()
            brand = KnownBrand(
                id=brand_id,
                canonical_name=name,
                aliases=_distinct(aliases, name),
                first_source=first_source,
                origin=origin,
                confirmed=confirmed,
                category=category,
                books=tuple(sorted(set(books))),
                created_at=moment,
                updated_at=moment,
            )
            self.put([brand], conn=conn)
        return brand

    def put(self, brands: Iterable[KnownBrand], *, conn: Connection | None = None) -> None:
        """Give each brand exactly this state, lists and times included: bulk import, and the way back of any
        edit. Books are made where they are absent; reference blobs must be stored. Conflict where redirects
        would go round. Clashes are not looked for: see `clashes`."""
        brands = list(brands)
        moment = now()
        rows, aliases, references, listed = [], [], [], []
        for b in brands:
            rows.append(
                {
                    "id": b.id,
                    "canonical_name": b.canonical_name,
                    "folded": fold_compact(b.canonical_name),
                    "first_source": b.first_source,
                    "origin": b.origin,
                    "confirmed": b.confirmed,
                    "merged_into": b.merged_into,
                    "category": b.category,
                    "created_at": b.created_at or moment,
                    "updated_at": b.updated_at or moment,
                }
            )
            aliases += [_alias_row(b.id, a, i) for i, a in enumerate(dict.fromkeys(b.aliases))]
            references += [_reference_row(b.id, r, i) for i, r in enumerate(b.references)]
            listed += [{"book": name, "brand_id": b.id} for name in dict.fromkeys(b.books)]
        if not rows:
            return
        with self._db.writing(conn) as conn:
            statement = upsert(BrandRow)
            conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            conn.execute(
                statement.on_conflict_do_update(
                    index_elements=["id"], set_={k: statement.excluded[k] for k in rows[0] if k != "id"}
                ),
                rows,
            )
            for start in range(0, len(brands), 500):
                ids = [b.id for b in brands[start : start + 500]]
                for table in (AliasRow, ReferenceRow, BookBrandRow):
                    conn.execute(delete(table).where(table.brand_id.in_(ids)))
            for name in sorted({str(row["book"]) for row in listed}):
                self.add_book(name, conn=conn)
            self._register_blobs([str(r["digest"]) for r in references], conn)
            for table_rows, table in (
                (aliases, AliasRow),
                (references, ReferenceRow),
                (listed, BookBrandRow),
            ):
                if table_rows:
                    conn.execute(insert(table), table_rows)
            self._refuse_circle(conn)

    def delete(self, brand_id: str, *, conn: Connection | None = None) -> None:
        """Take back an `add`: the brand goes without trace. Conflict where others were merged into it."""
        with self._db.writing(conn) as conn:
            merged = conn.execute(
                select(func.count()).select_from(BrandRow).where(BrandRow.merged_into == brand_id)
            ).scalar_one()
            if merged:
                raise Conflict(
                    f"{merged} other brand{'s were' if merged > 1 else ' was'} merged into this one.",
                    still_works="Nothing was changed.",
                    to_do="Un-merge them first.",
                )
            conn.execute(delete(BrandRow).where(BrandRow.id == brand_id))

    # Editing ---------------------------------------------------------------------------------------

    def rename(
        self, brand_id: str, name: str, *, shared: bool = False, conn: Connection | None = None
    ) -> KnownBrand:
        """Another canonical name; the old one is forgotten unless it is added as an alias."""
        name = checked_name(name)
        with self._db.writing(conn) as conn:
            if not shared:
                self._refuse_clash(name, brand_id, conn)
            return self._edit(brand_id, conn, canonical_name=name, folded=fold_compact(name))

    def set_category(self, brand_id: str, category: str, *, conn: Connection | None = None) -> KnownBrand:
        with self._db.writing(conn) as conn:
            return self._edit(brand_id, conn, category=checked_length(category))

    def set_confirmed(
        self, brand_id: str, confirmed: bool = True, *, conn: Connection | None = None
    ) -> KnownBrand:
        """A person said that this is a brand (or takes it back)."""
        with self._db.writing(conn) as conn:
            return self._edit(brand_id, conn, confirmed=confirmed)

    def set_merged_into(
        self, brand_id: str, target: str | None, *, conn: Connection | None = None
    ) -> KnownBrand:
        """Redirect a brand to another (merge), or no longer (un-merge): nothing else of either changes.
        Conflict where redirects would go round."""
        with self._db.writing(conn) as conn:
            if target is not None:
                self.get(target, conn=conn)
                if self._leads_to(target, brand_id, conn):
                    raise _circle_error()
            return self._edit(brand_id, conn, merged_into=target)

    def add_alias(
        self, brand_id: str, alias: str, *, shared: bool = False, conn: Connection | None = None
    ) -> bool:
        """False where the brand, or one that it stands for or that stands for it, has this name or alias already."""
        alias = checked_name(alias)
        with self._db.writing(conn) as conn:
            brand = self.get(brand_id, conn=conn)
            if fold_compact(alias) in {fold_compact(t) for t in (brand.canonical_name, *brand.aliases)}:
                return False
            if [b.id for b in self.find(alias, conn=conn)] == [self._top(brand_id, conn)]:
                return False
            if not shared:
                self._refuse_clash(alias, brand_id, conn)
            conn.execute(insert(AliasRow), _alias_row(brand_id, alias, self._next(AliasRow, brand_id, conn)))
            self._edit(brand_id, conn)
        return True

    def remove_alias(self, brand_id: str, alias: str, *, conn: Connection | None = None) -> bool:
        """False where the brand has no such alias (compared folded)."""
        with self._db.writing(conn) as conn:
            gone = conn.execute(
                delete(AliasRow).where(AliasRow.brand_id == brand_id, AliasRow.folded == fold_compact(alias))
            ).rowcount
            if gone:
                self._edit(brand_id, conn)
        return bool(gone)

    def add_reference(
        self, brand_id: str, reference: ReferenceCrop, *, conn: Connection | None = None
    ) -> bool:
        """A picture of the brand's mark (its blob must be stored); False where the brand has it already."""
        with self._db.writing(conn) as conn:
            if reference.digest in {r.digest for r in self.get(brand_id, conn=conn).references}:
                return False
            self._register_blobs([reference.digest], conn)
            position = self._next(ReferenceRow, brand_id, conn)
            conn.execute(insert(ReferenceRow), _reference_row(brand_id, reference, position))
            self._edit(brand_id, conn)
        return True

    def remove_reference(self, brand_id: str, digest: str, *, conn: Connection | None = None) -> bool:
        """False where the brand has no such picture."""
        with self._db.writing(conn) as conn:
            gone = conn.execute(
                delete(ReferenceRow).where(ReferenceRow.brand_id == brand_id, ReferenceRow.digest == digest)
            ).rowcount
            if gone:
                self._edit(brand_id, conn)
        return bool(gone)

    # Helpers ---------------------------------------------------------------------------------------

    def _edit(self, brand_id: str, conn: Connection, **values: Any) -> KnownBrand:
        conn.execute(update(BrandRow).where(BrandRow.id == brand_id).values(**values, updated_at=now()))
        return self.get(brand_id, conn=conn)

    def _next(self, table: type[AliasRow] | type[ReferenceRow], brand_id: str, conn: Connection) -> int:
        top = func.coalesce(func.max(table.position), -1) + 1
        return conn.execute(select(top).where(table.brand_id == brand_id)).scalar_one()

    def _refuse_clash(self, text: str, brand_id: str, conn: Connection) -> None:
        found = self.find(text, conn=conn)
        mine = self._top(brand_id, conn) if brand_id else None
        others = [b for b in found if b.id != mine]
        if others:
            raise _clash_error(
                Clash(fold_compact(text), tuple((b.id, b.canonical_name, text) for b in others)), new=True
            )

    def _top(self, brand_id: str, conn: Connection) -> str:
        """The brand that this one was merged into, at the end of its redirects."""
        into = select(BrandRow.merged_into)
        while (target := conn.execute(into.where(BrandRow.id == brand_id)).scalar_one_or_none()) is not None:
            brand_id = target
        return brand_id

    def _leads_to(self, start: str, target: str, conn: Connection) -> bool:
        at: str | None = start
        while at is not None:
            if at == target:
                return True
            at = conn.execute(select(BrandRow.merged_into).where(BrandRow.id == at)).scalar_one_or_none()
        return False

    def _refuse_circle(self, conn: Connection) -> None:
        try:
            self.redirects(conn=conn)
        except ValueError:
            raise _circle_error() from None

    def _register_blobs(self, digests: Iterable[str], conn: Connection) -> None:
        wanted = list(dict.fromkeys(digests))
        if wanted:
            self._blobs.flush(wanted)
            conn.execute(
                upsert(BlobRow).on_conflict_do_nothing(),
                [{"digest": d, "size": self._blobs.size(d)} for d in wanted],
            )

    def _many(self, conditions: list[ColumnElement[bool]], conn: Connection | None) -> list[KnownBrand]:
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*COLUMNS).where(*conditions).order_by(BrandRow.folded, BrandRow.id)
            ).all()
            chosen = select(BrandRow.id).where(*conditions)
            aliases: dict[str, list[str]] = {}
            for brand, alias in conn.execute(
                select(AliasRow.brand_id, AliasRow.alias)
                .where(AliasRow.brand_id.in_(chosen))
                .order_by(AliasRow.brand_id, AliasRow.position)
            ):
                aliases.setdefault(brand, []).append(alias)
            references: dict[str, list[ReferenceCrop]] = {}
            for brand, digest, origin in conn.execute(
                select(ReferenceRow.brand_id, ReferenceRow.digest, ReferenceRow.origin)
                .where(ReferenceRow.brand_id.in_(chosen))
                .order_by(ReferenceRow.brand_id, ReferenceRow.position)
            ):
                references.setdefault(brand, []).append(ReferenceCrop(digest, origin))
            books: dict[str, list[str]] = {}
            for brand, book in conn.execute(
                select(BookBrandRow.brand_id, BookBrandRow.book)
                .where(BookBrandRow.brand_id.in_(chosen))
                .order_by(BookBrandRow.book)
            ):
                books.setdefault(brand, []).append(book)
        return [
            KnownBrand(
                **row._mapping,
                aliases=tuple(aliases.get(row.id, ())),
                references=tuple(references.get(row.id, ())),
                books=tuple(books.get(row.id, ())),
            )
            for row in rows
        ]


def _alias_row(brand_id: str, alias: str, position: int) -> dict[str, object]:
    return {"brand_id": brand_id, "alias": alias, "folded": fold_compact(alias), "position": position}


def _reference_row(brand_id: str, reference: ReferenceCrop, position: int) -> dict[str, object]:
    return {
        "brand_id": brand_id,
        "digest": reference.digest,
        "origin": reference.origin,
        "position": position,
    }


def _distinct(aliases: Iterable[str], name: str) -> tuple[str, ...]:
    """The aliases without those that are spelt like the name or like an earlier one, when folded."""
    seen = {fold_compact(name): name}
    for alias in aliases:
        seen.setdefault(fold_compact(alias), alias)
    return tuple(seen.values())[1:]


def _clash_error(clash: Clash, *, new: bool = False) -> Conflict:
    return Conflict(
        clash.sentence if not new else clash.sentence.replace(" belongs to ", " already belongs to ", 1),
        still_works="Nothing was changed.",
        to_do="Merge the two brands, choose another spelling, or say that both may share it.",
    )


def _circle_error() -> Conflict:
    return Conflict(
        "These two brands would be merged into each other.",
        still_works="Nothing was changed.",
        to_do="Un-merge one of them first.",
    )
