"""The box in a person's hand: drawn or corrected with mouse and keys, kept, dropped, or put down for later."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter

from engine.domain.geometry import Polygon, hull
from ui.canvas.box_tool import MOVE, Correction, Drawing, starter
from ui.canvas.tool_painting import paint_draft, paint_tool
from ui.canvas.viewport import Viewport
from ui.text import tr

GRIP = 7.0
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_KEYS = frozenset({Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, *_ARROWS})


class BoxHand(QObject):
    """At most one box. Points are in widget coordinates of `view`, polygons in source pixels."""

    drawn = Signal(object)
    """Polygon of a new box that was dragged, or set by keys and kept."""
    dropped = Signal()
    """A new box was given up with Esc."""
    put_down = Signal(object)
    """Polygon of a new box that was in hand when something else was begun."""
    corrected = Signal(str, object)
    """Key and polygon of a corrected box that was kept."""
    taken = Signal()
    """Something else is in hand now, or nothing."""
    moved = Signal()

    def __init__(self, view: Viewport, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._tool: Drawing | Correction | None = None
        self._draft: Polygon | None = None
        self._grip: int | None = None

    # What is in it ---------------------------------------------------------------------------------

    @property
    def tool(self) -> Drawing | Correction | None:
        return self._tool

    @property
    def draft(self) -> Polygon | None:
        return self._draft

    @property
    def key(self) -> str:
        """The appearance whose box is being corrected, '' where none is."""
        return self._tool.key if isinstance(self._tool, Correction) else ""

    def draw(self) -> None:
        """The next drag draws a new box, or an arrow key puts one there that keys set; Esc leaves."""
        self._take(Drawing())

    def correct(self, key: str, polygon: Polygon) -> None:
        """Lets the person move the sides of a box; Enter keeps it, Esc leaves it as it was. Without a key it is a new
        box: Enter has it named, Esc drops it."""
        self.leave()
        self._take(Correction(key, polygon, polygon))

    def show_draft(self, polygon: Polygon | None) -> None:
        """Shows a new box that has no brand yet and that nobody has in hand."""
        self._draft = polygon
        self.moved.emit()

    def leave(self) -> None:
        """Ends drawing or correcting without a result; a new box in hand is put down."""
        tool = self._let_go()
        if isinstance(tool, Correction) and not tool.key:
            self.put_down.emit(tool.now)

    def clear(self) -> None:
        """Nothing is in hand and nothing waits; nobody is told of a box."""
        self._let_go()
        self._draft = None

    def _take(self, tool: Drawing | Correction) -> None:
        self._tool = tool
        self.taken.emit()

    def _let_go(self) -> Drawing | Correction | None:
        tool, self._tool = self._tool, None
        if tool is not None:
            self._grip = None
            self.taken.emit()
        return tool

    # Keys ------------------------------------------------------------------------------------------

    def needs(self, event: QKeyEvent) -> bool:
        """Whether what is in hand takes this key."""
        return self._tool is not None and event.key() in _KEYS

    def press_key(self, event: QKeyEvent) -> None:
        """A key that it needs went down."""
        tool = self._tool
        if event.key() == Qt.Key.Key_Escape:
            self._give_up()
        elif isinstance(tool, Drawing):
            self._begin_by_keys()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._keep()
        elif tool is not None:
            dx, dy = _ARROWS[Qt.Key(event.key())]
            far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            size = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            tool.nudge(dx * far, dy * far, *self._frame, size=size)
            self.moved.emit()

    def _begin_by_keys(self) -> None:
        """A new box that arrow keys move and size, as one under correction."""
        seen = self._view.size
        corners = (
            self._view.to_source(QPointF(0, 0)),
            self._view.to_source(QPointF(seen.width(), seen.height())),
        )
        first = starter(QRectF(*corners), *self._frame)
        self._take(Correction("", first, first))

    def _give_up(self) -> None:
        tool = self._let_go()
        if isinstance(tool, Correction) and not tool.key:
            self.dropped.emit()

    def _keep(self) -> None:
        tool = self._let_go()
        if not isinstance(tool, Correction):
            return
        if not tool.key:
            self.drawn.emit(tool.now)
        elif tool.changed:
            self.corrected.emit(tool.key, tool.now)

    # Mouse -----------------------------------------------------------------------------------------

    def press(self, at: QPointF) -> None:
        """The left button went down."""
        if isinstance(self._tool, Drawing):
            self._tool.start = self._tool.end = self._view.to_source(at)
        elif isinstance(self._tool, Correction):
            self._grip = self.grip_at(at)

    def drag(self, at: QPointF, by: QPointF) -> bool:
        """The mouse moved with its button down; False where that is not for the box."""
        if isinstance(self._tool, Drawing):
            self._tool.end = self._view.to_source(at)
        elif isinstance(self._tool, Correction) and self._grip is not None:
            move = by / self._view.zoom
            self._tool.drag(self._grip, move.x(), move.y(), *self._frame)
        else:
            return False
        self.moved.emit()
        return True

    def release(self) -> None:
        """The button came up: a box that was dragged large enough is drawn."""
        self._grip = None
        if isinstance(self._tool, Drawing):
            made = self._tool.polygon(*self._frame)
            if made is None:
                self._tool.start = self._tool.end = None
                self.moved.emit()
            else:
                self._let_go()
                self.drawn.emit(made)

    def grip_at(self, at: QPointF) -> int | None:
        """What of a box under correction is at a point (see box_tool), None where nothing of it is."""
        if not isinstance(self._tool, Correction):
            return None
        for number, grip in enumerate(self._tool.grips()):
            place = self._view.to_widget(grip.x(), grip.y())
            if (place - at).manhattanLength() <= 2 * GRIP:
                return number
        bounds = hull(self._tool.now)
        spot = self._view.to_source(at)
        inside = bounds.x0 <= spot.x() <= bounds.x1 and bounds.y0 <= spot.y() <= bounds.y1
        return MOVE if inside else None

    @property
    def _frame(self) -> tuple[float, float]:
        return self._view.source.width(), self._view.source.height()

    # Showing ---------------------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """What can be done now, '' where nothing is in hand or waits."""
        if isinstance(self._tool, Drawing):
            return tr("Drag a box around the sign, or set one with the arrow keys · Esc leaves")
        if isinstance(self._tool, Correction):
            if self._tool.key:
                return tr("Enter keeps · Esc leaves · Arrows move, with Shift 10 px · Alt resizes")
            return tr("Enter names it · Esc drops it · Arrows move, with Shift 10 px · Alt resizes")
        return tr("A new box without a brand · N takes it in hand") if self._draft is not None else ""

    def cursor(self, at: QPointF | None = None) -> Qt.CursorShape:
        """The mouse's shape while a tool is in hand; `at` is where it hovers."""
        if isinstance(self._tool, Drawing):
            return Qt.CursorShape.CrossCursor
        over = at is not None and self.grip_at(at) is not None
        return Qt.CursorShape.SizeAllCursor if over else Qt.CursorShape.ArrowCursor

    def paint(self, painter: QPainter) -> None:
        if self._tool is not None:
            paint_tool(painter, self._tool, self._view)
        elif self._draft is not None:
            paint_draft(painter, self._draft, self._view)
