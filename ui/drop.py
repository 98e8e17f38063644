"""Dropping videos anywhere on the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from ui.empty import EmptyState
from ui.library_control import VIDEO_SUFFIXES
from ui.text import tr


def videos_in(data: QMimeData) -> list[Path]:
    """The videos among dragged files."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in VIDEO_SUFFIXES]


class DropCurtain(QFrame):
    """Covers the window while a video is dragged over it and says what letting go will do."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("dropTarget")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QVBoxLayout(self)
        text = tr("It is added to this library; the file stays where it is.")
        layout.addWidget(EmptyState("import", tr("Let go to import"), text))
        self.hide()

    def lower_over(self, window: QWidget) -> None:
        self.setGeometry(window.rect().adjusted(24, 24, -24, -24))
        self.raise_()
        self.show()
