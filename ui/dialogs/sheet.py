"""The shortcut sheet: every key at a glance, in columns by what it is for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ui.action_keys import shown
from ui.action_set import ActionSet
from ui.actions import ActionSpec
from ui.dialogs.base import Dialog
from ui.text import tr


class ShortcutSheet(Dialog):
    """Opens the editor with its button."""

    def __init__(self, parent: QWidget, actions: ActionSet) -> None:
        text = tr(
            "Keys of the review area, the brands page and the library act while the focus is there and nobody types; "
            "all others act everywhere."
        )
        super().__init__(parent, tr("Keyboard shortcuts"), text, width=1080)
        self.resize(1080, 720)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setAccessibleName(tr("Keyboard shortcuts"))
        sheet = QWidget()
        columns = QHBoxLayout(sheet)
        columns.setSpacing(28)
        columns.setContentsMargins(0, 0, 12, 0)
        for groups in _columns(list(actions)):
            column = QVBoxLayout()
            column.setSpacing(4)
            for title, specs in groups:
                column.addWidget(_heading(title))
                column.addLayout(_rows(specs))
                column.addSpacing(14)
            column.addStretch()
            columns.addLayout(column, 1)
        area.setWidget(sheet)
        self.body.addWidget(area)
        edit = self.button(tr("Edit shortcuts…"), left=True)
        edit.clicked.connect(self.accept)
        edit.clicked.connect(actions["help.edit_keys"].trigger)
        self.close_button()


def _columns(specs: list[ActionSpec]) -> list[list[tuple[str, list[ActionSpec]]]]:
    def of(*menus: str, scope: str = "") -> list[ActionSpec]:
        return [s for s in specs if s.menu in menus and s.all_keys and scope in ("", s.scope)]

    candidates = [s for s in of("review") if not s.id.startswith("review.candidate_")]
    return [
        [(tr("Decide (review area)"), candidates), (tr("Runs (everywhere)"), of("run"))],
        [
            (tr("Play and step (review area)"), of("playback")),
            (tr("Look (review area)"), of("view", scope="R")),
        ],
        [
            (tr("Everywhere"), of("file", "edit", "help", scope="G")),
            (tr("Library"), of("file", scope="L")),
            (tr("Pages and panes"), of("view", scope="G")),
        ],
        [(tr("Brands page"), of("brands"))],
    ]


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("look", "caps")
    return label


def _rows(specs: list[ActionSpec]) -> QGridLayout:
    grid = QGridLayout()
    grid.setColumnStretch(0, 1)
    grid.setVerticalSpacing(5)
    rows: list[tuple[str, tuple[str, ...], str]] = [(s.title, s.all_keys, s.help) for s in specs]
    if any(s.id == "review.confirm" for s in specs):
        rows.insert(
            1, (tr("Candidate of the list"), ("1–9",), tr("Decide for a candidate of the inspector's list."))
        )
    for row, (title, keys, help) in enumerate(rows):
        name = QLabel(title)
        name.setToolTip(help)
        grid.addWidget(name, row, 0)
        cells = QHBoxLayout()
        cells.setSpacing(4)
        cells.addStretch()
        for key in dict.fromkeys(shown(k) if k != "1–9" else k for k in keys):
            cap = QLabel(key)
            cap.setProperty("look", "key")
            cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
            cells.addWidget(cap)
        grid.addLayout(cells, row, 1)
    return grid
