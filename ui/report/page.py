"""The report page: table and plots of the chosen run, with or without people's decisions."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.report import sampling_note
from engine.domain.figures import BrandExposure
from ui.elided import ElidedLabel
from ui.empty import EmptyState
from ui.icons import icon
from ui.report.data import ReportData, read_report
from ui.report.plots import HeatPlot, SecondsPlot, SharePlot, TimelinePlot
from ui.report.table import ExposureTable
from ui.session import Session, run_name
from ui.text import plural, short, tr
from ui.workspace import Services


class ReportPage(QWidget):
    """Shows what is counted: run output + decisions; the machine's own figures are one click away."""

    jumped = Signal(object, str)

    def __init__(self, services: Services, session: Session) -> None:
        super().__init__()
        self._services = services
        self._session = session
        self._data: ReportData | None = None
        self._brand: BrandExposure | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(self._head())
        self._stack = QStackedWidget()
        words = tr(
            "Run a source and let it complete; its exposure figures appear here and change as you decide."
        )
        buttons = [(tr("Open the library"), services.actions["view.library"].trigger)]
        self._empty = EmptyState("report", tr("No figures yet"), words, buttons, framed=True)
        self._stack.addWidget(self._empty)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.table = ExposureTable(services.theme)
        self.table.brand_chosen.connect(self._brand_chosen)
        self.seconds = SecondsPlot(services.theme)
        self.share = SharePlot(services.theme)
        self.timeline = TimelinePlot(services.theme)
        self.timeline.moment_chosen.connect(lambda time: self.jumped.emit(time, ""))
        self.heat = HeatPlot(services.theme)
        self.tabs.addTab(self._table_tab(), tr("Table"))
        self.tabs.addTab(self._plots(), tr("Plots"))
        self._stack.addWidget(self.tabs)
        layout.addWidget(self._stack, 1)
        self.tabs.currentChanged.connect(self._give_keys)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(300)
        self._timer.timeout.connect(self.refresh)
        for signal in (session.job_changed, session.job_updated, session.source_changed):
            signal.connect(self._timer.start)
        services.bridge.library.connect(lambda _: self._timer.start())
        services.theme.changed.connect(self._show)
        self.refresh()

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(0)
        title = QLabel(tr("Report"))
        title.setProperty("look", "title")
        self._of = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._of.setProperty("look", "muted")
        words.addWidget(title)
        words.addWidget(self._of)
        row.addLayout(words, 1)
        self._kinds = QButtonGroup(self)
        for number, (name, tip) in enumerate(
            (
                (tr("With decisions"), tr("Run output and decisions: what counts.")),
                (tr("Machine only"), tr("What the run alone says.")),
            )
        ):
            chip = QToolButton()
            chip.setText(name)
            chip.setToolTip(tip)
            chip.setProperty("look", "chip")
            chip.setCheckable(True)
            chip.setChecked(number == 0)
            self._kinds.addButton(chip, number)
            row.addWidget(chip)
        self._kinds.idToggled.connect(lambda _id, on: self._show() if on else None)
        export = self._services.actions["file.export"]
        self._export = QPushButton(icon("export"), export.text())
        self._export.setToolTip(export.toolTip())
        self._export.clicked.connect(export.trigger)
        export.changed.connect(lambda: self._export.setEnabled(export.isEnabled()))
        self._export.setEnabled(export.isEnabled())
        row.addSpacing(8)
        row.addWidget(self._export)
        return row

    def _table_tab(self) -> QWidget:
        tab = QWidget()
        layout = QVBoxLayout(tab)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.table, 1)
        self._note = QLabel()
        self._note.setProperty("look", "small")
        self._note.setWordWrap(True)
        layout.addWidget(self._note)
        return tab

    def _plots(self) -> QWidget:
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 12, 12, 12)
        grid.setSpacing(14)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(_card(tr("Seconds per brand"), self.seconds), 0, 0)
        right = QVBoxLayout()
        right.setSpacing(14)
        right.addWidget(_card(tr("Share of voice"), self.share))
        right.addWidget(_card(tr("Positions on the picture"), self.heat), 1)
        grid.addLayout(right, 0, 1)
        grid.addWidget(_card(tr("Timeline"), self.timeline), 1, 0, 1, 2)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        return scroll

    def search(self, text: str) -> None:
        self.table.search(text)

    @Slot()
    def refresh(self) -> None:
        """Reads and counts anew."""
        source, job = self._session.source, self._session.job
        if source is None or job is None or job.status != "completed":
            self._data = None
            self._stack.setCurrentIndex(0)
            self._give_keys()
            self._of.setText(source.name if source else "")
            return
        library = self._services.container.library
        self._services.tasks.call(
            tr("Counting exposure"), lambda: read_report(library, job.id), self._take, newest="report"
        )

    def _take(self, data: ReportData) -> None:
        self._data = data
        had = self.hasFocus()
        self._stack.setCurrentIndex(1)
        self._give_keys()
        if had:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show()

    @Slot()
    def _give_keys(self) -> None:
        """The table takes the keys of the page; where it isn't shown, the tabs."""
        shown = self.table if self.tabs.currentIndex() == 0 else self.tabs.tabBar()
        self.setFocusProxy(shown if self._stack.currentIndex() == 1 else None)  # type: ignore[arg-type]

    @property
    def _machine(self) -> bool:
        return self._kinds.checkedId() == 1

    @Slot()
    def _show(self) -> None:
        data = self._data
        if data is None or self._session.source is None or self._session.job is None:
            return
        figures = data.figures(self._machine)
        run = run_name(self._session.job, self._session.jobs)
        parts = [
            short(self._session.source.name, 40),
            run,
            tr("{seconds:.1f} s analysed").format(
                seconds=figures.analysed - figures.excluded - figures.unknown
            ),
            plural(len(figures.counted()), tr("{n} brand"), tr("{n} brands")),
            tr("{decided} of {total} decided").format(
                decided=f"{data.decided:,}", total=f"{data.decided + data.undecided:,}"
            ),
        ]
        self._of.setText(" · ".join(parts))
        self._of.setToolTip(" · ".join([self._session.source.name, *parts[1:]]))
        self.table.show_figures(figures)
        self._note.setText(sampling_note(figures))
        self.seconds.show_figures(figures)
        self.share.show_figures(figures)
        self.timeline.show_figures(figures, self._session.source.duration / 1e6)
        self.heat.show_data(data, self._machine, self._brand)

    @Slot(object)
    def _brand_chosen(self, brand: BrandExposure | None) -> None:
        self._brand = brand
        if self._data is not None:
            self.heat.show_data(self._data, self._machine, brand)


def _card(title: str, inside: QWidget) -> QFrame:
    card = QFrame()
    card.setProperty("look", "panel")
    layout = QVBoxLayout(card)
    layout.setContentsMargins(12, 10, 12, 10)
    layout.setSpacing(6)
    head = QLabel(title)
    head.setProperty("look", "strong")
    layout.addWidget(head)
    layout.addWidget(inside, 1)
    return card
