"""What a source's card tells: thumbnail, last run, how much is decided; read off the main thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.domain.jobs import DetectJob, JobStatus, SourceAsset
from engine.domain.records import FramesPart
from engine.domain.stages import StageName
from engine.stage import decode
from storage.library import Library
from ui.session import Shelf


@dataclass(frozen=True, slots=True)
class CardFacts:
    """One source as its card shows it. `thumbnail` is a JPEG or empty; `decided` and `undecided` count
    appearances of the best run, None where there is none to count."""

    source: SourceAsset
    job: DetectJob | None
    thumbnail: bytes = b""
    missing: bool = False
    decided: int | None = None
    undecided: int | None = None


class Overview:
    """Reads cards; remembers what is dear to compute for as long as it holds."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._pictures: dict[str, bytes] = {}
        self._counts: dict[tuple[str, int], tuple[int, int]] = {}

    def quick(self, shelf: Shelf) -> list[CardFacts]:
        """All cards without counts: rows and one small picture each."""
        return [self._card(source, shelf.best_job(source.id)) for source in shelf.sources]

    def counts(
        self, shelf: Shelf, wanted: Callable[[], bool] = lambda: True
    ) -> Mapping[str, tuple[int, int]]:
        """(decided, undecided) by source id, for sources with a completed run. Ends early once `wanted` says no:
        what was counted by then is remembered."""
        from app.overlay import count_decided

        found: dict[str, tuple[int, int]] = {}
        revision = self._library.audit.last_id()
        for source in shelf.sources:
            if not wanted():
                break
            job = shelf.best_job(source.id)
            if job is None or job.status is not JobStatus.COMPLETED:
                continue
            place = job.id, revision
            if place not in self._counts:
                self._counts[place] = count_decided(self._library, job.id)
            found[source.id] = self._counts[place]
        return found

    def _card(self, source: SourceAsset, job: DetectJob | None) -> CardFacts:
        picture = self._pictures.get(source.id, b"")
        if not picture and job is not None:
            picture = self._first_frame(job)
            if picture:
                self._pictures[source.id] = picture
        return CardFacts(source, job, picture, missing=not _is_there(source))

    def _first_frame(self, job: DetectJob) -> bytes:
        """The first stored frame of the first chunk that is done."""
        refs = self._library.parts.attached(job.id)
        chunks = sorted(chunk for stage, chunk in refs if stage == StageName.EXTRACT_FRAMES)
        for chunk in chunks[:2]:
            part = decode(self._library.parts.payload(refs[StageName.EXTRACT_FRAMES, chunk].key), FramesPart)
            for frame in part.frames[len(part.frames) // 2 :]:
                return self._library.blobs.get(frame.image)
        return b""


def _is_there(source: SourceAsset) -> bool:
    """Whether a file of the source's size lies where it was: another one took its place otherwise."""
    try:
        found = Path(source.path).stat()
    except OSError:
        return False
    return found.st_size == source.size_bytes
