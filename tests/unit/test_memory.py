"""Free memory in the middle of the heap goes back to the system."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

from engine.adapters.memory import give_back

PIECE, PIECES = 100_000, 2000


def resident() -> int:
    """Resident bytes of this process."""
    facts = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in facts if line.startswith("VmRSS"))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_free_memory_is_handed_back() -> None:
    pieces = [np.ones(PIECE, np.uint8) for _ in range(PIECES)]
    held = [pieces[-1]]
    del pieces
    before = resident()
    give_back()
    assert before - resident() > PIECE * PIECES / 2
    assert held[0].sum() == PIECE
