"""The window: puts top bar, rail, pages, message bar and status line together, and sends actions on their way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from engine.events import PartDone
from ui.coming_back import ComingBack
from ui.decision_control import DecisionControl
from ui.dialog_control import DialogControl
from ui.drop import DropCurtain, videos_in
from ui.library_control import LibraryControl
from ui.menus import fill_menu_bar
from ui.message_bar import MessageBar
from ui.models.use import ModelUseWatch
from ui.pages import Pages
from ui.removal_control import RemovalControl
from ui.review import build_review
from ui.review_page import ReviewPage
from ui.run_all_control import RunAllControl
from ui.run_control import RunControl
from ui.runs.panel import RunPanel
from ui.search_control import SearchControl
from ui.session import Session
from ui.standing import Standing
from ui.start.page import StartPage
from ui.status_line import StatusLine
from ui.tab_order import go_on
from ui.top_bar import PAGES, Rail, TopBar
from ui.window_state import WindowState
from ui.workspace import Services

if TYPE_CHECKING:
    from ui.brands.page import BrandsPage


class MainWindow(QMainWindow):
    """Knows its parts and where an action goes; what an action does is told in the control classes."""

    closing = Signal()

    def __init__(self, services: Services, messages: MessageBar, state: WindowState) -> None:
        super().__init__()
        self.services = services
        self.state = state
        self.messages = messages
        self.session = Session(services, self)
        self.runs = RunControl(services, self.session, self)
        self.run_all = RunAllControl(services, self.session, self)
        self.library = LibraryControl(services, self.session, self)
        self.dialogs = DialogControl(services, self)
        self.review = build_review(services)
        self.decisions = DecisionControl(services, self.session, self.review, self)
        self.removal = RemovalControl(services, self.session, self.review, self)
        self.run_panel = RunPanel(services, self.session, self.runs, self.review)
        self.pages = Pages()
        self.status = StatusLine()
        self.standing = Standing(services, self.session, self.status, self, self.runs.video_name)
        self.model_use = ModelUseWatch(services, self.session, self.status, self)
        self.curtain = DropCurtain(self)
        self.back = ComingBack(self, self._resume)
        self._build()
        self._connect()
        self._handlers = self._action_handlers()
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        state.restore_geometry(self)
        self.show_page("view.library")

    # --- building -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        actions = self.services.actions
        actions.attach_window(self)
        fill_menu_bar(self, actions)
        self.top_bar = TopBar(actions, self.session)
        self.rail = Rail(actions)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.messages)
        column.addWidget(self.pages, 1)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(middle, 1)
        whole = QWidget()
        stack = QVBoxLayout(whole)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        stack.addWidget(self.top_bar)
        stack.addWidget(body, 1)
        self.setCentralWidget(whole)
        self.setStatusBar(self.status)
        self.pages.offer("view.library", self._start_page)
        self.pages.offer("view.review", self._review_page)
        self.pages.offer("view.report", self._report_page)
        self.pages.offer("view.runs", self._runs_page)
        self.pages.offer("view.brands", self._brands_page)

    def _start_page(self) -> QWidget:
        page = StartPage(self.services, self.session)
        page.source_opened.connect(self.open_source)
        page.locate_wanted.connect(lambda id: self.library.choose_locate(self.session.shelf.source(id)))
        page.library_wanted.connect(lambda folder: self.library.open_library(Path(folder)))
        page.resume_wanted.connect(self._resume)
        page.search_ended.connect(lambda: self.search.clear())
        return page

    def _review_page(self) -> QWidget:
        page = ReviewPage(self.review, self.run_panel, self.services.actions, self.state)
        page.show_run(self.session.source is not None, self.session.job is not None)
        return page

    def _report_page(self) -> QWidget:
        from ui.report.page import ReportPage

        page = ReportPage(self.services, self.session)
        page.jumped.connect(self.jump)
        return page

    def _runs_page(self) -> QWidget:
        from ui.runs.page import RunsPage

        page = RunsPage(self.services, self.session, self.runs)
        page.jumped.connect(self.jump)
        return page

    def _brands_page(self) -> QWidget:
        from ui.brands import build_brands

        page = build_brands(self.services)
        page.searched.connect(partial(self.search.told, "view.brands"))
        return page

    def _connect(self) -> None:
        services, session = self.services, self.session
        services.actions.triggered.connect(self.do)
        services.actions.held.connect(self.review.hold)
        services.tasks.failed.connect(self.messages.tell_error)
        services.bridge.parts.connect(self._parts)
        services.bridge.library.connect(self._library_changed)
        session.job_changed.connect(self._job_changed)
        self.library.located.connect(self.review.source_located)
        self.search = SearchControl(self)
        self.status.failures_wanted.connect(lambda: self.dialogs.failures(self.status.failures))
        self.decisions.jumped.connect(self._jump_to_subject)
        self.decisions.placed.connect(self._show_in_book)
        self.decisions.shelved.connect(self._show_card)
        self.decisions.stored.connect(self.status.saved_now)
        self.decisions.told.connect(self.review.say)
        self.review.rematch_wanted.connect(lambda ids: self._brands().agreement.rematch(ids))

    # --- actions ------------------------------------------------------------------------------------------------

    def _action_handlers(self) -> dict[str, Callable[[], None]]:
        handlers: dict[str, Callable[[], None]] = {
            "file.import": self.library.choose_import,
            "file.demo": self.library.open_demo,
            "file.library": self.library.choose_library,
            "file.export": self.library.choose_export,
            "file.locate": self.library.choose_locate,
            "library.remove": lambda: self.removal.ask(self._chosen()),
            "file.preferences": self.dialogs.preferences,
            "file.quit": self.close,  # type: ignore[dict-item]
            "edit.undo": self.decisions.undo,
            "edit.redo": self.decisions.redo,
            "edit.search": lambda: self.search.focus(),
            "edit.history": self.decisions.show_history,
            "view.next_pane": lambda: self._panes("next_pane"),
            "view.previous_pane": lambda: self._panes("previous_pane"),
            "view.canvas": self._escape,
            "view.theme": self.dialogs.switch_theme,
            "view.reset_layout": self._reset_layout,
            "help.palette": self.dialogs.palette,
            "help.sheet": self.dialogs.sheet,
            "help.edit_keys": self.dialogs.edit_keys,
            "help.logs": self.dialogs.logs,
            "help.about": self.dialogs.about,
            "run.start": self._run,
            "run.all": self.run_all.ask,
            "run.stop_all": self.run_all.stop,
            "run.pause": self.runs.pause,
            "run.cancel": self.runs.cancel,
            "run.replay": self._replay,
            "run.retry": self.runs.retry,
            "run.accept": self.runs.accept,
            "run.thresholds": self._thresholds,
        }
        for id in PAGES:
            handlers[id] = partial(self.show_page, id)
        return handlers

    @Slot(str)
    def do(self, id: str) -> None:
        """Carries out an action by its id."""
        handler = self._handlers.get(id)
        if handler is not None:
            handler()
        elif id.startswith("brands."):
            self._brands().trigger(id)
        else:
            self.review.trigger(id)

    def show_page(self, id: str) -> None:
        """Goes to a page. Its main part takes the keys, unless something else in it has them already."""
        before = self.focusWidget()
        self.pages.show_page(id)
        self.services.actions[id].setChecked(True)
        page = self.pages.currentWidget()
        if page is not None and (before is None or not page.isAncestorOf(before)):
            self.to_page()

    @Slot(str)
    def open_source(self, source_id: str) -> None:
        """Opens a source in the review page."""
        self.session.open_source(source_id)
        self.show_page("view.review")
        self.to_page()

    @Slot(object, str)
    def jump(self, time: int, appearance: str = "") -> None:
        """Shows a moment (microseconds) of the chosen source."""
        self.show_page("view.review")
        self.review.jump(time, appearance)

    def _jump_to_subject(self, job_id: str, time: int, appearance: str) -> None:
        if job_id and (self.session.job is None or self.session.job.id != job_id):
            self.session.open_job(job_id)
        self.jump(time, appearance)

    @Slot(str, str)
    def _show_in_book(self, kind: str, what: str) -> None:
        self.show_page("view.brands")
        self._brands().show_subject(kind, what)

    @Slot(str)
    def _show_card(self, source_id: str) -> None:
        self.show_page("view.library")
        self._start().choose(source_id)

    def _chosen(self) -> str:
        """Id of the video that is chosen in the library, on other pages of the one that is open."""
        if self.pages.current == "view.library":
            return self._start().chosen
        return self.session.source.id if self.session.source is not None else ""

    def _start(self) -> StartPage:
        page = self.pages.page("view.library")
        assert isinstance(page, StartPage)
        return page

    def _brands(self) -> BrandsPage:
        from ui.brands.page import BrandsPage

        page = self.pages.page("view.brands")
        assert isinstance(page, BrandsPage)
        return page

    def _run(self) -> None:
        if self.session.source is not None:
            self.show_page("view.review")
        self.run_panel.run()

    def _replay(self) -> None:
        self.show_page("view.review")
        self.run_panel.plan_replay()

    def _thresholds(self) -> None:
        self.show_page("view.review")
        self.run_panel.show_thresholds(self.services.actions["run.thresholds"].isChecked())

    @Slot(object)
    def _resume(self, ids: tuple[str, ...]) -> None:
        self.session.open_job(ids[0])
        self.show_page("view.review")
        self.runs.resume(ids)

    def _panes(self, which: str) -> None:
        page = self.pages.currentWidget()
        if isinstance(page, ReviewPage):
            getattr(page, which)()
        else:
            (self.focusNextChild if which == "next_pane" else self.focusPreviousChild)()

    def _escape(self) -> None:
        """Back to what the page is about; from there, or from the message itself, the message is closed."""
        before = self.focusWidget()
        self.to_page()
        if before is self.focusWidget() or self.messages.isAncestorOf(before or self):
            self.messages.hide()

    def to_page(self) -> None:
        """Gives the focus to what the shown page is about: the frame, the table."""
        page = self.pages.currentWidget()
        if isinstance(page, ReviewPage):
            page.to_canvas()
        elif page is not None:
            page.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _reset_layout(self) -> None:
        self.state.reset()
        page = self.pages.page("view.review")
        if isinstance(page, ReviewPage):
            page.arrange()

    # --- what happens elsewhere ---------------------------------------------------------------------------------

    @Slot()
    def _job_changed(self) -> None:
        source, job = self.session.source, self.session.job
        page = self.pages.made("view.review")
        if isinstance(page, ReviewPage):
            page.show_run(source is not None, job is not None)
        if source is not None and job is not None:
            self.review.open_run(source, job)
        else:
            self.review.close_run()

    @Slot(object)
    def _parts(self, events: tuple[PartDone, ...]) -> None:
        job = self.session.job
        mine = tuple(e for e in events if job is not None and e.job_id == job.id)
        if mine:
            self.review.parts_done(mine)
            self.standing.show_provider()

    @Slot(object)
    def _library_changed(self, events: tuple[object, ...]) -> None:
        from app.mailbox import LibraryChanged

        for event in events:
            if isinstance(event, LibraryChanged):
                self.review.library_changed(event.kinds, event.ids, event.initiator)
                if event.kinds & {"decisions", "brands", "sources"}:
                    self.decisions.refresh()

    # --- drag and drop, closing ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if videos_in(event.mimeData()) and self.services.writable:
            event.acceptProposedAction()
            self.curtain.lower_over(self)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.curtain.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.curtain.hide()
        event.acceptProposedAction()
        self.library.import_files(videos_in(event.mimeData()))
        self.show_page("view.library")

    def focusNextPrevChild(self, next: bool) -> bool:
        return go_on(self, forward=next)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is orderly: the application ends runs and threads first and then lets the window go."""
        event.ignore()
        self.closing.emit()

    def keep_state(self) -> None:
        """Keeps size, layout and place for the next start."""
        page = self.pages.made("view.review")
        if isinstance(page, ReviewPage):
            page.save()
        self.state.save_geometry(self)
        self.back.keep()
