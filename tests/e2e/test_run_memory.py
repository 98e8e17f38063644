"""What a run keeps in memory: pictures of a finished chunk don't wait for garbage to be collected."""

from __future__ import annotations

import gc

from app.container import open_container
from engine.domain.jobs import JobStatus
from engine.domain.stages import StageName
from engine.runner import _ImageCache
from tests.e2e.conftest import Finished


def test_the_pictures_of_a_finished_chunk_are_let_go(finished: Finished) -> None:
    edit = {str(StageName.DETECT_REGIONS): {"min_height": 7.0}}
    with open_container(finished.library, workers=1) as app:
        job = app.jobs.replay(app.jobs.jobs()[-1].id, StageName.DETECT_REGIONS, edit)
        gc.collect()
        gc.disable()
        try:
            done = app.jobs.start(job.id).result(timeout=120)
            kept = sum(len(o._images) for o in gc.get_objects() if isinstance(o, _ImageCache))
        finally:
            gc.enable()
    assert done.status is JobStatus.COMPLETED
    assert kept == 0
