"""What a person said: decisions about a source's appearances, anchored by time, place, text and look."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from engine.domain.geometry import Polygon
from engine.domain.timebase import Span


class DecisionKind(StrEnum):
    CONFIRM = "confirm"
    REJECT = "reject"
    REASSIGN = "reassign"
    UNSURE = "unsure"
    DRAW = "draw"
    """A box drawn by a person as a manual brand."""
    EDIT = "edit"
    """Box or start/end corrected by a person."""


class AnchorSample(msgspec.Struct, frozen=True, array_like=True):
    """Where the sign was at one time: microseconds from the first frame, polygon in source pixels."""

    time: int
    polygon: Polygon


class Member(msgspec.Struct, frozen=True):
    """One appearance that a decision covers, as it was when the person decided."""

    span: Span
    samples: tuple[AnchorSample, ...]
    text: str = ""
    look: str = ""
    job_id: str = ""
    appearance: str = ""
    """Key of the appearance in that run; of a corrected box that a person drew, the key that it got when drawn."""
    parts: tuple[str, ...] = ()
    """Keys of the parts it came from: the same part means the same track."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word on appearances of one source. It belongs to the source, not to a run."""

    id: str
    source_asset_id: str
    kind: DecisionKind
    members: tuple[Member, ...]
    brand_id: str = ""
    brand_name: str = ""
    note: str = ""
    active: bool = True
    revision: int = 0
    created_at: datetime | None = None
    created_by: str = ""


DRAWN_MARK = ":"
"""In the key of a drawn box, between the decision that drew it and the number of its member; in no other key."""


def drawn_key(decision: Decision, number: int) -> str:
    """The key under which a drawn box is shown. A correction is another decision, but still the same box: it keeps
    the key that the box got when it was drawn."""
    return decision.members[number].appearance or f"{decision.id}{DRAWN_MARK}{number}"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the append-only log: who, when, what, and the inverse that takes it back."""

    id: int
    command: str
    title: str
    payload: dict[str, Any]
    inverse: dict[str, Any]
    subject: str = ""
    source_asset_id: str = ""
    actor: str = ""
    at: datetime | None = None
    undoes: int | None = None
    """Id of the entry that this one took back (or brought back)."""
    group: str = ""
