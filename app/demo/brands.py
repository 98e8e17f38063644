"""The demo's invented brands: the pool, which of them a seed casts, and the demo's brand book as CSV."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class DemoBrand:
    """An invented brand. `aliases` are other writings that the demo's book knows; `category` is the book's."""

    name: str
    aliases: tuple[str, ...] = ()
    category: str = "sponsor"


@dataclass(frozen=True, slots=True)
class Writing:
    """One way in which a name is written on a sign.

    brand: canonical name, None for texts that are no brand. kind: brand | alias | unknown | symbol | word | caption.
    """

    brand: str | None
    text: str
    kind: str


KNOWN: tuple[DemoBrand, ...] = (
    DemoBrand("Nordvik Energy", ("Nordvik",), "energy"),
    DemoBrand("Halvora", ("halvora.com",), "retail"),
    DemoBrand("QuantaPay", ("quantapay.io",), "payments"),
    DemoBrand("Brixel", ("brixel homes",), "property"),
    DemoBrand("Lumeria Bank", ("Lumeria",), "finance"),
    DemoBrand("Vantoro", ("VANTORO MOTORS",), "automotive"),
    DemoBrand("Tarvos Tools", ("tarvos",), "industry"),
    DemoBrand("Freshora", ("freshora.eu",), "food"),
    DemoBrand("Ardenne Water", (), "drinks"),
    DemoBrand("Castellan", ("castellan insurance",), "insurance"),
    DemoBrand("Bluefjord", ("bluefjord.no",), "travel"),
    DemoBrand("Okuma Foods", ("OKUMA",), "food"),
    DemoBrand("Glintmobile", ("glintmobile.com",), "telecom"),
    DemoBrand("Aurevo", (), "fashion"),
    DemoBrand("Hexaline", ("hexaline cloud",), "technology"),
    DemoBrand("Pampero Air", ("flypampero.com",), "airline"),
    DemoBrand("Zirkonia Steel", ("zirkonia",), "industry"),
    DemoBrand("Myrtle & Son", ("myrtleandson.com",), "food"),
    DemoBrand("Tandemo", ("tandemo.bike",), "mobility"),
    DemoBrand("Wolfram Bet", ("wolframbet.com",), "betting"),
    DemoBrand("Sundell", ("sundell paints",), "home"),
    DemoBrand("Iberlux", (), "lighting"),
    DemoBrand("KVQ", (), "logistics"),
    DemoBrand("Etiopa Coffee", ("Etiopa",), "drinks"),
    DemoBrand("Trigonda", (), "sportswear"),
)
"""Brands in the demo's book. Trigonda is the one that shows a mark without letters."""

SYMBOL_BRAND = "Trigonda"

UNKNOWN: tuple[str, ...] = ("Zentrika", "Polvaro", "Miravell", "Tuskline", "Grendo Labs", "Wexmoor")
"""Sponsors that are not in the demo's book and so have to stay unresolved."""

WORDS: tuple[str, ...] = ("STAND NORTH", "RESPECT", "FAIR PLAY", "GATE 7")
"""Texts in the scene that are no brand."""

CHANNELS: tuple[str, ...] = ("ARENA 4", "SPORT 9", "LIVE 2")
TEAMS: tuple[tuple[str, str], ...] = (
    ("Rovers Alden", "RVA"),
    ("Union Brekka", "UBR"),
    ("Sporting Calda", "SPC"),
    ("Dynamo Varn", "DYV"),
    ("Athletic Morrow", "ATM"),
    ("Olympia Fenn", "OLF"),
    ("Racing Tull", "RTU"),
    ("Wanderers Eske", "WES"),
)
PEOPLE: tuple[str, ...] = (
    "M. Torvald",
    "D. Okonjo",
    "L. Ferranti",
    "J. Castelo",
    "P. Weidner",
    "S. Amrani",
    "K. Brandvold",
    "R. Quillan",
)


@dataclass(frozen=True, slots=True)
class Cast:
    """What a seed puts on screen. `boards` are writings for perimeter boards in order of prominence."""

    boards: tuple[Writing, ...]
    symbol: Writing
    words: tuple[Writing, ...]
    shirts: tuple[Writing, Writing]
    caption_sponsor: Writing
    channel: str
    teams: tuple[tuple[str, str], tuple[str, str]]
    people: tuple[str, ...]


def choose_cast(seed: int) -> Cast:
    """Choose brands, aliases, unknown sponsors, teams and names for one seed, the same ones each time."""
    rng = np.random.default_rng([seed, 11])
    lettered = [b for b in KNOWN if b.name != SYMBOL_BRAND]
    order = [lettered[i] for i in rng.permutation(len(lettered))]
    with_alias = [b for b in order if b.aliases][:2]
    plain = [b for b in order if b not in with_alias]
    boards = [Writing(b.name, b.name, "brand") for b in plain[:7]]
    boards += [Writing(b.name, b.aliases[0], "alias") for b in with_alias]
    unknown = rng.permutation(len(UNKNOWN))[:2]
    boards += [Writing(UNKNOWN[i], UNKNOWN[i], "unknown") for i in unknown]
    boards = [boards[i] for i in rng.permutation(len(boards))]
    shirt_pool = [b for b in plain[7:] if len(b.name) <= 10]
    shirts = tuple(Writing(b.name, b.name, "brand") for b in shirt_pool[:2])
    sponsor = next(b for b in plain[7:] if b.name not in {w.brand for w in shirts})
    words = [Writing(None, WORDS[i], "word") for i in rng.permutation(len(WORDS))[:2]]
    teams = rng.permutation(len(TEAMS))
    people = rng.permutation(len(PEOPLE))
    return Cast(
        boards=tuple(boards),
        symbol=Writing(SYMBOL_BRAND, "", "symbol"),
        words=tuple(words),
        shirts=(shirts[0], shirts[1]),
        caption_sponsor=Writing(sponsor.name, sponsor.name, "brand"),
        channel=CHANNELS[int(rng.integers(len(CHANNELS)))],
        teams=(TEAMS[teams[0]], TEAMS[teams[1]]),
        people=tuple(PEOPLE[i] for i in people),
    )


def demo_book_csv(path: Path | str) -> Path:
    """Write the demo's brand book (columns name, aliases, category; aliases parted by |). Returns the path."""
    target = Path(path)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("name", "aliases", "category"))
        for brand in KNOWN:
            writer.writerow((brand.name, "|".join(brand.aliases), brand.category))
    return target
