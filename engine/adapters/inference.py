"""Inference: where models run on this machine, and sessions that look alike wherever that is.

CUDA where there is a GPU (`engine.adapters.onnx`), else OpenVINO, which uses what a processor offers (16-bit
arithmetic, fused layers), else onnxruntime on the CPU, which runs every model.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from engine.domain.errors import EnvironmentProblem, UserFixable

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
OPENVINO = "OpenVINO"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a model: its name, and its shape with None where a size is open."""

    name: str
    shape: tuple[int | None, ...]


class Session(Protocol):
    """A loaded model. Not for use by two threads at once."""

    @property
    def inputs(self) -> tuple[Port, ...]: ...

    @property
    def outputs(self) -> tuple[Port, ...]: ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the model's file tells about itself, such as the characters of a reader."""
        ...

    def expect(self, *shapes: tuple[int, ...]) -> None:
        """Get ready for inputs of these shapes, where it takes time that others can be spared: a hint that changes no
        answer. Raises what `run` would raise for them."""
        ...

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs for these inputs, in order. The next call may write to them."""
        ...


def choose_provider() -> str:
    """Where text models run on this machine: CUDA, OPENVINO or CPU. Each is tried with a real model."""
    from engine.adapters import onnx
    from engine.adapters.model_sets import model_set

    try:
        probe = model_set("ppocr-v6-tiny").reader.path
    except EnvironmentProblem:
        return CPU
    if onnx.cuda_works(probe):
        return CUDA
    from engine.adapters import openvino

    return OPENVINO if openvino.works(probe) else CPU


class Rewrite(Protocol):
    """Another form of an OpenVINO graph for a purpose of the caller's. Equal ones make equal graphs."""

    def __call__(self, graph: Any) -> Any | None:
        """The other form, or None where the graph has none; it then is as it was."""
        ...

    def __hash__(self) -> int: ...


def open_session(
    path: Path, provider: str = CPU, *, few_sizes: bool = False, rewrite: Rewrite | None = None
) -> Session:
    """A session for the model at `path` on `provider`; onnxruntime on the CPU takes over what that can't run.
    `few_sizes` says that its inputs will be of one or two sizes only, so that it pays to prepare for each. OpenVINO
    uses the form that `rewrite` gives the graph, if it can; the session's ports tell.

    Raises UserFixable where the file is missing or no model that can be loaded."""
    from engine.adapters import onnx

    if not path.is_file():
        raise UserFixable(
            f"There is no model file {path}.",
            still_works="Nothing was changed; other model sets are not affected.",
            to_do="Choose an existing ONNX file in the settings.",
        )
    if provider == OPENVINO:
        from engine.adapters import openvino

        try:
            return openvino.OpenVinoSession(path, few_sizes, rewrite)
        except openvino.CannotRun as error:
            log.warning("onnxruntime runs %s, because OpenVINO can't: %s", path.name, error)
            provider = CPU
    return onnx.OnnxSession(path, provider)


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes in hex, remembered while its size and time stay the same. UserFixable where
    it is missing."""
    try:
        facts = path.stat()
    except OSError as error:
        raise UserFixable(
            f"There is no model file {path}.",
            still_works="Nothing was changed; other model sets are not affected.",
            to_do="Choose an existing file in the settings.",
        ) from error
    return _digest(str(path), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=64)
def _digest(path: str, size: int, changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
