"""What people said about a source: decisions are added and switched on and off, never deleted."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from engine.decoding import looked_through
from engine.domain.decisions import DRAWN_MARK, Decision, DecisionKind
from storage.columns import now, to_row
from storage.database import Database
from storage.removals import REMOVED, refuse_removed
from storage.schema import DecisionRow, MemberRow, SourceRow

COLUMNS = tuple(DecisionRow.__table__.columns)
MEMBER_COLUMNS = tuple(c for c in MemberRow.__table__.columns if c.name != "position")


class Decisions:
    """Decisions by source. Each change raises the source's decision revision by one. Of a removed source nothing is
    changed: UserFixable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, decision: Decision, *, conn: Connection | None = None) -> Decision:
        """Store a new decision with its members (an empty id or time is filled in; the revision is set)."""
        with self._db.writing(conn) as conn:
            decision = msgspec.structs.replace(
                decision,
                id=decision.id or str(uuid.uuid4()),
                created_at=decision.created_at or now(),
                revision=self._raise_revision(decision.source_asset_id, conn),
            )
            conn.execute(insert(DecisionRow), to_row(decision, without=("members",)))
            members = [
                {**to_row(member), "decision_id": decision.id, "position": i}
                for i, member in enumerate(decision.members)
            ]
            if members:
                conn.execute(insert(MemberRow), members)
        return decision

    def set_active(
        self, decision_ids: Iterable[str], active: bool, *, conn: Connection | None = None
    ) -> list[str]:
        """Switch decisions off (taken back, replaced) or on again; returns the ids that changed."""
        with self._db.writing(conn) as conn:
            changed = conn.execute(
                update(DecisionRow)
                .where(DecisionRow.id.in_(list(decision_ids)), DecisionRow.active.is_(not active))
                .values(active=active)
                .returning(DecisionRow.id, DecisionRow.source_asset_id)
            ).all()
            for source in sorted({row.source_asset_id for row in changed}):
                self._raise_revision(source, conn)
        return [row.id for row in changed]

    def of_source(
        self, source_id: str, *, active: bool | None = True, conn: Connection | None = None
    ) -> list[Decision]:
        """A source's decisions in the order in which they were made; `active=None`: also those taken back."""
        conditions = [DecisionRow.source_asset_id == source_id]
        if active is not None:
            conditions.append(DecisionRow.active.is_(active))
        return self._many(conditions, conn)

    def get_many(self, decision_ids: Iterable[str], *, conn: Connection | None = None) -> list[Decision]:
        """These decisions, in the order in which they were made; unknown ids are left out."""
        return self._many([DecisionRow.id.in_(list(decision_ids))], conn)

    def drawn(self, source_id: str, key: str, *, conn: Connection | None = None) -> list[Decision]:
        """The source's active decisions that may be the drawn box of this key: the one that drew it, or that corrected
        it last and kept its key."""
        corrected = select(MemberRow.decision_id).where(MemberRow.appearance == key)
        return self._many(
            [
                DecisionRow.source_asset_id == source_id,
                DecisionRow.active.is_(True),
                DecisionRow.kind == DecisionKind.DRAW,
                (DecisionRow.id == key.rpartition(DRAWN_MARK)[0]) | DecisionRow.id.in_(corrected),
            ],
            conn,
        )

    def of_brand(self, brand_ids: Iterable[str], *, conn: Connection | None = None) -> list[Decision]:
        """Active decisions that name one of these brands, over all sources that were not removed."""
        return self._many(
            [
                DecisionRow.brand_id.in_(list(brand_ids)),
                DecisionRow.active.is_(True),
                DecisionRow.source_asset_id.not_in(REMOVED),
            ],
            conn,
        )

    def revision(self, source_id: str, *, conn: Connection | None = None) -> int:
        """How often the source's decisions changed; 0 at the beginning and for an unknown source."""
        with self._db.reading(conn) as conn:
            found = conn.execute(
                select(SourceRow.decision_revision).where(SourceRow.id == source_id)
            ).scalar_one_or_none()
        return found or 0

    def counts(self, *, conn: Connection | None = None) -> dict[str, int]:
        """Source id → number of active decisions."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(DecisionRow.source_asset_id, func.count())
                .where(DecisionRow.active.is_(True))
                .group_by(DecisionRow.source_asset_id)
            )
            return dict(rows.all())

    def _raise_revision(self, source_id: str, conn: Connection) -> int:
        refuse_removed(source_id, conn)
        return conn.execute(
            update(SourceRow)
            .where(SourceRow.id == source_id)
            .values(decision_revision=SourceRow.decision_revision + 1)
            .returning(SourceRow.decision_revision)
        ).scalar_one()

    def _many(self, conditions: list[ColumnElement[bool]], conn: Connection | None) -> list[Decision]:
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*COLUMNS)
                .where(*conditions)
                .order_by(DecisionRow.revision, DecisionRow.created_at, DecisionRow.id)
            ).all()
            members: dict[str, list[dict[str, Any]]] = {row.id: [] for row in rows}
            chosen = select(DecisionRow.id).where(*conditions)
            found = conn.execute(
                select(*MEMBER_COLUMNS)
                .where(MemberRow.decision_id.in_(chosen))
                .order_by(MemberRow.decision_id, MemberRow.position)
            )
            for member in found:
                values = dict(member._mapping)
                members[values.pop("decision_id")].append(values)
        return [
            msgspec.convert({**row._mapping, "members": members[row.id]}, looked_through(Decision))
            for row in rows
        ]
