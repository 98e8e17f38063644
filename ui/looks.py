"""Changes how a widget looks while it is shown: the style sheet's words for it, and the room that they ask for."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget


def set_look(widget: QWidget, look: str) -> None:
    """Gives a widget one of the looks of the style sheet. A label that remembers its size forgets it: else a badge
    would have the room of its bare text."""
    if widget.property("look") == look:
        return
    widget.setProperty("look", look)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
    widget.updateGeometry()
