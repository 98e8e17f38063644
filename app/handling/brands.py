"""Commands on brands: names, aliases, merges that can be taken back, splits, reference pictures."""

from __future__ import annotations

from app.commands import (
    AddAlias,
    AddBrand,
    AddReference,
    ConfirmBrand,
    MergeBrands,
    RemoveAlias,
    RemoveReference,
    RenameBrand,
    SetCategory,
    SplitBrand,
    UnmergeBrand,
)
from app.handling.decisions import reassign
from app.handling.work import BRANDS, DECISIONS, Outcome, Work, several
from engine.domain.brands import KnownBrand, ReferenceCrop
from engine.domain.errors import Conflict, UserFixable
from engine.textfold import fold_compact


def add_brand(cmd: AddBrand, work: Work) -> Outcome:
    made = work.library.brands.add(
        cmd.name,
        aliases=cmd.aliases,
        category=cmd.category,
        books=cmd.books,
        origin=cmd.origin,
        confirmed=True,
        conn=work.conn,
    )
    return Outcome(
        f"Add brand {made.canonical_name}", BRANDS, (made.id,), f"brand:{made.id}", made=(made.id,)
    )


def rename_brand(cmd: RenameBrand, work: Work) -> Outcome:
    before = work.brand(cmd.brand_id)
    brands = work.library.brands
    name = " ".join(cmd.name.split())
    idle = f"The brand is called {before.canonical_name} already."
    if name != before.canonical_name:
        brands.rename(before.id, name, conn=work.conn)
        brands.remove_alias(before.id, name, conn=work.conn)
        former = fold_compact(before.canonical_name)
        if cmd.keep_alias and former not in ("", fold_compact(name)):
            brands.add_alias(before.id, before.canonical_name, conn=work.conn)
    return Outcome(
        f"Rename {before.canonical_name} to {name}", BRANDS, (before.id,), f"brand:{before.id}", idle=idle
    )


def confirm_brand(cmd: ConfirmBrand, work: Work) -> Outcome:
    names = []
    for brand_id in cmd.brand_ids:
        brand = work.brand(brand_id)
        names.append(brand.canonical_name)
        if brand.confirmed != cmd.confirmed:
            work.library.brands.set_confirmed(brand_id, cmd.confirmed, conn=work.conn)
    verb = "Confirm brand" if cmd.confirmed else "Reopen brand"
    return _on_brands(verb, names, cmd.brand_ids)


def set_category(cmd: SetCategory, work: Work) -> Outcome:
    category = " ".join(cmd.category.split())
    names = []
    for brand_id in cmd.brand_ids:
        brand = work.brand(brand_id)
        names.append(brand.canonical_name)
        if brand.category != category:
            work.library.brands.set_category(brand_id, category, conn=work.conn)
    return _on_brands(f"Set category {category or '(none)'} for", names, cmd.brand_ids)


def add_alias(cmd: AddAlias, work: Work) -> Outcome:
    brand = work.brand(cmd.brand_id)
    added = [
        alias
        for alias in cmd.aliases
        if work.library.brands.add_alias(brand.id, alias, shared=cmd.share, conn=work.conn)
    ]
    what = f"alias {added[0]}" if len(added) == 1 else several(len(added), "alias", "aliases")
    return Outcome(
        f"Add {what} to {brand.canonical_name}",
        BRANDS,
        (brand.id,),
        f"brand:{brand.id}",
        idle=f"{brand.canonical_name} has these spellings already.",
    )


def remove_alias(cmd: RemoveAlias, work: Work) -> Outcome:
    brand = work.brand(cmd.brand_id)
    gone = [
        alias for alias in cmd.aliases if work.library.brands.remove_alias(brand.id, alias, conn=work.conn)
    ]
    what = f"alias {gone[0]}" if len(gone) == 1 else several(len(gone), "alias", "aliases")
    return Outcome(
        f"Remove {what} from {brand.canonical_name}",
        BRANDS,
        (brand.id,),
        f"brand:{brand.id}",
        idle=f"{brand.canonical_name} has no such alias.",
    )


def merge_brands(cmd: MergeBrands, work: Work) -> Outcome:
    """Each brand's surviving brand leads on to `into`'s surviving brand; nothing of either is copied."""
    brands = work.library.brands
    tops = brands.redirects(conn=work.conn)
    for brand_id in (*cmd.brand_ids, cmd.into):
        if brand_id not in tops:
            work.brand(brand_id)
    target = work.brand(tops[cmd.into])
    merged = []
    for top in dict.fromkeys(tops[b] for b in cmd.brand_ids):
        if top != target.id:
            merged.append(brands.set_merged_into(top, target.id, conn=work.conn))
    learned = [t for t in cmd.texts if brands.add_alias(target.id, t, conn=work.conn)]
    spellings = sum(1 + len(b.aliases) for b in merged) + len(learned)
    if len(merged) == 1 and not learned:
        what = merged[0].canonical_name
    elif len(learned) == 1 and not merged:
        what = learned[0]
    else:
        what = several(spellings, "alias", "aliases")
    return Outcome(
        f"Merge {what} into {target.canonical_name}",
        BRANDS,
        (target.id, *(b.id for b in merged)),
        f"brand:{target.id}",
        idle=f"They are all part of {target.canonical_name} already.",
    )


def unmerge_brand(cmd: UnmergeBrand, work: Work) -> Outcome:
    """The redirect goes; aliases, references and decisions stood with the brand that they named all the time. What both
    brands are called from now on is told."""
    names, former, notes = [], "", []
    for brand_id in cmd.brand_ids:
        brand = work.brand(brand_id)
        if brand.merged_into is None:
            raise Conflict(
                f"{brand.canonical_name} is not merged into another brand.",
                still_works="Nothing was changed.",
                to_do="Choose a brand that was merged.",
            )
        other = work.brand(work.root(brand_id))
        former = other.canonical_name
        names.append(brand.canonical_name)
        work.library.brands.set_merged_into(brand_id, None, conn=work.conn)
        notes += _told_clashes(brand, other, work)
    what = names[0] if len(names) == 1 else several(len(names), "brand")
    return Outcome(
        f"Un-merge {what} from {former}",
        BRANDS,
        tuple(cmd.brand_ids),
        f"brand:{cmd.brand_ids[0]}",
        notes=tuple(notes),
    )


def _told_clashes(brand: KnownBrand, other: KnownBrand, work: Work) -> list[str]:
    """A sentence for each spelling that two brands share since they parted."""
    notes = []
    for clash in work.library.brands.clashes(conn=work.conn):
        texts = {owner: text for owner, _, text in clash.brands}
        if not {brand.id, other.id} <= set(texts):
            continue
        names = f"{brand.canonical_name} and {other.canonical_name}"
        if {fold_compact(brand.canonical_name), fold_compact(other.canonical_name)} == {clash.folded}:
            notes.append(f"Two brands are called “{other.canonical_name}” now: rename one of them.")
        else:
            notes.append(
                f"“{texts[brand.id]}” names both {names} now: such signs wait for a person until one of the two gives "
                "it up."
            )
    return notes


def split_brand(cmd: SplitBrand, work: Work) -> Outcome:
    """Aliases change hands, appearances are given to the other brand by decisions. A new brand takes category and
    books along."""
    brands = work.library.brands
    brand = work.brand(cmd.brand_id)
    if not cmd.aliases and not cmd.sightings:
        raise UserFixable(
            f"Nothing was chosen to split off {brand.canonical_name}.",
            still_works="Nothing was changed.",
            to_do="Choose aliases or sightings for the other brand.",
        )
    other = work.brand(work.root(cmd.into)) if cmd.into else None
    if other is not None and other.id == work.root(brand.id):
        raise UserFixable(
            f"This is {brand.canonical_name} itself.",
            still_works="Nothing was changed.",
            to_do="Choose another brand, or type a new name.",
        )
    owners = _owners_of_aliases(brand.id, cmd.aliases, work)
    for alias, owner in owners.items():
        brands.remove_alias(owner, alias, conn=work.conn)
    if other is None:
        target = brands.add(
            cmd.new_name,
            aliases=[a for a in owners if fold_compact(a) != fold_compact(cmd.new_name)],
            category=brand.category,
            books=brand.books,
            origin=f"split off {brand.canonical_name}",
            confirmed=True,
            conn=work.conn,
        )
    else:
        target = other
        for alias in owners:
            brands.add_alias(target.id, alias, conn=work.conn)
    decisions: list[str] = []
    for part in cmd.sightings:
        decisions += reassign(work, part.source_id, part.job_id, part.appearance_keys, target)
    title = f"Split {target.canonical_name} off {brand.canonical_name}"
    if other is not None:
        title = f"Give {_parts(cmd)} of {brand.canonical_name} to {target.canonical_name}"
    return Outcome(
        title,
        BRANDS | DECISIONS if decisions else BRANDS,
        (target.id, brand.id, *decisions),
        f"brand:{target.id}",
        tuple(dict.fromkeys(part.source_id for part in cmd.sightings)),
        made=(*(() if other else (target.id,)), *decisions),
    )


def _parts(cmd: SplitBrand) -> str:
    """What a split moves: 2 aliases and 5 appearances."""
    count = sum(len(part.appearance_keys) for part in cmd.sightings)
    parts = [several(len(cmd.aliases), "alias", "aliases")] if cmd.aliases else []
    parts += [several(count, "appearance")] if count else []
    return " and ".join(parts)


def _owners_of_aliases(brand_id: str, aliases: tuple[str, ...], work: Work) -> dict[str, str]:
    """Each alias → the brand (this one or one merged into it) that holds it; UserFixable where none does."""
    tops = work.library.brands.redirects(conn=work.conn)
    family = [work.brand(b) for b, top in tops.items() if top == tops[brand_id]]
    found = {}
    for alias in aliases:
        holders = [b.id for b in family if fold_compact(alias) in {fold_compact(a) for a in b.aliases}]
        if not holders:
            raise UserFixable(
                f"{work.brand(brand_id).canonical_name} has no alias {alias!r}.",
                still_works="Nothing was changed.",
                to_do="Choose among its aliases; the name itself can't be split off.",
            )
        found[alias] = holders[0]
    return found


def add_reference(cmd: AddReference, work: Work) -> Outcome:
    brand = work.brand(cmd.brand_id)
    if not work.library.blobs.has(cmd.digest):
        raise UserFixable(
            "The picture is not in the library.", still_works="Nothing was changed.", to_do="Add it again."
        )
    work.library.brands.add_reference(brand.id, ReferenceCrop(cmd.digest, cmd.origin), conn=work.conn)
    return Outcome(
        f"Add a reference picture to {brand.canonical_name}",
        BRANDS,
        (brand.id,),
        f"brand:{brand.id}",
        idle=f"{brand.canonical_name} has this picture already.",
    )


def remove_reference(cmd: RemoveReference, work: Work) -> Outcome:
    brand = work.brand(cmd.brand_id)
    work.library.brands.remove_reference(brand.id, cmd.digest, conn=work.conn)
    return Outcome(
        f"Remove a reference picture from {brand.canonical_name}",
        BRANDS,
        (brand.id,),
        f"brand:{brand.id}",
        idle=f"{brand.canonical_name} has no such picture.",
    )


def _on_brands(verb: str, names: list[str], ids: tuple[str, ...]) -> Outcome:
    if not ids:
        raise UserFixable("No brand was chosen.", still_works="Nothing was changed.", to_do="Choose a brand.")
    what = names[0] if len(names) == 1 else several(len(names), "brand")
    return Outcome(f"{verb} {what}", BRANDS, ids, f"brand:{ids[0]}")
