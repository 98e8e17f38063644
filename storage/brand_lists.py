"""The lists beside the brands: books that a run can be limited to, the deny list, remembered "not the same" pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from engine.brand_names import checked_length
from engine.domain.errors import UserFixable
from engine.textfold import fold_compact
from storage.columns import now
from storage.database import Database
from storage.schema import BookBrandRow, BookRow, DenyRow, NotSameRow


class BrandLists:
    """Books, deny list and not-same pairs. Methods that change something take the caller's open transaction or
    open their own."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # Books -----------------------------------------------------------------------------------------

    def books(self, *, conn: Connection | None = None) -> dict[str, int]:
        """Name of each book → how many brands it lists."""
        with self._db.reading(conn) as conn:
            rows = conn.exec_driver_sql(
                "SELECT name, (SELECT count(*) FROM book_brands WHERE book = name) FROM books ORDER BY name"
            )
            return dict(rows.all())

    def add_book(self, name: str, *, origin: str = "", conn: Connection | None = None) -> None:
        """Make an empty book; one of that name stays as it is."""
        if not name.strip():
            raise UserFixable("A brand book needs a name.", still_works="Nothing was changed.")
        checked_length(name)
        with self._db.writing(conn) as conn:
            conn.execute(
                upsert(BookRow).on_conflict_do_nothing(),
                {"name": name, "origin": origin, "created_at": now()},
            )

    def delete_book(self, name: str, *, conn: Connection | None = None) -> None:
        """Forget a book; its brands stay."""
        with self._db.writing(conn) as conn:
            conn.execute(delete(BookRow).where(BookRow.name == name))

    def list_in_book(self, name: str, brand_ids: Iterable[str], *, conn: Connection | None = None) -> int:
        """Add brands to a book (made where it is absent); returns how many were new in it."""
        with self._db.writing(conn) as conn:
            self.add_book(name, conn=conn)
            before = self.books(conn=conn)[name]
            rows = [{"book": name, "brand_id": b} for b in dict.fromkeys(brand_ids)]
            if rows:
                conn.execute(upsert(BookBrandRow).on_conflict_do_nothing(), rows)
            return self.books(conn=conn)[name] - before

    def unlist_from_book(
        self, name: str, brand_ids: Iterable[str], *, conn: Connection | None = None
    ) -> None:
        """Take brands out of a book."""
        with self._db.writing(conn) as conn:
            conn.execute(
                delete(BookBrandRow).where(
                    BookBrandRow.book == name, BookBrandRow.brand_id.in_(list(brand_ids))
                )
            )

    def check_books(self, names: Sequence[str], *, conn: Connection | None = None) -> None:
        """UserFixable where one of these books does not exist."""
        known = self.books(conn=conn)
        for name in names:
            if name not in known:
                raise UserFixable(
                    f"There is no brand book {name!r}.",
                    still_works="Nothing was started or changed.",
                    to_do=f"Books here: {', '.join(known) or 'none'}. Import one with `brands import --book NAME`.",
                )

    # Deny list -------------------------------------------------------------------------------------

    def deny(self, texts: Iterable[str], *, origin: str = "", conn: Connection | None = None) -> list[str]:
        """Put texts on the deny list (compared folded); returns those that were not on it before. UserFixable
        where no text has a letter or digit, or one is longer than a name may be."""
        rows = {fold_compact(text): checked_length(text) for text in texts}
        rows.pop("", None)
        if not rows:
            raise UserFixable(
                "A text that is denied needs at least one letter or digit.",
                still_works="Nothing was changed.",
                to_do="Give the text as it is read on the sign.",
            )
        moment = now()
        with self._db.writing(conn) as conn:
            known = set(conn.execute(select(DenyRow.folded)).scalars())
            new = [
                {"folded": folded, "text": text, "origin": origin, "created_at": moment}
                for folded, text in rows.items()
                if folded not in known
            ]
            if new:
                conn.execute(insert(DenyRow), new)
        return [str(row["text"]) for row in new]

    def undeny(self, texts: Iterable[str], *, conn: Connection | None = None) -> list[str]:
        """Take texts off the deny list; returns those that were on it, as they were written there."""
        folded = [fold_compact(text) for text in texts]
        with self._db.writing(conn) as conn:
            return list(
                conn.execute(
                    delete(DenyRow).where(DenyRow.folded.in_(folded)).returning(DenyRow.text)
                ).scalars()
            )

    def denied(self, *, conn: Connection | None = None) -> dict[str, str]:
        """The deny list: folded text → the text as it was given, sorted."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(select(DenyRow.folded, DenyRow.text).order_by(DenyRow.folded))
            return dict(rows.all())

    # Not the same ----------------------------------------------------------------------------------

    def add_not_same(self, pairs: Iterable[tuple[str, str]], *, conn: Connection | None = None) -> int:
        """Remember that the two of each pair (brand ids or folded texts) are not the same; returns how many
        pairs are new."""
        rows = {tuple(sorted(pair)) for pair in pairs if pair[0] != pair[1]}
        moment = now()
        with self._db.writing(conn) as conn:
            new = [
                {"first": first, "second": second, "created_at": moment}
                for first, second in sorted(rows - self.not_same(conn=conn))
            ]
            if new:
                conn.execute(insert(NotSameRow), new)
        return len(new)

    def remove_not_same(self, pairs: Iterable[tuple[str, str]], *, conn: Connection | None = None) -> None:
        """Forget these pairs."""
        with self._db.writing(conn) as conn:
            for pair in pairs:
                first, second = sorted(pair)
                conn.execute(delete(NotSameRow).where(NotSameRow.first == first, NotSameRow.second == second))

    def not_same(self, *, conn: Connection | None = None) -> set[tuple[str, str]]:
        """All remembered pairs, each sorted."""
        with self._db.reading(conn) as conn:
            return {(a, b) for a, b in conn.execute(select(NotSameRow.first, NotSameRow.second))}
