"""A user's ONNX object or logo detector: YOLOv8/11-style and RT-DETR-style exports."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.adapters.inference import CPU, CUDA, open_session
from engine.domain.errors import UserFixable

_DEFAULT_SIDE = 640
_NMS = 0.6
_GREY = 114

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An object: bounds (x0, y0, x1, y1) in pixels of the picture, score 0..1 and its class's name."""

    bounds: tuple[float, float, float, float]
    score: float
    label: str


class ObjectDetector:
    """Understands four output layouts: (1, 4 + classes, N) of YOLOv8/11; (1, N, 6) of exports with NMS
    inside; (1, N, 4 + classes) with normalised centres of RT-DETR; and labels, boxes, scores of RT-DETR
    exports that take the picture's size. Not for use by two threads at once."""

    def __init__(self, path: Path, names: tuple[str, ...] = (), provider: str = CPU) -> None:
        self._session = open_session(path, provider if provider == CUDA else CPU)
        self._file = path.name
        inputs = self._session.inputs
        pictures = [i for i in inputs if len(i.shape) == 4]
        if len(pictures) != 1 or len(inputs) > 2:
            raise _unknown(self._file, f"it has inputs {[list(i.shape) for i in inputs]}")
        self._picture = pictures[0].name
        self._size = next((i.name for i in inputs if i.name != self._picture), None)
        rows, columns = pictures[0].shape[2:]
        self._rows = rows if isinstance(rows, int) and rows > 0 else _DEFAULT_SIDE
        self._columns = columns if isinstance(columns, int) and columns > 0 else _DEFAULT_SIDE
        self._names = names or _names_inside(self._session.metadata)

    def find(self, picture: NDArray[np.uint8], floor: float) -> list[FoundObject]:
        """Objects in a BGR picture with at least the score `floor`, the surest first."""
        outputs = [o.name for o in self._session.outputs]
        stretched = self._size is not None or len(outputs) > 1 or self._looks_like_detr()
        tensor, scale, shift = self._prepared(picture, stretched)
        feeds: dict[str, NDArray[np.generic]] = {self._picture: tensor}
        height, width = picture.shape[:2]
        if self._size is not None:
            feeds[self._size] = np.array([[width, height]], np.int64)
        found = self._session.run(feeds)
        if self._size is not None and len(found) == 3:
            labels, boxes, scores = _triple(found)
        else:
            labels, boxes, scores = self._single(found, outputs)
            boxes = ((boxes - np.tile(shift, 2)) / np.tile(scale, 2)).astype(np.float32)
        keep = scores >= floor
        return self._without_doubles(labels[keep], boxes[keep], scores[keep], width, height)

    def _looks_like_detr(self) -> bool:
        """A single output (1, N, 4 + classes) with far more rows than columns, but not boxes after NMS."""
        shape = self._session.outputs[0].shape
        sizes = [s for s in shape[1:] if isinstance(s, int)]
        return len(sizes) == 2 and sizes[0] > sizes[1] and sizes[1] != 6

    def _prepared(self, picture: NDArray[np.uint8], stretched: bool) -> tuple[Floats, Floats, Floats]:
        """The input tensor, and scale and shift (x, y) from picture to input pixels."""
        height, width = picture.shape[:2]
        if stretched:
            resized = cv2.resize(picture, (self._columns, self._rows), interpolation=cv2.INTER_LINEAR)
            scale = np.array([self._columns / width, self._rows / height], np.float32)
            shift = np.zeros(2, np.float32)
        else:
            ratio = min(self._columns / width, self._rows / height)
            size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
            left, top = (self._columns - size[0]) // 2, (self._rows - size[1]) // 2
            resized = np.full((self._rows, self._columns, 3), _GREY, np.uint8)
            scaled = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
            resized[top : top + size[1], left : left + size[0]] = scaled
            scale = np.array([size[0] / width, size[1] / height], np.float32)
            shift = np.array([left, top], np.float32)
        tensor = resized[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255.0
        return np.ascontiguousarray(tensor), scale, shift

    def _single(self, found: list[Floats], outputs: list[str]) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Labels, boxes (corners, in input pixels) and scores of the layouts with one or two outputs."""
        if len(found) == 2:
            by_width = sorted(found, key=lambda a: a.shape[-1] != 4)
            rows = np.concatenate([by_width[0][0], by_width[1][0]], axis=1)
            return self._detr_rows(rows)
        table = found[0]
        if table.ndim != 3 or table.shape[0] != 1 or min(table.shape[1:]) < 5:
            raise _unknown(self._file, f"its outputs are {outputs} of shape {list(table.shape)}")
        rows = table[0]
        if rows.shape[1] == 6 and rows.shape[0] != 6 and not self._named(2):
            return rows[:, 5].astype(np.int64), rows[:, :4], rows[:, 4]
        if self._looks_like_detr() or (
            rows.shape[1] < rows.shape[0] == table.shape[1] and self._normalised(rows)
        ):
            return self._detr_rows(rows)
        columns = rows.T if rows.shape[0] < rows.shape[1] else rows
        classes = columns[:, 4:]
        return classes.argmax(axis=1), _corners(columns[:, :4]), classes.max(axis=1)

    def _named(self, count: int) -> bool:
        return len(self._names) == count

    @staticmethod
    def _normalised(rows: Floats) -> bool:
        return rows.shape[0] > 0 and float(rows[:, :4].max()) <= 1.5

    def _detr_rows(self, rows: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
        classes = rows[:, 4:]
        if classes.size and (classes.min() < 0 or classes.max() > 1):
            classes = (1.0 / (1.0 + np.exp(-classes))).astype(np.float32)
        boxes = _corners(rows[:, :4])
        if self._normalised(rows):
            boxes = (boxes * np.array([self._columns, self._rows] * 2)).astype(np.float32)
        return classes.argmax(axis=1), boxes, classes.max(axis=1)

    def _without_doubles(
        self, labels: NDArray[np.int64], boxes: Floats, scores: Floats, width: int, height: int
    ) -> list[FoundObject]:
        """The surest of overlapping boxes of one class, clipped to the picture."""
        found: list[FoundObject] = []
        kept: list[int] = []
        for i in np.lexsort((np.arange(len(scores)), -scores)):
            if any(labels[i] == labels[k] and _overlap(boxes[i], boxes[k]) > _NMS for k in kept):
                continue
            x0, x1 = (float(min(max(0.0, v), width)) for v in boxes[i][[0, 2]])
            y0, y1 = (float(min(max(0.0, v), height)) for v in boxes[i][[1, 3]])
            if x1 - x0 < 1 or y1 - y0 < 1:
                continue
            kept.append(int(i))
            number = int(labels[i])
            name = self._names[number] if 0 <= number < len(self._names) else f"class {number}"
            found.append(FoundObject((x0, y0, x1, y1), round(float(scores[i]), 4), name))
        return found


def _triple(found: list[Floats]) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Labels, boxes in picture pixels and scores, whatever order the export has them in."""
    boxes = next(a for a in found if a.shape[-1] == 4 and a.ndim >= 2)
    rest = [a for a in found if a is not boxes]
    labels = next((a for a in rest if np.issubdtype(a.dtype, np.integer)), rest[0])
    scores = next(a for a in rest if a is not labels)
    flat = boxes.reshape(-1, 4).astype(np.float32)
    return labels.reshape(-1).astype(np.int64), flat, scores.reshape(-1).astype(np.float32)


def _corners(boxes: Floats) -> Floats:
    """Centre, width and height to corners."""
    half = boxes[:, 2:4] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1).astype(np.float32)


def _overlap(a: Floats, b: Floats) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(wide * high / (both - wide * high))


def _names_inside(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Class names from the metadata that exports write ({0: 'name', …} or a list); () where there are none."""
    try:
        names = ast.literal_eval(metadata.get("names", ""))
    except (ValueError, SyntaxError):
        return ()
    if isinstance(names, dict) and all(isinstance(k, int) for k in names):
        return tuple(str(names.get(i, f"class {i}")) for i in range(max(names, default=-1) + 1))
    return tuple(str(n) for n in names) if isinstance(names, list | tuple) else ()


def _unknown(file: str, why: str) -> UserFixable:
    return UserFixable(
        f"{file} is no object detector of a known layout: {why}.",
        still_works="Text is found and read without it.",
        to_do="Export the model as ONNX in YOLOv8/11 or RT-DETR style, or clear the setting.",
    )
