"""The look part of stage 4: searches kept frames for references, remembers each answer, can be interrupted.

One answer is about one stored image and one reference and nothing else, so it is remembered by their digests
and used by every run that meets the two again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from engine.adapters.cv import cv2
from engine.crops import clarity
from engine.decoding import looked_through
from engine.domain.brands import BookSnapshot
from engine.domain.errors import SponsightError
from engine.domain.geometry import Polygon, polygon
from engine.domain.records import FrameRecord, FramesPart, LookSeen, ScenesPart
from engine.ports import Memo
from engine.stage import Context
from engine.visual.clutter import chance, score_of
from engine.visual.reference import Reference, load_reference
from engine.visual.search import SearchedFrame, search_frame

SPACE, CHANCE_SPACE = "look/2", "look-chance/1"
"""Where answers are remembered; the number changes whenever the search may answer otherwise."""
SCORE_FLOOR = 0.25
"""Finds that are worth less are not kept: no threshold reaches below."""
FRAMES_AT_ONCE = 8
"""Kept frames that one worker searches before their answers are stored."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """One find in one stored image: polygon in the image's pixels, likeness 0..1, clarity of the place."""

    polygon: Polygon
    likeness: float
    clarity: float


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(looked_through(tuple[Answer, ...])).decode


def answer_key(image: str, reference: str) -> str:
    """Under which the finds of a reference in a stored image are remembered."""
    return f"{image}:{reference}"


def references_of(book: BookSnapshot) -> dict[str, tuple[str, ...]]:
    """Digest of each reference in the book to the brands (ids) that it shows, in order."""
    found: dict[str, list[str]] = {}
    for entry in book.entries:
        for digest in entry.references:
            found.setdefault(digest, []).append(entry.brand_id)
    return {digest: tuple(found[digest]) for digest in sorted(found)}


def kept_frames(frames: Sequence[FramesPart], scenes: Sequence[ScenesPart]) -> list[list[FrameRecord]]:
    """The stored frames that stage 1 kept, chunk by chunk. The two sequences are parallel."""
    found = []
    for part, scene in zip(frames, scenes, strict=True):
        kept = {k.seq for k in scene.kept}
        found.append([f for f in part.frames if f.seq in kept])
    return found


def missing(memo: Memo, images: Iterable[str], references: Sequence[str]) -> int:
    """How many searches of these images for these references have no remembered answer."""
    keys = [answer_key(image, reference) for image in images for reference in references]
    return len(keys) - len(memo.get_many(SPACE, keys))


@dataclass(frozen=True, slots=True)
class _Ready:
    """A reference with what a likeness to it is worth."""

    reference: Reference | None
    chance: float


def find_looks(
    frames: Sequence[FramesPart],
    scenes: Sequence[ScenesPart],
    book: BookSnapshot,
    source_size: tuple[int, int],
    ctx: Context,
    unit: float,
) -> tuple[LookSeen, ...]:
    """Every find of the book's references in the kept frames, ordered by frame, brand and place. `source_size` is
    width and height in pixels after rotation; progress is told in `unit` for each frame and reference."""
    brands = references_of(book)
    if not brands:
        return ()
    ready = _prepare(list(brands), ctx)
    usable = {digest: one for digest, one in ready.items() if one.reference is not None}
    found: list[LookSeen] = []
    done = 0.0
    for chunk in kept_frames(frames, scenes):
        batches = [chunk[i : i + FRAMES_AT_ONCE] for i in range(0, len(chunk), FRAMES_AT_ONCE)]
        for batch, answers in zip(batches, ctx.map(_Search(usable, ctx), batches), strict=True):
            for frame in batch:
                for digest, one in usable.items():
                    for answer in answers[answer_key(frame.image, digest)]:
                        found += _seen(frame, digest, brands[digest], answer, one.chance, source_size)
        done += unit * len(chunk) * len(brands)
        ctx.tick(done)
    found.sort(key=lambda f: (f.seq, f.brand_id, -f.score, f.polygon))
    return tuple(found)


def _prepare(digests: Sequence[str], ctx: Context) -> dict[str, _Ready]:
    """The references decoded, and how well each fits by chance. One that can't be used is reported once."""
    known = ctx.memo.get_many(CHANCE_SPACE, digests)

    def ready(digest: str) -> _Ready:
        ctx.tick()
        try:
            reference = load_reference(digest, ctx.blobs.get(digest))
        except SponsightError as error:
            ctx.problem(f"reference {digest[:12]}", str(error))
            return _Ready(None, 1.0)
        if reference is None:
            ctx.problem(f"reference {digest[:12]}", "The picture is too small or too plain to search for.")
            return _Ready(None, 1.0)
        stored = known.get(digest)
        if stored is not None:
            return _Ready(reference, float(stored))
        value = chance(reference)
        ctx.memo.put_many(CHANCE_SPACE, {digest: str(value).encode()})
        return _Ready(reference, value)

    return dict(zip(digests, ctx.map(ready, digests), strict=True))


class _Search:
    """Searches a batch of frames for all references; what is finished is remembered even where it is stopped."""

    def __init__(self, ready: Mapping[str, _Ready], ctx: Context) -> None:
        self._ready = ready
        self._ctx = ctx

    def __call__(self, batch: Sequence[FrameRecord]) -> dict[str, tuple[Answer, ...]]:
        keys = [answer_key(f.image, digest) for f in batch for digest in self._ready]
        answers = {key: _decode(data) for key, data in self._ctx.memo.get_many(SPACE, keys).items()}
        fresh: dict[str, bytes] = {}
        try:
            for frame in batch:
                open_ones = [d for d in self._ready if answer_key(frame.image, d) not in answers]
                if open_ones:
                    self._one(frame, open_ones, answers, fresh)
        finally:
            if fresh:
                self._ctx.memo.put_many(SPACE, fresh)
        return answers

    def _one(
        self,
        frame: FrameRecord,
        digests: Sequence[str],
        answers: dict[str, tuple[Answer, ...]],
        fresh: dict[str, bytes],
    ) -> None:
        self._ctx.tick()
        try:
            data = np.frombuffer(self._ctx.blobs.get(frame.image), np.uint8)
            pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
        except SponsightError as error:
            pixels = None
            self._ctx.problem(f"frame {frame.seq}", str(error))
        if pixels is None:
            answers.update((answer_key(frame.image, digest), ()) for digest in digests)
            return
        searched = SearchedFrame(pixels)
        for digest in digests:
            self._ctx.tick()
            reference = self._ready[digest].reference
            assert reference is not None
            found = tuple(
                Answer(polygon(h.corners.tolist()), h.likeness, clarity(pixels, h.corners))
                for h in search_frame(searched, reference)
            )
            key = answer_key(frame.image, digest)
            answers[key] = found
            fresh[key] = _encode(found)


def _seen(
    frame: FrameRecord,
    digest: str,
    brands: Sequence[str],
    answer: Answer,
    chance: float,
    source_size: tuple[int, int],
) -> list[LookSeen]:
    score = score_of(answer.likeness, chance)
    if score < SCORE_FLOOR:
        return []
    width, height = source_size
    sx, sy = width / frame.width, height / frame.height
    placed = polygon([(x * sx, y * sy) for x, y in answer.polygon])
    return [
        LookSeen(frame.seq, brand, digest, placed, score, answer.clarity, _visible(placed, width, height))
        for brand in brands
    ]


def _visible(placed: Polygon, width: int, height: int) -> float:
    """Share of the polygon's hull that lies in the picture, 0..1."""
    xs, ys = [p[0] for p in placed], [p[1] for p in placed]
    whole = (max(xs) - min(xs)) * (max(ys) - min(ys))
    inside = max(0.0, min(max(xs), width) - max(min(xs), 0.0)) * max(
        0.0, min(max(ys), height) - max(min(ys), 0.0)
    )
    return round(min(1.0, inside / whole), 4) if whole > 0 else 1.0
