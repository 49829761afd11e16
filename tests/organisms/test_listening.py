"""Connections that ask for nothing, or never end what they ask, are closed; those that wait for a reply are not."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from drillyard.organisms.listening import Patience, listen, run_in_background

QUICK = Patience(first=1.0, whole=0.6, slowest=10.0, idle=1, connections=4)
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def echo(request: Request) -> PlainTextResponse:
    """Answer the length of the body, a second later where that is asked for."""
    body = await request.body()
    await asyncio.sleep(1.0 if request.url.query == "slow" else 0.0)
    return PlainTextResponse(str(len(body)))


@contextmanager
def served() -> Iterator[int]:
    """Serve with little patience; gives the port."""
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])
    with listen("127.0.0.1", 0) as listener, run_in_background(app, listener, patience=QUICK):
        yield listener.getsockname()[1]


def closed_after(port: int, *parts: bytes, pause: float = 0.1, most: float = 5.0) -> tuple[float, bytes]:
    """Send parts with pauses; return the seconds until the server closes, and what it said."""
    with socket.create_connection(("127.0.0.1", port), timeout=most) as connection:
        began, said = time.monotonic(), b""
        for part in parts:
            time.sleep(pause)
            connection.sendall(part)
        while data := connection.recv(4096):
            said += data
        return time.monotonic() - began, said


@pytest.mark.parametrize(
    ("parts", "low", "high"),
    [
        ((), 0.9, 4.0),
        ((b"GET / HT",), 0.6, 3.0),
        ((b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n12",), 1.5, 5.0),
        ((GET,), 0.9, 4.0),
        ((GET, GET[:9]), 0.6, 4.0),
    ],
    ids=["silent", "half a head", "half a body", "idle after a reply", "half a second request"],
)
def test_a_connection_that_waits_too_long_is_closed(parts: tuple[bytes, ...], low: float, high: float) -> None:
    """Not at once, and not never; what was asked before is answered."""
    with served() as port:
        seconds, said = closed_after(port, *parts)
    assert low < seconds < high and said.count(b"200 OK") == sum(part == GET for part in parts)


def test_a_slow_reply_and_a_body_in_pieces_are_waited_for() -> None:
    """Only what a client owes is timed."""
    with served() as port:
        _, said = closed_after(port, b"GET /?slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", pause=0.0)
        assert said.endswith(b"\r\n0")
        head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20\r\n\r\n"
        seconds, said = closed_after(port, head, *[b"12345"] * 4, pause=0.2)  # twenty bytes have 2 s more
        assert said.endswith(b"\r\n20") and seconds > QUICK.whole


def test_over_the_most_connections_a_request_is_refused_and_soon_served_again() -> None:
    """Silent ones take the places, until they are closed."""
    with served() as port:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(QUICK.connections)]
        time.sleep(0.1)
        assert b" 503 " in closed_after(port, GET, pause=0.0)[1]
        time.sleep(1.2)
        assert b" 200 " in closed_after(port, GET, pause=0.0)[1]
        for one in silent:
            one.close()
