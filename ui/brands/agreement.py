"""The bar that says which accepted figures are older than the book, matches again, and asks whether it counts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from app.brand_impact import Impact
from app.command_bus import Change
from engine.domain.jobs import DetectJob, JobStatus
from ui.brands.orders import Orders
from ui.brands.words import SMALL, gain_and_loss
from ui.text import plural, tr
from ui.workspace import Services


class AgreementBar(QFrame):
    """Hidden while nothing is open. Figures never change by themselves: only `agree` lets matched runs count."""

    agreed = Signal()

    def __init__(self, services: Services, orders: Orders, page: QWidget) -> None:
        super().__init__(page)
        self._services = services
        self._orders = orders
        self._page = page
        self._impact: Impact | None = None
        self._going: set[str] = set()
        self._jobs: list[str] = []
        self._left: frozenset[str] = frozenset()
        self.setProperty("look", "panel")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        self.words = QLabel()
        self.words.setWordWrap(True)
        layout.addWidget(self.words, 1)
        self.look = QPushButton(tr("Show what changes…"))
        self.look.clicked.connect(self._show_impact)
        self.later = QPushButton(tr("Not now"))
        self.later.clicked.connect(self._not_now)
        self.again = QPushButton(tr("Match again"))
        self.again.clicked.connect(self._again)
        self.agree = QPushButton(tr("Agree: let it count"))
        self.agree.setProperty("look", "primary")
        self.agree.clicked.connect(self._agree)
        for button in (self.look, self.later, self.again, self.agree):
            layout.addWidget(button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(500)
        self._timer.timeout.connect(self._read)
        self._say()

    @Slot()
    def check(self) -> None:
        """Looks (soon) whether accepted figures are older than the book."""
        if self._services.writable:
            self._timer.start()

    @Slot()
    def _read(self) -> None:
        brands = self._services.container.brands
        self._services.tasks.call(
            tr("Comparing accepted runs with the book"), brands.outdated, self._take, newest="brands-outdated"
        )

    def _take(self, impact: Impact) -> None:
        self._impact = impact
        self._say()

    @property
    def _open(self) -> bool:
        impact = self._impact
        if impact is None or not impact.to_rematch or frozenset(impact.to_rematch) == self._left:
            return False
        return impact.gained + impact.lost >= SMALL

    def _say(self) -> None:
        ready = bool(self._jobs) and not self._going
        self.look.setVisible(not self._going)
        self.later.setVisible(not self._going)
        self.again.setVisible(not self._going and not ready)
        self.agree.setVisible(ready)
        impact = self._impact
        if self._going:
            count = plural(len(self._going), tr("{n} source is"), tr("{n} sources are"))
            self.words.setText(tr("{count} being matched again from stored texts…").format(count=count))
        elif impact is not None:
            sources = impact.to_rematch
            change = gain_and_loss(impact.gained, impact.lost)
            if ready:
                count = plural(len(self._jobs), tr("{n} source was"), tr("{n} sources were"))
                words = tr("{count} matched again: {change}. Accepted figures change only when you agree.")
            else:
                count = plural(len(sources), tr("{n} source is"), tr("{n} sources are"))
                words = tr(
                    "{count} older than the book: {change} would follow. Figures change only when you agree."
                )
            self.words.setText(words.format(count=count, change=change))
        self.setVisible(bool(self._going) or ready or self._open)

    @Slot()
    def _again(self) -> None:
        if self._impact is not None:
            self.rematch(self._impact.to_rematch)

    @Slot(object)
    def rematch(self, source_ids: Iterable[str]) -> None:
        """Matches the accepted runs of sources again in the background; they count when the person agrees."""
        sources, brands = tuple(source_ids), self._services.container.brands
        self._left = frozenset()
        self._going |= set(sources)
        self._say()

        def started(futures: object) -> None:
            assert isinstance(futures, list)
            waiting = list(zip(sources, futures, strict=False))
            for source_id in set(sources) - {s for s, _ in waiting}:
                self._ended(source_id, None)
            for source_id, future in waiting:
                self._services.tasks.follow(
                    tr("Matching again"),
                    future,
                    partial(self._ended, source_id),
                    failed=partial(self._failed, (source_id,)),
                )

        self._services.tasks.call(
            tr("Matching again"),
            lambda: brands.rematch(sources),
            started,
            failed=partial(self._failed, sources),
        )

    def _ended(self, source_id: str, job: DetectJob | None) -> None:
        self._going.discard(source_id)
        if job is not None and job.status is JobStatus.COMPLETED:
            self._jobs.append(job.id)
        if not self._going:
            self._read()
        self._say()

    def _failed(self, source_ids: tuple[str, ...], error: Exception) -> None:
        for source_id in source_ids:
            self._ended(source_id, None)
        self._services.messages.tell_error(tr("Matching again"), error)

    @Slot()
    def _agree(self) -> None:
        jobs, brands = tuple(self._jobs), self._services.container.brands

        def took(change: Change) -> None:
            self._jobs = []
            self._impact = None
            self._orders.told(change)
            self._say()
            self.agreed.emit()
            self.check()

        self._services.tasks.call(
            tr("Accepting runs"), lambda: brands.agree(jobs, initiator="brands"), took, in_turn=True
        )

    @Slot()
    def _not_now(self) -> None:
        """The runs that were matched again stay in the lineage, where they can be accepted later."""
        self._jobs = []
        self._left = frozenset(self._impact.to_rematch if self._impact is not None else ())
        self._say()

    @Slot()
    def _show_impact(self) -> None:
        from ui.brands.edit_dialog import EditDialog

        if self._impact is not None:
            title = tr("What matching again changes")
            EditDialog(self._page, self._services, title, None, impact=self._impact).open()
