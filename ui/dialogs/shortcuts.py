"""The shortcut editor: give actions other keys; a key that is taken is told at once and can't be saved twice."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSortFilterProxyModel, Qt, Slot
from PySide6.QtGui import QKeySequence, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeView,
    QWidget,
)

from engine.domain.errors import SponsightError
from ui.action_keys import conflicts, effective, normal, shown, shown_keys
from ui.actions import ActionSpec, action_table
from ui.dialogs.base import Dialog
from ui.text import tr
from ui.workspace import Services

ID = Qt.ItemDataRole.UserRole


class ShortcutEditor(Dialog):
    """Edits are in force when saved, not before."""

    def __init__(self, parent: QWidget, services: Services) -> None:
        super().__init__(parent, tr("Edit shortcuts"), width=760)
        self.resize(760, 600)
        self._services = services
        self._table = action_table()
        self._specs = {spec.id: spec for spec in self._table}
        self.overrides: dict[str, tuple[str, ...]] = dict(services.preferences.values.keys)
        self._search = QLineEdit()
        self._search.setPlaceholderText(tr("Search actions or keys"))
        self._search.setAccessibleName(tr("Search actions or keys"))
        self._search.setClearButtonEnabled(True)
        self.body.addWidget(self._search)
        self._model = QStandardItemModel(0, 3, self)
        self._model.setHorizontalHeaderLabels([tr("Action"), tr("Keys"), tr("Acts")])
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setFilterKeyColumn(-1)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._search.textChanged.connect(self._proxy.setFilterFixedString)
        self.view = QTreeView()
        self.view.setModel(self._proxy)
        self.view.setRootIsDecorated(False)
        self.view.setUniformRowHeights(True)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setAccessibleName(tr("Actions and their keys"))
        header = self.view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setResizeContentsPrecision(-1)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.body.addWidget(self.view, 1)
        self.body.addLayout(self._edit_row())
        self.problem = QLabel()
        self.problem.setProperty("look", "error")
        self.problem.setWordWrap(True)
        self.body.addWidget(self.problem)
        reset_all = self.button(tr("Reset all"), left=True)
        reset_all.clicked.connect(self._reset_all)
        self.close_button(tr("Cancel"))
        self.save = self.button(tr("Save"), primary=True)
        self.save.clicked.connect(self._save)
        self._fill()
        self.view.selectionModel().currentChanged.connect(lambda *_: self._chosen())
        self.view.setCurrentIndex(self._proxy.index(0, 0))

    def _edit_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        label = QLabel(tr("New key"))
        self.edit = QKeySequenceEdit()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setAccessibleName(tr("Press the new key"))
        self.edit.setToolTip(tr("Press the new key"))
        label.setBuddy(self.edit)
        self._set = QPushButton(tr("Set"))
        self._add = QPushButton(tr("Add"))
        self._none = QPushButton(tr("No key"))
        self._back = QPushButton(tr("Reset"))
        self._set.clicked.connect(lambda: self.give(self.edit.keySequence()))
        self._add.clicked.connect(lambda: self.give(self.edit.keySequence(), add=True))
        self._none.clicked.connect(lambda: self._put(()))
        self._back.clicked.connect(self._reset_one)
        for button in (self._set, self._add, self._none, self._back):
            button.setAutoDefault(False)
        row.addWidget(label)
        row.addWidget(self.edit, 1)
        for button in (self._set, self._add, self._none, self._back):
            row.addWidget(button)
        return row

    @property
    def current(self) -> ActionSpec | None:
        """The chosen action with the keys as edited."""
        index = self.view.currentIndex()
        if not index.isValid():
            return None
        id = self._proxy.index(index.row(), 0).data(ID)
        return next((s for s in effective(self._table, self.overrides) if s.id == id), None)

    def choose(self, id: str) -> None:
        """Selects an action by id."""
        for row in range(self._proxy.rowCount()):
            index = self._proxy.index(row, 0)
            if index.data(ID) == id:
                self.view.setCurrentIndex(index)

    def give(self, sequence: QKeySequence, *, add: bool = False) -> None:
        """Gives the chosen action a key."""
        spec = self.current
        key = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        if spec is None or not key:
            return
        self._put((*spec.all_keys, key) if add else (key,))
        self.edit.clear()

    def _put(self, keys: tuple[str, ...]) -> None:
        spec = self.current
        if spec is None:
            return
        keys = tuple(dict.fromkeys(normal(key) for key in keys))
        default = tuple(normal(key) for key in self._specs[spec.id].all_keys)
        if set(keys) == set(default):
            self.overrides.pop(spec.id, None)
        else:
            self.overrides[spec.id] = keys
        self._fill()
        self.choose(spec.id)

    @Slot()
    def _reset_one(self) -> None:
        spec = self.current
        if spec is not None:
            self.overrides.pop(spec.id, None)
            self._fill()
            self.choose(spec.id)

    @Slot()
    def _reset_all(self) -> None:
        self.overrides.clear()
        self._fill()

    def _fill(self) -> None:
        table = effective(self._table, self.overrides)
        clashing = conflicts(table)
        taken = {id for ids in clashing.values() for id in ids}
        colours = self._services.theme.colours
        self._model.setRowCount(0)
        from PySide6.QtGui import QColor

        scopes = {
            "G": tr("everywhere"),
            "R": tr("in review"),
            "B": tr("on the brands page"),
            "L": tr("in the library"),
        }
        for spec in table:
            name = QStandardItem(self._services.actions[spec.id].icon(), spec.title)
            name.setData(spec.id, ID)
            name.setToolTip(spec.help)
            mark = " •" if spec.id in self.overrides else ""
            keys = QStandardItem(shown_keys(spec.all_keys) + mark)
            scope = QStandardItem(scopes[spec.scope])
            if spec.id in taken:
                for item in (name, keys):
                    item.setForeground(QColor(colours.danger))
            self._model.appendRow([name, keys, scope])
        titles = {spec.id: spec.title for spec in table}
        words = [
            tr("{key} is given to {actions}.").format(
                key=shown(key), actions=tr(" and ").join(titles[i] for i in ids)
            )
            for key, ids in clashing.items()
        ]
        self.problem.setText(" ".join(words))
        self.problem.setVisible(bool(words))
        self.save.setEnabled(not words)
        self._chosen()

    def _chosen(self) -> None:
        spec = self.current
        editable = spec is not None and spec.own_keys
        for widget in (self.edit, self._set, self._add, self._none):
            widget.setEnabled(editable)
        self._back.setEnabled(editable and spec is not None and spec.id in self.overrides)

    @Slot()
    def _save(self) -> None:
        try:
            self._services.preferences.change(keys=dict(self.overrides))
        except SponsightError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and self.edit.hasFocus():
            return True  # the key belongs to the field, Esc and Enter too
        return super().event(event)
