"""Matching 100,000 texts against 10,000 names, and clustering 20,000 texts."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

from app.book_csv import read_book_csv
from engine.clustering import ClusterItem, Level, cluster_texts
from engine.domain.brands import BookEntry
from engine.matching import Book, match_texts
from resources.brands import starter_book
from tests.bench.support import table

LEVELS: tuple[Level, ...] = ("fingerprint", "ngram", "phonetic", "edit")


def run(*, quick: bool, clips: Path | None) -> None:
    """Print seconds for each."""
    rng = random.Random(5)
    names = [row.name for row in read_book_csv(starter_book()).rows]
    while len(names) < 10_000:
        names.append(f"{rng.choice(names[:2000])} {_word(rng)}")
    book = Book.build([BookEntry(str(i), name) for i, name in enumerate(names)], ())
    texts = read_badly(rng, names, 100_000)
    rows = [("what", "seconds")]
    started = time.perf_counter()
    match_texts(texts, book)
    rows.append(("100,000 texts against 10,000 names", f"{time.perf_counter() - started:.2f}"))
    items = [ClusterItem(t, 1.0) for t in dict.fromkeys(texts)][:20_000]
    for level in LEVELS:
        started = time.perf_counter()
        cluster_texts(items, level, set())
        rows.append((f"clusters of {len(items):,} texts, {level}", f"{time.perf_counter() - started:.2f}"))
    table(rows)


def read_badly(rng: random.Random, names: Sequence[str], count: int) -> list[str]:
    """So many texts as a reader gives them: half of them names with mistakes, half words that are no name."""
    return [_noisy(rng, rng.choice(names)) if rng.random() < 0.5 else _word(rng) for _ in range(count)]


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("aeiourstlnmdkpgbv") for _ in range(rng.randint(4, 12)))


def _noisy(rng: random.Random, name: str) -> str:
    letters = list(name)
    for _ in range(rng.randint(0, 2)):
        letters[rng.randrange(len(letters))] = rng.choice("aeioursl01mn")
    return "".join(letters)
