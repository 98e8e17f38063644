"""The models page of the preferences: which models runs ask, with which key, at what price, and whether they answer."""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.models_service import (
    LOCAL_SERVERS,
    PROVIDERS,
    TestReport,
    consent_sentence,
    crops_ahead,
)
from engine.domain.errors import SponsightError
from engine.ports import ChatTarget
from ui.fields import ChoiceField, NumberField
from ui.models.key_row import KeyRow
from ui.models.prices import PriceTable
from ui.models.wrapped import WrappedWords
from ui.text import tr, usd
from ui.workspace import Services

TEST_TIMEOUT = 60.0


class ModelsPage(QScrollArea):
    """Every change is saved as it is made and holds for runs that are started afterwards."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._models = services.container.models
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        self.setWidget(body)
        column = QVBoxLayout(body)
        column.setContentsMargins(4, 16, 12, 8)
        column.setSpacing(12)
        self.problem = QLabel()
        self.problem.setProperty("look", "error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self._make_local(column)
        self._make_cloud(column)
        column.addWidget(self.problem)
        column.addStretch(1)
        self._show_choices()
        self._count_crops()

    # Building --------------------------------------------------------------------------------------

    def _make_local(self, column: QVBoxLayout) -> None:
        column.addWidget(_heading(tr("On this machine or network")))
        column.addWidget(
            WrappedWords(tr("Asked first, about signs that reading and the brand book can't name."))
        )
        form = _form(column)
        self.endpoint = NameField([url for _, url in LOCAL_SERVERS])
        self.endpoint.line.setPlaceholderText(
            tr("Base URL, for instance {url}").format(url=LOCAL_SERVERS[0][1])
        )
        for place, (name, url) in enumerate(LOCAL_SERVERS):
            self.endpoint.setItemText(place, url)
            self.endpoint.setItemData(place, name, Qt.ItemDataRole.ToolTipRole)
        form.addRow(tr("Endpoint"), self.endpoint)
        self.vlm = NameField([])
        self.vlm.line.setPlaceholderText(tr("Name of a model that takes pictures"))
        self.list_local = _button(tr("List"))
        self.list_local.clicked.connect(lambda: self._list(self._local_target(), self.vlm))
        form.addRow(tr("Model"), _side_by_side(self.vlm, self.list_local))
        self.test_local = _button(tr("Test connection"))
        self.local_said = WrappedWords("")
        self.test_local.clicked.connect(lambda: self._test(self._local_target(), self.local_said))
        form.addRow("", _stacked(self.test_local, self.local_said))
        for field in (self.endpoint, self.vlm):
            field.line.editingFinished.connect(self._changed)
            field.activated.connect(self._changed)

    def _make_cloud(self, column: QVBoxLayout) -> None:
        column.addSpacing(12)
        column.addWidget(_heading(tr("Cloud")))
        column.addWidget(
            WrappedWords(tr("Asked last, only with your consent and never beyond the budget of a run."))
        )
        form = _form(column)
        self.provider = ChoiceField()
        self.provider.addItem(tr("None"), "")
        for known in PROVIDERS:
            self.provider.addItem(known.label, known.id)
        form.addRow(tr("Provider"), self.provider)
        self.model = NameField([])
        self.list_cloud = _button(tr("List"))
        self.list_cloud.clicked.connect(lambda: self._list(self._cloud_target(), self.model))
        form.addRow(tr("Model"), _side_by_side(self.model, self.list_cloud))
        self.own_endpoint = QLineEdit()
        form.addRow(tr("Endpoint"), self.own_endpoint)
        self.key = KeyRow(self._services)
        form.addRow(tr("Key"), self.key)
        self.test_cloud = _button(tr("Test connection"))
        self.cloud_said = WrappedWords("")
        self.test_cloud.clicked.connect(lambda: self._test(self._cloud_target(), self.cloud_said))
        form.addRow("", _stacked(self.test_cloud, self.cloud_said))
        self.budget = NumberField()
        self.budget.setRange(0, 100000)
        self.budget.setDecimals(2)
        self.budget.setSingleStep(0.5)
        self.budget.setSuffix(" USD")
        self.budget.setToolTip(tr("A run never spends more than this; 0 asks nothing."))
        form.addRow(tr("Budget of a run"), self.budget)
        self.consent = QCheckBox(tr("I agree"))
        self.consent_words = WrappedWords("")
        form.addRow(tr("Consent"), _stacked(self.consent, self.consent_words))
        self.prices = PriceTable(self._models)
        note = WrappedWords(tr("USD for a million tokens. Enter your own where they differ."))
        form.addRow(tr("Prices"), _stacked(self.prices, note))
        self.provider.currentIndexChanged.connect(self._provider_changed)
        self.model.line.editingFinished.connect(self._changed)
        self.model.activated.connect(self._changed)
        self.own_endpoint.editingFinished.connect(self._changed)
        self.budget.valueChanged.connect(self._changed)
        self.consent.toggled.connect(self._changed)

    # Choices ---------------------------------------------------------------------------------------

    def _show_choices(self) -> None:
        chosen = self._models.choices
        fields: tuple[QWidget, ...] = (self.provider, self.budget, self.consent)
        for field in fields:
            field.blockSignals(True)
        self.endpoint.setEditText(chosen.vlm_endpoint)
        self.vlm.setEditText(chosen.vlm_model)
        self.provider.setCurrentIndex(max(0, self.provider.findData(chosen.provider)))
        self.model.setEditText(chosen.model)
        self.own_endpoint.setText(chosen.endpoint)
        self.budget.setValue(chosen.budget_usd)
        self.consent.setChecked(chosen.consent)
        for field in fields:
            field.blockSignals(False)
        self._show_provider()

    def _provider_changed(self) -> None:
        """Another provider: consent was given to the one before."""
        self.consent.blockSignals(True)
        self.consent.setChecked(False)
        self.consent.blockSignals(False)
        self.own_endpoint.clear()
        self.model.clear()
        self._changed()
        self._show_provider()

    def _show_provider(self) -> None:
        provider = self.provider.currentData()
        usual = next((p.endpoint for p in PROVIDERS if p.id == provider), "")
        self.own_endpoint.setPlaceholderText(usual or tr("Base URL"))
        for field in (
            self.model,
            self.own_endpoint,
            self.list_cloud,
            self.test_cloud,
            self.budget,
            self.consent,
        ):
            field.setEnabled(bool(provider))
        self.key.show_provider(provider)
        self._show_prices()

    def _changed(self, *_: Any) -> None:
        chosen = dataclasses.replace(
            self._models.choices,
            vlm_endpoint=self.endpoint.currentText().strip(),
            vlm_model=self.vlm.currentText().strip(),
            provider=self.provider.currentData(),
            model=self.model.currentText().strip(),
            endpoint=self.own_endpoint.text().strip(),
            budget_usd=self.budget.value(),
            consent=self.consent.isChecked(),
        )
        if chosen == self._models.choices:
            return
        try:
            self._models.choose(chosen)
            self.problem.hide()
        except SponsightError as error:
            self.problem.setText(str(error))
            self.problem.show()
        self._show_prices()

    def _show_prices(self) -> None:
        provider = self.provider.currentData()
        self.prices.show_prices(provider, self.model.currentText().strip(), self.own_endpoint.text().strip())
        self._show_consent()

    # Consent ---------------------------------------------------------------------------------------

    _crops: int | None = None

    def _count_crops(self) -> None:
        """How many crops the newest complete run would send: the number in the consent."""
        container = self._services.container

        def count() -> int | None:
            done = [j for j in container.jobs.jobs() if j.status == "completed"]
            return crops_ahead(container.library, done[0].id) if done else None

        def known(crops: int | None) -> None:
            self._crops = crops
            self._show_consent()

        self._services.tasks.call(tr("Count the crops"), count, known, newest="models.crops")

    def _show_consent(self) -> None:
        provider = self.provider.currentData()
        if not provider:
            self.consent_words.setText(tr("Nothing leaves this machine."))
            return
        sentence = consent_sentence(provider, self._crops, self.budget.value())
        sentence = sentence[0].upper() + sentence[1:]
        if self._crops is not None:
            sentence += " " + tr("The number is that of the newest run; each run has its own.")
        self.consent_words.setText(sentence)

    # Servers ---------------------------------------------------------------------------------------

    def _local_target(self) -> ChatTarget:
        return ChatTarget(
            protocol="openai",
            provider="",
            endpoint=self.endpoint.currentText().strip(),
            model=self.vlm.currentText().strip(),
            timeout=TEST_TIMEOUT,
        )

    def _cloud_target(self) -> ChatTarget:
        provider = self.provider.currentData()
        return ChatTarget(
            protocol="anthropic" if provider == "anthropic" else "openai",
            provider=provider,
            endpoint=self.own_endpoint.text().strip(),
            model=self.model.currentText().strip(),
            timeout=TEST_TIMEOUT,
        )

    def _list(self, target: ChatTarget, field: QComboBox) -> None:
        self._changed()

        def listed(names: list[str]) -> None:
            text = field.currentText()
            field.clear()
            field.addItems(names)
            field.setEditText(text)
            if names:
                field.showPopup()

        self._services.tasks.call(
            tr("List the models"),
            lambda: self._models.list_models(target),
            listed,
            failed=self._failed(self.local_said if not target.provider else self.cloud_said),
            newest="models.list",
        )

    def _test(self, target: ChatTarget, label: QLabel) -> None:
        self._changed()
        label.setText(tr("Waiting for an answer…"))

        def tested(report: TestReport) -> None:
            cost = tr("not known") if report.cost_usd is None else usd(report.cost_usd)
            words = tr("{said} {seconds:.1f} s, cost {cost}. Answer: {answer}")
            label.setText(
                words.format(said=report.sentence, seconds=report.seconds, cost=cost, answer=report.answered)
            )

        self._services.tasks.call(
            tr("Test the connection"),
            lambda: self._models.test(target),
            tested,
            failed=self._failed(label),
            newest="models.test",
        )

    @staticmethod
    def _failed(label: QLabel) -> Any:
        def tell(error: Exception) -> None:
            label.setText(
                str(error)
                if isinstance(error, SponsightError)
                else tr("That didn't work: {e}").format(e=type(error).__name__)
            )

        return tell


def _heading(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("look", "heading")
    return label


def _button(words: str) -> QPushButton:
    button = QPushButton(words)
    button.setAutoDefault(False)
    return button


class NameField(ChoiceField):
    """A name or address that may be typed or chosen."""

    def __init__(self, items: list[str]) -> None:
        super().__init__()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.addItems(items)
        self.setEditText("")
        self.line = QLineEdit()
        self.setLineEdit(self.line)
        self.setEditText("")


def _side_by_side(field: QWidget, button: QWidget) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    row.addWidget(field, 1)
    row.addWidget(button)
    return both


def _stacked(widget: QWidget, words: QLabel) -> QWidget:
    """A field with its words below it: a form by itself gives wrapped words too much room."""
    both = QWidget()
    column = QVBoxLayout(both)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    if isinstance(widget, QPushButton):
        column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)
    else:
        column.addWidget(widget)
    column.addWidget(words)
    return both


def _form(column: QVBoxLayout) -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(16)
    form.setVerticalSpacing(8)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    column.addLayout(form)
    return form
