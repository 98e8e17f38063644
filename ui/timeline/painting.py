"""Paints ruler, names, heat and marks of the timeline into one pixmap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QPainter, QPen, QRegion

from ui.text import duration as duration_words
from ui.text import tr
from ui.theme import Theme
from ui.timeline.data import CHANGED, DECIDED, EMPTY, REJECTED, UNDECIDED, Lane, TimelineData
from ui.timeline.ruler import tick_text, ticks
from ui.tokens import DATA, TYPE, DataState

NAME_LETTERS = 13
"""Letters of a name that are seen beside its time, at least."""
NAME_LEFT, MARK_ROOM, AMOUNT_GAP, AMOUNT_RIGHT = 12, 13, 8, 10
"""Pixels before a name, for the T of captions, between a name and its time, and after the time."""
RULER = 26
ROW = 24
HEAT_TOP, HEAT_HEIGHT = 4, 11
MARK_TOP, MARK_HEIGHT = 17, 3


@dataclass(frozen=True, slots=True)
class View:
    """What of the timeline is seen: times from `start` to `end` (microseconds), scrolled down by `offset` pixels, right
    of `gutter` pixels with the names."""

    start: int
    end: int
    offset: int
    gutter: int


def gutter_width(theme: Theme) -> int:
    """Pixels for the names on the left and their times, in the size of text that the person chose."""
    name = QFontMetricsF(theme.font(TYPE.small + 1)).averageCharWidth() * NAME_LETTERS
    amount = QFontMetricsF(theme.figures(TYPE.small)).horizontalAdvance("1:02:03")
    return ceil(NAME_LEFT + MARK_ROOM + name + AMOUNT_GAP + amount + AMOUNT_RIGHT)


def paint_content(
    painter: QPainter, size: QSize, data: TimelineData, view: View, theme: Theme, ratio: float
) -> None:
    """Everything but the playhead."""
    c = theme.colours
    width, height = size.width(), size.height()
    lane_width = max(1, width - view.gutter)
    painter.fillRect(0, 0, width, height, QColor(c.surface))
    paint_lanes(painter, size, data, view, theme, ratio, range(len(data.lanes)))
    if not data.lanes:
        painter.setPen(QColor(c.muted))
        painter.setFont(theme.font(TYPE.base))
        words = tr("Brands that a run finds appear here.")
        room = QRectF(view.gutter, RULER, lane_width, height - RULER).adjusted(12, 0, -12, 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
    painter.setClipping(False)
    _ruler(painter, data, view, lane_width, theme)
    _gutter_line(painter, view, height, theme)
    painter.drawLine(QPointF(0, RULER - 0.5), QPointF(width, RULER - 0.5))


def paint_lanes(
    painter: QPainter,
    size: QSize,
    data: TimelineData,
    view: View,
    theme: Theme,
    ratio: float,
    numbers: Sequence[int],
) -> None:
    """The rows of these lanes as far as they are seen, with shots and lost time over them."""
    c = theme.colours
    width, height = size.width(), size.height()
    lane_width = max(1, width - view.gutter)
    bins = max(2, round(lane_width * min(ratio, 2.0)))
    edges = np.linspace(view.start, view.end, bins + 1).astype(np.int64)
    below = QRect(0, RULER, width, height - RULER)
    rows = {number: QRect(0, RULER + number * ROW - view.offset, width, ROW) for number in numbers}
    seen = {number: row for number, row in rows.items() if row.intersects(below)}
    for number, row in seen.items():
        painter.setClipRect(row.intersected(below))
        painter.fillRect(row, QColor(c.sunken if number % 2 else c.surface))
        _lane(painter, data.lanes[number], QPoint(view.gutter, row.top()), lane_width, edges, theme)
    if len(seen) < len(data.lanes):
        region = QRegion()
        for row in seen.values():
            region += row.intersected(below)
        painter.setClipRegion(region)
    else:
        painter.setClipRect(below)
    _cuts(painter, data, view, lane_width, height, theme)
    _lost(painter, data, view, lane_width, height, theme)
    _gutter_line(painter, view, height, theme)


def _gutter_line(painter: QPainter, view: View, height: int, theme: Theme) -> None:
    painter.setPen(QPen(QColor(theme.colours.border), 1))
    painter.drawLine(QPointF(view.gutter - 0.5, 0), QPointF(view.gutter - 0.5, height))


def _lane(
    painter: QPainter,
    lane: Lane,
    at: QPoint,
    width: int,
    edges: NDArray[np.int64],
    theme: Theme,
) -> None:
    """A row whose heat begins at `at` and is `width` pixels wide; its name is left of that."""
    c = theme.colours
    gutter, top = at.x(), at.y()
    painter.setFont(theme.figures(TYPE.small))
    metrics = QFontMetricsF(painter.font())
    amount = duration_words(lane.seconds)
    room = metrics.horizontalAdvance(amount)
    painter.setPen(QColor(c.faint))
    painter.drawText(
        QRectF(gutter - AMOUNT_RIGHT - room, top, room + 2, ROW), Qt.AlignmentFlag.AlignVCenter, amount
    )
    painter.setFont(theme.font(TYPE.small + 1))
    metrics = QFontMetricsF(painter.font())
    name = lane.name or tr("Unknown texts")
    left = float(NAME_LEFT)
    if lane.caption:
        painter.setPen(QColor(c.muted))
        painter.drawText(QRectF(left, top, MARK_ROOM, ROW), Qt.AlignmentFlag.AlignVCenter, "T")
        left += MARK_ROOM
    painter.setPen(QColor(c.text if lane.name else c.muted))
    elided = metrics.elidedText(
        name, Qt.TextElideMode.ElideRight, gutter - left - room - AMOUNT_GAP - AMOUNT_RIGHT
    )
    painter.drawText(QRectF(left, top, gutter - left, ROW), Qt.AlignmentFlag.AlignVCenter, elided)

    colour, hatch = theme.series(lane.colour)
    if not lane.name:
        colour, hatch = QColor(c.faint), Qt.BrushStyle.SolidPattern
    heat = lane.heat(edges)
    place = QRectF(gutter, top + HEAT_TOP, width, HEAT_HEIGHT)
    painter.drawImage(place, _strip(heat, colour))
    if hatch != Qt.BrushStyle.SolidPattern:
        veil = QColor(c.surface)
        veil.setAlpha(150)
        painter.fillRect(place, QBrush(veil, hatch))
    _marks(painter, lane, edges, QPoint(gutter, top + MARK_TOP), width)


def _strip(heat: NDArray[np.float32], colour: QColor) -> QImage:
    """One row of pixels: the colour, the more opaque the more boxes are there."""
    strength = np.where(heat > 0, 0.38 + 0.62 * np.clip(heat / 2.5, 0.0, 1.0), 0.0)
    alpha = (strength * 255).astype(np.uint32)
    pixels = np.zeros((1, len(heat), 4), np.uint8)
    for channel, value in enumerate((colour.blue(), colour.green(), colour.red())):
        pixels[0, :, channel] = alpha * value // 255
    pixels[0, :, 3] = alpha
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, len(heat), 1, 4 * len(heat), form).copy()


def _marks(painter: QPainter, lane: Lane, edges: NDArray[np.int64], at: QPoint, width: int) -> None:
    """Below the heat: full bars where people decided, dots where not, a hatched line where rejected."""
    looks: tuple[tuple[int, QPen, list[float]], ...] = (
        (UNDECIDED, QPen(QColor(DATA[DataState.REVIEW].colour).darker(125), MARK_HEIGHT - 1), [1.0, 1.5]),
        (REJECTED, QPen(QColor(DATA[DataState.REJECTED].colour).darker(140), 1.5), [3.0, 2.0]),
        (DECIDED, QPen(QColor(DATA[DataState.PERSON].colour).darker(120), MARK_HEIGHT), []),
        (CHANGED, QPen(QColor(DATA[DataState.CHANGED].colour).darker(110), MARK_HEIGHT + 1), [2.0, 0.6]),
    )
    per_bin = width / (len(edges) - 1)
    for mark, pen, dashes in looks:
        there = lane.marked(edges, mark)
        if not there.any():
            continue
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if dashes:
            pen.setDashPattern(dashes)
        painter.setPen(pen)
        turns = np.flatnonzero(np.diff(np.concatenate(([0], there.view(np.int8), [0]))))
        y = at.y() + MARK_HEIGHT / 2
        lines = []
        for left, right in turns.reshape(-1, 2).tolist():
            x = at.x() + left * per_bin
            lines.append(QLineF(x, y, max(at.x() + right * per_bin - 1, x + 2), y))
        painter.drawLines(lines)


def _cuts(painter: QPainter, data: TimelineData, view: View, width: int, height: int, theme: Theme) -> None:
    """Shots: thin lines through all rows, left out where they would be denser than every six pixels."""
    start, end, gutter = view.start, view.end, view.gutter
    shown = data.cuts[(data.cuts >= start) & (data.cuts <= end)]
    if not len(shown) or len(shown) > width / 6:
        return
    line = QColor(theme.colours.outline)
    line.setAlpha(90)
    painter.setPen(QPen(line, 1, Qt.PenStyle.DotLine))
    for cut in shown:
        x = gutter + (int(cut) - start) * width / (end - start)
        painter.drawLine(QPointF(x, RULER), QPointF(x, height))


def _lost(painter: QPainter, data: TimelineData, view: View, width: int, height: int, theme: Theme) -> None:
    """Time that isn't counted or not analysed yet lies under a hatch."""
    start, end, gutter = view.start, view.end, view.gutter
    ink = QColor(theme.colours.outline)
    ink.setAlpha(80)
    for a, b, _ in data.lost:
        if b > start and a < end:
            left = max(gutter, gutter + (a - start) * width / (end - start))
            right = gutter + (b - start) * width / (end - start)
            painter.fillRect(
                QRectF(left, RULER, right - left, height), QBrush(ink, Qt.BrushStyle.BDiagPattern)
            )


def _ruler(painter: QPainter, data: TimelineData, view: View, width: int, theme: Theme) -> None:
    start, end, gutter = view.start, view.end, view.gutter
    c = theme.colours
    painter.fillRect(0, 0, gutter + width, RULER, QColor(c.surface))
    done = QColor(c.accent)
    done.setAlpha(150)
    for a, b in joined(data.analysed):
        left = max(float(gutter), gutter + (a - start) * width / (end - start))
        right = min(float(gutter + width), gutter + (b - start) * width / (end - start))
        if right > left:
            painter.fillRect(QRectF(left, RULER - 3, right - left, 2), done)
    if data is EMPTY:
        return
    painter.setFont(theme.figures(TYPE.small))
    metrics = QFontMetricsF(painter.font())
    step, times = ticks(start, end, width)
    for time in times:
        x = gutter + (time - start) * width / (end - start)
        painter.setPen(QPen(QColor(c.outline), 1))
        painter.drawLine(QPointF(x, RULER - 7), QPointF(x, RULER - 3))
        text = tick_text(time, step)
        room = metrics.horizontalAdvance(text)
        if x + 4 + room <= gutter + width:
            painter.setPen(QColor(c.muted))
            painter.drawText(QRectF(x + 4, 0, room + 2, RULER - 4), Qt.AlignmentFlag.AlignVCenter, text)
    shown = data.cuts[(data.cuts >= start) & (data.cuts <= end)]
    painter.setPen(QPen(QColor(c.muted), 1))
    columns = np.unique((gutter + (shown - start) * (width / (end - start))).astype(int)).tolist()
    painter.drawLines([QLineF(x, RULER - 6, x, RULER - 1) for x in columns])


def joined(spans: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Stretches of time, those that touch put together."""
    made: list[tuple[int, int]] = []
    for a, b in spans:
        if made and a <= made[-1][1]:
            made[-1] = made[-1][0], max(b, made[-1][1])
        else:
            made.append((a, b))
    return made
