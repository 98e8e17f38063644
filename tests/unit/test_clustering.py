"""Clusters of the alias workbench: levels from strict to lax, pairs kept apart, order without effect."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clustering import LEVELS, ClusterItem, Level, cluster_texts, phonetic_key

TEXTS = [
    "Hankook", "HANK00K", "hankook", "HANKOOC", "Hankoock", "Tire Hankook", "Hankook Tire", "Philips", "Fillips",
    "Phillips", "Heineken", "HEINEKN", "Heinecken", "Norvik", "NORVIK.", "万达", "TIM", "TIN",
]  # fmt: skip
ITEMS = [ClusterItem(text, float(len(TEXTS) - at)) for at, text in enumerate(TEXTS)]


def members(level: Level, not_same: set[frozenset[str]] | None = None) -> set[frozenset[str]]:
    clusters = cluster_texts(ITEMS, level, not_same or set())
    return {frozenset(item.text for item in cluster.items) for cluster in clusters}


def test_levels_go_from_strict_to_lax() -> None:
    assert members("fingerprint") == {
        frozenset({"Hankook", "hankook"}),
        frozenset({"Tire Hankook", "Hankook Tire"}),
        frozenset({"Norvik", "NORVIK."}),
    }
    assert frozenset({"Hankook", "hankook", "HANK00K"}) in members("ngram")
    assert frozenset({"Philips", "Fillips", "Phillips"}) in members("phonetic")
    assert frozenset({"Heineken", "HEINEKN", "Heinecken"}) in members("edit")
    assert frozenset({"Hankook", "hankook", "HANK00K", "HANKOOC", "Hankoock"}) in members("edit")


def test_short_texts_are_not_linked_by_edits() -> None:
    assert not any({"TIM", "TIN"} <= cluster for level in LEVELS for cluster in members(level))


def test_the_heaviest_text_leads() -> None:
    clusters = cluster_texts(
        [ClusterItem("HANK00K", 9.0), ClusterItem("Hankook", 2.0), ClusterItem("Hankook", 1.0)], "edit"
    )
    assert [cluster.lead for cluster in clusters] == ["HANK00K"]
    assert clusters[0].weight == 12.0


@pytest.mark.parametrize("level", LEVELS)
def test_pairs_kept_apart_never_meet(level: Level) -> None:
    apart = {
        frozenset({"Hankook", "hankook"}),
        frozenset({"Heineken", "HEINEKN"}),
        frozenset({"Hankook", "HANKOOC"}),
    }
    for cluster in members(level, apart):
        assert not any(pair <= cluster for pair in apart)


@settings(max_examples=40, deadline=None)
@given(st.permutations(ITEMS), st.sampled_from(LEVELS))
def test_the_order_of_items_changes_nothing(order: list[ClusterItem], level: Level) -> None:
    assert cluster_texts(order, level) == cluster_texts(ITEMS, level)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.text("abcdehiknoprst018 ", min_size=1, max_size=12), max_size=30),
    st.sampled_from(LEVELS),
    st.randoms(use_true_random=False),
)
def test_a_text_is_in_one_cluster_at_most(texts: list[str], level: Level, rng: random.Random) -> None:
    items = [ClusterItem(text, rng.random()) for text in texts]
    apart = {frozenset(rng.sample(sorted(set(texts)), 2)) for _ in range(3)} if len(set(texts)) > 2 else set()
    clusters = cluster_texts(items, level, apart)
    shown = [item.text for cluster in clusters for item in cluster.items]
    assert len(shown) == len(set(shown))
    assert all(len(cluster.items) > 1 for cluster in clusters)
    for cluster in clusters:
        assert not any(pair <= {item.text for item in cluster.items} for pair in apart)


def test_sounds() -> None:
    assert phonetic_key("Philips") == phonetic_key("Filips")
    assert phonetic_key("Hankook") == phonetic_key("HANKOOC")
    assert phonetic_key("万达") == "万达"
    assert phonetic_key("Intel") != phonetic_key("Inter")
