"""What benchmarks share: running the command, measuring its time and memory, plain OCR as the baseline."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PLAIN_FPS = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One finished command: wall seconds, processor seconds of all its threads, peak resident bytes."""

    wall: float
    cpu: float
    peak: int
    output: str


def sponsight(library: Path, *words: object) -> Measured:
    """Run the command to its end; CalledProcessError where it fails."""
    command = [sys.executable, "-m", "ui", "--library", str(library), *map(str, words)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Measured(wall, usage.ru_utime + usage.ru_stime, _peak(usage), output)


def _peak(usage: resource.struct_rusage) -> int:
    return int(usage.ru_maxrss) * (1 if sys.platform == "darwin" else 1024)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes away afterwards."""
    with TemporaryDirectory(prefix="sponsight-bench-") as folder:
        yield Path(folder)


def demo_library(folder: Path, book: Path) -> Path:
    """A new library that holds the demo's book."""
    sponsight(folder, "brands", "import", book, "--book", "demo")
    return folder


def stage_rows(library: Path, video: Path) -> list[dict[str, Any]]:
    """The checkpoints of a video's newest run: stage, items, seconds of work."""
    shown = json.loads(sponsight(library, "show", video, "--json").output)
    return [{"stage": c["stage"], **c["stats"]} for c in shown["checkpoints"]]


def exported(library: Path, video: Path, place: Path) -> dict[str, Any]:
    """The JSON export of a video's accepted run."""
    sponsight(library, "export", video, "--format", "json", "--output", place)
    document: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return document


def plain_ocr(video: Path, limit: float = 0.0) -> tuple[float, float]:
    """Plain RapidOCR on every sampled frame, as a script of thirty lines does it. Returns wall seconds and the
    seconds of video it covered (`limit` 0: all)."""
    from rapidocr_onnxruntime import RapidOCR

    from engine.adapters.cv import cv2

    reader = RapidOCR()
    capture = cv2.VideoCapture(str(video))
    rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
    number, due = 0, 0.0
    threads = cv2.getNumThreads()
    cv2.setNumThreads(os.cpu_count() or 1)
    started = time.perf_counter()
    while capture.grab():
        at = number / rate
        number += 1
        if limit and at >= limit:
            break
        if at + 1e-6 < due:
            continue
        due += 1 / PLAIN_FPS
        ok, image = capture.retrieve()
        if ok:
            reader(image)
    took = time.perf_counter() - started
    cv2.setNumThreads(threads)
    capture.release()
    return took, number / rate


def decode_only(video: Path) -> float:
    """Wall seconds to decode every frame of a video with two threads and nothing else."""
    import av

    started = time.perf_counter()
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        for _ in container.decode(stream):
            pass
    return time.perf_counter() - started


def table(rows: Sequence[Sequence[object]]) -> None:
    """Print rows (the first is the heading) as columns."""
    from app.cli.console import table as columns

    print(
        columns([[str(c) for c in row] for row in rows], right=frozenset(range(1, len(rows[0])))), flush=True
    )
