"""What a person can say: one frozen record per command, with nothing in it but plain data.

A command names things by id. It is stored as it is in the audit log (`payload`), so that the log can be read,
exported and searched. What each one does is in app/handling/.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.decoding import looked_through
from engine.domain.geometry import Polygon

Verdict = Literal["confirm", "reject", "reassign", "unsure"]


class Command(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="command"):
    """Base of all commands."""


# Appearances -------------------------------------------------------------------------------------------


class Decide(Command, frozen=True, tag="decide"):
    """Confirm, reject, reassign or leave unsure one or several appearances of one run. `confirm` without a brand
    takes each appearance's own (accepted, else best candidate); `reassign` needs `brand_id`, or `brand_name`:
    a name that no brand has makes one. One Decision per brand, so that a group is one decision."""

    source_id: str
    job_id: str
    appearance_keys: tuple[str, ...]
    kind: Verdict
    brand_id: str = ""
    brand_name: str = ""
    note: str = ""


class ClearDecision(Command, frozen=True, tag="clear-decision"):
    """Take back what was decided on these appearances (or these decisions): the machine's word stands again."""

    source_id: str
    job_id: str = ""
    appearance_keys: tuple[str, ...] = ()
    decision_ids: tuple[str, ...] = ()


class SplitFrame(Command, frozen=True, tag="split-frame"):
    """Decide on one frame of an appearance apart from the rest. `time` in microseconds lies in that frame."""

    source_id: str
    job_id: str
    appearance_key: str
    time: int
    kind: Verdict
    brand_id: str = ""
    brand_name: str = ""


class DrawBox(Command, frozen=True, tag="draw-box"):
    """A box that a person drew: `polygon` in source pixels at `time` (microseconds), shown from `start` to `end`
    (microseconds; None: the span of the analysed frame at `time`). `brand_name` that no brand has makes one.
    `crop` is the blob digest of the box's picture: it becomes a reference of the brand."""

    source_id: str
    job_id: str
    time: int
    polygon: Polygon
    brand_name: str = ""
    brand_id: str = ""
    start: int | None = None
    end: int | None = None
    crop: str = ""
    text: str = ""


class EditBox(Command, frozen=True, tag="edit-box"):
    """Correct an appearance's polygon at one time, its start or its end (microseconds; None: as it was)."""

    source_id: str
    job_id: str
    appearance_key: str
    time: int | None = None
    polygon: Polygon | None = None
    start: int | None = None
    end: int | None = None


class AcceptRun(Command, frozen=True, tag="accept-run"):
    """Make a completed run the one of its source that counts in totals and reports."""

    job_id: str


# Brands ------------------------------------------------------------------------------------------------


class AddBrand(Command, frozen=True, tag="add-brand"):
    """A brand made by hand; it is confirmed."""

    name: str
    aliases: tuple[str, ...] = ()
    category: str = ""
    books: tuple[str, ...] = ()
    origin: str = ""


class RenameBrand(Command, frozen=True, tag="rename-brand"):
    """Give a brand another name; the former one stays as an alias where `keep_alias`."""

    brand_id: str
    name: str
    keep_alias: bool = True


class ConfirmBrand(Command, frozen=True, tag="confirm-brand"):
    """Say that brands are real (or, with `confirmed` false, that this is open again)."""

    brand_ids: tuple[str, ...]
    confirmed: bool = True


class SetCategory(Command, frozen=True, tag="set-category"):
    brand_ids: tuple[str, ...]
    category: str


class AddAlias(Command, frozen=True, tag="add-alias"):
    """Further spellings of a brand. A spelling of another brand is refused unless `share`: then both have it, and
    what reads so goes to review."""

    brand_id: str
    aliases: tuple[str, ...]
    share: bool = False


class RemoveAlias(Command, frozen=True, tag="remove-alias"):
    brand_id: str
    aliases: tuple[str, ...]


class MergeBrands(Command, frozen=True, tag="merge-brands"):
    """Let brands lead on to another one. `texts` are unresolved spellings that become aliases of it."""

    brand_ids: tuple[str, ...]
    into: str
    texts: tuple[str, ...] = ()


class UnmergeBrand(Command, frozen=True, tag="unmerge-brand"):
    """Let merged brands stand for themselves again, with what each had and what was said of them since."""

    brand_ids: tuple[str, ...]


class SplitSighting(msgspec.Struct, frozen=True):
    """Appearances of one run that a split takes along."""

    source_id: str
    job_id: str
    appearance_keys: tuple[str, ...]


class SplitBrand(Command, frozen=True, tag="split-brand"):
    """Part a brand in two: the brand `into`, or a new one called `new_name`, gets these aliases of it and these
    appearances (as reassign decisions)."""

    brand_id: str
    new_name: str = ""
    into: str = ""
    aliases: tuple[str, ...] = ()
    sightings: tuple[SplitSighting, ...] = ()


class AddReference(Command, frozen=True, tag="add-reference"):
    """A picture of a brand's mark: `digest` of a blob that is stored already."""

    brand_id: str
    digest: str
    origin: str = ""


class RemoveReference(Command, frozen=True, tag="remove-reference"):
    brand_id: str
    digest: str


# Lists -------------------------------------------------------------------------------------------------


class Deny(Command, frozen=True, tag="deny"):
    """Texts that are no brand: clock, score, team and player names, words."""

    texts: tuple[str, ...]
    origin: str = ""


class Undeny(Command, frozen=True, tag="undeny"):
    texts: tuple[str, ...]


class NotSame(Command, frozen=True, tag="not-same"):
    """Brands (by id) or texts that are not the same as each other: never offered together again."""

    things: tuple[str, ...]


class ForgetNotSame(Command, frozen=True, tag="forget-not-same"):
    first: str
    second: str


class AddToBook(Command, frozen=True, tag="add-to-book"):
    """List brands in a book; a book that is not there is made."""

    book: str
    brand_ids: tuple[str, ...]


class RemoveFromBook(Command, frozen=True, tag="remove-from-book"):
    book: str
    brand_ids: tuple[str, ...]


class BookLine(msgspec.Struct, frozen=True):
    """One brand of an imported book."""

    name: str
    aliases: tuple[str, ...] = ()
    category: str = ""
    origin: str = ""


class ImportBook(Command, frozen=True, tag="import-book"):
    """Take the brands of a file into the library and list them in `book`. Brands that are there get what they
    lack; spellings that belong to another brand stay there and are told."""

    book: str
    lines: tuple[BookLine, ...]
    origin: str = ""


# Libraries ---------------------------------------------------------------------------------------------


class RemoveSource(Command, frozen=True, tag="remove-source"):
    """Take a source out of the library: it is listed and counted no more. Its decisions stay for good, its runs
    until their space is freed (app/source_removal.py)."""

    source_id: str


class RestoreSource(Command, frozen=True, tag="restore-source"):
    """Bring a removed source back, with its decisions and the runs that were not freed."""

    source_id: str


class ImportDecisions(Command, frozen=True, tag="import-decisions"):
    """Decisions and what they need (brands, deny list, pairs) from another library, as its export holds them."""

    document: dict[str, Any]


class Several(Command, frozen=True, tag="several"):
    """Commands that are one step to the person: one transaction, one line in the history, one undo."""

    title: str
    commands: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, title: str, commands: tuple[Command, ...]) -> Several:
        """One step of these commands; `title` names it, as in "Merge 12 aliases into Hankook"."""
        return cls(title=title, commands=tuple(to_payload(c) for c in commands))

    def unpacked(self) -> tuple[Command, ...]:
        return tuple(from_payload(data) for data in self.commands)


AnyCommand = (
    Decide | ClearDecision | SplitFrame | DrawBox | EditBox | AcceptRun | AddBrand | RenameBrand | ConfirmBrand
    | SetCategory | AddAlias | RemoveAlias | MergeBrands | UnmergeBrand | SplitBrand | AddReference
    | RemoveReference | Deny | Undeny | NotSame | ForgetNotSame | AddToBook | RemoveFromBook | ImportBook
    | RemoveSource | RestoreSource | ImportDecisions | Several
)  # fmt: skip


def to_payload(command: Command) -> dict[str, Any]:
    """The command as plain data; its kind is under `command`."""
    data: dict[str, Any] = msgspec.to_builtins(command)
    return data


def from_payload(data: dict[str, Any]) -> Command:
    """The command of an audit row's payload; msgspec.ValidationError where it is none."""
    command: Command = msgspec.convert(data, looked_through(AnyCommand))
    return command


def name_of(command: Command) -> str:
    """The kind of command as the log names it: `merge-brands`."""
    tag = type(command).__struct_config__.tag
    return str(tag)
