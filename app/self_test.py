"""The self-test: the whole job on a short demo in a library of its own, to see that this installation works.

It takes the same ways as a person: render, import, run all eight stages, export, verify, open the window. It runs
from a checkout and from a bundle alike and touches nothing of the user's own.
"""

from __future__ import annotations

import contextlib
import csv
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.domain.errors import EnvironmentProblem, SponsightError
from engine.domain.jobs import JobStatus

SECONDS = 3.0
SIZE = (960, 540)
FAILED = 1

WindowCheck = Callable[[Path, Path], str]
"""(library folder, picture to write) → what was seen; opens the real window and closes it. Raises where it
does not work."""


class SelfTest:
    """Runs the steps in order; `say` gets one line a step. A step that fails ends the test."""

    def __init__(self, folder: Path, *, window: WindowCheck | None, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.library = folder / "library"
        self._window = window
        self._say = say

    def run(self) -> int:
        """The exit code: 0 where everything works, else that of the error."""
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("machine", self._look_at_machine),
            ("render, run, export", self._run_demo),
            ("verify", self._verify),
            ("window", self._open_window),
        )
        began = time.monotonic()
        for name, step in steps:
            start = time.monotonic()
            try:
                found = step()
            except SponsightError as error:
                self._say(f"FAILED  {name}: {error}")
                return error.exit_code
            except Exception as error:
                self._say(f"FAILED  {name}: {type(error).__name__}: {error}")
                traceback.print_exc()
                return FAILED
            self._say(f"ok      {name}: {found} ({time.monotonic() - start:.1f} s)")
        self._say(f"Self-test passed in {time.monotonic() - began:.1f} s.")
        return 0

    def _look_at_machine(self) -> str:
        from app.diagnostics import examine

        findings = examine(self.library)
        bad = [f"{f.what} ({f.detail})" for f in findings if not f.ok and not f.optional]
        if bad:
            raise EnvironmentProblem(
                f"Missing or broken: {', '.join(bad)}.",
                still_works="Nothing was changed.",
                to_do="Install it again; `sponsight doctor` shows the whole list.",
            )
        told = {f.what: f.detail for f in findings}
        return f"{told['System']}, provider {told['Execution provider']}, readers {told['Text models']}"

    def _run_demo(self) -> str:
        from app.container import open_container
        from app.demo_run import DEMO_BOOK, prepare_demo

        with open_container(self.library) as app:
            source, truth = prepare_demo(app, seconds=SECONDS, size=SIZE)
            job = app.jobs.create(source.id, books=(DEMO_BOOK,), escalation=False)
            done = app.jobs.start(job.id).result()
            if done.status is not JobStatus.COMPLETED:
                raise RuntimeError(
                    f"the run ended {done.status.value}: {done.error_message or 'no reason given'}"
                )
            if not done.brands_found:
                raise RuntimeError("the run found no brand in the demo, which shows several")
            shown = sum(
                1 for seconds in truth.brand_seconds(surface="scene", legible=True).values() if seconds
            )
            exported = self._export(app.library, done.id)
        return f"{done.total_detections} detections of {done.brands_found} brands ({shown} shown), {exported}"

    def _export(self, library: object, job_id: str) -> str:
        from app.exports import FORMAT, write_csv, write_json
        from app.overlay import load_overlay
        from storage.library import Library

        assert isinstance(library, Library)
        overlay = load_overlay(library, job_id)
        folder = self.folder / "exports"
        folder.mkdir(exist_ok=True)
        document = json.loads(write_json(overlay, folder / "demo.json").read_text("utf-8"))
        if document["format"] != FORMAT or not any(frame["detections"] for frame in document["frames"]):
            raise RuntimeError("the JSON export holds no detection")
        tables = write_csv(overlay, folder / "demo.csv")
        rows = 0
        for table in tables:
            with table.open(encoding="utf-8-sig", newline="") as file:
                rows += sum(1 for _ in csv.DictReader(file))
        if not rows:
            raise RuntimeError("the CSV tables are empty")
        return f"{len(document['frames'])} frames in JSON, {rows} rows in {len(tables)} CSV tables"

    def _verify(self) -> str:
        from storage.library import Library

        with Library.open(self.library, read_only=True) as library:
            report = library.verify()
        if report.problems:
            raise RuntimeError("; ".join(report.problems))
        return f"{report.parts} stored results and {report.blobs} files are sound"

    def _open_window(self) -> str:
        if self._window is None:
            return "not asked for"
        return self._window(self.library, self.folder / "window.png")


def run_self_test(
    folder: Path | None = None,
    *,
    window: WindowCheck | None = None,
    say: Callable[[str], None] | None = None,
) -> int:
    """Run the self-test in `folder`, which keeps everything, or in a temporary one that is removed afterwards.

    Returns the exit code (0: everything works). Existing files of `folder` are left alone, except for exports of
    an earlier self-test.
    """
    with _place(folder) as here:
        return SelfTest(here, window=window, say=say or _print).run()


def _print(line: str) -> None:
    print(line, file=sys.stdout, flush=True)


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="sponsight-self-test-", ignore_cleanup_errors=True) as made:
        yield Path(made)
