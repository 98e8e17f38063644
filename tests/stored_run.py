"""A library on disk with synthetic sources: stages 0 to 3 as stored parts, the later ones run for real."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np

from app.command_bus import CommandBus
from app.jobs import JobService
from app.mailbox import Mailbox
from app.overlay import Names, Overlay, build_overlay
from app.run_cache import RunCache
from engine.adapters.cv import cv2
from engine.domain.geometry import Polygon, rectangle
from engine.domain.jobs import DetectJob, JobStatus, Overrides, SourceAsset
from engine.domain.records import (
    Box,
    FrameRecord,
    FramesPart,
    KeptFrame,
    Record,
    RegionsPart,
    ScenesPart,
    TextCandidate,
    TextsPart,
    Track,
    TrackText,
)
from engine.domain.stages import FRAME_STAGES, StageName
from engine.domain.timebase import Span, grid_time
from engine.grid import chunk_grid
from engine.keys import digest_of
from engine.ports import StoredPart
from engine.stage import encode
from storage.library import Library

WIDTH, HEIGHT = 640, 360
FPS = Fraction(2)
PLACE = rectangle(100, 250, 260, 290)


@dataclass(frozen=True)
class Board:
    """A board that shows `text` at `polygon` from `start` to `end` (seconds); `others` as TrackText has them."""

    text: str
    start: float = 0.0
    end: float = 8.0
    polygon: Polygon = PLACE
    score: float = 0.95
    look: str = ""
    others: tuple[tuple[str, float, float], ...] = ()


def row_of_boards(texts: Sequence[str], start: float = 0.0, end: float = 8.0) -> list[Board]:
    """Boards beside and below each other, far enough apart not to be read as one name."""
    found = []
    for i, text in enumerate(texts):
        x, y = 20 + 310 * (i % 2), 8 + 44 * (i // 2)
        found.append(Board(text, start, end, rectangle(x, y, x + 160, y + 22)))
    return found


class Desk:
    """A library with its services, as one process has them; `reopen` is a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._going: dict[str, tuple[Sequence[Board], int | None]] = {}
        self._open()

    def _open(self) -> None:
        self.library = Library.open(self.folder)
        self.mailbox = Mailbox()
        self.jobs = JobService(self.library, self.mailbox, workers=1)
        self.runs = RunCache(self.library)
        self.bus = CommandBus(self.library, self.mailbox, self.runs, actor="tester")

    def reopen(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self.jobs.close()
        self.library.close()

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Brands and sources ----------------------------------------------------------------------------

    def brand(self, name: str, *aliases: str) -> str:
        """Put a brand into the library without a command, as a book import does."""
        return self.library.brands.add(name, aliases=aliases).id

    def source(self, boards: Sequence[Board], seconds: float = 8.0, name: str = "match") -> DetectJob:
        """A source that shows these boards, with a finished and accepted run over it."""
        job = self.unfinished(boards, seconds, name)
        self.library.jobs.move(job.id, JobStatus.COMPLETED)
        return self.replay(job)

    def unfinished(
        self, boards: Sequence[Board], seconds: float = 8.0, name: str = "match", chunks: int | None = None
    ) -> DetectJob:
        """A source with a run that is going and has stored so many chunks (None: all) of stages 0 to 3."""
        asset = self.library.sources.add(
            SourceAsset(
                id="",
                content_digest=hashlib.sha256(f"{name} {boards!r}".encode()).hexdigest(),
                path=f"/videos/{name}.mp4",
                name=f"{name}.mp4",
                size_bytes=1,
                duration=round(seconds * 1_000_000),
                frame_rate="25",
                time_base="1/25",
                width=WIDTH,
                height=HEIGHT,
                codec="h264",
            )
        )
        return self._begun(asset, boards, {}, chunks)

    def _begun(
        self, asset: SourceAsset, boards: Sequence[Board], overrides: Overrides, chunks: int | None = None
    ) -> DetectJob:
        # Finding by look is tested elsewhere; here it would only cost time.
        settings: Overrides = {"match_brands": {"use_looks": False}, **overrides}
        job = self.jobs.create(asset.id, escalation=False, overrides=settings)
        self.library.jobs.move(job.id, JobStatus.RUNNING)
        store_frame_stages(self.library, job, asset, boards, slice(chunks))
        self._going[job.id] = boards, chunks
        return job

    def seen_again(self, job: DetectJob, boards: Sequence[Board]) -> DetectJob:
        """Another finished run of the same source, with other settings, that saw these boards."""
        asset = self.library.sources.get(job.source_asset_id)
        made = self._begun(asset, boards, {"filter_scenes": {"keep_every": 3.0}})
        self.library.jobs.move(made.id, JobStatus.COMPLETED)
        return self.replay(made)

    def store_more(self, job: DetectJob) -> None:
        """Store the chunks that `unfinished` left out."""
        boards, chunks = self._going[job.id]
        asset = self.library.sources.get(job.source_asset_id)
        store_frame_stages(self.library, job, asset, boards, slice(chunks, None))

    def replay(self, job: DetectJob, overrides: Overrides | None = None) -> DetectJob:
        """Match and report again over the stored texts."""
        made = self.jobs.replay(job.id, StageName.MATCH_BRANDS, overrides or {})
        return self.jobs.start(made.id).result()

    def names(self) -> Names:
        brands = self.library.brands.all()
        return Names(
            redirects={b.id: b.merged_into for b in brands if b.merged_into},
            names={b.id: b.canonical_name for b in brands},
            confirmed=frozenset(b.id for b in brands if b.confirmed),
        )

    def overlay(self, job: DetectJob) -> Overlay:
        decisions = self.library.decisions.of_source(job.source_asset_id)
        return build_overlay(self.runs.get(job.id), decisions, self.names())

    def key_of(self, job: DetectJob, text: str) -> str:
        """Key of the first appearance that reads `text`."""
        return next(a.key for a in self.runs.get(job.id).appearances if a.text == text)


def store_frame_stages(
    library: Library, job: DetectJob, asset: SourceAsset, boards: Sequence[Board], which: slice
) -> None:
    """Parts of stages 0 to 3, one chunk after the other, as the stages would leave them."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for i, board in enumerate(boards):
        x, y = (int(v) for v in board.polygon[0])
        cv2.putText(
            picture, board.text, (x, y + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255 - 9 * i % 200,) * 3, 1
        )
    done, jpeg = cv2.imencode(".jpg", picture)
    assert done
    image = library.blobs.put(jpeg.tobytes())
    for chunk in chunk_grid(asset.duration, FPS)[which]:
        seqs = range(chunk.first, chunk.last)
        times = {seq: grid_time(seq, FPS) for seq in seqs}
        edges = [chunk.span.start, *((times[s] + times[s + 1]) // 2 for s in list(seqs)[:-1]), chunk.span.end]
        kept = tuple(KeptFrame(s, (Span(edges[i], edges[i + 1]),), 0) for i, s in enumerate(seqs))
        tracks, boxes, texts, candidates = [], [], [], []
        for number, board in enumerate(boards):
            shown = [s for s in seqs if board.start <= times[s] / 1_000_000 < board.end]
            if not shown:
                continue
            tracks.append(Track(number, 0, shown[0], shown[-1], look=board.look))
            texts.append(TrackText(number, board.text, board.score, board.others))
            for s in shown:
                boxes.append(Box(s, number, board.polygon, 0.9, "text", clarity=500.0))
                candidates.append(
                    TextCandidate(s, number, board.polygon, board.text, board.score, 0.9, "read", 500.0)
                )
        records: dict[StageName, Record] = {
            StageName.EXTRACT_FRAMES: FramesPart(
                chunk.index,
                chunk.span,
                tuple(FrameRecord(s, times[s], times[s], image, WIDTH, HEIGHT) for s in seqs),
            ),
            StageName.FILTER_SCENES: ScenesPart(chunk.index, chunk.span, kept),
            StageName.DETECT_REGIONS: RegionsPart(chunk.index, tuple(tracks), tuple(boxes)),
            StageName.RUN_OCR: TextsPart(chunk.index, tuple(texts), tuple(candidates)),
        }
        for stage in FRAME_STAGES:
            payload = encode(records[stage])
            library.parts.save(
                job.id,
                StoredPart(
                    key=digest_of([asset.content_digest, repr(boards), str(stage), chunk.index]),
                    stage=stage,
                    stage_version=1,
                    chunk=chunk.index,
                    output_digest=hashlib.sha256(payload).hexdigest(),
                    payload=payload,
                    blobs=(image,) if stage is StageName.EXTRACT_FRAMES else (),
                    items=len(boxes),
                ),
            )
