"""Import, demo, locate, export, and other libraries: what people do with files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QProcess, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.domain.errors import SponsightError, UserFixable
from engine.domain.jobs import SourceAsset
from ui.session import Session
from ui.text import in_short, percent, tr
from ui.workspace import Services

if TYPE_CHECKING:
    from app.jobs import JobService

VIDEO_SUFFIXES = (
    ".mp4",
    ".mkv",
    ".mov",
    ".m4v",
    ".avi",
    ".ts",
    ".mts",
    ".m2ts",
    ".mxf",
    ".webm",
    ".mpg",
    ".mpeg",
)


MOST_REFUSED = 4
"""More refused videos than these are told as a number."""


class LibraryControl(QObject):
    """File use cases of the window; dialogs are opened, never executed."""

    rendering = Signal(float)
    """How far the demo's rendering is, 0..1."""
    located = Signal(object)
    """The SourceAsset of a video that was found again, with its new path."""

    def __init__(self, services: Services, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._services = services
        self._session = session
        self._window = window
        self._share = 0.0

    def choose_import(self) -> None:
        """Asks for videos and imports them."""
        dialog = QFileDialog(self._window, tr("Import video"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        patterns = " ".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES)
        dialog.setNameFilters([tr("Videos ({patterns})").format(patterns=patterns), tr("All files (*)")])
        dialog.filesSelected.connect(lambda names: self.import_files([Path(name) for name in names]))
        _show(dialog)

    def import_files(self, paths: Sequence[Path]) -> None:
        """Imports videos one after the other; the last one that could be taken is opened."""
        jobs, chosen = self._services.container.jobs, tuple(paths)
        if len(chosen) == 1:
            what = tr("Importing {name}").format(name=chosen[0].name)
            self._services.tasks.call(what, partial(jobs.import_source, chosen[0]), self._imported)
        elif chosen:
            what = tr("Importing {n} videos").format(n=len(chosen))
            self._services.messages.tell(f"{what} …")
            self._services.tasks.call(what, partial(_import_all, jobs, chosen), self._imported_all)

    def _imported(self, source: SourceAsset) -> None:
        self._open(source)
        text = tr("{name} is in the library.").format(name=source.name)
        key = self._services.actions.key_text("run.start")
        self._services.messages.tell(text, "success", detail=tr("{key} runs it.").format(key=key), seconds=8)

    def _imported_all(self, answer: tuple[list[SourceAsset], list[tuple[Path, SponsightError]]]) -> None:
        """What was refused stays to be read until the message is closed."""
        taken, refused = answer
        count, n = len(taken) + len(refused), len(taken)
        if taken:
            self._open(taken[-1])
        if not refused:
            key = self._services.actions.key_text("run.start")
            detail = tr("{key} runs {name}, which is open.").format(key=key, name=taken[-1].name)
            text = tr("{n} videos are in the library.").format(n=n)
            self._services.messages.tell(text, "success", detail=detail, seconds=12)
            return
        text = tr("{n} of {count} videos are in the library.").format(n=n, count=count)
        detail = "\n".join(f"{path.name}: {in_short(error)}" for path, error in refused[:MOST_REFUSED])
        if len(refused) > MOST_REFUSED:
            detail += "\n" + tr("… and {n} more.").format(n=len(refused) - MOST_REFUSED)
        self._services.messages.tell(text, "error", detail=detail)

    def _open(self, source: SourceAsset) -> None:
        self._session.refresh()
        self._session.open_source(source.id)

    def open_demo(self) -> None:
        """Renders the demo clip where it is not there yet, imports it and opens it."""
        from app.demo_run import prepare_demo

        container = self._services.container
        if not self._services.writable:
            self._services.messages.tell(tr("This library is open for reading only."), "warning")
            return
        self._services.messages.tell(tr("Rendering the demo clip …"), detail=tr("This takes a moment, once."))

        def progress(share: float) -> None:
            self._share = share

        timer = self.startTimer(200)

        def ready(answer: tuple[SourceAsset, object]) -> None:
            self.killTimer(timer)
            self._share = 0.0
            self._imported(answer[0])

        def failed(error: Exception) -> None:
            self.killTimer(timer)
            self._services.messages.tell_error(tr("Rendering the demo"), error)

        self._services.tasks.call(
            tr("Rendering the demo"), lambda: prepare_demo(container, progress=progress), ready, failed=failed
        )

    def timerEvent(self, event: object) -> None:
        if self._share > 0:
            self.rendering.emit(self._share)
            text = tr("Rendering the demo clip … {share}").format(share=percent(self._share))
            self._services.messages.tell(text)

    def choose_locate(self, source: SourceAsset | None = None) -> None:
        """Asks where a moved video is now."""
        wanted = source or self._session.source
        if wanted is None:
            return
        dialog = QFileDialog(self._window, tr("Where is {name} now?").format(name=wanted.name))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.locate(wanted, Path(name)))
        _show(dialog)

    def locate(self, source: SourceAsset, path: Path) -> None:
        """Tells the library where a video is; another video is refused."""
        jobs = self._services.container.jobs
        self._services.tasks.call(
            tr("Locating {name}").format(name=source.name),
            lambda: jobs.locate(source.id, path),
            self._located,
        )

    def _located(self, source: SourceAsset) -> None:
        self._session.refresh()
        self.located.emit(source)
        text = tr("{name} was found.").format(name=source.name)
        self._services.messages.tell(text, "success", seconds=4)

    def choose_export(self) -> None:
        """Asks for a folder and writes the figures of the chosen run there."""
        job, source = self._session.job, self._session.source
        if job is None or source is None:
            return
        dialog = QFileDialog(self._window, tr("Export figures of {name}").format(name=source.name))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setDirectory(str(self._services.container.library.folder / "exports"))
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, tr("Export here"))
        dialog.fileSelected.connect(lambda name: self.export(job.id, source.name, Path(name)))
        _show(dialog)

    def export(self, job_id: str, name: str, folder: Path) -> None:
        """Writes JSON and CSV of a run (machine and effective figures) into a folder."""
        library = self._services.container.library

        def write() -> tuple[Path, ...]:
            from app.exports import write_csv, write_json
            from app.overlay import load_overlay

            if not folder.is_dir():
                raise UserFixable(
                    f"{folder} is no folder.", still_works="Nothing was written.", to_do="Choose a folder."
                )
            overlay = load_overlay(library, job_id)
            stem = f"{Path(name).stem}-{job_id[:8]}"
            return (
                write_json(overlay, folder / f"{stem}.json"),
                *write_csv(overlay, folder / f"{stem}.csv"),
            )

        def written(paths: tuple[Path, ...]) -> None:
            text = tr("{n} files were written to {folder}.").format(n=len(paths), folder=folder)
            self._services.messages.tell(text, "success", detail=", ".join(p.name for p in paths), seconds=12)

        self._services.tasks.call(tr("Exporting"), write, written)

    def choose_library(self) -> None:
        """Asks for a folder and opens it as a library in a window of its own."""
        dialog = QFileDialog(self._window, tr("Open library"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.open_library(Path(name)))
        _show(dialog)

    def open_library(self, folder: Path) -> None:
        """Opens a library in a window (and process) of its own; a window that has it open is raised."""
        frozen = bool(getattr(sys, "frozen", False))
        program = ["--library", str(folder)] if frozen else ["-m", "ui", "--library", str(folder)]
        if not QProcess.startDetached(sys.executable, program):
            self._services.messages.tell(
                tr("The window for {folder} did not start.").format(folder=folder), "error"
            )


def _import_all(
    jobs: JobService, paths: Sequence[Path]
) -> tuple[list[SourceAsset], list[tuple[Path, SponsightError]]]:
    """The sources that were taken, and what was refused with its reason."""
    taken: list[SourceAsset] = []
    refused: list[tuple[Path, SponsightError]] = []
    for path in paths:
        try:
            taken.append(jobs.import_source(path))
        except SponsightError as error:
            refused.append((path, error))
    return taken, refused


def _show(dialog: QFileDialog) -> None:
    from PySide6.QtCore import Qt

    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
