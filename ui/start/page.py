"""The start page: sources as cards, the interrupted run, recent libraries, and where to drop a video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QFocusEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.domain.jobs import DetectJob
from engine.events import StageProgress
from ui.empty import EmptyState
from ui.flow_layout import FlowLayout
from ui.icons import icon
from ui.session import Session
from ui.start.card import SourceCard
from ui.start.overview import CardFacts, Overview
from ui.start.stopped import stopped_in_words, stopped_jobs
from ui.text import plural, tr
from ui.workspace import Services

COUNT_MS = 200
"""Cards are there for so long before decisions are counted: a source that is opened at once comes first."""


class StartPage(QWidget):
    """The library."""

    source_opened = Signal(str)
    locate_wanted = Signal(str)
    library_wanted = Signal(str)
    resume_wanted = Signal(object)
    search_ended = Signal()

    def __init__(self, services: Services, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._session = session
        self._overview = Overview(services.container.library)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        services.actions.attach_library(self)
        self._cards: dict[str, SourceCard] = {}
        self._facts: dict[str, CardFacts] = {}
        self._filter = ""
        self._chosen = self._wanted = ""
        self._seen = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(COUNT_MS)
        self._soon.timeout.connect(self._count_now)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 24, 32, 0)
        layout.setSpacing(16)
        layout.addLayout(self._head())
        self._banner = _Banner()
        self._banner.resume.connect(self.resume_wanted)
        layout.addWidget(self._banner)
        self._stack = QStackedWidget()
        layout.addWidget(self._stack, 1)
        actions = services.actions
        self._empty = EmptyState(
            "import",
            tr("Drop a video here"),
            tr(
                "Sponsight finds the sponsors in it and you check what it found. Nothing leaves this machine."
            ),
            [
                (tr("Import video…"), actions["file.import"].trigger),
                (tr("Open the demo"), actions["file.demo"].trigger),
            ],
            framed=True,
        )
        holder = QWidget()
        inner = QVBoxLayout(holder)
        inner.setContentsMargins(0, 0, 0, 32)
        inner.addWidget(self._empty)
        self._stack.addWidget(holder)
        self._grid_holder = QWidget()
        self._grid = FlowLayout(self._grid_holder, 16)
        scroll = self._scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self._grid_holder)
        scroll.setAccessibleName(tr("Sources"))
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._stack.addWidget(scroll)
        every = [(tr("Show all sources"), self.search_ended.emit)]
        self._none = EmptyState("search", "", tr("Its name and its path were looked at."), every)
        self._stack.addWidget(self._none)
        session.shelf_changed.connect(self.refresh)
        services.bridge.progress.connect(self._progress)
        services.bridge.library.connect(self._count)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(2)
        title = QLabel(tr("Library"))
        title.setProperty("look", "display")
        words.addWidget(title)
        self._where = QLabel()
        self._where.setProperty("look", "muted")
        words.addWidget(self._where)
        row.addLayout(words, 1)
        self._recent = QToolButton()
        self._recent.setText(tr("Libraries"))
        self._recent.setIcon(icon("library"))
        self._recent.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._recent.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._recent.setMenu(QMenu(self._recent))
        self._recent.menu().aboutToShow.connect(self._fill_recent)
        self._recent.setMinimumHeight(32)
        row.addWidget(self._recent)
        actions = self._services.actions
        row.addWidget(_button(actions["file.demo"]))
        row.addWidget(_button(actions["run.all"]))
        row.addWidget(_button(actions["file.import"], primary=True))
        return row

    @Slot()
    def refresh(self) -> None:
        """Shows the library as the session read it last."""
        shelf = self._session.shelf
        count = plural(len(shelf.sources), tr("{n} source"), tr("{n} sources"))
        self._where.setText(f"{count} · {self._services.container.library.folder}")
        if not shelf.sources or self._stack.currentIndex() == 0:
            self._stack.setCurrentIndex(1 if shelf.sources else 0)
        overview = self._overview
        self._services.tasks.call(
            tr("Reading the sources"), lambda: overview.quick(shelf), self._show_cards, newest="cards"
        )
        self._count()
        container = self._services.container
        stopped = stopped_jobs(shelf, container.jobs) if self._services.writable else ()
        self._banner.show_jobs(stopped, self._session)

    @property
    def chosen(self) -> str:
        """Id of the source whose card has the focus, or had it last; '' where that card is gone or not shown."""
        card = self._cards.get(self._chosen)
        return self._chosen if card is not None and not card.isHidden() else ""

    def choose(self, source_id: str) -> None:
        """Goes to a source's card, now or once it is there."""
        self._wanted = source_id
        self._go_to_wanted()

    def _go_to_wanted(self) -> None:
        card = self._cards.get(self._wanted)
        if card is not None and not card.isHidden():
            card.setFocus(Qt.FocusReason.OtherFocusReason)
            self._scroll.ensureWidgetVisible(card)

    @Slot(str)
    def _card_chosen(self, source_id: str) -> None:
        self._chosen, self._wanted = source_id, ""

    @Slot(str, QPoint)
    def _menu(self, source_id: str, place: QPoint) -> None:
        actions = self._services.actions
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("review"), tr("Open"), lambda: self.source_opened.emit(source_id))
        locate = menu.addAction(icon("folder"), tr("Locate the video…"))
        locate.triggered.connect(lambda: self.locate_wanted.emit(source_id))
        locate.setEnabled(self._services.writable)
        menu.addSeparator()
        menu.addAction(actions["library.remove"])
        menu.popup(place)

    def search(self, text: str) -> None:
        """Shows only sources whose name or path holds the text."""
        self._filter = text.casefold()
        for id, card in self._cards.items():
            source = self._facts[id].source
            card.setVisible(self._filter in f"{source.name} {source.path}".casefold())
        self._grid.invalidate()
        shown = any(not card.isHidden() for card in self._cards.values())
        self._none.say(
            tr("No source fits “{text}”").format(text=text), tr("Its name and its path were looked at.")
        )
        if self._session.shelf.sources:
            self._stack.setCurrentIndex(1 if shown or not self._cards else 2)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The card that was chosen last takes the keys, else that of the open video, else the first."""
        super().focusInEvent(event)
        self._focus_card()

    @Slot(int)
    def _step(self, by: int) -> None:
        """From the card that has the keys to another one."""
        shown = self._shown()
        here = next((i for i, card in enumerate(shown) if card.hasFocus()), 0)
        card = shown[max(0, min(here + by, len(shown) - 1))]
        card.setFocus(Qt.FocusReason.TabFocusReason)
        self._scroll.ensureWidgetVisible(card)

    def _focus_card(self) -> None:
        shown = self._shown()
        open_one = self._session.source.id if self._session.source is not None else ""
        chosen = [card for id in (self.chosen, open_one) if (card := self._cards.get(id)) in shown]
        if shown:
            card = chosen[0] if chosen else shown[0]
            card.setFocus(Qt.FocusReason.OtherFocusReason)

    def _shown(self) -> list[SourceCard]:
        """The cards that fit the search, as they stand."""
        return [card for card in self._cards.values() if not card.isHidden()]

    def _show_cards(self, cards: list[CardFacts]) -> None:
        seen = {facts.source.id for facts in cards}
        gone = [id for id in self._cards if id not in seen]
        here = self._shown()
        focus = self.window().focusWidget()
        left_by = next((i for i, card in enumerate(here) if card.source_id in gone and card is focus), None)
        for id in gone:
            card = self._cards.pop(id)
            self._grid.removeWidget(card)
            card.deleteLater()
        for facts in cards:
            id = facts.source.id
            known = self._facts.get(id)
            if known is not None and known.job == facts.job:
                facts = replace(facts, decided=known.decided, undecided=known.undecided)
            self._facts[id] = facts
            if id in self._cards:
                self._cards[id].show_facts(facts)
            else:
                card = SourceCard(facts)
                card.opened.connect(self.source_opened)
                card.menu_wanted.connect(self._menu)
                card.chosen.connect(self._card_chosen)
                card.left.connect(self._step)
                card.locate_wanted.connect(self.locate_wanted)
                self._cards[id] = card
                self._grid.addWidget(card)
        self.search(self._filter)
        if left_by is not None and (left := self._shown()):
            card = left[min(left_by, len(left) - 1)]
            card.setFocus(Qt.FocusReason.OtherFocusReason)
            self._scroll.ensureWidgetVisible(card)
        elif self.hasFocus() or left_by is not None:
            self._focus_card()
        self._go_to_wanted()

    def _show_counts(self, counts: Mapping[str, tuple[int, int]]) -> None:
        for id, (decided, undecided) in counts.items():
            if id in self._facts and id in self._cards:
                self._facts[id] = replace(self._facts[id], decided=decided, undecided=undecided)
                self._cards[id].show_facts(self._facts[id])

    @Slot(object)
    def _progress(self, latest: tuple[StageProgress, ...]) -> None:
        for event in latest:
            for id, facts in self._facts.items():
                if facts.job is not None and facts.job.id == event.job_id and id in self._cards:
                    import msgspec

                    job = msgspec.structs.replace(facts.job, progress=event.overall)
                    self._cards[id].show_facts(replace(facts, job=job))

    @Slot(object)
    def _count(self, _events: tuple[object, ...] = ()) -> None:
        """Decisions are counted when the page is looked at, and not while another page is being opened."""
        if self._seen:
            self._soon.start()

    @Slot()
    def _count_now(self) -> None:
        overview, shelf = self._overview, self._session.shelf
        self._services.tasks.call(
            tr("Counting decisions"),
            lambda: overview.counts(shelf, lambda: self._seen),
            self._show_counts,
            newest="counts",
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._seen = True
        self._count()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._seen = False
        self._soon.stop()

    @Slot()
    def _fill_recent(self) -> None:
        menu = self._recent.menu()
        menu.clear()
        here = str(self._services.container.library.folder.resolve())
        for folder in self._services.preferences.values.recent_libraries:
            action = menu.addAction(icon("library"), folder)
            action.setEnabled(folder != here and Path(folder).is_dir())
            action.triggered.connect(lambda _=False, f=folder: self.library_wanted.emit(f))
        menu.addSeparator()
        menu.addAction(self._services.actions["file.library"])


class _Banner(QFrame):
    """Tells of runs that were interrupted or never had their turn, and offers to go on."""

    resume = Signal(object)
    """Ids of the runs, in the order in which they are to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "panel")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 12, 12)
        self._words = QLabel()
        self._words.setWordWrap(True)
        row.addWidget(self._words, 1)
        button = QPushButton(tr("Resume"))
        button.setProperty("look", "primary")
        button.clicked.connect(self._pressed)
        row.addWidget(button)
        self._jobs: tuple[str, ...] = ()
        self.hide()

    @property
    def words(self) -> str:
        return self._words.text()

    def show_jobs(self, jobs: tuple[DetectJob, ...], session: Session) -> None:
        """`jobs`: those that nothing will start by itself, the first to go on first."""
        self._jobs = tuple(job.id for job in jobs)
        self.setVisible(bool(jobs))
        if jobs:
            self._words.setText(stopped_in_words(jobs, session.shelf))

    @Slot()
    def _pressed(self) -> None:
        self.resume.emit(self._jobs)


def _button(action: QAction, primary: bool = False) -> QPushButton:
    button = QPushButton(action.icon() if not primary else icon("import", "#FFFFFF"), action.text())
    button.setToolTip(action.toolTip())
    if primary:
        button.setProperty("look", "primary")
    button.clicked.connect(action.trigger)
    action.enabledChanged.connect(button.setEnabled)
    button.setEnabled(action.isEnabled())
    return button
