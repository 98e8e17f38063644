"""A library with one large finished run, made without analysing anything: for measuring the window."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np

from app.commands import AcceptRun
from app.container import open_container
from engine.adapters.cv import cv2
from engine.domain.geometry import rectangle
from engine.domain.jobs import JobStatus, SourceAsset
from engine.domain.records import (
    Appearance,
    Candidate,
    FrameRecord,
    FramesPart,
    KeptFrame,
    MatchPart,
    Record,
    RegionsPart,
    ScenesPart,
    Seen,
    TextsPart,
)
from engine.domain.stages import StageName
from engine.domain.timebase import Span, grid_time
from engine.grid import chunk_grid
from engine.keys import digest_of
from engine.ports import JOB_CHUNK, StoredPart
from engine.stage import encode

FPS = Fraction(2)
WIDTH, HEIGHT = 1280, 720
BRANDS = 60


def make_big_library(
    folder: Path,
    *,
    minutes: int = 90,
    appearances: int = 20_000,
    boxes: int = 200_000,
    texts: Sequence[str] = (),
) -> str:
    """A source of `minutes` with so many appearances and boxes in all; returns the run's id.

    With `texts` the run is accepted, and each appearance is unresolved and says one of them."""
    random.seed(7)
    with open_container(folder) as app:
        library = app.library
        names = [f"Brand {n:02}" for n in range(BRANDS)]
        ids = [library.brands.add(name).id for name in names]
        asset = library.sources.add(
            SourceAsset(
                id="",
                content_digest=hashlib.sha256(b"large").hexdigest(),
                path=str(folder / "large.mp4"),
                name="large.mp4",
                size_bytes=1,
                duration=minutes * 60_000_000,
                frame_rate="25",
                time_base="1/25",
                width=WIDTH,
                height=HEIGHT,
                codec="h264",
            )
        )
        job = app.jobs.create(asset.id, escalation=False)
        library.jobs.move(job.id, JobStatus.RUNNING)
        images = [library.blobs.put(_picture(n)) for n in range(40)]

        def save(stage: StageName, chunk: int, record: Record, items: int = 0) -> None:
            payload = encode(record)
            part = StoredPart(
                key=digest_of(["large", str(stage), chunk]),
                stage=stage,
                stage_version=1,
                chunk=chunk,
                output_digest=hashlib.sha256(payload).hexdigest(),
                payload=payload,
                items=items,
                blobs=tuple(images) if stage is StageName.EXTRACT_FRAMES else (),
            )
            library.parts.save(job.id, part)

        last = 0
        for chunk in chunk_grid(asset.duration, FPS):
            seqs = range(chunk.first, chunk.last)
            last = max(last, chunk.last)
            times = {seq: grid_time(seq, FPS) for seq in seqs}
            edges = [chunk.span.start, *(times[s] + 250_000 for s in list(seqs)[:-1]), chunk.span.end]
            frames = tuple(
                FrameRecord(s, times[s], times[s], images[s % len(images)], WIDTH, HEIGHT) for s in seqs
            )
            kept = tuple(KeptFrame(s, (Span(edges[i], edges[i + 1]),), 0) for i, s in enumerate(seqs))
            save(StageName.EXTRACT_FRAMES, chunk.index, FramesPart(chunk.index, chunk.span, frames))
            save(StageName.FILTER_SCENES, chunk.index, ScenesPart(chunk.index, chunk.span, kept))
            save(StageName.DETECT_REGIONS, chunk.index, RegionsPart(chunk.index, (), ()), len(seqs) * 18)
            save(StageName.RUN_OCR, chunk.index, TextsPart(chunk.index, (), ()))
        length = boxes // appearances
        found = [_appearance(n, last - length - 1, length, ids, names) for n in range(appearances)]
        if texts:
            found = [
                msgspec.structs.replace(
                    a, text=text, verdict="unresolved", brand_id="", brand_name="", candidates=()
                )
                for a, text in zip(found, texts, strict=True)
            ]
        save(StageName.MATCH_BRANDS, JOB_CHUNK, MatchPart(tuple(found)), boxes)
        library.jobs.move(job.id, JobStatus.COMPLETED)
        if texts:
            app.bus.do(AcceptRun(job_id=job.id))
        return job.id


def _appearance(n: int, last: int, length: int, ids: list[str], names: list[str]) -> Appearance:
    which = min(int(random.expovariate(0.08)), len(ids) - 1)
    verdict = random.choices(("accepted", "review", "unresolved"), (6, 1, 3))[0]
    start = random.randrange(0, last)
    x, y = random.uniform(10, WIDTH - 240), random.uniform(40, HEIGHT - 60)
    seen = tuple(
        Seen(start + i, rectangle(x + 3 * i, y, x + 3 * i + 160, y + 28), 0.9, 0.95, "read", 400.0)
        for i in range(length)
    )
    known = verdict != "unresolved"
    score = {"accepted": 98.0, "review": 82.0}.get(verdict, 0.0)
    text = names[which] if known else f"text {n % 4000}"
    candidates = (Candidate(ids[which], names[which], score, "exact", "reads exactly"),) if known else ()
    accepted = verdict == "accepted"
    return Appearance(
        key=f"{n:020x}",
        surface="scene",
        text=f"{text} {n}" if n % 3 else text,
        text_score=0.95,
        verdict=verdict,  # type: ignore[arg-type]
        seen=seen,
        members=((0, n),),
        brand_id=ids[which] if accepted else "",
        brand_name=names[which] if accepted else "",
        confidence=0.93 if accepted else 0.0,
        candidates=candidates,
        reason="reads exactly",
    )


def _picture(n: int) -> bytes:
    picture = np.full((HEIGHT, WIDTH, 3), (40 + 3 * n, 110, 60), np.uint8)
    cv2.putText(picture, f"frame {n}", (80, 360), cv2.FONT_HERSHEY_SIMPLEX, 3, (240, 240, 240), 5)
    done, data = cv2.imencode(".jpg", picture)
    assert done
    return data.tobytes()
