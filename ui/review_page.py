"""The review page: queue, frame, inspector, timeline and run panel as docks, and the way between them by keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow, QStackedWidget, QWidget

from ui.action_set import ActionSet
from ui.empty import EmptyState
from ui.tab_order import shown_within, takes_focus
from ui.text import tr
from ui.window_state import WindowState
from ui.workspace import ReviewArea


class ReviewPage(QMainWindow):
    """A window within the window, so that docks belong to this page alone."""

    def __init__(
        self, review: ReviewArea, run_panel: QWidget, actions: ActionSet, state: WindowState
    ) -> None:
        super().__init__()
        self.setWindowFlag(Qt.WindowType.Window, False)
        self.setDockNestingEnabled(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        self._review = review
        self._state = state
        self._stack = QStackedWidget()
        buttons = [
            (tr("Open the library"), actions["view.library"].trigger),
            (tr("Import video…"), actions["file.import"].trigger),
            (tr("Open the demo"), actions["file.demo"].trigger),
        ]
        words = tr(
            "Choose a source in the library, or import a video. What is found appears here while it runs."
        )
        self._stack.addWidget(EmptyState("review", tr("Nothing to review yet"), words, buttons))
        run = actions["run.start"]
        words = tr("Press {key}: boxes appear here seconds later, and you can review while it goes on.")
        text = words.format(key=actions.key_text("run.start"))
        self._waiting = EmptyState("run", tr("Not run yet"), text, [(tr("Run"), run.trigger)])
        self._stack.addWidget(self._waiting)
        self._stack.addWidget(review.canvas)
        self.setCentralWidget(self._stack)
        review.canvas.setAccessibleName(tr("Frame"))
        self.docks = {
            "queue": self._dock("queue", tr("Review queue"), review.queue),
            "inspector": self._dock("inspector", tr("Inspector"), review.inspector),
            "timeline": self._dock("timeline", tr("Timeline"), review.timeline),
            "run": self._dock("run", tr("Run"), run_panel),
        }
        self._panes: list[QWidget] = [
            review.queue,
            review.canvas,
            review.inspector,
            review.timeline,
            run_panel,
        ]
        actions.attach_review(review.queue, review.canvas, review.inspector, review.timeline)
        self._first = True
        self._canvas_wanted = False
        self.arrange()
        review.restore_state(state.restore_parts())

    def _dock(self, name: str, title: str, pane: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock-{name}")
        dock.setWidget(pane)
        dock.setAccessibleName(title)
        pane.setAccessibleName(title)
        dock.setTitleBarWidget(_TitleBar(title))
        can = QDockWidget.DockWidgetFeature
        dock.setFeatures(can.DockWidgetMovable | can.DockWidgetFloatable)
        return dock

    def arrange(self) -> None:
        """The arrangement that the window starts with."""
        area = Qt.DockWidgetArea
        self.setCorner(Qt.Corner.BottomLeftCorner, area.BottomDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, area.BottomDockWidgetArea)
        self.addDockWidget(area.LeftDockWidgetArea, self.docks["queue"])
        self.addDockWidget(area.RightDockWidgetArea, self.docks["inspector"])
        self.addDockWidget(area.BottomDockWidgetArea, self.docks["timeline"])
        self.addDockWidget(area.BottomDockWidgetArea, self.docks["run"])
        self.splitDockWidget(self.docks["timeline"], self.docks["run"], Qt.Orientation.Horizontal)
        for dock in self.docks.values():
            dock.setFloating(False)
            dock.show()
        self._give_room()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._first:
            self._first = False
            QTimer.singleShot(0, self._first_shown)

    @Slot()
    def _first_shown(self) -> None:
        """Sizes hold only once the page has its own."""
        if not self._state.restore_docks(self):
            self._give_room()

    def _give_room(self) -> None:
        wide = max(self.width(), 1000)
        side = min(360, max(260, wide // 5))
        self.resizeDocks(
            [self.docks["queue"], self.docks["inspector"]], [side, side + 20], Qt.Orientation.Horizontal
        )
        low = [self.docks["timeline"], self.docks["run"]]
        self.resizeDocks(low, [max(self.height() * 28 // 100, 252)] * 2, Qt.Orientation.Vertical)
        self.resizeDocks(low, [wide * 52 // 100, wide * 48 // 100], Qt.Orientation.Horizontal)

    def show_run(self, source: bool, run: bool) -> None:
        """Shows the frame, or what to do where there is no source or no run."""
        self._stack.setCurrentIndex(2 if run else 1 if source else 0)
        if run and self._canvas_wanted:
            focus = QApplication.focusWidget()
            if focus is None or self.isAncestorOf(focus):
                self.to_canvas()
            self._canvas_wanted = False

    def save(self) -> None:
        """Keeps the layout for the next start."""
        self._state.save_docks(self)
        self._state.save_parts(self._review.save_state())

    @Slot()
    def next_pane(self) -> None:
        self._step(1)

    @Slot()
    def previous_pane(self) -> None:
        self._step(-1)

    @Slot()
    def to_canvas(self) -> None:
        """Gives the focus to the frame: as soon as it is there, where the run is still being read."""
        self._canvas_wanted = self._stack.currentWidget() is not self._review.canvas
        focus_into(self._middle)

    @property
    def _middle(self) -> QWidget:
        """The frame, or what stands in its place."""
        shown = self._stack.currentWidget()
        assert shown is not None
        return shown

    def _step(self, by: int) -> None:
        canvas = self._review.canvas
        every = [self._middle if pane is canvas else pane for pane in self._panes]
        panes = [pane for pane in every if pane.isVisible()]
        focus = QApplication.focusWidget()
        here = next(
            (i for i, p in enumerate(panes) if focus is not None and (p is focus or p.isAncestorOf(focus))),
            -by,
        )
        any(focus_into(panes[(here + by * far) % len(panes)]) for far in range(1, len(panes) + 1))


def focus_into(pane: QWidget) -> bool:
    """Gives the focus to a pane: to what stands for it, or to the first control in it that takes it; False where
    nothing in it does."""
    target: QWidget | None = pane.focusProxy() or pane
    if target is None or target.focusPolicy() == Qt.FocusPolicy.NoFocus or not target.isVisible():
        target = next((w for w in shown_within(pane) if takes_focus(w, pane.window())), None)
    if target is not None:
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
    return target is not None


class _TitleBar(QLabel):
    """A quiet dock title; docks are moved by it."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.setProperty("look", "caps")
        self.setContentsMargins(10, 6, 10, 4)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
