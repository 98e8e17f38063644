"""The brand book as a run sees it: redirects followed, content digest; and names that two brands share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.domain.brands import BookEntry, BookSnapshot, KnownBrand
from engine.textfold import fold_compact, fold_spans


@dataclass(frozen=True, slots=True)
class Clash:
    """A folded name or alias that belongs to two or more brands: (brand id, brand name, the text as it stands
    there) of each."""

    folded: str
    brands: tuple[tuple[str, str, str], ...]

    @property
    def sentence(self) -> str:
        owners = " and ".join(
            f"{name} (as {text!r})" if text != name else name for _, name, text in self.brands
        )
        return f"{self.brands[0][2]!r} belongs to {owners}."


def roots(merged_into: Mapping[str, str | None]) -> dict[str, str]:
    """Brand id → id of the brand that survives, from each brand's redirect."""
    found: dict[str, str] = {}
    for brand in merged_into:
        path = [brand]
        while path[-1] not in found and (target := merged_into.get(path[-1])) is not None:
            if target in path:
                raise ValueError(f"redirects go round: {' → '.join((*path, target))}")
            path.append(target)
        top = found.get(path[-1], path[-1])
        found.update(dict.fromkeys(path, top))
    return {brand: found[brand] for brand in merged_into}


def is_matched(brand: KnownBrand) -> bool:
    """Whether runs match against this brand: one that a machine proposed waits until a person confirms it."""
    return brand.confirmed or brand.first_source == "manual"


def make_snapshot(
    brands: Sequence[KnownBrand], deny: Iterable[str], books: Sequence[str] = ()
) -> BookSnapshot:
    """One entry per surviving brand with the names, aliases and references of all that were merged into it.
    `books`: only brands that one of these lists (themselves or one merged into them); none means all."""
    top = roots({b.id: b.merged_into for b in brands})
    limit = set(books)
    groups: dict[str, list[KnownBrand]] = {}
    for brand in brands:
        groups.setdefault(top[brand.id], []).append(brand)
    entries = []
    for root, members in groups.items():
        if not any(is_matched(b) for b in members):
            continue
        if limit and not any(limit.intersection(b.books) for b in members):
            continue
        members.sort(key=lambda b: (b.id != root, fold_compact(b.canonical_name), b.id))
        survivor = members[0]
        spellings: dict[str, str] = {}
        for brand in members:
            for text in (brand.canonical_name, *brand.aliases):
                spellings.setdefault(fold_compact(text) or text, text)
        references = dict.fromkeys(r.digest for b in members for r in b.references)
        aliases = [t for t in spellings.values() if t != survivor.canonical_name]
        entries.append(
            BookEntry(root, survivor.canonical_name, tuple(sorted(aliases)), tuple(sorted(references)))
        )
    entries.sort(key=lambda e: (fold_compact(e.name), e.brand_id))
    denied = tuple(sorted({fold_compact(text) for text in deny} - {""}))
    return BookSnapshot(tuple(entries), denied, content_digest(entries, denied))


def content_digest(entries: Iterable[BookEntry], deny: Iterable[str]) -> str:
    """sha256 over what matching reads: per brand its folded words (the name apart from the aliases) and
    references, and the folded deny list, all sorted; no ids, display forms or categories."""
    content = [
        sorted(
            [
                fold_spans(e.name).tokens,
                sorted({fold_spans(a).tokens for a in e.aliases}),
                sorted(e.references),
            ]
            for e in entries
        ),
        sorted(deny),
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()


def find_clashes(brands: Sequence[KnownBrand]) -> list[Clash]:
    """Folded names and aliases that belong to more than one surviving brand, in order."""
    top = roots({b.id: b.merged_into for b in brands})
    names = {b.id: b.canonical_name for b in brands}
    owners: dict[str, dict[str, str]] = {}
    for brand in brands:
        for text in (brand.canonical_name, *brand.aliases):
            owners.setdefault(fold_compact(text), {}).setdefault(top[brand.id], text)
    return [
        Clash(
            folded, tuple((b, names[b], text) for b, text in sorted(who.items(), key=lambda i: names[i[0]]))
        )
        for folded, who in sorted(owners.items())
        if folded and len(who) > 1
    ]
