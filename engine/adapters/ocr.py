"""Text detection and recognition with PP-OCR style ONNX models: pixels in, polygons and texts out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.adapters.inference import CPU, CUDA, OPENVINO, Session, open_session
from engine.adapters.model_sets import DetectorModel, ReaderModel
from engine.alternatives import BLANK, LEAST, Steps, packed
from engine.domain.errors import UserFixable
from engine.textfold import fold_compact

Quad = NDArray[np.float32]
"""Four corners (4, 2), clockwise from the text's top left, in pixels of the picture that was searched."""

_STRIDE = 32
_READ_HEIGHT = 48
_WIDTH_STEP = 80
_WIDEST = 1600
_FLAT_BATCH = 8
_CERTAIN = 0.985
_SMALL_READER = 8_000_000
"""Bytes of a reader's file below which OpenVINO takes as long to get ready for a crop's width as it saves."""


@dataclass(frozen=True, slots=True)
class Found:
    """A region of text: its corners and the detector's mean probability over it (0..1)."""

    quad: Quad
    score: float


class TextDetector:
    """Finds lines of text. Not for use by two threads at once."""

    def __init__(self, model: DetectorModel, provider: str = CPU) -> None:
        self._model, self._provider = model, provider
        self._session = open_session(model.path, provider, few_sizes=True)
        self._input = self._session.inputs[0].name
        self._whole, self._whole_size = np.zeros((1, 3, 0, 0), np.float32), (0, 0)
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
        """Probability of text for each pixel of a BGR picture (height, width), or of a piece of one. The next call may
        write to it."""
        height, width = picture.shape[:2]
        padded = (
            max(_STRIDE, -(-height // _STRIDE) * _STRIDE),
            max(_STRIDE, -(-width // _STRIDE) * _STRIDE),
        )
        tensor = self._whole
        if piece or self._whole_size != (height, width):
            tensor = np.zeros((1, 3, *padded), np.float32)
        if not piece:
            self._whole, self._whole_size = tensor, (height, width)
        for channel, table in enumerate(self._tables):
            cv2.LUT(cv2.extractChannel(picture, channel), table, dst=tensor[0, channel, :height, :width])
        found = (self._pieces if piece else self._session).run({self._input: tensor})[0]
        return np.ascontiguousarray(found[0, 0, :height, :width])

    def find(self, picture: NDArray[np.uint8], min_score: float = 0.0, *, piece: bool = False) -> list[Found]:
        """Regions of text in a BGR picture, or in a piece of one, in the order in which they stand from the bottom
        up. Whole pictures are expected to be of one size, pieces of any."""
        model = self._model
        floor = max(min_score, model.box_score)
        return regions_of(self.probabilities(picture, piece), model.threshold, floor, model.unclip)


def regions_of(
    probability: NDArray[np.float32], threshold: float, min_score: float, unclip: float, smallest: float = 3.0
) -> list[Found]:
    """Rotated rectangles of the connected regions above `threshold`, grown back by area * unclip / perimeter
    (Liao et al., Real-time Scene Text Detection with Differentiable Binarization, AAAI 2020)."""
    mask = (probability > threshold).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Found] = []
    for contour in contours:
        if len(contour) < 3:
            continue
        centre, size, angle = cv2.minAreaRect(contour)
        if min(size) < smallest:
            continue
        score = _mean_inside(probability, cv2.boxPoints((centre, size, angle)))
        if score < min_score:
            continue
        grow = 2.0 * size[0] * size[1] * unclip / (2.0 * (size[0] + size[1]))
        grown = cv2.boxPoints((centre, (size[0] + grow, size[1] + grow), angle))
        found.append(Found(in_reading_order(grown), round(float(score), 4)))
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


@dataclass(frozen=True, slots=True)
class ReadText:
    """One recognised line: its text, the probability of each character, and their mean (0 where empty);
    `steps` are the letters that were possible as well, where the text is unsure."""

    text: str
    scores: tuple[float, ...]
    steps: Steps = ()

    @property
    def score(self) -> float:
        return sum(self.scores) / len(self.scores) if self.scores else 0.0


class TextReader:
    """Reads single lines of text. Not for use by two threads at once.

    Each crop is padded to a width of its own (the next multiple of 80 px at 48 px height), so its text never
    depends on what else is read with it; on the CPU one crop a call is no slower than a batch."""

    def __init__(self, model: ReaderModel, provider: str = CPU) -> None:
        if provider == OPENVINO and model.path.is_file() and model.path.stat().st_size < _SMALL_READER:
            provider = CPU
        self._session = open_session(model.path, provider)
        self._input = self._session.inputs[0].name
        self._characters = _characters(model, self._session)
        self._folded = [_one_letter(letter) for letter in self._characters]
        plain = np.array([not any(is_ideograph(c) for c in letter) for letter in self._characters])
        self._plain_classes = plain if not plain.all() and plain.sum() > 30 else None
        self._batched = provider == CUDA

    def read(self, crops: list[NDArray[np.uint8]]) -> list[ReadText]:
        """The texts of upright BGR crops, in order. On a GPU equal widths go in batches padded to one size."""
        tensors = [_tensor(crop) for crop in crops]
        results: list[ReadText] = [ReadText("", ())] * len(crops)
        groups: dict[int, list[int]] = {}
        for index, tensor in enumerate(tensors):
            groups.setdefault(tensor.shape[2] if self._batched else -index - 1, []).append(index)
        for members in groups.values():
            for start in range(0, len(members), _FLAT_BATCH):
                some = members[start : start + _FLAT_BATCH]
                batch = np.stack([tensors[i] for i in some])
                if self._batched and len(some) < _FLAT_BATCH:
                    blank = np.zeros((_FLAT_BATCH - len(some), *batch.shape[1:]), np.float32)
                    batch = np.concatenate([batch, blank])
                found = self._session.run({self._input: batch})[0]
                for place, index in enumerate(some):
                    results[index] = self._decode(found[place])
        return results

    def _decode(self, frames: NDArray[np.float32]) -> ReadText:
        """Greedy CTC. Where a reading mixes a few ideographs into a line of other letters it is decoded again
        without ideographs: readers trained on Chinese see them in logos and in letters that touch."""
        first = self._greedy(frames, frames.argmax(axis=1))
        if first.text and first.score < _CERTAIN:
            first = replace(first, steps=self._steps(frames))
        wide = sum(is_ideograph(c) for c in first.text)
        if wide and self._plain_classes is not None and sum(c.isalnum() for c in first.text) >= 2 * wide + 1:
            masked = np.where(self._plain_classes, frames, np.float32(-1.0))
            return replace(self._greedy(frames, masked.argmax(axis=1)), steps=first.steps)
        return first

    def _steps(self, frames: NDArray[np.float32]) -> Steps:
        """The possible letters of each step, upper and lower case and accents taken together."""
        found: list[dict[str, float]] = [{} for _ in range(len(frames))]
        at, classes = np.divmod(np.flatnonzero(frames.ravel() >= LEAST), frames.shape[1])
        for step, number, p in zip(at.tolist(), classes.tolist(), frames[at, classes].tolist(), strict=True):
            letter = self._folded[number]
            found[step][letter] = found[step].get(letter, 0.0) + p
        return packed(found)

    def _greedy(self, frames: NDArray[np.float32], best: NDArray[np.int64]) -> ReadText:
        """Repeats collapsed, blanks (class 0) dropped."""
        keep = best != 0
        keep[1:] &= best[1:] != best[:-1]
        places = np.flatnonzero(keep)
        text = "".join(self._characters[best[p]] for p in places)
        return ReadText(text, tuple(round(float(frames[p, best[p]]), 4) for p in places))


def _one_letter(character: str) -> str:
    """The first folded letter of a character; BLANK for the blank, gaps and signs."""
    return fold_compact(character)[:1] or BLANK


def is_ideograph(character: str) -> bool:
    """Chinese and Japanese signs, full-width forms and pictographs."""
    return "\u2e80" <= character <= "\u9fff" or character >= "\uf900"


def _tensor(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = crop.shape[:2]
    scaled = min(max(16, math.ceil(_READ_HEIGHT * width / height)), _WIDEST)
    padded = max(2 * _WIDTH_STEP, -(-scaled // _WIDTH_STEP) * _WIDTH_STEP)
    tensor = np.zeros((3, _READ_HEIGHT, padded), np.float32)
    resized = cv2.resize(crop, (scaled, _READ_HEIGHT), interpolation=cv2.INTER_LINEAR)
    tensor[:, :, :scaled] = resized.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
    return tensor


def _characters(model: ReaderModel, session: Session) -> list[str]:
    """Class number to character: the blank, the dictionary, and a space where the model has a class for it."""
    meta = session.metadata
    classes = session.outputs[0].shape[-1]
    if model.dictionary is not None:
        try:
            text = model.dictionary.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserFixable(
                f"The dictionary {model.dictionary.name} can't be read: {error}.",
                still_works="Nothing was changed; other model sets are not affected.",
                to_do="Save it as UTF-8 text with one character a line.",
            ) from error
        letters = text.removesuffix("\n").split("\n")
    elif "character" in meta:
        letters = meta["character"].split("\n")
    else:
        raise UserFixable(
            f"{model.path.name} brings no dictionary.",
            still_works="Nothing was changed; other model sets are not affected.",
            to_do="Give the dictionary that it was trained with (one character a line).",
        )
    table = ["", *(letter.removesuffix("\r") for letter in letters), " "]
    if isinstance(classes, int) and not len(table) - 1 <= classes <= len(table):
        if len(table) > classes and all(letter in ("", " ") for letter in table[classes:]):
            return table[:classes]
        raise UserFixable(
            f"The dictionary has {len(letters)} characters, but {model.path.name} tells {classes} classes apart.",
            still_works="Nothing was changed; other model sets are not affected.",
            to_do="Give the dictionary that belongs to this model.",
        )
    return table[:classes] if isinstance(classes, int) else table
