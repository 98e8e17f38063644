"""End-to-end speed at 2 samples a second: ratio to plain OCR and to pure decoding on the same video in one run."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median

from app.demo.brands import demo_book_csv
from app.demo.render import render_demo
from app.demo.repeat import repeat_video
from tests.bench.support import decode_only, demo_library, plain_ocr, scratch, sponsight, stage_rows, table


def run(*, quick: bool, clips: Path | None) -> None:
    """Measure on the demo, and on repeated clips where a folder of them is given."""
    seconds = 60.0 if quick else 300.0
    with scratch() as folder:
        demo = folder / "demo.mp4"
        render_demo(demo, seed=1, seconds=30.0)
        long = folder / "long.mp4"
        repeat_video([demo], long, seconds)
        _measure("demo repeated", long, seconds, folder, quick)
        if clips is not None:
            chosen = _clips_at_720p(clips)
            repeated = folder / "clips.mp4"
            repeat_video(chosen, repeated, seconds, size=(1280, 720))
            _measure(f"{len(chosen)} clips repeated", repeated, seconds, folder, quick)


def _clips_at_720p(folder: Path) -> list[Path]:
    import av

    found = []
    for path in sorted(folder.glob("*.mp4")):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            if stream.width == 1280:
                found.append(path)
    return found


def _measure(title: str, video: Path, seconds: float, folder: Path, quick: bool) -> None:
    print(f"\n{title}, {seconds:.0f} s at 1280×720, two workers; medians of pairs", flush=True)
    part = 30.0 if quick else 60.0
    ours, plain, faster = [], [], []
    library = folder / "library"
    for _ in range(1 if quick else 2):
        shutil.rmtree(library, ignore_errors=True)
        demo_library(library, demo_book_csv(folder / "book.csv"))
        took = sponsight(library, "run", video, "--no-escalation", "--quiet", "--workers", 2).wall
        alone, covered = plain_ocr(video, part)
        ours.append(took / seconds)
        plain.append(alone / covered)
        faster.append(plain[-1] / ours[-1])
    decoding = decode_only(video) / seconds
    table(
        [
            ("what", "s per minute of video", "ratio"),
            ("Sponsight, all stages", f"{median(ours) * 60:.2f}", "1.0"),
            ("plain OCR on each sample", f"{median(plain) * 60:.2f}", f"{median(faster):.1f} times ours"),
            ("decoding alone", f"{decoding * 60:.2f}", f"{decoding / median(ours):.2f} of ours"),
        ]
    )
    rows = [("stage", "work s", "ms per sample", "items")]
    for row in stage_rows(library, video):
        rows.append(
            (
                row["stage"],
                f"{row['seconds']:.2f}",
                f"{row['seconds'] * 500 / seconds:.1f}",
                f"{row['items']}",
            )
        )
    table(rows)
    remembered = sum(row["remembered"] for row in stage_rows(library, video) if row["stage"] == "run_ocr")
    print(f"answers remembered across repeats: {remembered or 'none'}")
    shutil.rmtree(library, ignore_errors=True)
    demo_library(library, demo_book_csv(folder / "book.csv"))
    dense = sponsight(
        library,
        "run",
        video,
        "--no-escalation",
        "--quiet",
        "--workers",
        2,
        "--set",
        "extract_frames.sample_fps=5",
    ).wall
    print(f"5 samples a second cost {dense / (median(ours) * seconds):.2f} times the run at 2 a second")
