"""The models page of the preferences: choices, a test against a real server, keys, consent, prices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTableWidgetItem

from app.models_service import ModelChoices
from tests.escalation_server import ModelServer, model_server
from tests.gui.conftest import Driver
from ui.models.page import ModelsPage
from ui.review.area import Review

KEY = "sk-window-0123456789abcdef"


def cell(page: ModelsPage, column: int) -> QTableWidgetItem:
    """A cell of the first row of the price table."""
    item = page.prices.item(0, column)
    assert item is not None
    return item


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server([("SPONSIGHT", None)], model="gpt-4o-mini") as running:
        yield running


@pytest.fixture
def page(demo_window: Driver, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelsPage]:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    made = ModelsPage(demo_window.window.services)
    made.resize(600, 900)
    made.show()
    demo_window.settle()
    yield made
    demo_window.settle()
    made.close()
    made.deleteLater()
    demo_window.window.services.container.models.choose(ModelChoices())


def test_choices_hold_for_runs_to_come(demo_window: Driver, page: ModelsPage) -> None:
    page.endpoint.setEditText("http://127.0.0.1:11434/v1")
    page.vlm.setEditText("qwen2.5vl:7b")
    page.vlm.line.editingFinished.emit()
    jobs = demo_window.window.services.container.jobs
    job = jobs.create(jobs.sources()[0].id)
    assert job.settings["escalate_vlm"]["endpoint"] == "http://127.0.0.1:11434/v1"
    assert job.settings["escalate_vlm"]["model"] == "qwen2.5vl:7b"
    assert job.settings["escalate_cloud"]["consent"] is False


def test_a_connection_is_tested_from_the_page(
    demo_window: Driver, page: ModelsPage, server: ModelServer
) -> None:
    page.endpoint.setEditText(server.openai)
    page.vlm.setEditText(server.model)
    QTest.mouseClick(page.test_local, Qt.MouseButton.LeftButton)
    demo_window.settle()
    assert "in the right cell" in page.local_said.text() and "0.00 USD" in page.local_said.text()
    page.vlm.setEditText("another")
    QTest.mouseClick(page.test_local, Qt.MouseButton.LeftButton)
    demo_window.settle()
    assert "has no model" in page.local_said.text()


def test_a_key_without_a_keyring_is_for_the_session_and_the_page_says_so(
    demo_window: Driver, page: ModelsPage, server: ModelServer
) -> None:
    server.key = KEY
    page.provider.setCurrentIndex(page.provider.findData("openai"))
    page.model.setEditText("gpt-4o-mini")
    page.own_endpoint.setText(server.openai)
    demo_window.settle()
    assert "No key yet" in page.key.state.text() and "no system keyring" in page.key.state.text()
    QTest.mouseClick(page.test_cloud, Qt.MouseButton.LeftButton)
    demo_window.settle()
    assert "no key" in page.cloud_said.text()
    QTest.keyClicks(page.key.field, KEY)
    QTest.mouseClick(page.key.keep, Qt.MouseButton.LeftButton)
    demo_window.settle()
    assert "this session only" in page.key.state.text()
    assert page.key.field.text() == ""
    QTest.mouseClick(page.test_cloud, Qt.MouseButton.LeftButton)
    demo_window.settle()
    assert "in the right cell" in page.cloud_said.text() and "USD" in page.cloud_said.text()
    path = demo_window.window.services.container.models.path
    assert path.exists() and KEY not in path.read_text()


def test_consent_names_the_crops_and_ends_with_the_provider(demo_window: Driver, page: ModelsPage) -> None:
    assert "Nothing leaves" in page.consent_words.text()
    page.provider.setCurrentIndex(page.provider.findData("anthropic"))
    page.budget.setValue(0.5)
    demo_window.settle()
    words = page.consent_words.text()
    assert "Anthropic" in words and "crops" in words and "0.50 USD" in words
    assert any(character.isdigit() for character in words.split("crops")[0])
    page.consent.click()
    models = demo_window.window.services.container.models
    assert models.choices.consent
    page.provider.setCurrentIndex(page.provider.findData("google"))
    assert not models.choices.consent and not page.consent.isChecked()


def test_prices_can_be_entered_and_taken_back(demo_window: Driver, page: ModelsPage) -> None:
    page.provider.setCurrentIndex(page.provider.findData("openai"))
    page.model.setEditText("brand-new-model")
    page.model.line.editingFinished.emit()
    assert "not known" in cell(page, 3).text()
    cell(page, 1).setText("2")
    cell(page, 2).setText("8,5")
    models = demo_window.window.services.container.models
    price = models.price("openai", "brand-new-model")
    assert price is not None and (price.input_usd, price.output_usd) == (2.0, 8.5)
    assert "entered" in cell(page, 3).text()
    models.clear_price("openai", "brand-new-model")


def test_the_local_model_is_asked_about_one_item(demo_window: Driver) -> None:
    """From the inspector: the answer in words, the sheet, and the name for the person to take."""
    review = demo_window.window.review
    assert isinstance(review, Review)
    desk, box = review.desk, review.inspector.model
    demo_window.until(lambda: desk.snapshot is not None and desk.settled)
    snapshot = desk.snapshot
    assert snapshot is not None
    models = demo_window.window.services.container.models
    row = next(
        r for r in snapshot.rows if not r.brand_name and len(r.text) >= 5 and r.verdict == "unresolved"
    )
    desk.choose(row.key)
    demo_window.settle()
    box.ask.click()
    demo_window.settle()
    assert "No local model is chosen" in box.said.text()
    with model_server([(row.text, row.text.title())]) as server:
        models.choose(ModelChoices(vlm_endpoint=server.openai, vlm_model=server.model))
        try:
            box.ask.click()
            demo_window.settle()
        finally:
            models.choose(ModelChoices())
    assert len(server.asked) == 1
    assert row.text.title() in box.said.text() and box.take.isVisibleTo(review.inspector)
    box.sheet.click()
    dialog = demo_window.dialog()
    assert dialog.windowTitle() == "Sheet"
    dialog.reject()
    box.take.click()
    demo_window.until(lambda: desk.settled)
    demo_window.settle()
    library = demo_window.window.services.container.library
    assert desk.source is not None
    assert [d.brand_name for d in library.decisions.of_source(desk.source.id) if d.active] == [
        row.text.title()
    ]
