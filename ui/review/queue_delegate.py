"""Paints one row of the queue: crop, state, brand or text, seconds at stake, flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui.icons import paint as paint_icon
from ui.review.queue_model import PENDING, ROW, TRIED
from ui.review.scene import Pending
from ui.review.thumbnails import CropWish, Thumbnails
from ui.review.words import FLAG_ICONS, flag_words, row_state, row_title, state_words, verdict_words
from ui.text import duration, tr
from ui.theme import Theme, data_pen
from ui.tokens import DATA, TYPE, DataState

if TYPE_CHECKING:
    from app.review_rows import QueueRow

HEIGHT = 66
THUMB = QSize(86, 48)
PAD = 9
STATE_ICONS = {
    "confirmed": "confirm",
    "reassigned": "confirm",
    "manual": "box",
    "rejected": "reject",
    "unsure": "unsure",
}


class QueueDelegate(QStyledItemDelegate):
    """Everything of a row is painted here; a row has no widgets."""

    def __init__(self, theme: Theme, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, self._theme.px(HEIGHT))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row: QueueRow | None = index.data(ROW)
        if row is None:
            return
        wait: Pending | None = index.data(PENDING)
        c = self._theme.colours
        rect = QRectF(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        current = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.fillRect(rect, QColor(c.accent_soft))
            painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), QColor(c.accent))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(c.hover))
        painter.setPen(QPen(QColor(c.border), 1))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if current:
            painter.setPen(QPen(QColor(c.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(1, 1, -1, -1.5))
        state = row_state(row, wait.state if wait is not None else "")
        done = (wait.state if wait is not None else str(row.state)) != "undecided" and row.orphan is None
        picture = QRectF(rect.left() + PAD + 2, rect.top(), THUMB.width(), THUMB.height())
        picture.moveTop(rect.center().y() - THUMB.height() / 2)
        self._picture(painter, row, picture, state, option)
        words = QRectF(picture.right() + PAD, rect.top() + 7, 0, rect.height() - 14)
        words.setRight(rect.right() - PAD)
        self._words(painter, row, wait, words, state, done, str(index.data(TRIED) or ""))
        painter.restore()

    def _picture(
        self,
        painter: QPainter,
        row: QueueRow,
        place: QRectF,
        state: DataState,
        option: QStyleOptionViewItem,
    ) -> None:
        c = self._theme.colours
        path = QPainterPath()
        path.addRoundedRect(place, 4, 4)
        painter.fillPath(path, QColor(c.picture))
        widget = option.widget
        ratio = widget.devicePixelRatioF() if widget is not None else 1.0
        if row.crop is not None and row.crop.image:
            size = THUMB * ratio
            wish = CropWish(row.crop.image, row.crop.polygon, size.width(), size.height())
            pixmap = self._thumbnails.get(wish)
            if pixmap is not None and not pixmap.isNull():
                painter.setClipPath(path)
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawPixmap(place, pixmap, QRectF(pixmap.rect()))
                painter.setClipping(False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = data_pen(state, 0.75)
        painter.setPen(pen)
        painter.drawPath(path)
        sign = DATA[state].sign
        if sign:
            spot = QRectF(place.right() - 16, place.bottom() - 16, 15, 15)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(11, 13, 16, 220))
            painter.drawRoundedRect(spot, 3, 3)
            painter.setPen(QColor(DATA[state].colour))
            painter.setFont(self._theme.font(TYPE.small, bold=True))
            painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, sign)

    def _words(
        self,
        painter: QPainter,
        row: QueueRow,
        wait: Pending | None,
        room: QRectF,
        state: DataState,
        done: bool,
        tried: str,
    ) -> None:
        c = self._theme.colours
        third = room.height() / 3
        top = QRectF(room.left(), room.top(), room.width(), third)
        middle = top.translated(0, third)
        bottom = top.translated(0, 2 * third)
        seconds = duration(row.seconds)
        right = self._right(painter, seconds, top, self._theme.figures(TYPE.small), c.muted)
        title = wait.brand_name if wait is not None and wait.brand_name else row_title(row)
        font = self._theme.font(TYPE.base, bold=not row.proposed, medium=row.proposed)
        if state is DataState.REJECTED:
            font.setStrikeOut(True)
        ink = c.muted if state is DataState.REJECTED else c.text
        _line(painter, title, top.adjusted(0, 0, -right - 8, 0), font, ink)

        parts = []
        if row.surface == "caption":
            parts.append(tr("caption"))
        if len(row.keys) > 1:
            parts.append(f"×{len(row.keys)}")
        if row.brand_name and row.text:
            parts.append(f"“{row.text}”")
        elif row.reason:
            parts.append(row.reason)
        elif row.verdict:
            parts.append(verdict_words(row.verdict))
        shown = wait.state if wait is not None else str(row.state)
        right = 0.0
        small = self._theme.font(TYPE.small)
        if done:
            right = self._badge(painter, STATE_ICONS.get(shown, "confirm"), state_words(shown), middle, state)
        elif row.score:
            score = f"{row.score:.0f}"
            right = self._right(painter, score, middle, self._theme.figures(TYPE.small), c.muted)
        _line(painter, " · ".join(parts), middle.adjusted(0, 0, -right - 8, 0), small, c.muted)
        if tried:
            self._chip(
                painter, "filter", tr("would be {v}").format(v=verdict_words(tried)), bottom, 0, c.accent
            )
        else:
            self._flags(painter, row, bottom)

    def _flags(self, painter: QPainter, row: QueueRow, room: QRectF) -> None:
        x = 0.0
        flags = [name for name in FLAG_ICONS if name in row.flags]
        for name in flags:
            colour = self._theme.colours.danger if name == "changed" else self._theme.colours.warning
            used = self._chip(painter, FLAG_ICONS[name], flag_words(name), room, x, colour)
            if not used:
                break
            x += used + 8

    def _chip(self, painter: QPainter, icon: str, words: str, room: QRectF, x: float, colour: str) -> float:
        """An icon with words at `x` of the room; only the icon where the words don't fit; its width, 0 for none."""
        font = self._theme.font(TYPE.small)
        width = QFontMetricsF(font).horizontalAdvance(words)
        side = min(13.0, room.height())
        if x + side > room.width():
            return 0.0
        spot = QRectF(room.left() + x, room.center().y() - side / 2, side, side)
        paint_icon(painter, icon, spot, colour)
        if x + side + 4 + width > room.width() + 0.5:
            return side
        painter.setFont(font)
        painter.setPen(QColor(colour))
        text = QRectF(spot.right() + 4, room.top(), width + 2, room.height())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, words)
        return side + 4 + width

    def _badge(self, painter: QPainter, icon: str, words: str, room: QRectF, state: DataState) -> float:
        c = self._theme.colours
        colour = {DataState.PERSON: c.success, DataState.REVIEW: c.warning}.get(state, c.muted)
        width = QFontMetricsF(self._theme.font(TYPE.small)).horizontalAdvance(words) + 17
        self._chip(painter, icon, words, room, room.width() - width, colour)
        return width

    def _right(self, painter: QPainter, text: str, room: QRectF, font: QFont, colour: str) -> float:
        painter.setFont(font)
        painter.setPen(QColor(colour))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(room, flags, text)
        return QFontMetricsF(font).horizontalAdvance(text)


def _line(painter: QPainter, text: str, room: QRectF, font: QFont, colour: str) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    elided = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, elided)
