"""Models over HTTP: one module a protocol, on the providers' own libraries; `connect` chooses."""

from __future__ import annotations

from engine.ports import ChatClient, ChatTarget


def connect(target: ChatTarget, key: str) -> ChatClient:
    """A client for this model. `key` may be empty for servers that want none; it is kept in memory only."""
    if target.protocol == "anthropic":
        from engine.adapters.chat.anthropic_messages import AnthropicMessages

        return AnthropicMessages(target, key)
    from engine.adapters.chat.openai_chat import OpenAiChat

    return OpenAiChat(target, key)
