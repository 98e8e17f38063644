"""Words and figures of the brands page."""

from __future__ import annotations

from app.brand_book import BrandRow
from engine.clustering import Level
from ui.text import tr

SMALL = 0.005
"""Seconds below which a difference is written as none."""


def signed(seconds: float) -> str:
    """A difference in seconds: +3.4 s, −1.0 s, ±0 s."""
    if abs(seconds) < SMALL:
        return "±0 s"
    return f"{'+' if seconds > 0 else '−'}{abs(seconds):,.1f} s"


def gain_and_loss(gained: float, lost: float) -> str:
    """Both sides of an impact: +3.4 s, −1.0 s; only the one that is there."""
    parts = [signed(gained)] if gained >= SMALL else []
    parts += [signed(-lost)] if lost >= SMALL else []
    return ", ".join(parts) or signed(0.0)


def seconds_words(seconds: float) -> str:
    return f"{seconds:,.1f} s"


def source_words(source: str) -> str:
    """Where an answer or a brand came from, for people."""
    return {
        "ocr": tr("read"),
        "local_vlm": tr("local model"),
        "cloud_llm": tr("cloud model"),
        "manual": tr("by hand"),
    }.get(source, source)


def origin_words(row: BrandRow) -> str:
    """First source and, where it came with a file or a book, which."""
    words = source_words(row.first_source)
    if row.origin and row.first_source == "manual":
        return row.origin
    return f"{words} · {row.origin}" if row.origin else words


def level_words(level: Level) -> str:
    return {
        "fingerprint": tr("Same letters"),
        "ngram": tr("Same pairs"),
        "phonetic": tr("Same sound"),
        "edit": tr("Few edits"),
    }[level]


def level_help(level: Level) -> str:
    return {
        "fingerprint": tr("Strict: equal words in any order, without case, accents and signs."),
        "ngram": tr("Equal sets of letter pairs, after what reading confuses (0 and O, l and I) is folded."),
        "phonetic": tr("Equal sound: finds spellings that were heard or guessed."),
        "edit": tr("Lax: one to three letters differ, by length."),
    }[level]


def kind_words(kind: str) -> str:
    return {"brand": tr("brand"), "alias": tr("alias"), "text": tr("unresolved text")}.get(kind, kind)
