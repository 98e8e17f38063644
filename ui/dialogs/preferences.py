"""Preferences: appearance, review and runs; every change holds at once."""

from __future__ import annotations

import os
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLabel,
    QTabWidget,
    QWidget,
)

from app.profiles import profile_names
from engine.domain.errors import SponsightError
from ui.dialogs.base import Dialog
from ui.fields import ChoiceField, NumberField, WholeField
from ui.models.page import ModelsPage
from ui.text import tr
from ui.workspace import Services


class PreferencesDialog(Dialog):
    """Nothing to save: changes are written as they are made."""

    def __init__(self, parent: QWidget, services: Services) -> None:
        super().__init__(parent, tr("Preferences"), width=640)
        self.resize(640, 600)
        self._services = services
        self._problem = QLabel()
        self._problem.setProperty("look", "error")
        self._problem.setWordWrap(True)
        self._problem.hide()
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        tabs.addTab(self._appearance(), tr("Appearance"))
        tabs.addTab(self._review(), tr("Review"))
        tabs.addTab(self._runs(), tr("Runs"))
        tabs.addTab(ModelsPage(services), tr("Models"))
        self.tabs = tabs
        self.body.addWidget(tabs, 1)
        self.body.addWidget(self._problem)
        where = QLabel()
        where.setProperty("look", "small")
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        where.setWordWrap(True)
        self.body.addWidget(where)

        def tell(page: int) -> None:
            models = page == tabs.count() - 1
            path = services.container.models.path if models else services.preferences.path
            where.setText(tr("Kept in {path}").format(path=path))

        tabs.currentChanged.connect(tell)
        tell(0)
        keys = self.button(tr("Edit shortcuts…"), left=True)
        keys.clicked.connect(self.accept)
        keys.clicked.connect(services.actions["help.edit_keys"].trigger)
        self.close_button()

    def _appearance(self) -> QWidget:
        page, form = _page()
        values = self._services.preferences.values
        theme = ChoiceField()
        for words, name in ((tr("As the system"), "system"), (tr("Light"), "light"), (tr("Dark"), "dark")):
            theme.addItem(words, name)
        theme.setCurrentIndex(theme.findData(values.theme))
        theme.currentIndexChanged.connect(lambda _: self._change(theme=theme.currentData()))
        form.addRow(tr("Theme"), theme)
        theme.setFocus()
        scale = WholeField()
        scale.setRange(80, 200)
        scale.setSingleStep(10)
        scale.setSuffix(" %")
        scale.setValue(round(values.text_scale * 100))
        scale.valueChanged.connect(lambda n: self._change(text_scale=n / 100))
        form.addRow(tr("Text size"), scale)
        return page

    def _review(self) -> QWidget:
        page, form = _page()
        values = self._services.preferences.values
        advance = QCheckBox(tr("Go on to the next item after a decision"))
        advance.setChecked(values.advance_after_decision)
        advance.toggled.connect(lambda on: self._change(advance_after_decision=on))
        form.addRow("", advance)
        labels = QCheckBox(tr("Names and scores at the boxes"))
        labels.setChecked(values.label_boxes)
        labels.toggled.connect(lambda on: self._change(label_boxes=on))
        form.addRow("", labels)
        around = NumberField()
        around.setRange(0.5, 30)
        around.setSingleStep(0.5)
        around.setSuffix(" s")
        around.setValue(values.play_around_seconds)
        around.valueChanged.connect(lambda n: self._change(play_around_seconds=n))
        form.addRow(tr("Play around the item"), around)
        return page

    def _runs(self) -> QWidget:
        page, form = _page()
        values = self._services.preferences.values
        workers = WholeField()
        workers.setRange(0, 64)
        workers.setSpecialValueText(tr("one per core ({n})").format(n=os.cpu_count() or 1))
        workers.setValue(values.workers)
        workers.setToolTip(tr("From the next start of the window on."))
        workers.valueChanged.connect(lambda n: self._change(workers=n))
        form.addRow(tr("Workers"), workers)
        profile = ChoiceField()
        for name in profile_names(self._services.container.library.folder / "profiles"):
            profile.addItem(name.replace("_", " "), name)
        profile.setCurrentIndex(max(0, profile.findData(values.profile)))
        profile.currentIndexChanged.connect(lambda _: self._change(profile=profile.currentData()))
        form.addRow(tr("Profile of new runs"), profile)
        note = QLabel(tr("Results never depend on the number of workers."))
        note.setProperty("look", "small")
        form.addRow("", note)
        return page

    @Slot()
    def _change(self, **changes: Any) -> None:
        try:
            self._services.preferences.change(**changes)
            self._problem.hide()
        except SponsightError as error:
            self._problem.setText(str(error))
            self._problem.show()


def _page() -> tuple[QWidget, QFormLayout]:
    page = QWidget()
    form = QFormLayout(page)
    form.setContentsMargins(4, 16, 4, 8)
    form.setHorizontalSpacing(16)
    form.setVerticalSpacing(12)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return page, form
