"""The frame with its boxes: shows, zooms, pans and picks a box; what is drawn or corrected is in the hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from engine.domain.geometry import hull
from ui.canvas.backdrop import Backdrop
from ui.canvas.boxes import BoxPainter, CanvasBox, hit
from ui.canvas.hand import BoxHand
from ui.canvas.hud import Hud
from ui.canvas.viewport import Place, Viewport
from ui.text import tr
from ui.theme import Theme
from ui.tokens import TYPE

STEP = 1.25
"""Factor of one zoom step by key."""
WHEEL = 1.0016
"""Zoom factor for one eighth of a degree of the wheel."""
DRAG_STARTS = 4.0


class PanKey(Protocol):
    """Says whether the key that makes a drag a pan (Space) is down, and is told when it was used so."""

    def is_down(self, id: str) -> bool: ...

    def spoil_tap(self) -> None: ...


class FrameCanvas(QWidget):
    """One frame. Zoom and centre survive another picture; the picture stays until the next one is set."""

    box_clicked = Signal(str)
    zoom_changed = Signal(float)

    def __init__(self, theme: Theme, pan_key: PanKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pan_key = pan_key
        self.view = Viewport()
        self.hand = BoxHand(self.view, self)
        self.hud = Hud()
        self._backdrop = Backdrop()
        self._boxes: tuple[CanvasBox, ...] = ()
        self._box_painter = BoxPainter()
        self._hidden = False
        self._labels = True
        self._before_zoom: Place | None = None
        self._press: QPointF | None = None
        self._last = QPointF()
        self._panning = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Frame"))
        theme.changed.connect(self._redraw)
        self.hand.taken.connect(self._other_in_hand)
        self.hand.moved.connect(self.update)

    # What is shown ---------------------------------------------------------------------------------

    def set_picture(self, picture: QImage, width: int, height: int) -> None:
        """Shows a frame. `width` and `height` are the source's, whatever size the picture has."""
        self._backdrop.picture = picture
        self.view.set_source(width, height)
        self._redraw()

    def clear(self) -> None:
        """Shows no frame and no boxes."""
        self._backdrop.picture = QImage()
        self._boxes = ()
        self.hand.clear()
        self._before_zoom = None
        self.view.fit()
        self._redraw()

    def release(self) -> None:
        """Lets go of pixmaps before the end."""
        self._backdrop.picture = QImage()

    def set_boxes(self, boxes: Sequence[CanvasBox]) -> None:
        if (shown := tuple(boxes)) == self._boxes:
            return
        self._boxes = shown
        chosen = self.chosen_box
        words = tr("{n} boxes").format(n=len(self._boxes))
        self.setAccessibleDescription(f"{words}; {chosen.words}" if chosen else words)
        self.update()

    @property
    def boxes(self) -> tuple[CanvasBox, ...]:
        return self._boxes

    @property
    def chosen_box(self) -> CanvasBox | None:
        return next((b for b in self._boxes if b.chosen), None)

    @property
    def has_picture(self) -> bool:
        return not self._backdrop.is_empty

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
        chosen = self.chosen_box
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

    # Painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio, colours = self.devicePixelRatioF(), self._theme.colours
        painter.drawPixmap(0, 0, self._backdrop.pixmap(self.view, self.size(), ratio, colours.picture))
        bounds = QRectF(self.rect())
        if not self._hidden and self.has_picture:
            font = self._theme.font(TYPE.small + 1, medium=True)
            in_hand = self.hand.key
            shown = tuple(b for b in self._boxes if b.key != in_hand) if in_hand else self._boxes
            room = bounds.intersected(self.view.frame_rect()).adjusted(2, 2, -2, -2)
            self._box_painter.paint(painter, shown, self.view, font, room, labels=self._labels)
        self.hand.paint(painter)
        words = self.hand.words or (tr("Boxes are hidden") if self._hidden else "")
        self.hud.paint(painter, bounds, self._theme, words, self.view.zoom * ratio)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRect(bounds.adjusted(1, 1, -1, -1))

    def _redraw(self) -> None:
        self._backdrop.forget()
        self.update()

    # Events ----------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.view.set_size(self.width(), self.height())
        self._redraw()

    def event(self, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.hand.needs(event):
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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.hand.needs(event):
            self.hand.press_key(event)
        else:
            super().keyPressEvent(event)

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
            self.hand.press(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._press is None:
            self._hover(at)
            return
        by = at - self._last
        if self._panning:
            self._pan(by)
        elif not self.hand.drag(at, by):
            far = (at - self._press).manhattanLength() > DRAG_STARTS
            if far and event.buttons() & Qt.MouseButton.LeftButton:
                self._begin_pan()
                self._pan(at - self._press)
        self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        if self._panning:
            self._panning = False
            self.setCursor(self.hand.cursor())
        elif self.hand.tool is not None:
            self.hand.release()
        elif press is not None and event.button() == Qt.MouseButton.LeftButton:
            found = self.box_at(event.position())
            if found is not None:
                self.box_clicked.emit(found.key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.hand.tool is None and self.box_at(event.position()) is not None:
            self.zoom_to_box()

    def box_at(self, at: QPointF) -> CanvasBox | None:
        """The box under a point of the widget."""
        if self._hidden:
            return None
        return hit(self._boxes, self.view.to_source(at), 5.0 / self.view.zoom)

    def _hover(self, at: QPointF) -> None:
        if self.hand.tool is not None:
            self.setCursor(self.hand.cursor(at))
            return
        found = self.box_at(at)
        self.setToolTip(found.words if found is not None else "")
        self.setCursor(Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor)

    @Slot()
    def _other_in_hand(self) -> None:
        if self.hand.tool is not None:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setCursor(self.hand.cursor())
        self.update()

    def _begin_pan(self) -> None:
        self._panning = True
        self._pan_key.spoil_tap()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def _pan(self, by: QPointF) -> None:
        self.view.pan(by)
        self._moved()
