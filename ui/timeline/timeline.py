"""The timeline widget: paints lanes from cached pixmaps, zooms with the wheel, seeks with a click."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from engine.domain.timebase import format_time
from ui.text import duration as duration_words
from ui.text import plural, tr
from ui.theme import Theme
from ui.timeline.data import EMPTY, Lane, TimelineData
from ui.timeline.painting import ROW, RULER, View, gutter_width, paint_content, paint_lanes

SHORTEST = 1_000_000
"""The closest zoom shows so many microseconds."""
WHEEL = 1.0015
LEAST_LANE = 160
"""Pixels that a lane keeps beside its name, however much room other panes ask for."""


class Timeline(QAbstractScrollArea):
    """One row per brand. The pixmap under the playhead is redrawn only where zoom, size, data or theme changed."""

    sought = Signal(object)
    """A time was clicked or dragged to (microseconds)."""
    picked = Signal(str, object)
    """The appearance that was clicked, and the time."""
    brand_chosen = Signal(str)
    """A row's name was clicked: brand id or name, '' for unknown texts."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.gutter = gutter_width(theme)
        self._data: TimelineData = EMPTY
        self._start, self._end = 0, 1
        self._time = 0
        self._item: tuple[str, tuple[tuple[int, int], ...]] = ("", ())
        self._pixmap: QPixmap | None = None
        self._dragging = False
        self._whole = True
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._text_changed()
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(tr("Timeline"))
        self.verticalScrollBar().valueChanged.connect(self._redraw)
        theme.changed.connect(self._text_changed)

    def sizeHint(self) -> QSize:
        return QSize(640, RULER + 7 * ROW)

    # What is shown ---------------------------------------------------------------------------------

    def set_data(self, data: TimelineData) -> None:
        """Shows other lanes; zoom and scroll stay where the length is the same."""
        longer = data.duration != self._data.duration
        changed = data.changed_lanes(self._data) if self._pixmap is not None and not longer else None
        self._data = data
        if changed is not None:
            self._redraw_lanes(changed)
            return
        if longer or self._whole:
            self.show_all()
        words = tr("{n} brands").format(n=sum(bool(lane.name) for lane in data.lanes))
        self.setAccessibleDescription(words)
        self._measure()
        self._redraw()

    @property
    def data(self) -> TimelineData:
        return self._data

    @property
    def range(self) -> tuple[int, int]:
        """The times at the left and right end."""
        return self._start, self._end

    def show_all(self) -> None:
        self._start, self._end, self._whole = 0, self._data.duration, True
        self._redraw()

    def set_time(self, time: int) -> None:
        """Moves the playhead; the view follows where it leaves it."""
        self._time = time
        if not self._start <= time <= self._end and not self._whole:
            length = self._end - self._start
            self._show(time - length // 10, time - length // 10 + length)
        self.viewport().update()

    def set_item(self, brand: str, spans: tuple[tuple[int, int], ...]) -> None:
        """Marks the stretches of the item that is looked at in its brand's row, and scrolls to the row."""
        if (brand, spans) == self._item:
            return
        self._item = brand, spans
        number = self._row_of(brand)
        if number is not None:
            bar, top = self.verticalScrollBar(), number * ROW
            room = self.viewport().height() - RULER
            if top < bar.value():
                bar.setValue(top)
            elif top + ROW > bar.value() + room:
                bar.setValue(-(-(top + ROW - room) // ROW) * ROW)
        self.viewport().update()

    def release(self) -> None:
        """Lets go of the pixmap before the end."""
        self._pixmap = None

    # Painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        area = self.viewport()
        painter = QPainter(area)
        if self._pixmap is None:
            ratio = self.devicePixelRatioF()
            self._pixmap = QPixmap(area.size() * ratio)
            self._pixmap.setDevicePixelRatio(ratio)
            inner = QPainter(self._pixmap)
            paint_content(inner, area.size(), self._data, self._view(), self._theme, ratio)
            inner.end()
        painter.drawPixmap(0, 0, self._pixmap)
        self._paint_item(painter)
        self._paint_playhead(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._theme.colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(area.rect()).adjusted(1, 1, -1, -1))

    def _paint_item(self, painter: QPainter) -> None:
        brand, spans = self._item
        number = self._row_of(brand)
        if number is None:
            return
        top = RULER + number * ROW - self.verticalScrollBar().value()
        if top + ROW <= RULER:
            return
        painter.setClipRect(QRectF(0, RULER, self.viewport().width(), self.viewport().height()))
        colours = self._theme.colours
        painter.fillRect(QRectF(0, top, 3, ROW), QColor(colours.accent))
        painter.setPen(QPen(QColor(colours.accent), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for start, end in spans:
            left, right = self._x(start), self._x(end)
            if right >= self.gutter and left <= self.viewport().width():
                left = max(left, self.gutter)
                painter.drawRoundedRect(QRectF(left, top + 1.5, max(3.0, right - left), ROW - 3), 3, 3)
        painter.setClipping(False)

    def _paint_playhead(self, painter: QPainter) -> None:
        x = self._x(self._time)
        if self._data is EMPTY or not self.gutter <= x <= self.viewport().width():
            return
        colour = QColor(self._theme.colours.text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1.5))
        painter.drawLine(QPointF(x, RULER - 8), QPointF(x, self.viewport().height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(
            QPolygonF([QPointF(x - 5, RULER - 9), QPointF(x + 5, RULER - 9), QPointF(x, RULER - 1)])
        )

    # Places ----------------------------------------------------------------------------------------

    def _x(self, time: int) -> float:
        width = max(1, self.viewport().width() - self.gutter)
        return self.gutter + (time - self._start) * width / max(1, self._end - self._start)

    def _time_at(self, x: float) -> int:
        width = max(1, self.viewport().width() - self.gutter)
        time = self._start + (x - self.gutter) * (self._end - self._start) / width
        return round(max(0, min(time, self._data.duration - 1)))

    def _lane_at(self, y: float) -> Lane | None:
        number = int((y - RULER + self.verticalScrollBar().value()) // ROW)
        inside = y >= RULER and 0 <= number < len(self._data.lanes)
        return self._data.lanes[number] if inside else None

    def _row_of(self, brand: str) -> int | None:
        """The row of a brand by `brand id or name`, with a T before it for captions; unknown texts have ''."""
        for number, lane in enumerate(self._data.lanes):
            if lane_mark(lane.brand_id or lane.name, lane.caption) == brand:
                return number
        return None

    def _show(self, start: float, end: float) -> None:
        length = max(SHORTEST, min(round(end - start), self._data.duration))
        start = max(0, min(round(start), self._data.duration - length))
        self._start, self._end = start, start + length
        self._whole = length >= self._data.duration
        self._redraw()

    def _measure(self) -> None:
        bar = self.verticalScrollBar()
        room = self.viewport().height() - RULER
        hidden = max(0, len(self._data.lanes) * ROW - room)
        bar.setRange(0, -(-hidden // ROW) * ROW)
        bar.setPageStep(max(ROW, room))
        bar.setSingleStep(ROW)

    def _view(self) -> View:
        return View(self._start, self._end, self.verticalScrollBar().value(), self.gutter)

    def _redraw_lanes(self, numbers: Sequence[int]) -> None:
        """Draws these rows anew and leaves the others as they are."""
        if not numbers or self._pixmap is None:
            return
        inner = QPainter(self._pixmap)
        size = self.viewport().size()
        paint_lanes(inner, size, self._data, self._view(), self._theme, self.devicePixelRatioF(), numbers)
        inner.end()
        self.viewport().update()

    def _text_changed(self) -> None:
        """Colours or the size of text are others: the names get the room that they need now."""
        self.gutter = gutter_width(self._theme)
        self.setMinimumSize(self.gutter + LEAST_LANE, RULER + 3 * ROW)
        self._redraw()

    def _redraw(self) -> None:
        self._pixmap = None
        self.viewport().update()

    # Events ----------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()
        self._redraw()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._redraw()

    def focusInEvent(self, event: QEvent) -> None:
        self.viewport().update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        at = event.position()
        sideways = turn.x() or (turn.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        length = self._end - self._start
        if at.x() < self.gutter:
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() - turn.y() // 2)
        elif sideways:
            by = -sideways * length / 1200
            self._show(self._start + by, self._end + by)
        elif turn.y():
            factor = WHEEL ** -turn.y()
            middle = self._time_at(at.x())
            share = (middle - self._start) / max(1, length)
            made = min(max(SHORTEST, length * factor), self._data.duration)
            self._show(middle - share * made, middle - share * made + made)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._data is EMPTY:
            return
        at = event.position()
        lane = self._lane_at(at.y())
        if at.x() < self.gutter:
            if lane is not None:
                self.brand_chosen.emit(lane_mark(lane.brand_id or lane.name, lane.caption))
            return
        self._dragging = True
        time = self._time_at(at.x())
        slack = round(4 * (self._end - self._start) / max(1, self.viewport().width() - self.gutter))
        key = lane.key_at(time, slack) if lane is not None else ""
        if key:
            self.picked.emit(key, time)
        else:
            self.sought.emit(time)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self.sought.emit(self._time_at(max(float(self.gutter), event.position().x())))
        over = event.position().x() < self.gutter and self._lane_at(event.position().y()) is not None
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.position().y() < RULER:
            self.show_all()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._tell(event.pos(), event.globalPos())
            return True
        return super().viewportEvent(event)

    def _tell(self, at: QPoint, place: QPoint) -> None:
        lane = self._lane_at(at.y())
        words = ""
        if lane is not None and at.x() < self.gutter:
            many = plural(len(lane.keys), tr("{n} appearance"), tr("{n} appearances"))
            facts = tr("{time} on screen in {appearances}")
            words = f"{lane_name(lane)}\n" + facts.format(time=duration_words(lane.seconds), appearances=many)
            if lane.name:
                words += "\n" + tr(
                    "The report may count less: it leaves out what is too small, blurred or cut off."
                )
        elif at.x() >= self.gutter and self._data is not EMPTY:
            time = self._time_at(at.x())
            words = format_time(time)
            lost = next((reason for start, end, reason in self._data.lost if start <= time < end), "")
            if lost:
                words += "\n" + tr("not counted: {reason}").format(reason=lost.replace("_", " "))
            elif lane is not None:
                bins = np.array([time, time + 2], np.int64)
                boxes = int(lane.heat(bins)[0])
                words += f"\n{lane_name(lane)}: " + tr("{n} boxes").format(n=boxes)
        QToolTip.showText(place, words, self)


def lane_mark(brand: str, caption: bool) -> str:
    """How a row is named in signals and in set_item: the brand, with `T:` before it for captions."""
    return f"T:{brand}" if caption else brand


def lane_name(lane: Lane) -> str:
    """A row's name for people."""
    name = lane.name or tr("Unknown texts")
    return tr("{name} (caption)").format(name=name) if lane.caption else name
