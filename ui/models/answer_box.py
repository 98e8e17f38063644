"""Beside an item under review: which sheet a model was asked on, and a button that asks the local model once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.dialogs.base import Dialog
from ui.icons import icon
from ui.text import tr
from ui.workspace import Services

if TYPE_CHECKING:
    from app.model_answers import OneAnswer, SheetShown
    from engine.domain.records import Appearance

MODELS = ("local_vlm", "cloud_llm")
WIDEST, HIGHEST = 680, 680
"""Pixels: how large a sheet is shown at most, so that the whole of it is seen."""


class ModelBox(QWidget):
    """`named` carries brand id ('' new) and name when the person takes the model's word. `job` gives the id of the
    run that is shown, '' where there is none."""

    named = Signal(str, str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._answers = services.container.answers
        self.job: Callable[[], str] = str
        self._key = ""
        self._job = ""
        self._sheets: list[SheetShown] = []
        self._answer: OneAnswer | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        column.addWidget(self.said)
        row = QGridLayout()
        row.setSpacing(6)
        self.ask = _button(tr("Ask model"), "search")
        self.ask.setToolTip(
            tr("Sends crops of this item to the model chosen in the preferences; decides nothing.")
        )
        self.ask.clicked.connect(self._ask)
        self.sheet = _button(tr("Show sheet"), "")
        self.sheet.setToolTip(tr("The sheet on which a model was asked about this item."))
        self.sheet.clicked.connect(self._show_sheet)
        self.take = _button("", "confirm")
        self.take.clicked.connect(self._take)
        row.addWidget(self.ask, 0, 0)
        row.addWidget(self.sheet, 0, 1)
        row.addWidget(self.take, 1, 0, 1, 2)
        column.addLayout(row)
        self.show_item(None)

    def show_item(self, machine: Appearance | None) -> None:
        """Another item: None (or one that a person drew) can't be asked."""
        key = machine.key if machine is not None else ""
        job = self.job()
        same = (job, key) == (self._job, self._key)
        self._job, self._key = job, key
        self.setVisible(bool(key))
        if same:
            return
        self._sheets, self._answer = [], None
        self.said.hide()
        self.take.hide()
        self.sheet.hide()
        self.ask.setEnabled(True)
        if machine is not None and job and (machine.source in MODELS or machine.reason):
            self._services.tasks.call(
                tr("Find the sheet"),
                lambda: self._answers.sheets(job, key),
                lambda sheets: self._found(job, key, sheets),
                newest="models.sheets",
            )

    def _found(self, job: str, key: str, sheets: list[SheetShown]) -> None:
        if self._shows(job, key) and self._answer is None:
            self._sheets = sheets
            self.sheet.setVisible(bool(sheets))

    def _shows(self, job: str, key: str) -> bool:
        """Whether the item is still the one that was asked about."""
        return (job, key) == (self._job, self._key)

    def _ask(self) -> None:
        job, key = self._job, self._key
        if not job or not key:
            return
        self.ask.setEnabled(False)
        self._say(tr("Waiting for an answer…"))

        def answered(answer: OneAnswer) -> None:
            if not self._shows(job, key):
                return
            self.ask.setEnabled(True)
            self._answer = answer
            self._sheets = [answer.sheet]
            self.sheet.show()
            self._say(answer.words)
            self.take.setVisible(bool(answer.name))
            self.take.setText(tr("Decide: {name}").format(name=answer.name))

        def failed(error: Exception) -> None:
            if self._shows(job, key):
                self.ask.setEnabled(True)
                self._say(str(error))

        self._services.tasks.call(
            tr("Ask the local model"),
            lambda: self._answers.ask_one(job, key),
            answered,
            failed=failed,
            newest="models.ask",
        )

    def _say(self, words: str) -> None:
        self.said.setText(words)
        self.said.show()

    def _take(self) -> None:
        if self._answer is not None and self._answer.name:
            self.named.emit(self._answer.brand_id, self._answer.name)

    def _show_sheet(self) -> None:
        if self._sheets:
            SheetDialog(self.window(), self._sheets[0]).open()


class SheetDialog(Dialog):
    """The sheet as the model saw it, the item's cells outlined."""

    def __init__(self, parent: QWidget, sheet: SheetShown) -> None:
        cells = ", ".join(str(n) for n in sheet.cells)
        words = tr("As {model} saw it; this item is cell {cells}. One cell is blank to catch inventions.")
        text = words.format(model=sheet.model, cells=cells)
        if sheet.earlier:
            text += " " + tr("It was asked in an earlier run; this one took the answer from memory.")
        if sheet.note:
            text += " " + tr("The answer was not used: {why}.").format(why=sheet.note)
        super().__init__(parent, tr("Sheet"), text, width=760)
        picture = QLabel()
        whole = outlined(sheet)
        if whole.width() > WIDEST or whole.height() > HIGHEST:
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            whole = whole.scaled(WIDEST, HIGHEST, keep, smooth)
        picture.setPixmap(whole)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        picture.setAccessibleName(text)
        area = QScrollArea()
        area.setWidget(picture)
        area.setWidgetResizable(True)
        self.body.addWidget(area, 1)
        self.resize(760, 860)
        self.close_button()


def outlined(sheet: SheetShown) -> QPixmap:
    """The sheet with a frame around the item's cells."""
    from engine.escalation.sheets import CELL, GUTTER, HEADER, cell_corner

    shown = QPixmap()
    shown.loadFromData(sheet.jpeg)
    columns = max(1, (shown.width() - GUTTER) // (CELL + GUTTER))
    painter = QPainter(shown)
    painter.setPen(QPen(QColor("#d6336c"), 5))
    for number in sheet.cells:
        left, top = cell_corner(number, columns)
        painter.drawRect(QRect(left - 4, top - HEADER - 4, CELL + 8, CELL + HEADER + 8))
    painter.end()
    return shown


def _button(words: str, picture: str) -> QToolButton:
    button = QToolButton()
    button.setText(words)
    if picture:
        button.setIcon(icon(picture))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    button.setMinimumWidth(56)
    button.setProperty("look", "decide")
    return button
