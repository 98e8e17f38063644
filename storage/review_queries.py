"""Questions that the review of decisions asks of the library, each answered by one query."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from engine.domain.decisions import DecisionKind
from storage.database import Database
from storage.removals import REMOVED
from storage.schema import BrandRow, DecisionRow, MemberRow, SightingRow

VERDICTS = (DecisionKind.CONFIRM, DecisionKind.REJECT, DecisionKind.REASSIGN, DecisionKind.UNSURE)

TEACHING = (*VERDICTS, DecisionKind.DRAW)
"""Kinds of decisions that say which brand a text is, or that it is not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How often people gave a text to a brand, or said that it is none (`brand_id` empty)."""

    text: str
    brand_id: str
    kind: str
    times: int


@dataclass(frozen=True, slots=True)
class BrandLine:
    """What showing a brand's name needs."""

    id: str
    name: str
    merged_into: str | None
    confirmed: bool


class ReviewQueries:
    """Reads over decisions, their members and brands. Every method takes the caller's open transaction or opens
    its own."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def on_appearances(
        self, job_id: str, keys: Iterable[str], *, conn: Connection | None = None
    ) -> dict[str, list[tuple[str, int]]]:
        """Active decisions that were made on these appearances of this run: key → (decision id, member)."""
        found: dict[str, list[tuple[str, int]]] = {}
        with self._db.reading(conn) as conn:
            for some in _batches(keys):
                rows = conn.execute(
                    select(MemberRow.appearance, MemberRow.decision_id, MemberRow.position)
                    .join(DecisionRow, DecisionRow.id == MemberRow.decision_id)
                    .where(
                        MemberRow.job_id == job_id,
                        MemberRow.appearance.in_(some),
                        DecisionRow.active.is_(True),
                    )
                )
                for key, decision, position in rows:
                    found.setdefault(key, []).append((decision, position))
        return found

    def made_elsewhere(
        self, source_id: str, job_id: str, known: Container[str], *, conn: Connection | None = None
    ) -> frozenset[str]:
        """Ids of the source's active decisions that cover something of another run than `job_id`, or an appearance
        of it that is not among the `known` (it had another key while the run was still going)."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(MemberRow.decision_id, MemberRow.job_id, MemberRow.appearance)
                .join(DecisionRow, DecisionRow.id == MemberRow.decision_id)
                .where(
                    DecisionRow.source_asset_id == source_id,
                    DecisionRow.active.is_(True),
                    DecisionRow.kind != DecisionKind.DRAW,
                )
            )
            return frozenset(decision for decision, job, key in rows if (job != job_id or key not in known))

    def choices(self, *, conn: Connection | None = None) -> list[Choice]:
        """What people chose for which text, over all sources."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(MemberRow.text, DecisionRow.brand_id, DecisionRow.kind, func.count())
                .join(DecisionRow, DecisionRow.id == MemberRow.decision_id)
                .where(DecisionRow.active.is_(True), DecisionRow.kind.in_(TEACHING), MemberRow.text != "")
                .group_by(MemberRow.text, DecisionRow.brand_id, DecisionRow.kind)
            )
            return [Choice(*row) for row in rows]

    def brand_names(self, *, conn: Connection | None = None) -> list[BrandLine]:
        """All brands without their lists."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(BrandRow.id, BrandRow.canonical_name, BrandRow.merged_into, BrandRow.confirmed)
            )
            return [BrandLine(*row) for row in rows]

    def seen_before(
        self, brand_ids: Iterable[str], job_id: str, *, conn: Connection | None = None
    ) -> set[str]:
        """Those of the brands that some other run of a source that was not removed has a sighting of."""
        found: set[str] = set()
        with self._db.reading(conn) as conn:
            for some in _batches(brand_ids):
                rows = conn.execute(
                    select(SightingRow.brand_id)
                    .where(
                        SightingRow.brand_id.in_(some),
                        SightingRow.job_id != job_id,
                        SightingRow.source_asset_id.not_in(REMOVED),
                    )
                    .distinct()
                )
                found.update(rows.scalars())
        return found


def _batches(values: Iterable[str], size: int = 500) -> list[list[str]]:
    every = list(dict.fromkeys(values))
    return [every[i : i + size] for i in range(0, len(every), size)]
