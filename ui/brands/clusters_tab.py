"""The alias workbench: clusters from strict to lax, what a merge of one touches, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.alias_workbench import MergePreview, WorkCluster, WorkMember
from app.brand_impact import Impact
from app.commands import Command, Deny, NotSame, Several
from engine.clustering import LEVELS, Level
from engine.domain.errors import SponsightError
from ui.brands.action_button import ActionButton
from ui.brands.cluster_models import ClusterModel, MemberModel, key_of
from ui.brands.crops import CropShelf
from ui.brands.edit_dialog import EditDialog, MergeAsked
from ui.brands.impact_view import ImpactView, MergeView
from ui.brands.level_chips import LevelChips
from ui.brands.orders import Orders
from ui.brands.tick_table import TickTable
from ui.empty import EmptyState
from ui.text import plural, tr
from ui.workspace import Services

PREVIEW_DELAY_MS = 250
CROP_HEIGHT = 34


class ClustersTab(QWidget):
    """Reads clusters when it is shown and when the book changed. `commands` and `able` are as in the table's tab."""

    able = Signal()

    def __init__(self, services: Services, orders: Orders) -> None:
        super().__init__()
        self._services = services
        self._orders = orders
        self._stale = True
        self._seen: tuple[Command, Impact] | None = None
        self.loaded_level: Level | None = None
        self.crops = CropShelf(services, CROP_HEIGHT, self)
        self.clusters = ClusterModel(services.theme)
        self.members = MemberModel(services.theme, self.crops)
        self.levels = LevelChips()
        self.levels.changed.connect(self.refresh)
        self.commands: dict[str, Callable[[], None]] = {
            "brands.merge": self.merge,
            "brands.not_same": self.not_same,
            "brands.deny": self.deny,
            "brands.tick_all": self._tick_all,
            "brands.merge_ticked": self._merge_ticked,
        }
        for number in range(len(LEVELS)):
            self.commands[f"brands.level_{number + 1}"] = partial(self.levels.choose, number)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 10, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(self._head())
        self._stack = QStackedWidget()
        self._none = EmptyState("merge", "", "", [(tr("A laxer level"), self.levels.laxer)], framed=True)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(10)
        parts.addWidget(self._left())
        parts.addWidget(self._right())
        parts.setSizes([400, 760])
        parts.setStretchFactor(1, 1)
        self._stack.addWidget(parts)
        self._stack.addWidget(self._none)
        layout.addWidget(self._stack, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PREVIEW_DELAY_MS)
        self._timer.timeout.connect(self._preview)
        self.clusters.ticked.connect(self._count)
        self.members.ticked.connect(self._changed)
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._chosen())
        self.list.entered_row.connect(lambda: self.names.setFocus(Qt.FocusReason.OtherFocusReason))
        self.setFocusProxy(self.list)
        self._say(tr("Reading clusters…"), "")

    # --- building -----------------------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.levels)
        row.addStretch(1)
        self.count = QLabel()
        self.count.setProperty("look", "small")
        row.addWidget(self.count)
        actions = self._services.actions
        self.all = ActionButton(actions["brands.tick_all"], tr("Tick all"))
        row.addWidget(self.all)
        self.merge_all = ActionButton(actions["brands.merge_ticked"], tr("Merge all ticked…"), "merge")
        row.addWidget(self.merge_all)
        return row

    def _left(self) -> QWidget:
        self.list = TickTable(self.clusters, tr("Clusters"))
        self.list.setMinimumWidth(280)
        return self.list

    def _right(self) -> QWidget:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.table = TickTable(self.members, tr("Spellings of the cluster"), CROP_HEIGHT + 8)
        self.table.setMinimumHeight(130)
        row = QHBoxLayout()
        row.setSpacing(6)
        label = QLabel(tr("Surviving name"))
        row.addWidget(label)
        self.names = QComboBox()
        self.names.setEditable(True)
        self.names.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.names.setAccessibleName(tr("Surviving name"))
        self.names.setMinimumWidth(150)
        self.names.editTextChanged.connect(lambda _: self._changed())
        edit = self.names.lineEdit()
        assert edit is not None
        edit.returnPressed.connect(self.list.setFocus)
        label.setBuddy(self.names)
        row.addWidget(self.names, 1)
        actions = self._services.actions
        self.merge_button = ActionButton(actions["brands.merge"], tr("Merge"), primary=True)
        row.addWidget(self.merge_button)
        row.addWidget(ActionButton(actions["brands.not_same"], tr("Not the same"), "split"))
        row.addWidget(ActionButton(actions["brands.deny"], tr("To the deny list"), "reject"))
        self.impact = ImpactView(self._services.theme)
        self.merge_view = MergeView(self._services.theme)
        self.views = QTabWidget()
        self.views.setDocumentMode(True)
        for view, title in ((self.impact, tr("What would change")), (self.merge_view, tr("What it touches"))):
            holder = QWidget()
            inner = QVBoxLayout(holder)
            inner.setContentsMargins(0, 8, 0, 0)
            inner.addWidget(view)
            self.views.addTab(holder, title)
        column.addWidget(self.table, 3)
        column.addLayout(row)
        column.addWidget(self.views, 2)
        return right

    # --- reading ------------------------------------------------------------------------------------------------

    def stale(self) -> None:
        """The book changed: read anew when (or as) it is shown."""
        self._stale = True
        if self.isVisible():
            self.refresh()

    def shown(self) -> None:
        """The tab is looked at."""
        if self._stale:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        self._stale = False
        level, brands = self.levels.level, self._services.container.brands
        self.count.setText(tr("Reading clusters…"))
        self._services.tasks.call(
            tr("Clustering spellings"),
            lambda: (level, brands.clusters(level)),
            self._take,
            newest="brand-clusters",
        )

    def _take(self, found: tuple[Level, list[WorkCluster]]) -> None:
        self.loaded_level, clusters = found
        current = self.members.cluster
        row = max(0, self.list.currentIndex().row())
        self.clusters.set_clusters(clusters)
        self._select(key_of(current) if current is not None else "", row)

    def search(self, text: str) -> None:
        self.clusters.set_filter(text)
        self._select("", 0)

    def _select(self, key: str, row: int) -> None:
        """The same cluster where it is still there, else the one that took its place."""
        shown = self.clusters.clusters
        at = next((n for n, c in enumerate(shown) if key_of(c) == key), min(row, len(shown) - 1))
        if at >= 0:
            self.list.setCurrentIndex(self.clusters.index(at, 0))
            self.list.selectRow(at)
        self._place_focus(self.list if shown else self.levels.chosen)
        self._stack.setCurrentIndex(0 if shown else 1)
        for button in self._none.findChildren(QPushButton):
            button.setVisible(self.levels.level != LEVELS[-1])
        if not shown and self.clusters.total:
            self._none.say(tr("No cluster fits"), tr("No cluster holds the text that is searched for."))
        elif not shown:
            words = tr(
                "Nothing looks alike at this level. Laxer levels find more; what was kept apart stays apart."
            )
            self._none.say(tr("No clusters"), words)
        self._chosen()

    def _place_focus(self, where: QWidget | None) -> None:
        """The keys go to the list while there is one, else to the levels."""
        before = self.focusProxy()
        if where is None:
            return
        self.setFocusProxy(where)
        if before is not where and before is not None and self.window().focusWidget() is before:
            where.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _chosen(self) -> None:
        row = self.list.currentIndex().row()
        cluster = self.clusters.clusters[row] if 0 <= row < len(self.clusters.clusters) else None
        if cluster is self.members.cluster:
            return
        self.members.set_cluster(cluster)
        self.names.blockSignals(True)
        self.names.clear()
        if cluster is not None:
            brands = [m.brand_name for m in cluster.members if m.brand_id]
            self.names.addItems(
                list(dict.fromkeys([cluster.lead, *brands, *(m.text for m in cluster.members)]))
            )
            self.table.selectRow(0)
        edit = self.names.lineEdit()
        if edit is not None:
            edit.setCursorPosition(0)  # of a name with too little room the beginning is seen
        self.names.blockSignals(False)
        self._changed()

    @Slot()
    def _changed(self) -> None:
        """Ticks or name changed: what it would do is worked out anew."""
        self._seen = None
        self.able.emit()
        if self.can("brands.merge"):
            self.impact.waiting()
            self.merge_view.waiting()
            self._timer.start()
        else:
            self._timer.stop()
            self._say(tr("Tick two spellings or more to merge them."), "")

    def _say(self, impact: str, merge: str) -> None:
        self.impact.waiting(impact)
        self.merge_view.waiting(merge or impact)

    @Slot()
    def _count(self) -> None:
        ticked = len(self.clusters.chosen())
        words = plural(len(self.clusters.clusters), tr("{n} cluster"), tr("{n} clusters"))
        self.count.setText(tr("{clusters} · {n} ticked").format(clusters=words, n=ticked))
        self.all.setText(tr("Tick none") if ticked else tr("Tick all"))
        self.able.emit()

    def can(self, id: str) -> bool:
        """Whether an action would do something now."""
        writable = self._services.writable
        match id:
            case "brands.merge" | "brands.not_same":
                return writable and len(self.members.chosen()) > 1
            case "brands.deny":
                return writable and any(m.kind == "text" for m in self.members.chosen())
            case "brands.merge_ticked":
                return writable and bool(self.clusters.chosen())
            case "brands.tick_all":
                return bool(self.clusters.clusters)
        return True

    # --- what would happen --------------------------------------------------------------------------------------

    def _command(self, members: Sequence[WorkMember], name: str) -> tuple[Command, MergeAsked]:
        """The merge of members into a name, and what its preview is asked with. Raises UserFixable."""
        workbench = self._services.container.brands.workbench
        named = next((m.brand_id for m in members if m.brand_id and m.brand_name == name), "")
        command = workbench.merge_command(members, into=named, name=name)
        ids = tuple(dict.fromkeys(m.brand_id for m in members if m.brand_id and m.brand_id != named))
        texts = tuple(m.text for m in members if not m.brand_id)
        return command, MergeAsked(ids, named or name, texts)

    @Slot()
    def _preview(self) -> None:
        brands, members, name = (
            self._services.container.brands,
            self.members.chosen(),
            self.names.currentText(),
        )

        def look() -> tuple[Command, MergePreview, Impact]:
            command, asked = self._command(members, name.strip())
            return (
                command,
                brands.merge_preview(asked.brand_ids, asked.into, asked.texts),
                brands.impact(command),
            )

        def show(found: tuple[Command, MergePreview, Impact]) -> None:
            command, preview, impact = found
            if members == self.members.chosen() and name == self.names.currentText():
                self._seen = command, impact
                self.impact.show_impact(impact)
                self.merge_view.show_previews((preview,))

        def failed(error: Exception) -> None:
            message = error.message if isinstance(error, SponsightError) else str(error)
            self._say(message, "")

        self._services.tasks.call(
            tr("Working out the impact"), look, show, failed=failed, newest="brand-cluster-preview"
        )

    # --- doing --------------------------------------------------------------------------------------------------

    @Slot()
    def merge(self) -> None:
        """Merges the ticked spellings; where what it changes was not seen yet, it is shown first."""
        members, name = self.members.chosen(), self.names.currentText().strip()
        if len(members) < 2 or not self._services.writable:
            return
        if self._seen is not None:
            command, impact = self._seen
            self._orders.apply(tr("Merging"), command, impact.to_rematch)
            return
        self._show_first([(members, name)], tr("Merge into {name}").format(name=name))

    @Slot()
    def _merge_ticked(self) -> None:
        wanted = [(list(c.members), c.lead) for c in self.clusters.chosen()]
        title = plural(len(wanted), tr("Merge {n} ticked cluster"), tr("Merge {n} ticked clusters"))
        if wanted:
            self._show_first(wanted, title)

    def _show_first(self, wanted: Sequence[tuple[list[WorkMember], str]], title: str) -> None:
        def make() -> list[tuple[Command, MergeAsked]]:
            return [self._command(members, name) for members, name in wanted]

        def ask(made: list[tuple[Command, MergeAsked]]) -> None:
            parts: list[Command] = []
            for command, _ in made:
                parts += command.unpacked() if isinstance(command, Several) else (command,)
            command = parts[0] if len(parts) == 1 else Several.of(title, tuple(parts))
            dialog = EditDialog(
                self, self._services, title, command, merges=[asked for _, asked in made], verb=tr("Merge")
            )
            dialog.agreed.connect(lambda again: self._orders.apply(tr("Merging"), command, again))
            dialog.open()

        self._services.tasks.call(tr("Merging"), make, ask)

    @Slot()
    def not_same(self) -> None:
        """Keeps the ticked members apart from each other for good."""
        things = tuple(dict.fromkeys(m.brand_id or m.text for m in self.members.chosen()))
        if len(things) > 1 and self._services.writable:
            self._orders.do(tr("Keeping apart"), NotSame(things=things))

    @Slot()
    def deny(self) -> None:
        """Puts the ticked unresolved texts on the deny list."""
        texts = tuple(m.text for m in self.members.chosen() if m.kind == "text")
        if texts and self._services.writable:
            self._orders.weigh(tr("Writing the deny list"), Deny(texts=texts))

    @Slot()
    def _tick_all(self) -> None:
        self.clusters.tick_all(not self.clusters.chosen())
