"""Models of the alias workbench: clusters with a tick each, and one cluster's members with a tick and a crop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, Qt

from app.alias_workbench import WorkCluster, WorkMember
from ui.brands.crops import CropShelf
from ui.brands.ticked import Index, Ticked
from ui.brands.words import kind_words
from ui.text import plural, tr
from ui.theme import Theme


def key_of(cluster: WorkCluster) -> str:
    """What tells a cluster from others, also after the list was read anew."""
    return "\n".join(sorted(m.text for m in cluster.members))


class ClusterModel(Ticked):
    """Clusters, heaviest first; a filter by words hides what doesn't fit (its ticks count no more)."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, (tr("Cluster"), tr("Names"), tr("Seconds")))
        self.clusters: list[WorkCluster] = []
        self._all: list[WorkCluster] = []
        self._ticks: set[str] = set()
        self._text = ""

    def set_clusters(self, clusters: Sequence[WorkCluster]) -> None:
        self._all = list(clusters)
        self._ticks &= {key_of(c) for c in self._all}
        self._show()

    def set_filter(self, text: str) -> None:
        self._text = text.casefold()
        self._show()

    def _show(self) -> None:
        words = self._text.split()
        self.beginResetModel()
        self.clusters = [
            c for c in self._all if all(any(w in m.text.casefold() for m in c.members) for w in words)
        ]
        self.endResetModel()
        self.ticked.emit()

    @property
    def total(self) -> int:
        return len(self._all)

    def chosen(self) -> list[WorkCluster]:
        """The ticked clusters that are shown."""
        return [c for c in self.clusters if key_of(c) in self._ticks]

    def tick_all(self, on: bool) -> None:
        self._ticks = {key_of(c) for c in self.clusters} if on else set()
        if self.clusters:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.clusters) - 1, 0))
        self.ticked.emit()

    def is_ticked(self, row: int) -> bool:
        return key_of(self.clusters[row]) in self._ticks

    def set_ticked(self, row: int, on: bool) -> None:
        (self._ticks.add if on else self._ticks.discard)(key_of(self.clusters[row]))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.clusters)

    def cell(self, row: int, column: int) -> str:
        cluster = self.clusters[row]
        if column == 0:
            return cluster.lead
        return str(len(cluster.members)) if column == 1 else f"{cluster.seconds:,.1f}"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.ToolTipRole:
            return ", ".join(m.text for m in self.clusters[index.row()].members[:30])
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            c = self.clusters[index.row()]
            names = plural(len(c.members), tr("{n} name"), tr("{n} names"))
            ticked = tr("ticked") if self.is_ticked(index.row()) else tr("not ticked")
            return f"{c.lead}, {names}, {ticked}"
        return super().data(index, role)


class MemberModel(Ticked):
    """Members of the chosen cluster; all are ticked at first."""

    def __init__(self, theme: Theme, crops: CropShelf) -> None:
        heads = (tr("Spelling"), tr("Kind"), tr("Seen"), tr("Seconds"), tr("Sources"))
        super().__init__(theme, heads)
        self.cluster: WorkCluster | None = None
        self._off: set[str] = set()
        self._crops = crops
        crops.ready.connect(self._painted)

    @property
    def members(self) -> tuple[WorkMember, ...]:
        return self.cluster.members if self.cluster is not None else ()

    def set_cluster(self, cluster: WorkCluster | None) -> None:
        same = cluster is not None and self.cluster is not None and key_of(cluster) == key_of(self.cluster)
        self.beginResetModel()
        self.cluster = cluster
        if not same:
            self._off.clear()
        self.endResetModel()

    def chosen(self) -> list[WorkMember]:
        return [m for m in self.members if m.text not in self._off]

    def is_ticked(self, row: int) -> bool:
        return self.members[row].text not in self._off

    def set_ticked(self, row: int, on: bool) -> None:
        (self._off.discard if on else self._off.add)(self.members[row].text)

    def is_number(self, column: int) -> bool:
        return column > 1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.members)

    def cell(self, row: int, column: int) -> str:
        m = self.members[row]
        if column == 0:
            return m.text
        if column == 1:
            return (
                tr("alias of {name}").format(name=m.brand_name) if m.kind == "alias" else kind_words(m.kind)
            )
        if column == 3:
            return f"{m.seconds:,.1f}" if m.seconds else "–"
        return str((m.appearances if column == 2 else m.sources) or "–")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            crop = self.members[index.row()].crop
            return self._crops.get(crop) if crop is not None else None
        return super().data(index, role)

    def _painted(self) -> None:
        if self.members:
            last = self.index(len(self.members) - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DecorationRole])
