"""Chat completions in OpenAI's shape: Ollama, LM Studio, llama-server, vLLM, OpenAI, Gemini's compatible endpoint."""

from __future__ import annotations

import base64
import time
from typing import Any

import openai

from engine.adapters.chat.common import (
    MOST_TEXT,
    NO_KEY,
    hide,
    retry_after,
    uses_proxies,
    whole,
)
from engine.escalation.trouble import ModelTrouble, of_status
from engine.ports import ChatAnswer, ChatQuestion, ChatTarget

ENDPOINTS = {
    "openai": "https://api.openai.com/v1",
    "google": "https://generativelanguage.googleapis.com/v1beta/openai/",
}
UNREACHED = ("ConnectError", "ConnectTimeout", "UnsupportedProtocol", "ProxyError")


class OpenAiChat:
    """Implements engine.ports.ChatClient over one connection pool. Retries are the caller's: each attempt of a paid
    model has a reservation of its own."""

    def __init__(self, target: ChatTarget, key: str) -> None:
        self._target = target
        self._key = key
        self._where = target.endpoint or target.provider
        self._takes_schema = True
        endpoint = target.endpoint or ENDPOINTS.get(target.provider, "")
        if not endpoint:
            raise ModelTrouble("config", f"{target.provider} has no endpoint.", to_do="Give its base URL.")
        self._client = openai.AsyncOpenAI(
            api_key=key or NO_KEY,
            admin_api_key="",
            base_url=endpoint,
            max_retries=0,
            timeout=target.timeout,
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False, trust_env=uses_proxies(endpoint), timeout=target.timeout
            ),
        )

    async def ask(self, question: ChatQuestion) -> ChatAnswer:
        started = time.monotonic()
        schema = self._takes_schema
        try:
            done = await self._complete(question, schema)
        except ModelTrouble as trouble:
            # A server that knows no JSON schema says 400: the prompt holds the schema too. Questions under way at the
            # same time find that out each for itself.
            if trouble.kind != "request" or not schema:
                raise
            done = await self._complete(question, schema=False)
            self._takes_schema = False
        return self._answer(done, time.monotonic() - started)

    async def _complete(self, question: ChatQuestion, schema: bool) -> Any:
        pictures = [
            {
                "type": "image_url",
                "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(image).decode()}"},
            }
            for image in question.images
        ]
        arguments: dict[str, Any] = {
            "model": self._target.model,
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": [*pictures, {"type": "text", "text": question.text}]},
            ],
        }
        # OpenAI's own models count their thinking under the newer name only; others know the older one.
        limit = "max_completion_tokens" if self._target.provider == "openai" else "max_tokens"
        arguments[limit] = question.max_tokens
        if schema:
            arguments["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "cells", "strict": True, "schema": question.schema},
            }
        return await self._tried(self._client.chat.completions.create(**arguments))

    def _answer(self, done: Any, seconds: float) -> ChatAnswer:
        try:
            choice = done.choices[0]
            message = choice.message
            refused = bool(getattr(message, "refusal", None)) or choice.finish_reason == "content_filter"
            usage = done.usage
            return ChatAnswer(
                text=hide((message.content or "")[:MOST_TEXT], self._key),
                input_tokens=whole(getattr(usage, "prompt_tokens", None)),
                output_tokens=whole(getattr(usage, "completion_tokens", None)),
                end="refusal" if refused else "length" if choice.finish_reason == "length" else "stop",
                model=self._target.model,
                seconds=seconds,
            )
        except (AttributeError, IndexError, TypeError):
            pass
        raise ModelTrouble("garbled", f"{self._where} answered in no shape that is known.")

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
        except openai.APIStatusError as error:
            trouble = of_status(
                error.status_code,
                self._where,
                self._target.model,
                retry_after=retry_after(error.response.headers),
            )
        except openai.APITimeoutError as error:
            if type(error.__cause__).__name__ in UNREACHED:
                trouble = self._unreachable()
            else:
                trouble = ModelTrouble(
                    "slow", f"{self._where} did not answer within {self._target.timeout:g} s."
                )
        except openai.APIConnectionError as error:
            if type(error.__cause__).__name__ in UNREACHED:
                trouble = self._unreachable()
            else:
                trouble = ModelTrouble("dropped", f"{self._where} broke the connection off.")
        except (openai.OpenAIError, ValueError, TypeError):
            trouble = ModelTrouble("garbled", f"{self._where} sent an answer that is no JSON.")
        raise trouble

    def _unreachable(self) -> ModelTrouble:
        return ModelTrouble(
            "unreachable",
            f"No server answers at {self._where}.",
            to_do="Start it (for instance `ollama serve`) or correct the endpoint.",
        )

    async def close(self) -> None:
        await self._client.close()
