"""What the engine needs of the outside world, as protocols: stores, models, memory and time.

`storage/` implements the stores over SQLite and a folder; `engine/adapters/` the models. A cluster may put
a database and a bucket in their places without touching a stage.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

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

    def payloads(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """Many payloads at once, by key; DataDamage where one is gone."""
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
        """Where models run (an execution provider of onnxruntime, or OpenVINO), checked on a live session."""
        ...

    def get(self, key: Hashable, build: Callable[[], T]) -> T: ...


class Clock(Protocol):
    """Monotonic seconds, for costs only: no clock time enters a result."""

    def __call__(self) -> float: ...


class ChatQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a vision-language model. `images` are JPEG bytes, shown before `text`; `schema` is the
    JSON schema of the wanted answer; `max_tokens` bounds all that the model writes, its thinking included."""

    system: str
    text: str
    images: tuple[bytes, ...]
    schema: dict[str, Any]
    max_tokens: int


class ChatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. Token counts are None where the server did not report usable ones; `end` is `stop`,
    `length` (cut at max_tokens) or `refusal`. `seconds` is the latency."""

    text: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    end: str = "stop"
    model: str = ""
    seconds: float = 0.0


class ChatClient(Protocol):
    """One model at one endpoint. Used inside one event loop; cancelling `ask` closes its connection."""

    async def ask(self, question: ChatQuestion) -> ChatAnswer:
        """One attempt, no retries (each attempt of a paid model is a reservation of its own). Raises
        engine.escalation.trouble.ModelTrouble, whose words never hold the key."""
        ...

    async def models(self) -> list[str]:
        """The names of the models that the endpoint offers; raises ModelTrouble."""
        ...

    async def close(self) -> None: ...


class SpendingLimit(Protocol):
    """Reservations of money by run (USD); every call is one transaction. See storage.budget."""

    def reserve(
        self, job_id: str, provider: str, model: str, worst_case_usd: float, cap_usd: float
    ) -> str | None: ...

    def settle(self, reservation: str, actual_usd: float) -> bool: ...

    def release(self, reservation: str) -> None: ...

    def spent(self, job_id: str) -> float: ...


class ChatTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Which model to talk to: `protocol` is `openai` (chat completions) or `anthropic` (messages), `provider` the
    name under which the key and the prices are kept ('' for a model of one's own), `endpoint` the base URL
    ('' the provider's own), `timeout` seconds to wait for an answer."""

    protocol: str
    provider: str
    endpoint: str
    model: str
    timeout: float
