"""What can go wrong with a model at an endpoint, in words that hold no key and no server's prose."""

from __future__ import annotations

from typing import Literal

from engine.domain.errors import EnvironmentProblem

TroubleKind = Literal[
    "key", "missing", "unreachable", "busy", "server", "slow", "dropped", "garbled", "request", "config"
]

AGAIN: dict[TroubleKind, int] = {
    "unreachable": 2,
    "busy": 4,
    "server": 3,
    "slow": 2,
    "dropped": 3,
    "garbled": 2,
}
"""How many attempts a question gets in all, by what went wrong; one where it isn't listed."""

HOPELESS: frozenset[TroubleKind] = frozenset({"key", "missing", "unreachable", "busy", "config"})
"""After these (and their attempts) the next question would fare no better: the stage stops."""

NOT_CHARGED: frozenset[TroubleKind] = frozenset(
    {"key", "missing", "unreachable", "busy", "request", "config"}
)
"""No model worked on the question: its reservation is released. All others may have been charged."""


class ModelTrouble(EnvironmentProblem):
    """A question that was not answered. `kind` decides what follows (see AGAIN, HOPELESS, NOT_CHARGED);
    `retry_after` are the seconds that the server asked to wait, None where it named none."""

    def __init__(
        self, kind: TroubleKind, message: str, *, retry_after: float | None = None, to_do: str = ""
    ) -> None:
        super().__init__(message, still_works="All results so far are kept.", to_do=to_do)
        self.kind: TroubleKind = kind
        self.retry_after = retry_after


def of_status(status: int, where: str, model: str, *, retry_after: float | None = None) -> ModelTrouble:
    """The trouble that an HTTP status means. The body is left out: some servers quote the key in it."""
    if status in (401, 403):
        return ModelTrouble(
            "key",
            f"{where} refused the key (HTTP {status}).",
            to_do="Check the key in the settings of models.",
        )
    if status == 404:
        return ModelTrouble(
            "missing",
            f"{where} has no model {model!r} (HTTP 404).",
            to_do="`sponsight models list` shows what it offers.",
        )
    if status == 402:
        return ModelTrouble(
            "key", f"{where} wants payment first (HTTP 402).", to_do="Look at your account there."
        )
    if status in (408, 504):
        return ModelTrouble("slow", f"{where} took too long (HTTP {status}).", retry_after=retry_after)
    if status == 429:
        return ModelTrouble(
            "busy",
            f"{where} takes no more questions for now (HTTP 429).",
            retry_after=retry_after,
            to_do="Try again later, or ask fewer at a time.",
        )
    if status >= 500:
        return ModelTrouble(
            "server", f"{where} had an error of its own (HTTP {status}).", retry_after=retry_after
        )
    return ModelTrouble(
        "request",
        f"{where} did not accept the question (HTTP {status}).",
        to_do=f"Check that {model} takes pictures.",
    )
