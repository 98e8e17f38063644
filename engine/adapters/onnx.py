"""onnxruntime sessions: whether CUDA really works on this machine, one-thread options, one arena for all."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray

from engine.adapters.inference import CPU, CUDA, Port
from engine.domain.errors import UserFixable

_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}


def cuda_works(probe: Path) -> bool:
    """True where the wheel, the driver and a live session of the model `probe` all agree. Lists of providers prove
    nothing: the GPU wheel names CUDA on machines without one."""
    if CUDA not in ort.get_available_providers() or not _driver_answers():
        return False
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    try:
        session = ort.InferenceSession(str(probe), _options(), providers=[CUDA, CPU])
    except RuntimeError:
        return False
    return str(session.get_providers()[0]) == CUDA


def _driver_answers() -> bool:
    name = _DRIVERS.get(sys.platform)
    if name is None:
        return False
    try:
        return int(ctypes.CDLL(name).cuInit(0)) == 0
    except (OSError, AttributeError):
        return False


_sharing = Lock()
_shared = False


def _share_memory() -> None:
    """One arena for all sessions of the process. An arena keeps what the largest picture needed; with one for each
    session, every detector and reader of every worker would keep its own, though a worker runs one at a time."""
    global _shared
    with _sharing:
        if not _shared:
            place = ort.OrtMemoryInfo(
                "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
            )
            ort.create_and_register_allocator(place, ort.OrtArenaCfg(0, -1, -1, -1))
            _shared = True


def _options() -> ort.SessionOptions:
    """One thread that sleeps while it waits: workers run side by side, and results don't depend on how a
    sum is split over threads. Memory patterns are kept for each input size and never given back: without them a
    detector that sees many sizes takes 190 MB less and no more time."""
    _share_memory()
    options = ort.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.enable_mem_pattern = False
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


class OnnxSession:
    """Implements inference.Session with onnxruntime on `provider` (the CPU takes over what it can't run).

    Raises UserFixable where the file is no model that onnxruntime can load."""

    def __init__(self, path: Path, provider: str = CPU) -> None:
        providers = [CPU] if provider == CPU else [provider, CPU]
        try:
            self._session = ort.InferenceSession(str(path), _options(), providers=providers)
        except Exception as error:  # onnxruntime raises its own classes, which share no public base
            raise UserFixable(
                f"{path.name} can't be loaded as an ONNX model: {str(error).splitlines()[0][:200]}",
                still_works="Nothing was changed; other model sets are not affected.",
                to_do="Choose another file, or export the model again for a current opset.",
            ) from error
        self.inputs = tuple(_port(i) for i in self._session.get_inputs())
        self.outputs = tuple(_port(o) for o in self._session.get_outputs())
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map

    def expect(self, *shapes: tuple[int, ...]) -> None:
        """Nothing: onnxruntime takes inputs of any shape as they come."""

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs for these inputs, in order."""
        found: list[NDArray[Any]] = self._session.run(None, dict(feeds))
        return found


def _port(port: Any) -> Port:
    return Port(str(port.name), tuple(s if isinstance(s, int) and s > 0 else None for s in port.shape))
