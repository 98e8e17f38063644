"""All sources that still have to be run: the question, the runs one after the other, and how each of them ended."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from app.profiles import profile_names, usable_profile
from app.run_all import Batch, Due, Ended, find_due
from engine.domain.errors import SponsightError
from ui.session import Session
from ui.text import in_short, plural, tr
from ui.workspace import Services, Tone

MOST_TOLD = 4
"""More failed runs than these are told as a number."""


class RunAllControl(QObject):
    """Over the library's queue of runs; dialogs are opened, never executed."""

    def __init__(self, services: Services, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._services = services
        self._session = session
        self._window = window
        self._jobs = services.container.jobs
        self._own = services.container.library.folder / "profiles"
        session.shelf_changed.connect(self.update_actions)
        self.update_actions()

    def _due(self) -> tuple[Due, ...]:
        shelf = self._session.shelf
        return find_due(shelf.sources, shelf.jobs, self._jobs.is_queued)

    @Slot()
    def update_actions(self) -> None:
        actions, writable = self._services.actions, self._services.writable
        actions["run.all"].setEnabled(writable and bool(self._due()))
        going = any(self._jobs.is_queued(job.id) for job in self._session.shelf.jobs)
        actions["run.stop_all"].setEnabled(writable and going)

    def ask(self) -> None:
        """Says how many sources will run, and which."""
        due = self._due()

        def look() -> tuple[list[Due], list[Due]]:
            missing = [one for one in due if one.is_missing]
            return [one for one in due if one not in missing], missing

        self._services.tasks.call(tr("Looking for the videos"), look, self._ask)

    def _ask(self, found: tuple[list[Due], list[Due]]) -> None:
        from ui.start.run_all_dialog import RunAllDialog

        due, missing = found
        if not due:
            text = plural(len(missing), tr("{n} source can't be run"), tr("{n} sources can't be run"))
            names = ", ".join(one.source.name for one in missing[:MOST_TOLD])
            detail = tr("The video is not where it was: {names}. Use “Locate the video…”.").format(
                names=names
            )
            self._services.messages.tell(f"{text}.", "warning", detail=detail)
            return
        profiles = profile_names(self._own)
        chosen = usable_profile(self._services.preferences.values.profile, self._own)
        key = self._services.actions.key_text("run.stop_all")
        dialog = RunAllDialog(self._window, due, missing, profiles, chosen, key)
        dialog.agreed.connect(lambda profile: self.start(due, profile))
        dialog.open()

    def start(self, due: list[Due], profile: str) -> None:
        """Puts the runs into the queue, in this order."""
        container = self._services.container
        self._services.tasks.call(
            tr("Starting the runs"),
            lambda: Batch(container, due, profile),
            lambda b: self._started(b, len(due)),
        )

    def _started(self, batch: Batch, count: int) -> None:
        self._session.refresh()
        if not batch.done.done():
            key = self._services.actions.key_text("run.stop_all")
            text = plural(count, tr("{n} source runs."), tr("{n} sources run, one after the other."))
            self._services.messages.tell(text, detail=tr("{key} stops them.").format(key=key), seconds=10)
        self._services.tasks.follow(tr("The runs"), batch.done, self._ended)

    def stop(self) -> None:
        """Stops what is running and what waits."""

        def stopped(count: int) -> None:
            self._session.refresh()
            words = plural(count, tr("{n} run was stopped."), tr("{n} runs were stopped."))
            self._services.messages.tell(words, detail=tr("What was finished is kept."), seconds=10)

        self._services.tasks.call(tr("Stopping all runs"), self._jobs.stop_all, stopped)

    def _ended(self, ended: tuple[Ended, ...]) -> None:
        self._session.refresh()
        done = sum(one.is_complete for one in ended)
        failed = [(one.source.name, one.error) for one in ended if one.error is not None]
        text = plural(done, tr("{n} source is analysed."), tr("{n} sources are analysed."))
        if done < len(ended):
            text = tr("{done} of {n} sources analysed.").format(done=done, n=len(ended))
        lines = [f"{name}: {in_short(error)}" for name, error in failed[:MOST_TOLD]]
        if len(failed) > MOST_TOLD:
            lines.append(tr("… and {n} more.").format(n=len(failed) - MOST_TOLD))
        if done + len(failed) < len(ended):
            key = self._services.actions.key_text("run.all")
            lines.append(tr("The others were stopped; {key} goes on with them.").format(key=key))
        tone: Tone = "error" if failed else "success" if done == len(ended) else "info"
        self._services.messages.tell(text, tone, detail="\n".join(lines))
        unforeseen = next((error for _, error in failed if not isinstance(error, SponsightError)), None)
        if unforeseen is not None:
            sys.excepthook(type(unforeseen), unforeseen, unforeseen.__traceback__)
