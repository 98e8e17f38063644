"""The session cache of a source as a run freezes it: what runs saw there, and what people settled about its texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from engine.domain.brands import SourceBrandSighting
from engine.domain.decisions import Decision, DecisionKind
from engine.textfold import fold, fold_compact
from storage.library import Library

SHORTEST = 3
"""Letters of a text that settles others like it."""
GIVES = (DecisionKind.CONFIRM, DecisionKind.REASSIGN)


def session_cache(library: Library, source_id: str) -> tuple[SourceBrandSighting, ...]:
    """Sightings by brand: those of runs as they are (unconfirmed; taken by the policy `use` only), then for each
    brand that people gave to texts of this source a confirmed one with these texts. A text on which people said
    different things settles nothing."""
    seen = library.sightings.session_cache(source_id, "use")
    settled = settled_texts(library.decisions.of_source(source_id), library.brands.redirects())
    names = {b.id: b.canonical_name for b in library.brands.all()}
    by_brand: dict[str, list[str]] = defaultdict(list)
    for text, brand in sorted(settled.items()):
        if brand in names:
            by_brand[brand].append(text)
    confirmed = [
        SourceBrandSighting(
            source_asset_id=source_id,
            brand_id=brand,
            brand_name=names[brand],
            first_seen=0,
            last_seen=0,
            occurrences=0,
            detection_source="manual",
            avg_confidence=1.0,
            confirmed=True,
            texts=tuple(texts),
        )
        for brand, texts in sorted(by_brand.items())
    ]
    return (*seen, *confirmed)


def settled_texts(decisions: list[Decision], tops: Mapping[str, str]) -> Mapping[str, str]:
    """Text → id of the surviving brand that people gave to it, where they said nothing else of it in this source.
    `tops`: brand id → id of the brand that survives its merges."""
    said: dict[str, set[str]] = defaultdict(set)
    for decision in decisions:
        if decision.note == "frame" or decision.kind in (DecisionKind.DRAW, DecisionKind.EDIT):
            continue
        brand = tops.get(decision.brand_id, decision.brand_id) if decision.kind in GIVES else ""
        for member in decision.members:
            text = fold(member.text)
            if len(fold_compact(text)) >= SHORTEST:
                said[text].add(brand)
    return {
        text: next(iter(brands)) for text, brands in said.items() if len(brands) == 1 and "" not in brands
    }
