"""Money under random prices, caps, concurrency, faults and kills: never more than the cap."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.escalation.asking import Asker, Terms, drive
from engine.escalation.budget import Price, actual_cost, worst_case
from engine.escalation.trouble import NOT_CHARGED, ModelTrouble, TroubleKind
from engine.ports import ChatAnswer, ChatQuestion, SpendingLimit
from storage.budget import Budget
from storage.library import Library

SIZE = (560, 624)
FAULTS: tuple[TroubleKind, ...] = ("busy", "server", "slow", "dropped", "garbled", "request")
QUESTION = ChatQuestion(system="s", text="t" * 400, images=(b"",), schema={}, max_tokens=800)


class Killed(BaseException):
    """The process is gone at this moment: nothing after it runs."""


class Provider:
    """Bills what its answers report, and up to the worst case for what failed after it began to work."""

    def __init__(self, rng: random.Random, price: Price, worst: float, kills: bool) -> None:
        self.rng = rng
        self.price = price
        self.worst = worst
        self.kills = kills
        self.billed = 0.0
        self.calls = 0

    async def ask(self, question: ChatQuestion) -> ChatAnswer:
        self.calls += 1
        for _ in range(self.rng.randrange(3)):
            await asyncio.sleep(0)
        chance = self.rng.random()
        if self.kills and chance < 0.08:
            self.billed += self.worst * self.rng.random()
            raise Killed
        if chance < 0.35:
            kind = self.rng.choice(FAULTS)
            if kind not in NOT_CHARGED:
                self.billed += self.worst * self.rng.random()
            raise ModelTrouble(kind, "it failed", retry_after=0.0)
        answer = ChatAnswer(
            text="x",
            input_tokens=self.rng.randrange(1, 900),
            output_tokens=self.rng.randrange(1, question.max_tokens),
        )
        cost = actual_cost(answer, self.price)
        assert cost is not None
        self.billed += cost
        return answer

    async def models(self) -> list[str]:
        return []

    async def close(self) -> None:
        pass


@dataclass
class Played:
    """What became of one schedule: USD as billed and as the cap allows, and the worst case of one call."""

    worst: float
    cap: float
    billed: float = 0.0
    calls: int = 0
    answers: int = 0
    kills: int = 0
    stopped: str = ""


def play(seed: int, limit: SpendingLimit, job: str) -> Played:
    """One schedule, resumed after each kill."""
    rng = random.Random(seed)
    price = Price(rng.choice([0.0, 0.15, 3.0, 15.0]), rng.choice([0.0, 0.6, 15.0, 75.0]), "test")
    worst = worst_case(QUESTION, SIZE, "m", price)
    cap = rng.choice([0.0, worst * 0.5, worst * rng.uniform(1, 12), worst * 100])
    terms = Terms("p", "m", price, rng.randrange(1, 30), rng.randrange(1, 6), job, cap, limit)
    provider = Provider(rng, price, worst, kills=rng.random() < 0.5)
    played = Played(worst, cap)

    async def work() -> None:
        asker = Asker(provider, terms, lambda where, what: None)

        async def one() -> None:
            async with asker.slots:
                await asker.ask(QUESTION, SIZE, "sheet")

        try:
            await asyncio.gather(*(one() for _ in range(rng.randrange(1, 12))))
        finally:
            played.answers += asker.answered
            played.stopped = asker.stopped

    for _ in range(3):
        try:
            drive(work, lambda: None)
            break
        except Killed:
            played.kills += 1
    played.billed, played.calls = provider.billed, provider.calls
    return played


@pytest.mark.full
def test_a_thousand_schedules_stay_below_their_caps(library_dir: Path) -> None:
    called = paid = killed = partial = 0
    with Library.open(library_dir) as library:
        for seed in range(1000):
            job = f"job-{seed}"
            played = play(seed, library.budget, job)
            spent = library.budget.spent(job)
            assert played.billed <= spent + 1e-8 <= played.cap + 2e-8, seed
            if played.cap == 0 and played.worst > 0:
                assert played.calls == 0, seed
            called += played.calls
            paid += played.billed > 0
            killed += played.kills
            partial += bool(played.stopped) and played.answers > 0
    # The schedules are of all sorts: many pay, many are killed, many end at their cap with what they have.
    assert called > 1000 and paid > 300 and killed > 100 and partial > 100


def test_what_was_set_aside_before_a_kill_counts_after_a_restart(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        assert library.budget.reserve("job", "p", "m", 0.6, 1.0) is not None
    with Library.open(library_dir) as library:
        assert library.budget.spent("job") == 0.6
        assert library.budget.reserve("job", "p", "m", 0.6, 1.0) is None
        assert library.budget.calls("job") == 1


def test_cap_zero_asks_nothing_and_a_free_model_goes_on(library_dir: Path) -> None:
    with Library.open(library_dir) as library:
        budget: Budget = library.budget
        assert budget.reserve("job", "p", "m", 0.01, 0.0) is None
        assert budget.reserve("job", "p", "m", 0.0, 0.0) is not None


def test_an_overrun_stops_the_questions(library_dir: Path) -> None:
    price = Price(1.0, 1.0, "test")

    class Greedy(Provider):
        async def ask(self, question: ChatQuestion) -> ChatAnswer:
            self.calls += 1
            return ChatAnswer(text="x", input_tokens=10**9, output_tokens=10**9)

    provider = Greedy(random.Random(0), price, 0.0, kills=False)
    with Library.open(library_dir) as library:
        terms = Terms("p", "m", price, 10, 1, "job", 5.0, library.budget)

        async def work() -> Asker:
            asker = Asker(provider, terms, lambda where, what: None)
            for _ in range(3):
                await asker.ask(QUESTION, SIZE, "sheet")
            return asker

        asker = drive(work, lambda: None)
    assert provider.calls == 1 and "overrun" in asker.stopped


@pytest.mark.parametrize("stop", [KeyError("stop"), Killed()])
def test_a_stop_from_outside_ends_what_is_under_way(stop: BaseException) -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("closed")

    def tick() -> None:
        raise stop

    with pytest.raises(type(stop)):
        drive(work, tick)
    assert ended == ["closed"]
