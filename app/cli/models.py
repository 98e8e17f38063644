"""models: what can be asked, what it costs, whether it answers; keys come from a prompt or a pipe, never an option."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

import msgspec

from app.cli.console import table
from app.container import Container, open_container
from app.models_service import LOCAL_SERVERS, PROVIDERS
from engine.domain.errors import UserFixable
from engine.ports import ChatTarget

TIMEOUT = 30.0


def do_models(given: argparse.Namespace) -> int:
    act = {"list": _list, "test": _test, "key": _key, "price": _price}[given.act]
    with open_container(given.library) as app:
        return act(app, given)


def _target(given: argparse.Namespace, words: list[str], *, local: bool) -> ChatTarget:
    model = words[1] if len(words) > 1 else ""
    if local:
        return ChatTarget(protocol="openai", provider="", endpoint=words[0], model=model, timeout=TIMEOUT)
    if words[0] not in {p.id for p in PROVIDERS}:
        raise UserFixable(
            f"There is no provider {words[0]!r}.",
            still_works="Nothing was sent.",
            to_do=f"The providers are {', '.join(p.id for p in PROVIDERS)}.",
        )
    return ChatTarget(
        protocol="anthropic" if words[0] == "anthropic" else "openai",
        provider=words[0],
        endpoint=given.endpoint,
        model=model,
        timeout=TIMEOUT,
    )


def _list(app: Container, given: argparse.Namespace) -> int:
    words = given.vlm or given.cloud
    if words:
        names = app.models.list_models(_target(given, words, local=bool(given.vlm)))
        print(
            msgspec.json.encode(names).decode() if given.json else "\n".join(names) or "It offers no models."
        )
        return 0
    choices = app.models.choices
    rows: list[dict[str, Any]] = []
    for provider in PROVIDERS:
        key = app.models.secrets.get(provider.id)
        chosen = choices.model if choices.provider == provider.id else ""
        price = app.models.price(provider.id, chosen, choices.endpoint) if chosen else None
        rows.append(
            {
                "provider": provider.id,
                "endpoint": provider.endpoint,
                "key": f"from {key.where}" if key is not None else "none",
                "model": chosen,
                "price": f"{price.input_usd:g} in, {price.output_usd:g} out ({price.source})"
                if price
                else "",
            }
        )
    state = app.models.secrets.state()
    if given.json:
        print(msgspec.json.encode({"providers": rows, "keyring": state.kind}).decode())
        return 0
    head = ("provider", "endpoint", "key", "model", "USD for a million tokens")
    print(table([head, *(tuple(row.values()) for row in rows)]))
    print(f"\n{state.sentence}")
    if choices.vlm_endpoint:
        print(f"On this machine or network: {choices.vlm_model} at {choices.vlm_endpoint}")
    else:
        usual = ", ".join(f"{name} {url}" for name, url in LOCAL_SERVERS)
        print(f"No local model is chosen. Servers usually listen at: {usual}")
    return 0


def _test(app: Container, given: argparse.Namespace) -> int:
    words = given.vlm or given.cloud
    report = app.models.test(_target(given, words, local=bool(given.vlm)))
    cost = "not known" if report.cost_usd is None else f"{report.cost_usd:.6f} USD"
    print(f"{report.sentence}\nanswer: {report.answered}\nlatency: {report.seconds:.2f} s\ncost: {cost}")
    return 0 if report.understood else 1


def _key(app: Container, given: argparse.Namespace) -> int:
    secrets = app.models.secrets
    if given.forget:
        secrets.forget(given.provider)
        print(f"The key for {given.provider} is gone from the keyring.")
        return 0
    if sys.stdin.isatty():
        text = getpass.getpass(f"Key for {given.provider}: ")
    else:
        text = sys.stdin.readline()
    state = secrets.keep(given.provider, text)
    if state.kind == "ready":
        print(state.sentence)
        return 0
    print(state.sentence, file=sys.stderr)
    return 3


def _price(app: Container, given: argparse.Namespace) -> int:
    app.models.set_price(given.provider, given.model, given.input, given.output)
    price = app.models.price(given.provider, given.model)
    assert price is not None
    print(
        f"{given.provider} {given.model}: {price.input_usd:g} USD in, {price.output_usd:g} USD out "
        f"for a million tokens ({price.source})."
    )
    return 0
