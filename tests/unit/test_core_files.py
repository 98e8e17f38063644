"""A program whose environment holds a key keeps its memory out of core files from its start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.secrets import VARIABLES

resource = pytest.importorskip("resource")

SOFT_LIMIT_AFTER_START = """
import resource
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
from ui.__main__ import main
try:
    main(["sources", "--help"])
except SystemExit:
    pass
print("limit", resource.getrlimit(resource.RLIMIT_CORE)[0])
"""


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_CORE)[1] == 0, reason="no program may write core files here"
)
@pytest.mark.parametrize("key", ["", "a-key"])
def test_a_key_in_the_environment_forbids_core_files_from_the_start(key: str) -> None:
    none = {name: "" for names in VARIABLES.values() for name in names}
    environment = {**os.environ, **none, "OPENAI_API_KEY": key}
    done = subprocess.run(
        [sys.executable, "-c", SOFT_LIMIT_AFTER_START],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    limit = int(done.stdout.rpartition("limit ")[2])
    assert (limit == 0) == bool(key)
