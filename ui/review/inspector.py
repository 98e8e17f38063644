"""The inspector: everything about the item that is looked at, and every way to decide on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.domain.timebase import format_time
from ui.action_set import ActionSet
from ui.empty import EmptyState
from ui.icons import icon
from ui.looks import set_look
from ui.models.answer_box import ModelBox
from ui.review.candidate_button import CandidateButton
from ui.review.crop_view import CropView
from ui.review.scene import Pending, box_state
from ui.review.thumbnails import Thumbnails
from ui.review.words import (
    FLAG_ICONS,
    flag_words,
    row_title,
    source_words,
    state_look,
    state_words,
)
from ui.text import duration, local_time, tr
from ui.workspace import Services

if TYPE_CHECKING:
    from app.overlay import EffectiveAppearance
    from app.review import CandidateRow
    from app.review_rows import QueueRow
    from engine.domain.decisions import AuditEntry, Decision

DECISIONS = ("review.confirm", "review.reject", "review.unsure", "review.clear")
SHOWN_HISTORY = 8
TOGETHER = 30
"""Facts of so many characters are not parted at the end of a line."""


class Inspector(QWidget):
    """`candidate_chosen` carries the number (0 the first), `frame_only` what to say of this frame alone."""

    candidate_chosen = Signal(int)
    frame_only = Signal(str)
    split_wanted = Signal(str)

    def __init__(self, services: Services, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._actions = services.actions
        self._key = ""
        self.setMinimumWidth(312)
        self.setProperty("look", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._stack = QStackedWidget()
        outer.addWidget(self._stack)
        empty = EmptyState("search", tr("No item is chosen"), tr("Choose a row of the queue or click a box."))
        self._stack.addWidget(empty)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._stack.addWidget(self._area)
        body = QWidget()
        body.setProperty("look", "surface")
        self._area.setWidget(body)
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 4, 12, 12)
        column.setSpacing(8)
        self.crop = CropView(services.theme, thumbnails)
        column.addWidget(self.crop)
        self._make_head(column)
        self._make_buttons(column)
        self._make_candidates(column)
        self._make_facts(column)
        column.addStretch(1)

    # Building --------------------------------------------------------------------------------------

    def _make_head(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._title = QLabel()
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setProperty("look", "heading")
        self._title.setWordWrap(True)
        self._title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row.addWidget(self._title, 1)
        self._state = QLabel()
        row.addWidget(self._state, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        self._line = _label("muted")
        column.addWidget(self._line)
        self._flags = _label("warning")
        column.addWidget(self._flags)

    def _make_buttons(self, column: QVBoxLayout) -> None:
        grid = QGridLayout()
        grid.setSpacing(6)
        for number, id in enumerate(DECISIONS):
            button = _action_button(self._actions, id, tr("Clear") if id == "review.clear" else "")
            grid.addWidget(button, number // 2, number % 2)
        column.addLayout(grid)

    def _make_candidates(self, column: QVBoxLayout) -> None:
        self._heading = _heading(tr("Candidates"))
        column.addWidget(self._heading)
        self.candidates: list[CandidateButton] = []
        box = QVBoxLayout()
        box.setSpacing(4)
        for number in range(9):
            button = CandidateButton(self._services.theme)
            button.clicked.connect(lambda _=False, n=number: self.candidate_chosen.emit(n))
            button.hide()
            box.addWidget(button)
            self.candidates.append(button)
        self._none = _label("muted")
        box.addWidget(self._none)
        column.addLayout(box)
        row = QGridLayout()
        row.setSpacing(6)
        row.addWidget(_action_button(self._actions, "review.other_brand", tr("Other brand")), 0, 0)
        row.addWidget(_action_button(self._actions, "review.merge", tr("Merge into")), 0, 1)
        column.addLayout(row)

    def _make_facts(self, column: QVBoxLayout) -> None:
        column.addWidget(_heading(tr("Where the answer comes from")))
        self._why = _label("")
        column.addWidget(self._why)
        self._read = _label("muted")
        column.addWidget(self._read)
        self.model = ModelBox(self._services)
        column.addWidget(self.model)
        column.addWidget(_heading(tr("Sighting")))
        grid = QGridLayout()
        grid.setSpacing(6)
        self._start, self._end = QLabel(), QLabel()
        for number, (words, label, id) in enumerate(
            ((tr("Starts"), self._start, "review.set_start"), (tr("Ends"), self._end, "review.set_end"))
        ):
            name = QLabel(words)
            name.setProperty("look", "muted")
            grid.addWidget(name, number, 0)
            grid.addWidget(label, number, 1)
            button = _action_button(self._actions, id, words=tr("Here"))
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            grid.addWidget(button, number, 2)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        row = QGridLayout()
        row.setSpacing(6)
        row.addWidget(_action_button(self._actions, "review.edit_box"), 0, 0)
        self._frame = QToolButton()
        self._frame.setText(tr("This frame only"))
        self._frame.setIcon(icon("split"))
        self._frame.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._frame.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._frame.setToolTip(tr("Splits this one frame off and decides on it apart from the rest."))
        self._frame.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._frame.setProperty("look", "decide")
        menu = QMenu(self._frame)
        for kind, words, picture in (
            ("confirm", tr("Confirm on this frame"), "confirm"),
            ("reject", tr("Reject on this frame"), "reject"),
            ("unsure", tr("Unsure on this frame"), "unsure"),
        ):
            menu.addAction(icon(picture), words).triggered.connect(
                lambda _=False, k=kind: self.frame_only.emit(k)
            )
        self._frame.setMenu(menu)
        row.addWidget(self._frame, 0, 1)
        self._apart = QToolButton()
        self._apart.setIcon(icon("unmerge"))
        self._apart.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._apart.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._apart.setProperty("look", "decide")
        self._apart.clicked.connect(lambda: self.split_wanted.emit(self._key))
        row.addWidget(self._apart, 1, 0, 1, 2)
        column.addLayout(row)
        self._history_heading = _heading(tr("History"))
        column.addWidget(self._history_heading)
        self._history = _label("small")
        self._history.setTextFormat(Qt.TextFormat.PlainText)
        column.addWidget(self._history)

    # What is shown ---------------------------------------------------------------------------------

    def show_nothing(self) -> None:
        self._key = ""
        self._stack.setCurrentIndex(0)

    def show_item(self, row: QueueRow, item: EffectiveAppearance | None, wait: Pending | None) -> None:
        """The item; candidates and history come when they are read."""
        other = self._key != row.key
        self._key = row.key
        self._stack.setCurrentIndex(1)
        if other:
            self._area.verticalScrollBar().setValue(0)
            self.show_candidates((), "", waiting=True)
            self.show_history((), ())
        title = wait.brand_name if wait is not None and wait.brand_name else row_title(row)
        self._title.setText(title)
        state = wait.state if wait is not None else str(row.state)
        self._state.setText(state_words(state))
        set_look(self._state, state_look(state))
        self._line.setText(self._facts(row))
        flags = [flag_words(name) for name in FLAG_ICONS if name in row.flags]
        self._flags.setText("  ·  ".join(([row.reason] if row.reason else []) + flags))
        self._flags.setVisible(bool(flags or row.reason))
        drawn = box_state(item, wait) if item is not None else None
        if drawn is not None:
            self.crop.show_crop(row.crop, drawn, title)
        span = item.span if item is not None else row.span
        self._start.setText(format_time(span.start))
        self._end.setText(format_time(span.end))
        self._show_source(item)
        many = len(row.keys) > 1
        self._apart.setVisible(many)
        self._apart.setText(tr("Take {n} look-alikes apart").format(n=len(row.keys)))
        self._frame.setEnabled(item is not None and item.machine is not None)

    def _facts(self, row: QueueRow) -> str:
        parts = [tr("{time} on screen").format(time=duration(row.seconds))]
        if row.text and row.brand_name:
            parts.insert(0, tr("reads “{text}”").format(text=row.text))
        if len(row.keys) > 1:
            parts.append(tr("{n} look-alikes decided together").format(n=len(row.keys)))
        if row.surface == "caption":
            parts.append(tr("caption"))
        if row.proposed:
            parts.append(tr("only proposed"))
        return "  ·  ".join(_together(p) for p in parts)

    def _show_source(self, item: EffectiveAppearance | None) -> None:
        machine = item.machine if item is not None else None
        self.model.show_item(machine)
        if machine is None:
            self._why.setText(tr("Drawn by a person."))
            self._read.setText("")
            return
        why = source_words(machine)
        self._why.setText(f"{why}. {machine.reason}" if machine.reason else f"{why}.")
        read = sum(s.mode == "read" for s in machine.seen)
        words = tr("Read on {read} of {all} frames, text score {score:.2f}")
        parts = [words.format(read=read, all=len(machine.seen), score=machine.text_score)]
        if machine.confidence:
            parts.append(tr("confidence {c:.2f}").format(c=machine.confidence))
        if item is not None and item.edited:
            parts.append(tr("place or time corrected by a person"))
        self._read.setText("  ·  ".join(parts))

    def show_candidates(self, found: Sequence[CandidateRow], brand_id: str, *, waiting: bool = False) -> None:
        """Up to nine; `brand_id` is the brand in force."""
        for number, button in enumerate(self.candidates):
            there = number < len(found)
            if there:
                c = found[number]
                held = bool(brand_id) and c.brand_id == brand_id
                button.show_candidate(number + 1, c.brand_name, c.score, c.reason, held=held)
            button.setVisible(there)
        self._none.setVisible(not found)
        self._none.setText(" " if waiting else tr("No brand reads like this. B names one."))

    def show_history(self, decisions: Sequence[Decision], log: Sequence[AuditEntry]) -> None:
        """What was said of this appearance, newest first; where the log is silent, the decisions that hold it
        (made on another run)."""
        lines = []
        for entry in log[:SHOWN_HISTORY]:
            who = f", {entry.actor}" if entry.actor else ""
            lines.append(f"{local_time(entry.at)}{who}: {entry.title}")
        if not lines:
            for decision in decisions[:SHOWN_HISTORY]:
                who = f", {decision.created_by}" if decision.created_by else ""
                words = f"{decision.kind} {decision.brand_name}".strip()
                lines.append(f"{local_time(decision.created_at)}{who}: {words}")
        self._history.setText("\n".join(lines) if lines else tr("Nobody has decided on this yet."))

    def sizeHint(self) -> QSize:
        return QSize(320, 560)


def _label(look: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if look:
        label.setProperty("look", look)
    return label


def _heading(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("look", "caps")
    label.setContentsMargins(0, 6, 0, 0)
    return label


def _action_button(actions: ActionSet, id: str, words: str = "") -> QToolButton:
    """An action as a button, its key behind the words."""
    action = actions[id]
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setIconSize(QSize(15, 15))
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    button.setMinimumWidth(56)
    button.setProperty("look", "decide")

    def name() -> None:
        key = actions.key_text(id)
        shown = words or action.text()
        button.setText(f"{shown}  {key}" if key else shown)

    name()
    actions.keys_changed.connect(name)
    action.changed.connect(name)
    return button


def _together(fact: str) -> str:
    """A short fact with spaces and hyphens at which no line ends."""
    return fact.replace(" ", "\u00a0").replace("-", "\u2011") if len(fact) <= TOGETHER else fact
