"""The window: key to visible decision, next item, scrubbing, opening 200,000 boxes, scrolling 20,000 rows, stalls."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tests.bench.support import scratch

if TYPE_CHECKING:
    from ui.brands.clusters_tab import ClustersTab

BEAT_MS = 5


def run(*, quick: bool = False, clips: Path | None = None) -> None:
    """Print the figures; the window is drawn offscreen unless QT_QPA_PLATFORM says otherwise."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with scratch() as folder:
        _large(folder / "large", quick=quick)
        _clustering(folder / "texts", quick=quick)
        _scrubbing(folder, quick=quick)


def row(name: str, seconds: Sequence[float], budget: str) -> None:
    """One line: p50, p95, p99 and worst in milliseconds, and what was aimed at."""
    ms = sorted(1000 * s for s in seconds)
    p95, p99 = (ms[min(len(ms) - 1, int(len(ms) * share))] for share in (0.95, 0.99))
    middle = statistics.median(ms)
    print(f"{name:34} p50 {middle:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f}  worst {ms[-1]:6.1f} ms   {budget}")


class Bench:
    """A window with ways to wait for it and to measure stalls of its main thread."""

    def __init__(self, library: Path, scratch_folder: Path) -> None:
        import qasync
        from PySide6.QtCore import QSettings, QTimer

        from app.container import open_container
        from app.preferences import Preferences
        from ui.application import WindowApp, make_qt_application
        from ui.review.area import Review
        from ui.window_state import WindowState

        self.qt = make_qt_application()
        self.loop = qasync.QEventLoop(self.qt)
        asyncio.set_event_loop(self.loop)
        started = time.perf_counter()
        preferences = Preferences(scratch_folder / "preferences.toml")
        state = WindowState(QSettings(str(scratch_folder / "window.ini"), QSettings.Format.IniFormat))
        self.app = WindowApp(self.loop, open_container(library, polite=True), preferences, state=state)
        self.window = self.app.window
        self.window.resize(1600, 1000)
        self.app.start()
        self.window.repaint()
        self.first_paint = time.perf_counter() - started
        self.review = cast(Review, self.window.review)
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(max(0.0, now - self._last - BEAT_MS / 1000))
        self._last = now

    def watch(self) -> None:
        """Begins to note the gaps between beats of the main thread."""
        self.gaps = []
        self._last = time.perf_counter()
        self._timer.start()

    def watched(self) -> list[float]:
        self._timer.stop()
        return self.gaps or [0.0]

    def until(self, holds: Callable[[], Any], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError("what the bench waits for did not come")
            self.qt.processEvents()
            # As idle as the event loop is: waking up more often takes the lock from what is waited for.
            time.sleep(0.002)

    def open_source(self) -> float:
        """Opens the first source; seconds until its queue and picture are shown."""
        self.until(lambda: self.window.session.loaded)
        started = time.perf_counter()
        self.window.open_source(self.window.session.shelf.sources[0].id)
        self.until(lambda: self.review.desk.snapshot is not None and self.review.player.picture is not None)
        self.review.queue.view.viewport().repaint()
        return time.perf_counter() - started

    def arrive(self) -> None:
        player = self.review.player
        self.until(lambda: player._exact_up_to >= player._number)

    def close(self) -> None:
        self.app.begin_close()
        self.until(self.app.closed.is_set)
        self.qt.processEvents()
        self.loop.close()


def resident_mb() -> float:
    """What the process holds in memory now; its peak where the system doesn't tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _scrub_for_long(bench: Bench, *, minutes: int) -> None:
    """So many minutes of dragging over the scrub bar at twenty moves a second, one in twenty waited for."""
    player = bench.review.player
    held = []
    for minute in range(minutes):
        for move in range(60 * 20):
            player.seek(random.randrange(player.duration), scrubbing=True)
            bench.qt.processEvents()
            if move % 20 == 19:
                bench.arrive()
        held.append(resident_mb())
        if minute in (0, 4, 9, minutes - 1):
            print(f"resident after {minute + 1:2} min of scrubbing   {held[-1]:6.0f} MB")
    print(f"highest                              {max(held):6.0f} MB")


def _large(library: Path, *, quick: bool) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from tests.bench.big_run import make_big_library

    size: dict[str, Any] = {"minutes": 15, "appearances": 3_000, "boxes": 30_000} if quick else {}
    make_big_library(library, **size)
    bench = Bench(library, library)
    print(f"window built and painted             {bench.first_paint:6.2f} s   (budget 1 s after start)")
    print(f"opening the run                      {bench.open_source():6.2f} s   (budget 1 s)")
    review, desk = bench.review, bench.review.desk
    assert desk.snapshot is not None
    print(f"rows {len(desk.snapshot.rows)}, appearances {len(desk.snapshot.appearances)}")
    frame = review.canvas.frame
    frame.setFocus()
    desk.choose(next(r.key for r in desk.snapshot.rows if r.brand_name))
    bench.arrive()
    visible, following, stored = [], [], []
    bench.watch()
    for _ in range(10 if quick else 25):
        started = time.perf_counter()
        QTest.keyClick(frame, Qt.Key.Key_P)
        frame.repaint()
        review.queue.view.viewport().repaint()
        visible.append(time.perf_counter() - started)
        bench.arrive()
        frame.repaint()
        following.append(time.perf_counter() - started)
        bench.until(lambda: desk.settled)
        stored.append(time.perf_counter() - started)
    row("key to visible decision", visible, "(budget 50 ms)")
    row("next item with its picture", following, "(budget 100 ms)")
    row("decision stored, queue refreshed", stored, "")
    row("stalls while deciding", bench.watched(), "(budget 16 ms p99)")
    bar = review.queue.view.verticalScrollBar()
    scrolled = []
    for number in range(120):
        started = time.perf_counter()
        bar.setValue((number * 7_919 * 60) % max(1, bar.maximum()))
        review.queue.view.viewport().repaint()
        scrolled.append(time.perf_counter() - started)
        bench.qt.processEvents()
    row("scrolling the queue anywhere", scrolled, "(budget 16 ms)")
    painted = []
    for number in range(30):
        started = time.perf_counter()
        review.timeline._show(number * 1e7, number * 1e7 + 6e8)
        review.timeline.viewport().repaint()
        painted.append(time.perf_counter() - started)
    row("timeline repainted at another zoom", painted, "(budget 16 ms)")
    bench.close()


def _has_level(tab: ClustersTab, level: str) -> bool:
    return tab.loaded_level == level


def _clustering(library: Path, *, quick: bool) -> None:
    """The alias workbench over 20,000 distinct unresolved texts, through all its levels."""
    from app.book_csv import read_book_csv
    from engine.clustering import LEVELS
    from resources.brands import starter_book
    from tests.bench.big_run import make_big_library
    from tests.bench.matching import read_badly
    from ui.brands.page import BrandsPage

    count = 2_000 if quick else 20_000
    names = [row.name for row in read_book_csv(starter_book()).rows]
    texts = list(dict.fromkeys(read_badly(random.Random(5), names, 2 * count)))[:count]
    make_big_library(library, appearances=count, boxes=2 * count, texts=texts)
    bench = Bench(library, library)
    bench.until(lambda: bench.window.session.loaded)
    for place in ("view.review", "view.report", "view.runs", "view.brands"):
        bench.window.show_page(place)
    page = bench.window.findChild(BrandsPage)
    assert page is not None
    tab = page.clusters_tab
    bench.until(tab.isHidden)
    bench.watch()
    page.tabs.setCurrentWidget(tab)
    for number, level in enumerate(LEVELS):
        tab.levels.choose(number)
        bench.until(partial(_has_level, tab, level))
        print(f"clusters of {count:,} texts, {level:12} {len(tab.clusters.clusters):6,}")
    row("stalls while clustering", bench.watched(), "")
    bench.close()


def _scrubbing(folder: Path, *, quick: bool) -> None:
    """On a real 720p video, uncached by jumping about, cached by going back and forth, and while two threads
    keep both cores busy."""
    from app.container import open_container
    from app.demo_run import DEMO_BOOK, prepare_demo

    library = folder / "demo"
    with open_container(library) as app:
        source, _ = prepare_demo(app, seconds=12.0 if quick else 30.0)
        job = app.jobs.create(source.id, books=(DEMO_BOOK,))
        app.jobs.start(job.id).result()
    bench = Bench(library, folder)
    bench.open_source()
    player = bench.review.player
    bench.arrive()
    random.seed(3)
    far, near = [], []
    for _ in range(40):
        started = time.perf_counter()
        player.seek(random.randrange(player.duration))
        bench.arrive()
        bench.review.canvas.frame.repaint()
        far.append(time.perf_counter() - started)
    for number in range(40):
        started = time.perf_counter()
        player.step(-1 if number % 2 else 1)
        bench.arrive()
        bench.review.canvas.frame.repaint()
        near.append(time.perf_counter() - started)
    row("scrub, uncached", far, "(budget 150 ms p95)")
    row("scrub, cached", near, "(budget 40 ms)")
    _scrub_for_long(bench, minutes=2 if quick else 30)
    shown = bench.review.desk.source
    assert shown is not None
    job = bench.app.container.jobs.create(shown.id, overrides={"detect_regions": {"box_floor": 0.41}})
    done = threading.Event()
    bench.watch()
    bench.app.container.jobs.start(job.id).add_done_callback(lambda _: done.set())
    while not done.is_set():
        player.seek(random.randrange(player.duration))
        bench.arrive()
        bench.until(lambda: True)
    row("stalls while a run is going", bench.watched(), "(budget 16 ms p99)")
    bench.close()
