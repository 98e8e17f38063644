"""Text detection with PP-OCR style ONNX models: pixels in, tilted rectangles out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.adapters.detector_graph import BORDERED, PixelsIn
from engine.adapters.inference import CPU, OPENVINO, Session, open_session
from engine.adapters.model_sets import DetectorModel

Quad = NDArray[np.float32]
"""Four corners (4, 2), clockwise from the text's top left, in pixels of the picture that was searched."""

_STRIDE = 32
_LEAST_SIDE = 3.0
HALF = 2
"""Every second row and column of a map are looked at, the first left out. A detector knows no more than that: it
decides at a quarter of the picture's size, and its last layers only draw that larger."""


@dataclass(frozen=True, slots=True)
class Found:
    """A region of text: its corners and the detector's mean probability over it (0..1)."""

    quad: Quad
    score: float


class TextDetector:
    """Finds lines of text. Not for use by two threads at once."""

    def __init__(self, model: DetectorModel, provider: str = CPU) -> None:
        self._model, self._provider = model, provider
        self._session = _opened(model, provider)
        self._whole: NDArray[Any] = np.zeros(0, np.uint8)
        self._whole_size = (0, 0)
        values = np.arange(256, dtype=np.float32) / 255.0
        self._tables = [
            ((values - mean) / std).astype(np.float32)
            for mean, std in zip(model.mean, model.std, strict=True)
        ]

    @cached_property
    def _pieces(self) -> Session:
        """Pieces come in many sizes, for each of which OpenVINO takes longer to get ready than to look."""
        return open_session(self._model.path, CPU) if self._provider == OPENVINO else self._session

    def probabilities(self, picture: NDArray[np.uint8], piece: bool = False) -> NDArray[np.float32]:
        """Probability of text at every second pixel of a BGR picture or of a piece of one, beginning with the second of
        the second row: (height / 2, width / 2), rounded down. The next call may write to it."""
        height, width = picture.shape[:2]
        session = self._pieces if piece else self._session
        pixels = _takes_pixels(session)
        given = self._input(picture, session, reuse=not piece)
        found = session.run({session.inputs[0].name: given})[0][0, 0]
        if pixels:
            return np.ascontiguousarray(found[: height // HALF, : width // HALF])
        return np.ascontiguousarray(found[1:height:HALF, 1:width:HALF])

    def _input(self, picture: NDArray[np.uint8], session: Session, reuse: bool) -> NDArray[Any]:
        """The picture as the model takes it, filled up to whole strides: as pixels, below and right of a border where
        it wants one, or as planes of numbers."""
        height, width = picture.shape[:2]
        pixels, border, shape = _takes_pixels(session), _border(session), _shape(session, height, width)
        made = self._whole
        if not reuse or self._whole_size != (height, width):
            if pixels:
                grey = np.round(255 * np.array(self._model.mean)).astype(np.uint8)
                made = np.broadcast_to(grey, shape).copy()
            else:
                made = np.zeros(shape, np.float32)
        if reuse:
            self._whole, self._whole_size = made, (height, width)
        if pixels:
            made[0, border : border + height, border : border + width] = picture
        else:
            for channel, table in enumerate(self._tables):
                cv2.LUT(cv2.extractChannel(picture, channel), table, dst=made[0, channel, :height, :width])
        return made

    def find(self, picture: NDArray[np.uint8], min_score: float = 0.0, *, piece: bool = False) -> list[Found]:
        """Regions of text in a BGR picture, or in a piece of one, in the order in which they stand from the bottom
        up. Whole pictures are expected to be of one size, pieces of any."""
        model = self._model
        floor = max(min_score, model.box_score)
        return regions_of(self.probabilities(picture, piece), model.threshold, floor, model.unclip)


def ready_for(model: DetectorModel, provider: str, height: int, width: int) -> Session:
    """A session that is ready for whole pictures of this size. As long as it is kept, detectors of the same model share
    what took time. Raises as making a TextDetector and letting it search do."""
    session = _opened(model, provider)
    session.expect(_shape(session, height, width))
    return session


def _opened(model: DetectorModel, provider: str) -> Session:
    return open_session(
        model.path, provider, few_sizes=True, rewrite=PixelsIn(model.mean, model.std, model.digest)
    )


def _takes_pixels(session: Session) -> bool:
    return session.inputs[0].shape[-1] == 3


def _border(session: Session) -> int:
    return int(session.inputs[0].name == BORDERED)


def _shape(session: Session, height: int, width: int) -> tuple[int, ...]:
    """The shape in which a picture of this size goes in, filled up to whole strides."""
    high, wide = (max(_STRIDE, -(-n // _STRIDE) * _STRIDE) for n in (height, width))
    border = _border(session)
    return (1, border + high, border + wide, 3) if _takes_pixels(session) else (1, 3, high, wide)


def regions_of(
    probability: NDArray[np.float32], threshold: float, min_score: float, unclip: float
) -> list[Found]:
    """Rotated rectangles of the connected regions above `threshold` in a map of every second pixel, grown back by
    area * unclip / perimeter (Liao et al., Real-time Scene Text Detection with Differentiable Binarization, AAAI
    2020); in pixels of the picture.

    A contour runs through the middles of the outermost values. In a map of all pixels, for which the models' own
    figures were chosen, it makes a region one pixel too short and too low; here it is two, so one is given back."""
    mask = (probability > threshold).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    short = (HALF - 1) / HALF
    found: list[Found] = []
    for contour in contours:
        if len(contour) < 3:
            continue
        centre, inner, angle = cv2.minAreaRect(contour)
        size = inner[0] + short, inner[1] + short
        if min(inner) * HALF < _LEAST_SIDE:
            continue
        score = _mean_inside(probability, cv2.boxPoints((centre, inner, angle)))
        if score < min_score:
            continue
        grow = size[0] * size[1] * unclip / (size[0] + size[1])
        grown = cv2.boxPoints((centre, (size[0] + grow, size[1] + grow), angle))
        corners = in_reading_order(grown * np.float32(HALF) + np.float32(1.0))
        found.append(Found(corners, round(float(score), 4)))
    return found


def _mean_inside(probability: NDArray[np.float32], corners: NDArray[np.float32]) -> float:
    high, wide = probability.shape
    x0, y0 = (max(0, int(v)) for v in np.floor(corners.min(axis=0)))
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int)
    x1, y1 = min(int(x1), wide - 1), min(int(y1), high - 1)
    if x1 < x0 or y1 < y0:
        return 0.0
    mask = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - (x0, y0)).astype(np.int32)], 1)
    return float(cv2.mean(probability[y0 : y1 + 1, x0 : x1 + 1], mask)[0])


def in_reading_order(corners: NDArray[np.float32]) -> Quad:
    """Corners clockwise from the top left: the two left ones from the left edge, the two right ones after."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)
