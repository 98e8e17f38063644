"""Find it elsewhere: what a search takes, the search itself, and its finds with crops for a quick yes or no."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial

import shiboken6
from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QImage, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.brand_book import BrandRow
from app.commands import Decide
from app.find_elsewhere import Found, Quest
from engine.domain.jobs import DetectJob, JobStatus
from ui.action_keys import shown_keys
from ui.brands.alive import while_alive
from ui.brands.orders import INITIATOR, Orders
from ui.crops import picture_icon
from ui.dialogs.base import Dialog
from ui.icons import icon
from ui.text import clock, duration, percent, plural, tr
from ui.workspace import Services

CROP = QSize(150, 64)
ENTER = ("Return", "Enter")
"""Keys that a dialog needs for itself."""


class ElsewhereDialog(Dialog):
    """Closing lets a search go on in the background; its runs stand in the lineage."""

    def __init__(self, parent: QWidget, services: Services, orders: Orders, brand: BrandRow) -> None:
        text = tr(
            "Stored frames of all sources are searched for the brand’s reference pictures; nothing is read anew."
        )
        super().__init__(parent, tr("Find {name} elsewhere").format(name=brand.name), text, width=760)
        self.resize(760, 600)
        self._services = services
        self._orders = orders
        self._brand = brand
        self._quest: Quest | None = None
        self._left: set[str] = set()
        self._jobs: list[str] = []
        self._stack = QStackedWidget()
        self.body.addWidget(self._stack, 1)
        self._stack.addWidget(self._waiting_page())
        self._stack.addWidget(self._found_page())
        self.close_button()
        self.start = self.button(tr("Search"), primary=True)
        self.start.setEnabled(False)
        self.start.clicked.connect(self._start)
        services.tasks.call(
            tr("Looking at what a search takes"),
            lambda: services.container.elsewhere.quest(brand.id),
            while_alive(self, self._plan),
            failed=while_alive(self, self._refused),
        )

    # --- building -----------------------------------------------------------------------------------------------

    def _waiting_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self.plan_words = QLabel(tr("Looking at what a search takes…"))
        self.plan_words.setWordWrap(True)
        column.addWidget(self.plan_words)
        self.notes = QLabel()
        self.notes.setProperty("look", "small")
        self.notes.setWordWrap(True)
        column.addWidget(self.notes)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Sources searched"))
        self.bar.setTextVisible(False)
        self.bar.hide()
        column.addWidget(self.bar)
        column.addStretch(1)
        return page

    def _found_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self.found_words = QLabel()
        self.found_words.setWordWrap(True)
        column.addWidget(self.found_words)
        self.list = QListWidget()
        self.list.setProperty("reviewKeys", True)
        self.list.setAccessibleName(tr("Finds"))
        self.list.setIconSize(CROP)
        self.list.setUniformItemSizes(True)
        column.addWidget(self.list, 1)
        row = QHBoxLayout()
        self.yes = self._answer(tr("Yes, it is"), "review.confirm", "confirm", "confirm")
        self.no = self._answer(tr("No, it is not"), "review.reject", "reject", "reject")
        row.addWidget(self.yes)
        row.addWidget(self.no)
        row.addStretch(1)
        self.count_in = QPushButton(tr("Let these runs count"))
        self.count_in.setToolTip(tr("Accepts the runs of this search: figures then follow what was found."))
        self.count_in.setAutoDefault(False)
        self.count_in.clicked.connect(self._accept_runs)
        row.addWidget(self.count_in)
        column.addLayout(row)
        return page

    def _answer(self, words: str, id: str, symbol: str, kind: str) -> QPushButton:
        """A button with the letters by which the review says the same."""
        button = QPushButton(icon(symbol), words)
        button.setAutoDefault(False)
        button.clicked.connect(partial(self._decide, kind))
        keys = [k for k in self._services.actions.specs[id].keys if k not in ENTER]
        button.setToolTip(f"{words} ({shown_keys(keys)})" if keys else words)
        action = QAction(self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(button.click)
        self.list.addAction(action)
        return button

    # --- searching ----------------------------------------------------------------------------------------------

    def _plan(self, quest: Quest) -> None:
        self._quest = quest
        sources = plural(len(quest.job_ids), tr("{n} source"), tr("{n} sources"))
        self.plan_words.setText(
            tr(
                "{sources} would be searched, in about {time}. The runs count only when you accept them."
            ).format(sources=sources, time=duration(quest.seconds))
        )
        self.notes.setText("\n".join(quest.notes))
        self.start.setEnabled(self._services.writable)
        self.start.setFocus(Qt.FocusReason.OtherFocusReason)

    def _refused(self, error: Exception) -> None:
        self.plan_words.setText(str(error))

    @Slot()
    def _start(self) -> None:
        quest, elsewhere = self._quest, self._services.container.elsewhere
        if quest is None:
            return
        self.start.setEnabled(False)
        self.plan_words.setText(tr("Searching…"))
        self.bar.setRange(0, len(quest.job_ids))
        self.bar.setValue(0)
        self.bar.show()

        def started(futures: dict[str, Future[DetectJob]]) -> None:
            self._left = set(futures)
            for job_id, future in futures.items():
                self._services.tasks.follow(
                    tr("Searching"),
                    future,
                    partial(self._ended, job_id),
                    failed=partial(self._failed, job_id),
                )

        self._services.tasks.call(
            tr("Searching"), lambda: elsewhere.start(quest), started, failed=while_alive(self, self._refused)
        )

    def _ended(self, job_id: str, job: DetectJob | None) -> None:
        self._left.discard(job_id)
        if job is not None and job.status is JobStatus.COMPLETED:
            self._jobs.append(job_id)
        if not shiboken6.isValid(self):
            return
        self.bar.setValue(self.bar.maximum() - len(self._left))
        if not self._left:
            self._list()

    def _failed(self, job_id: str, error: Exception) -> None:
        self._services.messages.tell_error(tr("Searching"), error)
        self._ended(job_id, None)

    def _list(self) -> None:
        elsewhere, jobs, brand = self._services.container.elsewhere, tuple(self._jobs), self._brand.id
        decided = self._services.container.brands.found_by_look

        def read() -> list[tuple[Found, QImage]]:
            open_keys = {(f.job_id, f.key) for f in decided(brand, jobs)}
            finds = [f for job in jobs for f in elsewhere.found(job, brand)]
            finds = [f for f in finds if (f.job_id, f.appearance_key) in open_keys]
            finds.sort(key=lambda f: -f.score)
            return [(f, _picture(elsewhere.crop(f))) for f in finds]

        self._services.tasks.call(tr("Listing finds"), read, while_alive(self, self.show_finds))

    def show_finds(self, finds: list[tuple[Found, QImage]]) -> None:
        """The finds that nobody has judged, surest first."""
        self._stack.setCurrentIndex(1)
        self.start.hide()
        self.list.clear()
        for find, image in finds:
            words = tr("{source}   {start} – {end}\n{frames} · likeness {score} · {verdict}").format(
                source=find.source_name,
                start=clock(find.span.start),
                end=clock(find.span.end),
                frames=plural(len(find.frames), tr("{n} frame"), tr("{n} frames")),
                score=percent(find.score),
                verdict=tr("sure enough to count")
                if find.verdict == "accepted"
                else tr("waits for your word"),
            )
            item = QListWidgetItem(picture_icon(image), words)
            item.setData(Qt.ItemDataRole.UserRole, find)
            item.setToolTip(find.reason)
            item.setSizeHint(QSize(200, CROP.height() + 12))
            self.list.addItem(item)
        self._count()
        if finds:
            self.list.setCurrentRow(0)
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _count(self) -> None:
        left = self.list.count()
        words = plural(left, tr("{n} find to judge."), tr("{n} finds to judge, the surest first."))
        self.found_words.setText(words if left else tr("Nothing (more) to judge was found."))
        self.count_in.setEnabled(bool(self._jobs) and self._services.writable)
        for button in (self.yes, self.no):
            button.setEnabled(left > 0 and self._services.writable)

    @Slot()
    def _accept_runs(self) -> None:
        brands, jobs = self._services.container.brands, tuple(self._jobs)
        self._jobs = []
        self.count_in.setEnabled(False)
        self._services.tasks.call(
            tr("Accepting runs"),
            lambda: brands.agree(jobs, initiator=INITIATOR),
            self._orders.told,
            in_turn=True,
        )

    def _decide(self, kind: str) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        find: Found = item.data(Qt.ItemDataRole.UserRole)
        command = Decide(
            source_id=find.source_id,
            job_id=find.job_id,
            appearance_keys=(find.appearance_key,),
            kind="confirm" if kind == "confirm" else "reject",
            brand_id=find.brand_id,
        )
        self.list.takeItem(self.list.row(item))
        self._count()
        self._orders.do(tr("Deciding"), command)


def _picture(png: bytes) -> QImage:
    image = QImage.fromData(png)
    if image.isNull():
        return image
    return image.scaled(CROP, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
