"""Small records for tests of the library."""

from __future__ import annotations

from typing import Any

from engine.domain.decisions import AnchorSample, Decision, DecisionKind, Member
from engine.domain.geometry import rectangle
from engine.domain.jobs import DetectJob, JobStatus, SourceAsset
from engine.domain.stages import StageName
from engine.domain.timebase import Span
from engine.ports import StoredPart
from storage.library import Library


def a_source(library: Library, name: str = "match", **more: Any) -> SourceAsset:
    """A source with this name, stored."""
    values: dict[str, Any] = {
        "id": "", "content_digest": f"digest of {name}", "path": f"/videos/{name}.mp4", "name": f"{name}.mp4",
        "size_bytes": 1000, "duration": 30_000_000, "frame_rate": "30000/1001", "time_base": "1/90000",
        "width": 1280, "height": 720, "codec": "h264",
    }  # fmt: skip
    return library.sources.add(SourceAsset(**{**values, **more}))


def a_job(library: Library, source: SourceAsset, **more: Any) -> DetectJob:
    """A pending run of the source, stored."""
    return library.jobs.create(DetectJob(id="", source_asset_id=source.id, video_path=source.path, **more))


def finished(library: Library, job: DetectJob) -> DetectJob:
    """The run, moved to completed."""
    library.jobs.move(job.id, JobStatus.RUNNING)
    return library.jobs.move(job.id, JobStatus.COMPLETED)


def a_part(
    key: str, payload: bytes = b"\x80", *, stage: StageName = StageName.RUN_OCR, chunk: int = 0, **more: Any
) -> StoredPart:
    """A part that is not stored yet."""
    return StoredPart(
        key=key,
        stage=stage,
        stage_version=1,
        chunk=chunk,
        output_digest=f"output of {key}",
        payload=payload,
        **more,
    )


def a_decision(source: SourceAsset, brand_id: str = "b", start: int = 0, **more: Any) -> Decision:
    """A decision on one appearance that is not stored yet."""
    member = Member(
        Span(start, start + 1000),
        (AnchorSample(start, rectangle(1, 2, 30, 12)), AnchorSample(start + 500, rectangle(2, 2, 31, 12))),
        "acme",
        "0123456789abcdef",
        "job",
        "appearance",
        ("part",),
    )
    values: dict[str, Any] = {
        "id": "",
        "kind": DecisionKind.CONFIRM,
        "members": (member,),
        "brand_id": brand_id,
    }
    return Decision(source_asset_id=source.id, **{**values, **more})
