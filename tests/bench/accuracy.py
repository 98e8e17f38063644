"""Recall, precision and seconds on the demo's exact truth, over ten seeds.

A pair is (sampled moment, brand of the demo's book, surface scene). Truth counts for recall where a legible name
shows the brand; a claim is right where the truth has that brand at that moment on the claimed place, legible or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.demo.brands import SYMBOL_BRAND, demo_book_csv
from app.demo.render import render_demo
from app.demo.truth import DemoTruth
from engine.domain.geometry import Hull, hull, polygon
from tests.bench.support import demo_library, exported, scratch, sponsight, table

SEEDS = 10
NAMES = ("brand", "alias")


@dataclass(slots=True)
class Score:
    """Counts of pairs, and each brand's seconds: found, stated error, true."""

    found: int = 0
    wanted: int = 0
    right: int = 0
    claimed: int = 0
    seconds: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def add(self, other: Score) -> None:
        self.found += other.found
        self.wanted += other.wanted
        self.right += other.right
        self.claimed += other.claimed

    @property
    def recall(self) -> float:
        return self.found / self.wanted if self.wanted else float("nan")

    @property
    def precision(self) -> float:
        return self.right / self.claimed if self.claimed else float("nan")


def score(export: Mapping[str, Any], truth: DemoTruth) -> Score:
    """Compare an export's machine detections with the truth, frame by frame."""
    result = Score()
    book = {s.brand for s in truth.signs if s.brand and s.kind in NAMES and s.brand != SYMBOL_BRAND}
    for frame in export["frames"]:
        there: dict[str, list[tuple[bool, Hull]]] = {}
        for seen in truth.at_time(frame["timestamp"]):
            sign = seen.sign
            if sign.brand in book and sign.kind in NAMES and sign.surface == "scene":
                there.setdefault(sign.brand, []).append((seen.legible, hull(polygon(seen.polygon))))
        claims: dict[str, list[Hull]] = {}
        for d in frame["detections"]:
            if d["surface"] == "scene" and d["source"] == "ocr" and d["brand"] in book:
                claims.setdefault(d["brand"], []).append(hull(polygon(d["polygon"])))
        for brand, places in there.items():
            if any(legible for legible, _ in places):
                result.wanted += 1
                result.found += brand in claims
        for brand, hulls in claims.items():
            result.claimed += 1
            result.right += any(_meet(a, b) for a in hulls for _, b in there.get(brand, ()))
    for b in export["machine"]["brands"]:
        if b["column"] == "counted" and b["brand"] in book:
            result.seconds[b["brand"]] = (b["seconds"], b["sampling_error"], truth.seconds(b["brand"]))
    for brand in book - set(result.seconds):
        if truth.seconds(brand) > 0:
            result.seconds[brand] = (0.0, 0.0, truth.seconds(brand))
    return result


def _meet(a: Hull, b: Hull) -> bool:
    return min(a.x1, b.x1) > max(a.x0, b.x0) and min(a.y1, b.y1) > max(a.y0, b.y0)


def run(*, quick: bool, clips: Path | None) -> None:
    """Print a row for each seed, then the totals and each brand whose seconds are off."""
    total, rows, signed, off = Score(), [("seed", "recall", "precision", "pairs", "claims")], [], []
    for seed in range(1, (3 if quick else SEEDS) + 1):
        with scratch() as folder:
            video = folder / "demo.mp4"
            truth = render_demo(video, seed=seed, seconds=30.0)
            library = demo_library(folder / "library", demo_book_csv(folder / "book.csv"))
            sponsight(library, "run", video, "--book", "demo", "--no-escalation", "--quiet")
            one = score(exported(library, video, folder / "out.json"), truth)
        total.add(one)
        rows.append(
            (f"{seed}", f"{one.recall:.3f}", f"{one.precision:.3f}", f"{one.wanted}", f"{one.claimed}")
        )
        for brand, (found, error, true) in sorted(one.seconds.items()):
            signed.append((found - true, true))
            if abs(found - true) > max(0.05 * true, 0.5, 2 * error):
                off.append((f"seed {seed}: {brand}", f"{found:.1f}", f"± {error:.1f}", f"{true:.1f}"))
    rows.append(
        ("all", f"{total.recall:.3f}", f"{total.precision:.3f}", f"{total.wanted}", f"{total.claimed}")
    )
    table(rows)
    mean = sum(d for d, _ in signed) / max(sum(t for _, t in signed), 1e-9)
    print(f"signed error of all brands' seconds: {mean * 100:+.1f} %")
    print(
        f"{len(off)} of {len(signed)} brands off by more than the larger of 5 %, 0.5 s and twice the stated error"
    )
    if off:
        table([("brand", "found", "stated", "true"), *off])
