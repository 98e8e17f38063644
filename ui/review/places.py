"""Where a person was in each video: coming back, also tomorrow, finds the same item and frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST = 60
"""Places of so many videos are kept, those left last."""


@dataclass(frozen=True, slots=True)
class Place:
    """`key` of the appearance that was looked at ('' for none) and the frame's time (microseconds)."""

    key: str
    time: int


class Places:
    """The place in each source, the one left last at the end."""

    def __init__(self) -> None:
        self._found: dict[str, Place] = {}

    def remember(self, source_id: str, place: Place) -> None:
        self._found.pop(source_id, None)
        self._found[source_id] = place

    def of(self, source_id: str) -> Place | None:
        """Where the person was in a source; None where it wasn't looked at."""
        return self._found.get(source_id)

    def saved(self) -> dict[str, list[object]]:
        """As JSON holds it."""
        return {id: [place.key, place.time] for id, place in list(self._found.items())[-MOST:]}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """What `saved` gave; what doesn't look so is left out."""
        for id, place in stored.items():
            match place:
                case [str(key), int(time)] if time >= 0:
                    self._found[str(id)] = Place(key, time)
