"""Screens of what people's verdicts tell: last of all, as hardly anything is left undecided afterwards."""

from __future__ import annotations

from app.commands import Decide
from engine.domain.errors import UserFixable
from tests.shots.brands import open_page
from tests.shots.registry import shot
from tests.shots.studio import Studio


@shot("brands-answers")
def brands_answers(studio: Studio) -> None:
    """Verdicts on most appearances: right where the machine accepted, wrong for a few."""
    source_id, job_id = next(iter(studio.container.library.jobs.accepted_ids().items()))
    run = studio.container.runs.get(job_id)
    for number, a in enumerate(a for a in run.appearances if a.candidates):
        right = a.verdict == "accepted" or number % 3 == 0
        try:
            studio.container.bus.do(
                Decide(
                    source_id=source_id,
                    job_id=job_id,
                    appearance_keys=(a.key,),
                    kind="confirm" if right else "reject",
                )
            )
        except UserFixable:
            continue
    open_page(studio, 3)
