"""The queue pane: filter chips, the list, and how much is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QProgressBar,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.empty import EmptyState
from ui.flow_layout import FlowLayout
from ui.icons import icon
from ui.review.queue_delegate import HEIGHT, QueueDelegate
from ui.review.queue_model import QueueModel
from ui.review.thumbnails import Thumbnails
from ui.review.wanted import Wanted
from ui.review.words import FLAG_ICONS, flag_help, flag_words
from ui.tables import show_rows
from ui.text import plural, tr
from ui.workspace import Services

if TYPE_CHECKING:
    from ui.review.scene import Pending
    from ui.review.snapshot import Snapshot

MENU = (
    "review.confirm", "review.reject", "review.unsure", "review.clear", "", "review.other_brand", "review.merge",
    "", "review.edit_box", "play.around",
)  # fmt: skip
MOST_BRANDS = 24


class QueuePane(QWidget):
    """`chosen` carries the key of the row that became current, `wanted` a changed filter."""

    chosen = Signal(str)
    wanted = Signal(object)
    split_wanted = Signal(str)
    resort_wanted = Signal()

    def __init__(self, services: Services, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._thumbnails = thumbnails
        self._filter = Wanted()
        self._quiet = False
        self._snapshot: Snapshot | None = None
        self.setProperty("look", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(0)
        self._chips = self._make_chips()
        column.addWidget(self._chips)
        self.model = QueueModel(self)
        self.view = _QueueView(services, thumbnails)
        self.view.setModel(self.model)
        self.view.menu_wanted.connect(self._menu)
        self.view.selectionModel().currentChanged.connect(self._current_changed)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._empty = EmptyState("review", "", "", [(tr("Show everything"), self._show_everything)])
        self._stack.addWidget(self._empty)
        column.addWidget(self._stack, 1)
        column.addWidget(self._make_foot())
        self.setMinimumWidth(264)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.view)
        services.theme.changed.connect(self.view.viewport().update)
        self.show_snapshot(None)

    # Building --------------------------------------------------------------------------------------

    def _make_chips(self) -> QWidget:
        row = QWidget()
        layout = FlowLayout(row, 4)
        layout.setContentsMargins(10, 5, 10, 8)
        self._undecided = _chip(tr("Undecided"), tr("Only what nobody has decided."))
        self._undecided.toggled.connect(lambda on: self._want(undecided=on))
        self._flagged = _chip(tr("Flagged"), tr("Only what is worth a look; the menu chooses a reason."))
        self._flagged.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._flagged.setMenu(QMenu(self._flagged))
        self._flagged.menu().aboutToShow.connect(self._fill_flags)
        self._brand = _chip(tr("Brand"), tr("Only one brand."))
        self._brand.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._brand.setMenu(QMenu(self._brand))
        self._brand.menu().aboutToShow.connect(self._fill_brands)
        self._surface = _chip(tr("Surface"), tr("Boards and shirts, or captions."))
        self._surface.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._surface)
        for value, words in (
            ("", tr("Scene and captions")),
            ("scene", tr("Scene: boards, shirts")),
            ("caption", tr("Captions")),
        ):
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setData(value)
            action.triggered.connect(lambda _=False, v=value: self._want(surface=v))
        menu.addSeparator()
        self._denied = menu.addAction(tr("Texts of the deny list too"))
        self._denied.setCheckable(True)
        self._denied.toggled.connect(lambda on: self._want(denied=on))
        self._surface.setMenu(menu)
        self._text = _chip("", tr("The search in force; click to end it."))
        self._text.clicked.connect(lambda: self._want(text=""))
        for chip in (self._undecided, self._flagged, self._brand, self._surface, self._text):
            layout.addWidget(chip)
        return row

    def _make_foot(self) -> QWidget:
        foot = QWidget()
        foot.setProperty("look", "surface")
        row = QHBoxLayout(foot)
        row.setContentsMargins(12, 4, 6, 4)
        row.setSpacing(8)
        self._left = QLabel()
        self._left.setProperty("look", "small")
        row.addWidget(self._left)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Decided"))
        row.addWidget(self._bar, 1)
        self._sort = QToolButton()
        self._sort.setIcon(icon("reset"))
        self._sort.setAccessibleName(tr("Sort anew"))
        self._sort.setToolTip(tr("Sort anew: most seconds at stake first. Else the order stays still."))
        self._sort.clicked.connect(self.resort_wanted)
        row.addWidget(self._sort)
        return foot

    # What is shown ---------------------------------------------------------------------------------

    def show_snapshot(self, snapshot: Snapshot | None) -> None:
        """Rows, counts and chips of a run; None shows nothing."""
        self._snapshot = snapshot
        selected = self.selected_keys()
        bar = self.view.verticalScrollBar()
        before = bar.value()
        self._quiet = True
        if self.model.show(snapshot):
            if len(selected) > 1:
                self._select_again(selected)
            bar.setValue(before)
        self._quiet = False
        rows = self.model.rowCount()
        self._stack.setCurrentIndex(0 if rows else 1)
        total = snapshot.total if snapshot is not None else 0
        left = snapshot.left if snapshot is not None else 0
        for part in (self._left, self._bar, self._sort):
            part.setVisible(snapshot is not None)
        self._left.setText(tr("{left} of {total} left").format(left=f"{left:,}", total=f"{total:,}"))
        self._bar.setRange(0, max(1, total))
        self._bar.setValue(total - left)
        self._empty_words(snapshot, total, left)
        self.show_filter(self._filter)

    def _empty_words(self, snapshot: Snapshot | None, total: int, left: int) -> None:
        if snapshot is None:
            self._empty.say(
                tr("Nothing to review yet"),
                tr("What a run finds is listed here while it goes on."),
                buttons=False,
            )
        elif not snapshot.appearances:
            self._empty.say(
                tr("Nothing found"),
                tr("While a run goes on, appearances come in as soon as the first chunk is read."),
                buttons=False,
            )
        elif total and not left:
            self._empty.say(tr("Everything is decided"), tr("See the report, or look at what was decided."))
        else:
            self._empty.say(tr("No row fits the filter"), tr("Take a chip off, or show everything."))

    def show_filter(self, wanted: Wanted) -> None:
        """The chips as they stand."""
        self._filter = wanted
        self._quiet = True
        self._undecided.setChecked(wanted.undecided)
        self._flagged.setCheckable(wanted.flagged or bool(wanted.flags))
        self._flagged.setChecked(wanted.flagged or bool(wanted.flags))
        words = tr("Flagged")
        if wanted.flags:
            words = flag_words(wanted.flags[0]) + (
                f" +{len(wanted.flags) - 1}" if len(wanted.flags) > 1 else ""
            )
        self._flagged.setText(words)
        self._brand.setCheckable(bool(wanted.brand))
        self._brand.setChecked(bool(wanted.brand))
        self._brand.setText(wanted.brand_name if wanted.brand else tr("Brand"))
        surface = {"scene": tr("Scene"), "caption": tr("Captions")}.get(wanted.surface, tr("Surface"))
        self._surface.setText(surface)
        self._surface.setCheckable(bool(wanted.surface) or wanted.denied)
        self._surface.setChecked(bool(wanted.surface) or wanted.denied)
        for action in self._surface.menu().actions():
            if action.data() is not None:
                action.setChecked(action.data() == wanted.surface)
        self._denied.setChecked(wanted.denied)
        self._text.setVisible(bool(wanted.text))
        self._text.setText(f"“{wanted.text}” ✕")
        self._quiet = False

    def show_pending(self, pending: Mapping[str, Pending]) -> None:
        self.model.show_pending(pending)

    def show_current(self, key: str) -> None:
        """Makes the row of an appearance current and visible; several selected rows stay selected."""
        index = self.model.index_of(key)
        if not index.isValid():
            self.view.selectionModel().clearSelection()
            return
        self._quiet = True
        selection = self.view.selectionModel()
        flags = QItemSelectionModel.SelectionFlag
        if selection.isSelected(index):
            selection.setCurrentIndex(index, flags.NoUpdate)
        else:
            selection.setCurrentIndex(index, flags.ClearAndSelect)
        self.view.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        self._quiet = False

    def selected_keys(self) -> tuple[str, ...]:
        """Keys of the selected rows, in the list's order."""
        selection = self.view.selectionModel()
        found = sorted(selection.selectedIndexes(), key=lambda i: i.row()) if selection is not None else []
        rows = (self.model.row(i) for i in found)
        return tuple(r.key for r in rows if r is not None)

    def clear_selection_to_current(self) -> None:
        """Only the current row stays selected."""
        self.view.selectionModel().select(
            self.view.currentIndex(), QItemSelectionModel.SelectionFlag.ClearAndSelect
        )

    def _select_again(self, keys: tuple[str, ...]) -> None:
        selection = self.view.selectionModel()
        for key in keys:
            index = self.model.index_of(key)
            if index.isValid():
                selection.select(index, QItemSelectionModel.SelectionFlag.Select)

    # What people do --------------------------------------------------------------------------------

    @Slot(QModelIndex, QModelIndex)
    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = self.model.row(current)
        if row is not None and not self._quiet:
            self.chosen.emit(row.key)

    def _want(self, **values: object) -> None:
        if self._quiet:
            return
        made = replace(self._filter, **values)  # type: ignore[arg-type]
        self.show_filter(made)
        self.wanted.emit(made)

    def _show_everything(self) -> None:
        self._want(undecided=False, flagged=False, flags=(), brand="", brand_name="", surface="", text="")

    @Slot()
    def _fill_flags(self) -> None:
        menu = self._flagged.menu()
        menu.clear()
        counts = self._snapshot.flags if self._snapshot is not None else {}
        every = menu.addAction(tr("Everything flagged"))
        every.setCheckable(True)
        every.setChecked(self._filter.flagged and not self._filter.flags)
        every.toggled.connect(lambda on: self._want(flagged=on, flags=()))
        menu.addSeparator()
        for name, picture in FLAG_ICONS.items():
            action = menu.addAction(icon(picture), f"{flag_words(name)} ({counts.get(name, 0)})")
            action.setCheckable(True)
            action.setChecked(name in self._filter.flags)
            action.setToolTip(flag_help(name))
            action.toggled.connect(lambda on, n=name: self._toggle_flag(n, on))

    def _toggle_flag(self, name: str, on: bool) -> None:
        flags = tuple(f for f in self._filter.flags if f != name) + ((name,) if on else ())
        self._want(flags=flags, flagged=bool(flags))

    @Slot()
    def _fill_brands(self) -> None:
        menu = self._brand.menu()
        menu.clear()
        menu.addAction(tr("All brands")).triggered.connect(lambda: self._want(brand="", brand_name=""))
        menu.addSeparator()
        brands = self._snapshot.brands if self._snapshot is not None else ()
        for brand, name, count in brands[:MOST_BRANDS]:
            action: QAction = menu.addAction(f"{name} ({count})")
            action.setCheckable(True)
            action.setChecked(brand == self._filter.brand)
            action.triggered.connect(lambda _=False, b=brand, n=name: self._want(brand=b, brand_name=n))
        if len(brands) > MOST_BRANDS:
            menu.addAction(tr("More: search for a name")).setEnabled(False)

    @Slot(QPoint)
    def _menu(self, at: QPoint) -> None:
        menu = QMenu(self.view)
        actions = self._services.actions
        count = len(self.view.selectionModel().selectedIndexes())
        if count > 1:
            menu.addAction(actions["review.confirm_selected"])
            menu.addSeparator()
        for id in MENU:
            if id:
                menu.addAction(actions[id])
            else:
                menu.addSeparator()
        row = self.model.row(self.view.currentIndex())
        if row is not None and len(row.keys) > 1:
            menu.addSeparator()
            words = plural(len(row.keys), "", tr("Take these {n} look-alikes apart"))
            split = menu.addAction(icon("split"), words)
            split.triggered.connect(lambda: self.split_wanted.emit(row.key))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)


class _QueueView(QTableView):
    """The list; review keys stay with the review. A table of one column, as it lays out 20,000 equal rows at
    once where a list view asks for each."""

    menu_wanted = Signal(QPoint)

    def __init__(self, services: Services, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.setProperty("reviewKeys", True)
        self.setItemDelegate(QueueDelegate(services.theme, thumbnails, self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        show_rows(self)
        self.setCornerButtonEnabled(False)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setMinimumSectionSize(40)
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._theme = services.theme
        self._theme.changed.connect(self._measure)
        self._measure()
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Review queue"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        thumbnails.ready.connect(self.viewport().update)

    def _measure(self) -> None:
        """Rows as high as the text scale asks for."""
        height = self._theme.px(HEIGHT)
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)
        self.verticalScrollBar().setSingleStep(height // 2)

    def keyboardSearch(self, search: str) -> None:
        """Letters are decisions here, not a search."""

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if index.isValid() and not self.selectionModel().isSelected(index):
            self.setCurrentIndex(index)
        if self.model().rowCount():
            self.menu_wanted.emit(event.globalPos())


def _chip(words: str, help: str) -> QToolButton:
    chip = QToolButton()
    chip.setText(words)
    chip.setCheckable(True)
    chip.setToolTip(help)
    chip.setAccessibleDescription(help)
    chip.setProperty("look", "chip")
    chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    return chip
