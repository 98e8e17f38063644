"""The runs of a source as a tree: eight cells each, what was edited, a star on the accepted one."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QBrush, QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from engine.domain.jobs import DetectJob, RunType
from engine.domain.stages import ORDER, StageName
from storage.library import Library
from ui.icons import icon
from ui.runs.plan_dialog import settings_delta
from ui.runs.stage_states import read_states
from ui.session import run_name, status_words
from ui.text import local_time, tr
from ui.theme import Theme
from ui.words import outcome_words, stage_title

CELLS = Qt.ItemDataRole.UserRole + 1
JOB = Qt.ItemDataRole.UserRole
CELL, GAP = 14, 3


@dataclass(frozen=True, slots=True)
class Node:
    """One run of the tree with the outcomes of its stages."""

    job: DetectJob
    outcomes: tuple[str, ...]


def read_nodes(library: Library, jobs: tuple[DetectJob, ...]) -> list[Node]:
    """All runs with their cells; off the main thread."""
    nodes = []
    for job in jobs:
        states = read_states(library, job)
        nodes.append(Node(job, tuple(states.rows[stage].outcome for stage in ORDER)))
    return nodes


class LineageTree(QTreeWidget):
    """Choosing a run tells `chosen`; two chosen runs can be compared."""

    chosen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName(tr("Runs of this source"))
        self.setColumnCount(6)
        self.setHeaderLabels(
            [tr("Run"), tr("Stages"), tr("Edited"), tr("State"), tr("Detections"), tr("Made")]
        )
        self.headerItem().setTextAlignment(4, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(False)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(1, 8 * (CELL + GAP) + 16)
        for column in (0, 3, 4, 5):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.setItemDelegateForColumn(1, _Cells(theme, self))
        self.itemSelectionChanged.connect(self.chosen)
        theme.changed.connect(self.viewport().update)

    def show_nodes(self, nodes: list[Node], jobs: tuple[DetectJob, ...], current: str) -> None:
        """Shows the runs below their parents, oldest first."""
        wanted = {job.id for job in self.selected()} & {node.job.id for node in nodes} or {current}
        self.blockSignals(True)
        self.clear()
        items: dict[str, QTreeWidgetItem] = {}
        for node in sorted(nodes, key=lambda n: str(n.job.created_at)):
            job = node.job
            parent = items.get(job.parent_job_id or "")
            item = QTreeWidgetItem(parent) if parent is not None else QTreeWidgetItem(self)
            items[job.id] = item
            item.setText(0, run_name(job, jobs))
            item.setIcon(0, icon("star-filled" if job.accepted else _type_icon(job)))
            item.setData(0, JOB, job)
            item.setData(1, CELLS, node.outcomes)
            item.setToolTip(1, _cells_in_words(node.outcomes))
            item.setData(1, Qt.ItemDataRole.AccessibleTextRole, _cells_in_words(node.outcomes))
            item.setText(2, _edited(job))
            item.setToolTip(2, _edited(job))
            item.setText(3, status_words(job.status))
            item.setText(4, f"{job.total_detections:,}")
            item.setTextAlignment(4, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setText(5, local_time(job.created_at))
            if job.accepted:
                item.setToolTip(0, tr("Accepted: this run counts in totals and reports"))
                font = item.font(0)
                font.setBold(True)
                item.setFont(0, font)
        self.expandAll()
        for id, item in items.items():
            item.setSelected(id in wanted)
        first = next((items[id] for id in items if id in wanted), None)
        if first is not None:
            self.setCurrentItem(first)
            for id, item in items.items():
                item.setSelected(id in wanted)
        self.blockSignals(False)
        self.chosen.emit()

    def selected(self) -> list[DetectJob]:
        """The chosen runs, oldest first."""
        jobs = [item.data(0, JOB) for item in self.selectedItems()]
        return sorted(jobs, key=lambda job: str(job.created_at))

    @Slot()
    def select_only(self, *ids: str) -> None:
        for item in self.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive):
            item.setSelected(item.data(0, JOB).id in ids)


class _Cells(QStyledItemDelegate):
    """Eight small squares: filled computed, outlined reused, hatched skipped, crossed failed."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        outcomes = index.data(CELLS) or ()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = option.rect
        top = rect.y() + (rect.height() - CELL) / 2
        for place, outcome in enumerate(outcomes):
            cell = QRectF(rect.x() + 8 + place * (CELL + GAP), top, CELL, CELL)
            paint_cell(painter, cell, outcome, self._theme)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(8 * (CELL + GAP) + 16, 30)


def paint_cell(painter: QPainter, cell: QRectF, outcome: str, theme: Theme) -> None:
    """One stage's cell; outcomes differ in shape as well as in colour."""
    c = theme.colours
    pen, brush = QPen(QColor(c.outline), 1), QBrush(Qt.BrushStyle.NoBrush)
    if outcome == "ran":
        pen, brush = QPen(QColor(c.accent_fill), 1), QBrush(QColor(c.accent_fill))
    elif outcome == "reused":
        pen, brush = QPen(QColor(c.accent), 2), QBrush(QColor(c.accent_soft))
    elif outcome == "skipped":
        brush = QBrush(QColor(c.outline), Qt.BrushStyle.BDiagPattern)
    elif outcome == "failed":
        pen, brush = QPen(QColor(c.danger), 2), QBrush(QColor(c.danger_soft))
    elif outcome in ("running", "paused", "stopped"):
        pen = QPen(QColor(c.accent if outcome == "running" else c.muted), 2, Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.setBrush(brush)
    painter.drawRoundedRect(cell.adjusted(1, 1, -1, -1), 3, 3)
    if outcome == "failed":
        painter.drawLine(cell.topLeft() + cell.center() * 0, cell.bottomRight())


def _cells_in_words(outcomes: tuple[str, ...]) -> str:
    return "\n".join(
        f"{stage_title(stage)}: {outcome_words(outcome)}"
        for stage, outcome in zip(ORDER, outcomes, strict=True)
    )


def _edited(job: DetectJob) -> str:
    if job.run_type is RunType.RETRY:
        return tr("retry from {stage}").format(
            stage=stage_title(job.replay_from_stage or StageName.EXTRACT_FRAMES)
        )
    words = settings_delta(job)
    if job.run_type is RunType.REPLAY and job.replay_from_stage is not None:
        return tr("from {stage}: {edits}").format(stage=stage_title(job.replay_from_stage), edits=words)
    return tr("profile {name}").format(name=job.profile_name) + (f": {words}" if job.config_overrides else "")


def _type_icon(job: DetectJob) -> str:
    return {RunType.INITIAL: "run", RunType.REPLAY: "replay", RunType.RETRY: "reset"}[job.run_type]
