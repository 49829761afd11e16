"""The tests' own walls: no network, no home, no leftovers of the person who runs them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443), ("2001:db8::1", 80, 0, 0)])
def test_no_connection_leaves_this_machine(address: tuple) -> None:
    """An address outside loopback is refused before a packet is sent (these three are reserved for examples)."""
    family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
    with socket.socket(family) as plug:
        for connect in (plug.connect, plug.connect_ex):
            with pytest.raises(RuntimeError, match="loopback only"):
                connect(address)


def test_loopback_is_open() -> None:
    """A server of our own on this machine can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as plug:
        server.accept()[0].close()
        assert plug.recv(1) == b""


def test_home_is_a_temporary_place() -> None:
    """Nothing is read from, or written to, the home of whoever runs the tests."""
    assert Path.home().name.startswith("drillyard-tests-")
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        assert Path(os.environ[f"XDG_{name}_HOME"]).is_relative_to(Path.home())
