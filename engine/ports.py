"""What the engine needs of the outside world, as protocols: stores, models, memory and time.

`storage/` implements the stores over SQLite and a folder; `engine/adapters/` the models. A cluster may put
a database and a bucket in their places without touching a stage.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Protocol, TypeVar

import msgspec

from engine.domain.stages import StageName

T = TypeVar("T")


class BlobStore(Protocol):
    """Content-addressed bytes: images, payloads, reference crops. Digests are sha256 in hex. Thread-safe."""

    def put(self, data: bytes) -> str:
        """Store and return the digest; the blob is complete on disk when this returns."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes; DataDamage where they are missing or don't match their digest."""
        ...

    def has(self, digest: str) -> bool: ...


class StoredPart(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one unit of work: one stage on one chunk (job stages: chunk -1).

    `payload` is the stage's record as MessagePack; `output_digest` covers its content; `blobs` are the
    digests it refers to. `seconds` and `units` are what it cost, for estimates."""

    key: str
    stage: StageName
    stage_version: int
    chunk: int
    output_digest: str
    payload: bytes
    blobs: tuple[str, ...] = ()
    seconds: float = 0.0
    units: float = 0.0
    items: int = 0


class PartRef(msgspec.Struct, frozen=True):
    """A stored part without its payload."""

    key: str
    stage: StageName
    stage_version: int
    chunk: int
    output_digest: str
    items: int = 0
    seconds: float = 0.0
    units: float = 0.0


JOB_CHUNK = -1
"""The chunk number of a job stage's only part."""


class PartStore(Protocol):
    """Parts by key, and which parts a job refers to. Thread-safe; every call is one transaction."""

    def find(self, key: str) -> PartRef | None: ...

    def payload(self, key: str) -> bytes:
        """DataDamage where the part or its bytes are gone."""
        ...

    def save(self, job_id: str, part: StoredPart) -> None:
        """Store the part (blobs first, row last; same key again is no error) and attach it to the job."""
        ...

    def attach(self, job_id: str, stage: StageName, chunk: int, key: str) -> None:
        """Let the job refer to a stored part."""
        ...

    def attached(self, job_id: str) -> Mapping[tuple[StageName, int], PartRef]:
        """All parts that a job refers to, by (stage, chunk)."""
        ...


class Memo(Protocol):
    """Per-item memory across runs: (space, key) → bytes, for instance a crop's text by pixel digest.
    Thread-safe. A missing answer is None."""

    def get_many(self, space: str, keys: Iterable[str]) -> dict[str, bytes]: ...

    def put_many(self, space: str, items: Mapping[str, bytes]) -> None: ...


class ModelHub(Protocol):
    """Loaded models. `get` builds a model once for each worker thread (sessions are never shared)."""

    @property
    def provider(self) -> str:
        """The onnxruntime execution provider in use, checked on a live session."""
        ...

    def get(self, key: Hashable, build: Callable[[], T]) -> T: ...


class Clock(Protocol):
    """Monotonic seconds, for costs only: no clock time enters a result."""

    def __call__(self) -> float: ...
