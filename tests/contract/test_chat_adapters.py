"""Both chat adapters against a real server on loopback: one contract, whatever the protocol."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engine.adapters.chat import connect
from engine.escalation.answers import read_answer
from engine.escalation.question import question_of
from engine.escalation.sheets import Sheet, draw_sheet, drawn_word
from engine.escalation.trouble import ModelTrouble
from engine.ports import ChatAnswer, ChatClient, ChatTarget
from tests.escalation_server import Behaviour, ModelServer, model_server, nobody

KEY = "sk-contract-0123456789abcdef"
SIGNS: list[tuple[str, str | None]] = [("ZENTRIKA", "Zentrika"), ("RESPECT", None)]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server(SIGNS, key=KEY) as running:
        yield running


@pytest.fixture(params=["openai", "anthropic"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def target(server: ModelServer, protocol: str, **more: Any) -> ChatTarget:
    values: dict[str, Any] = {
        "protocol": protocol,
        "provider": protocol,
        "endpoint": server.openai if protocol == "openai" else server.url,
        "model": server.model,
        "timeout": 20.0,
    }
    return ChatTarget(**{**values, **more})


@pytest.fixture
def sheet() -> Sheet:
    return draw_sheet([drawn_word("ZENTRIKA"), drawn_word("RESPECT")])


def using(client: ChatClient, work: Callable[[ChatClient], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def ask(server: ModelServer, protocol: str, sheet: Sheet, key: str = KEY, **more: Any) -> ChatAnswer:
    question = question_of(sheet, [("Halvora",)] * len(sheet.cells))
    answer = using(connect(target(server, protocol, **more), key), lambda c: c.ask(question))
    assert isinstance(answer, ChatAnswer)
    return answer


def test_a_sheet_is_seen_and_answered(server: ModelServer, protocol: str, sheet: Sheet) -> None:
    answer = ask(server, protocol, sheet)
    read = read_answer(answer.text, sheet)
    assert {read[n].brand for n, c in enumerate(sheet.cells, 1) if c is not None} == {
        "Zentrika",
        "NOT_A_BRAND",
    }
    assert (answer.input_tokens, answer.output_tokens) == server.answers[0]
    assert answer.end == "stop" and answer.seconds > 0
    assert server.asked[0].protocol == protocol and server.asked[0].schema


def test_models_are_listed(server: ModelServer, protocol: str) -> None:
    client = connect(target(server, protocol), KEY)
    assert using(client, lambda c: c.models()) == [server.model]


def test_a_server_without_schemas_is_asked_without(server: ModelServer, protocol: str, sheet: Sheet) -> None:
    server.behaviour = Behaviour("no_schema")
    assert read_answer(ask(server, protocol, sheet).text, sheet)
    assert [a.schema for a in server.asked] == [True, False]


def test_questions_under_way_together_all_get_round_a_server_without_schemas(
    server: ModelServer, protocol: str, sheet: Sheet
) -> None:
    server.behaviour = Behaviour("no_schema")
    question = question_of(sheet, [("Halvora",)] * len(sheet.cells))

    async def work(client: ChatClient) -> list[ChatAnswer]:
        return [*await asyncio.gather(*(client.ask(question) for _ in range(3))), await client.ask(question)]

    answers = using(connect(target(server, protocol), KEY), work)
    assert all(read_answer(answer.text, sheet) for answer in answers)
    assert [a.schema for a in server.asked].count(True) == 3, "it is found out once, not for every question"


def test_a_refusal_is_told_apart(server: ModelServer, protocol: str, sheet: Sheet) -> None:
    server.behaviour = Behaviour("refusal")
    assert ask(server, protocol, sheet).end == "refusal"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("busy", "busy"),
        ("error", "server"),
        ("drop", "dropped"),
        ("cut_body", "garbled"),
        ("denied", "key"),
    ],
)
def test_troubles_have_their_kind_and_no_key_in_them(
    server: ModelServer, protocol: str, sheet: Sheet, fault: str, kind: str
) -> None:
    server.behaviour = Behaviour(fault, retry_after="7")
    with pytest.raises(ModelTrouble) as caught:
        ask(server, protocol, sheet)
    assert caught.value.kind == kind
    assert caught.value.retry_after == (7.0 if fault == "busy" else None)
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert len(server.asked) == 1, "retries belong to the caller"


def test_a_wrong_key_and_a_missing_model(server: ModelServer, protocol: str, sheet: Sheet) -> None:
    with pytest.raises(ModelTrouble, match="refused the key") as caught:
        ask(server, protocol, sheet, key="sk-wrong-key-0000")
    assert caught.value.kind == "key" and "sk-wrong" not in str(caught.value)
    with pytest.raises(ModelTrouble, match="has no model") as caught:
        ask(server, protocol, sheet, model="another")
    assert caught.value.kind == "missing"


def test_a_slow_and_an_absent_server(server: ModelServer, protocol: str, sheet: Sheet) -> None:
    server.behaviour = Behaviour(wait=3600.0)
    with pytest.raises(ModelTrouble) as caught:
        ask(server, protocol, sheet, timeout=2.0)
    assert caught.value.kind == "slow"
    server.closing.set()
    with nobody() as server.url, pytest.raises(ModelTrouble, match="No server answers") as caught:
        ask(server, protocol, sheet)
    assert caught.value.kind == "unreachable"


def test_an_answer_that_quotes_the_key_comes_without_it(
    server: ModelServer, protocol: str, sheet: Sheet
) -> None:
    server.behaviour = Behaviour("echo")
    answer = ask(server, protocol, sheet)
    assert KEY not in answer.text and "[key]" in answer.text


def test_no_key_is_taken_from_elsewhere(protocol: str, sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of one's own must never get the key that another program's variable holds."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with model_server(SIGNS, key=KEY) as strict, pytest.raises(ModelTrouble, match="refused the key"):
        ask(strict, protocol, sheet, key="")


def test_the_picture_is_what_was_drawn(sheet: Sheet, server: ModelServer) -> None:
    texts = server.read_cells(sheet.jpeg)
    assert len(texts) == len(sheet.cells) == 3
    assert texts[sheet.blank - 1] == ""
    assert np.count_nonzero([bool(t) for t in texts]) == 2
