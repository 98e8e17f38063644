"""Where Tab and Shift+Tab go: through every control that is seen, one after the other.

Qt alone takes a pane that hands its focus on (a page to its table) for a stop of its own, and jumps over all that
stands before the table; where nothing stands behind it, Tab never leaves. Its focus chain can't be asked for the way
either: PySide takes each widget that `nextInFocusChain` returns for a child of the one that was asked, and when that
one is deleted, the wrappers of all that hangs on the other (at the end the window) are dead.
"""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSplitter, QTabBar, QTabWidget, QWidget


def go_on(window: QWidget, *, forward: bool) -> bool:
    """Gives the focus to the next (or previous) control of the window, also from one that is just being hidden; False
    where there is none."""
    here = QApplication.focusWidget() or window.focusWidget() or window
    reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
    order = [w for w in shown_within(window, here) if w is here or takes_focus(w, window)]
    stops = [w for w in order if w is not here]
    if not stops:
        return False
    at = order.index(here) if here in order else 0 if forward else len(order)
    stops[(at if forward else at - 1) % len(stops)].setFocus(reason)
    return True


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


def shown_within(parent: QWidget, wanted: QWidget | None = None) -> Iterator[QWidget]:
    """All that is shown within a widget, each before what is in it, in the order in which it was put there; tabs
    before what they show. `wanted` is met in its place even where it is hidden."""
    every = [w for w in parent.children() if isinstance(w, QWidget) and not w.isWindow()]
    inside = [
        w
        for w in every
        if not w.isHidden() or (wanted is not None and (w is wanted or w.isAncestorOf(wanted)))
    ]
    if isinstance(parent, QTabWidget):
        inside.sort(key=lambda w: not isinstance(w, QTabBar))
    elif isinstance(parent, QSplitter):
        inside.sort(key=parent.indexOf)
    for widget in inside:
        yield widget
        yield from shown_within(widget, wanted)
