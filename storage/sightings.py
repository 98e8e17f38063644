"""What each run saw of each brand: the per-source session cache, and the totals that are derived from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, insert, select

from engine.domain.brands import SourceBrandSighting
from storage.columns import now, to_record, to_row
from storage.database import Database
from storage.removals import REMOVED
from storage.schema import JobRow, SightingRow

CachePolicy = Literal["confirmed_only", "use", "ignore"]
COLUMNS = tuple(c for c in SightingRow.__table__.columns if c.name not in ("job_id", "seconds"))

USAGE = """
    WITH RECURSIVE root(id, top) AS (
        SELECT id, id FROM known_brands WHERE merged_into IS NULL
        UNION ALL SELECT b.id, root.top FROM known_brands AS b JOIN root ON b.merged_into = root.id)
    SELECT coalesce(root.top, s.brand_id), sum(s.occurrences), sum(s.seconds), count(DISTINCT s.source_asset_id)
    FROM source_brand_sightings AS s JOIN detect_jobs AS j ON j.id = s.job_id AND j.accepted = 1
    AND j.source_asset_id NOT IN (SELECT source_asset_id FROM removed_sources)
    LEFT JOIN root ON root.id = s.brand_id GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """A brand over all accepted runs, redirects followed: total_occurrences, seconds on screen (machine figures)
    and in how many sources."""

    occurrences: int = 0
    seconds: float = 0.0
    sources: int = 0


class Sightings:
    """SourceBrandSightings by run."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def replace(
        self,
        job_id: str,
        sightings: Iterable[SourceBrandSighting],
        seconds: Mapping[str, float] | None = None,
        *,
        conn: Connection | None = None,
    ) -> None:
        """Store what a run saw instead of what was stored for it; `seconds` on screen by brand id."""
        moment = now()
        rows = [
            {
                **to_row(s),
                "job_id": job_id,
                "seconds": (seconds or {}).get(s.brand_id, 0.0),
                "created_at": s.created_at or moment,
            }
            for s in sightings
        ]
        with self._db.writing(conn) as conn:
            conn.execute(delete(SightingRow).where(SightingRow.job_id == job_id))
            if rows:
                conn.execute(insert(SightingRow), rows)

    def of_job(self, job_id: str, *, conn: Connection | None = None) -> list[SourceBrandSighting]:
        """What a run saw, by brand name."""
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(*COLUMNS)
                .where(SightingRow.job_id == job_id)
                .order_by(SightingRow.brand_name, SightingRow.brand_id)
            )
            return [to_record(SourceBrandSighting, row) for row in rows]

    def of_source(self, source_id: str, *, conn: Connection | None = None) -> list[SourceBrandSighting]:
        """What the source's accepted run saw; nothing where no run is accepted."""
        with self._db.reading(conn) as conn:
            job = conn.execute(
                select(JobRow.id).where(JobRow.source_asset_id == source_id, JobRow.accepted.is_(True))
            ).scalar_one_or_none()
            return [] if job is None else self.of_job(job, conn=conn)

    def session_cache(
        self, source_id: str, policy: CachePolicy, *, conn: Connection | None = None
    ) -> list[SourceBrandSighting]:
        """What a new run of this source may take as known: of each brand its newest sighting in any run."""
        if policy == "ignore":
            return []
        with self._db.reading(conn) as conn:
            query = select(*COLUMNS).where(SightingRow.source_asset_id == source_id)
            if policy == "confirmed_only":
                query = query.where(SightingRow.confirmed.is_(True))
            newest: dict[str, SourceBrandSighting] = {}
            for row in conn.execute(query.order_by(SightingRow.created_at, SightingRow.job_id)):
                sighting = to_record(SourceBrandSighting, row)
                newest[sighting.brand_id] = sighting
        return sorted(newest.values(), key=lambda s: (s.brand_name, s.brand_id))

    def usage(self, *, conn: Connection | None = None) -> dict[str, Usage]:
        """Totals by surviving brand's id over all accepted runs, freshly derived."""
        with self._db.reading(conn) as conn:
            rows = conn.exec_driver_sql(USAGE).all()
        return {brand: Usage(count, total, sources) for brand, count, total, sources in rows}

    def sources_of(
        self, brand_ids: Iterable[str], *, conn: Connection | None = None
    ) -> dict[str, dict[str, float]]:
        """For each of these brands the seconds in each source where an accepted run saw it (no redirects)."""
        found: dict[str, dict[str, float]] = {brand: {} for brand in brand_ids}
        with self._db.reading(conn) as conn:
            rows = conn.execute(
                select(SightingRow.brand_id, SightingRow.source_asset_id, SightingRow.seconds)
                .join(JobRow, JobRow.id == SightingRow.job_id)
                .where(
                    JobRow.accepted.is_(True),
                    JobRow.source_asset_id.not_in(REMOVED),
                    SightingRow.brand_id.in_(list(found)),
                )
            )
            for brand, source, seconds in rows:
                found[brand][source] = seconds
        return found
