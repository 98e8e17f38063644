"""onnxruntime sessions: which provider this machine really has, one-thread options, model digests."""

from __future__ import annotations

import ctypes
import hashlib
import sys
from functools import lru_cache
from pathlib import Path
from threading import Lock

import onnxruntime as ort

from engine.domain.errors import EnvironmentProblem, UserFixable

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}


def choose_provider() -> str:
    """CUDA where the wheel, the driver and a live session all agree, else the CPU. Lists of providers prove
    nothing: the GPU wheel names CUDA on machines without one."""
    if CUDA not in ort.get_available_providers() or not _driver_answers():
        return CPU
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    from engine.adapters.model_sets import model_set

    try:
        probe = ort.InferenceSession(
            str(model_set("ppocr-v6-tiny").detector.path), _options(), providers=[CUDA, CPU]
        )
    except (EnvironmentProblem, RuntimeError):
        return CPU
    return str(probe.get_providers()[0])


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


def open_session(path: Path, provider: str = CPU) -> ort.InferenceSession:
    """A session for the model at `path` on `provider` (CPU takes over what it can't run).

    Raises UserFixable where the file is missing or no model that onnxruntime can load."""
    if not path.is_file():
        raise UserFixable(
            f"There is no model file {path}.",
            still_works="Nothing was changed; other model sets are not affected.",
            to_do="Choose an existing ONNX file in the settings.",
        )
    providers = [CPU] if provider == CPU else [provider, CPU]
    try:
        return ort.InferenceSession(str(path), _options(), providers=providers)
    except Exception as error:  # onnxruntime raises its own classes, which share no public base
        raise UserFixable(
            f"{path.name} can't be loaded as an ONNX model: {str(error).splitlines()[0][:200]}",
            still_works="Nothing was changed; other model sets are not affected.",
            to_do="Choose another file, or export the model again for a current opset.",
        ) from error


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
