"""Live thresholds: sliders of the soft match settings re-filter the stored results while they move.

Nothing is saved until "Run as replay"; the stored results stay what they are.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.preview import PreviewResult, ThresholdPreview
from engine.domain.errors import UserFixable
from engine.domain.jobs import DetectJob
from engine.domain.stages import StageName
from engine.settings import FieldInfo, describe
from engine.stage_settings import MatchBrandsSettings
from ui.fields import NumberField
from ui.looks import set_look
from ui.session import Session
from ui.tables import show_rows
from ui.text import signed, tr
from ui.workspace import ReviewArea, Services

STEPS = 1000
DRAG_MS = 25
MOST_BRANDS = 60
LARGE_TEXT = 20
"""Lines of text that are higher (pixels) leave no room beside a slider for its name."""


class ThresholdsPanel(QWidget):
    """Left the sliders, right what they would change."""

    replay_wanted = Signal()

    def __init__(self, services: Services, session: Session, review: ReviewArea) -> None:
        super().__init__()
        self._services = services
        self._session = session
        self._review = review
        self._job: DetectJob | None = None
        self._base = MatchBrandsSettings()
        self._before: PreviewResult | None = None
        self._engine: ThresholdPreview | None = None
        self._active = False
        self._sliders: dict[str, _Slider] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(14)
        left = QVBoxLayout()
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        grid.setHorizontalSpacing(8)
        grid.setColumnStretch(1, 1)
        for info in _soft_numbers():
            slider = _Slider(info, self)
            slider.moved.connect(self._moved)
            self._sliders[info.key] = slider
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setRowStretch(2 * len(self._sliders), 1)
        self._grid = grid
        sliders = QWidget()
        sliders.setLayout(grid)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(sliders)
        self._scroll, self._inside = scroll, sliders
        left.addWidget(scroll, 1)
        buttons = QHBoxLayout()
        self._reset = QPushButton(tr("Reset"))
        self._reset.clicked.connect(self.reset)
        self._go = QPushButton(tr("Run as replay…"))
        self._go.setProperty("look", "primary")
        self._go.clicked.connect(self.replay_wanted)
        buttons.addStretch()
        buttons.addWidget(self._reset)
        buttons.addWidget(self._go)
        left.addLayout(buttons)
        row.addLayout(left, 1)
        right = QVBoxLayout()
        self._counts = QLabel()
        self._counts.setWordWrap(True)
        right.addWidget(self._counts)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([tr("Brand"), tr("Seconds"), tr("Change")])
        self.table.setAccessibleName(tr("Seconds of each brand at these thresholds"))
        self.table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        show_rows(self.table)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.table.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        right.addWidget(self.table, 1)
        row.addLayout(right, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DRAG_MS)
        self._timer.timeout.connect(self._ask)
        self._busy = self._again = False
        self._give_room()
        services.theme.changed.connect(self._give_room)
        self.show_job(None)

    def _give_room(self) -> None:
        """Numbers are seen whole in the size of text of now; sliders stand under their names where it is large."""
        metrics = QFontMetrics(self._services.theme.font())
        for place, slider in enumerate(self._sliders.values()):
            slider.give_room(metrics)
            slider.place(self._grid, place, under=metrics.height() > LARGE_TEXT)
        for column in (1, 2):
            self.table.horizontalHeader().resizeSection(column, metrics.horizontalAdvance("123.4 s") + 18)
        self._scroll.setMinimumWidth(self._inside.minimumSizeHint().width() + 14)

    def show_job(self, job: DetectJob | None) -> None:
        """Another run: sliders go to its settings."""
        if (
            job is not None
            and self._job is not None
            and (job.id, job.status) == (self._job.id, self._job.status)
        ):
            return
        self._job = job if job is not None and job.status == "completed" else None
        self._engine = self._before = None
        self.setEnabled(self._job is not None)
        if self._job is not None:
            base = self._services.container.jobs.settings_of(self._job)[StageName.MATCH_BRANDS]
            assert isinstance(base, MatchBrandsSettings)
            self._base = base
        for key, slider in self._sliders.items():
            slider.set_base(getattr(self._base, key))
        self.table.setRowCount(0)
        waiting = tr("Thresholds can be tried on a completed run.")
        self._counts.setText(waiting if self._job is None else "")
        self._update_buttons()
        if self._active:
            self._review.preview(None)
            self._prepare()

    def set_active(self, active: bool) -> None:
        """Only while it is seen does the panel read the run and draw over the frame."""
        self._active = active
        if not active:
            self._review.preview(None)
        elif self._engine is None:
            self._prepare()
        else:
            self._moved()

    def take_focus(self) -> None:
        """To the number that is tried most: from which score on a match is accepted."""
        self._sliders["accept"].take_focus()

    def delta(self) -> dict[str, Any]:
        """The edited settings by key."""
        return {key: s.value() for key, s in self._sliders.items() if s.value() != getattr(self._base, key)}

    @Slot()
    def reset(self) -> None:
        for key, slider in self._sliders.items():
            slider.set_base(getattr(self._base, key))
        self._moved()

    def try_value(self, key: str, value: float) -> None:
        """Moves one slider."""
        self._sliders[key].move_to(value)

    def _prepare(self) -> None:
        job = self._job
        if job is None:
            return
        self._counts.setText(tr("Reading the stored results …"))
        library = self._services.container.library
        base = self._base

        def read() -> tuple[ThresholdPreview, PreviewResult]:
            from app.results import load_run

            engine = ThresholdPreview(library, load_run(library, job.id))
            return engine, engine.apply(base)

        def ready(answer: tuple[ThresholdPreview, PreviewResult]) -> None:
            if self._job is not None and self._job.id == job.id:
                self._engine, self._before = answer
                self._show(answer[1])
                if self.delta():
                    self._moved()

        self._services.tasks.call(tr("Reading the stored results"), read, ready, newest="preview-engine")

    @Slot()
    def _moved(self) -> None:
        self._update_buttons()
        if self._engine is not None and self._active:
            self._timer.start()

    @Slot()
    def _ask(self) -> None:
        """One question at a time; while one is under way only the newest is remembered."""
        if self._busy:
            self._again = True
            return
        engine = self._engine
        if engine is None:
            return
        try:
            settings = MatchBrandsSettings(**{**self._base.values(), **self.delta()})
        except UserFixable as error:
            self._counts.setText(error.message)
            return
        self._busy = True
        self._services.tasks.call(
            tr("Trying thresholds"), lambda: engine.apply(settings), self._answered, failed=self._failed
        )

    def _answered(self, result: PreviewResult) -> None:
        self._busy = False
        if self._active:
            self._show(result)
            self._review.preview(result if self.delta() else None)
        self._ask_again()

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._services.messages.tell_error(tr("Trying thresholds"), error)
        self._ask_again()

    def _ask_again(self) -> None:
        if self._again:
            self._again = False
            self._ask()

    def _show(self, result: PreviewResult) -> None:
        before = self._before or result
        words = {
            "accepted": tr("accepted"),
            "review": tr("to review"),
            "unresolved": tr("unresolved"),
            "denied": tr("denied"),
        }
        parts = []
        for verdict, name in words.items():
            count, once = result.counts.get(verdict, 0), before.counts.get(verdict, 0)
            change = f" ({signed(count - once)})" if count != once else ""
            parts.append(f"{name} <b>{count:,}</b>{change}")
        self._counts.setText(" &nbsp;·&nbsp; ".join(parts))
        names = sorted(
            {*result.seconds, *before.seconds},
            key=lambda n: (
                -abs(result.seconds.get(n, 0) - before.seconds.get(n, 0)),
                -result.seconds.get(n, 0),
                n,
            ),
        )[:MOST_BRANDS]
        self.table.setUpdatesEnabled(False)
        self.table.setRowCount(len(names))
        for row, name in enumerate(names):
            now, then = result.seconds.get(name, 0.0), before.seconds.get(name, 0.0)
            change = f"{signed(now - then, 1)} s" if abs(now - then) >= 0.05 else "–"
            for column, text in enumerate((name, f"{now:.1f} s", change)):
                item = QTableWidgetItem(text)
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self.table.setUpdatesEnabled(True)

    def _update_buttons(self) -> None:
        edited = bool(self.delta()) and self._job is not None
        self._reset.setEnabled(edited)
        self._go.setEnabled(edited and self._services.writable)


class _Slider(QObject):
    """A setting's name, slider and number, always in step."""

    moved = Signal()

    def __init__(self, info: FieldInfo, parent: QObject) -> None:
        super().__init__(parent)
        self._info = info
        self._low, self._high = float(info.low or 0.0), float(info.high or 1.0)
        self._whole = info.kind is int
        self._base: float = info.default
        self._label = QLabel(info.label)
        self._label.setToolTip(info.help)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS if not self._whole else round(self._high - self._low))
        self._slider.setMinimumWidth(56)
        self._slider.setAccessibleName(info.label)
        self._slider.setAccessibleDescription(info.help)
        self._slider.setToolTip(info.help)
        self._number = NumberField()
        self._number.setDecimals(0 if self._whole else 2)
        self._number.setRange(self._low, self._high)
        self._number.setSingleStep(1 if self._high > 2 else 0.01)
        self._number.setAccessibleName(tr("{name}, number").format(name=info.label))
        self._label.setBuddy(self._slider)
        self._slider.valueChanged.connect(self._slid)
        self._number.valueChanged.connect(self._typed)

    def give_room(self, metrics: QFontMetrics) -> None:
        self._number.setFixedWidth(metrics.horizontalAdvance("100.00") + 30)

    def place(self, grid: QGridLayout, number: int, *, under: bool) -> None:
        """Beside its name, or under it."""
        for widget in (self._label, self._slider, self._number):
            grid.removeWidget(widget)
        row = 2 * number
        if under:
            grid.addWidget(self._label, row, 0, 1, 3)
            grid.addWidget(self._slider, row + 1, 0, 1, 2)
            grid.addWidget(self._number, row + 1, 2)
        else:
            grid.addWidget(self._label, row, 0)
            grid.addWidget(self._slider, row, 1)
            grid.addWidget(self._number, row, 2)

    def value(self) -> Any:
        shown = self._number.value()
        if self._whole:
            return round(shown)
        return self._base if abs(shown - self._base) < 0.005 else round(shown, 2)

    def take_focus(self) -> None:
        self._number.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._number.selectAll()

    def set_base(self, base: Any) -> None:
        self._base = base
        self._show(float(base))
        self._mark()

    def move_to(self, value: float) -> None:
        self._number.setValue(value)

    def _show(self, value: float) -> None:
        for control in (self._slider, self._number):
            control.blockSignals(True)
        self._number.setValue(value)
        span = self._high - self._low
        share = (value - self._low) / span if span else 0
        self._slider.setValue(round(share * self._slider.maximum()))
        for control in (self._slider, self._number):
            control.blockSignals(False)

    @Slot(int)
    def _slid(self, step: int) -> None:
        self._number.blockSignals(True)
        self._number.setValue(self._low + (self._high - self._low) * step / max(1, self._slider.maximum()))
        self._number.blockSignals(False)
        self._mark()
        self.moved.emit()

    @Slot(float)
    def _typed(self, value: float) -> None:
        self._show(value)
        self._mark()
        self.moved.emit()

    def _mark(self) -> None:
        set_look(self._number, "changed" if self.value() != self._base else "")


def _soft_numbers() -> list[FieldInfo]:
    """The settings of match_brands that only filter stored results and have a range."""
    return [
        info
        for info in describe(MatchBrandsSettings)
        if not info.hard and info.kind in (int, float) and info.low is not None and info.high is not None
    ]
