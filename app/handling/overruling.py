"""A new word switches off the ones that stood before it on the same appearances, and on nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from app.handling.standing import held_decisions, other_pieces
from app.handling.work import Work
from app.overlay import FRAME_NOTE, member_of
from engine.domain.decisions import Decision, DecisionKind, Member

if TYPE_CHECKING:
    from app.results import RunResult


def new_decision(
    work: Work,
    run: RunResult,
    kind: DecisionKind,
    members: tuple[Member, ...],
    brand_id: str,
    brand_name: str,
    note: str,
) -> Decision:
    """A decision on this run's source by the person at work, not stored yet."""
    return Decision(
        id="",
        source_asset_id=run.source.id,
        kind=kind,
        members=members,
        brand_id=brand_id,
        brand_name=brand_name,
        note=note,
        created_by=work.actor,
    )


def standing(work: Work, run: RunResult, keys: Iterable[str]) -> dict[str, list[Decision]]:
    """Active decisions that hold each appearance in this run, made on it or anchored to it, oldest first."""
    return {key: [d for d, _ in found] for key, found in _held(work, run, list(keys)).items()}


def _held(work: Work, run: RunResult, keys: list[str]) -> dict[str, list[tuple[Decision, int]]]:
    """`held_decisions` within the command that is carried out."""
    return held_decisions(work.library, work.runs, run, keys, conn=work.conn)


def overrule(
    work: Work, run: RunResult, keys: Sequence[str], kinds: tuple[DecisionKind, ...], *, frames: bool
) -> list[str]:
    """Switch off the decisions of these kinds on these appearances. What else they hold keeps them, as decisions of
    their own: the other members of a group, and the other pieces in which this run sees a member. Returns the ids
    switched off and made."""
    covered: dict[str, tuple[Decision, set[int]]] = {}
    movable: set[tuple[str, int]] = set()
    for key, found in _held(work, run, list(keys)).items():
        for decision, member in found:
            if decision.kind not in kinds or (decision.note == FRAME_NOTE and not frames):
                continue
            covered.setdefault(decision.id, (decision, set()))[1].add(member)
            # What was decided on this run names one appearance of it. While a run is going, that may get another key:
            # it is the same one, no other piece.
            elsewhere = decision.members[member].job_id != run.job.id
            if elsewhere and key in run.by_key and decision.note != FRAME_NOTE:
                movable.add((decision.id, member))
    if not covered:
        return []
    pieces = _still_held(work, run, keys, movable)
    decisions = work.library.decisions
    ids = list(decisions.set_active(list(covered), False, conn=work.conn))
    for decision, numbers in covered.values():
        left = [
            member_of(run, run.by_key[key])
            for number in sorted(numbers)
            for key in pieces.get((decision.id, number), ())
        ]
        groups: list[tuple[Member, ...]]
        if decision.kind is DecisionKind.EDIT:
            groups = [(member, decision.members[-1]) for member in left]
        else:
            rest = [m for i, m in enumerate(decision.members) if i not in numbers]
            groups = [(*rest, *left)] if rest or left else []
        for members in groups:
            kept = new_decision(
                work, run, decision.kind, members, decision.brand_id, decision.brand_name, decision.note
            )
            ids.append(decisions.add(kept, conn=work.conn).id)
    return ids


def _still_held(
    work: Work, run: RunResult, keys: Sequence[str], places: Collection[tuple[str, int]]
) -> dict[tuple[str, int], list[str]]:
    """By decision and member of `places`: the appearances other than `keys` on which it is the latest of its kind."""
    found = other_pieces(work.library, work.runs, run, keys, conn=work.conn) if places else {}
    pieces = {place: found[place] for place in places if place in found}
    held = _held(work, run, [key for some in pieces.values() for key in some])

    def is_latest(place: tuple[str, int], key: str) -> bool:
        said = [(d, m) for d, m in held[key] if d.note != FRAME_NOTE]
        mine = next(d for d, m in said if (d.id, m) == place)
        edits = mine.kind is DecisionKind.EDIT
        return mine is [d for d, _ in said if (d.kind is DecisionKind.EDIT) is edits][-1]

    return {place: [k for k in some if is_latest(place, k)] for place, some in pieces.items()}
