"""Which rows the reviewer wants to see: the state of the filter chips, kept with the layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.review_rows import QueueFilter


@dataclass(frozen=True, slots=True)
class Wanted:
    """Empty fields let everything through. `flags` are names of flags, `brand` an id with its name beside it."""

    undecided: bool = True
    flagged: bool = False
    flags: tuple[str, ...] = ()
    brand: str = ""
    brand_name: str = ""
    surface: str = ""
    text: str = ""
    denied: bool = False

    def to_filter(self) -> QueueFilter:
        """As the queue takes it."""
        from app.review_rows import Flag, QueueFilter

        known = {str(f) for f in Flag}
        return QueueFilter(
            undecided=self.undecided,
            flagged=self.flagged,
            flags=frozenset(Flag(f) for f in self.flags if f in known),
            brand_id=self.brand,
            surface=self.surface,
            text=self.text,
            denied=self.denied,
        )

    def saved(self) -> dict[str, Any]:
        """What is kept with the layout: not the search, nor a brand of one library."""
        kept = asdict(self)
        return {k: kept[k] for k in ("undecided", "flagged", "surface", "denied")}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Wanted:
        return cls(
            undecided=bool(state.get("undecided", True)),
            flagged=bool(state.get("flagged", False)),
            surface=str(state.get("surface", "")),
            denied=bool(state.get("denied", False)),
        )
