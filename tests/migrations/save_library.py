"""Writes libraries/schema-NNNN.zip: run it once when a schema is released (`python -m tests.migrations.save_library`).

Every kind of row is in it, so that a later version shows that it opens them."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from engine.domain.brands import ReferenceCrop, SourceBrandSighting
from engine.domain.decisions import AnchorSample, Decision, DecisionKind, Member
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob, JobStatus, SourceAsset, StageCheckpoint
from engine.domain.records import TextsPart
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from engine.ports import StoredPart
from engine.stage import encode
from storage.library import Library
from storage.schema import REVISION

TARGET = Path(__file__).parent / "libraries" / f"schema-{REVISION}.zip"


def fill(library: Library) -> None:
    """One of everything."""
    source, gone = (
        library.sources.add(
            SourceAsset(
                id="", content_digest=name[0] * 64, path=f"/videos/{name}.mp4", name=f"{name}.mp4", size_bytes=9,
                duration=2_000_000, frame_rate="25/1", time_base="1/12800", width=1280, height=720, codec="h264",
            )
        )
        for name in ("match", "removed")
    )  # fmt: skip
    library.removals.add(gone.id)
    acme = library.brands.add("Acme", aliases=["ACME Ltd"], books=["clients"], category="tools")
    tyres = library.brands.add("Acme Tyres", books=["clients"])
    library.brands.set_merged_into(tyres.id, acme.id)
    library.brands.add_reference(acme.id, ReferenceCrop(library.blobs.put(b"crop"), "test"))
    library.brands.deny(["Kick-off"])
    library.brands.add_not_same([(acme.id, "acne")])
    book = library.blobs.put(b"book")
    job = library.jobs.create(
        DetectJob(
            id="",
            source_asset_id=source.id,
            video_path=source.path,
            config_overrides={"match_brands": {"accept": 80.0}},
            book_snapshot=book,
        )
    )
    library.jobs.move(job.id, JobStatus.RUNNING)
    library.parts.save(
        job.id,
        StoredPart(
            key="k" * 64,
            stage=StageName.RUN_OCR,
            stage_version=1,
            chunk=0,
            output_digest="o" * 64,
            payload=encode(TextsPart(chunk=0, texts=(), candidates=())),
            blobs=(library.blobs.put(b"image"),),
        ),
    )
    library.jobs.save_checkpoint(
        StageCheckpoint(
            id="", job_id=job.id, stage=StageName.RUN_OCR, stage_index=3, fields=("text_candidates",),
            frames_prefix="frames", stats={"texts": 0}, config_snapshot={}, config_overrides={},
            video_path=source.path, profile_name="soccer_broadcast",
        )
    )  # fmt: skip
    library.sightings.replace(
        job.id,
        [
            SourceBrandSighting(
                source_asset_id=source.id, brand_id=tyres.id, brand_name="Acme Tyres", first_seen=0,
                last_seen=1, occurrences=7, detection_source="ocr", avg_confidence=0.9,
            )
        ],
        {tyres.id: 3.5},
    )  # fmt: skip
    library.jobs.move(job.id, JobStatus.COMPLETED)
    library.jobs.set_accepted(job.id, source.id)
    member = Member(Span(0, 10), (AnchorSample(5, rectangle(10, 10, 30, 20)),), "ACME")
    library.decisions.add(
        Decision(
            id="", source_asset_id=source.id, kind=DecisionKind.CONFIRM, members=(member,), brand_id=acme.id
        )
    )
    library.audit.append("Confirm", "Confirm Acme", {"a": 1}, {"b": 2})
    reservation = library.budget.reserve(job.id, "provider", "model", 0.25, 1.0)
    assert reservation
    library.budget.settle(reservation, 0.25)
    library.memo.put_many("text", {"digest": b"answer"})
    library.pins.keep("test", [library.blobs.put(b"pinned")])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Library.open(Path(folder) / "library") as library:
            fill(library)
        root = Path(folder) / "library"
        TARGET.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(root / "library.db", "library.db")
            for path in sorted((root / "blobs").rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(root).as_posix())


if __name__ == "__main__":
    main()
