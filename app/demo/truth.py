"""The demo's exact truth: which sign lies where in each video frame, how much of it is seen, whether it can be read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = "sponsight.demo_truth/1"

LEGIBLE_HEIGHT = 12.0
"""Pixels: capitals lower than this do not count as legible."""

MARK_HEIGHT = 24.0
"""Pixels: a mark without letters lower than this does not count as legible."""

LEGIBLE_VISIBLE = 0.8
"""Least part of the name's polygon that is in the picture and not covered: the whole name can then be read.

Of names cut out along their polygon, a text recogniser read nine in ten at 0.8 to 0.9, but only half at 0.7 to 0.8."""

LEGIBLE_BLUR = 0.40
"""Greatest length of the motion blur as a part of the text height."""

LEGIBLE_DEFOCUS = 0.12
"""Greatest sigma of the defocus as a part of the text height."""

LEGIBLE_SQUEEZE = 0.45
"""Least ratio of the scale along the text to the scale across it: slanted boards below it do not count as legible."""

Polygon = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


def is_legible(kind: str, height: float, visible: float, blur: float, defocus: float, squeeze: float) -> bool:
    """The legibility rule. height: of the capitals (of the mark) in pixels; visible: 0..1; blur: length of the motion
    blur in pixels; defocus: sigma in pixels; squeeze: scale along the text by scale across it."""
    least = MARK_HEIGHT if kind == "symbol" else LEGIBLE_HEIGHT
    return (
        height >= least
        and visible >= LEGIBLE_VISIBLE
        and blur <= LEGIBLE_BLUR * height
        and defocus <= LEGIBLE_DEFOCUS * height
        and squeeze >= LEGIBLE_SQUEEZE
    )


@dataclass(frozen=True, slots=True)
class TruthSign:
    """A name at one place. brand: canonical name or None (no brand); text: as written ('' for a mark without letters).

    kind: brand | alias | unknown | symbol | word | caption; surface: scene | caption.
    """

    number: int
    brand: str | None
    text: str
    kind: str
    surface: str
    place: str


@dataclass(frozen=True, slots=True)
class TruthInstance:
    """A sign in one video frame. polygon: source pixels, clockwise from the text's top left, not clipped by the
    picture; text_height: of the capitals in pixels; visible: part of the polygon seen, 0..1."""

    sign: TruthSign
    polygon: Polygon
    text_height: float
    visible: float
    legible: bool


@dataclass(frozen=True, slots=True)
class TruthShot:
    """Frames start <= f < end between two cuts; wipe_in, wipe_out: the cut lies under a replay wipe."""

    kind: str
    start: int
    end: int
    replay: bool
    wipe_in: bool
    wipe_out: bool


@dataclass(slots=True)
class Run:
    """A sign over consecutive frames. xy: (n, 8) in tenths of a pixel; height: (n,) likewise; visible: (n,) percent."""

    sign: int
    start: int
    xy: Any
    height: Any
    visible: Any
    legible: Any


@dataclass(slots=True)
class DemoTruth:
    """Truth of a rendered clip; frames are counted from 0, times in seconds from the first frame.

    fps is a Fraction; runs are ordered by start. Positions are kept to a tenth of a pixel.
    """

    seed: int
    width: int
    height: int
    fps: Fraction
    frame_count: int
    signs: tuple[TruthSign, ...]
    shots: tuple[TruthShot, ...]
    runs: list[Run]
    _by_frame: list[list[tuple[int, int]]] | None = field(default=None, repr=False)

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.frame_count / self.fps)

    def frame_of(self, seconds: float) -> int:
        """Number of the frame that is on display at a time, clipped to the clip."""
        return min(self.frame_count - 1, max(0, int(np.floor(seconds * float(self.fps) + 1e-6))))

    def at(self, frame: int) -> list[TruthInstance]:
        """All signs of which something is seen in a frame, legible or not."""
        return [self._instance(self.runs[run], offset) for run, offset in self._index()[frame]]

    def at_time(self, seconds: float) -> list[TruthInstance]:
        """All signs of the frame on display at a time."""
        return self.at(self.frame_of(seconds))

    def _index(self) -> list[list[tuple[int, int]]]:
        if self._by_frame is None:
            table: list[list[tuple[int, int]]] = [[] for _ in range(self.frame_count)]
            for n, run in enumerate(self.runs):
                for offset in range(len(run.height)):
                    table[run.start + offset].append((n, offset))
            self._by_frame = table
        return self._by_frame

    def _instance(self, run: Run, i: int) -> TruthInstance:
        x = [float(value) / 10 for value in run.xy[i]]
        return TruthInstance(
            self.signs[run.sign],
            ((x[0], x[1]), (x[2], x[3]), (x[4], x[5]), (x[6], x[7])),
            float(run.height[i]) / 10,
            float(run.visible[i]) / 100,
            bool(run.legible[i]),
        )

    def frames_of(self, brand: str, *, surface: str = "scene", legible: bool = True) -> Any:
        """Boolean array over all frames: the brand is on screen (legible there, unless legible is False)."""
        seen = np.zeros(self.frame_count, bool)
        for run in self.runs:
            sign = self.signs[run.sign]
            if sign.brand == brand and sign.surface == surface:
                part = seen[run.start : run.start + len(run.height)]
                part |= run.legible if legible else True
        return seen

    def seconds(self, brand: str, *, surface: str = "scene", legible: bool = True) -> float:
        """Seconds for which at least one sign of the brand is on screen (and legible, unless legible is False)."""
        return float(int(self.frames_of(brand, surface=surface, legible=legible).sum()) / self.fps)

    def brand_seconds(self, *, surface: str = "scene", legible: bool = True) -> dict[str, float]:
        """Seconds of every brand that has a sign on a surface, unknown sponsors included."""
        brands = sorted({s.brand for s in self.signs if s.brand is not None and s.surface == surface})
        return {b: self.seconds(b, surface=surface, legible=legible) for b in brands}

    def kinds(self, brand: str) -> set[str]:
        """In which kinds of writing the brand appears."""
        return {s.kind for s in self.signs if s.brand == brand}

    def save(self, path: Path | str) -> Path:
        """Write as JSON (whole numbers only in the long lists)."""
        target = Path(path)
        body = {
            "format": FORMAT,
            "seed": self.seed,
            "width": self.width,
            "height": self.height,
            "fps": [self.fps.numerator, self.fps.denominator],
            "frame_count": self.frame_count,
            "signs": [asdict(sign) for sign in self.signs],
            "shots": [asdict(shot) for shot in self.shots],
            "runs": [_packed(run) for run in self.runs],
            "seconds": {
                "legible": self.brand_seconds(),
                "any": self.brand_seconds(legible=False),
                "caption": self.brand_seconds(surface="caption"),
            },
        }
        target.write_text(json.dumps(body, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
        return target

    @classmethod
    def load(cls, path: Path | str) -> DemoTruth:
        """Read what `save` wrote. Raises ValueError for a file of another kind."""
        body = json.loads(Path(path).read_text(encoding="utf-8"))
        if body.get("format") != FORMAT:
            raise ValueError(f"{path} is not a demo truth file; render the demo again to get one.")
        return cls(
            body["seed"],
            body["width"],
            body["height"],
            Fraction(*body["fps"]),
            body["frame_count"],
            tuple(TruthSign(**sign) for sign in body["signs"]),
            tuple(TruthShot(**shot) for shot in body["shots"]),
            [_unpacked(run) for run in body["runs"]],
        )


def _packed(run: Run) -> dict[str, Any]:
    """A run as JSON values: what stays the same over the run is stored once."""

    def once(values: Any) -> Any:
        return values[:1].tolist() if len(values) and bool((values == values[0]).all()) else values.tolist()

    return {
        "sign": run.sign,
        "start": run.start,
        "n": len(run.height),
        "xy": [v for row in once(run.xy) for v in row],
        "height": once(run.height),
        "visible": once(run.visible),
        "legible": once(run.legible.astype(int)),
    }


def _unpacked(packed: dict[str, Any]) -> Run:
    n = packed["n"]

    def spread(values: list[int], width: int) -> Any:
        grid = np.array(values, np.int32).reshape(-1, width)
        return np.broadcast_to(grid, (n, width)) if len(grid) == 1 else grid

    return Run(
        packed["sign"],
        packed["start"],
        spread(packed["xy"], 8),
        spread(packed["height"], 1)[:, 0],
        spread(packed["visible"], 1)[:, 0],
        spread(packed["legible"], 1)[:, 0].astype(bool),
    )


class TruthRecorder:
    """Collects instances frame by frame and closes them into runs."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], tuple[int, list[Any]]] = {}
        self._done: list[Run] = []

    def add(
        self, frame: int, sign: int, copy: int, polygon: Any, height: float, visible: float, legible: bool
    ) -> None:
        """Record sign number `sign` in a frame; `copy` tells two pictures of it apart. Frames must not go back."""
        row = [
            *np.round(np.asarray(polygon).ravel() * 10).astype(int).tolist(),
            round(height * 10),
            round(visible * 100),
            int(legible),
        ]
        key = (sign, copy)
        if key in self._open:
            start, rows = self._open[key]
            if start + len(rows) == frame:
                rows.append(row)
                return
            self._close(key)
        self._open[key] = (frame, [row])

    def _close(self, key: tuple[int, int]) -> None:
        start, rows = self._open.pop(key)
        table = np.array(rows, np.int32)
        self._done.append(
            Run(key[0], start, table[:, :8], table[:, 8], table[:, 9], table[:, 10].astype(bool))
        )

    def runs(self) -> list[Run]:
        """All runs, ordered by start and sign."""
        for key in list(self._open):
            self._close(key)
        return sorted(self._done, key=lambda run: (run.start, run.sign))
