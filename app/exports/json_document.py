"""The JSON export `sponsight.export/1`: frames with detections, figures of the machine and of people.

`frames` holds one entry for every kept frame and for every near-duplicate that it stands for (`twin_of`), so
that the entries' spans tile the kept time. Times are seconds from the first frame, polygons four points in
source pixels. `detections` are the effective ones (run output + decisions); where a person's word differs
from the machine's, `machine_brand` tells what the run says (null: nothing), and `rejected` lists what the run
says and a person does not.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from app.effective import OPEN
from app.overlay import EffectiveAppearance, Overlay, State
from app.results import RunResult
from app.whole_file import write_whole
from engine.domain.figures import BrandExposure, ExposureFigures
from engine.domain.geometry import Polygon
from engine.domain.records import Detection, LostSpan
from engine.domain.timebase import Span

FORMAT = "sponsight.export/1"


def write_json(overlay: Overlay, path: Path) -> Path:
    """Write the document to `path`, whole or not at all; raises UserFixable where that can't be."""
    write_whole(path, msgspec.json.encode(document(overlay)) + b"\n")
    return path


def document(overlay: Overlay) -> dict[str, Any]:
    """The export as plain data."""
    run = overlay.run
    return {
        "format": FORMAT,
        "source": _source(run),
        "job": _job(run),
        "settings": {
            "profile": run.job.profile_name,
            "overrides": run.job.config_overrides,
            "effective": {str(name): settings.values() for name, settings in run.settings.items()},
        },
        "analysed": {
            "spans": [_span(s) for s in run.analysed],
            "excluded": [_lost(x) for part in run.scenes for x in part.excluded],
            "unknown": [_lost(x) for part in run.scenes for x in part.unknown],
            "samples_per_second": float(run.fps),
        },
        "frames": _frames(overlay),
        **both_figures(overlay),
        "funnel": dict(run.funnel),
    }


def both_figures(overlay: Overlay) -> dict[str, Any]:
    """The figures of the run alone and with people's decisions, and which decisions those are, as plain data."""
    return {
        "machine": figures_data(overlay.machine),
        "effective": {
            "decision_revision": overlay.revision,
            "decided": {str(state): n for state, n in overlay.counters.items()},
            "orphans": len(overlay.orphans),
            **figures_data(overlay.effective),
        },
    }


def figures_data(figures: ExposureFigures) -> dict[str, Any]:
    """Exposure figures as plain data, times in seconds."""
    return {
        "preset": figures.preset,
        "currency": figures.currency,
        "analysed_seconds": figures.analysed,
        "excluded_seconds": figures.excluded,
        "unknown_seconds": figures.unknown,
        "brands": [brand_data(b) for b in figures.brands],
    }


def brand_data(b: BrandExposure) -> dict[str, Any]:
    """One brand's figures as plain data, times in seconds; `column` is counted, caption or model."""
    return {
        "brand": b.brand_name,
        "column": b.column,
        "seconds": b.seconds,
        "sampling_error": b.error,
        "seconds_with_gaps": b.filled,
        "exposures": [{"start": _s(e.start), "end": _s(e.end), "seconds": e.seconds} for e in b.exposures],
        "exposure_count": len(b.exposures),
        "mean_exposure": b.mean,
        "longest_exposure": b.longest,
        "first": _s(b.first),
        "last": _s(b.last),
        "hits": b.hits,
        "solus_seconds": b.solus,
        "share_of_voice": b.share,
        "weighted_seconds": b.weighted_seconds,
        "weighted_share_of_voice": b.weighted_share,
        "quality": b.quality,
        "coverage": b.coverage,
        "seconds_by_size": dict(zip(("<2.5%", "2.5-5%", "5-10%", ">10%"), b.bands, strict=True)),
        "position_grid": [b.grid[0:3], b.grid[3:6], b.grid[6:9]],
        "factors": msgspec.structs.asdict(b.factors),
        "detections": b.detections,
        "media": msgspec.structs.asdict(b.media),
    }


def _frames(overlay: Overlay) -> list[dict[str, Any]]:
    run = overlay.run
    detections: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for d in sorted(overlay.detections, key=lambda d: (d.seq, d.brand_name, d.polygon)):
        detections[d.seq].append(_detection(overlay, d))
    unresolved: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rejected: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for a in overlay.appearances:
        if a.state is State.REJECTED and a.machine is not None and a.machine.verdict == "accepted":
            _spread(a, rejected, {"brand": a.machine.brand_name})
        elif a.state in OPEN and a.machine is not None and a.machine.verdict in ("review", "unresolved"):
            _spread(
                a,
                unresolved,
                {
                    "verdict": a.machine.verdict,
                    "state": str(a.state),
                    "candidates": [
                        {"brand": c.brand_name, "match_score": c.match_score, "reason": c.reason}
                        for c in a.machine.candidates
                    ],
                },
            )
    found = []
    for seq, spans in run.frame_spans.items():
        keeper, time = run.stands_for[seq], run.time_of(seq)
        main = next((s for s in spans if s.holds(time)), spans[0])
        entry: dict[str, Any] = {"timestamp": _s(time), "span": _span(main)}
        if len(spans) > 1:
            entry["spans"] = [_span(s) for s in spans]
        if keeper != seq:
            entry["twin_of"] = _s(run.time_of(keeper))
        entry["detections"] = detections.get(keeper, [])
        entry["unresolved"] = unresolved.get(keeper, [])
        if keeper in rejected:
            entry["rejected"] = rejected[keeper]
        found.append(entry)
    return sorted(found, key=lambda entry: entry["timestamp"])


def _detection(overlay: Overlay, d: Detection) -> dict[str, Any]:
    a = overlay.by_key[d.appearance]
    entry: dict[str, Any] = {
        "brand": d.brand_name,
        "text": d.text,
        "source": d.source,
        "confidence": d.confidence,
        "polygon": _points(d.polygon),
        "track": d.appearance,
        "surface": d.surface,
        "reason": d.reason,
        "match_score": d.match_score,
        "evidence": d.evidence,
        "confirmed": d.confirmed,
        "state": str(a.state),
    }
    said = a.machine.brand_name if a.machine is not None and a.machine.verdict == "accepted" else None
    if a.decided and said != d.brand_name:
        entry["machine_brand"] = said
    return entry


def _spread(a: EffectiveAppearance, into: dict[int, list[dict[str, Any]]], more: dict[str, Any]) -> None:
    assert a.machine is not None
    for s in a.seen:
        into[s.seq].append(
            {
                "text": a.text,
                "confidence": round(s.text_score, 4),
                "polygon": _points(s.polygon),
                "track": a.key,
                "surface": a.surface,
                "reason": a.machine.reason,
                **more,
            }
        )


def _source(run: RunResult) -> dict[str, Any]:
    source = run.source
    return {
        "id": source.id,
        "name": source.name,
        "path": source.path,
        "content_digest": source.content_digest,
        "duration": _s(source.duration),
        "frame_rate": source.frame_rate,
        "width": source.width,
        "height": source.height,
        "codec": source.codec,
        "rotation": source.rotation,
    }


def _job(run: RunResult) -> dict[str, Any]:
    job = run.job
    return {
        "id": job.id,
        "run_type": str(job.run_type),
        "parent_job_id": job.parent_job_id,
        "replay_from_stage": None if job.replay_from_stage is None else str(job.replay_from_stage),
        "status": str(job.status),
        "accepted": job.accepted,
        "books": list(job.books),
        "book_digest": job.book_digest,
        "output_digest": job.output_digest,
        "message": job.error_message,
        "cloud_llm_calls": job.cloud_llm_calls,
        "estimated_cost_usd": job.estimated_cost_usd,
        "created_at": _date(job.created_at),
        "completed_at": _date(job.completed_at),
    }


def _lost(lost: LostSpan) -> dict[str, Any]:
    return {"span": _span(lost.span), "reason": lost.reason}


def _points(polygon: Polygon) -> list[list[float]]:
    return [[x, y] for x, y in polygon]


def _span(span: Span) -> list[float]:
    return [_s(span.start), _s(span.end)]


def _s(micro: int) -> float:
    return micro / 1_000_000


def _date(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()
