"""The guards of tests/conftest.py do catch what they are there for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
        lambda: socket.getaddrinfo("sponsight.invalid", 80),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9)),
    ],
    ids=["connect", "resolve", "datagram"],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_network_beyond_loopback_is_refused(
    reach: Callable[[], object], refused_connections: list[str]
) -> None:
    with pytest.raises(OSError, match="loopback only"):
        reach()
    assert refused_connections
    refused_connections.clear()


def test_loopback_works() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
        server.accept()[0] as peer,
    ):
        client.sendall(b"hello")
        assert peer.recv(5) == b"hello"


@pytest.fixture
def brief_thread() -> Iterator[threading.Thread]:
    thread = threading.Thread(target=time.sleep, args=(0.2,), name="brief")
    yield thread


def test_a_thread_that_ends_soon_is_no_leak(brief_thread: threading.Thread) -> None:
    brief_thread.start()
    assert brief_thread.is_alive()
