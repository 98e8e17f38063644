"""Loaded models, one set for each worker thread: sessions are never shared between threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class ThreadModelHub:
    """Implements engine.ports.ModelHub. A model lives as long as its thread or until `clear`."""

    def __init__(self, provider: Callable[[], str]) -> None:
        self._find_provider = provider
        self._provider = ""
        self._lock = threading.Lock()
        self._local = threading.local()

    @property
    def provider(self) -> str:
        """Where models run, found once and checked on a live session."""
        with self._lock:
            if not self._provider:
                self._provider = self._find_provider()
            return self._provider

    def get(self, key: Hashable, build: Callable[[], T]) -> T:
        """This thread's model of that key, built when first asked for."""
        models: dict[Hashable, Any] | None = getattr(self._local, "models", None)
        if models is None:
            models = self._local.models = {}
        if key not in models:
            models[key] = build()
        found: T = models[key]
        return found
