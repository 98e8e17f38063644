"""Geometry and layout of the window: kept in QSettings with a version, so that an old one never breaks a new window."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QByteArray, QRect, QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

LAYOUT_VERSION = 1
"""Raise it when docks are renamed or rearranged: older layouts are then left out, not misread."""
MOST_LIBRARIES = 20


class WindowState:
    """What is remembered between two starts: the layout for all libraries alike, the place for each."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = settings or QSettings("sponsight", "window")

    def restore_geometry(self, window: QMainWindow) -> None:
        """The last place and size; a sensible size of the screen where there is none or it lies off screen."""
        stored = self._settings.value("geometry")
        if (
            isinstance(stored, QByteArray)
            and window.restoreGeometry(stored)
            and _on_screen(window.frameGeometry())
        ):
            return
        screen = window.screen() or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        width, height = min(1680, room.width() * 92 // 100), min(1050, room.height() * 92 // 100)
        window.resize(max(width, 960), max(height, 600))
        window.move(room.center() - window.rect().center())

    def save_geometry(self, window: QMainWindow) -> None:
        self._settings.setValue("geometry", window.saveGeometry())

    def restore_docks(self, area: QMainWindow) -> bool:
        """The last arrangement of the docks; False where there is none of this version."""
        stored = self._settings.value("docks")
        return isinstance(stored, QByteArray) and area.restoreState(stored, LAYOUT_VERSION)

    def save_docks(self, area: QMainWindow) -> None:
        self._settings.setValue("docks", area.saveState(LAYOUT_VERSION))

    def restore_parts(self) -> Mapping[str, Any]:
        """Small state of the panes (filters, column widths)."""
        try:
            parts = json.loads(str(self._settings.value("parts", "{}")))
        except ValueError:
            return {}
        return parts if isinstance(parts, dict) and parts.get("version") == LAYOUT_VERSION else {}

    def save_parts(self, parts: Mapping[str, Any]) -> None:
        self._settings.setValue("parts", json.dumps({**parts, "version": LAYOUT_VERSION}))

    def restore_place(self, library: str) -> Mapping[str, Any]:
        """Where the person was in a library (a folder) when its window was closed; {} where that isn't known."""
        place = self._places().get(library, {})
        return place if isinstance(place, dict) else {}

    def save_place(self, library: str, place: Mapping[str, Any]) -> None:
        kept = {folder: held for folder, held in self._places().items() if folder != library}
        kept = dict(list(kept.items())[1 - MOST_LIBRARIES :])
        self._settings.setValue("places", json.dumps({**kept, library: dict(place)}))

    def _places(self) -> dict[str, Any]:
        try:
            places = json.loads(str(self._settings.value("places", "{}")))
        except ValueError:
            return {}
        return places if isinstance(places, dict) else {}

    def reset(self) -> None:
        """Forgets the layout."""
        for key in ("geometry", "docks", "parts"):
            self._settings.remove(key)


def _on_screen(frame: QRect) -> bool:
    return any(screen.availableGeometry().intersects(frame) for screen in QGuiApplication.screens())
