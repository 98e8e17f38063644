"""Several threads may decode a type for the first time at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TOGETHER = """
import threading

from engine.domain.records import Record
from engine.stage import decode, encode


class Meanwhile:
    # In an annotation: a second thread decodes the type while the first one is looking through it.
    def __getitem__(self, number):
        second.start()
        second.join(0.5)
        return list[int]


class Inner(Record, frozen=True):
    numbers: "Meanwhile()[0]"


class Outer(Record, frozen=True):
    inner: Inner


data = encode(Outer(Inner([1, 2])))
found = []
second = threading.Thread(target=lambda: found.append(decode(data, Outer)))
found.append(decode(data, Outer))
second.join()
print([outer.inner.numbers for outer in found])
"""


def test_two_threads_decode_a_new_type_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOGETHER], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stderr}"
    assert done.stdout.strip() == "[[1, 2], [1, 2]]"
