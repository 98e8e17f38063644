"""Seconds gained and lost per source and brand, and what a merge touches, as trees."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.alias_workbench import MergePreview
from app.brand_impact import Impact
from ui.brands.words import gain_and_loss, seconds_words, signed
from ui.text import plural, tr
from ui.theme import Theme

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


LEAST_LETTERS = 10
"""Of a name that are shown beside the figures; with less room the figures scroll."""


class _Tree(QTreeWidget):
    """`heads` are the columns' titles, each with what it means."""

    def __init__(self, theme: Theme, heads: Sequence[tuple[str, str]], name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setColumnCount(len(heads))
        self.setHeaderLabels([title for title, _ in heads])
        self.setAccessibleName(name)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setUniformRowHeights(True)
        self.setIndentation(16)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, (_, meaning) in enumerate(heads):
            self.headerItem().setToolTip(column, meaning)
            if column:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
                self.headerItem().setTextAlignment(column, RIGHT)
        self._give_room()
        theme.changed.connect(self._give_room)

    def _give_room(self) -> None:
        letter = QFontMetricsF(self._theme.font()).averageCharWidth()
        self.header().setMinimumSectionSize(round(LEAST_LETTERS * letter))

    def line(self, parent: QTreeWidgetItem | None, *cells: str, strong: bool = False) -> QTreeWidgetItem:
        item = QTreeWidgetItem(list(cells))
        item.setToolTip(0, cells[0])
        for column in range(1, len(cells)):
            item.setTextAlignment(column, RIGHT)
            item.setFont(column, self._theme.figures())
        if strong:
            item.setFont(0, self._theme.font(medium=True))
        if parent is None:
            self.addTopLevelItem(item)
        else:
            parent.addChild(item)
        item.setFirstColumnSpanned(len(cells) == 1)
        return item


class ImpactView(QWidget):
    """One impact: a sentence, and each source with its brands, now and then."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        layout.addWidget(self.sentence)
        self.notes = QLabel()
        self.notes.setProperty("look", "small")
        self.notes.setWordWrap(True)
        layout.addWidget(self.notes)
        heads = (
            (tr("Source, brand"), tr("Each source, and its brands that would change.")),
            (tr("Now"), tr("What counts now.")),
            (tr("After"), tr("What would count.")),
            (tr("Change"), tr("The difference.")),
        )
        self.tree = _Tree(theme, heads, tr("Impact on each source"))
        layout.addWidget(self.tree, 1)
        layout.addStretch(0)
        self.waiting()

    def waiting(self, words: str = "") -> None:
        """Nothing is known yet."""
        self.sentence.setText(words or tr("Working out what would change…"))
        self.notes.hide()
        self.tree.clear()
        self.tree.hide()

    def show_impact(self, impact: Impact) -> None:
        self.tree.clear()
        self.notes.setText(" ".join(impact.notes))
        self.notes.setVisible(bool(impact.notes))
        self.tree.setVisible(bool(impact.sources))
        if not impact.sources:
            looked = plural(impact.looked_at, tr("{n} accepted run was"), tr("{n} accepted runs were"))
            self.sentence.setText(tr("No accepted figure changes. {runs} looked at.").format(runs=looked))
            return
        again = len(impact.to_rematch)
        words = tr("Accepted figures: {change} in {sources}.").format(
            change=gain_and_loss(impact.gained, impact.lost),
            sources=plural(len(impact.sources), tr("{n} source"), tr("{n} sources")),
        )
        if again:
            words += " " + plural(
                again,
                tr("{n} source follows when it is matched again and you agree."),
                tr("{n} sources follow when they are matched again and you agree."),
            )
        self.sentence.setText(words)
        for source in impact.sources:
            top = self.tree.line(
                None, source.source_name, "", "", gain_and_loss(source.gained, source.lost), strong=True
            )
            for b in sorted(source.brands, key=lambda b: -abs(b.after - b.before)):
                self.tree.line(
                    top, b.name, seconds_words(b.before), seconds_words(b.after), signed(b.after - b.before)
                )
            top.setExpanded(len(impact.sources) <= 6)


class MergeView(QWidget):
    """What merges touch: every alias, sighting, source and decision."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        layout.addWidget(self.sentence)
        heads = (
            (tr("What it touches"), tr("Each name that survives, and what goes to it.")),
            (tr("Seen"), tr("Appearances in accepted runs.")),
            (tr("Seconds"), tr("Seconds in accepted runs.")),
            (tr("Decisions"), tr("Decisions that follow.")),
        )
        self.tree = _Tree(theme, heads, tr("What the merge touches"))
        layout.addWidget(self.tree, 1)
        layout.addStretch(0)
        self.waiting()

    def waiting(self, words: str = "") -> None:
        self.sentence.setText(words or tr("Working out what it touches…"))
        self.tree.clear()
        self.tree.hide()

    def show_previews(self, previews: Sequence[MergePreview]) -> None:
        self.tree.clear()
        self.tree.show()
        spellings = sum(len(p.aliases) + len(p.texts) for p in previews)
        decisions = sum(len(p.decisions) for p in previews)
        self.sentence.setText(
            tr(
                "{names} {survivors}; {decisions}. Nothing is deleted: each merge can be undone at any time."
            ).format(
                names=plural(spellings, tr("{n} spelling leads to"), tr("{n} spellings lead to")),
                survivors=previews[0].survivor
                if len(previews) == 1
                else plural(len(previews), tr("{n} brand"), tr("{n} brands")),
                decisions=plural(decisions, tr("{n} decision follows"), tr("{n} decisions follow")),
            )
        )
        for preview in previews:
            self._add(preview, open_all=len(previews) == 1)

    def _add(self, p: MergePreview, *, open_all: bool) -> None:
        line = self.tree.line
        seen, seconds = sum(s[2] for s in p.sightings), sum(s[3] for s in p.sightings)
        words = tr("Into {name}").format(name=p.survivor)
        # What new aliases bring is told beside, as the impact on figures.
        counts = (str(seen), seconds_words(seconds), str(len(p.decisions))) if p.aliases else ("", "", "")
        top = line(None, words, *counts, strong=True)
        top.setExpanded(open_all)
        if p.aliases:
            group = line(top, plural(len(p.aliases), tr("{n} name and alias"), tr("{n} names and aliases")))
            for brand, spelling in p.aliases:
                line(group, spelling if spelling == brand else f"{spelling}  ({brand})")
            group.setExpanded(open_all and len(p.aliases) <= 12)
        if p.texts:
            group = line(top, plural(len(p.texts), tr("{n} new alias"), tr("{n} new aliases")))
            for text in p.texts:
                line(group, text)
            group.setExpanded(open_all and len(p.texts) <= 12)
        if p.sightings:
            group = line(top, plural(len(p.sightings), tr("{n} sighting"), tr("{n} sightings")))
            for brand, source, count, spent in p.sightings:
                line(
                    group,
                    tr("{brand} in {source}").format(brand=brand, source=source),
                    str(count),
                    seconds_words(spent),
                )
        if p.sources:
            group = line(top, plural(len(p.sources), tr("{n} source"), tr("{n} sources")))
            for s in p.sources:
                line(group, s.source_name, str(s.occurrences), seconds_words(s.seconds), str(s.decisions))
            group.setExpanded(open_all and len(p.sources) <= 12)
