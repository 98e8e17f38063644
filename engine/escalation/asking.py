"""Puts questions to a model: attempts, waits, money set aside before each call, and a way out within a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from engine.escalation.budget import Price, actual_cost, worst_case
from engine.escalation.trouble import AGAIN, HOPELESS, NOT_CHARGED, ModelTrouble
from engine.ports import ChatAnswer, ChatClient, ChatQuestion, SpendingLimit

T = TypeVar("T")

LOOK_EVERY = 0.1
"""Seconds between two looks at whether a person wants the run to stop."""
LONGEST_WAIT = 120.0
"""Seconds of Retry-After that are honoured; who asks for more is not waited for."""
FIRST_WAIT = 0.5
FAILED_IN_A_ROW = 3
"""So many questions that fail one after the other end the stage."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a model is asked. `limit` None: the model costs nothing and nothing is reserved."""

    provider: str
    model: str
    price: Price
    max_calls: int
    parallel: int
    job_id: str = ""
    cap_usd: float = 0.0
    limit: SpendingLimit | None = None


class Asker:
    """Asks one model under fixed terms. Used inside one event loop. `stopped` holds the reason once no further
    question is put; `disturbed` says that something was left unasked or unanswered for reasons of the moment."""

    def __init__(self, client: ChatClient, terms: Terms, problem: Callable[[str, str], None]) -> None:
        self._client = client
        self._terms = terms
        self._problem = problem
        self._failed = 0
        self.slots = asyncio.Semaphore(terms.parallel)
        self.calls = 0
        self.answered = 0
        self.cost_usd = 0.0
        self.stopped = ""
        self.disturbed = False

    def stop(self, reason: str) -> None:
        """Put no further question; what is under way is waited for."""
        self.disturbed = True
        if not self.stopped:
            self.stopped = reason

    async def ask(self, question: ChatQuestion, size: tuple[int, int], where: str) -> ChatAnswer | None:
        """The answer, or None where there is none; why was told or stands in `stopped`. `size` is the picture's
        in pixels, `where` names the question for people."""
        attempt = 0
        while not self.stopped:
            attempt += 1
            try:
                answer = await self._attempt(question, size)
            except ModelTrouble as trouble:
                if attempt < AGAIN.get(trouble.kind, 1) and not self.stopped:
                    wait = FIRST_WAIT * 2 ** (attempt - 1)
                    if trouble.retry_after is not None:
                        wait = trouble.retry_after
                    if wait <= LONGEST_WAIT:
                        await asyncio.sleep(max(0.0, wait))
                        continue
                self._give_up(trouble, where)
                return None
            if answer is not None:
                self._failed = 0
                self.answered += 1
            return answer
        return None

    def _give_up(self, trouble: ModelTrouble, where: str) -> None:
        self.disturbed = True
        self._failed += 1
        said = " ".join(part for part in (trouble.message, trouble.to_do) if part)
        if trouble.kind in HOPELESS:
            self.stop(said)
        else:
            self._problem(where, said)
            if self._failed >= FAILED_IN_A_ROW:
                self.stop(f"{self._failed} questions in a row failed; the last: {trouble.message}")

    async def _attempt(self, question: ChatQuestion, size: tuple[int, int]) -> ChatAnswer | None:
        terms = self._terms
        if self.calls >= terms.max_calls:
            self.stop(f"The call limit of {terms.max_calls} is reached.")
            return None
        if terms.limit is None:
            self.calls += 1
            return await self._client.ask(question)
        worst = worst_case(question, size, terms.model, terms.price)
        held = terms.limit.reserve(terms.job_id, terms.provider, terms.model, worst, terms.cap_usd)
        if held is None:
            spent = terms.limit.spent(terms.job_id)
            self.stop(
                f"The budget of {terms.cap_usd:g} USD does not cover another call "
                f"({spent:.4f} USD spent or set aside, the next may cost {worst:.4f})."
            )
            return None
        self.calls += 1
        # From here on the reservation counts as spent until it is settled: a kill or a cancel leaves it so.
        try:
            answer = await self._client.ask(question)
        except ModelTrouble as trouble:
            if trouble.kind in NOT_CHARGED:
                terms.limit.release(held)
            else:
                self.cost_usd += worst
            raise
        except asyncio.CancelledError:
            self.cost_usd += worst
            raise
        actual = actual_cost(answer, terms.price)
        within = terms.limit.settle(held, worst if actual is None else actual)
        self.cost_usd += worst if actual is None else actual
        if not within:
            self.stop(
                f"{terms.provider} reported a use of {actual:.4f} USD for a call that may cost {worst:.4f} at "
                "most: an overrun. Check the price table before you go on."
            )
        return answer


def drive(work: Callable[[], Awaitable[T]], tick: Callable[[], None]) -> T:
    """Run `work` in an event loop of this thread and look at `tick` meanwhile; when that raises, what is under way
    is cancelled, its connections are closed, and the exception goes on, well within a second."""
    loop = asyncio.new_event_loop()
    names = ThreadPoolExecutor(2, thread_name_prefix="asyncio_names")
    loop.set_default_executor(names)
    try:
        return loop.run_until_complete(_watched(work, tick))
    finally:
        try:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=0.3))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            # A look-up of a name can't be interrupted; it ends by itself.
            names.shutdown(wait=False, cancel_futures=True)
            loop.close()


async def _watched(work: Callable[[], Awaitable[T]], tick: Callable[[], None]) -> T:
    task = asyncio.ensure_future(work())
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_EVERY)
            tick()
    except BaseException:
        task.cancel()
        await asyncio.wait({task}, timeout=0.5)
        if task.done() and not task.cancelled():
            task.exception()
        raise
    try:
        return task.result()
    except BaseExceptionGroup as several:
        raise _first(several) from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
