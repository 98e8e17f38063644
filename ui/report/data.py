"""What the report page shows, read and counted off the main thread."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from PySide6.QtGui import QImage

from app.overlay import Overlay, load_overlay
from engine.domain.errors import DataDamage
from engine.domain.figures import ExposureFigures
from storage.library import Library


@dataclass(frozen=True)
class ReportData:
    """One run's figures: what holds now (run + decisions) and what the machine said. `frame` is a stored
    frame to draw positions over. `ids` names every brand of the effective table by its id or name."""

    overlay: Overlay
    effective: ExposureFigures
    machine: ExposureFigures
    frame: QImage
    decided: int
    undecided: int

    def figures(self, machine: bool) -> ExposureFigures:
        return self.machine if machine else self.effective


def read_report(library: Library, job_id: str) -> ReportData:
    """Loads a run with its decisions and counts everything once."""
    overlay = load_overlay(library, job_id)
    effective, machine = overlay.effective, overlay.machine
    decided = sum(a.decided for a in overlay.appearances)
    kept = sorted(overlay.run.kept)
    frame = QImage()
    record = overlay.run.frames.get(kept[len(kept) // 2]) if kept else None
    if record is not None:
        # The figures need no picture: where its file is lost, they stand on an empty one.
        with contextlib.suppress(DataDamage):
            frame = QImage.fromData(library.blobs.get(record.image))
    return ReportData(overlay, effective, machine, frame, decided, len(overlay.appearances) - decided)
