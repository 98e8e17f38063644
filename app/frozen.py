"""What a run was made with, as it was frozen when the run was made: its brand book and its source's session cache."""

from __future__ import annotations

import msgspec

from engine.decoding import looked_through
from engine.domain.brands import BookSnapshot, SourceBrandSighting
from engine.domain.jobs import DetectJob
from engine.ports import BlobStore

Sightings = tuple[SourceBrandSighting, ...]


def frozen_book(blobs: BlobStore, job: DetectJob) -> BookSnapshot:
    """The brand book that the run matches against; DataDamage where it is lost."""
    return msgspec.msgpack.decode(blobs.get(job.book_snapshot), type=looked_through(BookSnapshot))


def frozen_sightings(blobs: BlobStore, job: DetectJob) -> Sightings:
    """What was known of the source's brands when the run was made; DataDamage where it is lost."""
    return msgspec.msgpack.decode(blobs.get(job.sightings_snapshot), type=looked_through(Sightings))
