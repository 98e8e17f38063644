"""Builds the application's services once, in order, and closes them in the opposite one."""

from __future__ import annotations

import logging
from pathlib import Path

from app.book_import import fill_new_library
from app.brand_book import BrandBook
from app.command_bus import CommandBus
from app.commands import RestoreSource
from app.find_elsewhere import FindElsewhere
from app.jobs import JobService
from app.mailbox import Mailbox
from app.model_answers import ModelAnswers
from app.models_service import ModelsService
from app.review import ReviewService
from app.run_cache import RunCache
from app.secrets import Secrets
from app.source_removal import SourceRemoval
from engine.domain.errors import SponsightError
from storage.library import Library

log = logging.getLogger(__name__)


class Container:
    """The services of one open library."""

    def __init__(
        self, library: Library, *, workers: int | None, polite: bool, models_file: Path | None = None
    ) -> None:
        self.library = library
        self.models = ModelsService(library, Secrets(window=polite), models_file)
        self.mailbox = Mailbox()
        self.runs = RunCache(library)
        self.bus = CommandBus(library, self.mailbox, self.runs)
        self.review = ReviewService(library, self.runs)
        self.answers = ModelAnswers(library, self.models, self.runs)
        self.jobs = JobService(
            library,
            self.mailbox,
            workers=workers,
            own_profiles=library.folder / "profiles",
            services=self.models.services(),
            standing=self.models.standing,
            bring_back=lambda source_id: self.bus.do(RestoreSource(source_id=source_id)),
            polite=polite,
        )
        self.brands = BrandBook(library, self.bus, self.runs, self.jobs)
        self.removal = SourceRemoval(library, self.bus, self.jobs, self.mailbox)
        self.elsewhere = FindElsewhere(library, self.jobs, self.runs)

    def close(self) -> None:
        """Pause running jobs, join the threads, free what was removed long ago, close the library."""
        self.jobs.close()
        try:
            if not self.library.read_only:
                self.removal.tidy()
        except (SponsightError, OSError) as error:
            log.warning("The space of removed sources could not be freed. %s", error)
        finally:
            self.library.close()

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_container(
    folder: Path | None = None,
    *,
    read_only: bool = False,
    workers: int | None = None,
    polite: bool = False,
) -> Container:
    """Open (or create) the library in `folder`, by default the person's own, and build the services over it.

    Raises Conflict where another process writes to it, DataDamage where it is damaged or newer, UserFixable
    where the folder can't be used.
    """
    library = Library.open(folder, read_only=read_only)
    try:
        if not read_only:
            fill_new_library(library)
        container = Container(library, workers=workers, polite=polite)
        if not read_only:
            container.jobs.hear()
        return container
    except BaseException:
        library.close()
        raise
