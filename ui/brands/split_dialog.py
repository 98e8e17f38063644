"""Split a brand: tick its appearances and aliases, say which brand they go to, see what changes, do it as one step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from app.brand_book import BrandRow
from app.brand_impact import Impact
from app.brand_split import SplitOffer, SplitPiece, split_command
from app.commands import SplitBrand
from engine.domain.errors import UserFixable
from engine.textfold import fold_compact
from ui.brands.alive import while_alive
from ui.brands.brand_field import BrandField
from ui.brands.crops import CropShelf
from ui.brands.impact_view import ImpactView
from ui.brands.orders import Orders
from ui.brands.split_models import SOURCE, AliasModel, PieceModel
from ui.brands.tick_table import TickTable
from ui.dialogs.base import Dialog
from ui.looks import set_look
from ui.text import in_short, plural, tr
from ui.workspace import Services

PREVIEW_DELAY_MS = 250
CROP_HEIGHT = 34
CROP_WIDTH = 110
READ_LETTERS = 10
SOURCE_LETTERS = 8
"""Beside its picture so much of what was read is seen, and so much of a video's name at least."""
ALIASES_SHOWN = 4
TICK_WIDTH = QStyle.PixelMetric.PM_IndicatorWidth


class SplitDialog(Dialog):
    """Reads what the brand has when it opens; nothing is written before Split is pressed."""

    def __init__(self, parent: QWidget, services: Services, orders: Orders, brand: BrandRow) -> None:
        text = tr(
            "Tick what belongs to another brand, and say to which. Nothing is read anew: ticked appearances are "
            "reassigned as a person’s decision, ticked aliases go along. It is one step, and can be undone."
        )
        super().__init__(parent, tr("Split {name}").format(name=brand.name), text)
        room = parent.window().size()
        self.resize(min(1240, room.width() - 60), min(760, room.height() - 80))
        self._services = services
        self._orders = orders
        self._brand = brand
        self._offer = SplitOffer(brand.id, brand.name, (), ())
        self._seen: tuple[SplitBrand, Impact] | None = None
        crops = CropShelf(services, CROP_HEIGHT, self)
        self.pieces = PieceModel(services.theme, crops)
        self.aliases = AliasModel(services.theme)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(14)
        parts.addWidget(self._left())
        parts.addWidget(self._right())
        parts.setSizes([700, 460])
        parts.setStretchFactor(0, 1)
        self.body.addWidget(parts, 1)
        self.close_button(tr("Cancel"))
        self.apply = self.button(tr("Split"), primary=True)
        self.apply.setEnabled(False)
        self.apply.clicked.connect(self._agree)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PREVIEW_DELAY_MS)
        self._timer.timeout.connect(self._preview)
        self.pieces.ticked.connect(self._changed)
        self.aliases.ticked.connect(self._aliases_ticked)
        self._taken: frozenset[str] = frozenset()
        services.tasks.call(
            tr("Reading the brand’s appearances"),
            lambda: services.container.brands.split_offer(brand.id),
            while_alive(self, self._show),
            failed=while_alive(self, self._refused),
        )

    # --- building -----------------------------------------------------------------------------------------------

    def _left(self) -> QWidget:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.count = QLabel(tr("Reading the brand’s appearances…"))
        column.addWidget(self.count)
        self.list = TickTable(self.pieces, tr("Appearances of the brand"), CROP_HEIGHT + 8, several=True)
        self.list.setSortingEnabled(True)
        self.list.sortByColumn(SOURCE, Qt.SortOrder.AscendingOrder)
        self.list.horizontalHeader().setSectionResizeMode(SOURCE, QHeaderView.ResizeMode.Interactive)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setIconSize(QSize(CROP_WIDTH, CROP_HEIGHT))
        self.list.entered_row.connect(lambda: self.target.setFocus(Qt.FocusReason.OtherFocusReason))
        column.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.setSpacing(6)
        for words, tip, act in (
            (tr("Tick all that read so"), tr("What reads like the current one."), self.tick_alike),
            (tr("Tick all of this source"), tr("What is in the current one’s source."), self.tick_source),
            (tr("Tick none"), tr("Take all ticks away."), self.tick_none),
        ):  # fmt: skip
            row.addWidget(_button(words, tip, act))
        row.addStretch(1)
        column.addLayout(row)
        self.alias_head = QLabel(tr("Aliases that go along"))
        self.alias_head.setProperty("look", "caps")
        column.addSpacing(4)
        column.addWidget(self.alias_head)
        self.alias_list = TickTable(self.aliases, tr("Aliases of the brand"), several=True)
        self.alias_list.entered_row.connect(lambda: self.target.setFocus(Qt.FocusReason.OtherFocusReason))
        column.addWidget(self.alias_list)
        return left

    def _right(self) -> QWidget:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        label = QLabel(tr("They go to"))
        label.setProperty("look", "caps")
        column.addWidget(label)
        self.target = BrandField(self._services, without=self._brand.id)
        self.target.setPlaceholderText(tr("Name of a brand; a new name makes one"))
        self.target.setAccessibleName(tr("Brand that they go to"))
        self.target.textChanged.connect(lambda _: self._changed())
        label.setBuddy(self.target)
        column.addWidget(self.target)
        self.note = QLabel()
        self.note.setProperty("look", "small")
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        column.addSpacing(6)
        head = QLabel(tr("What would change"))
        head.setProperty("look", "caps")
        column.addWidget(head)
        self.impact = ImpactView(self._services.theme)
        column.addWidget(self.impact, 1)
        self.again = QCheckBox()
        self.again.setChecked(True)
        self.again.hide()
        column.addWidget(self.again)
        return right

    # --- showing ------------------------------------------------------------------------------------------------

    def _give_source_room(self) -> None:
        """A video's name has what what was read and the figures leave over, as far as it needs it."""
        header, letter = self.list.horizontalHeader(), self.fontMetrics().averageCharWidth()
        read = CROP_WIDTH + READ_LETTERS * letter + self.style().pixelMetric(TICK_WIDTH)
        figures = sum(header.sectionSize(c) for c in range(header.count()) if c not in (0, SOURCE))
        room = self.list.viewport().width() - read - figures
        wanted = self.list.sizeHintForColumn(SOURCE)
        header.resizeSection(SOURCE, max(SOURCE_LETTERS * letter, min(room, wanted)))

    def _show(self, offer: SplitOffer) -> None:
        self._offer = offer
        self.pieces.show_offer(offer)
        header = self.list.horizontalHeader()
        self.pieces.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        self._give_source_room()
        self.aliases.show_offer(offer)
        for widget in (self.alias_head, self.alias_list):
            widget.setVisible(bool(offer.aliases))
        rows = min(len(offer.aliases), ALIASES_SHOWN)
        heights = self.alias_list.horizontalHeader().sizeHint().height(), self.alias_list.verticalHeader()
        self.alias_list.setFixedHeight(heights[0] + rows * heights[1].defaultSectionSize() + 4)
        first = self.list if offer.pieces else self.alias_list if offer.aliases else self.target
        if offer.pieces:
            self.list.selectRow(0)
        if offer.aliases:
            self.alias_list.selectRow(0)
        first.setFocus(Qt.FocusReason.OtherFocusReason)
        self._changed()

    def _refused(self, error: Exception) -> None:
        self.count.setText(in_short(error))

    @Slot()
    def _aliases_ticked(self) -> None:
        """What matched by an alias goes where the alias goes; single ones may be unticked after that."""
        now = frozenset(map(fold_compact, self.aliases.chosen()))
        for changed, on in ((now - self._taken, True), (self._taken - now, False)):
            self._tick(lambda p, those=changed: p.alias in those, on)  # type: ignore[misc]
        if not self.target.text() and len(self.aliases.chosen()) == 1:
            self.target.setText(self.aliases.chosen()[0])
        self._taken = now
        self._changed()

    def _tick(self, which: Callable[[SplitPiece], bool], on: bool = True) -> None:
        self.pieces.tick([n for n, p in enumerate(self.pieces.pieces) if which(p)], on)

    @Slot()
    def tick_alike(self) -> None:
        """Ticks what reads like the appearance under the cursor."""
        piece = self._current()
        if piece is not None:
            text = fold_compact(piece.text)
            self._tick(lambda p: fold_compact(p.text) == text)

    @Slot()
    def tick_source(self) -> None:
        """Ticks what is in the source of the appearance under the cursor."""
        piece = self._current()
        if piece is not None:
            source = piece.source_id
            self._tick(lambda p: p.source_id == source)

    @Slot()
    def tick_none(self) -> None:
        self._tick(lambda _: True, False)

    def _current(self) -> SplitPiece | None:
        row = self.list.currentIndex().row()
        return self.pieces.pieces[row] if 0 <= row < len(self.pieces.pieces) else None

    @Slot()
    def _changed(self) -> None:
        """Ticks or name changed: what it would do is worked out anew."""
        self._seen = None
        self.apply.setEnabled(False)
        self.again.hide()
        self._count()
        ready = bool(self.pieces.chosen() or self.aliases.chosen())
        self._say("")
        if ready and self.target.text().strip():
            self.impact.waiting()
            self._timer.start()
        else:
            self._timer.stop()
            words = tr("Say which brand they go to.") if ready else tr("Tick appearances or aliases first.")
            self.impact.waiting(words)

    def _count(self) -> None:
        offer, chosen = self._offer, self.pieces.chosen()
        if not offer.pieces:
            words = tr("No accepted run counts an appearance of it.")
        else:
            words = tr("{n} of {all} ticked · {seconds} s").format(
                n=f"{len(chosen):,}",
                all=plural(len(offer.pieces), tr("{n} appearance"), tr("{n} appearances")),
                seconds=f"{sum(p.seconds for p in chosen):,.1f}",
            )
        if offer.drawn:
            stays = plural(offer.drawn, tr("{n} drawn box stays"), tr("{n} drawn boxes stay"))
            words += " · " + stays
        self.count.setText(words)

    # --- what would happen --------------------------------------------------------------------------------------

    @Slot()
    def _preview(self) -> None:
        container, offer, name = self._services.container, self._offer, self.target.text().strip()
        pieces, aliases = self.pieces.chosen(), self.aliases.chosen()

        def look() -> tuple[SplitBrand, Impact, str]:
            into, known = "", ""
            if fold_compact(name) not in set(map(fold_compact, aliases)):
                owners = container.library.brands.owners(name)
                if offer.brand_id in owners and fold_compact(name) != fold_compact(offer.name):
                    raise _alias_of(offer.name, name)
                if owners:
                    found = container.library.brands.one(name)
                    into, known = found.id, found.canonical_name
            command = split_command(offer, pieces, aliases, into=into, new_name=name)
            return command, container.brands.impact(command), known

        def show(found: tuple[SplitBrand, Impact, str]) -> None:
            if (pieces, aliases, name) != (
                self.pieces.chosen(),
                self.aliases.chosen(),
                self.target.text().strip(),
            ):
                return
            command, impact, known = found
            self._seen = command, impact
            new = tr("A new brand, confirmed, with category and books of {name}.").format(name=offer.name)
            self._say(tr("{name} is in the book: it gets them.").format(name=known) if known else new)
            self.impact.show_impact(impact)
            count = len(impact.to_rematch)
            self.again.setVisible(count > 0)
            one, many = tr("Match {n} source again now"), tr("Match {n} sources again now")
            self.again.setText(plural(count, one, many))
            self.again.setToolTip(
                tr("From stored texts: no reading, no models. Figures follow when you agree.")
            )
            self.apply.setEnabled(self._services.writable)

        self._services.tasks.call(
            tr("Working out the impact"),
            look,
            while_alive(self, show),
            failed=while_alive(self, self._impossible),
            newest="brand-split",
        )

    def _impossible(self, error: Exception) -> None:
        self._say(in_short(error), wrong=True)
        self.impact.waiting(tr("Nothing, as it stands."))

    def _say(self, words: str, *, wrong: bool = False) -> None:
        """The line below the brand's name."""
        self.note.setText(words)
        set_look(self.note, "error" if wrong else "small")

    @Slot()
    def _agree(self) -> None:
        if self._seen is None:
            return
        command, impact = self._seen
        again = impact.to_rematch if self.again.isChecked() else ()
        self.accept()
        self._orders.apply(tr("Splitting"), command, again)


def _button(words: str, tip: str, act: Callable[[], None]) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(act)
    return button


def _alias_of(name: str, alias: str) -> UserFixable:
    return UserFixable(
        tr("“{alias}” is an alias of {name}.").format(alias=alias, name=name),
        still_works=tr("Nothing was changed."),
        to_do=tr("Tick this alias to take it along, or choose another name."),
    )
