"""OpenVINO sessions: one compiled model for all workers, each on a stream of its own.

A model is compiled with the arithmetic that OpenVINO finds best for the processor (bfloat16 where it has that).
Compiled for one input size it runs a quarter faster than for any size, and takes memory of its own.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from engine.adapters.inference import Port, Rewrite
from engine.domain.errors import EnvironmentProblem

_MOST_SIZES = 2
Sizes = tuple[tuple[int, ...], ...]


class CannotRun(Exception):
    """OpenVINO can't load or compile a model; onnxruntime may. Never leaves the adapters."""


class _Model:
    """A model that the sessions of all threads share: compiled for any size, or for each of a few sizes."""

    def __init__(self, path: Path, rewrite: Rewrite | None = None) -> None:
        self._name = path.name
        try:
            self._graph = _core().read_model(str(path))
            about = self._graph.rt_info["framework"] if self._graph.has_rt_info("framework") else {}
            if rewrite is not None:
                self._graph = rewrite(self._graph) or self._graph
        except RuntimeError as error:
            raise CannotRun(_first_line(error)) from error
        self._lock = Lock()
        self._any_size: Any = None
        self._sized: OrderedDict[Sizes, Any] = OrderedDict()
        self.inputs = tuple(_port(i) for i in self._graph.inputs)
        self.outputs = tuple(_port(o) for o in self._graph.outputs)
        self.metadata = {str(k): str(v.value) for k, v in about.items()}

    def for_any_size(self) -> Any:
        """The compiled model that takes inputs of any shape."""
        with self._lock:
            if self._any_size is None:
                self._any_size = _compiled(self._graph)
            return self._any_size

    def for_sizes(self, sizes: Sizes) -> Any:
        """The model compiled for inputs of just these shapes; the two used last are kept. EnvironmentProblem where the
        model takes other sizes only."""
        with self._lock:
            if sizes not in self._sized:
                graph = self._graph.clone()
                try:
                    graph.reshape({port.name: list(s) for port, s in zip(self.inputs, sizes, strict=True)})
                    self._sized[sizes] = _compiled(graph)
                except (RuntimeError, CannotRun) as error:
                    wanted = ", ".join("×".join(map(str, s)) for s in sizes)
                    raise EnvironmentProblem(
                        f"{self._name} can't be run on inputs of {wanted}.",
                        still_works="What was finished before is kept.",
                        to_do="Choose another text detector in the settings, or another search size.",
                    ) from error
            self._sized.move_to_end(sizes)
            while len(self._sized) > _MOST_SIZES:
                self._sized.popitem(last=False)
            return self._sized[sizes]


_loading = Lock()
_loaded: WeakValueDictionary[tuple[str, int, int, Rewrite | None], _Model] = WeakValueDictionary()
_cores: list[Any] = []


def works(probe: Path) -> bool:
    """True where OpenVINO is installed, runs, and loads the model `probe`."""
    try:
        with _loading:
            _Model(probe)
    except (CannotRun, ImportError):
        return False
    return True


class OpenVinoSession:
    """Implements inference.Session on the CPU; with `few_sizes` each input size gets a compiled model of its own,
    with `rewrite` the graph another form. Raises CannotRun where OpenVINO can't take the model."""

    def __init__(self, path: Path, few_sizes: bool = False, rewrite: Rewrite | None = None) -> None:
        facts = path.stat()
        key = (str(path), facts.st_size, facts.st_mtime_ns, rewrite)
        with _loading:
            model = _loaded.get(key)
            if model is None:
                model = _loaded[key] = _Model(path, rewrite)
        self._model = model
        self._few_sizes = few_sizes
        self._sizes: Sizes = ()
        self._request: Any = None if few_sizes else model.for_any_size().create_infer_request()
        self.inputs, self.outputs = model.inputs, model.outputs
        self.metadata: Mapping[str, str] = model.metadata

    def expect(self, *shapes: tuple[int, ...]) -> None:
        """Compile the model for inputs of these shapes, if each size gets one of its own; every session of the model
        then finds it. EnvironmentProblem where the model takes other sizes only."""
        if self._few_sizes:
            self._model.for_sizes(shapes)

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs for these inputs, in order. They lie in memory that the next call writes to."""
        sizes = tuple(feeds[port.name].shape for port in self.inputs) if self._few_sizes else ()
        if sizes != self._sizes:
            self._request, self._sizes = self._model.for_sizes(sizes).create_infer_request(), sizes
        found = self._request.infer(dict(feeds), share_inputs=True, share_outputs=True)
        return [found[i] for i in range(len(self.outputs))]


def _core() -> Any:
    """The runtime, made by one thread and used once before any other may: two threads that pass their first arrays
    at once wait for each other for ever in the bindings (a static is initialised there without the interpreter's
    lock)."""
    import openvino as ov
    from openvino import opset13 as ops

    if not _cores:
        core = ov.Core()
        given = ops.parameter([1], np.float32)
        core.compile_model(ov.Model([given], [given]), "CPU")([np.zeros(1, np.float32)])
        _cores.append(core)
    return _cores[0]


def _compiled(graph: Any) -> Any:
    """One stream of one thread for each core: workers run side by side, and results don't depend on how a sum is
    split over threads. Threads aren't tied to cores, so that the window keeps its share."""
    streams = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    plan = {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": streams, "ENABLE_CPU_PINNING": False}
    try:
        return _core().compile_model(graph, "CPU", plan)
    except RuntimeError as error:
        raise CannotRun(_first_line(error)) from error


def _port(port: Any) -> Port:
    shape = port.get_partial_shape()
    return Port(port.get_any_name(), tuple(d.get_length() if d.is_static else None for d in shape))


def _first_line(error: RuntimeError) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]
