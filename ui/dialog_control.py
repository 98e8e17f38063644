"""Opens palette, sheet, preferences, shortcut editor, logs, about; keeps what they change in force."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from app.preferences import PreferenceValues
from engine.events import ItemFailed
from ui.dialogs.palette import CommandPalette
from ui.workspace import Services


class DialogControl(QObject):
    """Each dialog's module is loaded when it is first opened."""

    def __init__(self, services: Services, window: QWidget) -> None:
        super().__init__(window)
        self._services = services
        self._window = window
        self._palette: CommandPalette | None = None
        self._in_force = services.preferences.values
        self._end = services.preferences.listen(self._preferences_changed)

    @Slot()
    def palette(self) -> None:
        if self._palette is None:
            self._palette = CommandPalette(self._window, self._services.actions)
        self._palette.open()

    @Slot()
    def sheet(self) -> None:
        from ui.dialogs.sheet import ShortcutSheet

        ShortcutSheet(self._window, self._services.actions).open()

    @Slot()
    def edit_keys(self) -> None:
        from ui.dialogs.shortcuts import ShortcutEditor

        ShortcutEditor(self._window, self._services).open()

    @Slot()
    def preferences(self) -> None:
        from ui.dialogs.preferences import PreferencesDialog

        PreferencesDialog(self._window, self._services).open()

    @Slot()
    def logs(self) -> None:
        from ui.dialogs.log_viewer import LogViewer

        LogViewer(self._window, self._services.container.library.folder / "logs").open()

    @Slot()
    def about(self) -> None:
        from ui.dialogs.about import AboutDialog

        AboutDialog(self._window).open()

    def failures(self, items: Sequence[ItemFailed]) -> None:
        from ui.dialogs.failures import FailuresDialog

        FailuresDialog(self._window, items).open()

    @Slot()
    def switch_theme(self) -> None:
        self._services.preferences.change(theme="light" if self._services.theme.is_dark else "dark")

    def _preferences_changed(self, values: PreferenceValues) -> None:
        before, self._in_force = self._in_force, values
        if (values.theme, values.text_scale) != (before.theme, before.text_scale):
            self._services.theme.choose(values.theme, values.text_scale)
        if values.keys != before.keys:
            self._services.actions.set_overrides(values.keys)

    def close(self) -> None:
        self._end()
