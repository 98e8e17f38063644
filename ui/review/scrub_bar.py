"""The bar under the frame: the whole video, marks of what is flagged and decided, shots, the playhead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from engine.domain.timebase import format_time
from ui.text import tr
from ui.theme import Theme
from ui.timeline.data import EMPTY, TimelineData
from ui.timeline.painting import joined
from ui.tokens import DATA, DataState

HEIGHT = 34
EDGE = 10
TRACK_TOP, TRACK_HEIGHT = 14, 6
FLAG_EVERY, BAR_EVERY = 4, 2
"""Marks nearer to each other than so many pixels are drawn as one: a thousand say no more."""


class ScrubBar(QWidget):
    """Marks above the track: flagged rows (triangles); below: decided ones (bars). Dragging scrubs."""

    sought = Signal(object, bool)
    """A time (microseconds), and whether the drag goes on."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._data = EMPTY
        self._flagged: NDArray[np.int64] = np.zeros(0, np.int64)
        self._decided: NDArray[np.int64] = np.zeros(0, np.int64)
        self._item: tuple[tuple[int, int], ...] = ()
        self._time = 0
        self._dragging = False
        self._pixmap: QPixmap | None = None
        self.setFixedHeight(HEIGHT)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Position in the video"))
        theme.changed.connect(self._redraw)

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT)

    def set_data(self, data: TimelineData, flagged: NDArray[np.int64], decided: NDArray[np.int64]) -> None:
        """`flagged` and `decided` are start times in microseconds."""
        same = (
            data.same_frame(self._data)
            and self._columns(flagged, FLAG_EVERY) == self._columns(self._flagged, FLAG_EVERY)
            and self._columns(decided, BAR_EVERY) == self._columns(self._decided, BAR_EVERY)
        )
        self._data, self._flagged, self._decided = data, flagged, decided
        if not same:
            self._redraw()

    def set_item(self, spans: tuple[tuple[int, int], ...]) -> None:
        """Stretches of the item that is looked at."""
        self._item = spans
        self.update()

    def set_time(self, time: int) -> None:
        self._time = time
        self.setAccessibleDescription(format_time(time))
        self.update()

    def release(self) -> None:
        """Lets go of the pixmap before the end."""
        self._pixmap = None

    def _redraw(self) -> None:
        self._pixmap = None
        self.update()

    def _x(self, time: float) -> float:
        return EDGE + time * (self.width() - 2 * EDGE) / max(1, self._data.duration)

    def _time_at(self, x: float) -> int:
        share = (x - EDGE) / max(1, self.width() - 2 * EDGE)
        return round(min(1.0, max(0.0, share)) * (self._data.duration - 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pixmap is None:
            self._pixmap = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._pixmap)
        if self._data is EMPTY:
            return
        c = self._theme.colours
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = QColor(c.accent)
        for start, end in self._item:
            left, right = self._x(start), self._x(end)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawRoundedRect(
                QRectF(left, TRACK_TOP + 1, max(3.0, right - left), TRACK_HEIGHT - 2), 2, 2
            )
        x = self._x(self._time)
        painter.setPen(QPen(QColor(c.surface), 1.5))
        painter.setBrush(QColor(c.text))
        painter.drawRoundedRect(QRectF(x - 3, TRACK_TOP - 6, 6, TRACK_HEIGHT + 12), 3, 3)

    def _drawn(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        made = QPixmap(self.size() * ratio)
        made.setDevicePixelRatio(ratio)
        c = self._theme.colours
        made.fill(QColor(c.surface))
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(EDGE, TRACK_TOP, self.width() - 2 * EDGE, TRACK_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.border))
        painter.drawRoundedRect(track, 3, 3)
        if self._data is not EMPTY:
            self._marks(painter, track)
        painter.end()
        return made

    def _marks(self, painter: QPainter, track: QRectF) -> None:
        c = self._theme.colours
        analysed = QColor(c.outline)
        analysed.setAlpha(120)
        for start, end in joined(self._data.analysed):
            painter.fillRect(
                QRectF(self._x(start), track.top(), self._x(end) - self._x(start), track.height()), analysed
            )
        painter.setPen(QPen(QColor(c.surface), 1))
        cuts = self._columns(self._data.cuts)
        if len(cuts) < self.width() / 5:
            painter.drawLines([QLineF(x, track.top(), x, track.bottom()) for x in cuts])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.warning))
        flags = QPainterPath()
        for x in self._columns(self._flagged, FLAG_EVERY):
            flags.moveTo(x - 3, 5)
            flags.lineTo(x + 3, 5)
            flags.lineTo(x, 10)
            flags.closeSubpath()
        painter.drawPath(flags)
        painter.setPen(QPen(QColor(DATA[DataState.PERSON].colour).darker(120), 2))
        top, foot = track.bottom() + 4, track.bottom() + 9
        painter.drawLines([QLineF(x, top, x, foot) for x in self._columns(self._decided, BAR_EVERY)])

    def _columns(self, times: NDArray[np.int64], every: int = 1) -> list[float]:
        """One x per so many pixel columns that hold at least one of these times: the first one's."""
        if not len(times):
            return []
        scale = (self.width() - 2 * EDGE) / max(1, self._data.duration)
        there = np.unique((EDGE + times * scale).astype(int))
        if every > 1:
            there = there[np.unique(there // every, return_index=True)[1]]
        return [float(x) + 0.5 for x in there]

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._redraw()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._data is not EMPTY:
            self._dragging = True
            self.sought.emit(self._time_at(event.position().x()), True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        time = self._time_at(event.position().x())
        if self._dragging:
            self.sought.emit(time, True)
        if self._data is not EMPTY:
            QToolTip.showText(event.globalPosition().toPoint(), format_time(time), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._dragging = False
            self.sought.emit(self._time_at(event.position().x()), False)
