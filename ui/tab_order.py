"""Where Tab and Shift+Tab go: through every control that is seen, one after the other.

Qt alone takes a pane that hands its focus on (a page to its table) for a stop of its own, and jumps over all that
stands before the table; where nothing stands behind it, Tab never leaves.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget


def go_on(window: QWidget, *, forward: bool) -> bool:
    """Gives the focus to the next (or previous) control of the window; False where there is none."""
    here = QApplication.focusWidget() or window.focusWidget() or window
    reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
    widget: QWidget | None = here
    while widget is not None:
        widget = widget.nextInFocusChain() if forward else widget.previousInFocusChain()
        if widget is here:
            break
        if widget is not None and takes_focus(widget, window):
            widget.setFocus(reason)
            return True
    return False


def takes_focus(widget: QWidget, window: QWidget) -> bool:
    """Whether Tab stops at a widget of the window. Where the system's Tab goes to fields and lists alone, it does
    here too."""
    behaviour = QGuiApplication.styleHints().tabFocusBehavior()
    everything = behaviour == Qt.TabFocusBehavior.TabFocusAllControls
    needed = Qt.FocusPolicy.TabFocus if everything else Qt.FocusPolicy.StrongFocus
    return (
        widget.focusPolicy() & needed == needed
        and widget.focusProxy() is None
        and widget.isEnabled()
        and widget.isVisibleTo(window)
        and widget.window() is window
    )
