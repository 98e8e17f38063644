"""Where models run: found out once, in the background, and told without looking for it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.container import open_container
from engine.adapters import inference


def test_the_provider_is_looked_for_once_and_never_by_who_only_asks(
    library_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_in: list[threading.Thread] = []

    def choose() -> str:
        looked_in.append(threading.current_thread())
        return inference.OPENVINO

    monkeypatch.setattr(inference, "choose_provider", choose)
    with open_container(library_dir, workers=1) as app:
        doors = app.jobs._ready_doors()
        assert app.jobs.provider == "" and not looked_in
        assert app.jobs.find_provider().result(timeout=60) == inference.OPENVINO
        assert app.jobs.provider == doors.models.provider == inference.OPENVINO
        assert app.jobs.find_provider().result(timeout=60) == inference.OPENVINO
    assert len(looked_in) == 1 and looked_in[0] is not threading.current_thread()
