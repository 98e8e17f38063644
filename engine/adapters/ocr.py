"""Text recognition with PP-OCR style ONNX models: crops in, texts out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.adapters.cv import cv2
from engine.adapters.eight_bits import EightBits
from engine.adapters.inference import CPU, CUDA, Session, file_digest, open_session
from engine.adapters.model_sets import ReaderModel
from engine.adapters.openvino import OpenVinoSession
from engine.alternatives import BLANK, LEAST, Steps, packed
from engine.domain.errors import UserFixable
from engine.textfold import fold_compact

_READ_HEIGHT = 48
_WIDTH_STEP = 80
_WIDEST = 1600
_STEP = 8
"""Pixels of width, at 48 px height, for which a reader answers once."""
_FLAT_BATCH = 8
_CERTAIN = 0.985
_MOST_ANSWERED = 1_000_000
"""Probabilities (crops x steps x characters) that OpenVINO computes at once: more take much memory and no less time."""


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

    Each crop is padded to a width of its own (the next multiple of 80 px at 48 px height), and only crops of one width
    are read together, so a text never depends on what else is read with it."""

    def __init__(self, model: ReaderModel, provider: str = CPU) -> None:
        self._session = opened(model, provider)
        self._input = self._session.inputs[0].name
        self._characters = _characters(model, self._session)
        self._folded = [_one_letter(letter) for letter in self._characters]
        plain = np.array([not any(is_ideograph(c) for c in letter) for letter in self._characters])
        self._plain_classes = plain if not plain.all() and plain.sum() > 30 else None
        self._provider = provider

    def read(self, crops: list[NDArray[np.uint8]]) -> list[ReadText]:
        """The texts of upright BGR crops, in order."""
        tensors = [as_input(crop) for crop in crops]
        results: list[ReadText] = [ReadText("", ())] * len(crops)
        groups: dict[int, list[int]] = {}
        for index, tensor in enumerate(tensors):
            groups.setdefault(tensor.shape[2], []).append(index)
        for width, members in groups.items():
            together = self._together(width)
            for start in range(0, len(members), together):
                some = members[start : start + together]
                batch = np.stack([tensors[i] for i in some])
                if self._provider == CUDA and len(some) < together:
                    blank = np.zeros((together - len(some), *batch.shape[1:]), np.float32)
                    batch = np.concatenate([batch, blank])
                found = self._session.run({self._input: batch})[0]
                for place, index in enumerate(some):
                    results[index] = self._decode(found[place])
        return results

    def _together(self, width: int) -> int:
        """How many crops of a width are read in one call, if the model takes more than one. A GPU wants batches of one
        size; OpenVINO gets ready for each new shape, and answers the same for a crop in a batch; onnxruntime on the CPU
        gains nothing."""
        if self._session.inputs[0].shape[0] is not None:
            return 1
        if self._provider == CUDA:
            return _FLAT_BATCH
        if isinstance(self._session, OpenVinoSession):
            return max(1, min(_FLAT_BATCH, _MOST_ANSWERED // (width // _STEP * len(self._characters))))
        return 1

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


def opened(model: ReaderModel, provider: str) -> Session:
    """The reader's session. As long as it is kept, readers of the same model share what took time where OpenVINO runs
    it. Raises UserFixable where the file is no model."""
    return open_session(model.path, provider, rewrite=EightBits(file_digest(model.path)))


def _one_letter(character: str) -> str:
    """The first folded letter of a character; BLANK for the blank, gaps and signs."""
    return fold_compact(character)[:1] or BLANK


def is_ideograph(character: str) -> bool:
    """Chinese and Japanese signs, full-width forms and pictographs."""
    return "\u2e80" <= character <= "\u9fff" or character >= "\uf900"


def as_input(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """An upright BGR crop as readers take it: planes (3, 48, width) from -1 to 1, right of the crop zeros up to the
    next multiple of 80 px, 160 at least."""
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
