"""Fixtures that several unit tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stored_run import Desk


@pytest.fixture
def desk(library_dir: Path) -> Iterator[Desk]:
    with Desk(library_dir) as opened:
        yield opened
