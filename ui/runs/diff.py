"""What differs between two runs: brands, sightings with crops, funnel, settings, cost; rows jump to the frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QResizeEvent
from PySide6.QtWidgets import (
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.compare import Change, RunDiff, compare_runs
from app.overlay import names_of
from app.results import RunResult, load_run
from storage.library import Library
from ui.crops import cut, picture_icon
from ui.tables import share_width, show_rows
from ui.text import clock, duration, plural, signed, tr, usd
from ui.theme import Theme
from ui.words import stage_title

CROP_HEIGHT = 28
MOST_CROPS = 300
_FIGURE_SIDE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_TEXT_SIDE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Place = tuple[str, int, str]
"""job id, time, appearance key."""


class DiffAnswer:
    """A diff with the crops of its sightings, made off the main thread."""

    def __init__(self, before: RunResult, after: RunResult, diff: RunDiff, crops: Sequence[QImage]) -> None:
        self.before, self.after, self.diff, self.crops = before, after, diff, crops


def make_diff(library: Library, before_id: str, after_id: str) -> DiffAnswer:
    """Loads both runs and compares them."""
    before, after = load_run(library, before_id), load_run(library, after_id)
    diff = compare_runs(before, after, names_of(library.brands.all()))
    crops = []
    for sighting in diff.sightings[:MOST_CROPS]:
        run, key = (
            (before, sighting.key_before)
            if sighting.change is Change.REMOVED
            else (after, sighting.key_after)
        )
        seen = next((s for s in run.by_key[key].seen if s.seq == sighting.seq), None)
        crops.append(
            cut(run, library.blobs.get, seen.seq, seen.polygon, CROP_HEIGHT * 2) if seen else QImage()
        )
    return DiffAnswer(before, after, diff, crops)


class DiffView(QWidget):
    """Four tables under one sentence."""

    jumped = Signal(str, object, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setContentsMargins(12, 4, 12, 0)
        layout.addWidget(self.summary)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.brands = _Table([tr("Brand"), tr("Before"), tr("After"), tr("Change"), tr("Exposures")])
        self.sightings = _Table(
            [tr("Sign"), tr("Change"), tr("Brand"), tr("Text"), tr("At"), tr("Seconds"), tr("Why")]
        )
        self.funnel = _Table([tr("Count"), tr("Before"), tr("After"), tr("Change")])
        self.settings = _Table([tr("Stage"), tr("Setting"), tr("Before"), tr("After")])
        self.cost = _Table([tr("Stage"), tr("Before"), tr("After"), tr("Parts")])
        self.sightings.setIconSize(QSize(CROP_HEIGHT * 4, CROP_HEIGHT))
        self.sightings.verticalHeader().setDefaultSectionSize(CROP_HEIGHT + 8)
        for table, words in (
            (self.brands, tr("Brands")),
            (self.sightings, tr("Sightings")),
            (self.funnel, tr("Funnel")),
            (self.settings, tr("Settings")),
            (self.cost, tr("Cost")),
        ):
            table.setAccessibleName(words)
            self.tabs.addTab(table, words)
        layout.addWidget(self.tabs, 1)
        self.sightings.activated.connect(lambda index: self._jump(index.row()))
        self._answer: DiffAnswer | None = None
        theme.changed.connect(self._tint)

    def show_answer(self, answer: DiffAnswer, names: tuple[str, str]) -> None:
        """Shows a diff; `names` are the two runs' names."""
        self._answer = answer
        diff = answer.diff
        counts = {change: sum(s.change is change for s in diff.sightings) for change in Change}
        words = tr("{before} → {after}: {added} added, {removed} removed, {relabelled} relabelled")
        self.summary.setText(
            words.format(
                before=names[0],
                after=names[1],
                added=counts[Change.ADDED],
                removed=counts[Change.REMOVED],
                relabelled=counts[Change.RELABELLED],
            )
        )
        self._fill_brands(diff)
        self._fill_sightings(answer)
        _fill(
            self.funnel,
            [(c.name, _figure(c.before), _figure(c.after), _signed(c.after - c.before)) for c in diff.funnel],
        )
        _fill(self.settings, [(stage_title(s.stage), s.key, s.before, s.after) for s in diff.settings])
        same = tr("the very same")
        _fill(
            self.cost,
            [
                (
                    stage_title(s.stage),
                    duration(s.seconds_before),
                    duration(s.seconds_after),
                    same if s.shared else "",
                )
                for s in diff.stages
            ]
            + [(tr("Cloud"), _money(diff, 0), _money(diff, 1), "")],
        )
        self.tabs.setTabText(1, plural(len(diff.sightings), tr("{n} sighting"), tr("{n} sightings")))

    @Slot()
    def clear(self) -> None:
        self._answer = None
        self.summary.clear()
        for table in (self.brands, self.sightings, self.funnel, self.settings, self.cost):
            table.setRowCount(0)

    def _fill_brands(self, diff: RunDiff) -> None:
        rows = [
            (
                b.brand_name if b.column == "counted" else f"{b.brand_name} ({b.column})",
                f"{b.seconds_before:.1f} s",
                f"{b.seconds_after:.1f} s",
                f"{signed(b.seconds_change, 1)} s" if abs(b.seconds_change) >= 0.05 else "–",
                f"{b.exposures_before} → {b.exposures_after}",
            )
            for b in diff.brands
        ]
        _fill(self.brands, rows)
        self._tint()

    @Slot()
    def _tint(self) -> None:
        """What a brand gained or lost in the theme's colours."""
        c = self._theme.colours
        for row, b in enumerate(self._answer.diff.brands if self._answer is not None else ()):
            if abs(b.seconds_change) >= 0.05:
                item = self.brands.item(row, 3)
                if item is not None:
                    item.setForeground(QColor(c.success if b.seconds_change > 0 else c.danger))

    def _fill_sightings(self, answer: DiffAnswer) -> None:
        words = {
            Change.ADDED: tr("added"),
            Change.REMOVED: tr("removed"),
            Change.RELABELLED: tr("relabelled"),
        }
        rows = []
        for s in answer.diff.sightings:
            brand = s.brand_after or s.brand_before
            if s.change is Change.RELABELLED:
                brand = f"{s.brand_before} → {s.brand_after}"
            rows.append(("", words[s.change], brand, s.text, clock(s.time), f"{s.seconds:.1f} s", s.note))
        _fill(self.sightings, rows, words=(2, 3, 6))
        for row, crop in enumerate(answer.crops):
            item = self.sightings.item(row, 0)
            if item is not None and not crop.isNull():
                item.setIcon(picture_icon(crop))
        share_width(self.sightings)

    def _jump(self, row: int) -> None:
        if self._answer is None:
            return
        s = self._answer.diff.sightings[row]
        removed = s.change is Change.REMOVED
        run = self._answer.before if removed else self._answer.after
        self.jumped.emit(run.job.id, s.time, s.key_before if removed else s.key_after)


class _Table(QTableWidget):
    """A table that uses the whole width."""

    def __init__(self, heads: Sequence[str]) -> None:
        super().__init__(0, len(heads))
        self.setHorizontalHeaderLabels(list(heads))
        show_rows(self)
        self.setAlternatingRowColors(True)
        header = self.horizontalHeader()
        header.setDefaultAlignment(_TEXT_SIDE)
        header.setMinimumSectionSize(72)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        share_width(self)


def _fill(table: _Table, rows: Iterable[Sequence[Any]], words: Collection[int] = ()) -> None:
    """Figures stand to the right, texts to the left; columns of `words` hold texts even where they look otherwise."""
    listed = list(rows)
    table.setUpdatesEnabled(False)
    table.setRowCount(len(listed))
    for row, cells in enumerate(listed):
        for column, value in enumerate(cells):
            item = QTableWidgetItem(str(value))
            if column and column not in words and _is_figure(str(value)):
                item.setTextAlignment(_FIGURE_SIDE)
            table.setItem(row, column, item)
    for column in range(1, table.columnCount()):
        cells = [str(row[column]) for row in listed if str(row[column])]
        head = table.horizontalHeaderItem(column)
        if head is not None and cells:
            head.setTextAlignment(
                _FIGURE_SIDE if column not in words and all(map(_is_figure, cells)) else _TEXT_SIDE
            )
    share_width(table)
    table.setUpdatesEnabled(True)


def _is_figure(text: str) -> bool:
    return text[:1] in "0123456789+-−–" and "→" not in text


def _money(diff: RunDiff, side: int) -> str:
    return tr("{calls} calls, {usd}").format(calls=diff.calls[side], usd=usd(diff.usd[side]))


def _figure(value: float) -> str:
    return f"{value:,}"


def _signed(value: int) -> str:
    return signed(value) if value else "–"
