"""Money for paid models: set aside before each call, settled after it, never more than the cap."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, type_coerce, update
from sqlalchemy.types import Integer

from engine.domain.errors import Conflict
from storage.columns import NANO, now, to_nano
from storage.database import Database
from storage.schema import ReservationRow


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside (USD). `actual_usd` is None until the call was settled."""

    id: str
    job_id: str
    provider: str
    model: str
    reserved_usd: float
    actual_usd: float | None
    state: str


class Budget:
    """Reservations by run. What was never settled (a kill) counts as spent, with its whole reservation."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def reserve(
        self,
        job_id: str,
        provider: str,
        model: str,
        worst_case_usd: float,
        cap_usd: float,
        *,
        conn: Connection | None = None,
    ) -> str | None:
        """Set the worst case of one call aside and return the reservation's id, committed before the call.
        None where the run would then be above its cap. A price of 0 is allowed even when the cap is hit."""
        if not worst_case_usd >= 0 or not cap_usd >= 0:
            raise ValueError(f"no price or cap: {worst_case_usd!r}, {cap_usd!r}")
        amount = to_nano(worst_case_usd)
        with self._db.writing(conn) as conn:
            if amount and self._spent(job_id, conn) + amount > int(cap_usd * NANO + 1e-3):
                return None
            reservation = str(uuid.uuid4())
            conn.execute(
                insert(ReservationRow),
                {
                    "id": reservation,
                    "job_id": job_id,
                    "provider": provider,
                    "model": model,
                    "reserved_usd": worst_case_usd,
                    "actual_usd": None,
                    "state": "reserved",
                    "created_at": now(),
                    "settled_at": None,
                },
            )
        return reservation

    def settle(self, reservation: str, actual_usd: float, *, conn: Connection | None = None) -> bool:
        """Note what the call cost. False where that is more than was reserved: an overrun, on which the stage
        must stop."""
        with self._db.writing(conn) as conn:
            held = self._open(reservation, conn)
            within = to_nano(actual_usd) <= to_nano(held.reserved_usd)
            self._end(reservation, actual_usd, "settled" if within else "overrun", conn)
        return within

    def release(self, reservation: str, *, conn: Connection | None = None) -> None:
        """The call was certainly never made, or certainly not charged: nothing was spent."""
        with self._db.writing(conn) as conn:
            self._open(reservation, conn)
            self._end(reservation, 0.0, "released", conn)

    def spent(self, job_id: str, *, conn: Connection | None = None) -> float:
        """USD that the run has spent, unsettled reservations counted whole."""
        with self._db.reading(conn) as conn:
            return self._spent(job_id, conn) / NANO

    def calls(self, job_id: str, *, conn: Connection | None = None) -> int:
        """How many calls of the run were or may have been charged: all but the released ones."""
        with self._db.reading(conn) as conn:
            query = select(func.count()).select_from(ReservationRow)
            return conn.execute(
                query.where(ReservationRow.job_id == job_id, ReservationRow.state != "released")
            ).scalar_one()

    def of_job(self, job_id: str, *, conn: Connection | None = None) -> list[Reservation]:
        """The run's reservations, oldest first."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*COLUMNS)
                .where(ReservationRow.job_id == job_id)
                .order_by(ReservationRow.created_at, ReservationRow.id)
            )
            return [Reservation(*row) for row in rows]

    def _spent(self, job_id: str, conn: Connection) -> int:
        counted = func.coalesce(ReservationRow.actual_usd, ReservationRow.reserved_usd)
        total = select(func.coalesce(func.sum(type_coerce(counted, Integer)), 0))
        return conn.execute(total.where(ReservationRow.job_id == job_id)).scalar_one()

    def _open(self, reservation: str, conn: Connection) -> Reservation:
        row = conn.execute(select(*COLUMNS).where(ReservationRow.id == reservation)).one_or_none()
        if row is None or row.state != "reserved":
            raise Conflict(
                f"The reservation {reservation} is {'unknown' if row is None else 'already ' + row.state}.",
                still_works="What was noted as spent is unchanged.",
            )
        return Reservation(*row)

    def _end(self, reservation: str, actual: float, state: str, conn: Connection) -> None:
        conn.execute(
            update(ReservationRow)
            .where(ReservationRow.id == reservation)
            .values(actual_usd=actual, state=state, settled_at=now())
        )


COLUMNS = (
    ReservationRow.id,
    ReservationRow.job_id,
    ReservationRow.provider,
    ReservationRow.model,
    ReservationRow.reserved_usd,
    ReservationRow.actual_usd,
    ReservationRow.state,
)
