"""Commands on appearances: verdicts, drawn and corrected boxes, single frames; what is overruled is switched off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from app.commands import ClearDecision, Decide, DrawBox, EditBox, SplitFrame
from app.handling.members import (
    appearance_in,
    corrected,
    crop_of,
    drawn_member,
    frame_member,
    text_under,
)
from app.handling.overruling import new_decision, overrule, standing
from app.handling.work import BRANDS, DECISIONS, Outcome, Work, several
from app.overlay import FRAME_MARK, FRAME_NOTE, member_of
from engine.domain.brands import KnownBrand, ReferenceCrop
from engine.domain.decisions import DRAWN_MARK, Decision, DecisionKind, Member, drawn_key
from engine.domain.errors import Conflict, UserFixable
from engine.domain.records import Appearance, DetectionSource
from engine.textfold import fold_compact
from storage.review_queries import VERDICTS

if TYPE_CHECKING:
    from app.results import RunResult

NO_BRAND: tuple[str, str] = ("", "")


def decide(cmd: Decide, work: Work) -> Outcome:
    run = _run(work, cmd.source_id, cmd.job_id)
    frames = [key for key in cmd.appearance_keys if FRAME_MARK in key]
    if frames:
        return _decide_frames(cmd, frames, run, work)
    appearances = [_appearance(work, run, key) for key in dict.fromkeys(cmd.appearance_keys)]
    if not appearances:
        raise UserFixable(
            "No appearance was chosen.",
            still_works="Nothing was changed.",
            to_do="Choose a row of the queue.",
        )
    chosen = (cmd.brand_id, cmd.brand_name)
    groups = _by_brand(cmd.kind, chosen, appearances, work)
    made: list[str] = []
    for (brand_id, brand_name), group in groups.items():
        members = tuple(member_of(run, a) for a in group)
        keys = [a.key for a in group]
        made += _decide(work, run, DecisionKind(cmd.kind), members, keys, brand_id, brand_name, cmd.note)
    names = [name for _, name in groups if name]
    return Outcome(
        _title(cmd.kind, names, appearances),
        DECISIONS | BRANDS if work.made_brands else DECISIONS,
        (*(a.key for a in appearances), *made),
        f"appearance:{run.job.id}:{appearances[0].key}",
        (run.source.id,),
        made=(*made, *work.made_brands),
    )


def _decide_frames(cmd: Decide, frames: Sequence[str], run: RunResult, work: Work) -> Outcome:
    """Frames that were split off before (`appearance@seq`) get another word, each by itself."""
    whole = tuple(key for key in cmd.appearance_keys if key not in frames)
    outcomes = [decide(msgspec.structs.replace(cmd, appearance_keys=whole), work)] if whole else []
    for key in frames:
        appearance, _, seq = key.partition(FRAME_MARK)
        split = SplitFrame(
            source_id=cmd.source_id,
            job_id=cmd.job_id,
            appearance_key=appearance,
            time=run.time_of(int(seq)),
            kind=cmd.kind,
            brand_id=cmd.brand_id,
            brand_name=cmd.brand_name,
        )
        outcomes.append(split_frame(split, work))
    return replace(
        outcomes[-1],
        kinds=frozenset().union(*(o.kinds for o in outcomes)),
        ids=tuple(i for o in outcomes for i in o.ids),
        made=tuple(i for o in outcomes for i in o.made),
    )


def reassign(work: Work, source_id: str, job_id: str, keys: Sequence[str], brand: KnownBrand) -> list[str]:
    """Give appearances to a brand as one decision; returns the ids of the decisions made."""
    if not keys:
        return []
    run = _run(work, source_id, job_id)
    group = [_appearance(work, run, key) for key in dict.fromkeys(keys)]
    members = tuple(member_of(run, a) for a in group)
    return _decide(
        work, run, DecisionKind.REASSIGN, members, [a.key for a in group], brand.id, brand.canonical_name, ""
    )


def clear_decision(cmd: ClearDecision, work: Work) -> Outcome:
    """Switch off what was said of these appearances: verdicts, corrected boxes and single frames; drawn boxes go."""
    ids: list[str] = []
    if cmd.appearance_keys:
        run = _run(work, cmd.source_id, cmd.job_id)
        drawn = [_drawn(work, run, key) for key in cmd.appearance_keys if DRAWN_MARK in key]
        boxes = [found[0].id for found in drawn if found is not None]
        ids += work.library.decisions.set_active(boxes, False, conn=work.conn)
        whole = [
            _appearance(work, run, key).key
            for key in cmd.appearance_keys
            if FRAME_MARK not in key and DRAWN_MARK not in key
        ]
        ids += overrule(work, run, whole, (*VERDICTS, DecisionKind.EDIT), frames=True)
        for key in cmd.appearance_keys:
            appearance, mark, seq = key.partition(FRAME_MARK)
            if mark:
                time = run.time_of(int(seq))
                split = [
                    d.id
                    for d in standing(work, run, [appearance])[appearance]
                    if d.note == FRAME_NOTE and d.members[0].span.holds(time)
                ]
                ids += work.library.decisions.set_active(split, False, conn=work.conn)
    if cmd.decision_ids:
        found = work.library.decisions.get_many(cmd.decision_ids, conn=work.conn)
        if any(d.source_asset_id != cmd.source_id for d in found):
            raise _elsewhere()
        ids += work.library.decisions.set_active([d.id for d in found], False, conn=work.conn)
    count = len(cmd.appearance_keys) or len(ids)
    subject = f"appearance:{cmd.job_id}:{cmd.appearance_keys[0]}" if cmd.appearance_keys else ""
    return Outcome(
        f"Clear the decision on {several(count, 'appearance')}",
        DECISIONS,
        (*cmd.appearance_keys, *ids),
        subject,
        (cmd.source_id,),
        idle="Nothing was decided there.",
    )


def split_frame(cmd: SplitFrame, work: Work) -> Outcome:
    run = _run(work, cmd.source_id, cmd.job_id)
    appearance = _appearance(work, run, cmd.appearance_key)
    member = frame_member(run, appearance, cmd.time)
    ((brand_id, brand_name),) = _by_brand(cmd.kind, (cmd.brand_id, cmd.brand_name), [appearance], work)
    for decision in standing(work, run, [appearance.key])[appearance.key]:
        if decision.note == FRAME_NOTE and decision.members[0].span == member.span:
            work.library.decisions.set_active([decision.id], False, conn=work.conn)
    made = work.library.decisions.add(
        new_decision(work, run, DecisionKind(cmd.kind), (member,), brand_id, brand_name, FRAME_NOTE),
        conn=work.conn,
    )
    return Outcome(
        f"Split one frame: {_title(cmd.kind, [brand_name] if brand_name else [], [appearance])}",
        DECISIONS | BRANDS if work.made_brands else DECISIONS,
        (appearance.key, made.id),
        f"appearance:{run.job.id}:{appearance.key}",
        (run.source.id,),
        made=(made.id, *work.made_brands),
    )


def draw_box(cmd: DrawBox, work: Work) -> Outcome:
    """The box becomes a decision, its picture a reference of the brand; both keep the blob."""
    run = _run(work, cmd.source_id, cmd.job_id)
    text = cmd.text or text_under(run, cmd.time, cmd.polygon)
    member = drawn_member(run, cmd.time, cmd.polygon, cmd.start, cmd.end, text)
    brand = work.brand_for(cmd.brand_id, cmd.brand_name)
    crop = cmd.crop or crop_of(run, work.library.blobs, cmd.time, cmd.polygon)
    if crop:
        work.library.brands.add_reference(
            brand.id, ReferenceCrop(crop, f"{run.source.name} {cmd.time}"), conn=work.conn
        )
    made = work.library.decisions.add(
        new_decision(work, run, DecisionKind.DRAW, (member,), brand.id, brand.canonical_name, ""),
        conn=work.conn,
    )
    return Outcome(
        f"Draw a box for {brand.canonical_name}",
        DECISIONS | BRANDS,
        (drawn_key(made, 0), made.id, brand.id),
        f"time:{run.source.id}:{cmd.time}",
        (run.source.id,),
        made=(made.id, *work.made_brands),
    )


def edit_box(cmd: EditBox, work: Work) -> Outcome:
    """A correction replaces the one before it and starts from it. A drawn box is edited as a drawn box."""
    run = _run(work, cmd.source_id, cmd.job_id)
    decisions = work.library.decisions
    drawn = _drawn(work, run, cmd.appearance_key) if DRAWN_MARK in cmd.appearance_key else None
    if drawn is not None:
        before, at = drawn
        members = list(before.members)
        member = corrected(members[at], cmd.time, cmd.polygon, cmd.start, cmd.end)
        members[at] = msgspec.structs.replace(member, appearance=cmd.appearance_key)
        kind, brand_id, brand_name = before.kind, before.brand_id, before.brand_name
        decisions.set_active([before.id], False, conn=work.conn)
        kept = tuple(members)
    else:
        appearance = _appearance(work, run, cmd.appearance_key)
        anchor, base = member_of(run, appearance), member_of(run, appearance)
        for decision in standing(work, run, [appearance.key])[appearance.key]:
            if decision.kind is DecisionKind.EDIT:
                base = decision.members[-1]
        overrule(work, run, [appearance.key], (DecisionKind.EDIT,), frames=False)
        kind, brand_id, brand_name = DecisionKind.EDIT, "", ""
        kept = (anchor, corrected(base, cmd.time, cmd.polygon, cmd.start, cmd.end))
    made = decisions.add(new_decision(work, run, kind, kept, brand_id, brand_name, ""), conn=work.conn)
    parts = [
        w for w, given in (("box", cmd.polygon), ("start", cmd.start), ("end", cmd.end)) if given is not None
    ]
    return Outcome(
        f"Correct the {' and '.join(parts) or 'box'} of an appearance",
        DECISIONS,
        (cmd.appearance_key, made.id),
        f"appearance:{run.job.id}:{cmd.appearance_key}",
        (run.source.id,),
        made=(made.id,),
    )


# Inside ------------------------------------------------------------------------------------------------


def _run(work: Work, source_id: str, job_id: str) -> RunResult:
    run = work.runs.get(job_id)
    if run.source.id != source_id:
        raise _elsewhere()
    return run


def _drawn(work: Work, run: RunResult, key: str) -> tuple[Decision, int] | None:
    """The decision that drew the box of this key, or corrected it last, and the number of its member; None where it
    is no drawn box."""
    for decision in work.library.decisions.drawn(run.source.id, key, conn=work.conn):
        for number in range(len(decision.members)):
            if drawn_key(decision, number) == key:
                return decision, number
    return None


def _appearance(work: Work, run: RunResult, key: str) -> Appearance:
    """The appearance of this key, also one that was shown before a run that is still going stored more."""
    older = work.runs.older(run.job.id)
    return appearance_in(run if key in run.by_key or older is None else older, key)


def _elsewhere() -> Conflict:
    return Conflict(
        "This run or decision belongs to another source.",
        still_works="Nothing was changed.",
        to_do="Open the source that it belongs to.",
    )


def _by_brand(
    kind: str, chosen: tuple[str, str], appearances: Iterable[Appearance], work: Work
) -> dict[tuple[str, str], list[Appearance]]:
    """The appearances by the brand (id, name) that the verdict gives them."""
    every = list(appearances)
    if kind == "unsure":
        return {NO_BRAND: every}
    if kind == "reassign" or (kind == "confirm" and any(chosen)):
        brand = work.brand_for(*chosen)
        return {(brand.id, brand.canonical_name): every}
    groups: dict[tuple[str, str], list[Appearance]] = {}
    proposed: dict[tuple[str, ...], KnownBrand] = {}
    for a in every:
        if kind == "confirm":
            asked = _proposal(a)
            if asked not in proposed:
                proposed[asked] = _own_brand(a, work)
            brand = proposed[asked]
            place = brand.id, brand.canonical_name
        else:
            place = a.brand_id, a.brand_name
        groups.setdefault(place, []).append(a)
    return groups


def _proposal(a: Appearance) -> tuple[str, ...]:
    """What `_own_brand` goes by: look-alikes that say the same are looked up once."""
    top = a.candidates[0] if a.candidates else None
    proposal = (top.brand_id, top.brand_name, top.matched) if top is not None else ()
    return (a.brand_id, a.brand_name, a.source, *proposal)


def _own_brand(a: Appearance, work: Work) -> KnownBrand:
    """The brand that the machine proposes, as the brand that holds the spelling that matched: where it was merged
    into another one, an un-merge takes the decision along. A brand that a model made is confirmed by this."""
    if a.brand_id or a.brand_name:
        brand_id, name = a.brand_id, a.brand_name
    elif a.candidates:
        brand_id, name = a.candidates[0].brand_id, a.candidates[0].brand_name
    else:
        raise UserFixable(
            f"Nobody has a proposal for “{a.text}” to confirm."
            if a.text
            else "There is no proposal to confirm.",
            still_works="Nothing was changed.",
            to_do="Choose or type the brand, or reject the appearance.",
        )
    source: DetectionSource = a.source if a.source in ("local_vlm", "cloud_llm") else "manual"
    brand = work.brand_for(brand_id, name, first_source=source)
    matched = fold_compact(a.candidates[0].matched) if a.candidates else ""
    if matched:
        tops = work.library.brands.redirects(conn=work.conn)
        if any(top == tops[brand.id] and b != brand.id for b, top in tops.items()):
            family = [work.brand(b) for b, top in tops.items() if top == tops[brand.id]]
            holders = [
                b for b in family if matched in {fold_compact(t) for t in (b.canonical_name, *b.aliases)}
            ]
            brand = next((b for b in holders if b.id == brand.id), holders[0] if holders else brand)
    if not brand.confirmed and brand.first_source in ("local_vlm", "cloud_llm"):
        brand = work.library.brands.set_confirmed(brand.id, True, conn=work.conn)
        work.made_brands.append(brand.id)
    return brand


def _decide(
    work: Work,
    run: RunResult,
    kind: DecisionKind,
    members: tuple[Member, ...],
    keys: Sequence[str],
    brand_id: str,
    brand_name: str,
    note: str,
) -> list[str]:
    """Overrule what stands and add one decision; the same word again adds nothing."""
    before = standing(work, run, keys)
    verdicts = [[d for d in before[key] if d.kind in VERDICTS and d.note != FRAME_NOTE] for key in keys]
    if all(
        len(found) == 1 and (found[0].kind, found[0].brand_id, found[0].note) == (kind, brand_id, note)
        for found in verdicts
    ):
        return []
    overrule(work, run, keys, VERDICTS, frames=False)
    made = work.library.decisions.add(
        new_decision(work, run, kind, members, brand_id, brand_name, note), conn=work.conn
    )
    return [made.id]


def _title(kind: str, names: list[str], appearances: Sequence[Appearance]) -> str:
    """ "Confirm Hankook", "Confirm 12 × Hankook", "Reject 3 appearances", "Set 2 appearances to Hankook"."""
    count, first = len(appearances), appearances[0]
    if kind == "reassign":
        what = f"“{first.text}”" if count == 1 and first.text else several(count, "appearance")
        return f"Set {what} to {names[0] if names else 'no brand'}"
    verb = {"confirm": "Confirm", "reject": "Reject", "unsure": "Mark as unsure"}[kind]
    if len(names) == 1:
        return f"{verb} {names[0]}" if count == 1 else f"{verb} {count} × {names[0]}"
    what = f"“{first.text}”" if count == 1 and first.text else several(count, "appearance")
    return f"{verb} {what}"
