"""The top bar: which source and run, Run/Pause/Stop, search, undo and redo; and the rail with the pages."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ui.action_set import ActionSet
from ui.icons import icon
from ui.session import Session, run_name, status_words
from ui.text import local_time, short, tr
from ui.tokens import RAIL_WIDTH, TOP_BAR_HEIGHT

SEARCH_DELAY_MS = 150
PAGES = ("view.library", "view.review", "view.brands", "view.report", "view.runs")


class TopBar(QWidget):
    """Selectors and the actions that are needed all the time."""

    searched = Signal(str)
    entered = Signal()
    """Enter was pressed in the search field; `searched` came before."""

    def __init__(self, actions: ActionSet, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(TOP_BAR_HEIGHT)
        self._session = session
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(6)
        self.source_button = _selector(tr("Source"), 260)
        self.run_button = _selector(tr("Run of this source"), 240)
        self.source_button.menu().aboutToShow.connect(self._fill_sources)
        self.run_button.menu().aboutToShow.connect(self._fill_runs)
        layout.addWidget(self.source_button)
        layout.addWidget(self.run_button)
        layout.addSpacing(8)
        for id in ("run.start", "run.pause", "run.cancel"):
            layout.addWidget(_button(actions[id], words=id == "run.start"))
        layout.addStretch(1)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search brands and texts"))
        self.search.setAccessibleName(tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setMinimumWidth(160)
        self.search.setMaximumWidth(340)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        layout.addWidget(self.search, 2)
        layout.addSpacing(4)
        for id in ("edit.undo", "edit.redo", "help.palette", "help.sheet"):
            layout.addWidget(_button(actions[id]))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SEARCH_DELAY_MS)
        self._timer.timeout.connect(self._say)
        self.search.textChanged.connect(self._timer.start)
        self.search.returnPressed.connect(self._entered)
        for signal in (
            session.source_changed,
            session.job_changed,
            session.job_updated,
            session.shelf_changed,
        ):
            signal.connect(self.refresh)
        self.refresh()

    def show_search(self, text: str, placeholder: str) -> None:
        """Shows what the page is searched for, without searching anew."""
        self.search.setPlaceholderText(placeholder)
        if self.search.text().strip() != text:
            self.search.setText(text)
        self._timer.stop()

    @Slot()
    def _say(self) -> None:
        self.searched.emit(self.search.text().strip())

    @Slot()
    def _entered(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self._say()
        self.entered.emit()

    @Slot()
    def refresh(self) -> None:
        """Shows the chosen source and run."""
        source, job = self._session.source, self._session.job
        self.source_button.setText(short(source.name, 30) if source else tr("Choose a source"))
        self.source_button.setEnabled(bool(self._session.shelf.sources))
        self.source_button.setToolTip(source.path if source else tr("Choose a source"))
        self.run_button.setVisible(source is not None)
        if job is not None:
            words = f"{run_name(job, self._session.jobs)} · {status_words(job.status)}"
            self.run_button.setText(f"★ {words}" if job.accepted else words)
            self.run_button.setToolTip(tr("The accepted run") if job.accepted else tr("Choose another run"))
        else:
            self.run_button.setText(tr("Not run yet"))
        self.run_button.setEnabled(bool(self._session.jobs))

    @Slot()
    def _fill_sources(self) -> None:
        menu = self.source_button.menu()
        menu.clear()
        for source in self._session.shelf.sources:
            action = menu.addAction(icon("film"), source.name)
            action.triggered.connect(lambda _=False, id=source.id: self._session.open_source(id))

    @Slot()
    def _fill_runs(self) -> None:
        menu = self.run_button.menu()
        menu.clear()
        for job in self._session.jobs:
            words = " · ".join(
                (run_name(job, self._session.jobs), status_words(job.status), local_time(job.created_at))
            )
            action = menu.addAction(icon("star-filled" if job.accepted else "runs"), words)
            action.triggered.connect(lambda _=False, id=job.id: self._session.open_job(id))


class Rail(QWidget):
    """The pages of the window, one button each."""

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(RAIL_WIDTH)
        self.setAccessibleName(tr("Pages"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 10, 6, 10)
        layout.setSpacing(4)
        group = QActionGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        for id in PAGES:
            action = actions[id]
            action.setCheckable(True)
            group.addAction(action)
            button = self._page_button(action)
            self.buttons[id] = button
            layout.addWidget(button)
        layout.addStretch(1)
        layout.addWidget(self._page_button(actions["file.preferences"], tr("Settings")))

    def _page_button(self, action: QAction, words: str = "") -> QToolButton:
        button = QToolButton()
        button.setProperty("look", "rail")
        button.setDefaultAction(action)
        if words:
            button.setText(words)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(22, 22))
        button.setFixedHeight(56)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setAccessibleName(words or action.text())
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button


def _selector(name: str, width: int) -> QToolButton:
    button = QToolButton()
    button.setProperty("look", "selector")
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setMenu(QMenu(button))
    button.setAccessibleName(name)
    button.setMaximumWidth(width)
    button.setMinimumHeight(30)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _button(action: QAction, words: bool = False) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if words else Qt.ToolButtonStyle.ToolButtonIconOnly
    button.setToolButtonStyle(style)
    button.setMinimumSize(34, 32)
    button.setAccessibleName(action.text())
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
