"""Memory and cost over length: 5 and 30 minutes of the demo repeated, each repeat with other pixels."""

from __future__ import annotations

import re
from pathlib import Path

from app.demo.brands import demo_book_csv
from app.demo.render import render_demo
from app.demo.repeat import repeat_video
from tests.bench.support import demo_library, scratch, sponsight, table


def run(*, quick: bool, clips: Path | None) -> None:
    """Print peak resident size, seconds a minute and the time to first boxes for each length."""
    lengths = (60.0, 180.0) if quick else (60.0, 300.0, 1800.0)
    rows = [("minutes", "peak MB", "s per minute of video", "first boxes after s")]
    peaks = []
    with scratch() as folder:
        demo = folder / "demo.mp4"
        render_demo(demo, seed=1, seconds=30.0)
        for seconds in lengths:
            video = folder / f"long-{seconds:.0f}.mp4"
            repeat_video([demo], video, seconds, seed=int(seconds))
            library = demo_library(folder / f"library-{seconds:.0f}", demo_book_csv(folder / "book.csv"))
            done = sponsight(
                library, "run", video, "--book", "demo", "--no-escalation", "--workers", 2, "--json-events"
            )
            peaks.append(done.peak)
            rows.append(
                (
                    f"{seconds / 60:.0f}",
                    f"{done.peak / 1e6:.0f}",
                    f"{done.wall / seconds * 60:.2f}",
                    f"{_first_boxes(done.output):.1f}",
                )
            )
    table(rows)
    print(f"peak of the longest over the one before: {peaks[-1] / peaks[-2]:.2f}")


def _first_boxes(events: str) -> float:
    """Seconds from the start of the run at which boxes of a part were stored (the events' own clock)."""
    found = re.search(r'"after":([0-9.]+)[^\n]*"stage":"detect_regions"[^\n]*"items":[1-9]', events)
    return float(found.group(1)) if found else float("nan")
