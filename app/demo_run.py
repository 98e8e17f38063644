"""The demo as a use case: render it once, import it with its own brand book, keep its truth at hand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.book_csv import read_book_csv
from app.book_import import import_book
from app.container import Container
from engine.domain.errors import UserFixable
from engine.domain.jobs import SourceAsset

if TYPE_CHECKING:
    from app.demo.truth import DemoTruth

DEMO_BOOK = "demo"


def default_demo_folder() -> Path:
    """The demo has a library of its own, so that invented brands never mix with real ones."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("Sponsight Demo", appauthor=False))


def parse_size(text: str) -> tuple[int, int]:
    """`1280x720` as (width, height) in pixels; UserFixable where it is none or odd."""
    width, _, height = text.lower().partition("x")
    try:
        size = int(width), int(height)
    except ValueError:
        size = 0, 0
    if not all(160 <= side <= 3840 and side % 2 == 0 for side in size):
        raise UserFixable(
            f"{text!r} is no size for the demo.",
            still_works="Nothing was rendered.",
            to_do="Write it as 1280x720: both numbers even, 160 to 3840.",
        )
    return size


def prepare_demo(
    app: Container,
    *,
    seed: int = 1,
    seconds: float = 30.0,
    size: tuple[int, int] = (1280, 720),
    progress: Callable[[float], None] | None = None,
) -> tuple[SourceAsset, DemoTruth]:
    """Render the demo into the library's `demo` folder unless it lies there already, import it and its brand
    book, and return the source with its truth. `progress` is called with 0..1. Raises UserFixable."""
    from app.demo.render import render_demo, truth_path
    from app.demo.truth import DemoTruth

    if not 1.0 <= seconds <= 7200.0:
        raise UserFixable(
            f"A demo of {seconds:g} s can't be rendered.",
            still_works="Nothing was rendered.",
            to_do="Ask for 1 to 7200 seconds.",
        )
    folder = app.library.folder / "demo"
    folder.mkdir(exist_ok=True)
    video = folder / f"demo-{seed}-{seconds:g}s-{size[0]}x{size[1]}.mp4"
    if video.exists() and truth_path(video).exists():
        truth = DemoTruth.load(truth_path(video))
    else:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            draft = Path(scratch) / video.name
            truth = render_demo(draft, seed=seed, seconds=seconds, size=size, progress=progress)
            truth_path(draft).replace(truth_path(video))
            draft.replace(video)
    import_demo_book(app)
    return app.jobs.import_source(video), truth


def usual_books(app: Container, source: SourceAsset) -> tuple[str, ...]:
    """The books that a first run of this source is limited to unless a person chooses others: the demo's own for
    the demo, none (all brands) for any other video."""
    return (DEMO_BOOK,) if Path(source.path).parent == (app.library.folder / "demo").absolute() else ()


def import_demo_book(app: Container) -> None:
    """Put the demo's invented brands into a book of their own."""
    from app.demo.brands import demo_book_csv

    if DEMO_BOOK in app.library.brands.books():
        return
    with tempfile.TemporaryDirectory() as scratch:
        book = read_book_csv(demo_book_csv(Path(scratch) / "demo.csv"))
    import_book(app.library, book, DEMO_BOOK, origin="demo")
