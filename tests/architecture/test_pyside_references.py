"""Qt's bindings keep the reference counts of None and True (PySide6 6.12.0 on Python 3.11 does not: docs/adr/0001)."""

from __future__ import annotations

import sys
from typing import Any

MOST_DRIFT = 100


def test_setters_do_not_steal_references(qapp: Any) -> None:
    from PySide6.QtWidgets import QPushButton

    button = QPushButton()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(1000):
        button.setEnabled(True)
    after = sys.getrefcount(None), sys.getrefcount(True)
    drift = [abs(late - early) for early, late in zip(before, after, strict=True)]
    assert max(drift) < MOST_DRIFT, f"references of None and True moved by {drift} in 1,000 calls"


def test_signals_do_not_steal_references(qapp: Any) -> None:
    from PySide6.QtWidgets import QCheckBox

    heard: list[int] = []
    box = QCheckBox()
    box.toggled.connect(lambda checked: heard.append(len(heard)))
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(500):
        box.setChecked(True)
        box.setChecked(False)
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert len(heard) == 1000
    drift = [abs(late - early) for early, late in zip(before, after, strict=True)]
    assert max(drift) < MOST_DRIFT, f"references of None and True moved by {drift} in 1,000 signals"
