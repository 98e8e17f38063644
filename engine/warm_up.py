"""Get a run's models ready while its first pictures are taken out of the video.

Workers load what they need when they come to it, and where they share it, one waits for the other. So the thread
that only waits for them does it ahead. It changes no result: what fails here, or isn't ready in time, a worker does
when it comes to it, and tells what went wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from engine.adapters.inference import OPENVINO
from engine.adapters.tonemap import upright_size
from engine.domain.stages import FRAME_STAGES, StageName
from engine.plan import RunSpec, key_of
from engine.ports import ModelHub, PartStore
from engine.stage import Stage
from engine.stage_settings import ExtractFramesSettings

log = logging.getLogger(__name__)


@runtime_checkable
class WarmingUp(Protocol):
    """A stage whose workers share models."""

    def warm_up(self, settings: Any, provider: str, size: tuple[int, int]) -> Iterator[Callable[[], object]]:
        """Steps that each load a model that `run` will want, for stored pictures of this width and height. Workers find
        it as long as what the step returned is kept. A step may raise what `run` would."""
        ...


def warm_up(
    spec: RunSpec,
    stages: Mapping[StageName, Stage],
    models: ModelHub,
    parts: PartStore,
    goes_on: Callable[[], bool],
) -> list[object]:
    """Load the models that the frame stages share, in the order in which they will want them, as long as the run
    `goes_on` to wait for them. Returns what to keep until the workers have theirs; never raises. Only OpenVINO's models
    are shared by workers, and there is only time while pictures are taken out of the video."""
    kept: list[object] = []
    try:
        if not _is_due(spec, stages, parts) or models.provider != OPENVINO:
            return kept
        taken = spec.settings[StageName.EXTRACT_FRAMES]
        assert isinstance(taken, ExtractFramesSettings)
        size = upright_size(spec.source.width, spec.source.height, taken.max_edge)
        for name in FRAME_STAGES:
            stage = stages[name]
            if isinstance(stage, WarmingUp):
                for step in stage.warm_up(spec.settings[name], OPENVINO, size):
                    if not goes_on():
                        return kept
                    kept.append(step())
    except Exception as error:
        log.debug("a model could not be made ready ahead: %s", error)
    return kept


def _is_due(spec: RunSpec, stages: Mapping[StageName, Stage], parts: PartStore) -> bool:
    """Whether pictures are still to be taken out, so that the later stages will most likely want models."""
    first = StageName.EXTRACT_FRAMES
    return any(
        spec.inherited(first, chunk.index) is None
        and parts.find(key_of(stages[first], spec, chunk, ())) is None
        for chunk in spec.chunks
    )
