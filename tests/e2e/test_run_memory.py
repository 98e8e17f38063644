"""What a run keeps in memory: pictures of a finished part don't wait for garbage to be collected."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from app.container import open_container
from engine.domain.jobs import JobStatus
from engine.domain.stages import StageName
from engine.runner import _ImageCache
from tests.e2e.conftest import Finished
from tests.e2e.test_escalation import ask_local
from tests.escalation_server import model_server


@pytest.fixture
def without_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def pictures_kept() -> int:
    return sum(len(o._images) for o in gc.get_objects() if isinstance(o, _ImageCache))


@pytest.mark.full
def test_the_pictures_of_a_finished_chunk_are_let_go(finished: Finished, without_collection: None) -> None:
    edit = {str(StageName.DETECT_REGIONS): {"min_height": 7.0}}
    with open_container(finished.library, workers=1) as app:
        job = app.jobs.replay(app.jobs.jobs()[-1].id, StageName.DETECT_REGIONS, edit)
        done = app.jobs.start(job.id).result(timeout=120)
        assert done.status is JobStatus.COMPLETED
        assert pictures_kept() == 0


@pytest.mark.full
def test_the_pictures_that_models_were_asked_about_are_let_go(
    finished: Finished, without_collection: None
) -> None:
    with model_server([]) as server, open_container(finished.library, workers=1) as app:
        done = ask_local(app, server)
        assert done.status is JobStatus.COMPLETED
        assert server.asked
        assert pictures_kept() == 0
