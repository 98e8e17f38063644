"""How far each answer source is to be trusted, from people's verdicts: share right by confidence, a threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.learning import ENOUGH, WANTED, Reliability, ReliabilityPoint
from ui.brands.words import source_words
from ui.empty import EmptyState
from ui.text import percent, plural, tr
from ui.theme import Theme
from ui.workspace import Services

LEFT, RIGHT, TOP, BOTTOM = 46, 12, 10, 36


class AnswersTab(QWidget):
    """One card a source; counted when the tab is shown. Answers to no action of the brands page."""

    able = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._stale = True
        self.loaded = False
        self.commands: dict[str, Callable[[], None]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 12, 0, 0)
        layout.setSpacing(8)
        words = QLabel(
            tr(
                "Every confirm, reject and correction in the review is a verdict on the answer that was there. "
                "A threshold is suggested from {n} verdicts on: the lowest confidence at which {share} of the "
                "judged answers were right."
            ).format(n=ENOUGH, share=percent(WANTED))
        )
        words.setProperty("look", "muted")
        words.setWordWrap(True)
        layout.addWidget(words)
        self._stack = QStackedWidget()
        self._none = EmptyState(
            "review",
            tr("No verdicts yet"),
            tr(
                "Confirm or reject appearances in the review; what that says of each answer source stands here."
            ),
            [(tr("Go to the review"), services.actions["view.review"].trigger)],
            framed=True,
        )
        self._stack.addWidget(self._none)
        inside = QWidget()
        self._cards = QVBoxLayout(inside)
        self._cards.setContentsMargins(0, 0, 8, 0)
        self._cards.setSpacing(12)
        self._cards.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        scroll.setAccessibleName(tr("Answer sources"))
        self._stack.addWidget(scroll)
        layout.addWidget(self._stack, 1)
        self.setFocusProxy(scroll)

    def can(self, id: str) -> bool:
        return id in self.commands

    def stale(self) -> None:
        self._stale = True
        if self.isVisible():
            self.refresh()

    def shown(self) -> None:
        if self._stale:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        self._stale = False
        brands = self._services.container.brands
        self._services.tasks.call(
            tr("Counting verdicts"), brands.reliability, self.show_sources, newest="brand-answers"
        )

    def show_sources(self, sources: Sequence[Reliability]) -> None:
        self.loaded = True
        while self._cards.count() > 1:
            item = self._cards.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, source in enumerate(sources):
            self._cards.insertWidget(number, _card(source, self._services.theme))
        self._stack.setCurrentIndex(1 if sources else 0)


def sentence(source: Reliability) -> str:
    """What the verdicts say, in words."""
    verdicts = plural(source.verdicts, tr("{n} verdict"), tr("{n} verdicts"))
    words = tr("{verdicts}, {share} right.").format(verdicts=verdicts, share=percent(source.right))
    if source.threshold is not None:
        return (
            words
            + " "
            + tr("Suggested threshold: {value} and above.").format(value=percent(source.threshold))
        )
    if source.verdicts < ENOUGH:
        missing = plural(ENOUGH - source.verdicts, tr("{n} more verdict"), tr("{n} more verdicts"))
        return words + " " + tr("A threshold is suggested after {missing}.").format(missing=missing)
    return words + " " + tr("No confidence is high enough to go without a person’s look.")


def _card(source: Reliability, theme: Theme) -> QFrame:
    card = QFrame()
    card.setProperty("look", "panel")
    layout = QVBoxLayout(card)
    layout.setContentsMargins(14, 10, 14, 10)
    head = QHBoxLayout()
    title = QLabel(source_words(source.source).capitalize())
    title.setProperty("look", "heading")
    head.addWidget(title)
    head.addStretch(1)
    if source.threshold is not None:
        badge = QLabel(tr("threshold {value}").format(value=percent(source.threshold)))
        badge.setProperty("look", "badge-good")
        head.addWidget(badge)
    layout.addLayout(head)
    words = QLabel(sentence(source))
    words.setProperty("look", "muted")
    words.setWordWrap(True)
    layout.addWidget(words)
    layout.addWidget(Curve(source, theme))
    return card


class Curve(QWidget):
    """Share of right answers over confidence; a dot's size and number tell how many verdicts stand behind it."""

    def __init__(self, source: Reliability, theme: Theme) -> None:
        super().__init__()
        self._source, self._theme = source, theme
        self.setMinimumHeight(190)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Share of right answers by confidence"))
        self.setAccessibleDescription("; ".join(_point_words(p) for p in source.curve))
        self.setToolTip("\n".join(_point_words(p) for p in source.curve))

    def sizeHint(self) -> QSize:
        return QSize(600, 190)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.figures(11))
        room = QRectF(self.rect()).adjusted(LEFT, TOP, -RIGHT, -BOTTOM)
        for step in range(0, 101, 25):
            y = room.bottom() - room.height() * step / 100
            painter.setPen(QPen(QColor(colours.border), 1))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(QColor(colours.muted))
            place = QRectF(0, y - 8, LEFT - 6, 16)
            painter.drawText(
                place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), f"{step} %"
            )
        for step in range(0, 11, 2):
            x = room.left() + room.width() * step / 10
            place = QRectF(x - 24, room.bottom() + 4, 48, 14)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), f"{step / 10:.1f}")
        foot = QRectF(room.left(), room.bottom() + 18, room.width(), 16)
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignCenter), tr("confidence of the answer"))
        self._threshold(painter, room)
        self._dots(painter, room)

    def _threshold(self, painter: QPainter, room: QRectF) -> None:
        if self._source.threshold is None:
            return
        x = room.left() + room.width() * self._source.threshold
        soft = QColor(self._theme.colours.success)
        soft.setAlphaF(0.12)
        painter.fillRect(QRectF(x, room.top(), room.right() - x, room.height()), soft)
        painter.setPen(QPen(QColor(self._theme.colours.success), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))

    def _dots(self, painter: QPainter, room: QRectF) -> None:
        accent = QColor(self._theme.colours.accent)
        places = [
            QPointF(
                room.left() + room.width() * (p.low + p.high) / 2, room.bottom() - room.height() * p.right
            )
            for p in self._source.curve
        ]
        painter.setPen(QPen(accent, 2))
        painter.drawPolyline(QPolygonF(places))
        for point, place in zip(self._source.curve, places, strict=True):
            radius = min(9.0, 3.0 + point.verdicts**0.5)
            painter.setBrush(accent)
            painter.drawEllipse(place, radius, radius)
            painter.setPen(QColor(self._theme.colours.text))
            below = place.y() - radius - 16 < room.top()
            text = QRectF(
                place.x() - 24, place.y() + radius + 1 if below else place.y() - radius - 15, 48, 14
            )
            painter.drawText(text, int(Qt.AlignmentFlag.AlignCenter), str(point.verdicts))
            painter.setPen(QPen(accent, 2))


def _point_words(point: ReliabilityPoint) -> str:
    return tr("confidence {low:.1f}–{high:.1f}: {share} right of {n}").format(
        low=point.low, high=point.high, share=percent(point.right), n=point.verdicts
    )
