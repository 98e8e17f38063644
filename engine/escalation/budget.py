"""What a call can cost at most and did cost: pure arithmetic over prices, pictures and tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.ports import ChatAnswer, ChatQuestion

PIXELS_A_PATCH = 28
TOKENS_A_PATCH = 3.0
TOKENS_A_PICTURE = 1000
"""No current model counts more for a picture than this per 28 × 28 pixels and in all, but for the next ones."""
BY_TILES = {"4o-mini": (2833, 5667)}
"""Models that count a picture dearer: tokens for the picture and for each tile of 512 × 512 pixels."""
TOKENS_AROUND = 300


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens. `source` tells where it is from and of which date or version."""

    input_usd: float
    output_usd: float
    source: str

    @property
    def is_free(self) -> bool:
        return self.input_usd == 0 and self.output_usd == 0

    def cost(self, input_tokens: float, output_tokens: float) -> float:
        return (input_tokens * self.input_usd + output_tokens * self.output_usd) / 1e6


FREE = Price(0.0, 0.0, "this machine or network")


def picture_tokens(width: int, height: int, model: str) -> int:
    """Upper bound of what a picture counts as."""
    for mark, (base, tile) in BY_TILES.items():
        if mark in model:
            return base + tile * math.ceil(width / 512) * math.ceil(height / 512)
    patches = math.ceil(width / PIXELS_A_PATCH) * math.ceil(height / PIXELS_A_PATCH)
    return TOKENS_A_PICTURE + math.ceil(TOKENS_A_PATCH * patches)


def worst_case(question: ChatQuestion, size: tuple[int, int], model: str, price: Price) -> float:
    """USD that one attempt can cost at most: no token is shorter than a byte, and the schema may be sent along."""
    words = len(question.system.encode()) + len(question.text.encode()) + len(repr(question.schema).encode())
    pictures = len(question.images) * picture_tokens(*size, model)
    return price.cost(words + pictures + TOKENS_AROUND, question.max_tokens)


def actual_cost(answer: ChatAnswer, price: Price) -> float | None:
    """USD by the reported usage; None where the server reported none that can be true."""
    if answer.input_tokens is None or answer.output_tokens is None:
        return None
    if answer.input_tokens <= 0 or answer.output_tokens < 0 or (answer.text and answer.output_tokens == 0):
        return None
    return price.cost(answer.input_tokens, answer.output_tokens)
