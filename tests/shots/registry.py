"""Which screens there are: each module of this package registers its own with `@shot`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from tests.shots.studio import Studio

LibraryKind = Literal["demo", "empty", "fresh"]
"""`demo`: the finished demo; `empty`: nothing in it; `fresh`: the demo imported but not run yet."""
Make = Callable[["Studio"], QWidget | None]


@dataclass(frozen=True, slots=True)
class Shot:
    """`make` brings the window into the state and returns what is drawn over it (a dialog), or None."""

    name: str
    make: Make
    library: LibraryKind = "demo"


SHOTS: list[Shot] = []


def shot(name: str, library: LibraryKind = "demo") -> Callable[[Make], Make]:
    """Registers a screen under a file name."""

    def register(make: Make) -> Make:
        SHOTS.append(Shot(name, make, library))
        return make

    return register
