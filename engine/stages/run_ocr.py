"""Stage 3: what signs say. Reads the best crops of each track and votes one text over it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.alternatives import Steps
from engine.crops import (
    Pixels,
    Shown,
    is_askew,
    line_border,
    quarter_turns,
    rectified,
    stands_upright,
    widened,
)
from engine.decoding import looked_through
from engine.domain.errors import DataDamage
from engine.domain.geometry import Polygon, polygon, text_height, text_width
from engine.domain.records import (
    Box,
    FrameRecord,
    FramesPart,
    ItemProblem,
    Reading,
    Record,
    RegionsPart,
    TextCandidate,
    TextsPart,
    TrackText,
)
from engine.domain.stages import StageName
from engine.domain.timebase import seconds
from engine.reading import (
    AROUND,
    BEYOND,
    LINE_SHARE,
    LOWER,
    UPPER,
    WHOLE,
    ReadCrops,
    ReadingRules,
    SignText,
    Text,
    Wanted,
    read_signs,
)
from engine.stage import Context, View
from engine.stage_settings import RunOcrSettings
from engine.voting import Voted

if TYPE_CHECKING:
    from engine.adapters.model_sets import ReaderModel


class RunOcr:
    """Reads text; objects keep their class's name as their text."""

    name: ClassVar = StageName.RUN_OCR
    version: ClassVar = 9
    settings_type: ClassVar = RunOcrSettings
    payload_type: ClassVar[type[Record]] = TextsPart
    reads: ClassVar = (StageName.EXTRACT_FRAMES, StageName.DETECT_REGIONS)
    writes: ClassVar = ("text_candidates",)
    unit: ClassVar = "crops"

    def units(self, view: View, settings: RunOcrSettings) -> float:
        return float(len(view.part(StageName.DETECT_REGIONS, RegionsPart).tracks)) or 1.0

    def key_extras(self, settings: RunOcrSettings, view: View) -> tuple[str, ...]:
        return tuple(model.digest for model in _readers(settings))

    def warm_up(
        self, settings: RunOcrSettings, provider: str, size: tuple[int, int]
    ) -> Iterator[Callable[[], object]]:
        """See engine.warm_up: the readers."""
        from engine.adapters.ocr import opened

        for model in reversed(_readers(settings)):
            yield partial(opened, model, provider)

    def run(self, view: View, settings: RunOcrSettings, ctx: Context) -> TextsPart:
        regions = view.part(StageName.DETECT_REGIONS, RegionsPart)
        frames = {f.seq: f for f in view.part(StageName.EXTRACT_FRAMES, FramesPart).frames}
        labels = {t.id: t.label for t in regions.tracks}
        boxes: dict[int, list[Box]] = {}
        for box in regions.boxes:
            boxes.setdefault(box.track, []).append(box)
        readable = {
            track: [
                b for b in own if min(text_height(b.polygon), text_width(b.polygon)) >= settings.min_height
            ]
            for track, own in boxes.items()
            if not labels[track]
        }
        tracks = sorted(track for track, own in readable.items() if own)
        showings = [[_shown(b, frames[b.seq]) for b in readable[track]] for track in tracks]
        desk = _Desk(ctx, frames, [readable[t] for t in tracks], view.source.width)
        strong, *quicker = (desk.reader(model) for model in _readers(settings))
        quick = quicker[0] if quicker else None
        rules = ReadingRules(settings.sure, settings.crops_per_track, settings.check_every)
        texts: list[TrackText] = []
        candidates: list[TextCandidate] = []
        readings: list[Reading] = []
        for track, sign in zip(tracks, read_signs(showings, quick, strong, rules, ctx.tick), strict=True):
            own = readable[track]
            readings += [
                Reading(own[i].seq, track, own[i].polygon, t.text, round(t.score, 4))
                for i, t in sorted(sign.read.items())
            ]
            parts = [(0, sign.voted)] if not sign.lines else list(enumerate(sign.lines, start=UPPER))
            for part, voted in parts:
                if voted.text and voted.score >= settings.text_floor:
                    possible = sign.possible if part == WHOLE else ()
                    texts.append(TrackText(track, voted.text, voted.score, voted.others, part, possible))
                    candidates += _candidates(sign, voted, own, part)
        for track, own in sorted(boxes.items()):
            if labels[track]:
                score = round(sum(b.score for b in own) / len(own), 4)
                texts.append(TrackText(track, labels[track], score))
                candidates += [_candidate(b, labels[track], score, "read") for b in own]
        ctx.tick(self.units(view, settings))
        texts.sort(key=lambda t: (t.track, t.part))
        candidates.sort(key=lambda c: (c.seq, c.track, c.part))
        readings.sort(key=lambda r: (r.seq, r.track))
        return TextsPart(
            regions.chunk,
            tuple(texts),
            tuple(candidates),
            tuple(readings),
            provider=ctx.models.provider,
            problems=tuple(desk.problems),
        )

    def items(self, payload: TextsPart) -> int:
        return len(payload.texts)

    def blobs(self, payload: TextsPart) -> tuple[str, ...]:
        return ()

    def canonical(self, payload: TextsPart) -> object:
        order = {t: i for i, t in enumerate(dict.fromkeys(c.track for c in payload.candidates))}
        return [
            [
                (c.seq, c.polygon, order[c.track], c.part, c.text, round(c.text_score, 4), c.mode)
                for c in payload.candidates
            ],
            sorted(
                (order[t.track], t.part, t.text, round(t.score, 4), t.others, t.possible)
                for t in payload.texts
                if t.track in order
            ),
        ]


def _readers(settings: RunOcrSettings) -> list[ReaderModel]:
    """The strong reader and, unless the settings have none, the quick one."""
    from engine.adapters.model_sets import reader_model

    readers = [reader_model(settings.reader, settings.reader_file, settings.dictionary_file)]
    if settings.quick_reader != "none":
        readers.append(reader_model(settings.quick_reader))
    return readers


def _shown(box: Box, frame: FrameRecord) -> Shown:
    height = min(text_height(box.polygon), text_width(box.polygon))
    return Shown(seconds(frame.time), height, box.clarity, box.visible, box.seen == "detected")


def _candidates(sign: SignText, voted: Voted, boxes: Sequence[Box], part: int) -> list[TextCandidate]:
    return [
        _candidate(boxes[i], voted.text, voted.score, "read" if i in sign.read else "inherited", part)
        for i in sign.passed_on
    ]


def _candidate(box: Box, text: str, score: float, mode: str, part: int = 0) -> TextCandidate:
    return TextCandidate(
        box.seq,
        box.track,
        _line_of(box.polygon, part),
        text,
        score,
        box.score,
        "read" if mode == "read" else "inherited",
        box.clarity,
        box.visible,
        part,
    )


def _line_of(poly: Polygon, part: int) -> Polygon:
    """The upper or lower line of a region that holds two; the region itself for `part` 0."""
    if part == WHOLE:
        return poly
    tl, tr, br, bl = (np.array(p) for p in poly)
    start, end = (0.0, LINE_SHARE) if part == UPPER else (1.0 - LINE_SHARE, 1.0)
    return polygon(
        [tl + (bl - tl) * start, tr + (br - tr) * start, tr + (br - tr) * end, tl + (bl - tl) * end]
    )


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    """A reading as memory keeps it (implements engine.reading.Text)."""

    text: str
    scores: tuple[float, ...]
    steps: Steps

    @property
    def score(self) -> float:
        return sum(self.scores) / len(self.scores) if self.scores else 0.0


_EMPTY = _Answer("", (), ())
_decode = msgspec.msgpack.Decoder(looked_through(_Answer)).decode
_TOGETHER = 64
"""Crops handed to a reader at once."""


class _Desk:
    """Cuts crops and reads them, asking memory first: the same pixels are never read twice by one model."""

    def __init__(
        self, ctx: Context, frames: dict[int, FrameRecord], boxes: Sequence[Sequence[Box]], source_width: int
    ) -> None:
        self._ctx = ctx
        self._frames = frames
        self._boxes = boxes
        self._width = source_width
        self._crops: dict[tuple[int, int], Pixels | None] = {}
        self.problems: list[ItemProblem] = []

    def reader(self, model: ReaderModel) -> ReadCrops:
        """A function that reads crops with this model."""
        from engine.adapters.ocr import TextReader

        provider = self._ctx.models.provider
        space = f"8 bits:{model.digest[:32]}:{provider}"

        def read(wanted: Sequence[Wanted]) -> list[Text]:
            loaded = self._ctx.models.get(
                ("text reader", model.digest, model.path, provider), lambda: TextReader(model, provider)
            )
            cut = {pair: self._crop(*pair) for pair in sorted(wanted, key=self._seq)}
            crops = {pair: crop for pair, crop in cut.items() if crop is not None}
            turned = {pair: self._askew(pair) for pair in crops}
            keys = {pair: _digest(crop) + ("+turned" if turned[pair] else "") for pair, crop in crops.items()}
            known = self._ctx.memo.get_many(space, keys.values())
            fresh: dict[str, bytes] = {}
            # By shape: readers get ready anew for each width, and read crops of one width together.
            to_read = {keys[pair]: pair for pair in sorted(crops, key=lambda p: _slenderness(crops[p]))}
            unread = [key for key in to_read if key not in known]
            for start in range(0, len(unread), _TOGETHER):
                self._ctx.tick()
                some = unread[start : start + _TOGETHER]
                views = [_views(crops[to_read[key]], turned[to_read[key]]) for key in some]
                texts = iter(loaded.read([view for group in views for view in group]))
                for key, group in zip(some, views, strict=True):
                    known[key] = fresh[key] = msgspec.msgpack.encode(_surest([next(texts) for _ in group]))
            self._ctx.memo.put_many(space, fresh)
            return [_decode(known[keys[pair]]) if pair in keys else _EMPTY for pair in wanted]

        return read

    def _seq(self, pair: Wanted) -> tuple[int, int, int, int]:
        return self._boxes[pair[0]][pair[1]].seq, *pair

    def _crop(self, sign: int, showing: int, part: int) -> Pixels | None:
        if part in (AROUND, BEYOND):
            return self._around(sign, showing, only_beyond=part == BEYOND)
        whole = self._whole(sign, showing)
        if whole is None or part == WHOLE:
            return whole
        border = None if stands_upright(whole) else line_border(whole)
        if border is None:
            return None
        spare = max(1, whole.shape[0] // 20)
        at = round(border * whole.shape[0])
        return whole[: at + spare] if part == UPPER else whole[at - spare :]

    def _whole(self, sign: int, showing: int) -> Pixels | None:
        pair = (sign, showing)
        if pair not in self._crops:
            picture = self._picture(self._boxes[sign][showing])
            self._crops[pair] = None if picture is None else rectified(picture, self._corners(*pair))
        return self._crops[pair]

    def _around(self, sign: int, showing: int, only_beyond: bool) -> Pixels | None:
        """The crop with more room at its ends; with `only_beyond` None where no letters seem to stand there."""
        picture = self._picture(self._boxes[sign][showing])
        if picture is None:
            return None
        corners, beyond = widened(picture, self._corners(sign, showing))
        return None if only_beyond and not beyond else rectified(picture, corners)

    def _picture(self, box: Box) -> Pixels | None:
        try:
            return self._ctx.image(self._frames[box.seq])
        except DataDamage as error:
            self._ctx.problem(f"frame {box.seq}", str(error))
            self.problems.append(ItemProblem(f"frame {box.seq}", str(error)))
            return None

    def _corners(self, sign: int, showing: int) -> NDArray[np.float32]:
        box = self._boxes[sign][showing]
        scale = self._frames[box.seq].width / self._width
        return np.array(box.polygon, np.float32) * np.float32(scale)

    def _askew(self, pair: Wanted) -> bool:
        return pair[2] not in (UPPER, LOWER) and is_askew(self._corners(pair[0], pair[1]))


def _views(crop: Pixels, askew: bool) -> list[Pixels]:
    """The crop as it is read; a tall or askew one is read lying on either side as well."""
    return [*quarter_turns(crop), crop] if askew or stands_upright(crop) else [crop]


def _surest(texts: Sequence[Text]) -> _Answer:
    """The reading that is surest; one or two letters are easily sure."""
    best = max(texts, key=lambda t: (t.score * min(len(t.text), 3), len(t.text)))
    return _Answer(best.text, best.scores, best.steps)


def _slenderness(crop: Pixels) -> float:
    """Length by height of a crop as it is read."""
    return max(crop.shape[:2]) / min(crop.shape[:2])


def _digest(crop: Pixels) -> str:
    shape = f"{crop.shape[0]}x{crop.shape[1]}:".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(crop).tobytes()).hexdigest()
