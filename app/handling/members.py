"""From what is shown to what a decision keeps: members, drawn boxes, corrected boxes, single frames, crops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.overlay import member_of
from engine.anchoring import MIN_IOU
from engine.domain.decisions import AnchorSample, Member
from engine.domain.errors import UserFixable
from engine.domain.geometry import Polygon, hull, overlap
from engine.domain.records import Appearance
from engine.domain.timebase import Span, format_time

if TYPE_CHECKING:
    from app.results import RunResult
    from engine.ports import BlobStore


def appearance_in(run: RunResult, key: str) -> Appearance:
    """The run's appearance of this key; UserFixable where it has none."""
    found = run.by_key.get(key)
    if found is None:
        raise UserFixable(
            "This appearance is not in the run that is shown.",
            still_works="Nothing was changed.",
            to_do="Open the run that it belongs to, or refresh the queue.",
        )
    return found


def frame_member(run: RunResult, appearance: Appearance, time: int) -> Member:
    """One frame of an appearance: the frame's own time and the polygon on it."""
    shown = run.frame_at(time)
    seq = run.stands_for.get(shown) if shown is not None else None
    seen = next((s for s in appearance.seen if s.seq == seq), None)
    if seq is None or seen is None:
        raise UserFixable(
            f"The appearance is not seen on the frame at {format_time(time)}.",
            still_works="Nothing was changed.",
            to_do="Go to an analysed frame that shows it.",
        )
    whole = member_of(run, appearance)
    return msgspec.structs.replace(
        whole, span=run.span_between(seq, seq), samples=(AnchorSample(run.time_of(seq), seen.polygon),)
    )


def drawn_member(
    run: RunResult, time: int, polygon: Polygon, start: int | None, end: int | None, text: str
) -> Member:
    """A box drawn at `time`, shown from `start` to `end` (None: while the analysed frame at `time` is)."""
    if start is None or end is None:
        shown = run.frame_at(time)
        seq = run.stands_for.get(shown) if shown is not None else None
        own = run.span_between(seq, seq) if seq is not None else Span(time, time + round(1_000_000 / run.fps))
        start = own.start if start is None else start
        end = own.end if end is None else end
    if end <= start:
        raise UserFixable(
            f"The box would end ({format_time(end)}) before it begins ({format_time(start)}).",
            still_works="Nothing was changed.",
            to_do="Set the end after the start.",
        )
    box = hull(polygon)
    if box.width < 2 or box.height < 2:
        raise UserFixable(
            "The box is too small.", still_works="Nothing was changed.", to_do="Drag it over the whole sign."
        )
    return Member(span=Span(start, end), samples=(AnchorSample(time, polygon),), text=text, job_id=run.job.id)


def text_under(run: RunResult, time: int, polygon: Polygon) -> str:
    """What the machine read where a person drew: the text of the appearance that covers the box best, or ''."""
    shown = run.frame_at(time)
    seq = run.stands_for.get(shown) if shown is not None else None
    if seq is None:
        return ""
    best, found = 0.0, ""
    for a in run.appearances:
        if a.text and a.seen[0].seq <= seq <= a.seen[-1].seq:
            for s in a.seen:
                if s.seq == seq:
                    share = overlap(s.polygon, polygon)
                    if share >= MIN_IOU and share > best:
                        best, found = share, a.text
    return found


def corrected(
    base: Member, time: int | None, polygon: Polygon | None, start: int | None, end: int | None
) -> Member:
    """A member with another polygon at one time, another start or end. Around a corrected polygon the path keeps
    the machine's motion: the neighbouring samples stay as they are."""
    begin = base.span.start if start is None else start
    finish = base.span.end if end is None else end
    if finish <= begin:
        raise UserFixable(
            f"The appearance would end ({format_time(finish)}) before it begins ({format_time(begin)}).",
            still_works="Nothing was changed.",
            to_do="Set the end after the start.",
        )
    samples = list(base.samples)
    if polygon is not None:
        at = base.span.start if time is None else time
        if len(samples) <= 1:
            samples = [AnchorSample(at, polygon)]
        else:
            samples = [s for s in samples if s.time != at]
            samples.append(AnchorSample(at, polygon))
            samples.sort(key=lambda s: s.time)
    return msgspec.structs.replace(
        base, span=Span(begin, finish), samples=tuple(samples), appearance="", parts=()
    )


def crop_of(run: RunResult, blobs: BlobStore, time: int, polygon: Polygon) -> str:
    """Cut the polygon's hull out of the stored frame nearest to `time`, store it as PNG, and return its digest;
    '' where the run has no stored frame."""
    if not run.frames:
        return ""
    import numpy as np

    from engine.adapters.cv import cv2

    frame = min(run.frames.values(), key=lambda f: (abs(f.time - time), f.seq))
    image = cv2.imdecode(np.frombuffer(blobs.get(frame.image), np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return ""
    scale = frame.width / run.source.width if run.source.width else 1.0
    box = hull(polygon)
    x0, y0 = max(0, int(box.x0 * scale)), max(0, int(box.y0 * scale))
    x1, y1 = min(image.shape[1], round(box.x1 * scale)), min(image.shape[0], round(box.y1 * scale))
    if x1 - x0 < 2 or y1 - y0 < 2:
        raise UserFixable(
            "The box lies outside the picture.",
            still_works="Nothing was changed.",
            to_do="Drag it over the sign.",
        )
    done, png = cv2.imencode(".png", image[y0:y1, x0:x1])
    return blobs.put(png.tobytes()) if done else ""
