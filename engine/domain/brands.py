"""Known brands, brand books, the deny list, and the frozen snapshot a run matches against."""

from __future__ import annotations

from datetime import datetime

import msgspec

from engine.domain.records import DetectionSource


class ReferenceCrop(msgspec.Struct, frozen=True):
    """A picture of a brand's mark: blob digest of a PNG/JPEG, and where it came from."""

    digest: str
    origin: str = ""


class KnownBrand(msgspec.Struct, frozen=True, kw_only=True):
    """A brand, global over all runs. `merged_into` redirects; a merge never deletes."""

    id: str
    canonical_name: str
    aliases: tuple[str, ...] = ()
    first_source: DetectionSource = "manual"
    origin: str = ""
    confirmed: bool = False
    merged_into: str | None = None
    category: str = ""
    references: tuple[ReferenceCrop, ...] = ()
    books: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None


class BookEntry(msgspec.Struct, frozen=True, order=True):
    """A brand as the matcher sees it: redirects are already followed (aliases of merged brands included)."""

    brand_id: str
    name: str
    aliases: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


class BookSnapshot(msgspec.Struct, frozen=True):
    """Everything that stage 4 reads of the brand book, frozen when a job is created. `digest` covers the
    content (names, aliases, deny list, references), not ids."""

    entries: tuple[BookEntry, ...]
    deny: tuple[str, ...] = ()
    digest: str = ""


class SourceBrandSighting(msgspec.Struct, frozen=True, kw_only=True):
    """A brand in one source: the per-source session cache and roll-up. Times in microseconds."""

    source_asset_id: str
    brand_id: str
    brand_name: str
    first_seen: int
    last_seen: int
    occurrences: int
    detection_source: DetectionSource
    avg_confidence: float
    confirmed: bool = False
    texts: tuple[str, ...] = ()
    created_at: datetime | None = None
