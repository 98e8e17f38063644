"""Answers for a dialog that may be closed before they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import shiboken6
from PySide6.QtCore import QObject

T = TypeVar("T")


def while_alive(owner: QObject, act: Callable[[T], None]) -> Callable[[T], None]:
    """`act`, but nothing where `owner` is gone by then."""

    def answer(value: T) -> None:
        if shiboken6.isValid(owner):
            act(value)

    return answer
