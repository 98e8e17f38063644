"""Keys and digests: when a stored part may be used again, and whether two runs came to the same end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from engine.domain.jobs import SourceAsset
from engine.domain.stages import StageName
from engine.settings import StageSettings
from engine.stage import Chunk, Stage

DIGESTED: frozenset[StageName] = frozenset(
    s for s in StageName if s not in (StageName.ESCALATE_VLM, StageName.ESCALATE_CLOUD)
)
"""Stages that a run's output digest covers: a model's answers are promised only from memory."""

_encoder = msgspec.msgpack.Encoder()


def digest_of(value: Any) -> str:
    """sha256 (hex) of a plain value's MessagePack: lengths are part of the encoding, so nothing runs together."""
    return hashlib.sha256(_encoder.encode(value)).hexdigest()


def part_key(
    stage: Stage,
    settings: StageSettings,
    *,
    source: SourceAsset,
    chunk: Chunk | None,
    inputs: Sequence[tuple[str, int, str]],
    extras: Sequence[str],
) -> str:
    """sha256 over stage, version, the input parts' output digests, the settings that count, and `extras`.

    `inputs` are (stage, chunk, output digest) of everything the stage reads. The first stage reads the
    video: its key holds the source's content digest and the chunk's grid instead.
    """
    origin: Any = None
    if not inputs:
        origin = [source.content_digest]
        if chunk is not None:
            origin += [chunk.span.start, chunk.span.end, chunk.first, chunk.last]
    values = settings.key_values(hard_only=stage.name.is_frame_stage)
    return digest_of(
        [
            str(stage.name),
            stage.version,
            origin,
            chunk.index if chunk is not None else -1,
            list(inputs),
            sorted(values.items()),
            list(extras),
        ]
    )


def run_digest(parts: Iterable[tuple[StageName, int, str]]) -> str:
    """A run's output digest from (stage, chunk, output digest) of its parts, in any order."""
    return digest_of(sorted((str(s), c, d) for s, c, d in parts if s in DIGESTED))
