"""The runs page: lineage above, the difference of two runs below."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.domain.jobs import JobStatus
from ui.elided import ElidedLabel
from ui.empty import EmptyState
from ui.icons import icon
from ui.run_control import RunControl
from ui.runs.diff import DiffAnswer, DiffView, make_diff
from ui.runs.lineage import LineageTree, Node, read_nodes
from ui.session import Session, run_name
from ui.text import tr
from ui.workspace import Services


class RunsPage(QWidget):
    """Choose one run to open or accept it, two to compare them."""

    jumped = Signal(object, str)

    def __init__(self, services: Services, session: Session, control: RunControl) -> None:
        super().__init__()
        self._services = services
        self._session = session
        self._control = control
        self._compared: tuple[str, str] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(self._head())
        self._stack = QStackedWidget()
        buttons = [(tr("Open the library"), services.actions["view.library"].trigger)]
        words = tr(
            "Choose a source first; each of its runs appears here with what was edited and what it reused."
        )
        self._stack.addWidget(EmptyState("runs", tr("No runs yet"), words, buttons, framed=True))
        split = QSplitter(Qt.Orientation.Vertical)
        self.tree = LineageTree(services.theme)
        self.diff = DiffView(services.theme)
        self._below = QStackedWidget()
        self._hint = EmptyState("compare", "", "")
        self._below.addWidget(self._hint)
        self._below.addWidget(self.diff)
        self._hint_at_two()
        split.addWidget(self.tree)
        split.addWidget(self._below)
        split.setSizes([260, 420])
        split.setChildrenCollapsible(False)
        self._stack.addWidget(split)
        layout.addWidget(self._stack, 1)
        self.tree.chosen.connect(self._chosen)
        self.tree.itemActivated.connect(lambda *_: self._open())
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.diff.jumped.connect(self._jump)
        for signal in (
            session.source_changed,
            session.job_changed,
            session.job_updated,
            session.shelf_changed,
        ):
            signal.connect(self.refresh)
        self.refresh()

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        title = QLabel(tr("Runs"))
        title.setProperty("look", "title")
        self._of = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._of.setProperty("look", "muted")
        row.addWidget(title)
        row.addWidget(self._of, 1)
        self._open_button = QPushButton(icon("review"), tr("Review this run"))
        self._open_button.clicked.connect(self._open)
        self._accept_button = QPushButton(icon("star"), tr("Accept this run"))
        self._accept_button.clicked.connect(self._accept)
        row.addWidget(self._open_button)
        row.addWidget(self._accept_button)
        return row

    @Slot()
    def refresh(self) -> None:
        source, jobs = self._session.source, self._session.jobs
        self._of.setText(source.name if source else "")
        self._of.setToolTip(source.path if source else "")
        self._stack.setCurrentIndex(1 if jobs else 0)
        self.setFocusProxy(self.tree if jobs else None)  # type: ignore[arg-type]
        library = self._services.container.library
        self._services.tasks.call(
            tr("Reading the runs"), lambda: read_nodes(library, jobs), self._show, newest="lineage"
        )

    def _show(self, nodes: list[Node]) -> None:
        current = self._session.job.id if self._session.job else ""
        if self._compared is not None and not set(self._compared) <= {node.job.id for node in nodes}:
            self._compared = None
            self._hint_at_two()
        self.tree.show_nodes(nodes, self._session.jobs, current)

    @Slot()
    def _chosen(self) -> None:
        jobs = self.tree.selected()
        one = jobs[0] if len(jobs) == 1 else None
        self._open_button.setEnabled(one is not None)
        acceptable = one is not None and one.status is JobStatus.COMPLETED and not one.accepted
        self._accept_button.setEnabled(acceptable and self._services.writable)
        if len(jobs) == 2:
            self._compare(jobs[0].id, jobs[1].id)
        elif self._compared is None:
            self._below.setCurrentIndex(0)

    def _compare(self, before: str, after: str) -> None:
        if self._compared == (before, after):
            return
        self._compared = before, after
        self._hint.say(tr("Comparing …"), tr("Both runs are read."))
        self._below.setCurrentIndex(0)
        library = self._services.container.library

        def failed(error: Exception) -> None:
            self._compared = None
            self._hint_at_two()
            self._services.messages.tell_error(tr("Comparing the runs"), error)

        self._services.tasks.call(
            tr("Comparing the runs"),
            lambda: make_diff(library, before, after),
            self._compared_now,
            failed=failed,
            newest="diff",
        )

    def _hint_at_two(self) -> None:
        """Nothing is compared: says how to."""
        self._hint.say(
            tr("Compare two runs"), tr("Select two runs above: Shift + arrow keys, or Ctrl + click.")
        )
        self._below.setCurrentIndex(0)

    def _compared_now(self, answer: DiffAnswer) -> None:
        if (answer.before.job.id, answer.after.job.id) != self._compared:
            return
        jobs = self._session.jobs
        self.diff.show_answer(answer, (run_name(answer.before.job, jobs), run_name(answer.after.job, jobs)))
        self._below.setCurrentIndex(1)

    @Slot()
    def _open(self) -> None:
        jobs = self.tree.selected()
        if jobs:
            self._session.open_job(jobs[-1].id)
            self._services.actions["view.review"].trigger()

    @Slot()
    def _accept(self) -> None:
        jobs = self.tree.selected()
        if len(jobs) == 1:
            self._control.accept(jobs[0])

    def _jump(self, job_id: str, time: int, appearance: str) -> None:
        self._session.open_job(job_id)
        self.jumped.emit(time, appearance)

    def _menu(self, point: object) -> None:
        from PySide6.QtCore import QPoint

        jobs = self.tree.selected()
        if len(jobs) != 1 or not isinstance(point, QPoint):
            return
        job = jobs[0]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_run = QAction(icon("review"), tr("Review this run"), menu)
        open_run.triggered.connect(self._open)
        menu.addAction(open_run)
        accept = QAction(icon("star"), tr("Accept this run"), menu)
        accept.setEnabled(self._accept_button.isEnabled())
        accept.triggered.connect(self._accept)
        menu.addAction(accept)
        menu.addSeparator()
        words, can = tr("Delete this run…"), self._services.writable
        if job.accepted:
            words, can = tr("Delete this run (accept another one first)"), False
        elif job.status is JobStatus.RUNNING:
            words, can = tr("Delete this run (stop it first)"), False
        delete = QAction(icon("trash"), words, menu)
        delete.setEnabled(can)
        delete.triggered.connect(lambda: self._control.ask_delete(job))
        menu.addAction(delete)
        menu.popup(self.tree.viewport().mapToGlobal(point))
