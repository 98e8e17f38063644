"""Messages in Anthropic's shape."""

from __future__ import annotations

import base64
import time
from typing import Any

import anthropic

from engine.adapters.chat.common import (
    MOST_TEXT,
    NO_KEY,
    hide,
    retry_after,
    uses_proxies,
    whole,
)
from engine.adapters.chat.openai_chat import UNREACHED
from engine.escalation.trouble import ModelTrouble, of_status
from engine.ports import ChatAnswer, ChatQuestion, ChatTarget

ENDPOINT = "https://api.anthropic.com"


class AnthropicMessages:
    """Implements engine.ports.ChatClient over one connection pool. Retries are the caller's: each attempt of a paid
    model has a reservation of its own."""

    def __init__(self, target: ChatTarget, key: str) -> None:
        self._target = target
        self._key = key
        self._where = target.endpoint or target.provider
        self._takes_schema = True
        endpoint = target.endpoint or ENDPOINT
        self._client = anthropic.AsyncAnthropic(
            api_key=key or NO_KEY,
            base_url=endpoint,
            max_retries=0,
            timeout=target.timeout,
            open_telemetry=False,
            http_client=anthropic.DefaultAsyncHttpxClient(
                follow_redirects=False, trust_env=uses_proxies(endpoint), timeout=target.timeout
            ),
        )

    async def ask(self, question: ChatQuestion) -> ChatAnswer:
        started = time.monotonic()
        schema = self._takes_schema
        try:
            done = await self._complete(question, schema)
        except ModelTrouble as trouble:
            # A model that knows no JSON schema says 400: the prompt holds the schema too. Questions under way at the
            # same time find that out each for itself.
            if trouble.kind != "request" or not schema:
                raise
            done = await self._complete(question, schema=False)
            self._takes_schema = False
        return self._answer(done, time.monotonic() - started)

    async def _complete(self, question: ChatQuestion, schema: bool) -> Any:
        pictures = [
            {
                "type": "image",
                "source": {
                    "type": "base64",
                    "media_type": "image/jpeg",
                    "data": base64.b64encode(image).decode(),
                },
            }
            for image in question.images
        ]
        arguments: dict[str, Any] = {
            "model": self._target.model,
            "max_tokens": question.max_tokens,
            "system": question.system,
            "messages": [{"role": "user", "content": [*pictures, {"type": "text", "text": question.text}]}],
        }
        if schema:
            arguments["output_config"] = {"format": {"type": "json_schema", "schema": question.schema}}
        return await self._tried(self._client.messages.create(**arguments))

    def _answer(self, done: Any, seconds: float) -> ChatAnswer:
        try:
            text = "".join(block.text for block in done.content if block.type == "text")
            end = {"refusal": "refusal", "max_tokens": "length"}.get(done.stop_reason or "", "stop")
            return ChatAnswer(
                text=hide(text[:MOST_TEXT], self._key),
                input_tokens=self._input(done.usage),
                output_tokens=whole(getattr(done.usage, "output_tokens", None)),
                end=end,
                model=self._target.model,
                seconds=seconds,
            )
        except (AttributeError, TypeError):
            pass
        raise ModelTrouble("garbled", f"{self._where} answered in no shape that is known.")

    @staticmethod
    def _input(usage: Any) -> int | None:
        """All input tokens; those of a cache are counted in full."""
        plain = whole(getattr(usage, "input_tokens", None))
        if plain is None:
            return None
        cached = (getattr(usage, f"cache_{kind}_input_tokens", None) for kind in ("creation", "read"))
        return plain + sum(whole(tokens) or 0 for tokens in cached)

    async def models(self) -> list[str]:
        page = await self._tried(self._client.models.list())
        try:
            return sorted(hide(str(model.id), self._key) for model in page.data)
        except (AttributeError, TypeError):
            pass
        raise ModelTrouble("garbled", f"{self._where} lists no models in a shape that is known.")

    async def _tried(self, call: Any) -> Any:
        """The call's result; what goes wrong becomes a ModelTrouble with no trace of the request in it."""
        trouble: ModelTrouble
        try:
            return await call
        except anthropic.APIStatusError as error:
            trouble = of_status(
                error.status_code,
                self._where,
                self._target.model,
                retry_after=retry_after(error.response.headers),
            )
        except anthropic.APITimeoutError as error:
            if type(error.__cause__).__name__ in UNREACHED:
                trouble = self._unreachable()
            else:
                trouble = ModelTrouble(
                    "slow", f"{self._where} did not answer within {self._target.timeout:g} s."
                )
        except anthropic.APIConnectionError as error:
            if type(error.__cause__).__name__ in UNREACHED:
                trouble = self._unreachable()
            else:
                trouble = ModelTrouble("dropped", f"{self._where} broke the connection off.")
        except (anthropic.AnthropicError, ValueError, TypeError):
            trouble = ModelTrouble("garbled", f"{self._where} sent an answer that is no JSON.")
        raise trouble

    def _unreachable(self) -> ModelTrouble:
        return ModelTrouble(
            "unreachable",
            f"No server answers at {self._where}.",
            to_do="Check the connection to the internet.",
        )

    async def close(self) -> None:
        await self._client.close()
