"""Merging two brands seen in 20 sources: impact, apply, un-merge and undo, over variants of the demo."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.commands import MergeBrands, UnmergeBrand
from app.container import open_container
from app.demo.brands import demo_book_csv
from app.demo.render import render_demo
from app.demo.repeat import repeat_video
from tests.bench.support import demo_library, scratch, sponsight, table

T = TypeVar("T")


def run(*, quick: bool, clips: Path | None) -> None:
    """Print seconds for each step; the two brands are those that most sources show."""
    count = 5 if quick else 20
    with scratch() as folder:
        demo = folder / "demo.mp4"
        render_demo(demo, seed=1, seconds=6.0)
        library = demo_library(folder / "library", demo_book_csv(folder / "book.csv"))
        for n in range(count):
            variant = folder / f"variant-{n}.mp4"
            repeat_video([demo], variant, 6.0, seed=n)
            sponsight(library, "run", variant, "--book", "demo", "--no-escalation", "--quiet")
        rows = [("step", "seconds")]

        def timed(title: str, work: Callable[[], T]) -> T:
            started = time.perf_counter()
            result = work()
            rows.append((title, f"{time.perf_counter() - started:.2f}"))
            return result

        with open_container(library) as app:
            seen = sorted(app.brands.rows(), key=lambda r: (-r.sources, -r.seconds))[:2]
            merge = MergeBrands(brand_ids=(seen[1].id,), into=seen[0].id)
            print(
                f"{seen[1].name} ({seen[1].sources} sources) into {seen[0].name} ({seen[0].sources} sources)"
            )
        with open_container(library) as app:
            timed("impact of the merge, first look", lambda: app.brands.impact(merge))
            timed("impact of the merge, again", lambda: app.brands.impact(merge))
            timed("apply the merge", lambda: app.bus.do(merge))
            timed("undo it", app.bus.undo)
            timed("redo it", app.bus.redo)
            unmerge = UnmergeBrand(brand_ids=(seen[1].id,))
            timed("impact of the un-merge", lambda: app.brands.impact(unmerge))
            timed("apply the un-merge", lambda: app.bus.do(unmerge))
            timed("undo it", app.bus.undo)
        table(rows)
