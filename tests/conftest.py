"""Guards of every test: no network beyond loopback, no leaked threads, the user's own folders untouched."""

from __future__ import annotations

import errno
import ipaddress
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.made_once import MadeOnce

# Threads that outlive a test by design: pytest-timeout's watchdog, Qt's own (seen by Python as dummies), the
# shared monitor of tqdm, asyncio's default executor of the loop that pytest keeps.
LASTING_THREADS = ("pytest_timeout", "Dummy-", "tqdm_monitor", "asyncio_")
THREAD_GRACE_SECONDS = 3.0
SECRETS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")

# An example of a property may take as long as it does on a machine that has other work.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_refused: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long tests too (marker: full)")


def pytest_configure(config: pytest.Config) -> None:
    _use_folders_of_our_own()
    _guard_network()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full"):
        return
    long = [item for item in items if item.get_closest_marker("full")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


# --- the user's folders and secrets -----------------------------------------------------------------------------


def _use_folders_of_our_own() -> None:
    home = Path(tempfile.mkdtemp(prefix="sponsight-tests-"))
    for name in ("DATA", "CONFIG", "STATE", "CACHE"):
        os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    for name in SECRETS:
        os.environ.pop(name, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    home = Path(os.environ.get("XDG_RUNTIME_DIR", "")).parent
    if home.name.startswith("sponsight-tests-"):
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def library_dir(tmp_path: Path) -> Path:
    """A path for a library of this test's own; nothing is there yet."""
    return tmp_path / "library"


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """What is made once a session, however many processes it has."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)
    return MadeOnce(shared)


# --- network ----------------------------------------------------------------------------------------------------


def _is_loopback(host: Any) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.split("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse(host: Any) -> OSError:
    _refused.append(str(host))
    return OSError(errno.ENETUNREACH, f"Tests reach loopback only, not {host!r}")


def _guard_network() -> None:
    def guarded(name: str) -> None:
        real = getattr(socket.socket, name)

        def call(self: socket.socket, *arguments: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and arguments:
                address = arguments[-1]
                if isinstance(address, tuple) and not _is_loopback(address[0]):
                    raise _refuse(address[0])
            return real(self, *arguments)

        setattr(socket.socket, name, call)

    for name in ("connect", "connect_ex", "sendto"):
        guarded(name)
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        if not _is_loopback(host):
            raise _refuse(host)
        return resolve(host, *arguments, **named)

    socket.getaddrinfo = getaddrinfo


@pytest.fixture
def refused_connections() -> list[str]:
    """Hosts that this test tried to reach; a test that tries on purpose asserts on it and then clears it."""
    return _refused


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    _refused.clear()
    yield
    tried, _refused[:] = list(_refused), []
    if tried:
        pytest.fail(f"reached beyond loopback: {', '.join(tried)}")


# --- threads ----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_leaked_threads(_loopback_only: None) -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_SECONDS
    while True:
        left = [
            thread
            for thread in threading.enumerate()
            if thread not in before and not thread.name.startswith(LASTING_THREADS)
        ]
        if not left:
            return
        if time.monotonic() > deadline:
            pytest.fail(f"threads left running: {', '.join(sorted(thread.name for thread in left))}")
        time.sleep(0.01)
