"""Makes long videos by repeating given ones, each time with another crop, gain and noise, and maps truth onto them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from app.demo.encode import Encoder
from app.demo.lettering import Image
from app.demo.truth import DemoTruth, Run, TruthShot, TruthSign, is_legible
from engine.adapters.cv import cv2

POOL = 24
"""Noise pictures that are made once; each frame takes one of them, shifted."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """One run of a source inside the long video.

    source: index of the source; start: first frame in the long video; frames: how many; step: source frames a frame;
    crop: x, y, width, height in source pixels, shown over the whole picture; gain: factor and offset of the brightness;
    noise: sigma in grey levels.
    """

    source: int
    start: int
    frames: int
    step: float
    crop: tuple[int, int, int, int]
    gain: tuple[float, float]
    noise: float


@dataclass(frozen=True, slots=True)
class RepeatMap:
    """How a long video was made: picture size, rate, and its repeats in order. Times are frames / fps."""

    width: int
    height: int
    fps: Fraction
    repeats: tuple[Repeat, ...]

    @property
    def frame_count(self) -> int:
        """Frames of the long video."""
        return sum(repeat.frames for repeat in self.repeats)

    def save(self, path: Path | str) -> Path:
        """Write as JSON."""
        body = {
            "width": self.width,
            "height": self.height,
            "fps": [self.fps.numerator, self.fps.denominator],
            "repeats": [asdict(repeat) for repeat in self.repeats],
        }
        Path(path).write_text(json.dumps(body), encoding="utf-8")
        return Path(path)

    @classmethod
    def load(cls, path: Path | str) -> RepeatMap:
        """Read what `save` wrote."""
        body = json.loads(Path(path).read_text(encoding="utf-8"))
        repeats = tuple(
            Repeat(**{**one, "crop": tuple(one["crop"]), "gain": tuple(one["gain"])})
            for one in body["repeats"]
        )
        return cls(body["width"], body["height"], Fraction(*body["fps"]), repeats)


def repeat_video(
    sources: Sequence[Path | str],
    dst: Path | str,
    seconds: float,
    *,
    seed: int = 1,
    size: tuple[int, int] | None = None,
    fps: Fraction | int | None = None,
    crop: float = 0.08,
    gain: float = 0.12,
    noise: float = 2.5,
    progress: Callable[[float], None] | None = None,
) -> RepeatMap:
    """Write a video of `seconds` that plays the sources one after the other, over and over, never twice the same.

    Each repeat cuts off up to `crop` of each side's length, changes brightness by up to `gain` and adds noise of
    up to `noise` grey levels. size (even) and fps default to the first source's. The first repeat is changed too.
    Raises ValueError for no source, and what PyAV raises for one that cannot be opened.
    """
    if not sources:
        raise ValueError("repeat_video needs at least one source video.")
    import av

    with av.open(str(sources[0])) as first:
        stream = first.streams.video[0]
        size = size or (stream.codec_context.width // 2 * 2, stream.codec_context.height // 2 * 2)
        rate = Fraction(fps) if fps else Fraction(stream.average_rate or 25)
    rng = np.random.default_rng([seed, 91])
    total, done = round(seconds * float(rate)), 0
    pool = [
        np.clip(rng.normal(128, 32, (size[1] + 64, size[0] + 64)), 0, 255).astype(np.uint8)
        for _ in range(POOL)
    ]
    repeats: list[Repeat] = []
    with Encoder(
        Path(dst), size, rate, bit_rate=round(4e6 * size[0] * size[1] / 921600), preset="ultrafast"
    ) as encoder:
        while done < total:
            index = len(repeats) % len(sources)
            start, shape = done, None
            for planes, step, origin in _resampled(sources[index], rate):
                if done >= total:
                    break
                if shape is None:
                    shape = _draw_repeat(rng, index, start, step, origin, crop, gain, noise)
                encoder.add_yuv(_changed(planes, origin, shape, size, pool, rng))
                done += 1
                if progress is not None and done % 25 == 0:
                    progress(done / total)
            if shape is None:
                raise ValueError(f"{sources[index]} holds no picture; leave it out.")
            repeats.append(
                Repeat(
                    shape.source, shape.start, done - start, shape.step, shape.crop, shape.gain, shape.noise
                )
            )
    return RepeatMap(size[0], size[1], rate, tuple(repeats))


def _draw_repeat(
    rng: np.random.Generator,
    index: int,
    start: int,
    step: float,
    origin: tuple[int, int],
    crop: float,
    gain: float,
    noise: float,
) -> Repeat:
    w, h = origin
    keep = 1.0 - float(rng.uniform(0.25, 1.0)) * crop
    cw, ch = int(w * keep) // 4 * 4, int(h * keep) // 4 * 4
    x, y = int(rng.integers(0, w - cw + 1)) // 2 * 2, int(rng.integers(0, h - ch + 1)) // 2 * 2
    factor = 1.0 + float(rng.uniform(-gain, gain))
    shift = float(rng.uniform(-6, 6))
    return Repeat(
        index, start, 0, step, (x, y, cw, ch), (factor, shift), float(rng.uniform(0.4, 1.0)) * noise
    )


def _resampled(source: Path | str, rate: Fraction) -> Iterator[tuple[Image, float, tuple[int, int]]]:
    """Pictures of a source (planar 4:2:0) at a constant rate, each with the source frames a step and (w, h)."""
    import av

    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        step = float(Fraction(stream.average_rate or rate) / rate)
        given = 0
        for n, frame in enumerate(container.decode(stream)):
            planes, size = None, (frame.width // 2 * 2, frame.height // 2 * 2)
            while round(given * step) <= n:
                if planes is None:
                    odd = (frame.width, frame.height) != size or frame.format.name != "yuv420p"
                    flat = frame.reformat(size[0], size[1], "yuv420p") if odd else frame
                    planes = flat.to_ndarray()
                yield np.asarray(planes, np.uint8), step, size
                given += 1


def _changed(
    planes: Image,
    origin: tuple[int, int],
    how: Repeat,
    size: tuple[int, int],
    pool: list[Image],
    rng: np.random.Generator,
) -> Image:
    """Crop, scale, gain and noise on planar 4:2:0."""
    (w, h), (ow, oh), (x, y, cw, ch) = size, origin, how.crop
    made = np.empty((h * 3 // 2, w), np.uint8)
    grey = cv2.resize(planes[:oh][y : y + ch, x : x + cw], (w, h), interpolation=cv2.INTER_LINEAR)
    i, j, k = (int(v) for v in rng.integers(0, (64, 64, POOL)))
    grain = how.noise / 32.0
    cv2.addWeighted(
        grey, how.gain[0], pool[k][i : i + h, j : j + w], grain, how.gain[1] - 128 * grain, dst=made[:h]
    )
    chroma = planes[oh:].reshape(2, oh // 2, ow // 2)
    half = made[h:].reshape(2, h // 2, w // 2)
    for n in (0, 1):
        part = chroma[n, y // 2 : (y + ch) // 2, x // 2 : (x + cw) // 2]
        cv2.resize(part, (w // 2, h // 2), dst=half[n], interpolation=cv2.INTER_LINEAR)
    return made


def repeated_truth(truths: Mapping[int, DemoTruth] | Sequence[DemoTruth], made: RepeatMap) -> DemoTruth:
    """The truth of a repeated video from the truths of its sources, by source index; sources without one add nothing.

    What a crop cuts off lowers the visible part (by its share of the polygon inside the source's picture), and the
    crop's scale changes heights; the legibility rule is applied anew to what was legible before.
    """
    known = dict(truths) if isinstance(truths, Mapping) else dict(enumerate(truths))
    signs: list[TruthSign] = []
    first: dict[int, int] = {}
    for index, truth in known.items():
        first[index] = len(signs)
        signs += [
            TruthSign(len(signs) + i, s.brand, s.text, s.kind, s.surface, s.place)
            for i, s in enumerate(truth.signs)
        ]
    runs: list[Run] = []
    shots: list[TruthShot] = []
    for repeat in made.repeats:
        found = known.get(repeat.source)
        if found is None:
            shots.append(TruthShot("source", repeat.start, repeat.start + repeat.frames, False, False, False))
            continue
        for shot in found.shots:
            start, end = (round(f / repeat.step) for f in (shot.start, shot.end))
            if start < repeat.frames:
                end = min(end, repeat.frames)
                shots.append(
                    TruthShot(
                        shot.kind,
                        start + repeat.start,
                        end + repeat.start,
                        shot.replay,
                        shot.wipe_in,
                        shot.wipe_out,
                    )
                )
        for run in found.runs:
            moved = _moved_run(run, repeat, made, found, first[repeat.source])
            if moved is not None:
                runs.append(moved)
    seed = next(iter(known.values())).seed if known else 0
    runs.sort(key=lambda run: (run.start, run.sign))
    return DemoTruth(
        seed, made.width, made.height, made.fps, made.frame_count, tuple(signs), tuple(shots), runs
    )


def _moved_run(run: Run, repeat: Repeat, made: RepeatMap, truth: DemoTruth, first: int) -> Run | None:
    x, y, w, h = repeat.crop
    frames = np.round(np.arange(repeat.frames) * repeat.step).astype(int)
    here = np.flatnonzero((frames >= run.start) & (frames < run.start + len(run.height)))
    if not len(here):
        return None
    rows = frames[here] - run.start
    quads = np.asarray(run.xy)[rows].reshape(-1, 4, 2) / 10.0
    height = np.asarray(run.height)[rows] / 10.0 * made.height / h
    share = _inside(quads, (x, y, x + w, y + h)) / np.maximum(
        1e-6, _inside(quads, (0, 0, truth.width, truth.height))
    )
    visible = np.asarray(run.visible)[rows] / 100.0 * np.minimum(1.0, share)
    kind = truth.signs[run.sign].kind
    legible = np.array(
        [
            bool(was) and is_legible(kind, float(tall), float(part), 0.0, 0.0, 1.0)
            for was, tall, part in zip(np.asarray(run.legible)[rows], height, visible, strict=True)
        ]
    )
    moved = (quads - (x, y)) * (made.width / w, made.height / h)
    kept = np.flatnonzero(visible > 0.02)
    if not len(kept):
        return None
    kept = np.arange(kept[0], kept[-1] + 1)
    return Run(
        run.sign + first,
        repeat.start + int(here[kept[0]]),
        np.round(moved[kept] * 10).astype(np.int32).reshape(-1, 8),
        np.round(height[kept] * 10).astype(np.int32),
        np.round(visible[kept] * 100).astype(np.int32),
        legible[kept],
    )


def _inside(quads: Any, box: tuple[float, float, float, float]) -> Any:
    """The part of each quad's (n, 4, 2) hull inside a box, by axes."""
    low, high = quads.min(1), quads.max(1)
    a = np.maximum(low, box[:2])
    b = np.minimum(high, box[2:])
    return np.prod(np.maximum(0.0, b - a), axis=1) / np.maximum(1e-6, np.prod(high - low, axis=1))
