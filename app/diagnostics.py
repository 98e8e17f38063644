"""What this machine has: libraries, models, execution provider, places, and how much room is left."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from pathlib import Path

import msgspec

PACKAGES = (
    "PySide6-Essentials",
    "opencv-python",
    "av",
    "rapidocr-onnxruntime",
    "SQLAlchemy",
    "rapidfuzz",
    "qasync",
    "keyring",
)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `optional` ones may be missing."""

    what: str
    ok: bool
    detail: str
    optional: bool = False


def examine(library: Path | None = None) -> list[Finding]:
    """Look at everything a run needs. Loads the engine; never raises."""
    found = [
        Finding("Python", sys.version_info >= (3, 11), platform.python_version()),
        Finding("System", True, f"{platform.system()} {platform.release()}, {os.cpu_count()} cores"),
    ]
    for name in PACKAGES:
        try:
            found.append(Finding(name, True, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            found.append(Finding(name, False, "not installed: run ./dev setup"))
    found.append(_runtime())
    found.append(_openvino())
    found.append(_provider())
    found.append(_models())
    found.append(_room(library))
    return found


def _runtime() -> Finding:
    for name in ("onnxruntime-gpu", "onnxruntime"):
        try:
            return Finding("ONNX Runtime", True, f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return Finding("ONNX Runtime", False, "not installed: run ./dev setup")


def _openvino() -> Finding:
    try:
        return Finding("OpenVINO", True, importlib.metadata.version("openvino"))
    except importlib.metadata.PackageNotFoundError:
        detail = "not here; ONNX Runtime runs the models, more slowly"
        return Finding("OpenVINO", False, detail, optional=True)


def _provider() -> Finding:
    try:
        from engine.adapters.inference import choose_provider

        name = choose_provider()
    except Exception as error:
        return Finding("Execution provider", False, f"{error}")
    return Finding("Execution provider", True, name)


def _models() -> Finding:
    try:
        from engine.adapters.model_sets import available_sets

        sets = available_sets()
    except Exception as error:
        return Finding("Text models", False, f"{error}")
    return Finding("Text models", bool(sets), ", ".join(sets) or "none found: run ./dev setup")


def _room(library: Path | None) -> Finding:
    from storage.library import default_folder

    folder = library or default_folder()
    place = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding("Library", False, f"{folder}: {error.strerror}")
    writable = os.access(place, os.W_OK)
    detail = f"{folder}, {free / 1e9:.1f} GB free" + ("" if writable else ", can't be written to")
    return Finding("Library", writable and free > 1e9, detail)
