"""Stage 2: where signs are on the kept frames, and which boxes are the same sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.carrying import Followed, Region
from engine.crops import Shown, best_first, clarity, look_hash
from engine.domain.errors import DataDamage
from engine.domain.geometry import Polygon, polygon
from engine.domain.records import (
    Box,
    FrameRecord,
    FramesPart,
    ItemProblem,
    Record,
    RegionsPart,
    ScenesPart,
    Track,
)
from engine.domain.stages import StageName
from engine.domain.timebase import seconds
from engine.motion import Corners, Picture
from engine.regions import inside_picture, masked, searched_size, text_regions
from engine.search_areas import Bounds, line_height, visible_share
from engine.stage import Context, View
from engine.stage_settings import DetectRegionsSettings
from engine.tracking import Moment, follow
from engine.written import parse_areas

if TYPE_CHECKING:
    from engine.adapters.model_sets import DetectorModel


class DetectRegions:
    """Looks for text (and, with a model of the user's, objects) and follows what it found."""

    name: ClassVar = StageName.DETECT_REGIONS
    version: ClassVar = 9
    settings_type: ClassVar = DetectRegionsSettings
    payload_type: ClassVar[type[Record]] = RegionsPart
    reads: ClassVar = (StageName.EXTRACT_FRAMES, StageName.FILTER_SCENES)
    writes: ClassVar = ("boxes_by_frame",)
    unit: ClassVar = "frames"

    def units(self, view: View, settings: DetectRegionsSettings) -> float:
        return float(len(view.part(StageName.FILTER_SCENES, ScenesPart).kept)) or 1.0

    def key_extras(self, settings: DetectRegionsSettings, view: View) -> tuple[str, ...]:
        from engine.adapters.inference import file_digest
        from engine.adapters.model_sets import detector_model

        digests = [detector_model(settings.detector, settings.detector_file).digest]
        if settings.second_detector != "none":
            digests.append(detector_model(settings.second_detector).digest)
        if settings.object_file:
            digests.append(file_digest(Path(settings.object_file).expanduser()))
        return tuple(digests)

    def warm_up(
        self, settings: DetectRegionsSettings, provider: str, size: tuple[int, int]
    ) -> Iterator[Callable[[], object]]:
        """See engine.warm_up: the detectors, for pictures searched as a whole."""
        from engine.adapters.detection import ready_for

        for model, edge, _ in _detectors(settings):
            width, height = searched_size(*size, edge)
            yield partial(ready_for, model, provider, height, width)

    def run(self, view: View, settings: DetectRegionsSettings, ctx: Context) -> RegionsPart:
        frames = {f.seq: f for f in view.part(StageName.EXTRACT_FRAMES, FramesPart).frames}
        kept = [k for k in view.part(StageName.FILTER_SCENES, ScenesPart).kept if k.seq in frames]
        chunk = view.part(StageName.FILTER_SCENES, ScenesPart).chunk
        if not kept:
            return RegionsPart(chunk, (), (), provider=ctx.models.provider)
        problems: list[ItemProblem] = []
        search = _search(settings, view, ctx)
        tracks: list[Track] = []
        boxes: list[Box] = []
        done = 0
        # One shot after the other: a shot's pictures stay in memory until it is followed through.
        for shot, group in groupby(kept, key=attrgetter("shot")):
            usable, moments = _moments([frames[k.seq] for k in group], ctx, problems)
            signs = follow(
                moments,
                search,
                every=settings.look_every,
                whole_every=settings.whole_every,
                least=settings.follow_score,
                tick=partial(_tick, ctx, done),
            )
            done += len(usable)
            more_tracks, more_boxes = _records(signs, shot, len(tracks), usable, moments, view.source.width)
            tracks += more_tracks
            boxes += more_boxes
        return RegionsPart(
            chunk, tuple(tracks), tuple(boxes), provider=ctx.models.provider, problems=tuple(problems)
        )

    def items(self, payload: RegionsPart) -> int:
        return len(payload.boxes)

    def blobs(self, payload: RegionsPart) -> tuple[str, ...]:
        return ()

    def canonical(self, payload: RegionsPart) -> object:
        """Boxes in order of time and place; tracks renumbered by where they are first seen."""
        order = {track: i for i, track in enumerate(dict.fromkeys(b.track for b in payload.boxes))}
        tracks = sorted(payload.tracks, key=lambda t: order.get(t.id, len(order)))
        return [
            [
                (
                    b.seq,
                    b.polygon,
                    order[b.track],
                    round(b.score, 4),
                    b.detector,
                    b.seen,
                    b.clarity,
                    b.visible,
                )
                for b in payload.boxes
            ],
            [(t.shot, t.first_seq, t.last_seq, round(t.static, 4), t.look, t.label) for t in tracks],
        ]


def _detectors(settings: DetectRegionsSettings) -> Iterator[tuple[DetectorModel, int, str]]:
    """The detectors that take turns: model, the longest edge at which it searches whole pictures, name."""
    from engine.adapters.model_sets import detector_model

    yield (
        detector_model(settings.detector, settings.detector_file),
        settings.search_edge,
        settings.detector,
    )
    if settings.second_detector != "none":
        yield detector_model(settings.second_detector), settings.second_edge, settings.second_detector


def _search(
    settings: DetectRegionsSettings, view: View, ctx: Context
) -> Callable[[Picture, Sequence[Bounds] | None, int], list[Region]]:
    """What one look does: find text, find objects, drop what is masked. Two detectors take turns; the second, if
    there is one, also looks where only a part of the picture is searched."""
    from engine.adapters.detection import TextDetector
    from engine.adapters.objects import ObjectDetector

    areas = parse_areas(settings.masks)
    provider = ctx.models.provider

    def loaded(model: DetectorModel) -> TextDetector:
        key = ("text detector", model.digest, model.path, provider)
        return ctx.models.get(key, lambda: TextDetector(model, provider))

    edge = settings.search_edge
    turns = [(loaded(model), whole_edge, name) for model, whole_edge, name in _detectors(settings)]
    looks = 0
    objects: ObjectDetector | None = None
    if settings.object_file:
        path = Path(settings.object_file).expanduser()
        names = tuple(n.strip() for n in settings.object_names.split(",") if n.strip())
        key = ("object detector", path, names, provider)
        objects = ctx.models.get(key, lambda: ObjectDetector(path, names, provider))

    def search(picture: Picture, where: Sequence[Bounds] | None, number: int) -> list[Region]:
        nonlocal looks
        scale = picture.width / view.source.width if view.source.width else 1.0
        detector, size, name = (
            turns[looks % len(turns)] if where is None else (turns[-1][0], edge, turns[-1][2])
        )
        looks += where is None
        found = text_regions(
            detector,
            picture,
            where,
            search_edge=size,
            min_height=settings.min_height * scale,
            floor=settings.box_floor,
            name=name,
        )
        if objects is not None and where is None:
            for item in objects.find(picture.pixels, settings.object_floor):
                x0, y0, x1, y1 = item.bounds
                corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
                found.append(Region(corners, item.score, "object", item.label))
        return [r for r in found if not masked(r.corners, picture, areas)]

    return search


def _tick(ctx: Context, before: int, done: int) -> None:
    ctx.tick(float(before + done))


def _moments(
    frames: Sequence[FrameRecord], ctx: Context, problems: list[ItemProblem]
) -> tuple[list[FrameRecord], list[Moment]]:
    """The frames of a shot that can be looked at, and what following needs of each; the others become problems."""
    usable: list[FrameRecord] = []
    moments: list[Moment] = []
    for frame in frames:
        ctx.tick()
        try:
            picture = Picture(partial(ctx.image, frame))
        except DataDamage as error:
            ctx.problem(f"frame {frame.seq}", str(error))
            problems.append(ItemProblem(f"frame {frame.seq}", str(error)))
            continue
        usable.append(frame)
        moments.append(Moment(seconds(frame.time), picture))
    return usable, moments


def _records(
    signs: Sequence[Followed],
    shot: int,
    first_id: int,
    frames: Sequence[FrameRecord],
    moments: Sequence[Moment],
    source_width: int,
) -> tuple[list[Track], list[Box]]:
    """A shot's followed signs as records, in source pixels: ids from `first_id` on by first frame and place, boxes by
    frame and id."""
    ordered = sorted(
        (s for s in signs if s.places), key=lambda s: (min(s.places), *_corner(s), s.detector, s.label)
    )
    boxes: list[Box] = []
    tracks: list[Track] = []
    for number, sign in enumerate(ordered, start=first_id):
        shown: list[Shown] = []
        numbers = sorted(sign.places)
        cut = [inside_picture(sign.places[at].corners, moments[at].picture) for at in numbers]
        shares = [round(visible_share(sign.whole[at], moments[at].picture), 4) for at in numbers]
        for at, corners, share in zip(numbers, cut, shares, strict=True):
            place, picture, frame = sign.places[at], moments[at].picture, frames[at]
            sharp = clarity(picture.level(0), place.corners)
            shown.append(
                Shown(moments[at].seconds, line_height(place.corners), sharp, share, place.seen == "detected")
            )
            boxes.append(
                Box(
                    frame.seq,
                    number,
                    _source_polygon(corners, source_width / frame.width),
                    place.score,
                    sign.detector,
                    place.seen,
                    sharp,
                    share,
                )
            )
        best = numbers[best_first(shown)[0]]
        tracks.append(
            Track(
                number,
                shot,
                frames[numbers[0]].seq,
                frames[numbers[-1]].seq,
                round(sign.still / sign.moving, 4) if sign.moving else 0.0,
                look_hash(moments[best].picture.level(0), sign.places[best].corners),
                sign.label,
            )
        )
    boxes.sort(key=lambda b: (b.seq, b.track))
    return tracks, boxes


def _corner(sign: Followed) -> tuple[float, float]:
    x, y = sign.places[min(sign.places)].corners[0]
    return round(float(y), 2), round(float(x), 2)


def _source_polygon(corners: Corners, scale: float) -> Polygon:
    return polygon([(float(x) * scale, float(y) * scale) for x, y in corners])
