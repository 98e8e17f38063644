"""The frame with its boxes: shows, zooms, pans, picks a box, and hands drawing and correcting to the box tool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from engine.domain.geometry import Polygon, hull
from ui.canvas.box_tool import MOVE, Correction, Drawing, starter
from ui.canvas.boxes import BoxPainter, CanvasBox, hit
from ui.canvas.hud import Hud
from ui.canvas.tool_painting import paint_draft, paint_tool
from ui.canvas.viewport import Place, Viewport
from ui.text import tr
from ui.theme import Theme
from ui.tokens import TYPE

STEP = 1.25
"""Factor of one zoom step by key."""
WHEEL = 1.0016
"""Zoom factor for one eighth of a degree of the wheel."""
DRAG_STARTS = 4.0
GRIP = 7.0
CRISP_FROM = 4.0
"""From so many screen pixels per source pixel on, pixels are drawn as squares."""


class PanKey(Protocol):
    """Says whether the key that makes a drag a pan (Space) is down, and is told when it was used so."""

    def is_down(self, id: str) -> bool: ...

    def spoil_tap(self) -> None: ...


class FrameCanvas(QWidget):
    """One frame. Zoom and centre survive another picture; the picture stays until the next one is set."""

    box_clicked = Signal(str)
    box_drawn = Signal(object)
    """Polygon in source pixels of a box that was dragged in draw mode."""
    box_dropped = Signal()
    """A new box in hand was given up with Esc."""
    box_put_down = Signal(object)
    """Polygon of a new box that was in hand when something else was begun."""
    box_corrected = Signal(str, object)
    """Key and polygon of a corrected box that was kept."""
    tool_ended = Signal()
    zoom_changed = Signal(float)

    def __init__(self, theme: Theme, pan_key: PanKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pan_key = pan_key
        self.view = Viewport()
        self.hud = Hud()
        self._picture = QImage()
        self._backdrop: QPixmap | None = None
        self._boxes: tuple[CanvasBox, ...] = ()
        self._box_painter = BoxPainter()
        self._hidden = False
        self._labels = True
        self._tool: Drawing | Correction | None = None
        self._draft: Polygon | None = None
        self._before_zoom: Place | None = None
        self._press: QPointF | None = None
        self._last = QPointF()
        self._panning = False
        self._grip: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Frame"))
        theme.changed.connect(self.update)

    # What is shown ---------------------------------------------------------------------------------

    def set_picture(self, picture: QImage, width: int, height: int) -> None:
        """Shows a frame. `width` and `height` are the source's, whatever size the picture has."""
        self._picture = picture
        self.view.set_source(width, height)
        self._redraw()

    def clear(self) -> None:
        """Shows no frame and no boxes."""
        self._picture = QImage()
        self._boxes = ()
        self._tool = self._draft = None
        self._before_zoom = None
        self.view.fit()
        self._redraw()

    def release(self) -> None:
        """Lets go of pixmaps before the end."""
        self._backdrop = None
        self._picture = QImage()

    def set_boxes(self, boxes: Sequence[CanvasBox]) -> None:
        if (shown := tuple(boxes)) == self._boxes:
            return
        self._boxes = shown
        chosen = next((b for b in self._boxes if b.chosen), None)
        words = tr("{n} boxes").format(n=len(self._boxes))
        self.setAccessibleDescription(f"{words}; {chosen.words}" if chosen else words)
        self.update()

    @property
    def boxes(self) -> tuple[CanvasBox, ...]:
        return self._boxes

    @property
    def has_picture(self) -> bool:
        return not self._picture.isNull()

    def show_labels(self, shown: bool) -> None:
        """Names and scores at the boxes, or the boxes alone."""
        self._labels = shown
        self.update()

    def hide_boxes(self, hidden: bool) -> None:
        self._hidden = hidden
        self.update()

    @property
    def boxes_hidden(self) -> bool:
        return self._hidden

    # Zoom ------------------------------------------------------------------------------------------

    def fit(self) -> None:
        self.view.fit()
        self._moved()

    def actual_size(self) -> None:
        """One source pixel on one screen pixel."""
        self.view.set_zoom(1.0 / self.devicePixelRatioF())
        self._moved()

    def zoom_step(self, steps: int) -> None:
        self.view.set_zoom(self.view.zoom * STEP**steps)
        self._moved()

    def zoom_to_box(self) -> None:
        """To the chosen box, and back to where the view was."""
        chosen = next((b for b in self._boxes if b.chosen), None)
        if self._before_zoom is not None:
            self.view.go_to(self._before_zoom)
            self._before_zoom = None
        elif chosen is not None:
            self._before_zoom = self.view.place()
            self.view.show_box(hull(chosen.polygon))
        self.update()
        self._redraw()
        self.zoom_changed.emit(self.view.zoom)

    def _moved(self) -> None:
        self._before_zoom = None
        self._redraw()
        self.zoom_changed.emit(self.view.zoom)

    # Tools -----------------------------------------------------------------------------------------

    @property
    def tool(self) -> Drawing | Correction | None:
        return self._tool

    def draw_box(self) -> None:
        """The next drag draws a new box, or an arrow key puts one there that keys set; Esc leaves."""
        self._tool = Drawing()
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.update()

    def correct_box(self, key: str, polygon: Polygon) -> None:
        """Lets the person move the sides of a box; Enter keeps it, Esc leaves it as it was. Without a key it is a new
        box: Enter has it named, Esc drops it."""
        self.leave_tool()
        self._tool = Correction(key, polygon, polygon)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.update()

    def show_draft(self, polygon: Polygon | None) -> None:
        """Shows a new box that has no brand yet and that nobody has in hand."""
        self._draft = polygon
        self.update()

    @property
    def draft(self) -> Polygon | None:
        return self._draft

    def leave_tool(self) -> None:
        """Ends drawing or correcting without a result; a new box in hand is put down."""
        tool = self._end_tool()
        if isinstance(tool, Correction) and not tool.key:
            self.box_put_down.emit(tool.now)

    def _end_tool(self) -> Drawing | Correction | None:
        tool, self._tool = self._tool, None
        if tool is not None:
            self._grip = None
            self.unsetCursor()
            self.update()
            self.tool_ended.emit()
        return tool

    def _give_up(self) -> None:
        """Esc."""
        tool = self._end_tool()
        if isinstance(tool, Correction) and not tool.key:
            self.box_dropped.emit()

    def _begin_by_keys(self) -> None:
        """A new box that arrow keys move and size, as one under correction."""
        size = self.view.source
        corners = (
            self.view.to_source(QPointF(0, 0)),
            self.view.to_source(QPointF(self.width(), self.height())),
        )
        first = starter(QRectF(*corners), size.width(), size.height())
        self._tool = Correction("", first, first)
        self.unsetCursor()
        self.update()

    def _keep(self) -> None:
        tool = self._end_tool()
        if not isinstance(tool, Correction):
            return
        if not tool.key:
            self.box_drawn.emit(tool.now)
        elif tool.changed:
            self.box_corrected.emit(tool.key, tool.now)

    # Painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._drawn_backdrop())
        bounds = QRectF(self.rect())
        if not self._hidden and self.has_picture:
            font = self._theme.font(TYPE.small + 1, medium=True)
            shown = self._boxes
            if isinstance(self._tool, Correction):
                shown = tuple(b for b in shown if b.key != self._tool.key)
            room = bounds.intersected(self.view.frame_rect()).adjusted(2, 2, -2, -2)
            self._box_painter.paint(painter, shown, self.view, font, room, labels=self._labels)
        self._paint_tool(painter)
        self.hud.paint(painter, bounds, self._theme, self._words(), self.view.zoom * self.devicePixelRatioF())
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.colours.accent), 2))
            painter.drawRect(bounds.adjusted(1, 1, -1, -1))

    def _words(self) -> str:
        if isinstance(self._tool, Drawing):
            return tr("Drag a box around the sign, or set one with the arrow keys · Esc leaves")
        if isinstance(self._tool, Correction):
            if self._tool.key:
                return tr("Enter keeps · Esc leaves · Arrows move, with Shift 10 px · Alt resizes")
            return tr("Enter names it · Esc drops it · Arrows move, with Shift 10 px · Alt resizes")
        if self._draft is not None:
            return tr("A new box without a brand · N takes it in hand")
        return tr("Boxes are hidden") if self._hidden else ""

    def _drawn_backdrop(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        size = self.size() * ratio
        if self._backdrop is not None and self._backdrop.size() == size:
            return self._backdrop
        made = QPixmap(size)
        made.setDevicePixelRatio(ratio)
        made.fill(QColor(self._theme.colours.picture))
        if self.has_picture:
            painter = QPainter(made)
            if self.view.zoom * ratio < CRISP_FROM:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            frame = self.view.frame_rect()
            seen = frame.intersected(QRectF(self.rect()).adjusted(-2, -2, 2, 2))
            scale_x = self._picture.width() / frame.width()
            scale_y = self._picture.height() / frame.height()
            piece = QRectF(
                (seen.x() - frame.x()) * scale_x,
                (seen.y() - frame.y()) * scale_y,
                seen.width() * scale_x,
                seen.height() * scale_y,
            )
            painter.drawImage(seen, self._picture, piece)
            painter.end()
        self._backdrop = made
        return made

    def _paint_tool(self, painter: QPainter) -> None:
        if self._tool is not None:
            paint_tool(painter, self._tool, self.view)
        elif self._draft is not None:
            paint_draft(painter, self._draft, self.view)

    def _redraw(self) -> None:
        self._backdrop = None
        self.update()

    # Events ----------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.view.set_size(self.width(), self.height())
        self._redraw()

    def event(self, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._takes(event):
            event.accept()
            return True
        if kind == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.view.zoom_at(event.position(), 1.0 + event.value())
                self._moved()
                return True
        elif kind in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        elif kind == QEvent.Type.DevicePixelRatioChange:
            self._redraw()
        return super().event(event)

    def _takes(self, event: QKeyEvent) -> bool:
        """Whether the tool in hand needs this key."""
        if self._tool is None:
            return False
        keys = [Qt.Key.Key_Escape]
        keys += [Qt.Key.Key_Return, Qt.Key.Key_Enter, *_ARROWS]
        return event.key() in keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._takes(event):
            super().keyPressEvent(event)
            return
        if event.key() == Qt.Key.Key_Escape:
            self._give_up()
        elif isinstance(self._tool, Drawing):
            self._begin_by_keys()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._keep()
        elif isinstance(self._tool, Correction):
            dx, dy = _ARROWS[Qt.Key(event.key())]
            far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            size = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self._tool.nudge(
                dx * far, dy * far, self.view.source.width(), self.view.source.height(), size=size
            )
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        if turn and self.has_picture:
            self.view.zoom_at(event.position(), WHEEL**turn)
            self._moved()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._press = self._last = event.position()
        button = event.button()
        space = self._pan_key.is_down("play.toggle")
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and space):
            self._begin_pan()
        elif button == Qt.MouseButton.LeftButton:
            at = self.view.to_source(event.position())
            if isinstance(self._tool, Drawing):
                self._tool.start = self._tool.end = at
            elif isinstance(self._tool, Correction):
                self._grip = self._grip_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._press is None:
            self._hover(at)
            return
        by = at - self._last
        far = (at - self._press).manhattanLength() > DRAG_STARTS
        if isinstance(self._tool, Drawing) and not self._panning:
            self._tool.end = self.view.to_source(at)
            self.update()
        elif isinstance(self._tool, Correction) and self._grip is not None:
            move = by / self.view.zoom
            self._tool.drag(
                self._grip, move.x(), move.y(), self.view.source.width(), self.view.source.height()
            )
            self.update()
        elif self._panning or (far and event.buttons() & Qt.MouseButton.LeftButton):
            if not self._panning:
                self._begin_pan()
                by = at - self._press
            self.view.pan(by)
            self._moved()
        self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        if self._panning:
            self._panning = False
            self.unsetCursor()
        elif isinstance(self._tool, Drawing):
            size = self.view.source
            made = self._tool.polygon(size.width(), size.height())
            if made is None:
                self._tool.start = self._tool.end = None
                self.update()
            else:
                self._end_tool()
                self.box_drawn.emit(made)
        elif self._grip is not None:
            self._grip = None
        elif press is not None and event.button() == Qt.MouseButton.LeftButton and self._tool is None:
            found = self.box_at(event.position())
            if found is not None:
                self.box_clicked.emit(found.key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._tool is None and self.box_at(event.position()) is not None:
            self.zoom_to_box()

    def box_at(self, at: QPointF) -> CanvasBox | None:
        """The box under a point of the widget."""
        if self._hidden:
            return None
        return hit(self._boxes, self.view.to_source(at), 5.0 / self.view.zoom)

    def _hover(self, at: QPointF) -> None:
        if isinstance(self._tool, Correction):
            grip = self._grip_at(at)
            over = Qt.CursorShape.SizeAllCursor if grip is not None else Qt.CursorShape.ArrowCursor
            self.setCursor(over)
        elif self._tool is None:
            found = self.box_at(at)
            self.setToolTip(found.words if found is not None else "")
            self.setCursor(Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor)

    def _grip_at(self, at: QPointF) -> int | None:
        assert isinstance(self._tool, Correction)
        for number, grip in enumerate(self._tool.grips()):
            place = self.view.to_widget(grip.x(), grip.y())
            if (place - at).manhattanLength() <= 2 * GRIP:
                return number
        bounds = hull(self._tool.now)
        spot = self.view.to_source(at)
        inside = bounds.x0 <= spot.x() <= bounds.x1 and bounds.y0 <= spot.y() <= bounds.y1
        return MOVE if inside else None

    def _begin_pan(self) -> None:
        self._panning = True
        self._pan_key.spoil_tap()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)


_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
