"""What every server of ours needs on this machine: a port, limits on what is sent and how slowly, an end at Ctrl+C.

It stands here because the leftmost room with a server is this one.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import uvicorn
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from drillyard.errors import bad_input

__all__ = [
    "MAX_BODY_BYTES",
    "MOST_BYTES",
    "BodyLimit",
    "Patience",
    "check_proxies",
    "is_loopback",
    "listen",
    "reachable",
    "run",
    "run_in_background",
]

MAX_BODY_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a connection may hold a place without asking for something, in seconds, and how many there may be.

    `first` is from its opening to its first byte, `whole` from a request's first byte to its last, and longer for a
    body that declares its size, by its bytes over `slowest` a second. `idle` is from a reply to the next request. A
    reply may take as long as it takes. Over `connections` open ones a request gets 503.
    """

    first: float = 10.0
    whole: float = 60.0
    slowest: float = 16_000.0  # a phone at the edge of its net
    idle: int = 75  # a proxy keeps connections for 60: a shorter one closes just as somebody asks again
    connections: int = 800  # of 1,024 files that a process may open where nobody set more


_PATIENCE = Patience()
MOST_BYTES = 8_000_000  # of a body that more time is given for: the largest that a server of ours takes


def listen(host: str, port: int) -> socket.socket:
    """Take the port now, so that a taken one is said in one line. Raises `BadInput`."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise bad_input(f"port {port} in use", "a free port", "type --port 0 to take any free one") from None
        raise bad_input(f"{host}:{port} ({error.strerror})", "an address of this machine") from None
    # Connections inherit this. asyncio sets it on its own listeners only; without it a reply's body waits 40 ms for the
    # client to acknowledge the head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def reachable(host: str) -> str:
    """Return the host as it is typed into a browser on this machine."""
    if host in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach what listens on this host; a name other than localhost may be anybody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_proxies(proxies: Sequence[str]) -> list[str]:
    """Return proxies that are addresses or networks. Raises `BadInput` for anything else."""
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise bad_input(f"proxy {proxy!r}", "its address, as 127.0.0.1, or network, as 10.0.0.0/8") from None
    return list(proxies)


def run(app: ASGIApp, listener: socket.socket, proxies: Sequence[str] = (), *, patience: Patience = _PATIENCE) -> None:
    """Serve until Ctrl+C; what is being answered then gets five seconds.

    X-Forwarded-For and X-Forwarded-Proto are believed from `proxies` (see `known`) and from nobody else, not even from
    this machine.
    """
    with suppress(KeyboardInterrupt):  # Ctrl+C is how a server ends, not a fault
        _server(app, proxies, patience).run(sockets=[listener])


@contextmanager
def run_in_background(
    app: ASGIApp, listener: socket.socket, proxies: Sequence[str] = (), *, patience: Patience = _PATIENCE
) -> Iterator[None]:
    """Serve in a thread of its own while the block runs, from a listener that the caller has opened."""
    server = _server(app, proxies, patience)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _server(app: ASGIApp, proxies: Sequence[str], patience: Patience) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=type("Protocol", (_Patient,), {"patience": patience}),
        log_config=None,  # or it sets up the logging of the whole process, and closes the handlers of everybody else
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=patience.idle,
        limit_concurrency=patience.connections,
        proxy_headers=bool(proxies),  # by default uvicorn believes whoever is on this machine
        forwarded_allow_ips=list(proxies),
    )
    return uvicorn.Server(config)


class _Patient(HttpToolsProtocol):
    """uvicorn's protocol, which waits for ever for a request's first byte and for its last, with an end to both."""

    patience: Patience
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Wait for a first byte."""
        super().connection_made(transport)
        self._wait(self.patience.first)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the rest of a request."""
        self._wait(self.patience.whole)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Wait longer for a large body."""
        super().on_headers_complete()
        size = next((value for name, value in self.headers if name == b"content-length"), b"")
        if size.isdigit():
            self._wait(self.patience.whole + min(int(size), MOST_BYTES) / self.patience.slowest)

    def on_message_complete(self) -> None:
        """Wait for nothing more: the reply is ours to give."""
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = None if seconds is None else self.loop.call_later(seconds, self.transport.close)


class BodyLimit:
    """Refuses a body over `limit` bytes with 413: at once when its length is declared, else as soon as it is passed."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body under watch."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"")
        size = int(declared) if declared.isdigit() else 0
        seen = 0

        async def watched() -> Message:
            nonlocal seen
            if size > self._limit:
                raise HTTPException(413)
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise HTTPException(413)
            return message

        await self._app(scope, watched, send)
